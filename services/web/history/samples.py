"""What a variable was at which times, and what that was over spans of time; pure.

A sample holds until the next one, but for `HOLD` at most: who noted it repeats it while it is true.
A sample whose value is None says that nothing is known from then on. Times of samples are
milliseconds since the epoch, those of buckets seconds.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

KEEPALIVE: Final = 60.0  # seconds after which a value is noted again though it did not change
HOLD: Final = 90_000

Samples = Mapping[int, float | None]  # by time


class Segment(NamedTuple):
    """A value, and from when until when it held, in milliseconds."""

    begin: int
    end: int
    value: float


class Bucket(NamedTuple):
    """What a variable was in the `step` seconds from `begin`: least, mean, greatest.

    The mean is weighted by time; `seconds` is the time for which the value is known.
    """

    begin: int
    step: int
    low: float
    mean: float
    high: float
    seconds: float


class Point(NamedTuple):
    """One point of a chart: what was from `at` to `until`, in seconds since the epoch."""

    at: float
    until: float
    low: float
    mean: float
    high: float


def segments(samples: Samples, begin: int, end: int) -> Iterator[Segment]:
    """Give the stretches of time in which the value is known, cut to [begin, end) ms."""
    times = sorted(samples)
    first = max(0, bisect_right(times, begin) - 1)
    for at, following in pairwise([*times[first:], end]):
        value = samples[at]
        start, stop = max(at, begin), min(following, at + HOLD, end)
        if value is not None and start < stop:
            yield Segment(start, stop, value)


def buckets(samples: Samples, begin: int, end: int, step: int) -> list[Bucket]:
    """Sum up the samples by steps of so many seconds, from `begin` to `end` in ms."""
    found: dict[int, list[Segment]] = {}
    width = step * 1000
    for segment in segments(samples, begin, end):
        for index in range(segment.begin // width, (segment.end - 1) // width + 1):
            start, stop = max(segment.begin, index * width), min(segment.end, (index + 1) * width)
            found.setdefault(index, []).append(Segment(start, stop, segment.value))
    return [_summed(index * step, step, parts) for index, parts in sorted(found.items())]


def grouped(fine: Iterable[Bucket], step: int) -> list[Bucket]:
    """Join buckets to steps of so many seconds; one that is longer stays as it is."""
    groups: dict[tuple[int, int], list[Bucket]] = {}
    for bucket in fine:
        width = max(step, bucket.step)
        groups.setdefault((bucket.begin // width * width, width), []).append(bucket)
    return [_joined(begin, width, parts) for (begin, width), parts in sorted(groups.items())]


def runs_of_buckets(found: Iterable[Bucket]) -> tuple[tuple[Point, ...], ...]:
    """Make points of buckets; where a bucket is missing a new run begins."""
    points = (
        Point(each.begin, each.begin + each.step, each.low, each.mean, each.high) for each in found
    )
    return _runs(points)


def runs_of_segments(found: Iterable[Segment]) -> tuple[tuple[Point, ...], ...]:
    """Make points of what held when; where nothing is known a new run begins."""
    points = (
        Point(begin / 1000, end / 1000, value, value, value) for begin, end, value in _merged(found)
    )
    return _runs(points)


def _merged(found: Iterable[Segment]) -> Iterator[Segment]:
    """Join segments of the same value that touch: repetitions are no news."""
    last: Segment | None = None
    for each in found:
        if last and last.end == each.begin and last.value == each.value:
            last = last._replace(end=each.end)
            continue
        if last:
            yield last
        last = each
    if last:
        yield last


def _runs(points: Iterable[Point]) -> tuple[tuple[Point, ...], ...]:
    runs: list[list[Point]] = []
    for point in points:
        if runs and runs[-1][-1].until >= point.at:
            runs[-1].append(point)
        else:
            runs.append([point])
    return tuple(tuple(run) for run in runs)


def _summed(begin: int, step: int, parts: Sequence[Segment]) -> Bucket:
    values = [part.value for part in parts]
    total = sum(part.end - part.begin for part in parts)
    sum_ = sum(part.value * (part.end - part.begin) for part in parts)
    return _bucket(begin, step, min(values), sum_ / total, max(values), total / 1000)


def _joined(begin: int, step: int, parts: Sequence[Bucket]) -> Bucket:
    if len(parts) == 1 and parts[0].step == step:
        return parts[0]
    seconds = sum(part.seconds for part in parts)
    mean = sum(part.mean * part.seconds for part in parts) / seconds
    low, high = min(part.low for part in parts), max(part.high for part in parts)
    return _bucket(begin, step, low, mean, high, round(seconds, 3))


def _bucket(begin: int, step: int, low: float, mean: float, high: float, seconds: float) -> Bucket:
    # What rounding took away is given back: the mean is never beyond what was.
    return Bucket(begin, step, low, min(max(mean, low), high), high, seconds)
