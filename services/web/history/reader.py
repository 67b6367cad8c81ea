"""What can be asked of the history's file, each answered from one moment of it.

All functions take the connection of a thread for reading and may raise sqlite3.Error.
"""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.web.history import archive
from services.web.history.outages import Outage, outage_of
from services.web.history.samples import (
    Bucket,
    Point,
    buckets,
    grouped,
    runs_of_buckets,
    runs_of_segments,
    segments,
)
from services.web.history.tiers import HOURLY, QUARTER, RAW, TIERS, Tier, step_for, suited

MOST_POINTS: Final = 5000
LEAST_POINTS: Final = 10
EVER: Final = 2.0**53

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Series:
    """What a variable of a device was from `begin` to `end`, in seconds since the epoch.

    Each run is unbroken; between two runs nothing is known. A point holds from its `at` to its
    `until`; the first and the last one may reach beyond the time. `step` is how many seconds a
    point sums up, 0 where each is a value as it was.
    """

    device: str
    variable: str
    begin: float
    end: float
    step: int = 0
    runs: tuple[tuple[Point, ...], ...] = ()


def devices(connection: sqlite3.Connection) -> list[str]:
    """List the devices of which anything is kept."""
    return [name for (name,) in connection.execute("SELECT name FROM devices ORDER BY name")]


def variables(connection: sqlite3.Connection, device: str) -> list[str]:
    """List the variables of a device of which anything is kept."""
    query = (
        "SELECT variable FROM series JOIN devices ON devices.id = device WHERE name = ?"
        " ORDER BY variable"
    )
    return [name for (name,) in connection.execute(query, (device,))]


def series_id(connection: sqlite3.Connection, device: str, variable: str) -> int | None:
    """Find the number of a series."""
    query = (
        "SELECT series.id FROM series JOIN devices ON devices.id = device"
        " WHERE name = ? AND variable = ?"
    )
    found = connection.execute(query, (device, variable)).fetchone()
    return int(found[0]) if found else None


def series(
    connection: sqlite3.Connection,
    device: str,
    variable: str,
    begin: float,
    end: float,
    points: int,
) -> Series:
    """Read a series, in at most so many points; one that is not kept has none."""
    points = min(max(points, LEAST_POINTS), MOST_POINTS)
    nothing = Series(device, variable, begin, end)
    id = series_id(connection, device, variable)
    if id is None or not begin < end:
        return nothing
    tiers = suited((end - begin) / points)
    if tiers[0] is RAW and begin >= archive.horizons(connection).get(RAW.name, 0):
        samples = archive.read_samples(connection, id, begin, end)
        runs = runs_of_segments(segments(samples, round(begin * 1000), round(end * 1000)))
        if sum(map(len, runs)) <= points:
            return Series(device, variable, begin, end, 0, runs)
    step = step_for(begin, end, points, tiers[0])
    # Points are whole: the first and the last one may reach beyond what was asked for.
    first, last = begin // step * step, -(-end // step) * step
    summed = grouped(_buckets(connection, tiers, id, (first, last), step), step)
    return Series(device, variable, begin, end, step, runs_of_buckets(summed))


def _buckets(
    connection: sqlite3.Connection,
    tiers: Sequence[Tier],
    id: int,
    time: tuple[float, float],
    step: int,
) -> list[Bucket]:
    """Read what can be grouped to steps of so many seconds, which fit the first of the tiers."""
    begin, end = time
    if tiers[0] is not RAW:
        return archive.read_buckets(connection, tiers, id, begin, end)
    since = min(max(begin, archive.horizons(connection).get(RAW.name, 0)), end)
    older = archive.read_buckets(connection, tiers, id, begin, since) if begin < since else []
    found = archive.read_samples(connection, id, since, end)
    return older + buckets(found, round(since * 1000), round(end * 1000), step)


def earliest(connection: sqlite3.Connection) -> float | None:
    """Say since when anything is kept, to the week; None if nothing is."""
    found = [
        tier.begin(key)
        for tier in TIERS
        for (key,) in connection.execute(tier.sql("SELECT min(id) FROM TIER"))
        if key is not None
    ]
    found += [at / 1000 for (at,) in connection.execute("SELECT min(at) FROM recent") if at]
    return min(found, default=None)


def table(
    connection: sqlite3.Connection, device: str, variable: str, begin: float, end: float, step: int
) -> list[Bucket] | list[tuple[float, float | None]]:
    """Read for an export: buckets of so many seconds, or with 0 the samples, time and value."""
    id = series_id(connection, device, variable)
    if id is None or not begin < end:
        return []
    if step:
        found = grouped(_buckets(connection, suited(step), id, (begin, end), step), step)
        return [bucket for bucket in found if bucket.begin >= begin]
    first = begin * 1000
    samples = archive.read_samples(connection, id, begin, end)
    return [(at / 1000, value) for at, value in sorted(samples.items()) if at >= first]


def quarters(
    connection: sqlite3.Connection, device: str, variable: str, begin: float, end: float
) -> list[Bucket]:
    """Read the quarters of an hour in [begin, end); the last one ends there."""
    id = series_id(connection, device, variable)
    if id is None:
        return []
    found = archive.read_buckets(connection, TIERS[TIERS.index(QUARTER) :], id, begin, end)
    return [
        each
        if each.begin + each.step <= end
        else each._replace(seconds=min(each.seconds, end - each.begin))
        for each in found
    ]


def hours(
    connection: sqlite3.Connection, device: str, variable: str, begin: float, end: float
) -> list[Bucket]:
    """Read the hours in [begin, end)."""
    id = series_id(connection, device, variable)
    return [] if id is None else archive.read_buckets(connection, (HOURLY,), id, begin, end)


def outages(
    connection: sqlite3.Connection,
    device: str | None = None,
    begin: float = 0.0,
    end: float = EVER,
    most: int = 1000,
) -> list[Outage]:
    """List the outages that overlap with the time, the latest first."""
    query = (
        "SELECT id, body FROM outages WHERE began < ? AND (? IS NULL OR device = ?)"
        " ORDER BY began DESC"
    )
    found: list[Outage] = []
    for _, outage in _outages(connection.execute(query, (end, device, device))):
        if (outage.seen if outage.ended is None else outage.ended) >= begin:
            found.append(outage)
        if len(found) == most:
            break
    return found


def unended(connection: sqlite3.Connection) -> dict[str, tuple[str, Outage]]:
    """Give by device the outages that had no end when they were written, with their ids."""
    query = "SELECT id, body FROM outages WHERE is_open ORDER BY began"
    return {outage.device: (id, outage) for id, outage in _outages(connection.execute(query))}


def _outages(rows: sqlite3.Cursor) -> Iterator[tuple[str, Outage]]:
    for id, body in rows:
        try:
            yield id, outage_of(body)
        except ValueError as error:
            logger.warning("history: outage %s is passed over: %s", id, error)
