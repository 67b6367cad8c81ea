"""What PDUs of Emerson and Avocent say under SNMP."""

from services.driver.protocols.snmp.table import Command, Flag, Lookup, Mapping, Row

_AVOCENT_OUTLET_STATUS = Lookup(
    "avocent_outlet_status",
    texts=(
        (1, "off"),
        (2, "on"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row("device.mfr", length=128, default="Avocent", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "device.model",
        "1.3.6.1.4.1.10418.17.2.5.3.1.5.1.%i",
        length=128,
        default="Avocent SNMP PDU",
        flags=Flag.ABSENT | Flag.NAINVALID,
        is_text=True,
    ),
    Row(
        "device.serial",
        "1.3.6.1.4.1.10418.17.2.1.4.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("device.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row("device.count", "1.3.6.1.4.1.10418.17.2.5.2.1.4.1", default="1", flags=Flag.STATIC),
    # ups
    Row("ups.mfr", length=128, default="Avocent", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "ups.model",
        "1.3.6.1.4.1.10418.17.2.1.2.0",
        length=128,
        default="Avocent SNMP PDU",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.id",
        "1.3.6.1.4.1.10418.17.2.1.1.0",
        length=128,
        default="unknown",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.serial",
        "1.3.6.1.4.1.10418.17.2.1.4.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware",
        "1.3.6.1.4.1.10418.17.2.1.7.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("ups.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "ups.macaddr",
        "1.3.6.1.2.1.2.2.1.6.1",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
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
    Row(
        "outlet.count",
        "1.3.6.1.4.1.10418.17.2.5.3.1.8.1.%i",
        default="0",
        flags=Flag.STATIC | Flag.ZEROINVALID,
    ),
    Row(
        "outlet.%i.status",
        "1.3.6.1.4.1.10418.17.2.5.5.1.5.1.%i.%i",
        length=128,
        flags=Flag.ZEROINVALID | Flag.OUTLET | Flag.DAISY_1,
        lookup=_AVOCENT_OUTLET_STATUS,
        is_text=True,
    ),
    Row(
        "outlet.%i.id",
        "1.3.6.1.4.1.10418.17.2.5.5.1.3.1.%i.%i",
        flags=Flag.STATIC | Flag.ABSENT | Flag.OUTLET | Flag.DAISY_1,
    ),
    Row(
        "outlet.%i.desc",
        "1.3.6.1.4.1.10418.17.2.5.5.1.4.1.%i.%i",
        length=128,
        flags=Flag.NAINVALID | Flag.OUTLET | Flag.DAISY_1,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "outlet.%i.current",
        "1.3.6.1.4.1.10418.17.2.5.5.1.50.1.%i.%i",
        multiplier=0.1,
        flags=Flag.OUTLET | Flag.DAISY_1,
    ),
    Row(
        "outlet.%i.current.high.critical",
        "1.3.6.1.4.1.10418.17.2.5.5.1.100.1.%i.%i",
        multiplier=0.1,
        flags=Flag.OUTLET | Flag.DAISY_1,
        is_writable=True,
    ),
    Row(
        "outlet.%i.current.high.warning",
        "1.3.6.1.4.1.10418.17.2.5.5.1.101.1.%i.%i",
        multiplier=0.1,
        flags=Flag.OUTLET | Flag.DAISY_1,
        is_writable=True,
    ),
    Row(
        "outlet.%i.current.low.warning",
        "1.3.6.1.4.1.10418.17.2.5.5.1.102.1.%i.%i",
        multiplier=0.1,
        flags=Flag.OUTLET | Flag.DAISY_1,
        is_writable=True,
    ),
    Row(
        "outlet.%i.current.low.critical",
        "1.3.6.1.4.1.10418.17.2.5.5.1.103.1.%i.%i",
        multiplier=0.1,
        flags=Flag.OUTLET | Flag.DAISY_1,
        is_writable=True,
    ),
    Row(
        "outlet.%i.realpower",
        "1.3.6.1.4.1.10418.17.2.5.5.1.60.1.%i.%i",
        multiplier=0.1,
        flags=Flag.OUTLET | Flag.DAISY_1,
    ),
    Row(
        "outlet.%i.voltage",
        "1.3.6.1.4.1.10418.17.2.5.5.1.70.1.%i.%i",
        flags=Flag.OUTLET | Flag.DAISY_1,
    ),
    Row(
        "outlet.group.count",
        "1.3.6.1.4.1.10418.17.2.5.6.%i",
        default="0",
        flags=Flag.STATIC | Flag.DAISY_1,
    ),
)

COMMANDS = (
    Command(
        "outlet.%i.load.cycle",
        "1.3.6.1.4.1.10418.17.2.5.5.1.6.1.%i.%i",
        default="4",
        flags=Flag.OUTLET | Flag.DAISY_1,
    ),
    Command(
        "outlet.%i.load.off",
        "1.3.6.1.4.1.10418.17.2.5.5.1.6.1.%i.%i",
        default="3",
        flags=Flag.OUTLET | Flag.DAISY_1,
    ),
    Command(
        "outlet.%i.load.on",
        "1.3.6.1.4.1.10418.17.2.5.5.1.6.1.%i.%i",
        default="2",
        flags=Flag.OUTLET | Flag.DAISY_1,
    ),
)

MAPPINGS = (
    Mapping(
        "emerson_avocent_pdu",
        "emerson_avocent_pdu",
        "1.30",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.4.1.10418.17.1.7",
        test="1.3.6.1.4.1.10418.17.2.1.2.0",
    ),
)
