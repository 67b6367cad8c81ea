"""The rows of Eaton's Network-M2 and -M3 cards: where a variable is, and how it is written.

They come from recordings of two 5PX G2 (versions 1.0 and 2.0 of the topics). What those do not show
is not guessed: docs/differences/eaton-mqtt.md has the list.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

KELVIN = 273.15
TOO_MUCH = 1e15

UPS = "powerDistributions/1"
BANK = f"{UPS}/backupSystem/powerBank"
SENSORS = "sensors/devices"

_DAY = re.compile(r"(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?Z")

Convert = Callable[[Any], str | None]


class UnfitError(ValueError):
    """A value has not the form that its row expects."""


def number(value: object) -> str:
    """Write a number; parts beyond a thousandth are the noise of single precision."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnfitError
    if not abs(value) < TOO_MUCH:
        raise UnfitError
    return f"{round(value, 3) + 0.0:.3f}".rstrip("0").rstrip(".")


def counted(value: object) -> str | None:
    """Write a number that cannot be less than nothing; below that the card knows none."""
    text = number(value)
    return None if text.startswith("-") else text


def celsius(value: object) -> str:
    """Write a temperature, which the card tells in Kelvin."""
    return f"{float(number(value)) - KELVIN:.1f}"


def text(value: object) -> str | None:
    """Write a text; an empty one says nothing."""
    if not isinstance(value, str):
        raise UnfitError
    return value.strip() or None


def day(value: object) -> str:
    """Write the day of a moment."""
    match = _DAY.fullmatch(text(value) or "")
    if match is None:
        raise UnfitError
    return match[1]


def worded(positive: str, negative: str) -> Convert:
    """Write true and false in words."""

    def convert(value: object) -> str:
        return positive if is_true(value) else negative

    return convert


def among(**words: str) -> Convert:
    """Write what a known word means; unknown ones say nothing. A _ in a name is a space."""
    known = {name.replace("_", " "): word for name, word in words.items()}

    def convert(value: object) -> str | None:
        return known.get(text(value) or "")

    return convert


def is_true(value: object) -> bool:
    """Read a flag."""
    if not isinstance(value, bool):
        raise UnfitError
    return value


class Row(NamedTuple):
    """A variable, where its value is, and how it is written; <n> stands for a number."""

    topic: str
    path: str
    variable: str
    convert: Convert = number


