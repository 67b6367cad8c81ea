"""What PX2 PDUs of Raritan say under SNMP."""

from services.driver.protocols.snmp.table import Command, Flag, Lookup, Mapping, Row

_RARITANPX2_OUTLET_STATUS = Lookup(
    "raritanpx2_outlet_status",
    texts=(
        (-1, "unavailable"),
        (0, "open"),
        (1, "closed"),
        (2, "belowLowerCritical"),
        (3, "belowLowerWarning"),
        (4, "normal"),
        (5, "aboveUpperWarning"),
        (6, "aboveUpperCritical"),
        (7, "on"),
        (8, "off"),
        (9, "detected"),
        (10, "notDetected"),
        (11, "alarmed"),
        (12, "ok"),
        (13, "marginal"),
        (14, "fail"),
        (15, "yes"),
        (16, "no"),
        (17, "standby"),
        (18, "one"),
        (19, "two"),
        (20, "inSync"),
        (21, "outOfSync"),
        (22, "i1OpenFault"),
        (23, "i1ShortFault"),
        (24, "i2OpenFault"),
        (25, "i2ShortFault"),
        (26, "fault"),
        (27, "warning"),
        (28, "critical"),
        (29, "selfTest"),
        (30, "nonRedundant"),
    ),
)
_RARITANPX2_OUTLET_SWITCHABILITY = Lookup(
    "raritanpx2_outlet_switchability",
    texts=(
        (-1, "yes"),
        (1, "yes"),
        (2, "no"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row(
        "device.mfr",
        "1.3.6.1.4.1.13742.6.3.2.1.1.2.1",
        length=128,
        default="Raritan",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "device.model",
        "1.3.6.1.4.1.13742.6.3.2.1.1.3.1",
        length=128,
        default="Raritan PX2 SNMP PDU device",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "device.serial",
        "1.3.6.1.4.1.13742.6.3.2.1.1.4.1",
        length=128,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("device.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "device.macaddr",
        "1.3.6.1.4.1.13742.6.3.2.2.1.11.1",
        length=128,
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "device.revision",
        "1.3.6.1.4.1.13742.6.3.2.3.1.4.1.1.1",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    # ups
    Row(
        "ups.firmware",
        "1.3.6.1.4.1.13742.6.3.2.3.1.6.1.1.1",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.id",
        "1.3.6.1.4.1.13742.6.3.2.2.1.13.1",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.model",
        "1.3.6.1.4.1.13742.6.3.2.1.1.3.1",
        length=128,
        default="Raritan PX2 SNMP PDU device",
        flags=Flag.STATIC,
        is_text=True,
    ),
    # input
    Row("input.load", "1.3.6.1.4.1.13742.6.5.2.3.1.4.1.1.1", multiplier=0.1),
    Row("input.voltage", "1.3.6.1.4.1.13742.6.5.2.3.1.4.1.1.4"),
    Row("input.realpower", "1.3.6.1.4.1.13742.6.5.2.3.1.4.1.1.5"),
    Row("input.power", "1.3.6.1.4.1.13742.6.5.2.3.1.4.1.1.6"),
    Row("input.powerfactor", "1.3.6.1.4.1.13742.6.5.2.3.1.4.1.1.7", multiplier=0.01),
    # outlet
    Row("outlet.count", "1.3.6.1.4.1.13742.6.3.2.2.1.4.1", default="0", flags=Flag.STATIC),
    Row(
        "outlet.%i.desc",
        "1.3.6.1.4.1.13742.6.3.5.3.1.3.1.%i",
        length=128,
        flags=Flag.OUTLET,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "outlet.%i.status",
        "1.3.6.1.4.1.13742.6.4.1.2.1.3.1.%i",
        length=128,
        flags=Flag.OUTLET,
        lookup=_RARITANPX2_OUTLET_STATUS,
        is_text=True,
    ),
    Row(
        "outlet.%i.id",
        "1.3.6.1.4.1.13742.6.3.5.3.1.2.1.%i",
        default="%i",
        flags=Flag.STATIC | Flag.OUTLET,
    ),
    Row(
        "outlet.%i.current",
        "1.3.6.1.4.1.13742.6.5.4.3.1.4.1.%i.1",
        multiplier=0.1,
        flags=Flag.OUTLET,
    ),
    Row(
        "outlet.%i.voltage", "1.3.6.1.4.1.13742.6.5.4.3.1.4.1.%i.4", default="%i", flags=Flag.OUTLET
    ),
    Row("outlet.%i.power", "1.3.6.1.4.1.13742.6.5.4.3.1.4.1.%i.5", default="%i", flags=Flag.OUTLET),
    Row(
        "outlet.%i.realpower",
        "1.3.6.1.4.1.13742.6.5.4.3.1.4.1.%i.6",
        default="%i",
        flags=Flag.OUTLET,
    ),
    Row(
        "outlet.%i.powerfactor",
        "1.3.6.1.4.1.13742.6.5.4.3.1.4.1.%i.7",
        default="%i",
        flags=Flag.OUTLET,
    ),
    Row(
        "outlet.%i.switchable",
        "1.3.6.1.4.1.13742.6.3.5.3.1.28.1.%i",
        length=128,
        default="no",
        flags=Flag.STATIC | Flag.OUTLET,
        lookup=_RARITANPX2_OUTLET_SWITCHABILITY,
        is_text=True,
    ),
)

COMMANDS = (
    Command(
        "outlet.%i.load.off", "1.3.6.1.4.1.13742.6.4.1.2.1.2.1.%i", default="0", flags=Flag.OUTLET
    ),
    Command(
        "outlet.%i.load.on", "1.3.6.1.4.1.13742.6.4.1.2.1.2.1.%i", default="1", flags=Flag.OUTLET
    ),
    Command(
        "outlet.%i.load.cycle", "1.3.6.1.4.1.13742.6.4.1.2.1.2.1.%i", default="2", flags=Flag.OUTLET
    ),
)

MAPPINGS = (
    Mapping(
        "raritan_px2",
        "raritan-px2",
        "0.41",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.4.1.13742.6",
        test="1.3.6.1.4.1.13742.6.3.2.1.1.3.1",
    ),
)
