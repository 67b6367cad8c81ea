"""What Delta's devices mean by their HID paths."""

from services.driver.protocols.hid import conversions, delta_ups_values, lookups
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import (
    STATUS,
    Command,
    Lookup,
    Poll,
    Question,
    Row,
    UsbId,
    Vendor,
)
from services.driver.protocols.hid.usages import USAGES

_DELTA_UPS_SENSITIVITY = Lookup(
    "delta_ups_sensitivity",
    texts=(
        (0, "normal"),
        (1, "reduced"),
        (2, "low"),
    ),
)
_DELTA_UPS_OUTPUT_SOURCE = Lookup(
    "delta_ups_output_source",
    texts=(
        (0, "normal"),
        (1, "battery"),
        (2, "bypass/reserve"),
        (3, "reducing"),
        (4, "boosting"),
        (5, "manual bypass"),
        (6, "other"),
        (7, "no output"),
        (8, "on eco"),
    ),
)
_DELTA_UPS_TYPE = Lookup(
    "delta_ups_type",
    read=conversions.masked(
        0xF,
        (
            (0, "online"),
            (1, "offline"),
            (2, "line-interactive"),
            (3, "offline"),
            (4, "line-interactive"),
            (5, "3-phase"),
            (6, "split-phase"),
        ),
        None,
    ),
)

