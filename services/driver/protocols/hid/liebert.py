"""What Phoenixtec's and their partners' devices mean by their HID paths."""

from services.driver.protocols.hid import lookups
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import STATUS, Command, Poll, Row, UsbId, Vendor
from services.driver.protocols.hid.usages import USAGES

ROWS = (
    # battery
    Row("battery.voltage", "UPS.PowerSummary.Voltage", form="%.2f"),
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity"),
    # experimental
    Row("experimental.battery.capacity", "UPS.PowerSummary.FullChargeCapacity"),
    Row("experimental.battery.capacity.nominal", "UPS.PowerSummary.DesignCapacity"),
    # battery
    Row("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty"),
    Row("battery.type", "UPS.PowerSummary.iDeviceChemistry", lookup=lookups.STRINGID),
    # ups
    Row("ups.load", "UPS.PowerSummary.PercentLoad"),
    Row("ups.power.nominal", "UPS.Flow.[4].ConfigApparentPower", poll=Poll.SEMI_STATIC),
    Row("ups.test.result", "UPS.BatterySystem.Battery.Test", lookup=lookups.TEST_READ),
    Row(
        "ups.beeper.status",
        "UPS.PowerSummary.AudibleAlarmControl",
        lookup=lookups.BEEPER,
        poll=Poll.SEMI_STATIC,
    ),
    # output
    Row("output.voltage", "UPS.PowerConverter.Output.Voltage", form="%.1f"),
    Row("output.voltage.nominal", "UPS.Flow.[4].ConfigVoltage", poll=Poll.SEMI_STATIC),
    Row("output.frequency", "UPS.PowerConverter.Output.Frequency", form="%.2f"),
    Row("output.frequency.nominal", "UPS.Flow.[4].ConfigFrequency", poll=Poll.SEMI_STATIC),
    Row(
        "output.transfer.high",
        "UPS.PowerConverter.Output.HighVoltageTransfer",
        form="%.1f",
        poll=Poll.SEMI_STATIC,
    ),
    Row(
        "output.transfer.low",
        "UPS.PowerConverter.Output.LowVoltageTransfer",
        form="%.1f",
        poll=Poll.SEMI_STATIC,
    ),
    # input
    Row("input.voltage", "UPS.PowerConverter.Input.[1].Voltage", form="%.1f"),
    Row("input.frequency", "UPS.PowerConverter.Input.[1].Frequency", form="%.2f"),
    Row("input.transfer.low", "UPS.PowerConverter.Output.ffff0057", poll=Poll.SEMI_STATIC),
    Row("input.transfer.high", "UPS.PowerConverter.Output.ffff0058", poll=Poll.SEMI_STATIC),
    Row(
        "input.frequency.transfer.low", "UPS.PowerConverter.Output.ffff00f9", poll=Poll.SEMI_STATIC
    ),
    Row(
        "input.frequency.transfer.high", "UPS.PowerConverter.Output.ffff00f8", poll=Poll.SEMI_STATIC
    ),
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
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.Overload", lookup=lookups.OVERLOAD, poll=Poll.QUICK
    ),
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
    Row(STATUS, "UPS.PowerConverter.Input.[1].PresentStatus.Buck", lookup=lookups.TRIM),
    Row(STATUS, "UPS.PowerConverter.Input.[1].PresentStatus.Boost", lookup=lookups.BOOST),
    # ups
    Row(
        "ups.delay.start",
        "UPS.PowerSummary.DelayBeforeStartup",
        form="30",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row(
        "ups.delay.shutdown",
        "UPS.PowerSummary.DelayBeforeShutdown",
        form="20",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=10,
    ),
)

COMMANDS = (
    Command("test.battery.start", "UPS.BatterySystem.Battery.Test", value="1"),
    Command("load.off.delay", "UPS.PowerSummary.DelayBeforeShutdown", value="20"),
    Command("load.on.delay", "UPS.PowerSummary.DelayBeforeStartup", value="30"),
    Command("shutdown.stop", "UPS.PowerSummary.DelayBeforeShutdown", value="-1"),
    Command("beeper.toggle", "UPS.PowerSummary.AudibleAlarmControl", value="1"),
)

VENDOR = Vendor(
    "liebert",
    version="Phoenixtec/Liebert HID 0.41",
    usages=Usages.of(USAGES),
    rows=ROWS,
    commands=COMMANDS,
    ids=(UsbId("06da", "ffff"),),
    maker="Liebert",
)
