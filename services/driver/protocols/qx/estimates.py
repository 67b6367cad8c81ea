"""Charge and runtime of the battery, where the device does not tell: NUT's guesses, with its rules.

Facts: NUT, drivers/nutdrv_qx.c (qx_initbattery, qx_battery, qx_load).
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from shared.errors import SettingsError

VOLTAGE, CHARGE, RUNTIME = "battery.voltage", "battery.charge", "battery.runtime"
HIGH, LOW, NOMINAL = "battery.voltage.high", "battery.voltage.low", "battery.voltage.nominal"
PACKS, LOAD = "battery.packs", "ups.load"
ONE_PACK = "battery_voltage_reports_one_pack"

CHARGE_TIME = 43200.0  # seconds from empty to full
IDLE_LOAD = 10.0  # percent; the least that the battery feels
_FULL, _EMPTY = 130 / 120, 104 / 120  # of the nominal voltage
_PACKS = (120, 100, 80, 60, 48, 36, 30, 24, 18, 12, 8, 6, 4, 3, 2, 1, 0.5)
_MOST, _LEAST = 1.25, 0.8  # how far a battery strays from its nominal voltage


@dataclass(frozen=True, slots=True)
class Calibration:
    """How long the battery lasts at full load (seconds), and how that goes with the load."""

    runtime: float
    exponent: float
    charge_time: float = CHARGE_TIME
    idle_load: float = IDLE_LOAD

    def load(self, percent: float) -> float:
        """Turn a load in percent into how much faster than at full load the battery empties."""
        return max(math.pow(percent / 100, self.exponent), self.idle_load / 100)


def calibration(options: Mapping[str, str]) -> Calibration | None:
    """Read runtimecal, chargetime and idleload; SettingsError says what cannot be."""
    text = options.get("runtimecal")
    if text is None:
        return None
    try:
        short, heavy, long, light = (float(part) for part in text.split(","))
    except ValueError:
        raise SettingsError(f"runtimecal: {text!r} is not runtime,load,runtime,load") from None
    if not 0 < short <= long:
        raise SettingsError("runtimecal: the runtime at the higher load comes first and is shorter")
    if not 0 < light < heavy <= 100:
        raise SettingsError("runtimecal: the higher load comes first; loads are percentages")
    exponent = math.log(long / short) / math.log(heavy / light)
    charge_time = float(options.get("chargetime", CHARGE_TIME))
    idle_load = float(options.get("idleload", IDLE_LOAD))
    if charge_time <= 0:
        raise SettingsError("chargetime: at least one second")
    if not 0 < idle_load <= 100:
        raise SettingsError("idleload: a percentage above 0")
    return Calibration(short * (heavy / 100) ** exponent, exponent, charge_time, idle_load)


class Estimates:
    """Follows the battery of one device."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._calibration = calibration(options)
        self._is_multiplied = ONE_PACK in options
        self.packs = 1.0
        self._has_packs = False
        self._left: float | None = None  # seconds at full load
        self._load = 1.0
        self._at = 0.0

    def update(
        self, now: float, variables: Mapping[str, str], words: Collection[str]
    ) -> dict[str, str]:
        """Say what a device with these variables does not say itself of its battery."""
        if CHARGE in variables and RUNTIME in variables:
            return {}
        extra = _voltages(variables)
        everything = {**variables, **extra}
        share = self._share(everything)
        if self._calibration:
            return extra | self._timed(self._calibration, now, everything, words, share)
        if share is not None and CHARGE not in variables:
            extra[CHARGE] = f"{100 * share:.0f}"
        return extra

    def _share(self, variables: Mapping[str, str]) -> float | None:
        """Tell from the voltage how full the battery is, from 0 to 1."""
        volts, low, high = (_number(variables, name) for name in (VOLTAGE, LOW, HIGH))
        self._count_packs(variables)
        if volts is None or low is None or high is None or not 0 < low < high:
            return None
        volts *= 1.0 if self._is_multiplied else self.packs
        return min(1.0, max(0.0, (volts - low) / (high - low)))

    def _count_packs(self, variables: Mapping[str, str]) -> None:
        given = _number(variables, PACKS)
        volts, nominal = _number(variables, VOLTAGE), _number(variables, NOMINAL)
        if given:
            self.packs, self._has_packs = given, True
        elif not self._has_packs and volts and nominal:
            self._has_packs = True
            for packs in _PACKS:
                if packs * volts <= _MOST * nominal:
                    self.packs = packs if packs * volts >= _LEAST * nominal else 1.0
                    return

    def _timed(
        self,
        calibration: Calibration,
        now: float,
        variables: Mapping[str, str],
        words: Collection[str],
        share: float | None,
    ) -> dict[str, str]:
        charge = _number(variables, CHARGE)
        if self._left is None:
            start = charge / 100 if charge is not None else share
            if start is None:
                return {}
            self._left, self._at = calibration.runtime * start, now
        else:
            self._follow(calibration, now - self._at, "OL" in words)
            self._at = now
        if share is not None:  # an old battery is emptier than its calibration says
            self._left = min(self._left, share * calibration.runtime)
        return self._told(calibration, self._left, variables)

    def _follow(self, calibration: Calibration, seconds: float, charges: bool) -> None:
        assert self._left is not None
        if charges:
            more = calibration.runtime * seconds / calibration.charge_time
            self._left = min(calibration.runtime, self._left + more)
        else:
            self._left = max(0.0, self._left - self._load * seconds)

    def _told(
        self, calibration: Calibration, left: float, variables: Mapping[str, str]
    ) -> dict[str, str]:
        told = {}
        if CHARGE not in variables:
            told[CHARGE] = f"{100 * left / calibration.runtime:.0f}"
        load = _number(variables, LOAD)
        if RUNTIME not in variables and load is not None:
            self._load = calibration.load(load)
            told[RUNTIME] = f"{left / self._load:.0f}"
        return told


def _voltages(variables: Mapping[str, str]) -> dict[str, str]:
    nominal = _number(variables, NOMINAL)
    if nominal is None or (LOW in variables and HIGH in variables):
        return {}
    return {LOW: f"{_EMPTY * nominal:.2f}", HIGH: f"{_FULL * nominal:.2f}"}


def _number(variables: Mapping[str, str], name: str) -> float | None:
    try:
        return float(variables[name])
    except (KeyError, ValueError):
        return None