YES_NO = worded("yes", "no")
ROWS = (
    Row("managers/1/identification", "firmwareVersion", "ups.firmware.aux", text),
    Row("managers/1/identification", "macAddress", "device.macaddr", text),
    Row("managers/1/identification", "contact", "device.contact", text),
    Row("managers/1/identification", "location", "device.location", text),
    Row(f"{UPS}/identification", "vendor", "ups.mfr", text),
    Row(f"{UPS}/identification", "model", "ups.model", text),
    Row(f"{UPS}/identification", "serialNumber", "ups.serial", text),
    Row(f"{UPS}/identification", "partNumber", "device.part", text),
    Row(f"{UPS}/identification", "firmwareVersion", "ups.firmware", text),
    Row(f"{UPS}/identification", "friendlyName", "ups.id", text),
    Row(f"{UPS}/specifications", "type", "device.type", among(ups="ups")),
    Row(f"{UPS}/specifications", "topology", "ups.type", text),
    Row(f"{UPS}/specifications", "activePower.nominal", "ups.realpower.nominal"),
    Row(f"{UPS}/specifications", "apparentPower.nominal", "ups.power.nominal"),
    Row(f"{UPS}/specifications", "current.nominal", "output.current.nominal"),
    Row(f"{UPS}/specifications", "frequency.nominal", "output.frequency.nominal"),
    Row(f"{UPS}/specifications", "voltage.nominal", "output.voltage.nominal"),
    Row(f"{UPS}/specifications", "percentLoad.highWarningThreshold", "ups.load.high"),
    Row(f"{UPS}/settings", "nominalVoltage", "output.voltage.nominal"),
    Row(f"{UPS}/settings", "voltageHighDetection", "input.transfer.high"),
    Row(f"{UPS}/settings", "voltageLowDetection", "input.transfer.low"),
    Row(f"{UPS}/settings", "automaticRestartEnabled", "ups.start.auto", YES_NO),
    Row(f"{UPS}/settings", "automaticRestartLevel", "battery.charge.restart", counted),
    Row(f"{UPS}/settings", "forcedRebootEnabled", "ups.start.reboot", YES_NO),
    Row(
        f"{UPS}/settings",
        "audibleAlarm",
        "ups.beeper.status",
        among(enabled="enabled", disabled="disabled"),
    ),
    Row(f"{UPS}/settings", "sensitivityMode", "input.sensitivity", among(high_sensitivity="high")),
    Row(f"{UPS}/status", "delayBeforeSwitchOff", "ups.timer.shutdown"),
    Row(f"{UPS}/status", "delayBeforeSwitchOn", "ups.timer.start"),
    Row(
        f"{UPS}/status",
        "mode",
        "ups.mode",
        among(on_line="online", on_line_interactive_normal="line-interactive"),
    ),
    Row(f"{UPS}/inputs/1/measures", "voltage", "input.voltage"),
    Row(f"{UPS}/inputs/1/measures", "current", "input.current"),
    Row(f"{UPS}/inputs/1/measures", "frequency", "input.frequency"),
    Row(f"{UPS}/inputs/1/phases", "members@count", "input.phases", counted),
    Row(f"{UPS}/outputs/1/measures", "voltage", "output.voltage"),
    Row(f"{UPS}/outputs/1/measures", "current", "output.current"),
    Row(f"{UPS}/outputs/1/measures", "frequency", "output.frequency"),
    Row(f"{UPS}/outputs/1/measures", "powerFactor", "output.powerfactor"),
    Row(f"{UPS}/outputs/1/measures", "percentLoad", "ups.load"),
    Row(f"{UPS}/outputs/1/measures", "activePower", "ups.realpower"),
    Row(f"{UPS}/outputs/1/measures", "apparentPower", "ups.power"),
    Row(f"{UPS}/outputs/1/measures", "efficiency", "ups.efficiency", counted),
    Row(f"{UPS}/outputs/1/phases", "members@count", "output.phases", counted),
    Row(f"{BANK}/measures", "stateOfCharge", "battery.charge", counted),
    Row(f"{BANK}/measures", "remainingTime", "battery.runtime", counted),
    Row(f"{BANK}/measures", "voltage", "battery.voltage"),
    Row(f"{BANK}/settings", "lowRuntimeThreshold", "battery.runtime.low", counted),
    Row(f"{BANK}/settings", "lowStateOfChargeThreshold", "battery.charge.low", counted),
    Row(f"{BANK}/specifications", "externalCount", "battery.packs.external", counted),
    Row(f"{BANK}/specifications", "technology", "battery.type", text),
    Row(f"{BANK}/specifications", "capacityAh.nominal", "battery.capacity.nominal"),
    Row(f"{BANK}/specifications", "voltage.nominal", "battery.voltage.nominal"),
    Row(f"{BANK}/status", "lcmInstallationDate", "battery.date", day),
    Row(f"{BANK}/status", "lcmReplacementDate", "battery.date.maintenance", day),
    Row(f"{BANK}/status", "lastTestResultDate", "ups.test.date", day),
    Row(f"{BANK}/status", "lastTestResult", "ups.test.result", text),
    Row(
        f"{BANK}/chargers/1/status",
        "chargerStatus",
        "battery.charger.status",
        among(on_not_charging="resting"),
    ),
    Row(f"{BANK}/chargers/1/status", "mode", "battery.charger.mode.status", text),
    Row(f"{UPS}/outlets", "members@count", "outlet.count", counted),
    Row(f"{UPS}/outlets/<n>/identification", "friendlyName", "outlet.<n>.desc", text),
    Row(f"{UPS}/outlets/<n>/identification", "physicalName", "outlet.<n>.name", text),
    Row(f"{UPS}/outlets/<n>/measures", "voltage", "outlet.<n>.voltage"),
    Row(f"{UPS}/outlets/<n>/measures", "current", "outlet.<n>.current"),
    Row(f"{UPS}/outlets/<n>/measures", "frequency", "outlet.<n>.frequency"),
    Row(f"{UPS}/outlets/<n>/measures", "powerFactor", "outlet.<n>.powerfactor"),
    Row(f"{UPS}/outlets/<n>/measures", "activePower", "outlet.<n>.realpower"),
    Row(f"{UPS}/outlets/<n>/measures", "apparentPower", "outlet.<n>.power"),
    Row(f"{UPS}/outlets/<n>/specifications", "switchable", "outlet.<n>.switchable", YES_NO),
    Row(f"{UPS}/outlets/<n>/status", "switchedOn", "outlet.<n>.status", worded("on", "off")),
    Row(f"{UPS}/outlets/<n>/status", "delayBeforeSwitchOff", "outlet.<n>.timer.shutdown"),
    Row(f"{UPS}/outlets/<n>/status", "delayBeforeSwitchOn", "outlet.<n>.timer.start"),
)

