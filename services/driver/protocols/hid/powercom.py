"""What Powercom's devices mean by their HID paths."""

from services.driver.protocols.hid import conversions, lookups, powercom_values
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import (
    STATUS,
    Command,
    Lookup,
    Match,
    Poll,
    Quirks,
    Row,
    UsbId,
    Vendor,
)
from services.driver.protocols.hid.usages import USAGES

_POWERCOM_HACK_VOLTAGE = Lookup(
    "powercom_hack_voltage", read=powercom_values.voltage, reports=(164,)
)
_POWERCOM_BEEPER = Lookup(
    "powercom_beeper",
    texts=(
        (1, "enabled"),
        (2, "disabled"),
    ),
)
_POWERCOM_STARTUP = Lookup(
    "powercom_startup", read=powercom_values.startup, write=powercom_values.as_startup
)
_POWERCOM_SHUTDOWN = Lookup(
    "powercom_shutdown", read=powercom_values.shutdown, write=powercom_values.as_shutdown
)
_POWERCOM_VOLTAGE = Lookup("powercom_voltage", read=conversions.scaled(4, "%.0f"))
_POWERCOM_UPSFAIL = Lookup("powercom_upsfail", read=conversions.bit(0x1, "fanfail"))
_POWERCOM_REPLACEBATT = Lookup("powercom_replacebatt", read=conversions.bit(0x2, "replacebatt"))
_POWERCOM_TEST = Lookup("powercom_test", read=conversions.bit(0x4, "cal"))
_POWERCOM_SHUTDOWNIMM = Lookup("powercom_shutdownimm", read=conversions.bit(0x10, "shutdownimm"))
_POWERCOM_ONLINE = Lookup("powercom_online", read=conversions.bit(0x1, "!online"))
_POWERCOM_LOWBATT = Lookup("powercom_lowbatt", read=conversions.bit(0x2, "lowbatt"))
_POWERCOM_TRIM = Lookup("powercom_trim", read=conversions.pattern(0x18, 0x8, "trim"))
_POWERCOM_BOOST = Lookup("powercom_boost", read=conversions.pattern(0x18, 0x18, "boost"))
_POWERCOM_OVERLOAD = Lookup("powercom_overload", read=conversions.bit(0x20, "overload"))
_POWERCOM_STAYOFF = Lookup("powercom_stayoff", write=powercom_values.as_stayoff)

