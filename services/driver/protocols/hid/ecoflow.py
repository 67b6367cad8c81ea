"""What EcoFlow's devices mean by their HID paths."""

from services.driver.protocols.hid import ecoflow_values, lookups
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import STATUS, Lookup, Poll, Row, UsbId, Vendor
from services.driver.protocols.hid.usages import USAGES

_ECOFLOW_RUNTIME = Lookup("ecoflow_runtime", read=ecoflow_values.runtime)

ROWS = (
    # ups
    Row(
        "ups.beeper.status",
        "UPS.PowerSummary.AudibleAlarmControl",
        lookup=lookups.BEEPER,
        poll=Poll.QUICK,
    ),
    Row("ups.power.nominal", "UPS.Flow.[4].ConfigActivePower", poll=Poll.STATIC),
    Row(
        "battery.voltage.nominal",
        "UPS.PowerSummary.ConfigVoltage",
        form="%.1f",
        poll=Poll.SEMI_STATIC,
    ),
    # ups
    Row("ups.timer.reboot", "UPS.OutletSystem.Outlet.DelayBeforeReboot", poll=Poll.QUICK),
    Row("ups.timer.shutdown", "UPS.OutletSystem.Outlet.DelayBeforeShutdown", poll=Poll.QUICK),
    # battery
    Row("battery.capacity.nominal", "UPS.PowerSummary.DesignCapacity", poll=Poll.SEMI_STATIC),
    Row("battery.capacity", "UPS.PowerSummary.FullChargeCapacity", poll=Poll.SEMI_STATIC),
    Row(
        "battery.type",
        "UPS.PowerSummary.iDeviceChemistry",
        lookup=lookups.STRINGID,
        poll=Poll.STATIC,
    ),
    Row(
        "experimental.ups.powersummary.ioeminformation",
        "UPS.PowerSummary.iOEMInformation",
        lookup=lookups.STRINGID,
        poll=Poll.STATIC,
    ),
    Row("ups.mfr.date", "UPS.PowerSummary.ManufacturerDate", lookup=lookups.DATE),
    # status words
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ACPresent", lookup=lookups.ONLINE, poll=Poll.QUICK),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.BatteryPresent",
        lookup=lookups.NOBATTERY,
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
        "UPS.PowerSummary.PresentStatus.CommunicationLost",
        lookup=lookups.COMMFAULT,
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
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.NeedReplacement",
        lookup=lookups.REPLACEBATT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.Overload", lookup=lookups.OVERLOAD, poll=Poll.QUICK
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.RemainingTimeLimitExpired",
        lookup=lookups.TIMELIMITEXPIRED,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.ShutdownImminent",
        lookup=lookups.SHUTDOWNIMM,
        poll=Poll.QUICK,
    ),
    # experimental
    Row(
        "experimental.ups.powersummary.presentstatus.shutdownrequested",
        "UPS.PowerSummary.PresentStatus.ShutdownRequested",
    ),
    Row(
        "experimental.ups.powersummary.presentstatus.voltagenotregulated",
        "UPS.PowerSummary.PresentStatus.VoltageNotRegulated",
    ),
    Row("experimental.ups.powersummary.rechargeable", "UPS.PowerSummary.Rechargeable"),
    # battery
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity", poll=Poll.QUICK),
    Row(
        "battery.charge.low",
        "UPS.PowerSummary.RemainingCapacityLimit",
        poll=Poll.SEMI_STATIC,
        is_writable=True,
        is_text=True,
        length=5,
    ),
    Row("battery.runtime.low", "UPS.PowerSummary.RemainingTimeLimit", poll=Poll.SEMI_STATIC),
    Row(
        "battery.runtime",
        "UPS.PowerSummary.RunTimeToEmpty",
        lookup=_ECOFLOW_RUNTIME,
        poll=Poll.QUICK,
    ),
    Row("battery.voltage", "UPS.PowerSummary.Voltage", form="%.1f", poll=Poll.QUICK),
    Row("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit", poll=Poll.SEMI_STATIC),
)

COMMANDS = ()

VENDOR = Vendor(
    "ecoflow",
    version="EcoFlow HID 0.01",
    usages=Usages.of(USAGES),
    rows=ROWS,
    commands=COMMANDS,
    ids=(UsbId("3746", "ffff"),),
    maker="EcoFlow",
)
