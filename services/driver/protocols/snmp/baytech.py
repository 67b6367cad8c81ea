"""What PDUs of BayTech say under SNMP."""

from services.driver.protocols.snmp.table import Command, Flag, Lookup, Mapping, Row

_BAYTECH_OUTLET_STATUS = Lookup(
    "baytech_outlet_status",
    texts=(
        (-1, "error"),
        (0, "off"),
        (1, "on"),
        (2, "cycling"),
        (3, "lockon"),
        (4, "lockoff"),
        (5, "unlock"),
        (6, "unknown"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row("device.mfr", length=128, default="BayTech", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "device.model",
        "1.3.6.1.4.1.4779.1.3.5.2.1.24.1",
        length=128,
        default="Generic SNMP PDU",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "device.serial",
        "1.3.6.1.4.1.4779.1.1.2.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("device.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "device.macaddr",
        "1.3.6.1.2.1.2.2.1.6.2",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    # ups
    Row("ups.mfr", length=128, default="Baytech", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "ups.model",
        "1.3.6.1.4.1.4779.1.3.5.2.1.24.1",
        length=128,
        default="Generic SNMP PDU",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.id",
        "1.3.6.1.4.1.4779.1.1.3.0",
        length=128,
        default="unknown",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.serial",
        "1.3.6.1.4.1.4779.1.1.2.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware",
        "1.3.6.1.4.1.4779.1.1.1.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("ups.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row("ups.temperature", "1.3.6.1.4.1.4779.1.3.5.5.1.10.2.1", multiplier=0.1),
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
    Row("outlet.count", "1.3.6.1.4.1.4779.1.3.5.2.1.15.1", default="0"),
    Row("outlet.current", "1.3.6.1.4.1.4779.1.3.5.5.1.6.2.1", multiplier=0.1),
    Row("outlet.voltage", "1.3.6.1.4.1.4779.1.3.5.5.1.8.2.1", multiplier=0.1),
    Row(
        "outlet.%i.status",
        "1.3.6.1.4.1.4779.1.3.5.3.1.3.1.%i",
        length=128,
        flags=Flag.OUTLET,
        lookup=_BAYTECH_OUTLET_STATUS,
        is_text=True,
    ),
    Row(
        "outlet.%i.desc",
        "1.3.6.1.4.1.4779.1.3.5.3.1.4.1.%i",
        length=128,
        flags=Flag.OUTLET,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "outlet.%i.id",
        "1.3.6.1.4.1.4779.1.3.5.6.1.3.2.1.%i",
        default="%i",
        flags=Flag.STATIC | Flag.ABSENT | Flag.OUTLET,
    ),
    Row(
        "outlet.%i.switchable",
        "1.3.6.1.4.1.4779.1.3.5.3.1.1.1.%i",
        default="yes",
        flags=Flag.STATIC | Flag.OUTLET,
    ),
)

COMMANDS = (
    Command(
        "outlet.%i.load.off", "1.3.6.1.4.1.4779.1.3.5.3.1.3.1.%i", default="0", flags=Flag.OUTLET
    ),
    Command(
        "outlet.%i.load.on", "1.3.6.1.4.1.4779.1.3.5.3.1.3.1.%i", default="1", flags=Flag.OUTLET
    ),
)

MAPPINGS = (
    Mapping(
        "baytech",
        "baytech",
        "0.4035",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.4.1.4779",
        test="1.3.6.1.4.1.4779.1.3.5.2.1.24.1",
    ),
)