ROWS = (
    # status words
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ACPresent", lookup=lookups.ONLINE),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.BatteryPresent", lookup=lookups.NOBATTERY),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit", lookup=lookups.LOWBATT
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.Charging", lookup=lookups.CHARGING),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.CommunicationLost", lookup=lookups.COMMFAULT),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.Discharging", lookup=lookups.DISCHARGING),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.NeedReplacement", lookup=lookups.REPLACEBATT),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.Overload", lookup=lookups.OVERLOAD),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.RemainingTimeLimitExpired",
        lookup=lookups.TIMELIMITEXPIRED,
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ShutdownImminent", lookup=lookups.SHUTDOWNIMM),
    Row(STATUS, "UPS.PresentStatus.ACPresent", lookup=lookups.ONLINE),
    Row(STATUS, "UPS.PresentStatus.BatteryPresent", lookup=lookups.NOBATTERY),
    Row(STATUS, "UPS.PresentStatus.BelowRemainingCapacityLimit", lookup=lookups.LOWBATT),
    Row(STATUS, "UPS.PresentStatus.Boost", lookup=lookups.BOOST),
    Row(STATUS, "UPS.PresentStatus.Buck", lookup=lookups.TRIM),
    Row(STATUS, "UPS.PresentStatus.Charging", lookup=lookups.CHARGING),
    Row(STATUS, "UPS.PresentStatus.CommunicationLost", lookup=lookups.COMMFAULT),
    Row(STATUS, "UPS.PresentStatus.Discharging", lookup=lookups.DISCHARGING),
    Row(STATUS, "UPS.PresentStatus.NeedReplacement", lookup=lookups.REPLACEBATT),
    Row(STATUS, "UPS.PresentStatus.Overload", lookup=lookups.OVERLOAD),
    Row(STATUS, "UPS.PresentStatus.RemainingTimeLimitExpired", lookup=lookups.TIMELIMITEXPIRED),
    Row(STATUS, "UPS.PresentStatus.ShutdownImminent", lookup=lookups.SHUTDOWNIMM),
    # battery
    Row(
        "battery.voltage", "UPS.PowerSummary.PresentStatus.ACPresent", lookup=_POWERCOM_HACK_VOLTAGE
    ),
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity"),
    Row("battery.charge", "UPS.Battery.RemainingCapacity"),
    Row("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimit"),
    Row("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit"),
    Row("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty"),
    Row("battery.mfr.date", "UPS.Battery.ManufacturerDate", lookup=lookups.DATE, poll=Poll.STATIC),
    Row(
        "battery.type",
        "UPS.PowerSummary.iDeviceChemistry",
        lookup=lookups.STRINGID,
        poll=Poll.STATIC,
    ),
    # ups
    Row("ups.beeper.status", "UPS.PowerSummary.AudibleAlarmControl", lookup=_POWERCOM_BEEPER),
    Row("ups.beeper.status", "UPS.AudibleAlarmControl", lookup=_POWERCOM_BEEPER),
    Row("ups.load", "UPS.Output.PercentLoad"),
    Row("ups.date", "UPS.PowerSummary.ManufacturerDate", lookup=lookups.DATE, poll=Poll.STATIC),
    Row("ups.test.result", "UPS.Battery.Test", lookup=lookups.TEST_READ),
    Row(
        "ups.delay.start",
        "UPS.PowerSummary.DelayBeforeStartup",
        form="60",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=8,
    ),
    Row("ups.timer.start", "UPS.PowerSummary.DelayBeforeStartup", lookup=_POWERCOM_STARTUP),
    Row(
        "ups.delay.shutdown",
        "UPS.PowerSummary.DelayBeforeShutdown",
        form="20",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=8,
    ),
    Row(
        "ups.timer.shutdown",
        "UPS.PowerSummary.DelayBeforeShutdown",
        lookup=_POWERCOM_SHUTDOWN,
        poll=Poll.QUICK,
    ),
    Row(
        "ups.delay.shutdown",
        "UPS.PowerSummary.PCMDelayBeforeShutdown",
        form="20",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=8,
    ),
    Row(
        "ups.timer.shutdown",
        "UPS.PowerSummary.PCMDelayBeforeShutdown",
        lookup=_POWERCOM_SHUTDOWN,
        poll=Poll.QUICK,
    ),
    # input
    Row("input.voltage", "UPS.Input.Voltage", form="%.1f"),
    Row("input.voltage.nominal", "UPS.Input.ConfigVoltage", poll=Poll.STATIC),
    Row("input.frequency", "UPS.Input.Frequency", form="%.1f"),
    # output
    Row("output.voltage", "UPS.Output.Voltage", form="%.1f"),
    Row("output.voltage.nominal", "UPS.Output.ConfigVoltage", poll=Poll.STATIC),
    Row("output.frequency", "UPS.Output.Frequency", form="%.1f"),
    # ups
    Row("ups.serial", "PowercomUPS.PowercomSerialNumber", lookup=lookups.STRINGID),
    Row("ups.mfr", "PowercomUPS.PowercomManufacturerName", lookup=lookups.STRINGID),
    Row("ups.mfr.date", "PowercomUPS.PowercomManufacturerDate", lookup=lookups.DATE),
    # battery
    Row("battery.temperature", "PowercomUPS.PowercomBatterySystem.PowercomTemperature"),
    Row("battery.temperature", "UPS.Battery.Temperature", form="%.1f"),
    Row("battery.charge", "PowercomUPS.PowercomBatterySystem.PowercomVoltage"),
    # input
    Row("input.frequency", "PowercomUPS.PowercomPowerConverter.PowercomInput.PowercomFrequency"),
    Row(
        "input.voltage",
        "PowercomUPS.PowercomPowerConverter.PowercomInput.PowercomVoltage",
        lookup=_POWERCOM_VOLTAGE,
    ),
    Row(
        "output.voltage",
        "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomVoltage",
        lookup=_POWERCOM_VOLTAGE,
    ),
    Row("ups.load", "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomPercentLoad"),
    # status words
    Row(
        STATUS,
        "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomInternalChargeController",
        lookup=_POWERCOM_UPSFAIL,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomInternalChargeController",
        lookup=_POWERCOM_REPLACEBATT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomInternalChargeController",
        lookup=_POWERCOM_TEST,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomInternalChargeController",
        lookup=_POWERCOM_SHUTDOWNIMM,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomPrimaryBatterySupport",
        lookup=_POWERCOM_ONLINE,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomPrimaryBatterySupport",
        lookup=_POWERCOM_LOWBATT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomPrimaryBatterySupport",
        lookup=_POWERCOM_TRIM,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomPrimaryBatterySupport",
        lookup=_POWERCOM_BOOST,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomPrimaryBatterySupport",
        lookup=_POWERCOM_OVERLOAD,
        poll=Poll.QUICK,
    ),
    Row("output.frequency", "PowercomUPS.PowercomPowerConverter.PowercomOutput.PowercomFrequency"),
    # ups
    Row(
        "ups.test.result",
        "PowercomUPS.PowercomPowerConverter.PowercomTest",
        lookup=lookups.TEST_READ,
    ),
    Row("ups.delay.shutdown", "PowercomUPS.PowercomPowerConverter.PowercomDelayBeforeShutdown"),
    Row("ups.delay.start", "PowercomUPS.PowercomPowerConverter.PowercomDelayBeforeStartup"),
)

