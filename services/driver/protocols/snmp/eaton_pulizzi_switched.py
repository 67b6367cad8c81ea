"""What switched PDUs of Eaton and Pulizzi say under SNMP."""

from services.driver.protocols.snmp.table import Command, Flag, Lookup, Mapping, Row

_PULIZZI_SW_OUTLET_STATUS = Lookup(
    "pulizzi_sw_outlet_status",
    texts=(
        (1, "on"),
        (2, "off"),
    ),
)
_PULIZZI_SW_OUTLET_SWITCHABILITY = Lookup(
    "pulizzi_sw_outlet_switchability",
    texts=(
        (1, "yes"),
        (2, "yes"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row(
        "device.mfr",
        length=128,
        default="EATON | Powerware",
        flags=Flag.STATIC | Flag.ABSENT,
        is_text=True,
    ),
    Row(
        "device.model",
        "1.3.6.1.4.1.20677.2.1.1.0",
        length=128,
        default="Switched ePDU",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("device.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row("device.macaddr", "1.3.6.1.4.1.20677.2.2.6.0", length=128, default="unknown", is_text=True),
    # ups
    Row("ups.mfr", length=128, default="EATON", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "ups.model",
        "1.3.6.1.4.1.20677.2.1.1.0",
        length=128,
        default="Switched ePDU",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.date",
        "1.3.6.1.4.1.20677.2.1.4.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.time",
        "1.3.6.1.4.1.20677.2.1.3.0",
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
    Row("outlet.current", "1.3.6.1.4.1.20677.2.8.6.4.2.0"),
    Row("outlet.voltage", "1.3.6.1.4.1.20677.2.8.6.4.1.0"),
    Row("outlet.power", "1.3.6.1.4.1.20677.2.8.6.4.3.0"),
    Row(
        "outlet.%i.desc",
        "1.3.6.1.4.1.20677.2.6.1.%i.1.0",
        length=128,
        flags=Flag.STATIC | Flag.OUTLET,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "outlet.%i.status",
        "1.3.6.1.4.1.20677.2.6.3.%i.0",
        length=128,
        flags=Flag.OUTLET,
        lookup=_PULIZZI_SW_OUTLET_STATUS,
        is_text=True,
    ),
    Row("outlet.%i.id", default="%i", flags=Flag.STATIC | Flag.ABSENT | Flag.OUTLET),
    Row(
        "outlet.%i.switchable",
        "1.3.6.1.4.1.20677.2.6.3.%i.0",
        length=128,
        default="yes",
        flags=Flag.STATIC | Flag.OUTLET,
        lookup=_PULIZZI_SW_OUTLET_SWITCHABILITY,
        is_text=True,
    ),
    Row(
        "outlet.%i.delay.reboot",
        "1.3.6.1.4.1.20677.2.6.1.%i.5.0",
        flags=Flag.OUTLET,
        is_writable=True,
    ),
    Row(
        "outlet.%i.delay.start",
        "1.3.6.1.4.1.20677.2.6.1.%i.4.0",
        flags=Flag.OUTLET,
        is_writable=True,
    ),
)

COMMANDS = (
    Command("load.on", "1.3.6.1.4.1.20677.2.6.2.1.0", default="1"),
    Command("load.off", "1.3.6.1.4.1.20677.2.6.2.1.0", default="2"),
    Command("load.on.delay", "1.3.6.1.4.1.20677.2.6.2.1.0", default="3"),
    Command("load.off.delay", "1.3.6.1.4.1.20677.2.6.2.1.0", default="4"),
    Command(
        "outlet.%i.load.on",
        "1.3.6.1.4.1.20677.2.6.2.%i.0",
        default="1",
        flags=Flag.CMD_OFFSET | Flag.OUTLET,
    ),
    Command(
        "outlet.%i.load.off",
        "1.3.6.1.4.1.20677.2.6.2.%i.0",
        default="2",
        flags=Flag.CMD_OFFSET | Flag.OUTLET,
    ),
    Command(
        "outlet.%i.load.cycle",
        "1.3.6.1.4.1.20677.2.6.2.%i.0",
        default="3",
        flags=Flag.CMD_OFFSET | Flag.OUTLET,
    ),
)

MAPPINGS = (
    Mapping(
        "pulizzi_switched1",
        "pulizzi_switched1",
        "0.50",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.4.1.20677.1",
        test="1.3.6.1.4.1.20677.1",
    ),
    Mapping(
        "pulizzi_switched2",
        "pulizzi_switched2",
        "0.50",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.4.1.20677.2",
        test="1.3.6.1.4.1.20677.1",
    ),
)
