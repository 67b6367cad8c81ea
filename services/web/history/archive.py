"""Reading the file of the history: samples and buckets of one series, wherever they are kept.

A series' newest samples lie in `recent`, not yet sorted in; everything here lays them over what is
kept, so a reader sees what was written last.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from services.web.history.packing import SpoiltError
from services.web.history.samples import HOLD, Bucket, Samples, buckets, grouped
from services.web.history.tiers import (
    HOUR,
    RAW,
    SERIES_BITS,
    Tier,
    buckets_of_body,
    samples_of_body,
)

HOUR_MS: Final = HOUR * 1000

logger = logging.getLogger(__name__)


def rows(
    connection: sqlite3.Connection, tier: Tier, series: int, begin: float, end: float
) -> Iterator[tuple[int, bytes]]:
    """Give the rows with anything of [begin, end): when each begins, and its body."""
    # Apart: asked for both at once, SQLite goes through the whole table.
    ends = tier.sql("SELECT (SELECT min(id) FROM TIER), (SELECT max(id) FROM TIER)")
    least, most = connection.execute(ends).fetchone()
    if least is None:
        return
    query = tier.sql("SELECT body FROM TIER WHERE id = ?")
    first = max(int(begin // tier.span), least >> SERIES_BITS)
    last = min(int(-(-end // tier.span)), (most >> SERIES_BITS) + 1)
    for number in range(first, last):
        at = number * tier.span
        found = connection.execute(query, (tier.key(series, at),)).fetchone()
        if found:
            yield at, found[0]


def samples(
    connection: sqlite3.Connection, series: int, begin: float, end: float
) -> dict[int, float | None]:
    """Read the samples of the hours in [begin, end) that are sorted in."""
    found: dict[int, float | None] = {}
    for at, body in rows(connection, RAW, series, begin, end):
        try:
            found |= samples_of_body(body, at)
        except SpoiltError as error:
            _warn(RAW, series, at, error)
    return found


def kept_buckets(
    connection: sqlite3.Connection, tier: Tier, series: int, begin: float, end: float
) -> list[Bucket]:
    """Read the buckets of the rows in [begin, end) that are sorted in, also those around it."""
    found: list[Bucket] = []
    for at, body in rows(connection, tier, series, begin, end):
        try:
            found += buckets_of_body(body, at, tier.step)
        except SpoiltError as error:
            _warn(tier, series, at, error)
    return found


def pending(connection: sqlite3.Connection, series: int) -> dict[int, float | None]:
    """Read the samples of a series that are not sorted in yet; of two at one time, the later."""
    query = "SELECT at, value FROM recent WHERE series = ? ORDER BY generation, at"
    return dict(connection.execute(query, (series,)))


def hours_of(times: Iterable[int]) -> list[int]:
    """List the hours, by the second in which each begins, that samples at these ms have a say in.

    A sample near the end of an hour may hold into the next one.
    """
    numbers = {number for at in times for number in (at // HOUR_MS, (at + HOLD) // HOUR_MS)}
    return sorted(number * HOUR for number in numbers)


def with_carried(hour: int, of_hour: Samples, before: Samples) -> dict[int, float | None]:
    """Add to the samples of an hour the last one before it: it may hold into the hour."""
    earlier = [at for at in before if at < hour * 1000]
    last = max(earlier, default=None)
    return {**({} if last is None else {last: before[last]}), **of_hour}


def minutes(
    connection: sqlite3.Connection, series: int, hour: int, new: Samples
) -> tuple[dict[int, float | None], list[Bucket]]:
    """Lay new samples over those of an hour: all samples of it, and its buckets of a minute."""
    begin, end = hour * 1000, (hour + HOUR) * 1000
    before = samples(connection, series, hour - HOUR, hour)
    before |= {at: value for at, value in new.items() if begin - HOUR_MS <= at < begin}
    of_hour = samples(connection, series, hour, hour + HOUR)
    of_hour |= {at: value for at, value in new.items() if begin <= at < end}
    return of_hour, buckets(with_carried(hour, of_hour, before), begin, end, 60)


def renewed(
    old: Iterable[Bucket], new: Iterable[Bucket], hour: int, *, complete: bool
) -> list[Bucket]:
    """Put an hour's new buckets in place of the old ones.

    If they are not `complete` (the samples of the hour are kept no more), old ones stay where
    there is no new one.
    """
    found = {
        bucket.begin: bucket
        for bucket in old
        if not (complete and hour <= bucket.begin < hour + HOUR)
    }
    found |= {bucket.begin: bucket for bucket in new}
    return [found[begin] for begin in sorted(found)]


def horizons(connection: sqlite3.Connection) -> Mapping[str, int]:
    """Say since when each tier is kept; a tier without an entry is kept since ever."""
    return dict(connection.execute("SELECT tier, begin FROM horizons"))


def read_buckets(
    connection: sqlite3.Connection, tiers: Sequence[Tier], series: int, begin: float, end: float
) -> list[Bucket]:
    """Read the buckets of [begin, end) from the first tier, where that is kept no more the next.

    `tiers` may begin with RAW, which is passed over. They come in the order of time.
    """
    since = horizons(connection)
    new = {at: value for at, value in pending(connection, series).items() if at < end * 1000}
    found: list[Bucket] = []
    for tier in (tier for tier in tiers if tier.step):
        start = max(begin, since.get(tier.name, 0))
        if start < end:
            found = _laid_over(connection, tier, series, start, end, new) + found
        end = min(end, start)
        if end <= begin:
            break
    return found


def read_samples(
    connection: sqlite3.Connection, series: int, begin: float, end: float
) -> dict[int, float | None]:
    """Read the samples of [begin, end), with the one that still holds at its beginning."""
    found = samples(connection, series, begin - HOLD / 1000, end)
    first, last = (begin * 1000) - HOLD, end * 1000
    found |= pending(connection, series)
    return {at: value for at, value in found.items() if first <= at < last}


def _laid_over(
    connection: sqlite3.Connection, tier: Tier, series: int, begin: float, end: float, new: Samples
) -> list[Bucket]:
    found = kept_buckets(connection, tier, series, begin, end)
    since = horizons(connection).get(RAW.name, 0)
    for hour in hours_of(new):
        if begin < hour + HOUR and hour < end:
            _, fresh = minutes(connection, series, hour, new)
            fresh = grouped(fresh, tier.step)
            found = renewed(found, fresh, hour, complete=hour >= since)
    return [bucket for bucket in found if begin < bucket.begin + bucket.step and bucket.begin < end]


def _warn(tier: Tier, series: int, at: int, error: Exception) -> None:
    logger.warning(
        "history: row of %s, series %s, at %s is passed over: %s", tier, series, at, error
    )
