"""What Salicru's devices mean by their HID paths."""

from services.driver.protocols.hid import lookups
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import STATUS, Command, Poll, Row, UsbId, Vendor
from services.driver.protocols.hid.usages import USAGES

ROWS = (
    # battery
    Row("battery.type", "UPS.PowerSummary.iDeviceChemistry", lookup=lookups.STRINGID),
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity"),
    Row("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit"),
    Row(
        "battery.charge.low",
        "UPS.PowerSummary.RemainingCapacityLimit",
        poll=Poll.SEMI_STATIC,
        is_writable=True,
        is_text=True,
        length=10,
    ),
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
    Row("battery.voltage", "UPS.PowerSummary.Voltage", form="%.2f"),
    # ups
    Row("ups.load", "UPS.Output.PercentLoad"),
    Row("ups.beeper.status", "UPS.PowerSummary.AudibleAlarmControl", lookup=lookups.BEEPER),
    Row("ups.test.result", "UPS.Output.Test", lookup=lookups.TEST_READ),
    Row("ups.realpower.nominal", "UPS.Output.ConfigActivePower"),
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
    Row(STATUS, "UPS.Output.CommunicationLost", lookup=lookups.COMMFAULT),
    Row(STATUS, "UPS.Output.Boost", lookup=lookups.BOOST),
    Row(STATUS, "UPS.Output.Overload", lookup=lookups.OVERLOAD),
    # input
    Row("input.frequency", "UPS.Input.Frequency", form="%.1f"),
    Row("input.voltage.nominal", "UPS.Input.ConfigVoltage"),
    Row("input.voltage", "UPS.Input.Voltage", form="%.1f"),
    Row("input.transfer.high", "UPS.PowerConverter.Output.HighVoltageTransfer", poll=Poll.STATIC),
    Row("input.transfer.low", "UPS.PowerConverter.Output.LowVoltageTransfer", poll=Poll.STATIC),
    # output
    Row("output.frequency", "UPS.Output.Frequency", form="%.1f"),
    Row("output.voltage", "UPS.Output.Voltage", form="%.1f"),
    Row("output.voltage.nominal", "UPS.Output.ConfigVoltage"),
    # ups
    Row("ups.load", "UPS.PowerSummary.PercentLoad"),
    Row("ups.test.result", "UPS.BatterySystem.Battery.Test", lookup=lookups.TEST_READ),
    Row("ups.realpower.nominal", "UPS.Flow.[4].ConfigActivePower"),
    Row("ups.realpower", "UPS.PowerConverter.Output.ActivePower"),
    # status words
    Row(STATUS, "UPS.PowerSummary.PresentStatus.Overload", lookup=lookups.OVERLOAD),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.OverTemperature", lookup=lookups.OVERHEAT),
    # input
    Row("input.frequency", "UPS.PowerConverter.Input.[1].Frequency", form="%.1f"),
    Row("input.voltage", "UPS.PowerConverter.Input.[1].Voltage", form="%.1f"),
    # output
    Row("output.frequency", "UPS.PowerConverter.Output.Frequency", form="%.1f"),
    Row("output.voltage", "UPS.PowerConverter.Output.Voltage", form="%.1f"),
    Row("output.voltage.nominal", "UPS.PowerSummary.ConfigVoltage"),
    Row("ups.test.result", "UPS.BatterySystem.Battery.Test", lookup=lookups.TEST_READ),
)

COMMANDS = (
    Command("test.battery.start.quick", "UPS.BatterySystem.Battery.Test", value="1"),
    Command("test.battery.start.deep", "UPS.BatterySystem.Battery.Test", value="2"),
    Command("test.battery.stop", "UPS.BatterySystem.Battery.Test", value="3"),
)

VENDOR = Vendor(
    "salicru",
    version="Salicru HID 0.4",
    usages=Usages.of(USAGES),
    rows=ROWS,
    commands=COMMANDS,
    ids=(
        UsbId("2e66", "0101"),
        UsbId("2e66", "0201"),
        UsbId("2e66", "0202"),
        UsbId("2e66", "0203"),
        UsbId("2e66", "0300"),
        UsbId("2e66", "0302"),
    ),
    maker="Salicru",
)
