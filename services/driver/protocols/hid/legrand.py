"""What Legrand's devices mean by their HID paths."""

from services.driver.protocols.hid import conversions, lookups
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

_LEGRAND_TIMES1M = Lookup("legrand_times1m", read=conversions.scaled(1000000.0, "%.1f"))
_LEGRAND_TIMES10 = Lookup("legrand_times10", read=conversions.scaled(10, "%.1f"))
_LEGRAND_TIMES100K = Lookup("legrand_times100k", read=conversions.scaled(100000.0, "%.1f"))
_LEGRAND_TIMES10M = Lookup("legrand_times10m", read=conversions.scaled(10000000.0, "%.1f"))

ROWS = (
    # input
    Row("input.voltage", "UPS.Input.Voltage"),
    Row("input.voltage", "UPS.PowerConverter.Input.Voltage", lookup=_LEGRAND_TIMES1M),
    Row("input.transfer.high", "UPS.Input.HighVoltageTransfer", poll=Poll.STATIC),
    Row(
        "input.transfer.high",
        "UPS.PowerConverter.Output.HighVoltageTransfer",
        lookup=_LEGRAND_TIMES10,
        poll=Poll.STATIC,
    ),
    Row("input.transfer.low", "UPS.Input.LowVoltageTransfer", poll=Poll.STATIC),
    Row("input.transfer.low", "UPS.PowerConverter.Output.LowVoltageTransfer", poll=Poll.STATIC),
    Row("input.voltage.nominal", "UPS.Input.ConfigVoltage", poll=Poll.STATIC),
    Row("input.voltage.nominal", "UPS.Flow.ConfigVoltage", poll=Poll.STATIC),
    # battery
    Row(
        "battery.voltage.nominal",
        "UPS.PowerSummary.ConfigVoltage",
        lookup=lookups.DIVIDE_BY_10,
        poll=Poll.STATIC,
    ),
    Row("battery.voltage.nominal", "UPS.BatterySystem.Battery.ConfigVoltage", poll=Poll.STATIC),
    Row("battery.voltage", "UPS.PowerSummary.Voltage", lookup=lookups.DIVIDE_BY_10),
    Row("battery.voltage", "UPS.BatterySystem.Battery.Voltage", lookup=_LEGRAND_TIMES100K),
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity"),
    Row("battery.runtime", "UPS.PowerSummary.RuntimeToEmpty"),
    Row("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit", poll=Poll.STATIC),
    Row("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimit", poll=Poll.STATIC),
    # output
    Row("output.voltage", "UPS.Output.Voltage"),
    Row("output.voltage", "UPS.PowerConverter.Output.Voltage", lookup=_LEGRAND_TIMES10M),
    Row("output.frequency", "UPS.Output.Frequency"),
    # ups
    Row("ups.load", "UPS.Output.PercentLoad"),
    Row("ups.load", "UPS.OutletSystem.Outlet.PercentLoad"),
    Row("ups.realpower.nominal", "UPS.Output.ConfigActivePower", poll=Poll.STATIC),
    Row("ups.realpower.nominal", "UPS.Flow.ConfigApparentPower", poll=Poll.STATIC),
    # status words
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ACPresent", lookup=lookups.ONLINE, poll=Poll.QUICK),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit",
        lookup=lookups.LOWBATT,
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
    Row(STATUS, "UPS.Output.Overload", lookup=lookups.OVERLOAD, poll=Poll.QUICK),
    # ups
    Row(
        "ups.delay.shutdown",
        "UPS.OutletSystem.Outlet.DelayBeforeShutdown",
        form="20",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row(
        "ups.delay.start",
        "UPS.OutletSystem.Outlet.DelayBeforeStartup",
        form="30",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row(
        "ups.delay.shutdown",
        "UPS.Output.DelayBeforeShutdown",
        form="20",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row(
        "ups.delay.start",
        "UPS.Output.DelayBeforeStartup",
        form="30",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=10,
    ),
)

COMMANDS = (
    Command("load.off.delay", "UPS.OutletSystem.Outlet.DelayBeforeShutdown", value="20"),
    Command("load.on.delay", "UPS.OutletSystem.Outlet.DelayBeforeStartup", value="30"),
    Command("load.off.delay", "UPS.Output.DelayBeforeShutdown", value="20"),
    Command("load.on.delay", "UPS.Output.DelayBeforeStartup", value="30"),
    Command("test.battery.start.quick", "UPS.BatterySystem.Battery.Test", value="1"),
    Command("test.battery.start.deep", "UPS.BatterySystem.Battery.Test", value="2"),
    Command("test.battery.stop", "UPS.BatterySystem.Battery.Test", value="3"),
    Command("test.battery.start.quick", "UPS.Output.Test", value="1"),
    Command("test.battery.start.deep", "UPS.Output.Test", value="2"),
    Command("test.battery.stop", "UPS.Output.Test", value="3"),
    Command("beeper.enable", "UPS.PowerSummary.AudibleAlarmControl", value="2"),
    Command("beeper.disable", "UPS.PowerSummary.AudibleAlarmControl", value="3"),
)

VENDOR = Vendor(
    "legrand",
    version="Legrand HID 0.2",
    usages=Usages.of(USAGES),
    rows=ROWS,
    commands=COMMANDS,
    ids=(
        UsbId("1cb0", "0038"),
        UsbId("1cb0", "0032"),
    ),
    maker="Legrand",
    special={
        UsbId("1cb0", "0038"): Quirks(has_interrupts=False),
        UsbId("1cb0", "0032"): Quirks(has_interrupts=False),
    },
)
