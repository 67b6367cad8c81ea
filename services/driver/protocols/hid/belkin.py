"""What Belkin's and Liebert's devices mean by their HID paths."""

from services.driver.protocols.hid import belkin_values, conversions, lookups
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import (
    STATUS,
    Command,
    Lookup,
    Match,
    Poll,
    Question,
    Quirks,
    Row,
    UsbId,
    Vendor,
)
from services.driver.protocols.hid.usages import USAGES

_BELKIN_SENSITIVITY = Lookup(
    "belkin_sensitivity",
    read=conversions.named(
        (
            (1, "reduced"),
            (2, "low"),
        ),
        "normal",
    ),
)
_BELKIN_FIRMWARE = Lookup("belkin_firmware", read=conversions.shifted(4))
_BELKIN_TEST = Lookup(
    "belkin_test",
    texts=(
        (0, "No test initiated"),
        (1, "Done and passed"),
        (2, "Done and warning"),
        (3, "Done and error"),
        (4, "Aborted"),
        (5, "In progress"),
    ),
)
_BELKIN_UPSTYPE = Lookup(
    "belkin_upstype",
    read=conversions.masked(
        0xF,
        (
            (1, "offline"),
            (2, "line-interactive"),
            (3, "simple online"),
            (4, "simple offline"),
            (5, "simple line-interactive"),
        ),
        "online",
    ),
)
_LIEBERT_LINE_VOLTAGE = Lookup("liebert_line_voltage", read=belkin_values.line_voltage)
_LIEBERT_CONFIG_VOLTAGE = Lookup("liebert_config_voltage", read=belkin_values.nominal_voltage)
_LIEBERT_DISCHARGING = Lookup("liebert_discharging", read=conversions.flag("dischrg"))
_LIEBERT_CHARGING = Lookup("liebert_charging", read=conversions.flag("chrg"))
_LIEBERT_SHUTDOWNIMM = Lookup("liebert_shutdownimm", read=conversions.flag("shutdownimm"))
_LIEBERT_ONLINE = Lookup("liebert_online", read=conversions.flag("online"))
_LIEBERT_REPLACEBATT = Lookup("liebert_replacebatt", read=conversions.flag("replacebatt"))
_LIEBERT_LOWBATT = Lookup("liebert_lowbatt", read=conversions.flag("lowbatt"))
_BELKIN_OVERLOAD = Lookup("belkin_overload", read=conversions.bit(0x10, "overload"))
_BELKIN_OVERHEAT = Lookup("belkin_overheat", read=conversions.bit(0x40, "overheat"))
_BELKIN_COMMFAULT = Lookup("belkin_commfault", read=conversions.bit(0x80, "commfault"))
_BELKIN_AWAITINGPOWER = Lookup(
    "belkin_awaitingpower", read=conversions.bit(0x2000, "awaitingpower")
)
_BELKIN_ONLINE = Lookup("belkin_online", read=conversions.bit(0x1, "!online"))
_BELKIN_DEPLETED = Lookup("belkin_depleted", read=conversions.bit(0x40, "depleted"))
_BELKIN_REPLACEBATT = Lookup("belkin_replacebatt", read=conversions.bit(0x80, "replacebatt"))
_BELKIN_LOWBATT = Lookup("belkin_lowbatt", read=conversions.bit(0x4, "lowbatt"))