COMMANDS = (
    Command("beeper.toggle", "UPS.PowerSummary.AudibleAlarmControl", value="1"),
    Command("beeper.enable", "UPS.PowerSummary.AudibleAlarmControl", value="1"),
    Command("beeper.disable", "UPS.PowerSummary.AudibleAlarmControl", value="0"),
    Command("test.battery.start.quick", "UPS.Battery.Test", value="1"),
    Command("load.on.delay", "UPS.PowerSummary.DelayBeforeStartup", lookup=_POWERCOM_STARTUP),
    Command("shutdown.return", "UPS.PowerSummary.DelayBeforeShutdown", lookup=_POWERCOM_SHUTDOWN),
    Command("shutdown.stayoff", "UPS.PowerSummary.DelayBeforeShutdown", lookup=_POWERCOM_STAYOFF),
    Command(
        "load.on", "UPS.PowerSummary.PCMDelayBeforeStartup", value="0", lookup=_POWERCOM_STARTUP
    ),
    Command(
        "load.off", "UPS.PowerSummary.PCMDelayBeforeShutdown", value="0", lookup=_POWERCOM_STAYOFF
    ),
    Command(
        "shutdown.return", "UPS.PowerSummary.PCMDelayBeforeShutdown", lookup=_POWERCOM_SHUTDOWN
    ),
    Command(
        "shutdown.stayoff", "UPS.PowerSummary.PCMDelayBeforeShutdown", lookup=_POWERCOM_STAYOFF
    ),
    Command(
        "load.off", "PowercomUPS.PowercomPowerConverter.PowercomDelayBeforeShutdown", value="0"
    ),
)

VENDOR = Vendor(
    "powercom",
    version="PowerCOM HID 0.75",
    usages=Usages.of(
        (
            ("PowercomUPS", 0x00020004),
            ("PowercomBatterySystem", 0x00020010),
            ("PowercomPowerConverter", 0x00020016),
            ("PowercomInput", 0x0002001A),
            ("PowercomOutput", 0x0002001C),
            ("PowercomVoltage", 0x00020030),
            ("PowercomFrequency", 0x00020032),
            ("PowercomPercentLoad", 0x00020035),
            ("PowercomTemperature", 0x00020036),
            ("PowercomDelayBeforeStartup", 0x00020056),
            ("PowercomDelayBeforeShutdown", 0x00020057),
            ("PowercomTest", 0x00020058),
            ("PowercomShutdownRequested", 0x00020068),
            ("PowercomInternalChargeController", 0x00020081),
            ("PowercomPrimaryBatterySupport", 0x00020082),
            ("PowercomDesignCapacity", 0x00020083),
            ("PowercomSpecificationInfo", 0x00020084),
            ("PowercomManufacturerDate", 0x00020085),
            ("PowercomSerialNumber", 0x00020086),
            ("PowercomManufacturerName", 0x00020087),
            ("POWERCOM1", 0x0084002F),
            ("POWERCOM2", 0xFF860060),
            ("POWERCOM3", 0xFF860080),
            ("PCMDelayBeforeStartup", 0x00FF0056),
            ("PCMDelayBeforeShutdown", 0x00FF0057),
        ),
        USAGES,
    ),
    rows=ROWS,
    commands=COMMANDS,
    ids=(
        UsbId("0d9f", "00a2"),
        UsbId("0d9f", "00a3"),
        UsbId("0d9f", "00a4"),
        UsbId("0d9f", "00a5"),
        UsbId("0d9f", "00a6"),
        UsbId("0d9f", "0004"),
        UsbId("0d9f", "0001"),
    ),
    match=Match(refused=(UsbId("0d9f", "0002"),)),
    maker="PowerCOM",
    special={
        UsbId("0d9f", "0001"): Quirks(is_interrupt_only=True, interrupt_size=8),
    },
)
