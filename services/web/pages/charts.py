"""Charts of the past as lines and ticks in a drawing of WIDTH by HEIGHT; pure.

Where values were summed up, a band goes from the least to the greatest, and the line is the mean.
Nothing is drawn where nothing is known.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from services.web.history.outages import Outage
from services.web.history.reader import Series
from services.web.history.samples import Point

WIDTH: Final = 900
HEIGHT: Final = 190
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 8, 24
ACROSS: Final = WIDTH - LEFT - RIGHT
DOWN: Final = HEIGHT - TOP - BOTTOM
ROWS: Final = 4
COLUMNS: Final = 8
DAY: Final = 86400
_STEPS: Final = (
    1, 5, 15, 30, 60, 300, 600, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600,
    DAY, 2 * DAY, 7 * DAY, 14 * DAY,
)  # fmt: skip
_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60)


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the chart at a place, with its text."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One variable over time; `points` is JSON of [at, until, mean, low, high] for the reader."""

    variable: str
    label: str
    unit: str
    line: str
    band: str
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    shades: tuple[tuple[float, float], ...]
    points: str
    begin: float
    end: float
    low: float | None = None
    mean: float | None = None
    high: float | None = None


def chart(
    series: Series, label: str, unit: str, outages: Iterable[Outage], zone: tzinfo | None
) -> Chart:
    """Draw a series; times in the zone, None for that of this machine."""
    begin, end = series.begin, max(series.end, series.begin + 1)
    points = [point for run in series.runs for point in run]
    bottom, top, step = scale([each.low for each in points], [each.high for each in points])

    def across(at: float) -> float:
        return round(LEFT + ACROSS * (min(max(at, begin), end) - begin) / (end - begin), 1)

    def up(value: float) -> float:
        return round(TOP + DOWN * (top - value) / (top - bottom), 1)

    shades = [
        (across(outage.began), across(outage.seen if outage.ended is None else outage.ended))
        for outage in outages
    ]
    values = _summed(points)
    return Chart(
        series.variable, label, unit,
        " ".join(_line(run, across, up) for run in series.runs),
        " ".join(_band(run, across, up) for run in series.runs if series.step),
        tuple(Tick(up(row), _number(row)) for row in _rows(bottom, top, step)),
        tuple(Tick(across(at), text) for at, text in times(begin, end, zone)),
        tuple((left, max(right - left, 1.0)) for left, right in shades),
        _data(points), begin, end, *values,
    )  # fmt: skip


def scale(lows: Sequence[float], highs: Sequence[float]) -> tuple[float, float, float]:
    """Choose the ends of the upright axis and the step of its lines: round numbers around all."""
    if not lows:
        return 0.0, 1.0, 1.0
    low, high = min(lows), max(highs)
    if high - low < max(abs(high), 1.0) * 0.02:
        middle = (low + high) / 2
        spread = max(abs(middle) * 0.02, 0.5)
        low, high = middle - spread, middle + spread
    rough = (high - low) / ROWS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= rough * 0.999)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def times(begin: float, end: float, zone: tzinfo | None) -> Iterator[tuple[float, str]]:
    """Choose moments for lines across: round times of the zone, at most COLUMNS or so."""
    length = end - begin
    step = next((each for each in _STEPS if length / each <= COLUMNS), 0)
    if not step:
        yield from _months(begin, end, zone)
        return
    form = "%H:%M:%S" if step < 60 else "%H:%M" if step < DAY else "%d %b"
    first = _at(begin, zone)
    at = first.replace(hour=0, minute=0, second=0, microsecond=0)
    at += timedelta(seconds=step) * max(0, int((first - at).total_seconds() // step))
    while (moment := _epoch(at)) < end:
        if moment >= begin:
            is_midnight = step < DAY and (at.hour, at.minute, at.second) == (0, 0, 0)
            yield moment, at.strftime("%d %b" if is_midnight else form)
        at += timedelta(seconds=step)


def _months(begin: float, end: float, zone: tzinfo | None) -> Iterator[tuple[float, str]]:
    first, last = _at(begin, zone), _at(end, zone)
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    step = next((each for each in _MONTHS if count / each <= COLUMNS), _MONTHS[-1])
    number = first.year * 12 + (first.month - 1) // min(step, 12) * min(step, 12)
    while True:
        year, month = divmod(number, 12)
        at = first.replace(
            year=year, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0
        )
        moment = _epoch(at)
        if moment >= end:
            return
        if moment >= begin:
            yield moment, at.strftime("%b %Y" if step < 12 else "%Y")
        number += step


def _at(epoch: float, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(epoch, zone)


def _epoch(at: datetime) -> float:
    return at.timestamp()


def _rows(bottom: float, top: float, step: float) -> list[float]:
    return [bottom + step * row for row in range(round((top - bottom) / step) + 1)]


def _number(value: float) -> str:
    return f"{round(value, 6):g}"


Place = Callable[[float], float]


def _line(run: Sequence[Point], across: Place, up: Place) -> str:
    """Go from value to value; the last one goes on for as long as it held."""
    places = [f"{across(point.at)} {up(point.mean)}" for point in run]
    return f"M{'L'.join(places)}H{across(run[-1].until)}"


def _band(run: Sequence[Point], across: Place, up: Place) -> str:
    end = across(run[-1].until)
    above = [f"{across(point.at)} {up(point.high)}" for point in run]
    below = [f"{across(point.at)} {up(point.low)}" for point in reversed(run)]
    corners = [f"{end} {up(run[-1].high)}", f"{end} {up(run[-1].low)}"]
    return f"M{'L'.join([*above, *corners, *below])}Z"


def _summed(points: Sequence[Point]) -> tuple[float, ...]:
    """Give the least, the mean and the greatest; nothing if there is nothing."""
    if not points:
        return ()
    seconds = sum(point.until - point.at for point in points)
    total = sum(point.mean * (point.until - point.at) for point in points)
    mean = total / seconds if seconds else points[-1].mean
    low, high = min(point.low for point in points), max(point.high for point in points)
    return low, mean, high


def _data(points: Iterable[Point]) -> str:
    rows = [
        [round(p.at), round(p.until), *(float(f"{v:.5g}") for v in (p.mean, p.low, p.high))]
        for p in points
    ]
    return json.dumps(rows, separators=(",", ":"))
