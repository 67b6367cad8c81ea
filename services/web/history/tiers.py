"""How finely the past is kept, and how long; what one row of each table spans. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final

from services.web.history.packing import SpoiltError, pack, unpack
from services.web.history.samples import Bucket, Samples

HOUR: Final = 3600
SERIES_BITS: Final = 20  # of a row's key: the series; above it the number of the span


@dataclass(frozen=True, slots=True)
class Tier:
    """One table: buckets of `step` seconds (0: samples as they came), `span` seconds in a row."""

    name: str
    step: int
    span: int

    def sql(self, query: str) -> str:
        """Put the table's name in the place of TIER."""
        return query.replace("TIER", self.name)

    def key(self, series: int, at: float) -> int:
        """Give the key of the row that has this time in it."""
        return int(at // self.span) << SERIES_BITS | series

    def begin(self, key: int) -> int:
        """Say from when on the row of this key is."""
        return (key >> SERIES_BITS) * self.span


RAW: Final = Tier("raw", 0, HOUR)
MINUTE: Final = Tier("minute", 60, HOUR)
QUARTER: Final = Tier("quarter", 900, 24 * HOUR)
HOURLY: Final = Tier("hour", 3600, 7 * 24 * HOUR)
TIERS: Final = (RAW, MINUTE, QUARTER, HOURLY)
SUMMED: Final = (MINUTE, QUARTER, HOURLY)


def suited(seconds: float) -> tuple[Tier, ...]:
    """Choose tiers for steps of so many seconds: the coarsest that is fine enough, then the rest.

    The rest serves times for which the finer ones are not kept any more.
    """
    first = max(place for place, tier in enumerate(TIERS) if tier.step <= seconds or not place)
    return TIERS[first:]


def step_for(begin: float, end: float, points: int, tier: Tier) -> int:
    """Say how many seconds each of at most so many points has to sum up; a multiple of a step."""
    unit = max(tier.step, 1)
    step = unit
    while int((end - 0.001) // step) - int(begin // step) + 1 > points:
        least = -int(-(end - begin) // max(points - 1, 1))
        step = max(step + unit, -(-least // unit) * unit)
    return step


def body_of_samples(samples: Samples, begin: int) -> bytes:
    """Pack the samples of one row, which begins at this second."""
    known = [(at, value) for at, value in sorted(samples.items()) if value is not None]
    gaps = [at - begin * 1000 for at, value in sorted(samples.items()) if value is None]
    return pack([at - begin * 1000 for at, _ in known], [value for _, value in known], gaps)


def samples_of_body(body: bytes, begin: int) -> dict[int, float | None]:
    """Unpack the samples of one row; SpoiltError if they are not readable."""
    times, values, gaps = _columns(body, 3)
    start = begin * 1000
    samples: dict[int, float | None] = {
        start + int(at): value for at, value in zip(times, values, strict=True)
    }
    return samples | {start + int(at): None for at in gaps}


def body_of_buckets(buckets: Sequence[Bucket], begin: int) -> bytes:
    """Pack the buckets of one row, which are of one step; means keep five digits."""
    places = [(bucket.begin - begin) // bucket.step for bucket in buckets]
    lows = [bucket.low for bucket in buckets]
    highs = [bucket.high for bucket in buckets]
    means = [_rounded(bucket) for bucket in buckets]
    return pack(places, lows, means, highs, [bucket.seconds for bucket in buckets])


def buckets_of_body(body: bytes, begin: int, step: int) -> list[Bucket]:
    """Unpack the buckets of one row; SpoiltError if they are not readable."""
    places, *columns = _columns(body, 5)
    begins = [begin + int(place) * step for place in places]
    return list(map(Bucket._make, zip(begins, repeat(step), *columns, strict=False)))


def _columns(body: bytes, count: int) -> list[list[float]]:
    columns = unpack(body)
    if len(columns) != count:
        raise SpoiltError(f"{len(columns)} columns where {count} are due")
    lengths = set(map(len, columns if count != 3 else columns[:2]))
    if len(lengths) != 1:
        raise SpoiltError("columns of different lengths")
    return columns


def _rounded(bucket: Bucket) -> float:
    if bucket.low == bucket.high:
        return bucket.low
    mean = float(f"{bucket.mean:.5g}")
    return min(max(mean, bucket.low), bucket.high)
