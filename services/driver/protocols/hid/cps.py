"""What CyberPower's devices mean by their HID paths."""

from services.driver.protocols.hid import conversions, cps_values, lookups, repairs
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import (
    STATUS,
    Command,
    Lookup,
    Poll,
    Quirks,
    Row,
    UsbId,
    Vendor,
)
from services.driver.protocols.hid.usages import USAGES

_CPS_BATTCHARGE = Lookup("cps_battcharge", read=conversions.at_most(100, "%.0f"))
_CPS_BATTVOLT = Lookup("cps_battvolt", read=cps_values.battery_voltage)
_CPS_BATTSTATUS = Lookup("cps_battstatus", read=conversions.percent)
_CPS_INPUT_FREQ = Lookup("cps_input_freq", read=cps_values.input_frequency)
_CPS_SENSITIVITY = Lookup(
    "cps_sensitivity",
    texts=(
        (0, "low"),
        (1, "normal"),
        (2, "high"),
    ),
)
_CPS_OUTPUT_FREQ = Lookup("cps_output_freq", read=cps_values.output_frequency)

ROWS = (
    # battery
    Row("battery.type", "UPS.PowerSummary.iDeviceChemistry", lookup=lookups.STRINGID),
    Row(
        "battery.mfr.date",
        "UPS.Battery.ManufacturerDate",
        lookup=lookups.DATE,
        poll=Poll.SEMI_STATIC,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row("battery.mfr.date", "UPS.PowerSummary.iOEMInformation", lookup=lookups.STRINGID),
    Row("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit"),
    Row(
        "battery.charge.low",
        "UPS.PowerSummary.RemainingCapacityLimit",
        poll=Poll.SEMI_STATIC,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity", lookup=_CPS_BATTCHARGE),
    Row("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty"),
    Row(
        "battery.runtime.low",
        "UPS.PowerSummary.RemainingTimeLimit",
        poll=Poll.SEMI_STATIC,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row("battery.voltage.nominal", "UPS.PowerSummary.ConfigVoltage"),
    Row("battery.voltage", "UPS.PowerSummary.Voltage", lookup=_CPS_BATTVOLT),
    Row("battery.status", "UPS.PowerSummary.FullChargeCapacity", lookup=_CPS_BATTSTATUS),
    # ups
    Row("ups.load", "UPS.Output.PercentLoad"),
    Row("ups.beeper.status", "UPS.PowerSummary.AudibleAlarmControl", lookup=lookups.BEEPER),
    Row("ups.test.result", "UPS.Output.Test", lookup=lookups.TEST_READ),
    Row("ups.power", "UPS.Output.ApparentPower"),
    Row("ups.power.nominal", "UPS.Output.ConfigApparentPower"),
    Row("ups.realpower", "UPS.Output.ActivePower"),
    Row("ups.realpower.nominal", "UPS.Output.ConfigActivePower"),
    Row(
        "ups.delay.start",
        "UPS.Output.DelayBeforeStartup",
        form="120",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row(
        "ups.delay.shutdown",
        "UPS.Output.DelayBeforeShutdown",
        form="60",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row("ups.timer.start", "UPS.Output.DelayBeforeStartup", poll=Poll.QUICK),
    Row("ups.timer.shutdown", "UPS.Output.DelayBeforeShutdown", poll=Poll.QUICK),
    Row("ups.timer.reboot", "UPS.Output.DelayBeforeReboot", poll=Poll.QUICK),
    Row(
        "ups.firmware",
        "UPS.PowerSummary.CPSFirmwareVersion",
        lookup=lookups.STRINGID,
        poll=Poll.STATIC,
    ),
    Row("ups.temperature", "UPS.PowerSummary.Temperature", lookup=lookups.KELVIN_CELSIUS),
    # status words
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ACPresent", lookup=lookups.ONLINE, poll=Poll.QUICK),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.Charging", lookup=lookups.CHARGING, poll=Poll.QUICK
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.Discharging",
        lookup=lookups.DISCHARGING,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit",
        lookup=lookups.LOWBATT,
        poll=Poll.QUICK,
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.FullyCharged", lookup=lookups.FULLYCHARGED),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.RemainingTimeLimitExpired",
        lookup=lookups.TIMELIMITEXPIRED,
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.NeedReplacement", lookup=lookups.REPLACEBATT),
    Row(STATUS, "UPS.Output.Boost", lookup=lookups.BOOST),
    Row(STATUS, "UPS.Output.Overload", lookup=lookups.OVERLOAD),
    # input
    Row("input.frequency", "UPS.Input.Frequency", lookup=_CPS_INPUT_FREQ),
    Row("input.voltage.nominal", "UPS.Input.ConfigVoltage"),
    Row("input.voltage", "UPS.Input.Voltage", form="%.1f"),
    Row(
        "input.transfer.low",
        "UPS.Input.LowVoltageTransfer",
        poll=Poll.SEMI_STATIC,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row(
        "input.transfer.high",
        "UPS.Input.HighVoltageTransfer",
        poll=Poll.SEMI_STATIC,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row(
        "input.transfer.low",
        "UPS.Output.LowVoltageTransfer",
        poll=Poll.SEMI_STATIC,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row(
        "input.transfer.high",
        "UPS.Output.HighVoltageTransfer",
        poll=Poll.SEMI_STATIC,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row(
        "input.sensitivity",
        "UPS.Output.CPSInputSensitivity",
        lookup=_CPS_SENSITIVITY,
        poll=Poll.SEMI_STATIC,
        is_writable=True,
        is_text=True,
        is_enumerated=True,
    ),
    # output
    Row("output.frequency", "UPS.Output.Frequency", lookup=_CPS_OUTPUT_FREQ),
    Row("output.voltage", "UPS.Output.Voltage", form="%.1f"),
    Row("output.voltage.nominal", "UPS.Output.ConfigVoltage"),
)

COMMANDS = (
    Command("test.battery.start.quick", "UPS.Output.Test", value="1"),
    Command("test.battery.start.deep", "UPS.Output.Test", value="2"),
    Command("test.battery.stop", "UPS.Output.Test", value="3"),
    Command("load.off.delay", "UPS.Output.DelayBeforeShutdown", value="60"),
    Command("load.on.delay", "UPS.Output.DelayBeforeStartup", value="120"),
    Command("shutdown.stop", "UPS.Output.DelayBeforeShutdown", value="-1"),
    Command("shutdown.reboot", "UPS.Output.DelayBeforeReboot", value="10"),
    Command("beeper.on", "UPS.PowerSummary.AudibleAlarmControl", value="2"),
    Command("beeper.off", "UPS.PowerSummary.AudibleAlarmControl", value="3"),
    Command("beeper.enable", "UPS.PowerSummary.AudibleAlarmControl", value="2"),
    Command("beeper.disable", "UPS.PowerSummary.AudibleAlarmControl", value="1"),
    Command("beeper.mute", "UPS.PowerSummary.AudibleAlarmControl", value="3"),
)

VENDOR = Vendor(
    "cps",
    version="CyberPower HID 0.85",
    usages=Usages.of(
        (
            ("CPSFirmwareVersion", 0xFF0100D0),
            ("CPSInputSensitivity", 0xFF010043),
        ),
        USAGES,
    ),
    rows=ROWS,
    commands=COMMANDS,
    ids=(
        UsbId("0764", "0005"),
        UsbId("0764", "0501"),
        UsbId("0764", "0601"),
        UsbId("0483", "a430"),
    ),
    maker="CPS",
    repairs=(
        repairs.cps_voltages,
        repairs.cps_power,
    ),
    special={
        UsbId("0764", "0501"): Quirks(factors={cps_values.DOUBTFUL: 1.0}),
    },
    full_poll=12.0,
)
