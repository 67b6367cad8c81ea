"""Energy from power: what a device gave to its load by day, month or year; pure."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from services.web.history.samples import Bucket

WATT_SECONDS: Final = 3_600_000.0  # in a kWh


class Span(StrEnum):
    """What energy is added up by."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Energy:
    """What was given in [begin, end): kWh, the seconds of it for which the power is known.

    `estimated` says that some of it is worked out from load and rating. Nothing is made up for
    times in which the device was away, so the true energy may be more.
    """

    begin: float
    end: float
    kilowatt_hours: float
    seconds: float
    estimated: bool

    @property
    def share(self) -> float:
        """For how much of the time the power is known, 0 to 1."""
        return min(1.0, self.seconds / (self.end - self.begin))


def totals(
    measured: Iterable[Bucket],
    estimated: Iterable[Bucket],
    span: Span,
    begin: float,
    end: float,
    zone: tzinfo,
) -> list[Energy]:
    """Add up the power in W by days, months or years of a zone, from first to last that has any.

    Where there is measured power in a bucket, the estimated one does not count. The sums are exact
    for zones that differ from UTC by whole quarters of an hour.
    """
    chosen = {bucket.begin: (bucket, True) for bucket in estimated}
    chosen |= {bucket.begin: (bucket, False) for bucket in measured}
    times = sorted(chosen)
    found = []
    for start, stop in spans(span, begin, end, zone):
        parts = [chosen[at] for at in times[bisect_left(times, start) : bisect_left(times, stop)]]
        if parts:
            watt_seconds = sum(bucket.mean * bucket.seconds for bucket, _ in parts)
            seconds = sum(bucket.seconds for bucket, _ in parts)
            is_estimated = any(flag for _, flag in parts)
            found.append(Energy(start, stop, watt_seconds / WATT_SECONDS, seconds, is_estimated))
    return found


def spans(span: Span, begin: float, end: float, zone: tzinfo) -> Iterator[tuple[float, float]]:
    """Give the days, months or years of a zone that have anything of [begin, end)."""
    start = _start(span, datetime.fromtimestamp(begin, zone))
    while start.timestamp() < end:
        following = _following(span, start)
        yield start.timestamp(), following.timestamp()
        start = following


def _start(span: Span, moment: datetime) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if span is Span.DAY:
        return day
    return day.replace(day=1) if span is Span.MONTH else day.replace(month=1, day=1)


def _following(span: Span, start: datetime) -> datetime:
    if span is Span.DAY:
        return start + timedelta(days=1)  # of the wall clock: a day may have 23 or 25 hours
    if span is Span.YEAR:
        return start.replace(year=start.year + 1)
    return (start + timedelta(days=32)).replace(day=1)
