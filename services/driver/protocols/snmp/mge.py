"""What UPSes of MGE and Eaton say under SNMP."""

from services.driver.protocols.snmp import values
from services.driver.protocols.snmp.table import Command, Flag, Lookup, Mapping, Row

_MGE_BEEPER_STATUS = Lookup(
    "mge_beeper_status",
    texts=(
        (1, "disabled"),
        (2, "enabled"),
        (3, "muted"),
    ),
)
_MGE_TEST_RESULT = Lookup(
    "mge_test_result",
    texts=(
        (1, "done and passed"),
        (2, "done and warning"),
        (3, "done and error"),
        (4, "aborted"),
        (5, "in progress"),
        (6, "no test initiated"),
    ),
)
_MGE_YES_NO = Lookup(
    "mge_yes_no",
    texts=(
        (1, "yes"),
        (2, "no"),
    ),
)
_MGE_REPLACEBATT = Lookup(
    "mge_replacebatt",
    texts=(
        (1, "RB"),
        (2, ""),
    ),
)
_MGE_LOWBATT = Lookup(
    "mge_lowbatt",
    texts=(
        (1, "LB"),
        (2, ""),
    ),
)
_MGE_ONBATT = Lookup(
    "mge_onbatt",
    texts=(
        (1, "OB"),
        (2, "OL"),
    ),
)
_MGE_BYPASS = Lookup(
    "mge_bypass",
    texts=(
        (1, "BYPASS"),
        (2, ""),
    ),
)
_MGE_OUTPUT_UTIL_OFF = Lookup(
    "mge_output_util_off",
    texts=(
        (1, "OFF"),
        (2, ""),
    ),
)
_MGE_BOOST = Lookup(
    "mge_boost",
    texts=(
        (1, "BOOST"),
        (2, ""),
    ),
)
_MGE_OVERLOAD = Lookup(
    "mge_overload",
    texts=(
        (1, "OVER"),
        (2, ""),
    ),
)
_MGE_TRIM = Lookup(
    "mge_trim",
    texts=(
        (1, "TRIM"),
        (2, ""),
    ),
)
_MGE_POWER_SOURCE = Lookup(
    "mge_power_source",
    texts=(
        (1, ""),
        (2, "OFF"),
        (4, "BYPASS"),
        (5, "OB"),
        (6, "BOOST"),
        (7, "TRIM"),
    ),
)
_MGE_TRANSFER_REASON = Lookup(
    "mge_transfer_reason",
    texts=(
        (1, ""),
        (2, "input voltage out of range"),
        (3, "input frequency out of range"),
        (4, "utility off"),
    ),
)
_MGE_AMBIENT_DRYCONTACTS = Lookup(
    "mge_ambient_drycontacts",
    texts=(
        (-1, "unknown"),
        (1, "closed"),
        (2, "opened"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    # ups
    Row("ups.mfr", length=128, default="EATON", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row(
        "ups.model",
        "1.3.6.1.4.1.705.1.1.1.0",
        length=128,
        default="Generic SNMP UPS",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.serial",
        "1.3.6.1.4.1.705.1.1.7.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware",
        "1.3.6.1.4.1.705.1.1.4.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware.aux",
        "1.3.6.1.4.1.705.1.12.12.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("ups.load", "1.3.6.1.4.1.705.1.7.2.1.4.1", default="", flags=Flag.OUTPUT_1),
    Row(
        "ups.beeper.status",
        "1.3.6.1.2.1.33.1.9.8.0",
        length=128,
        default="",
        lookup=_MGE_BEEPER_STATUS,
        is_text=True,
    ),
    Row("ups.L1.load", "1.3.6.1.4.1.705.1.7.2.1.4.1", default="", flags=Flag.OUTPUT_3),
    Row("ups.L2.load", "1.3.6.1.4.1.705.1.7.2.1.4.2", default="", flags=Flag.OUTPUT_3),
    Row("ups.L3.load", "1.3.6.1.4.1.705.1.7.2.1.4.3", default="", flags=Flag.OUTPUT_3),
    Row(
        "ups.test.result",
        "1.3.6.1.2.1.33.1.7.3.0",
        length=128,
        default="",
        lookup=_MGE_TEST_RESULT,
        is_text=True,
    ),
    Row(
        "ups.delay.shutdown",
        "1.3.6.1.2.1.33.1.8.2.0",
        length=6,
        default="20",
        flags=Flag.ABSENT,
        is_text=True,
        is_writable=True,
    ),
    Row(
        "ups.delay.start",
        "1.3.6.1.2.1.33.1.8.3.0",
        length=6,
        default="30",
        flags=Flag.ABSENT,
        is_text=True,
        is_writable=True,
    ),
    Row("ups.timer.shutdown", "1.3.6.1.2.1.33.1.8.2.0", default=""),
    Row("ups.timer.start", "1.3.6.1.2.1.33.1.8.3.0", default=""),
    Row("ups.timer.reboot", "1.3.6.1.2.1.33.1.8.4.0", default=""),
    Row(
        "ups.start.auto", "1.3.6.1.2.1.33.1.8.5.0", default="", lookup=_MGE_YES_NO, is_writable=True
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.705.1.5.11.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_MGE_REPLACEBATT,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.705.1.5.14.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_MGE_LOWBATT,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.705.1.5.16.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_MGE_LOWBATT,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.705.1.7.3.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_MGE_ONBATT,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.705.1.7.4.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_MGE_BYPASS,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.705.1.7.7.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_MGE_OUTPUT_UTIL_OFF,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.705.1.7.8.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_MGE_BOOST,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.705.1.7.10.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_MGE_OVERLOAD,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.4.1.705.1.7.12.0",
        length=128,
        default="",
        flags=Flag.STATUS_BATT,
        lookup=_MGE_TRIM,
        is_text=True,
    ),
    Row(
        "ups.status",
        "1.3.6.1.2.1.33.1.4.1.0",
        length=128,
        default="",
        flags=Flag.STATUS_PWR,
        lookup=_MGE_POWER_SOURCE,
        is_text=True,
    ),
    # input
    Row("input.phases", "1.3.6.1.4.1.705.1.6.1.0", default=""),
    Row(
        "input.voltage",
        "1.3.6.1.4.1.705.1.6.2.1.2.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_1,
    ),
    Row(
        "input.L1-N.voltage",
        "1.3.6.1.4.1.705.1.6.2.1.2.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L2-N.voltage",
        "1.3.6.1.4.1.705.1.6.2.1.2.2",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L3-N.voltage",
        "1.3.6.1.4.1.705.1.6.2.1.2.3",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.frequency",
        "1.3.6.1.4.1.705.1.6.2.1.3.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_1,
    ),
    Row(
        "input.L1.frequency",
        "1.3.6.1.4.1.705.1.6.2.1.3.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L2.frequency",
        "1.3.6.1.4.1.705.1.6.2.1.3.2",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L3.frequency",
        "1.3.6.1.4.1.705.1.6.2.1.3.3",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.voltage.minimum",
        "1.3.6.1.4.1.705.1.6.2.1.4.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_1,
    ),
    Row(
        "input.L1-N.voltage.minimum",
        "1.3.6.1.4.1.705.1.6.2.1.4.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L2-N.voltage.minimum",
        "1.3.6.1.4.1.705.1.6.2.1.4.2",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L3-N.voltage.minimum",
        "1.3.6.1.4.1.705.1.6.2.1.4.3",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.voltage.maximum",
        "1.3.6.1.4.1.705.1.6.2.1.5.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_1,
    ),
    Row(
        "input.L1-N.voltage.maximum",
        "1.3.6.1.4.1.705.1.6.2.1.5.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L2-N.voltage.maximum",
        "1.3.6.1.4.1.705.1.6.2.1.5.2",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L3-N.voltage.maximum",
        "1.3.6.1.4.1.705.1.6.2.1.5.3",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.current",
        "1.3.6.1.4.1.705.1.6.2.1.6.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_1,
    ),
    Row(
        "input.L1.current",
        "1.3.6.1.4.1.705.1.6.2.1.6.1",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L2.current",
        "1.3.6.1.4.1.705.1.6.2.1.6.2",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.L3.current",
        "1.3.6.1.4.1.705.1.6.2.1.6.3",
        multiplier=0.1,
        default="",
        flags=Flag.INPUT_3,
    ),
    Row(
        "input.transfer.reason",
        "1.3.6.1.4.1.705.1.6.4.0",
        length=128,
        default="",
        lookup=_MGE_TRANSFER_REASON,
        is_text=True,
    ),
    # output
    Row("output.phases", "1.3.6.1.4.1.705.1.7.1.0", default=""),
    Row(
        "output.voltage",
        "1.3.6.1.4.1.705.1.7.2.1.2.1",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_1,
    ),
    Row(
        "output.L1-N.voltage",
        "1.3.6.1.4.1.705.1.7.2.1.2.1",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.L2-N.voltage",
        "1.3.6.1.4.1.705.1.7.2.1.2.2",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.L3-N.voltage",
        "1.3.6.1.4.1.705.1.7.2.1.2.3",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.frequency",
        "1.3.6.1.4.1.705.1.7.2.1.3.1",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_1,
    ),
    Row(
        "output.L1.frequency",
        "1.3.6.1.4.1.705.1.7.2.1.3.1",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.L2.frequency",
        "1.3.6.1.4.1.705.1.7.2.1.3.2",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.L3.frequency",
        "1.3.6.1.4.1.705.1.7.2.1.3.3",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.current",
        "1.3.6.1.4.1.705.1.7.2.1.5.1",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_1,
    ),
    Row(
        "output.L1.current",
        "1.3.6.1.4.1.705.1.7.2.1.5.1",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.L2.current",
        "1.3.6.1.4.1.705.1.7.2.1.5.2",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    Row(
        "output.L3.current",
        "1.3.6.1.4.1.705.1.7.2.1.5.3",
        multiplier=0.1,
        default="",
        flags=Flag.OUTPUT_3,
    ),
    # battery
    Row("battery.charge", "1.3.6.1.4.1.705.1.5.2.0", default=""),
    Row("battery.runtime", "1.3.6.1.4.1.705.1.5.1.0", default=""),
    Row("battery.runtime.low", "1.3.6.1.4.1.705.1.4.7.0", default=""),
    Row(
        "battery.charge.low",
        "1.3.6.1.4.1.705.1.4.8.0",
        length=2,
        default="",
        flags=Flag.TYPE_INT,
        is_text=True,
        is_writable=True,
    ),
    Row("battery.voltage", "1.3.6.1.4.1.705.1.5.5.0", multiplier=0.1, default=""),
    # ambient
    Row(
        "ambient.temperature",
        "1.3.6.1.4.1.705.1.8.1.0",
        multiplier=0.1,
        default="",
        flags=Flag.TYPE_INT,
        lookup=values.degrees(0.1),
    ),
    Row(
        "ambient.humidity",
        "1.3.6.1.4.1.705.1.8.2.0",
        multiplier=0.1,
        default="",
        flags=Flag.TYPE_INT,
    ),
    Row(
        "ambient.contacts.1.status",
        "1.3.6.1.4.1.705.1.8.7.1.9.1",
        length=128,
        default="",
        flags=Flag.TYPE_INT,
        lookup=_MGE_AMBIENT_DRYCONTACTS,
        is_text=True,
    ),
    Row(
        "ambient.contacts.2.status",
        "1.3.6.1.4.1.705.1.8.7.1.10.1",
        length=128,
        default="",
        flags=Flag.TYPE_INT,
        lookup=_MGE_AMBIENT_DRYCONTACTS,
        is_text=True,
    ),
    # outlet
    Row("outlet.id", default="0", flags=Flag.STATIC | Flag.ABSENT),
    Row(
        "outlet.desc",
        length=20,
        default="Main Outlet",
        flags=Flag.STATIC | Flag.ABSENT,
        is_text=True,
        is_writable=True,
    ),
)

COMMANDS = (
    Command("test.battery.start", "1.3.6.1.4.1.705.1.10.4.0", default="2"),
    Command("beeper.disable", "1.3.6.1.2.1.33.1.9.8.0", default="1"),
    Command("beeper.enable", "1.3.6.1.2.1.33.1.9.8.0", default="2"),
    Command("beeper.mute", "1.3.6.1.2.1.33.1.9.8.0", default="3"),
    Command("load.off.delay", "1.3.6.1.2.1.33.1.8.2.0"),
    Command("load.on.delay", "1.3.6.1.2.1.33.1.8.3.0"),
)

MAPPINGS = (
    Mapping(
        "mge",
        "mge",
        "0.55",
        ROWS,
        commands=COMMANDS,
        system="1.3.6.1.4.1.705.1",
        test="1.3.6.1.4.1.705.1.1.1.0",
    ),
)
