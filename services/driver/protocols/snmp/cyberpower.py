"""What UPSes of CyberPower say under SNMP."""

from services.driver.protocols.snmp.table import Command, Flag, Lookup, Mapping, Row

_CYBERPOWER_POWER_STATUS = Lookup(
    "cyberpower_power_status",
    texts=(
        (2, "OL"),
        (3, "OB"),
        (4, "OL BOOST"),
        (5, "OFF"),
        (6, "OFF"),
        (7, "OL"),
        (8, "OL"),
        (9, "OL BYPASS"),
        (10, "OL TRIM"),
        (11, "OL OVER"),
    ),
)
_CYBERPOWER_BATTERY_STATUS = Lookup(
    "cyberpower_battery_status",
    texts=(
        (1, ""),
        (2, ""),
        (3, "LB"),
    ),
)
_CYBERPOWER_CAL_STATUS = Lookup(
    "cyberpower_cal_status",
    texts=(
        (1, ""),
        (2, ""),
        (3, "CAL"),
    ),
)
_CYBERPOWER_BATTREPL_STATUS = Lookup(
    "cyberpower_battrepl_status",
    texts=(
        (1, ""),
        (2, "RB"),
    ),
)
_CYBERPOWER_UPS_ALARM = Lookup(
    "cyberpower_ups_alarm",
    texts=(
        (1, ""),
        (2, "Temperature too high!"),
        (3, "Internal UPS fault!"),
    ),
)
_CYBERPOWER_TRANSFER_REASONS = Lookup(
    "cyberpower_transfer_reasons",
    texts=(
        (1, "noTransfer"),
        (2, "highLineVoltage"),
        (3, "brownout"),
        (4, "selfTest"),
    ),
)
_CYBERPOWER_TESTDIAG_RESULTS = Lookup(
    "cyberpower_testdiag_results",
    texts=(
        (1, "Ok"),
        (2, "Failed"),
        (3, "InvalidTest"),
        (4, "TestInProgress"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row("device.type", length=128, default="ups", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    # ups
    Row("ups.mfr", length=128, default="CYBERPOWER", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "ups.model",
        "1.3.6.1.4.1.3808.1.1.1.1.1.1.0",
        length=128,
        default="CyberPower",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.id",
        "1.3.6.1.4.1.3808.1.1.1.1.1.2.0",
        length=8,
        default="",
        flags=Flag.STATIC,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "ups.serial",
        "1.3.6.1.4.1.3808.1.1.1.1.2.3.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware",
        "1.3.6.1.4.1.3808.1.1.1.1.2.1.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("ups.mfr.date", "1.3.6.1.4.1.3808.1.1.1.1.2.2.0", length=128, default="", is_text=True),
    Row(
        "ups.status",
        "1.3.6.1.4.1.3808.1.1.1.4.1.1.0",
        length=128,
        default="",
        flags=Flag.STATUS_PWR,
        lookup=_CYBERPOWER_POWER_STATUS,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.3808.1.1.1.2.1.1.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_CYBERPOWER_BATTERY_STATUS,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.3808.1.1.1.7.2.7.0",
        length=128,
        default="",
        flags=Flag.STATUS_CAL,
        lookup=_CYBERPOWER_CAL_STATUS,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.3808.1.1.1.2.2.5.0",
        length=128,
        default="",
        flags=Flag.STATUS_RB,
        lookup=_CYBERPOWER_BATTREPL_STATUS,
        is_text=True,
    ),
    Row("ups.load", "1.3.6.1.4.1.3808.1.1.1.4.2.3.0", default=""),
    Row("ups.realpower", "1.3.6.1.4.1.3808.1.1.1.4.2.5.0", default=""),
    Row("ups.temperature", "1.3.6.1.4.1.3808.1.1.1.10.2.0", default=""),
    Row(
        "ups.alarm",
        "1.3.6.1.4.1.3808.1.1.1.10.1.0",
        length=128,
        default="",
        lookup=_CYBERPOWER_UPS_ALARM,
        is_text=True,
    ),
    # battery
    Row("battery.runtime", "1.3.6.1.4.1.3808.1.1.1.2.2.4.0", default=""),
    Row("battery.runtime.elapsed", "1.3.6.1.4.1.3808.1.1.1.2.1.2.0", default=""),
    Row("battery.voltage", "1.3.6.1.2.1.33.1.2.5.0", multiplier=0.1, default=""),
    Row("battery.voltage", "1.3.6.1.4.1.3808.1.1.1.2.2.2.0", multiplier=0.1, default=""),
    Row("battery.voltage.nominal", "1.3.6.1.4.1.3808.1.1.1.2.2.8.0", default=""),
    Row("battery.current", "1.3.6.1.4.1.3808.1.1.1.4.2.4.0", multiplier=0.1, default=""),
    Row("battery.current", "1.3.6.1.4.1.3808.1.1.1.2.2.7.0", multiplier=0.1, default=""),
    Row("battery.charge", "1.3.6.1.4.1.3808.1.1.1.2.2.1.0", default=""),
    Row("battery.temperature", "1.3.6.1.4.1.3808.1.1.1.2.2.3.0", default=""),
    Row(
        "battery.date",
        "1.3.6.1.4.1.3808.1.1.1.2.1.3.0",
        length=8,
        default="",
        flags=Flag.SEMI_STATIC,
        is_text=True,
    ),
    # input
    Row("input.voltage", "1.3.6.1.4.1.3808.1.1.1.3.2.1.0", multiplier=0.1, default=""),
    Row("input.frequency", "1.3.6.1.4.1.3808.1.1.1.3.2.4.0", multiplier=0.1, default=""),
    Row(
        "input.transfer.reason",
        "1.3.6.1.4.1.3808.1.1.1.3.2.5.0",
        length=1,
        default="",
        flags=Flag.TYPE_INT,
        lookup=_CYBERPOWER_TRANSFER_REASONS,
        is_text=True,
    ),
    # output
    Row("output.voltage", "1.3.6.1.4.1.3808.1.1.1.4.2.1.0", multiplier=0.1, default=""),
    Row("output.frequency", "1.3.6.1.4.1.3808.1.1.1.4.2.2.0", multiplier=0.1, default=""),
    Row("output.current", "1.3.6.1.4.1.3808.1.1.1.4.2.4.0", multiplier=0.1, default=""),
    # ups
    Row(
        "ups.delay.start",
        "1.3.6.1.4.1.3808.1.1.1.5.2.9.0",
        default="0",
        flags=Flag.TYPE_TIME,
        is_writable=True,
    ),
    Row("ups.delay.reboot", default="0", flags=Flag.ABSENT),
    Row(
        "ups.delay.shutdown",
        "1.3.6.1.4.1.3808.1.1.1.5.2.11.0",
        default="60",
        flags=Flag.TYPE_TIME,
        is_writable=True,
    ),
    Row(
        "ups.test.date",
        "1.3.6.1.4.1.3808.1.1.1.7.2.4.0",
        length=8,
        default="",
        flags=Flag.SEMI_STATIC,
        is_text=True,
    ),
    Row(
        "ups.test.result",
        "1.3.6.1.4.1.3808.1.1.1.7.2.3.0",
        length=128,
        default="",
        lookup=_CYBERPOWER_TESTDIAG_RESULTS,
        is_text=True,
    ),
)

COMMANDS = (
    Command("load.off", "1.3.6.1.4.1.3808.1.1.1.6.2.1.0", default="2"),
    Command("load.on", "1.3.6.1.4.1.3808.1.1.1.6.2.6.0", default="2"),
    Command("shutdown.stayoff", "1.3.6.1.4.1.3808.1.1.1.6.2.6.0", default="3"),
    Command("shutdown.return", "1.3.6.1.4.1.3808.1.1.1.6.2.3.0", default="3"),
    Command("test.failure.start", "1.3.6.1.4.1.3808.1.1.1.6.2.4.0", default="2"),
    Command("test.panel.start", "1.3.6.1.4.1.3808.1.1.1.7.2.5.0", default="2"),
    Command("test.battery.start", "1.3.6.1.4.1.3808.1.1.1.7.2.2.0", default="2"),
    Command("calibrate.start", "1.3.6.1.4.1.3808.1.1.1.7.2.6.0", default="2"),
    Command("calibrate.stop", "1.3.6.1.4.1.3808.1.1.1.7.2.6.0", default="3"),
)

MAPPINGS = (
    Mapping(
        "cyberpower",
        "cyberpower",
        "0.56",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.4.1.3808.1.1.1",
        test="1.3.6.1.4.1.3808.1.1.1.1.1.1.0",
    ),
    Mapping(
        "cyberpower2",
        "cyberpower",
        "0.56",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.4.1.3808",
        test="1.3.6.1.4.1.3808.1.1.1.1.1.1.0",
    ),
)
