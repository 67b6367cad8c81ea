"""What iDowell's and GoldenMate's devices mean by their HID paths."""

from services.driver.protocols.hid import lookups, repairs
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import (
    STATUS,
    Command,
    Match,
    Named,
    Poll,
    Row,
    UsbId,
    Vendor,
)
from services.driver.protocols.hid.usages import USAGES

ROWS = (
    # status words
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ACPresent", lookup=lookups.ONLINE, poll=Poll.QUICK),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.BatteryPresent", lookup=lookups.NOBATTERY),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit",
        lookup=lookups.LOWBATT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.Charging", lookup=lookups.CHARGING, poll=Poll.QUICK
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.CommunicationLost", lookup=lookups.COMMFAULT),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.Discharging",
        lookup=lookups.DISCHARGING,
        poll=Poll.QUICK,
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.Good", lookup=lookups.OFF),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.InternalFailure", lookup=lookups.COMMFAULT),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.NeedReplacement", lookup=lookups.REPLACEBATT),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.Overload", lookup=lookups.OVERLOAD),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ShutdownImminent", lookup=lookups.SHUTDOWNIMM),
    # device
    Row("device.mfr", "UPS.PowerSummary.iManufacturer", lookup=lookups.STRINGID, poll=Poll.STATIC),
    Row("device.model", "UPS.PowerSummary.iProduct", lookup=lookups.STRINGID, poll=Poll.STATIC),
    Row(
        "device.serial", "UPS.PowerSummary.iSerialNumber", lookup=lookups.STRINGID, poll=Poll.STATIC
    ),
    # battery
    Row("battery.capacity.design", "UPS.PowerSummary.DesignCapacity", poll=Poll.STATIC),
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity"),
    Row("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimit", poll=Poll.STATIC),
    Row("battery.charge.low", "UPS.PowerSummary.WarningCapacityLimit", poll=Poll.STATIC),
    Row("battery.capacity.full", "UPS.PowerSummary.FullChargeCapacity"),
    Row("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty"),
    Row(
        "battery.type",
        "UPS.PowerSummary.iDeviceChemistry",
        lookup=lookups.STRINGID,
        poll=Poll.STATIC,
    ),
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
    Row("ups.load", "UPS.PowerSummary.PercentLoad"),
    Row("ups.power.nominal", "UPS.Flow.[4].ConfigApparentPower", poll=Poll.STATIC),
    # input
    Row("input.transfer.high", "UPS.PowerConverter.Output.HighVoltageTransfer", poll=Poll.STATIC),
    Row("input.transfer.low", "UPS.PowerConverter.Output.LowVoltageTransfer", poll=Poll.STATIC),
    Row("output.voltage", "UPS.PowerConverter.Output.Voltage", form="%.1f"),
    Row("battery.voltage", "UPS.PowerSummary.Voltage", form="%.1f"),
    Row("output.voltage.nominal", "UPS.Flow.[4].ConfigVoltage", poll=Poll.STATIC),
    Row("battery.voltage.nominal", "UPS.PowerSummary.ConfigVoltage", form="%.1f", poll=Poll.STATIC),
    Row("output.frequency.nominal", "UPS.Flow.[4].ConfigFrequency", poll=Poll.STATIC),
)

COMMANDS = (
    Command("load.off.delay", "UPS.PowerSummary.DelayBeforeShutdown", value="20"),
    Command("load.on.delay", "UPS.PowerSummary.DelayBeforeStartup", value="30"),
    Command("shutdown.stop", "UPS.PowerSummary.DelayBeforeShutdown", value="-1"),
)

VENDOR = Vendor(
    "idowell",
    version="iDowell HID 0.22",
    usages=Usages.of(USAGES),
    rows=ROWS,
    commands=COMMANDS,
    ids=(
        UsbId("075d", "0300"),
        UsbId("06da", "ffff"),
    ),
    match=Match(named=(Named("06da", maker=("BMS",), product=("Smart-Battery",)),)),
    maker="iDowell",
    repairs=(repairs.idowell_ranges,),
)
