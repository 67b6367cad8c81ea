"""What upsimage draws for each variable: the scale, its zones, and where the bar ends. Pure.

Facts: NUT 2.8.0, clients/upsimage.c; its arithmetic is C's, so whole numbers are cut towards zero.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from services.web.compatibility.numbers import real, whole
from shared.errors import PowerError

UNKNOWN: Final = -1  # a limit that nobody tells, and a zone that is nowhere
NOWHERE: Final = (UNKNOWN, UNKNOWN)
MOST_DASHES: Final = 5000
LARGEST: Final = 1e9

Zone = tuple[int, int]


class PictureError(PowerError):
    """There is nothing to draw; the text is drawn instead."""


@dataclass(frozen=True, slots=True)
class Steps:
    """How far apart the dashes of a scale are: all, those that are longer, those with a number."""

    minor: int
    middle: int
    major: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A value on a scale from `low` to `high`; zones are from and to, both inclusive."""

    low: int
    high: int
    steps: Steps
    warning: tuple[Zone, Zone]
    good: Zone
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What is known of the range of a value, each UNKNOWN if it is not."""

    low: int
    nominal: int
    high: int


FINE: Final = Steps(1, 5, 10)
MEDIUM: Final = Steps(2, 10, 20)
COARSE: Final = Steps(5, 20, 40)
LOAD: Final = Steps(5, 5, 25)

Shape = tuple[int, int, Steps, tuple[Zone, Zone], Zone]
Scale = Callable[[float, Limits, Mapping[str, int]], Shape]


def _general(limits: Limits, deviation: int, *, is_low_neutral: bool = False) -> Shape:
    if UNKNOWN in (limits.low, limits.high) and limits.nominal == UNKNOWN:
        raise PictureError("Can't determine range")
    low, nominal, high = limits.low, limits.nominal, limits.high
    if nominal == UNKNOWN:
        nominal = _quotient(low + high, 2)
    else:
        low = nominal - 3 * deviation if low == UNKNOWN else low
        high = nominal + 3 * deviation if high == UNKNOWN else high
    steps = FINE if high - low <= 50 else MEDIUM if high - low <= 100 else COARSE
    bottom = _quotient(low - deviation, steps.major) * steps.major
    top = _quotient(high + deviation + steps.major // 2, steps.major) * steps.major
    if is_low_neutral:
        return bottom, top, steps, ((0, low), (high, top)), (nominal, high)
    return (
        bottom,
        top,
        steps,
        ((high, top), (bottom, low)),
        (nominal - deviation, nominal + deviation),
    )


def _frequency(_value: float, limits: Limits, _numbers: Mapping[str, int]) -> Shape:
    return _general(limits, 2)


def _utility(value: float, limits: Limits, _numbers: Mapping[str, int]) -> Shape:
    """Guess what is not told from what is usual: 110, 225 or 400 V, and 10 % up and down."""
    least, usual = (90, 110) if value < 200 else (200, 225) if value < 300 else (340, 400)
    low = least if limits.low == UNKNOWN else limits.low
    nominal = usual if limits.nominal == UNKNOWN else limits.nominal
    high = nominal + (nominal - low) if limits.high == UNKNOWN else limits.high
    return _general(Limits(low, nominal, high), int(nominal * 0.1))


_BATTERIES: Final = ((9, 6), (18, 12), (30, 24), (60, 48), (120, 96), (230, 192))
_LARGEST_BATTERY: Final = 384


def _battery_voltage(value: float, limits: Limits, _numbers: Mapping[str, int]) -> Shape:
    """Guess what is not told from cells of 2 V: empty at 1.6 V, charged at 2.3 V."""
    nominal = limits.nominal
    if nominal == UNKNOWN:
        nominal = next((volts for below, volts in _BATTERIES if value < below), _LARGEST_BATTERY)
    cells = _quotient(nominal, 2)
    low = int(cells * 1.6 + 1) if limits.low == UNKNOWN else limits.low
    high = int(cells * 2.3 + 1) if limits.high == UNKNOWN else limits.high
    if not low <= nominal <= high:
        nominal = UNKNOWN
    deviation = abs(int(-nominal * 0.05)) or 1
    # NUT hands this on as the sign of the deviation: a sane nominal voltage always has it.
    is_low_neutral = int(-nominal * 0.05) <= 0
    return _general(Limits(low, nominal, high), deviation, is_low_neutral=is_low_neutral)


def _charge(_value: float, limits: Limits, _numbers: Mapping[str, int]) -> Shape:
    low = 50 if limits.low < 0 else limits.low
    return 0, 100, MEDIUM, ((0, low), NOWHERE), (80, 100)


def _load(_value: float, _limits: Limits, _numbers: Mapping[str, int]) -> Shape:
    return 0, 125, LOAD, ((100, 125), NOWHERE), (0, 50)


def _temperature(_value: float, limits: Limits, numbers: Mapping[str, int]) -> Shape:
    low, high = numbers["tempmin"], numbers["tempmax"]
    return low, high, FINE, ((low, limits.low), (limits.high, high)), NOWHERE


def _humidity(_value: float, limits: Limits, _numbers: Mapping[str, int]) -> Shape:
    return 0, 100, MEDIUM, ((0, limits.low), (limits.high, 100)), NOWHERE


@dataclass(frozen=True, slots=True)
class Display:
    """A variable that can be drawn; `low`, `nominal`, `high` name the variables of its limits."""

    title: str
    unit: str
    scale: Scale
    low: str = ""
    nominal: str = ""
    high: str = ""


def _voltage(end: str) -> Display:
    title, nominal = f"{end.title()} voltage", f"{end}.voltage.nominal"
    low, high = "input.transfer.low", "input.transfer.high"  # of the output too
    return Display(title, "VAC", _utility, low, nominal, high)


_LINES: Final = ("L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1")
_SHARES: Final = [
    f"output.{line}.{kind}.percent"
    for kind in ("power", "realpower")
    for line in ("L1", "L2", "L3")
]
_UPS_LOAD: Final = Display("UPS load", "%", _load)

DISPLAYS: Final[Mapping[str, Display]] = {
    **{f"{end}.voltage": _voltage(end) for end in ("input", "output")},
    **{f"{end}.{line}.voltage": _voltage(end) for end in ("input", "output") for line in _LINES},
    "input.frequency": Display("Input frequency", "Hz", _frequency, "", "input.frequency.nominal"),
    "output.frequency": Display(
        "Output frequency", "Hz", _frequency, "", "output.frequency.nominal"
    ),
    "battery.charge": Display("Battery charge", "%", _charge, "battery.charge.low"),
    "battery.voltage": Display(
        "Battery voltage", "VDC", _battery_voltage,
        "battery.voltage.low", "battery.voltage.nominal", "battery.voltage.high",
    ),
    "ups.load": _UPS_LOAD,
    **dict.fromkeys(_SHARES, _UPS_LOAD),
    "ups.temperature": Display(
        "UPS temperature", "°C", _temperature,
        "ups.temperature.low", "", "ups.temperature.high",
    ),
    "ambient.temperature": Display(
        "Ambient temperature", "°C", _temperature,
        "ambient.temperature.low", "", "ambient.temperature.high",
    ),
    "ambient.humidity": Display(
        "Ambient humidity", "%", _humidity, "ambient.humidity.low", "", "ambient.humidity.high",
    ),
}  # fmt: skip


def bar(name: str, variables: Mapping[str, str], numbers: Mapping[str, int]) -> Bar:
    """Decide how a variable is drawn; PictureError if it cannot be."""
    display = DISPLAYS.get(name)
    if display is None:
        raise PictureError("Unknown display")
    value = real(variables.get(name, ""))
    if value is None:
        raise PictureError(f"{name} N/A")
    names = (display.low, display.nominal, display.high)
    low, nominal, high = (_limit(each, variables) for each in names)
    limits = Limits(low, nominal if nominal > 0 else UNKNOWN, high)
    bottom, top, steps, warning, good = display.scale(value, limits, numbers)
    if not 0 < (top - bottom) // steps.minor <= MOST_DASHES or abs(value) > LARGEST:
        raise PictureError("Can't determine range")
    return Bar(bottom, top, steps, warning, good, value, f"{value:.1f} {display.unit}")


def _limit(name: str, variables: Mapping[str, str]) -> int:
    limit = whole(variables.get(name, ""))
    return UNKNOWN if limit is None or abs(limit) > LARGEST else limit


def _quotient(number: int, divisor: int) -> int:
    """Divide as C does: cut towards zero."""
    return abs(number) // divisor * (1 if number >= 0 else -1)
