"""What Powervar's devices mean by their HID paths."""

from services.driver.protocols.hid import lookups
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import STATUS, Poll, Quirks, Row, UsbId, Vendor
from services.driver.protocols.hid.usages import USAGES

ROWS = (
    # battery
    Row("battery.type", "UPS.PowerSummary.iDeviceChemistry", lookup=lookups.STRINGID),
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity"),
    Row("battery.capacity", "UPS.PowerSummary.FullChargeCapacity"),
    Row("battery.runtime", "UPS.PowerSummary.RuntimeToEmpty"),
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
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ShutdownImminent", lookup=lookups.SHUTDOWNIMM),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit", lookup=lookups.LOWBATT
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.Overload", lookup=lookups.OVERLOAD),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.NeedReplacement", lookup=lookups.REPLACEBATT),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.RemainingTimeLimitExpired",
        lookup=lookups.TIMELIMITEXPIRED,
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.InternalFailure", lookup=lookups.YES_NO),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.Good", lookup=lookups.YES_NO),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.OverTemperature", lookup=lookups.OVERHEAT),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.FullyCharged", lookup=lookups.FULLYCHARGED),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.FullyDischarged", lookup=lookups.DEPLETED),
)

COMMANDS = ()

VENDOR = Vendor(
    "powervar",
    version="Powervar HID 0.21",
    usages=Usages.of((("POWERVAR1", 0xFF000001),), USAGES),
    rows=ROWS,
    commands=COMMANDS,
    ids=(UsbId("4234", "0002"),),
    maker="Powervar",
    quirks=Quirks(interface=1),
)
