"""What PDUs of Raritan say under SNMP."""

from services.driver.protocols.snmp.table import Command, Flag, Lookup, Mapping, Row

_RARITAN_PDU_OUTLET_STATUS = Lookup(
    "raritan_pdu_outlet_status",
    texts=(
        (-1, "error"),
        (0, "off"),
        (1, "on"),
        (2, "cycling"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row("device.mfr", length=128, default="Raritan", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "device.model",
        "1.3.6.1.4.1.13742.1.1.12.0",
        length=128,
        default="Generic SNMP PDU",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "device.serial",
        "1.3.6.1.4.1.13742.1.1.2.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("device.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "device.macaddr",
        "1.3.6.1.4.1.13742.1.1.6.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    # ups
    Row("ups.mfr", length=128, default="Raritan", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "ups.model",
        "1.3.6.1.4.1.13742.1.1.12.0",
        length=128,
        default="Generic SNMP PDU",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.id",
        "1.3.6.1.4.1.13742.1.1.13.0",
        length=128,
        default="unknown",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.serial",
        "1.3.6.1.4.1.13742.1.1.2.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware",
        "1.3.6.1.4.1.13742.1.1.1.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("ups.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row("ups.temperature", "1.3.6.1.4.1.13742.1.3.1.5.0"),
    # outlet
    Row("outlet.id", default="0", flags=Flag.STATIC | Flag.ABSENT),
    Row(
        "outlet.desc",
        length=20,
        default="All outlets",
        flags=Flag.STATIC | Flag.ABSENT,
        is_text=True,
        is_writable=True,
    ),
    Row("outlet.count", "1.3.6.1.4.1.13742.1.2.1.0", default="0"),
    Row("outlet.current", "1.3.6.1.4.1.13742.1.3.1.1.0", multiplier=0.001),
    Row("outlet.voltage", "1.3.6.1.4.1.13742.1.3.1.2.0", multiplier=0.001),
    Row("outlet.realpower", "1.3.6.1.4.1.13742.1.3.1.3.0"),
    Row("outlet.power", "1.3.6.1.4.1.13742.1.3.1.4.0"),
    Row(
        "outlet.%i.switchable",
        "1.3.6.1.4.1.13742.1.2.2.1.1.%i",
        default="yes",
        flags=Flag.STATIC | Flag.OUTLET,
    ),
    Row("outlet.%i.id", default="%i", flags=Flag.STATIC | Flag.ABSENT | Flag.OUTLET),
    Row(
        "outlet.%i.desc",
        "1.3.6.1.4.1.13742.1.2.2.1.2.%i",
        length=128,
        flags=Flag.OUTLET,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "outlet.%i.status",
        "1.3.6.1.4.1.13742.1.2.2.1.3.%i",
        length=128,
        flags=Flag.OUTLET,
        lookup=_RARITAN_PDU_OUTLET_STATUS,
        is_text=True,
    ),
    Row("outlet.%i.current", "1.3.6.1.4.1.13742.1.2.2.1.4.%i", multiplier=0.001, flags=Flag.OUTLET),
    Row(
        "outlet.%i.current.maximum",
        "1.3.6.1.4.1.13742.1.2.2.1.5.%i",
        multiplier=0.001,
        flags=Flag.OUTLET,
    ),
    Row("outlet.%i.realpower", "1.3.6.1.4.1.13742.1.2.2.1.7.%i", flags=Flag.OUTLET),
    Row("outlet.%i.voltage", "1.3.6.1.4.1.13742.1.2.2.1.6.%i", flags=Flag.OUTLET),
    Row(
        "outlet.%i.powerfactor",
        "1.3.6.1.4.1.13742.1.2.2.1.9.%i",
        multiplier=0.01,
        flags=Flag.OUTLET,
    ),
    Row("outlet.%i.power", "1.3.6.1.4.1.13742.1.2.2.1.8.%i", flags=Flag.OUTLET),
)

COMMANDS = (
    Command("outlet.%i.load.off", "1.3.6.1.4.1.13742.1.2.2.1.3.%i", default="0", flags=Flag.OUTLET),
    Command("outlet.%i.load.on", "1.3.6.1.4.1.13742.1.2.2.1.3.%i", default="1", flags=Flag.OUTLET),
    Command(
        "outlet.%i.load.cycle", "1.3.6.1.4.1.13742.1.2.2.1.3.%i", default="2", flags=Flag.OUTLET
    ),
)

MAPPINGS = (
    Mapping(
        "raritan",
        "raritan",
        "0.80",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.4.1.13742",
        test="1.3.6.1.4.1.13742.1.1.12.0",
    ),
)
