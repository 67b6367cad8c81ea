"""What UPSes that follow the standard UPS MIB (RFC 1628) say under SNMP."""

from services.driver.protocols.snmp.table import Command, Flag, Lookup, Mapping, Row

_IETF_BATTERY = Lookup(
    "ietf_battery",
    texts=(
        (1, ""),
        (2, ""),
        (3, "LB"),
        (4, "LB"),
    ),
)
_IETF_POWER_SOURCE = Lookup(
    "ietf_power_source",
    texts=(
        (1, ""),
        (2, "OFF"),
        (3, "OL"),
        (4, "OL BYPASS"),
        (5, "OB"),
        (6, "OL BOOST"),
        (7, "OL TRIM"),
    ),
)
_IETF_OVERLOAD = Lookup("ietf_overload", texts=((1, "OVER"),))
_IETF_TEST_ACTIVE = Lookup(
    "ietf_test_active",
    texts=(
        (1, ""),
        (2, ""),
        (3, "TEST"),
        (4, "TEST"),
        (5, "CAL"),
    ),
)
_IETF_TEST_RESULT = Lookup(
    "ietf_test_result",
    texts=(
        (1, "done and passed"),
        (2, "done and warning"),
        (3, "done and error"),
        (4, "aborted"),
        (5, "in progress"),
        (6, "no test initiated"),
    ),
)
_IETF_YES_NO = Lookup(
    "ietf_yes_no",
    texts=(
        (1, "yes"),
        (2, "no"),
    ),
)
_IETF_BEEPER_STATUS = Lookup(
    "ietf_beeper_status",
    texts=(
        (1, "disabled"),
        (2, "enabled"),
        (3, "muted"),
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
        "1.3.6.1.2.1.33.1.1.1.0",
        length=128,
        default="Generic",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.model",
        "1.3.6.1.2.1.33.1.1.2.0",
        length=128,
        default="Generic SNMP UPS",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware",
        "1.3.6.1.2.1.33.1.1.3.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware.aux",
        "1.3.6.1.2.1.33.1.1.4.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.2.1.33.1.2.1.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_IETF_BATTERY,
        is_text=True,
    ),
    # battery
    Row("battery.runtime", "1.3.6.1.2.1.33.1.2.3.0", multiplier=60, default=""),
    Row("battery.charge", "1.3.6.1.2.1.33.1.2.4.0", default=""),
    Row("battery.voltage", "1.3.6.1.2.1.33.1.2.5.0", multiplier=0.1, default=""),
    Row(
        "battery.current",
        "1.3.6.1.2.1.33.1.2.6.0",
        multiplier=0.1,
        default="",
        flags=Flag.NEGINVALID,
    ),
    Row("battery.temperature", "1.3.6.1.2.1.33.1.2.7.0", default=""),
    # input
    Row("input.phases", "1.3.6.1.2.1.33.1.3.2.0", default=""),
    Row(
        "input.frequency",
        "1.3.6.1.2.1.33.1.3.3.1.2.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_1,
    ),
    Row(
        "input.L1.frequency",
        "1.3.6.1.2.1.33.1.3.3.1.2.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L2.frequency",
        "1.3.6.1.2.1.33.1.3.3.1.2.2",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L3.frequency",
        "1.3.6.1.2.1.33.1.3.3.1.2.3",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row("input.voltage", "1.3.6.1.2.1.33.1.3.3.1.3.1", default="", flags=Flag.INPUT_1),
    Row("input.L1-N.voltage", "1.3.6.1.2.1.33.1.3.3.1.3.1", default="", flags=Flag.INPUT_3),
    Row("input.L2-N.voltage", "1.3.6.1.2.1.33.1.3.3.1.3.2", default="", flags=Flag.INPUT_3),
    Row("input.L3-N.voltage", "1.3.6.1.2.1.33.1.3.3.1.3.3", default="", flags=Flag.INPUT_3),
    Row(
        "input.current",
        "1.3.6.1.2.1.33.1.3.3.1.4.1",
        multiplier=0.1,
        default="",
        flags=Flag.NEGINVALID | Flag.INPUT_1,
    ),
    Row(
        "input.L1.current",
        "1.3.6.1.2.1.33.1.3.3.1.4.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L2.current",
        "1.3.6.1.2.1.33.1.3.3.1.4.2",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L3.current",
        "1.3.6.1.2.1.33.1.3.3.1.4.3",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.realpower",
        "1.3.6.1.2.1.33.1.3.3.1.5.1",
        default="",
        flags=Flag.NEGINVALID | Flag.INPUT_1,
    ),
    Row("input.L1.realpower", "1.3.6.1.2.1.33.1.3.3.1.5.1", default="", flags=Flag.INPUT_3),
    Row("input.L2.realpower", "1.3.6.1.2.1.33.1.3.3.1.5.2", default="", flags=Flag.INPUT_3),
    Row("input.L3.realpower", "1.3.6.1.2.1.33.1.3.3.1.5.3", default="", flags=Flag.INPUT_3),
    Row(
        "ups.status",
        "1.3.6.1.2.1.33.1.4.1.0",
        length=128,
        default="",
        flags=Flag.STATUS_PWR,
        lookup=_IETF_POWER_SOURCE,
        is_text=True,
    ),
    # output
    Row("output.frequency", "1.3.6.1.2.1.33.1.4.2.0", multiplier=0.1, default=""),
    Row("output.phases", "1.3.6.1.2.1.33.1.4.3.0", default=""),
    Row("output.voltage", "1.3.6.1.2.1.33.1.4.4.1.2.1", default="", flags=Flag.OUTPUT_1),
    Row("output.L1-N.voltage", "1.3.6.1.2.1.33.1.4.4.1.2.1", default="", flags=Flag.OUTPUT_3),
    Row("output.L2-N.voltage", "1.3.6.1.2.1.33.1.4.4.1.2.2", default="", flags=Flag.OUTPUT_3),
    Row("output.L3-N.voltage", "1.3.6.1.2.1.33.1.4.4.1.2.3", default="", flags=Flag.OUTPUT_3),
    Row(
        "output.current",
        "1.3.6.1.2.1.33.1.4.4.1.3.1",
        multiplier=0.1,
        default="",
        flags=Flag.NEGINVALID | Flag.OUTPUT_1,
    ),
    Row(
        "output.L1.current",
        "1.3.6.1.2.1.33.1.4.4.1.3.1",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.L2.current",
        "1.3.6.1.2.1.33.1.4.4.1.3.2",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.L3.current",
        "1.3.6.1.2.1.33.1.4.4.1.3.3",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.realpower",
        "1.3.6.1.2.1.33.1.4.4.1.4.1",
        default="",
        flags=Flag.NEGINVALID | Flag.OUTPUT_1,
    ),
    Row("output.L1.realpower", "1.3.6.1.2.1.33.1.4.4.1.4.1", default="", flags=Flag.OUTPUT_3),
    Row("output.L2.realpower", "1.3.6.1.2.1.33.1.4.4.1.4.2", default="", flags=Flag.OUTPUT_3),
    Row("output.L3.realpower", "1.3.6.1.2.1.33.1.4.4.1.4.3", default="", flags=Flag.OUTPUT_3),
    Row("ups.load", "1.3.6.1.2.1.33.1.4.4.1.5.1", default="", flags=Flag.OUTPUT_1),
    # output
    Row("output.L1.power.percent", "1.3.6.1.2.1.33.1.4.4.1.5.1", default="", flags=Flag.OUTPUT_3),
    Row("output.L2.power.percent", "1.3.6.1.2.1.33.1.4.4.1.5.2", default="", flags=Flag.OUTPUT_3),
    Row("output.L3.power.percent", "1.3.6.1.2.1.33.1.4.4.1.5.3", default="", flags=Flag.OUTPUT_3),
    # input
    Row("input.bypass.phases", "1.3.6.1.2.1.33.1.5.2.0", default="", flags=Flag.NEGINVALID),
    Row(
        "input.bypass.frequency",
        "1.3.6.1.2.1.33.1.5.1.0",
        multiplier=0.1,
        default="",
        flags=Flag.NEGINVALID | Flag.BYPASS_1 | Flag.BYPASS_3,
    ),
    Row("input.bypass.voltage", "1.3.6.1.2.1.33.1.5.3.1.2.1", default="", flags=Flag.BYPASS_1),
    Row("input.bypass.L1-N.voltage", "1.3.6.1.2.1.33.1.5.3.1.2.1", default="", flags=Flag.BYPASS_3),
    Row("input.bypass.L2-N.voltage", "1.3.6.1.2.1.33.1.5.3.1.2.2", default="", flags=Flag.BYPASS_3),
    Row("input.bypass.L3-N.voltage", "1.3.6.1.2.1.33.1.5.3.1.2.3", default="", flags=Flag.BYPASS_3),
    Row(
        "input.bypass.current",
        "1.3.6.1.2.1.33.1.5.3.1.3.1",
        multiplier=0.1,
        default="",
        flags=Flag.BYPASS_1,
    ),
    Row(
        "input.bypass.L1.current",
        "1.3.6.1.2.1.33.1.5.3.1.3.1",
        multiplier=0.1,
        default="",
        flags=Flag.BYPASS_3,
    ),
    Row(
        "input.bypass.L2.current",
        "1.3.6.1.2.1.33.1.5.3.1.3.2",
        multiplier=0.1,
        default="",
        flags=Flag.BYPASS_3,
    ),
    Row(
        "input.bypass.L3.current",
        "1.3.6.1.2.1.33.1.5.3.1.3.3",
        multiplier=0.1,
        default="",
        flags=Flag.BYPASS_3,
    ),
    Row("input.bypass.realpower", "1.3.6.1.2.1.33.1.5.3.1.4.1", default="", flags=Flag.BYPASS_1),
    Row("input.bypass.L1.realpower", "1.3.6.1.2.1.33.1.5.3.1.4.1", default="", flags=Flag.BYPASS_3),
    Row("input.bypass.L2.realpower", "1.3.6.1.2.1.33.1.5.3.1.4.2", default="", flags=Flag.BYPASS_3),
    Row("input.bypass.L3.realpower", "1.3.6.1.2.1.33.1.5.3.1.4.3", default="", flags=Flag.BYPASS_3),
    # ups
    Row(
        "ups.status",
        "1.3.6.1.2.1.33.1.6.3.8",
        length=128,
        default="",
        lookup=_IETF_OVERLOAD,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.2.1.33.1.7.1.0",
        length=128,
        default="",
        lookup=_IETF_TEST_ACTIVE,
        is_text=True,
    ),
    Row(
        "ups.test.result",
        "1.3.6.1.2.1.33.1.7.3.0",
        length=128,
        default="",
        lookup=_IETF_TEST_RESULT,
        is_text=True,
    ),
    Row(
        "ups.timer.shutdown",
        "1.3.6.1.2.1.33.1.8.2.0",
        length=8,
        default="",
        is_text=True,
        is_writable=True,
    ),
    Row(
        "ups.timer.start",
        "1.3.6.1.2.1.33.1.8.3.0",
        length=8,
        default="",
        is_text=True,
        is_writable=True,
    ),
    Row(
        "ups.timer.reboot",
        "1.3.6.1.2.1.33.1.8.4.0",
        length=8,
        default="",
        is_text=True,
        is_writable=True,
    ),
    Row(
        "ups.start.auto",
        "1.3.6.1.2.1.33.1.8.5.0",
        length=128,
        default="",
        lookup=_IETF_YES_NO,
        is_text=True,
    ),
    # input
    Row("input.voltage.nominal", "1.3.6.1.2.1.33.1.9.1.0", default="", flags=Flag.NEGINVALID),
    Row(
        "input.frequency.nominal",
        "1.3.6.1.2.1.33.1.9.2.0",
        multiplier=0.1,
        default="",
        flags=Flag.NEGINVALID,
    ),
    # output
    Row("output.voltage.nominal", "1.3.6.1.2.1.33.1.9.3.0", default=""),
    Row("output.frequency.nominal", "1.3.6.1.2.1.33.1.9.4.0", multiplier=0.1, default=""),
    Row("output.power.nominal", "1.3.6.1.2.1.33.1.9.5.0", default="", flags=Flag.NEGINVALID),
    Row("output.realpower.nominal", "1.3.6.1.2.1.33.1.9.6.0", default="", flags=Flag.NEGINVALID),
    Row("battery.runtime.low", "1.3.6.1.2.1.33.1.9.7.0", multiplier=60, default=""),
    Row(
        "ups.beeper.status",
        "1.3.6.1.2.1.33.1.9.8.0",
        length=128,
        default="",
        lookup=_IETF_BEEPER_STATUS,
        is_text=True,
    ),
    # input
    Row("input.transfer.low", "1.3.6.1.2.1.33.1.9.9.0", default=""),
    Row("input.transfer.high", "1.3.6.1.2.1.33.1.9.10.0", default=""),
)

COMMANDS = (
    Command("test.battery.stop", "1.3.6.1.2.1.33.1.7.1.0", default="0"),
    Command("test.battery.start", "1.3.6.1.2.1.33.1.7.1.0", default="0"),
    Command("test.battery.start.quick", "1.3.6.1.2.1.33.1.7.1.0", default="0"),
    Command("test.battery.start.deep", "1.3.6.1.2.1.33.1.7.1.0", default="0"),
    Command("load.off", "1.3.6.1.2.1.33.1.8.2.0", default="0"),
    Command("load.on", "1.3.6.1.2.1.33.1.8.3.0", default="0"),
    Command("beeper.disable", "1.3.6.1.2.1.33.1.9.8.0", default="1"),
    Command("beeper.enable", "1.3.6.1.2.1.33.1.9.8.0", default="2"),
    Command("beeper.mute", "1.3.6.1.2.1.33.1.9.8.0", default="3"),
)

MAPPINGS = (
    Mapping(
        "tripplite_ietf", "tripplite", "1.55", ROWS, commands=COMMANDS, system="1.3.6.1.4.1.850.1"
    ),
    Mapping(
        "ietf",
        "ietf",
        "1.55",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.2.1.33",
        test="1.3.6.1.2.1.33.1.1.1.0",
        power="1.3.6.1.2.1.33.1.4.1.0",
    ),
)