ROWS = (
    # battery
    Row("battery.charge", "UPS.BELKINBatterySystem.BELKINCharge"),
    Row("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimit"),
    Row("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit"),
    Row("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty"),
    Row("battery.type", "UPS.PowerSummary.iDeviceChemistry", lookup=lookups.STRINGID),
    Row("battery.voltage", "UPS.BELKINBatterySystem.BELKINVoltage", lookup=lookups.DIVIDE_BY_10),
    Row("battery.voltage.nominal", "UPS.BELKINConfig.BELKINConfigBatteryVoltage"),
    # input
    Row(
        "input.frequency",
        "UPS.BELKINPowerState.BELKINInput.BELKINFrequency",
        lookup=lookups.DIVIDE_BY_10,
    ),
    Row("input.frequency.nominal", "UPS.BELKINConfig.BELKINConfigFrequency"),
    Row(
        "input.sensitivity",
        "UPS.BELKINDevice.BELKINVoltageSensitivity",
        lookup=_BELKIN_SENSITIVITY,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row(
        "input.transfer.high",
        "UPS.BELKINConfig.BELKINHighVoltageTransfer",
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row("input.transfer.high.max", "UPS.BELKINConfig.BELKINHighVoltageTransferMax"),
    Row("input.transfer.high.min", "UPS.BELKINConfig.BELKINHighVoltageTransferMin"),
    Row(
        "input.transfer.low",
        "UPS.BELKINConfig.BELKINLowVoltageTransfer",
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row("input.transfer.low.max", "UPS.BELKINConfig.BELKINLowVoltageTransferMax"),
    Row("input.transfer.low.min", "UPS.BELKINConfig.BELKINLowVoltageTransferMin"),
    Row(
        "input.voltage",
        "UPS.BELKINPowerState.BELKINInput.BELKINVoltage",
        lookup=lookups.DIVIDE_BY_10,
    ),
    Row("input.voltage.nominal", "UPS.BELKINConfig.BELKINConfigVoltage"),
    # output
    Row(
        "output.frequency",
        "UPS.BELKINPowerState.BELKINOutput.BELKINFrequency",
        lookup=lookups.DIVIDE_BY_10,
    ),
    Row(
        "output.voltage",
        "UPS.BELKINPowerState.BELKINOutput.BELKINVoltage",
        lookup=lookups.DIVIDE_BY_10,
    ),
    # ups
    Row("ups.beeper.status", "UPS.BELKINControls.BELKINAudibleAlarmControl", lookup=lookups.BEEPER),
    Row(
        "ups.delay.start",
        "UPS.BELKINControls.BELKINDelayBeforeStartup",
        form="30",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row(
        "ups.delay.shutdown",
        "UPS.BELKINControls.BELKINDelayBeforeShutdown",
        form="20",
        poll=Poll.ABSENT,
        is_writable=True,
        is_text=True,
        length=10,
    ),
    Row("ups.timer.start", "UPS.BELKINControls.BELKINDelayBeforeStartup", poll=Poll.QUICK),
    Row("ups.timer.shutdown", "UPS.BELKINControls.BELKINDelayBeforeShutdown", poll=Poll.QUICK),
    Row("ups.timer.reboot", "UPS.BELKINControls.BELKINDelayBeforeReboot", poll=Poll.QUICK),
    Row("ups.firmware", "UPS.BELKINDevice.BELKINUPSType", lookup=_BELKIN_FIRMWARE),
    Row("ups.load", "UPS.BELKINPowerState.BELKINOutput.BELKINPercentLoad"),
    Row("ups.load.high", "UPS.BELKINConfig.BELKINConfigOverloadTransfer"),
    Row("ups.mfr.date", "UPS.PowerSummary.ManufacturerDate", lookup=lookups.DATE),
    Row("ups.power.nominal", "UPS.BELKINConfig.BELKINConfigApparentPower"),
    Row("ups.serial", "UPS.PowerSummary.iSerialNumber", lookup=lookups.STRINGID),
    Row("ups.test.result", "UPS.BELKINControls.BELKINTest", lookup=_BELKIN_TEST),
    Row("ups.type", "UPS.BELKINDevice.BELKINUPSType", lookup=_BELKIN_UPSTYPE),
    Row("battery.charge", "UPS.PowerSummary.RemainingCapacity", poll=Poll.QUICK),
    # input
    Row("input.frequency", "UPS.Input.Frequency", lookup=lookups.DIVIDE_BY_10),
    Row("input.voltage", "UPS.Input.Voltage", lookup=_LIEBERT_LINE_VOLTAGE),
    Row("output.voltage", "UPS.Output.Voltage", lookup=_LIEBERT_LINE_VOLTAGE),
    # battery
    Row("battery.voltage", "UPS.PowerSummary.Voltage", lookup=_LIEBERT_LINE_VOLTAGE),
    Row(
        "battery.voltage.nominal",
        "UPS.PowerSummary.ConfigVoltage",
        lookup=_LIEBERT_CONFIG_VOLTAGE,
        poll=Poll.STATIC,
    ),
    Row("ups.load", "UPS.Output.PercentLoad"),
    # input
    Row("input.voltage.nominal", "UPS.Flow.ConfigVoltage"),
    Row("input.frequency", "UPS.PowerConverter.Input.Frequency", lookup=lookups.DIVIDE_BY_100),
    Row("input.voltage", "UPS.PowerConverter.Input.Voltage", lookup=_LIEBERT_LINE_VOLTAGE),
    # output
    Row("output.voltage.nominal", "UPS.Flow.ConfigVoltage"),
    Row("output.frequency", "UPS.PowerConverter.Output.Frequency", lookup=lookups.DIVIDE_BY_100),
    Row("output.voltage", "UPS.PowerConverter.Output.Voltage", lookup=_LIEBERT_LINE_VOLTAGE),
    Row("ups.load", "UPS.OutletSystem.Outlet.PercentLoad"),
    # battery
    Row("battery.voltage", "UPS.BatterySystem.Battery.Voltage", lookup=_LIEBERT_LINE_VOLTAGE),
    Row("battery.voltage.nominal", "UPS.BatterySystem.Battery.ConfigVoltage"),
    Row("battery.capacity", "UPS.Flow.ConfigApparentPower"),
    # status words
    Row(STATUS, "UPS.PowerSummary.Discharging", lookup=_LIEBERT_DISCHARGING, poll=Poll.QUICK),
    Row(STATUS, "UPS.PowerSummary.Charging", lookup=_LIEBERT_CHARGING, poll=Poll.QUICK),
    Row(STATUS, "UPS.PowerSummary.ShutdownImminent", lookup=_LIEBERT_SHUTDOWNIMM),
    Row(STATUS, "UPS.PowerSummary.ACPresent", lookup=_LIEBERT_ONLINE, poll=Poll.QUICK),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.Discharging",
        lookup=_LIEBERT_DISCHARGING,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.Charging", lookup=_LIEBERT_CHARGING, poll=Poll.QUICK
    ),
    Row(STATUS, "UPS.PowerSummary.PresentStatus.ShutdownImminent", lookup=_LIEBERT_SHUTDOWNIMM),
    Row(
        STATUS, "UPS.PowerSummary.PresentStatus.ACPresent", lookup=_LIEBERT_ONLINE, poll=Poll.QUICK
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.NeedReplacement",
        lookup=_LIEBERT_REPLACEBATT,
        poll=Poll.QUICK,
    ),
    Row(
        STATUS,
        "UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit",
        lookup=_LIEBERT_LOWBATT,
        poll=Poll.QUICK,
    ),
    Row(STATUS, "UPS.BELKINStatus.BELKINPowerStatus", lookup=_BELKIN_OVERLOAD),
    Row(STATUS, "UPS.BELKINStatus.BELKINPowerStatus", lookup=_BELKIN_OVERHEAT),
    Row(STATUS, "UPS.BELKINStatus.BELKINPowerStatus", lookup=_BELKIN_COMMFAULT),
    Row(STATUS, "UPS.BELKINStatus.BELKINPowerStatus", lookup=_BELKIN_AWAITINGPOWER),
    Row(STATUS, "UPS.BELKINStatus.BELKINPowerStatus", lookup=_BELKIN_ONLINE, poll=Poll.QUICK),
    Row(STATUS, "UPS.BELKINStatus.BELKINBatteryStatus", lookup=_BELKIN_DEPLETED, poll=Poll.QUICK),
    Row(STATUS, "UPS.BELKINStatus.BELKINBatteryStatus", lookup=_BELKIN_REPLACEBATT),
    Row(STATUS, "UPS.BELKINStatus.BELKINBatteryStatus", lookup=_BELKIN_LOWBATT, poll=Poll.QUICK),
)

COMMANDS = (
    Command("test.battery.start.quick", "UPS.BELKINControls.BELKINTest", value="1"),
    Command("test.battery.start.deep", "UPS.BELKINControls.BELKINTest", value="2"),
    Command("test.battery.stop", "UPS.BELKINControls.BELKINTest", value="3"),
    Command("beeper.on", "UPS.BELKINControls.BELKINAudibleAlarmControl", value="2"),
    Command("beeper.off", "UPS.BELKINControls.BELKINAudibleAlarmControl", value="3"),
    Command("beeper.disable", "UPS.BELKINControls.BELKINAudibleAlarmControl", value="1"),
    Command("beeper.enable", "UPS.BELKINControls.BELKINAudibleAlarmControl", value="2"),
    Command("beeper.mute", "UPS.BELKINControls.BELKINAudibleAlarmControl", value="3"),
    Command("load.off", "UPS.BELKINControls.BELKINDelayBeforeShutdown", value="1"),
    Command("load.on", "UPS.BELKINControls.BELKINDelayBeforeStartup", value="1"),
    Command("load.off.delay", "UPS.BELKINControls.BELKINDelayBeforeShutdown", value="20"),
    Command("load.on.delay", "UPS.BELKINControls.BELKINDelayBeforeStartup", value="30"),
    Command("shutdown.stop", "UPS.BELKINControls.BELKINDelayBeforeShutdown", value="-1"),
    Command("shutdown.reboot", "UPS.BELKINControls.BELKINDelayBeforeReboot", value="10"),
)

VENDOR = Vendor(
    "belkin",
    version="Belkin/Liebert HID 0.23",
    usages=Usages.of(
        (
            ("BELKINConfig", 0x00860026),
            ("BELKINConfigVoltage", 0x00860040),
            ("BELKINConfigFrequency", 0x00860042),
            ("BELKINConfigApparentPower", 0x00860043),
            ("BELKINConfigBatteryVoltage", 0x00860044),
            ("BELKINConfigOverloadTransfer", 0x00860045),
            ("BELKINLowVoltageTransfer", 0x00860053),
            ("BELKINHighVoltageTransfer", 0x00860054),
            ("BELKINLowVoltageTransferMax", 0x0086005B),
            ("BELKINLowVoltageTransferMin", 0x0086005C),
            ("BELKINHighVoltageTransferMax", 0x0086005D),
            ("BELKINHighVoltageTransferMin", 0x0086005E),
            ("BELKINControls", 0x00860027),
            ("BELKINLoadOn", 0x00860050),
            ("BELKINLoadOff", 0x00860051),
            ("BELKINLoadToggle", 0x00860052),
            ("BELKINDelayBeforeReboot", 0x00860055),
            ("BELKINDelayBeforeStartup", 0x00860056),
            ("BELKINDelayBeforeShutdown", 0x00860057),
            ("BELKINTest", 0x00860058),
            ("BELKINAudibleAlarmControl", 0x0086005A),
            ("BELKINDevice", 0x00860029),
            ("BELKINVoltageSensitivity", 0x00860074),
            ("BELKINModelString", 0x00860075),
            ("BELKINModelStringOffset", 0x00860076),
            ("BELKINUPSType", 0x0086007C),
            ("BELKINPowerState", 0x0086002A),
            ("BELKINInput", 0x0086001A),
            ("BELKINOutput", 0x0086001C),
            ("BELKINBatterySystem", 0x00860010),
            ("BELKINVoltage", 0x00860030),
            ("BELKINFrequency", 0x00860032),
            ("BELKINPower", 0x00860034),
            ("BELKINPercentLoad", 0x00860035),
            ("BELKINTemperature", 0x00860036),
            ("BELKINCharge", 0x00860039),
            ("BELKINRunTimeToEmpty", 0x0086006C),
            ("BELKINStatus", 0x00860028),
            ("BELKINBatteryStatus", 0x00860022),
            ("BELKINPowerStatus", 0x00860021),
        ),
        USAGES,
    ),
    rows=ROWS,
    commands=COMMANDS,
    ids=(
        UsbId("050d", "0980"),
        UsbId("050d", "0900"),
        UsbId("050d", "0910"),
        UsbId("050d", "0912"),
        UsbId("050d", "0551"),
        UsbId("050d", "0750"),
        UsbId("050d", "0751"),
        UsbId("050d", "0375"),
        UsbId("050d", "0f51"),
        UsbId("050d", "1100"),
        UsbId("10af", "0000"),
        UsbId("10af", "0001"),
        UsbId("10af", "0002"),
        UsbId("10af", "0004"),
        UsbId("10af", "0008"),
    ),
    match=Match(refused=(UsbId("050d", "0218"),)),
    maker="Belkin",
    questions=(Question(belkin_values.SERIAL),),
    identify=belkin_values.identify,
    special={
        UsbId("10af", "0002"): Quirks(interface=1),
    },
)
