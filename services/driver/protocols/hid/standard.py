"""Devices of no known vendor: what the USB class for power devices itself says (HID PDC 1.1).

A value may stand in several collections; the row that comes first is the one for the whole device.
Delays count in seconds there, -1 ends them. Sections are those of HID PDC 1.1.
"""

from dataclasses import replace

from services.driver.protocols.hid import lookups
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.table import STATUS, Command, Lookup, Poll, Row, Vendor
from services.driver.protocols.hid.usages import USAGES

_PACK = "UPS.BatterySystem.Battery"
_SUMMARY = "UPS.PowerSummary"
_BATTERIES = (_SUMMARY, _PACK, "UPS.Battery")
_INPUTS = ("UPS.Input", "UPS.PowerConverter.Input", "UPS.PowerConverter.Input.[1]")
_OUTPUTS = ("UPS.Output", "UPS.PowerConverter.Output", "UPS.OutletSystem.Outlet.[1]")
_FLOW_IN, _FLOW_OUT = "UPS.Flow.[1]", "UPS.Flow.[4]"  # 4.1: Flow holds nominal values
_CONTROLS = (_SUMMARY, "UPS.Output", "UPS", "UPS.OutletSystem.Outlet.[1]")
# Where words stand; of several that contradict each other the last counts.
_STATES = (*_BATTERIES[1:], "UPS.Input", "UPS.Output", "UPS", _SUMMARY)


def _rows(variable: str, usage: str, owners: tuple[str, ...], like: Row) -> tuple[Row, ...]:
    """Give a row for each collection in which a usage may stand."""
    return tuple(replace(like, variable=variable, path=f"{owner}.{usage}") for owner in owners)


_WHOLE = Row("", "")
_TENTHS = Row("", "", form="%.1f")
_HUNDREDTHS = Row("", "", form="%.2f")
_QUICK = Row("", "", poll=Poll.QUICK)
_ONCE = Row("", "", poll=Poll.STATIC)
_ONCE_TENTHS = Row("", "", form="%.1f", poll=Poll.STATIC)
_LIMIT = Row("", "", poll=Poll.SEMI_STATIC, is_writable=True, is_text=True, length=5)
_NAME = Row("", "", lookup=lookups.STRINGID, poll=Poll.STATIC)
_DATE = Row("", "", lookup=lookups.DATE, poll=Poll.STATIC)


def _delay(variable: str, usage: str, seconds: str) -> tuple[Row, ...]:
    like = Row("", "", form=seconds, poll=Poll.ABSENT, is_writable=True, is_text=True, length=10)
    return _rows(variable, usage, _CONTROLS, like)


def _words(usage: str, lookup: Lookup, poll: Poll = Poll.QUICK) -> tuple[Row, ...]:
    return tuple(
        Row(STATUS, f"{owner}.PresentStatus.{usage}", lookup=lookup, poll=poll) for owner in _STATES
    )


def _orders(
    name: str, usage: str, value: str | None, owners: tuple[str, ...] = _CONTROLS
) -> tuple[Command, ...]:
    return tuple(Command(name, f"{owner}.{usage}", value=value) for owner in owners)