ROWS = (
    # input
    Row(
        "input.sensitivity",
        "UPS.DeltaCustom.[1].DeltaConfigSensitivity",
        lookup=_DELTA_UPS_SENSITIVITY,
        is_writable=True,
    ),
    Row(
        "input.voltage.nominal",
        "UPS.PowerSummary.Input.ConfigVoltage",
        form="%.1f",
        poll=Poll.SEMI_STATIC,
    ),
    Row("input.voltage", "UPS.PowerSummary.Input.Voltage", form="%.1f", poll=Poll.QUICK),
    Row("input.voltage", "UPS.PowerConverter.Input.Voltage", form="%.1f", poll=Poll.QUICK),
    Row(
        "input.transfer.low",
        "UPS.PowerConverter.Output.LowVoltageTransfer",
        form="%.1f",
        is_writable=True,
    ),
    Row(
        "input.transfer.high",
        "UPS.PowerConverter.Output.HighVoltageTransfer",
        form="%.1f",
        is_writable=True,
    ),
    Row(
        "input.transfer.low.min",
        "UPS.PowerConverter.Output.DeltaConfigTransferLowMin",
        form="%.1f",
        poll=Poll.STATIC,
    ),
    Row(
        "input.transfer.low.max",
        "UPS.PowerConverter.Output.DeltaConfigTransferLowMax",
        form="%.1f",
        poll=Poll.STATIC,
    ),
    Row(
        "input.transfer.high.min",
        "UPS.PowerConverter.Output.DeltaConfigTransferHighMin",
        form="%.1f",
        poll=Poll.STATIC,
    ),
    Row(
        "input.transfer.high.max",
        "UPS.PowerConverter.Output.DeltaConfigTransferHighMax",
        form="%.1f",
        poll=Poll.STATIC,
    ),
    Row(
        "input.source", "UPS.OutletSystem.Outlet.DeltaOutputSource", lookup=_DELTA_UPS_OUTPUT_SOURCE
    ),
    Row("input.frequency", "UPS.PowerConverter.Input.Frequency", form="%.1f", poll=Poll.QUICK),
    # battery
    Row(
        "battery.voltage.nominal",
        "UPS.BatterySystem.Battery.ConfigVoltage",
        form="%.1f",
        poll=Poll.STATIC,
    ),
    Row("battery.voltage", "UPS.BatterySystem.Battery.Voltage", form="%.1f", poll=Poll.QUICK),
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity", poll=Poll.QUICK),
    Row("battery.charge", "UPS.BatterySystem.Battery.RemainingCapacity"),
    Row(
        "battery.charge.low",
        "UPS.PowerSummary.RemainingCapacityLimit",
        poll=Poll.SEMI_STATIC,
        is_writable=True,
        is_text=True,
        length=5,
    ),
    Row("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit", poll=Poll.SEMI_STATIC),
    Row(
        "battery.temperature",
        "UPS.BatterySystem.Temperature",
        lookup=lookups.KELVIN_CELSIUS,
        poll=Poll.QUICK,
    ),
    Row("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty", poll=Poll.QUICK),
    Row(
        "battery.type",
        "UPS.PowerSummary.iDeviceChemistry",
        lookup=lookups.STRINGID,
        poll=Poll.STATIC,
    ),
    Row("battery.capacity", "UPS.PowerSummary.DesignCapacity", poll=Poll.SEMI_STATIC),
    Row("battery.capacity", "UPS.PowerSummary.FullChargeCapacity", poll=Poll.SEMI_STATIC),
    # output
    Row("output.voltage.nominal", "UPS.Flow.ConfigVoltage", form="%.1f", poll=Poll.SEMI_STATIC),
    Row("output.frequency.nominal", "UPS.Flow.ConfigFrequency", form="%.1f", poll=Poll.SEMI_STATIC),
    Row("output.voltage", "UPS.PowerConverter.Output.Voltage", form="%.1f", poll=Poll.QUICK),
    Row("output.frequency", "UPS.PowerConverter.Output.Frequency", form="%.1f", poll=Poll.QUICK),
    Row("output.current", "UPS.PowerConverter.Output.Current", form="%.1f", poll=Poll.QUICK),
    # ups
    Row(
        "ups.beeper.status",
        "UPS.PowerSummary.AudibleAlarmControl",
        lookup=lookups.BEEPER,
        poll=Poll.QUICK,
    ),
    Row("ups.test.result", "UPS.BatterySystem.Test", lookup=lookups.TEST_READ),
    Row("ups.type", "UPS.DeltaCustom.[1].DeltaUPSType", lookup=_DELTA_UPS_TYPE, poll=Poll.STATIC),
    Row(
        "ups.start.auto",
        "UPS.DeltaCustom.[1].DeltaConfigStartPowerRestore",
        lookup=lookups.YES_NO,
        is_writable=True,
    ),
    Row("ups.power.nominal", "UPS.Flow.ConfigApparentPower", poll=Poll.STATIC),
    Row("ups.realpower", "UPS.OutletSystem.Outlet.ActivePower", form="%.1f", poll=Poll.QUICK),
    Row("ups.realpower", "UPS.PowerConverter.Output.ActivePower", form="%.1f", poll=Poll.QUICK),
    Row("ups.load", "UPS.OutletSystem.Outlet.PercentLoad", form="%.1f", poll=Poll.QUICK),
    Row(
        "ups.delay.start",
        "UPS.OutletSystem.Outlet.DeltaConfigStartPowerRestoreDelay",
        is_writable=True,
    ),
    Row("ups.timer.start", "UPS.OutletSystem.Outlet.DelayBeforeStartup", poll=Poll.QUICK),
    Row("ups.timer.shutdown", "UPS.OutletSystem.Outlet.DelayBeforeShutdown", poll=Poll.QUICK),
    Row("ups.timer.reboot", "UPS.OutletSystem.Outlet.DelayBeforeReboot", poll=Poll.QUICK),
    # status words
    Row(STATUS, "UPS.PowerSummary.PresentStatus.Good", lookup=lookups.OFF, poll=Poll.QUICK),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.InternalFailure",
        lookup=lookups.COMMFAULT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.ShutdownImminent",
        lookup=lookups.SHUTDOWNIMM,
        poll=Poll.QUICK,
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ACPresent", lookup=lookups.ONLINE, poll=Poll.QUICK),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit",
        lookup=lookups.LOWBATT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.FullyCharged",
        lookup=lookups.FULLYCHARGED,
        poll=Poll.QUICK,
    ),
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
        "UPS.PowerSummary.PresentStatus.FullyDischarged",
        lookup=lookups.DEPLETED,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.NeedReplacement",
        lookup=lookups.REPLACEBATT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerConverter.PresentStatus.VoltageOutOfRange",
        lookup=lookups.VRANGE,
        poll=Poll.QUICK,
    ),
    Row(STATUS, "UPS.PowerConverter.PresentStatus.Buck", lookup=lookups.TRIM, poll=Poll.QUICK),
    Row(STATUS, "UPS.PowerConverter.PresentStatus.Boost", lookup=lookups.BOOST, poll=Poll.QUICK),
    Row(
        STATUS,
        "UPS.PowerConverter.PresentStatus.Overload",
        lookup=lookups.OVERLOAD,
        poll=Poll.QUICK,
    ),
    Row(STATUS, "UPS.PowerConverter.PresentStatus.Used", lookup=lookups.NOBATTERY, poll=Poll.QUICK),
    Row(
        STATUS,
        "UPS.PowerConverter.PresentStatus.OverTemperature",
        lookup=lookups.OVERHEAT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerConverter.PresentStatus.InternalFailure",
        lookup=lookups.COMMFAULT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerConverter.PresentStatus.AwaitingPower",
        lookup=lookups.AWAITINGPOWER,
        poll=Poll.QUICK,
    ),
)

