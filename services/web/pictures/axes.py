"""Axes: round numbers for values, round times of a zone for time; pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

ROWS: Final = 5
COLUMNS: Final = 8
FLAT: Final = 0.02  # of a value: what varies less is drawn as flat as it is
DAY: Final = 86400
_ROUND: Final = (1, 2, 2.5, 5, 10)
_SECONDS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_HOURS: Final = (2, 3, 6, 12)
_DAYS: Final = (1, 2, 7, 14)
_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200)


class Tick(NamedTuple):
    """A value or a time that is worth a line, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Scale:
    """The ends of an axis and its ticks."""

    low: float
    high: float
    ticks: tuple[Tick, ...]


def scale(values: Iterable[float]) -> Scale:
    """Choose round ends around all values; 0 to 1 if there are none."""
    known = list(values)
    low, high = min(known, default=0.0), max(known, default=1.0)
    least = max(abs(low), abs(high)) * FLAT or 1.0
    if high - low < least:
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
    step = _round((high - low) / ROWS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    places = max(0, -math.floor(math.log10(step) + 1e-9) + (step / 10 ** _power(step) == 2.5))
    ticks = tuple(
        Tick(number * step, f"{number * step:.{places}f}") for number in range(first, last + 1)
    )
    return Scale(first * step, last * step, ticks)


def times(begin: float, end: float, zone: tzinfo) -> tuple[Tick, ...]:
    """Choose round times in [begin, end] of a zone, at most COLUMNS or one more."""
    length = end - begin
    for seconds in (*_SECONDS, *(hours * 3600 for hours in _HOURS)):
        if length / seconds <= COLUMNS:
            return tuple(_clock_times(begin, end, zone, seconds))
    for days in _DAYS:
        if length / DAY / days <= COLUMNS:
            return tuple(_days(begin, end, zone, days))
    months = next((each for each in _MONTHS if length / DAY / 30 / each <= COLUMNS), _MONTHS[-1])
    return tuple(_months(begin, end, zone, months))


def zone_name(at: float, zone: tzinfo) -> str:
    """Name the zone as it is at a time."""
    return datetime.fromtimestamp(at, zone).strftime("%Z")


def _power(step: float) -> int:
    return math.floor(math.log10(step) + 1e-9)


def _round(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next((power * each for each in _ROUND if power * each >= rough * 0.999), power * 10)


def _clock_times(begin: float, end: float, zone: tzinfo, seconds: int) -> Iterable[Tick]:
    """Count in steps of real time from midnight of the zone, so that none is left out or twice."""
    form = "%H:%M:%S" if seconds < 60 else "%H:%M"
    midnight = _midnight(datetime.fromtimestamp(begin, zone))
    while (start := midnight.timestamp()) <= end:
        midnight += timedelta(days=1)
        stop = midnight.timestamp()
        skipped = max(0, math.ceil((begin - start) / seconds))
        at = start + skipped * seconds
        while at < stop and at <= end:
            moment = datetime.fromtimestamp(at, zone)
            is_midnight = at == start
            yield Tick(at, moment.strftime("%d %b" if is_midnight else form))
            at += seconds


def _days(begin: float, end: float, zone: tzinfo, days: int) -> Iterable[Tick]:
    day = _midnight(datetime.fromtimestamp(begin, zone))
    day -= timedelta(days=day.toordinal() % days)
    while (at := day.timestamp()) <= end:
        if at >= begin:
            yield Tick(at, day.strftime("%d %b"))
        day += timedelta(days=days)


def _months(begin: float, end: float, zone: tzinfo, months: int) -> Iterable[Tick]:
    first = _midnight(datetime.fromtimestamp(begin, zone)).replace(day=1)
    number = (first.year * 12 + first.month - 1) // months * months
    while number // 12 <= datetime.max.year - 1:
        month = first.replace(year=max(number // 12, 1), month=number % 12 + 1)
        at = month.timestamp()
        if at > end:
            return
        if at >= begin:
            yield Tick(at, month.strftime("%b %Y" if months < 12 else "%Y"))
        number += months


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