ROWS = (
    # 4.2: batteries
    *_rows("battery.charge", "RemainingCapacity", _BATTERIES, _QUICK),
    *_rows("battery.charge.low", "RemainingCapacityLimit", _BATTERIES, _LIMIT),
    *_rows("battery.charge.warning", "WarningCapacityLimit", _BATTERIES, _LIMIT),
    *_rows("battery.runtime", "RunTimeToEmpty", _BATTERIES, _QUICK),
    *_rows("battery.runtime.low", "RemainingTimeLimit", _BATTERIES, _LIMIT),
    *_rows("battery.voltage", "Voltage", _BATTERIES, _HUNDREDTHS),
    *_rows("battery.voltage.nominal", "ConfigVoltage", _BATTERIES, _ONCE_TENTHS),
    *_rows("battery.current", "Current", _BATTERIES, _HUNDREDTHS),
    *_rows(
        "battery.temperature",
        "Temperature",
        _BATTERIES,
        Row("", "", lookup=lookups.KELVIN_CELSIUS),
    ),
    *_rows("battery.type", "iDeviceChemistry", _BATTERIES, _NAME),
    *_rows("battery.mfr.date", "ManufacturerDate", _BATTERIES, _DATE),
    # 4.1: power
    *_rows("input.voltage", "Voltage", _INPUTS, _TENTHS),
    *_rows("input.voltage.nominal", "ConfigVoltage", (*_INPUTS, _FLOW_IN), _ONCE),
    *_rows("input.current", "Current", _INPUTS, _HUNDREDTHS),
    *_rows("input.frequency", "Frequency", _INPUTS, _TENTHS),
    *_rows("input.frequency.nominal", "ConfigFrequency", (*_INPUTS, _FLOW_IN), _ONCE),
    *_rows("input.transfer.low", "LowVoltageTransfer", (*_INPUTS, *_OUTPUTS), _LIMIT),
    *_rows("input.transfer.high", "HighVoltageTransfer", (*_INPUTS, *_OUTPUTS), _LIMIT),
    *_rows("output.voltage", "Voltage", _OUTPUTS, _TENTHS),
    *_rows("output.voltage.nominal", "ConfigVoltage", (*_OUTPUTS, _FLOW_OUT), _ONCE),
    *_rows("output.current", "Current", _OUTPUTS, _HUNDREDTHS),
    *_rows("output.frequency", "Frequency", _OUTPUTS, _TENTHS),
    *_rows("output.frequency.nominal", "ConfigFrequency", (*_OUTPUTS, _FLOW_OUT), _ONCE),
    *_rows("ups.load", "PercentLoad", (*_OUTPUTS, _SUMMARY, "UPS"), _WHOLE),
    *_rows("ups.power", "ApparentPower", (*_OUTPUTS, _SUMMARY), _WHOLE),
    *_rows("ups.power.nominal", "ConfigApparentPower", (*_OUTPUTS, _SUMMARY, _FLOW_OUT), _ONCE),
    *_rows("ups.realpower", "ActivePower", (*_OUTPUTS, _SUMMARY), _WHOLE),
    *_rows("ups.realpower.nominal", "ConfigActivePower", (*_OUTPUTS, _SUMMARY, _FLOW_OUT), _ONCE),
    *_rows(
        "ups.temperature",
        "Temperature",
        ("UPS", "UPS.PowerConverter"),
        Row("", "", lookup=lookups.KELVIN_CELSIUS),
    ),
    # 4.1.5: controls
    *_delay("ups.delay.start", "DelayBeforeStartup", "30"),
    *_delay("ups.delay.shutdown", "DelayBeforeShutdown", "20"),
    *_rows("ups.timer.start", "DelayBeforeStartup", _CONTROLS, _QUICK),
    *_rows("ups.timer.shutdown", "DelayBeforeShutdown", _CONTROLS, _QUICK),
    *_rows("ups.timer.reboot", "DelayBeforeReboot", _CONTROLS, _QUICK),
    *_rows(
        "ups.beeper.status",
        "AudibleAlarmControl",
        _CONTROLS,
        Row("", "", lookup=lookups.BEEPER, poll=Poll.SEMI_STATIC),
    ),
    *_rows(
        "ups.test.result",
        "Test",
        (*_CONTROLS, "UPS.BatterySystem", *_BATTERIES[1:]),
        Row("", "", lookup=lookups.TEST_READ),
    ),
    # 4.1.6 and 4.2.5: status words
    *_words("ACPresent", lookups.ONLINE),
    *_words("Discharging", lookups.DISCHARGING),
    *_words("Charging", lookups.CHARGING),
    *_words("FullyCharged", lookups.FULLYCHARGED),
    *_words("FullyDischarged", lookups.DEPLETED),
    *_words("BelowRemainingCapacityLimit", lookups.LOWBATT),
    *_words("RemainingTimeLimitExpired", lookups.TIMELIMITEXPIRED),
    *_words("ShutdownImminent", lookups.SHUTDOWNIMM),
    *_words("NeedReplacement", lookups.REPLACEBATT),
    *_words("BatteryPresent", lookups.NOBATTERY),
    *_words("Overload", lookups.OVERLOAD),
    *_words("OverTemperature", lookups.OVERHEAT),
    *_words("InternalFailure", lookups.COMMFAULT),
    *_words("AwaitingPower", lookups.AWAITINGPOWER),
    Row(STATUS, "UPS.Input.PresentStatus.VoltageOutOfRange", lookup=lookups.VRANGE),
    Row(STATUS, "UPS.Input.PresentStatus.FrequencyOutOfRange", lookup=lookups.FRANGE),
    *_words("Boost", lookups.BOOST),
    *_words("Buck", lookups.TRIM),
)

# 4.1.5: AudibleAlarmControl is 1 disabled, 2 enabled, 3 muted; Test is 1 quick, 2 deep, 3 abort.
COMMANDS = (
    *_orders("load.off.delay", "DelayBeforeShutdown", "20"),
    *_orders("load.on.delay", "DelayBeforeStartup", "30"),
    *_orders("shutdown.stop", "DelayBeforeShutdown", "-1"),
    *_orders("shutdown.reboot", "DelayBeforeReboot", "10"),
    *_orders("beeper.disable", "AudibleAlarmControl", "1"),
    *_orders("beeper.enable", "AudibleAlarmControl", "2"),
    *_orders("beeper.mute", "AudibleAlarmControl", "3"),
    *_orders("test.battery.start.quick", "Test", "1", (*_CONTROLS, "UPS.BatterySystem")),
    *_orders("test.battery.start.deep", "Test", "2", (*_CONTROLS, "UPS.BatterySystem")),
    *_orders("test.battery.stop", "Test", "3", (*_CONTROLS, "UPS.BatterySystem")),
)

STANDARD = Vendor(
    "standard",
    version="USB power devices (HID PDC 1.1)",
    usages=Usages.of(USAGES),
    rows=ROWS,
    commands=COMMANDS,
)