SENSOR_ROWS = (
    Row("identification", "name", "ambient.<n>.name", text),
    Row("identification", "manufacturer", "ambient.<n>.mfr", text),
    Row("identification", "model", "ambient.<n>.model", text),
    Row("identification", "serial", "ambient.<n>.serial", text),
    Row("identification", "version", "ambient.<n>.firmware", text),
    Row("communicationStatus", "state", "ambient.<n>.present", among(ok="yes")),
)
# Of the channels of a sensor: kind, place of the value, variable.
CHANNELS = (
    Row("temperatures", "current", "ambient.<n>.temperature", celsius),
    Row("humidities", "current", "ambient.<n>.humidity", number),
)
CONTACT = worded("active", "inactive")


class Signal(NamedTuple):
    """A flag that is a status word or an alarm while it is true."""

    topic: str
    path: str
    word: str = ""
    alarm: str = ""


SIGNALS = (
    Signal(f"{BANK}/status", "lowStateOfCharge", "LB"),
    Signal(f"{BANK}/status", "criticalLowStateOfCharge", "LB"),
    Signal(f"{UPS}/outputs/1/status", "overload", "OVER"),
    Signal(f"{BANK}/status", "lcmExpired", "RB", "Replace battery!"),
    Signal(f"{BANK}/status", "testFailed", "RB", "Battery test failed!"),
    Signal(f"{UPS}/powerConverters/avr/status", "onBuck", "TRIM"),
    Signal(f"{UPS}/powerConverters/avr/status", "onBoost", "BOOST"),
    Signal(f"{UPS}/status", "shutdownImminent", "FSD", "Shutdown imminent!"),
    Signal(f"{UPS}/status", "fanFault", alarm="Fan failure!"),
    Signal(f"{UPS}/status", "internalFailure", alarm="Internal UPS fault!"),
    Signal(f"{UPS}/status", "configurationFault", alarm="Configuration fault!"),
    Signal(f"{UPS}/status", "emergencySwitchOff", alarm="Emergency switch off!"),
    Signal(f"{UPS}/status", "temperatureOutOfRange", alarm="Temperature out of range!"),
    Signal(f"{UPS}/status", "systemAlarm", alarm="System alarm!"),
    Signal(f"{UPS}/environment/status", "temperatureTooHigh", alarm="Temperature too high!"),
    Signal(f"{UPS}/environment/status", "buildingAlarm1", alarm="Building alarm!"),
    Signal(f"{UPS}/outputs/1/status", "shortCircuit", alarm="Output short circuit!"),
    Signal(f"{UPS}/inputs/1/status", "wiringFault", alarm="Wiring fault!"),
    Signal(f"{UPS}/inputs/1/status", "internalFailure", alarm="Input fault!"),
    Signal(f"{BANK}/status", "internalFailure", alarm="Battery fault!"),
    Signal(f"{BANK}/chargers/1/status", "internalFailure", alarm="Battery charger fail!"),
    Signal(f"{BANK}/chargers/1/status", "voltageTooHigh", alarm="Battery voltage too high!"),
    Signal(f"{BANK}/chargers/1/status", "voltageTooLow", alarm="Battery voltage too low!"),
)
REASONS = (
    ("input voltage out of range", f"{UPS}/inputs/1/status", "voltageOutOfRange"),
    ("input frequency out of range", f"{UPS}/inputs/1/status", "frequencyOutOfRange"),
)
NEEDED = (
    f"{UPS}/identification",
    f"{UPS}/status",
    f"{UPS}/inputs/1/status",
    f"{BANK}/status",
    f"{BANK}/measures",
)
"""Without these topics nothing certain can be said of the UPS."""
