"""What Arduino's devices mean by their HID paths."""

from services.driver.protocols.hid import lookups
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import STATUS, Command, Poll, Quirks, Row, UsbId, Vendor
from services.driver.protocols.hid.usages import USAGES

ROWS = (
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
    Row("ups.timer.start", "UPS.PowerSummary.DelayBeforeStartup", poll=Poll.QUICK),
    Row("ups.timer.shutdown", "UPS.PowerSummary.DelayBeforeShutdown", poll=Poll.QUICK),
    Row("ups.timer.reboot", "UPS.PowerSummary.DelayBeforeReboot", poll=Poll.QUICK),
    # battery
    Row(
        "battery.type",
        "UPS.PowerSummary.iDeviceChemistry",
        lookup=lookups.STRINGID,
        poll=Poll.STATIC,
    ),
    Row("battery.voltage.nominal", "UPS.PowerSummary.ConfigVoltage", form="%.2f", poll=Poll.QUICK),
    Row("battery.voltage", "UPS.PowerSummary.Voltage", form="%.2f", poll=Poll.QUICK),
    Row("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty", poll=Poll.QUICK),
    Row("battery.runtime.low", "UPS.PowerSummary.RemainingTimeLimit", poll=Poll.SEMI_STATIC),
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity"),
    Row("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimit", poll=Poll.SEMI_STATIC),
    Row("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit", poll=Poll.SEMI_STATIC),
    Row("ups.load", "UPS.PowerSummary.PercentLoad"),
    Row("input.voltage", "UPS.PowerConverter.Input.[1].Voltage", form="%.1f"),
    Row("output.voltage", "UPS.PowerConverter.Output.Voltage", form="%.1f"),
    # status words
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ACPresent", lookup=lookups.ONLINE, poll=Poll.QUICK),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.Discharging",
        lookup=lookups.DISCHARGING,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.Charging", lookup=lookups.CHARGING, poll=Poll.QUICK
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.NeedReplacement", lookup=lookups.REPLACEBATT),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ShutdownImminent", lookup=lookups.SHUTDOWNIMM),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit",
        lookup=lookups.LOWBATT,
        poll=Poll.QUICK,
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.Overload", lookup=lookups.OVERLOAD),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.RemainingTimeLimitExpired",
        lookup=lookups.TIMELIMITEXPIRED,
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.BatteryPresent", lookup=lookups.NOBATTERY),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.FullyCharged",
        lookup=lookups.FULLYCHARGED,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.FullyDischarged",
        lookup=lookups.DEPLETED,
        poll=Poll.QUICK,
    ),
)

COMMANDS = (
    Command("load.off.delay", "UPS.PowerSummary.DelayBeforeShutdown", value="20"),
    Command("load.on.delay", "UPS.PowerSummary.DelayBeforeStartup", value="30"),
    Command("shutdown.stop", "UPS.PowerSummary.DelayBeforeShutdown", value="-1"),
    Command("shutdown.reboot", "UPS.PowerSummary.DelayBeforeReboot", value="10"),
)

VENDOR = Vendor(
    "arduino",
    version="Arduino HID 0.22",
    usages=Usages.of(USAGES),
    rows=ROWS,
    commands=COMMANDS,
    ids=(
        UsbId("2341", "0036"),
        UsbId("2341", "8036"),
        UsbId("2a03", "0036"),
        UsbId("2a03", "8036"),
        UsbId("2a03", "0040"),
        UsbId("2a03", "8040"),
    ),
    maker="Arduino",
    quirks=Quirks(endpoint_in=4, endpoint_out=5, interface=2),
)
