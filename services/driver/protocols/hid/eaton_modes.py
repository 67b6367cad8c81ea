"""Bypass and high efficiency ("ECO") of Eaton's devices: only while the mains allows them."""

from dataclasses import dataclass

from services.driver.protocols.hid.eaton_values import stated
from services.driver.protocols.hid.table import Known

MODES = "experimental.ups.mode.buzzwords"
_ECO = "input.eco.switchable"
_BYPASS_ON, _BYPASS_OFF = "input.bypass.switch.on", "input.bypass.switch.off"
_NUMBERS = {"normal": 0.0, "ECO": 1.0, "ESS": 2.0}
_PREFIX = "vendor:mge-hid:"


@dataclass(frozen=True, slots=True)
class _Limits:
    """Between which values a mode may be entered; the factors count where nothing is stated."""

    low: str
    high: str
    frequency: str
    usual_low: float
    usual_high: float
    usual_frequency: float  # percent


_FOR_ECO = _Limits(
    low="input.transfer.eco.low",
    high="input.transfer.eco.high",
    frequency="input.transfer.frequency.eco.range",
    usual_low=0.95,
    usual_high=1.05,
    usual_frequency=5,
)
_FOR_BYPASS = _Limits(
    low="input.transfer.bypass.low",
    high="input.transfer.bypass.high",
    frequency="input.transfer.frequency.bypass.range",
    usual_low=0.8,
    usual_high=1.15,
    usual_frequency=10,
)


def mode(value: float, known: Known) -> str | None:
    """Name the mode of the input; ECO only while the mains is good enough for it."""
    number = int(value)
    if number == 0:
        known.variables.pop(MODES, None)
        return "normal"
    if number == 2:
        known.variables[MODES] = f"{_PREFIX}ESS"
        return "ESS"
    if number != 1:
        return None
    if _is_within(_FOR_ECO, known):
        known.variables[MODES] = f"{_PREFIX}ECO"
        return "ECO"
    known.variables[MODES] = f"{_PREFIX}normal"
    return "normal"


def as_mode(text: str | None, _known: Known) -> float | None:
    """Give the number of a mode, as `ECO` or `vendor:mge-hid:ECO`."""
    return _NUMBERS.get((text or "").removeprefix(_PREFIX))


def bypass(value: float, known: Known) -> str | None:
    """Tell whether the bypass is switched on; only while the mains is good enough for it."""
    if value == 0:
        return "disabled"
    if value == 1 and _is_within(_FOR_BYPASS, known):
        return "on"
    return None


def as_automatic(text: str | None, known: Known) -> float | None:
    """Enter ECO by way of the bypass (1), or leave both (0); None if the device is not ready."""
    if text == "1":
        is_ready = _is(known, _BYPASS_ON, "disabled") and _is(known, _ECO, "normal")
        return 1.0 if is_ready else None
    if text != "0" or not (_is(known, _BYPASS_OFF, "disabled") and _is(known, _ECO, "ECO")):
        return None
    known.orders += [(_BYPASS_OFF, "off"), (_ECO, "normal")]
    return 0.0


def _is(known: Known, variable: str, text: str) -> bool:
    return known.variables.get(variable) == text


def _is_within(limits: _Limits, known: Known) -> bool:
    voltage, frequency, nominal, hertz = (
        stated(known, name, 0.0)
        for name in (
            "input.bypass.voltage",
            "input.bypass.frequency",
            "output.voltage.nominal",
            "output.frequency.nominal",
        )
    )
    if not (voltage and frequency and nominal and hertz):
        return False
    low, high = stated(known, limits.low, 0.0), stated(known, limits.high, 0.0)
    if not (low > 0 and high > 0):
        low, high = nominal * limits.usual_low, nominal * limits.usual_high
    percent = stated(known, limits.frequency, 0.0)
    width = hertz / 100 * (percent if percent > 0 else limits.usual_frequency)
    return low <= voltage <= high and abs(frequency - hertz) <= width