COMMANDS = (
    Command("beeper.on", "UPS.PowerSummary.AudibleAlarmControl", value="2"),
    Command("beeper.off", "UPS.PowerSummary.AudibleAlarmControl", value="3"),
    Command("beeper.enable", "UPS.PowerSummary.AudibleAlarmControl", value="2"),
    Command("beeper.disable", "UPS.PowerSummary.AudibleAlarmControl", value="1"),
    Command("beeper.mute", "UPS.PowerSummary.AudibleAlarmControl", value="3"),
    Command("test.battery.start.quick", "UPS.BatterySystem.Test", value="1"),
    Command("test.battery.start.deep", "UPS.BatterySystem.Test", value="2"),
    Command("test.battery.stop", "UPS.BatterySystem.Test", value="3"),
    Command("load.on.delay", "UPS.OutletSystem.Outlet.DelayBeforeStartup", value="30"),
    Command("load.off.delay", "UPS.OutletSystem.Outlet.DelayBeforeShutdown", value="20"),
    Command("shutdown.stop", "UPS.OutletSystem.Outlet.DelayBeforeShutdown", value="-1"),
    Command("shutdown.reboot", "UPS.OutletSystem.Outlet.DelayBeforeReboot", value="10"),
)

VENDOR = Vendor(
    "delta_ups",
    version="Delta UPS HID 0.6",
    usages=Usages.of(
        (
            ("DELTA1", 0x00000000),
            ("DELTA2", 0xFF000055),
            ("DeltaCustom", 0xFFFF0010),
            ("DELTA4", 0xFFFF0056),
            ("DeltaConfigTransferLowMax", 0xFFFF0057),
            ("DeltaConfigTransferLowMin", 0xFFFF0058),
            ("DeltaConfigTransferHighMax", 0xFFFF0059),
            ("DeltaConfigTransferHighMin", 0xFFFF005A),
            ("DELTA9", 0xFFFF0060),
            ("DeltaConfigExternalBatteryPack", 0xFFFF0061),
            ("DELTA11", 0xFFFF0062),
            ("DELTA12", 0xFFFF0063),
            ("DELTA13", 0xFFFF0064),
            ("DELTA14", 0xFFFF0065),
            ("DELTA15", 0xFFFF0066),
            ("DELTA16", 0xFFFF0067),
            ("DELTA17", 0xFFFF0068),
            ("DeltaModelName", 0xFFFF0075),
            ("DELTA19", 0xFFFF0076),
            ("DeltaUPSType", 0xFFFF007C),
            ("DELTA21", 0xFFFF007D),
            ("DeltaConfigStartPowerRestoreDelay", 0xFFFF0081),
            ("DeltaOutputSource", 0xFFFF0091),
            ("DELTA24", 0xFFFF0092),
            ("DELTA25", 0xFFFF0093),
            ("DELTA26", 0xFFFF0094),
            ("DELTA27", 0xFFFF0095),
            ("DELTA28", 0xFFFF0096),
            ("DELTA29", 0xFFFF0097),
            ("DELTA30", 0xFFFF0098),
            ("DELTA31", 0xFFFF0099),
            ("DELTA32", 0xFFFF009A),
            ("DeltaConfigSensitivity", 0xFFFF009B),
            ("DeltaConfigStartPowerRestore", 0xFFFF009C),
        ),
        USAGES,
    ),
    rows=ROWS,
    commands=COMMANDS,
    ids=(UsbId("05dd", "041b"),),
    maker="Delta",
    questions=(Question(delta_ups_values.MODEL),),
    identify=delta_ups_values.identify,
)
