"""What Mini-Box's openUPS devices mean by their HID paths."""

from services.driver.protocols.hid import conversions, lookups, openups_values
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import STATUS, Lookup, Poll, Quirks, Row, UsbId, Vendor
from services.driver.protocols.hid.usages import USAGES

_OPENUPS_TEMPERATURE = Lookup("openups_temperature", read=openups_values.temperature)
_OPENUPS_VOUT = Lookup("openups_vout", read=conversions.factored("vout", "%.2f"))
_OPENUPS_CDISCHARGE = Lookup("openups_cdischarge", read=conversions.factored("cdischarge", "%.3f"))
_OPENUPS_VIN = Lookup("openups_vin", read=conversions.factored("vin", "%.2f"))
_OPENUPS_CCHARGE = Lookup("openups_ccharge", read=conversions.factored("ccharge", "%.3f"))
_OPENUPS_OFF = Lookup("openups_off", read=conversions.flag("!off"))
_OPENUPS_CHARGING = Lookup("openups_charging", read=conversions.flag("chrg"))
_OPENUPS_DISCHARGING = Lookup("openups_discharging", read=conversions.flag("dischrg"))
_OPENUPS_ONLINE = Lookup("openups_online", read=conversions.flag("online"))

ROWS = (
    Row("ups.serial", "UPS.PowerSummary.iSerialNumber", lookup=lookups.STRINGID),
    # battery
    Row(
        "battery.type",
        "UPS.PowerSummary.iDeviceChemistry",
        lookup=lookups.STRINGID,
        poll=Poll.STATIC,
    ),
    Row(
        "battery.mfr.date",
        "UPS.PowerSummary.iOEMInformation",
        lookup=lookups.STRINGID,
        poll=Poll.STATIC,
    ),
    Row("battery.voltage", "UPS.PowerSummary.Voltage", form="%.2f", poll=Poll.QUICK),
    Row("battery.current", "UPS.PowerSummary.Current", form="%.3f", poll=Poll.QUICK),
    Row("battery.capacity", "UPS.PowerSummary.DesignCapacity", poll=Poll.STATIC),
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity", poll=Poll.QUICK),
    Row("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimit", poll=Poll.QUICK),
    Row("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit"),
    Row("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty", poll=Poll.QUICK),
    Row(
        "battery.temperature",
        "UPS.PowerSummary.Temperature",
        lookup=_OPENUPS_TEMPERATURE,
        poll=Poll.QUICK,
    ),
    # output
    Row("output.voltage", "UPS.PowerSummary.Output.Voltage", lookup=_OPENUPS_VOUT, poll=Poll.QUICK),
    Row(
        "output.current",
        "UPS.PowerSummary.Output.Current",
        lookup=_OPENUPS_CDISCHARGE,
        poll=Poll.QUICK,
    ),
    # input
    Row("input.voltage", "UPS.PowerSummary.Input.Voltage", lookup=_OPENUPS_VIN, poll=Poll.QUICK),
    Row(
        "input.current", "UPS.PowerSummary.Input.Current", lookup=_OPENUPS_CCHARGE, poll=Poll.QUICK
    ),
    # status words
    Row(STATUS, "UPS.PowerSummary.PresentStatus.Good", lookup=_OPENUPS_OFF, poll=Poll.QUICK),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.InternalFailure",
        lookup=lookups.COMMFAULT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.Overload", lookup=lookups.OVERLOAD, poll=Poll.QUICK
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.OverTemperature",
        lookup=lookups.OVERHEAT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.ShutdownImminent",
        lookup=lookups.SHUTDOWNIMM,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit",
        lookup=lookups.LOWBATT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.RemainingTimeLimitExpired",
        lookup=lookups.TIMELIMITEXPIRED,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.Charging", lookup=_OPENUPS_CHARGING, poll=Poll.QUICK
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.Discharging",
        lookup=_OPENUPS_DISCHARGING,
        poll=Poll.QUICK,
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.NeedReplacement", lookup=lookups.REPLACEBATT),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.ACPresent", lookup=_OPENUPS_ONLINE, poll=Poll.QUICK
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.BatteryPresent",
        lookup=lookups.NOBATTERY,
        poll=Poll.QUICK,
    ),
)

COMMANDS = ()

VENDOR = Vendor(
    "openups",
    version="openUPS HID 0.50",
    usages=Usages.of(
        (
            ("Cell1", 0x00000001),
            ("Cell2", 0x00000002),
            ("Cell3", 0x00000003),
            ("Cell4", 0x00000004),
            ("Cell5", 0x00000005),
            ("Cell6", 0x00000006),
        ),
        USAGES,
    ),
    rows=ROWS,
    commands=COMMANDS,
    ids=(
        UsbId("04d8", "d004"),
        UsbId("04d8", "d005"),
    ),
    maker="openUPS",
    special={
        UsbId("04d8", "d004"): Quirks(
            factors={"vin": 3.545, "vout": 2.571, "ccharge": 0.08274, "cdischarge": 1.6113}
        ),
        UsbId("04d8", "d005"): Quirks(
            factors={"vin": 0.1, "vout": 0.1, "ccharge": 0.1, "cdischarge": 0.1}
        ),
    },
)
