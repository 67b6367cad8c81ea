"""What UPSes of Compaq and HP say under SNMP."""

from services.driver.protocols.snmp import values
from services.driver.protocols.snmp.table import Command, Flag, Lookup, Mapping, Row

_CPQPOWER_PWR = Lookup(
    "cpqpower_pwr",
    texts=(
        (1, ""),
        (2, "OFF"),
        (3, "OL"),
        (4, "OL BYPASS"),
        (5, "OB"),
        (6, "OL BOOST"),
        (7, "OL TRIM"),
        (8, "OL"),
        (9, "OL"),
        (10, "OL"),
    ),
)
_CPQPOWER_BATTERY_ABM_STATUS = Lookup(
    "cpqpower_battery_abm_status",
    texts=(
        (1, "CHRG"),
        (2, "DISCHRG"),
    ),
)
_CPQPOWER_MODE = Lookup(
    "cpqpower_mode",
    texts=(
        (1, ""),
        (2, ""),
        (3, "normal"),
        (4, ""),
        (5, ""),
        (6, ""),
        (7, ""),
        (8, "parallel capacity"),
        (9, "parallel redundancy"),
        (10, "high efficiency"),
    ),
)
_CPQPOWER_TEST_RES = Lookup(
    "cpqpower_test_res",
    texts=(
        (1, "Unknown"),
        (2, "Done and passed"),
        (3, "Done and error"),
        (4, "In progress"),
        (5, "Not supported"),
        (6, "Inhibited"),
        (7, "Scheduled"),
    ),
)
_CPQPOWER_OUTLET_SWITCHABILITY = Lookup(
    "cpqpower_outlet_switchability",
    texts=(
        (1, "yes"),
        (2, "yes"),
        (3, "yes"),
        (4, "yes"),
    ),
)
_CPQPOWER_OUTLET_STATUS = Lookup(
    "cpqpower_outlet_status",
    texts=(
        (1, "on"),
        (2, "off"),
        (3, "pendingOff"),
        (4, "pendingOn"),
        (5, "unknown"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    # ups
    Row(
        "ups.mfr",
        "1.3.6.1.4.1.232.165.3.1.1.0",
        length=128,
        default="HP/Compaq",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.model",
        "1.3.6.1.4.1.232.165.3.1.2.0",
        length=128,
        default="SNMP UPS",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.serial",
        "1.3.6.1.4.1.232.165.1.2.7.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("ups.firmware", "1.3.6.1.4.1.232.165.3.1.3.0", length=128, default="", is_text=True),
    Row("ups.firmware.aux", "1.3.6.1.2.1.33.1.1.4.0", length=128, default="", is_text=True),
    Row("ups.load", "1.3.6.1.4.1.232.165.3.4.1.0", default=""),
    Row("ups.realpower.nominal", "1.3.6.1.4.1.232.165.3.9.3.0", default="", flags=Flag.OUTPUT_1),
    Row("ups.realpower", "1.3.6.1.4.1.232.165.3.4.4.1.4.1", default="", flags=Flag.OUTPUT_1),
    Row("ups.L1.realpower", "1.3.6.1.4.1.232.165.3.4.4.1.4.1", default="", flags=Flag.OUTPUT_3),
    Row("ups.L2.realpower", "1.3.6.1.4.1.232.165.3.4.4.1.4.2", default="", flags=Flag.OUTPUT_3),
    Row("ups.L3.realpower", "1.3.6.1.4.1.232.165.3.4.4.1.4.3", default="", flags=Flag.OUTPUT_3),
    Row(
        "ups.status",
        "1.3.6.1.4.1.232.165.3.4.5.0",
        length=128,
        default="OFF",
        flags=Flag.STATUS_PWR,
        lookup=_CPQPOWER_PWR,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.232.165.3.2.5.0",
        length=128,
        default="",
        flags=Flag.STATUS_PWR,
        lookup=_CPQPOWER_BATTERY_ABM_STATUS,
        is_text=True,
    ),
    Row(
        "ups.type",
        "1.3.6.1.4.1.232.165.3.4.5.0",
        length=128,
        default="",
        flags=Flag.STATUS_PWR,
        lookup=_CPQPOWER_MODE,
        is_text=True,
    ),
    Row(
        "ups.test.result",
        "1.3.6.1.4.1.232.165.3.7.2.0",
        length=128,
        default="",
        lookup=_CPQPOWER_TEST_RES,
        is_text=True,
    ),
    Row(
        "ups.delay.shutdown",
        "1.3.6.1.4.1.232.165.3.8.1.0",
        length=6,
        default="20",
        flags=Flag.ABSENT,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "ups.delay.start",
        "1.3.6.1.4.1.232.165.3.8.2.0",
        length=6,
        default="30",
        flags=Flag.ABSENT,
        is_text=True,
        is_writable=True,
    ),
    Row("ups.timer.shutdown", "1.3.6.1.4.1.232.165.3.8.1.0", default=""),
    Row("ups.timer.start", "1.3.6.1.4.1.232.165.3.8.2.0", default=""),
    # ambient
    Row("ambient.temperature", "1.3.6.1.4.1.232.165.3.6.1.0", default="", lookup=values.degrees(1)),
    Row("ambient.temperature.low", "1.3.6.1.4.1.232.165.3.6.2.0", default=""),
    Row("ambient.temperature.high", "1.3.6.1.4.1.232.165.3.6.3.0", default=""),
    # battery
    Row("battery.charge", "1.3.6.1.4.1.232.165.3.2.4.0", default=""),
    Row("battery.runtime", "1.3.6.1.4.1.232.165.3.2.1.0", default=""),
    Row("battery.voltage", "1.3.6.1.4.1.232.165.3.2.2.0", multiplier=0.1, default=""),
    Row("battery.current", "1.3.6.1.4.1.232.165.3.2.3.0", multiplier=0.1, default=""),
    # input
    Row("input.phases", "1.3.6.1.4.1.232.165.3.3.3.0", default=""),
    Row("input.frequency", "1.3.6.1.4.1.232.165.3.3.1.0", multiplier=0.1, default=""),
    Row("input.voltage.nominal", "1.3.6.1.4.1.232.165.3.9.2.0", default=""),
    Row("input.voltage", "1.3.6.1.4.1.232.165.3.3.4.1.2.1", default="", flags=Flag.OUTPUT_1),
    Row("input.L1-N.voltage", "1.3.6.1.4.1.232.165.3.3.4.1.2.1", default="", flags=Flag.INPUT_3),
    Row("input.L2-N.voltage", "1.3.6.1.4.1.232.165.3.3.4.1.2.2", default="", flags=Flag.INPUT_3),
    Row("input.L3-N.voltage", "1.3.6.1.4.1.232.165.3.3.4.1.2.3", default="", flags=Flag.INPUT_3),
    Row("input.current", "1.3.6.1.4.1.232.165.3.3.4.1.3.1", default="", flags=Flag.OUTPUT_1),
    Row("input.L1.current", "1.3.6.1.4.1.232.165.3.3.4.1.3.1", default="", flags=Flag.INPUT_3),
    Row("input.L2.current", "1.3.6.1.4.1.232.165.3.3.4.1.3.2", default="", flags=Flag.INPUT_3),
    Row("input.L3.current", "1.3.6.1.4.1.232.165.3.3.4.1.3.3", default="", flags=Flag.INPUT_3),
    Row("input.realpower", "1.3.6.1.4.1.232.165.3.3.4.1.4.1", default="", flags=Flag.OUTPUT_1),
    Row("input.L1.realpower", "1.3.6.1.4.1.232.165.3.3.4.1.4.1", default="", flags=Flag.INPUT_3),
    Row("input.L2.realpower", "1.3.6.1.4.1.232.165.3.3.4.1.4.2", default="", flags=Flag.INPUT_3),
    Row("input.L3.realpower", "1.3.6.1.4.1.232.165.3.3.4.1.4.3", default="", flags=Flag.INPUT_3),
    Row("input.quality", "1.3.6.1.4.1.232.165.3.3.2.0", default=""),
    # output
    Row("output.phases", "1.3.6.1.4.1.232.165.3.4.3.0", default=""),
    Row("output.frequency.nominal", "1.3.6.1.4.1.232.165.3.9.4.0", multiplier=0.1, default=""),
    Row("output.frequency", "1.3.6.1.4.1.232.165.3.4.2.0", multiplier=0.1, default=""),
    Row("output.voltage.nominal", "1.3.6.1.4.1.232.165.3.9.1.0", default=""),
    Row("output.voltage", "1.3.6.1.4.1.232.165.3.4.4.1.2.1", default="", flags=Flag.OUTPUT_1),
    Row("output.L1-N.voltage", "1.3.6.1.4.1.232.165.3.4.4.1.2.1", default="", flags=Flag.OUTPUT_3),
    Row("output.L2-N.voltage", "1.3.6.1.4.1.232.165.3.4.4.1.2.2", default="", flags=Flag.OUTPUT_3),
    Row("output.L3-N.voltage", "1.3.6.1.4.1.232.165.3.4.4.1.2.3", default="", flags=Flag.OUTPUT_3),
    Row("output.current", "1.3.6.1.4.1.232.165.3.4.4.1.3.1", default="", flags=Flag.OUTPUT_1),
    Row("output.L1.current", "1.3.6.1.4.1.232.165.3.4.4.1.3.1", default="", flags=Flag.OUTPUT_3),
    Row("output.L2.current", "1.3.6.1.4.1.232.165.3.4.4.1.3.2", default="", flags=Flag.OUTPUT_3),
    Row("output.L3.current", "1.3.6.1.4.1.232.165.3.4.4.1.3.3", default="", flags=Flag.OUTPUT_3),
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
    Row("outlet.count", "1.3.6.1.4.1.232.165.3.10.1.0", default="0"),
    Row(
        "outlet.%i.switchable",
        "1.3.6.1.4.1.232.165.3.10.2.1.1.%i",
        length=3,
        default="yes",
        flags=Flag.STATIC | Flag.OUTLET,
        lookup=_CPQPOWER_OUTLET_SWITCHABILITY,
        is_text=True,
    ),
    Row(
        "outlet.%i.id",
        "1.3.6.1.4.1.232.165.3.10.2.1.1.%i",
        default="%i",
        flags=Flag.STATIC | Flag.ABSENT | Flag.OUTLET,
    ),
    Row(
        "outlet.%i.status",
        "1.3.6.1.4.1.232.165.3.10.2.1.2.%i",
        length=128,
        flags=Flag.OUTLET,
        lookup=_CPQPOWER_OUTLET_STATUS,
        is_text=True,
    ),
)

COMMANDS = (
    Command(
        "outlet.%i.load.off", "1.3.6.1.4.1.232.165.3.10.2.1.3.%i", default="0", flags=Flag.OUTLET
    ),
    Command(
        "outlet.%i.load.on", "1.3.6.1.4.1.232.165.3.10.2.1.4.%i", default="0", flags=Flag.OUTLET
    ),
    Command(
        "outlet.%i.load.cycle", "1.3.6.1.4.1.232.165.3.10.2.1.7.%i", default="0", flags=Flag.OUTLET
    ),
    Command("load.off", "1.3.6.1.4.1.232.165.3.8.1.0", default="1"),
    Command("load.on", "1.3.6.1.4.1.232.165.3.8.2.0", default="1"),
    Command("shutdown.stop", "1.3.6.1.4.1.232.165.3.8.1.0", default="0"),
    Command("load.off.delay", "1.3.6.1.4.1.232.165.3.8.1.0", default="20"),
    Command("load.on.delay", "1.3.6.1.4.1.232.165.3.8.2.0", default="30"),
    Command("shutdown.reboot", "1.3.6.1.4.1.232.165.3.8.6.0", default="0"),
    Command("test.battery.start", "1.3.6.1.4.1.232.165.3.7.1.0", default="1"),
)

MAPPINGS = (
    Mapping(
        "compaq",
        "cpqpower",
        "1.67",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.4.1.232.165.3",
        test="1.3.6.1.4.1.232.165.3.1.1.0",
    ),
)
