"""Writing the file of the history: appends what came, sorts it in bit by bit, forgets what is old.

Samples are appended to `recent`, in the order of time, so a write touches few pages. Later they are
sorted into the rows of their hours, a few series in one transaction. Doing that twice does no harm,
so `recent` is emptied only when all of a generation is sorted in.
"""

import contextlib
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final, Self

from services.web.history import archive
from services.web.history.outages import Outage, body_of
from services.web.history.recorder import Noted
from services.web.history.samples import Bucket, Samples, grouped
from services.web.history.schema import open_for_writing, written
from services.web.history.tiers import (
    HOUR,
    MINUTE,
    RAW,
    SUMMED,
    TIERS,
    Tier,
    body_of_buckets,
    body_of_samples,
)
from services.web.settings import HistorySection

AT_ONCE: Final = 20  # hours of a series that one transaction sorts in
READ_AT_ONCE: Final = 500  # series whose samples are in memory at a time
FORGOTTEN_AT_ONCE: Final = 1000  # rows
FREED_AT_ONCE: Final = 256  # pages
FREE_SHARE: Final = 0.25
HASTE: Final = 10.0  # how much faster than time the past may be forgotten
DAY: Final = 86400.0
MEGABYTE: Final = 1_000_000
# What is given up first when the file is too large, and what is kept of it: tier, days.
SURPLUS: Final = ((RAW, 1.0), (MINUTE, 7.0), (TIERS[2], 31.0), (TIERS[3], 366.0))


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written as one whole; outages by id."""

    samples: Sequence[Noted] = ()
    outages: Mapping[str, Outage] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.samples or self.outages)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each tier is kept, in days by name, and the most bytes the file may have."""

    days: Mapping[str, float]
    size: int | None = None

    @classmethod
    def of(cls, section: HistorySection) -> Self:
        """Take them from the settings."""
        days = (section.raw_days, section.minute_days, section.quarter_days, section.hour_days)
        names = (tier.name for tier in TIERS)
        size = section.max_size * MEGABYTE if section.max_size else None
        return cls(dict(zip(names, days, strict=True)), size)


class Writer:
    """The one who writes; for one thread. All its methods may raise sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._connection = open_for_writing(path)
        self._devices: dict[str, int] = {}
        self._series: dict[tuple[int, str], int] = {}
        self._is_sorting = False
        self._unsorted: list[int] = []
        self._work: list[tuple[int, int, Samples]] = []
        try:
            self._load()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def append(self, batch: Batch) -> None:
        """Write a batch; when this returns, it is on the disk."""
        with self._all_or_nothing():
            rows = [
                (self._generation, noted.at, self._series_of(noted), noted.value)
                for noted in batch.samples
            ]
            self._connection.executemany("INSERT OR REPLACE INTO recent VALUES (?, ?, ?, ?)", rows)
            for id, outage in batch.outages.items():
                self._put_outage(id, outage)

    def begin_sorting(self) -> None:
        """Have all that was appended until now sorted in by calls of `sort_some`."""
        self._generation += 1
        query = "SELECT DISTINCT series FROM recent WHERE generation < ? ORDER BY series"
        found = self._connection.execute(query, (self._generation,))
        self._unsorted = [series for (series,) in found]
        self._is_sorting = True
        self._work.clear()

    def sort_some(self) -> bool:
        """Sort some more in; False when all is done."""
        if not self._is_sorting:
            return False
        if not self._work and self._unsorted:
            self._fetch()
        if not self._work:
            with written(self._connection):
                query = "DELETE FROM recent WHERE generation < ?"
                self._connection.execute(query, (self._generation,))
            self._is_sorting = False
            return False
        some = self._work[:AT_ONCE]
        with written(self._connection):
            for hour, series, samples in some:
                self._sort(hour, series, samples)
        del self._work[:AT_ONCE]
        return True

    def forget_some(self, limits: Limits, now: float, elapsed: float) -> bool:
        """Drop some of what is kept no more; True while there is more.

        `elapsed` is how long it is since the last call, by a clock that does not jump: the past is
        forgotten at most ten times as fast as time passes, whatever the time of day is said to be.
        """
        with written(self._connection):
            today = self._trusted(now, elapsed)
            ends = {tier: today - limits.days[tier.name] * DAY for tier in TIERS}
            dropped = [self._drop_before(tier, end, today) for tier, end in ends.items()]
            dropped.append(self._drop_outages(min(ends.values())))
            if limits.size and self._size() > limits.size:
                dropped.append(self._drop_surplus(today))
        self._give_back()
        return any(dropped)

    def _load(self) -> None:
        self._load_names()
        query = "SELECT max(generation) FROM recent"
        (last,) = self._connection.execute(query).fetchone()
        self._generation: int = last or 1

    def _load_names(self) -> None:
        connection = self._connection
        self._devices = dict(connection.execute("SELECT name, id FROM devices"))
        query = "SELECT device, variable, id FROM series"
        self._series = {(device, name): id for device, name, id in connection.execute(query)}

    @contextlib.contextmanager
    def _all_or_nothing(self) -> Generator[None]:
        try:
            with written(self._connection):
                yield
        except BaseException:
            self._load_names()  # those that were new are not written
            raise

    def _device_of(self, name: str) -> int:
        if name not in self._devices:
            query = "INSERT INTO devices (name) VALUES (?)"
            self._devices[name] = self._connection.execute(query, (name,)).lastrowid or 0
        return self._devices[name]

    def _series_of(self, noted: Noted) -> int:
        key = (self._device_of(noted.device), noted.variable)
        if key not in self._series:
            query = "INSERT INTO series (device, variable) VALUES (?, ?)"
            self._series[key] = self._connection.execute(query, key).lastrowid or 0
        return self._series[key]

    def _put_outage(self, id: str, outage: Outage) -> None:
        row = (id, outage.device, outage.began, not outage.how, body_of(outage))
        query = (
            "INSERT OR REPLACE INTO outages (id, device, began, is_open, body)"
            " VALUES (?, ?, ?, ?, ?)"
        )
        self._connection.execute(query, row)

    def _fetch(self) -> None:
        """Read what some series have to be sorted in, by hour."""
        some = self._unsorted[:READ_AT_ONCE]
        query = (
            "SELECT series, at, value FROM recent WHERE generation < ? AND series BETWEEN ? AND ?"
            " ORDER BY series, generation, at"
        )
        found = self._connection.execute(query, (self._generation, some[0], some[-1]))
        for series, rows in groupby(found, key=itemgetter(0)):
            samples: dict[int, float | None] = {at: value for _, at, value in rows}
            self._work += [(hour, series, samples) for hour in archive.hours_of(samples)]
        self._work.sort(key=itemgetter(0, 1))
        del self._unsorted[:READ_AT_ONCE]

    def _sort(self, hour: int, series: int, new: Samples) -> None:
        of_hour, minutes = archive.minutes(self._connection, series, hour, new)
        complete = hour >= archive.horizons(self._connection).get(RAW.name, 0)
        body = body_of_samples(of_hour, hour) if of_hour else None
        self._put(RAW, RAW.key(series, hour), body)
        for tier in SUMMED:
            fresh = minutes if tier is MINUTE else grouped(minutes, tier.step)
            self._sort_buckets(tier, series, hour, fresh, complete=complete)

    def _sort_buckets(
        self, tier: Tier, series: int, hour: int, fresh: Iterable[Bucket], *, complete: bool
    ) -> None:
        key = tier.key(series, hour)
        old = archive.kept_buckets(self._connection, tier, series, hour, hour + HOUR)
        found = archive.renewed(old, fresh, hour, complete=complete)
        self._put(tier, key, body_of_buckets(found, tier.begin(key)) if found else None)

    def _put(self, tier: Tier, key: int, body: bytes | None) -> None:
        if body is None:
            self._connection.execute(tier.sql("DELETE FROM TIER WHERE id = ?"), (key,))
        else:
            query = tier.sql("INSERT OR REPLACE INTO TIER VALUES (?, ?)")
            self._connection.execute(query, (key, body))

    def _trusted(self, now: float, elapsed: float) -> float:
        """Take the time of day as far as it can be right; a leap is believed little by little."""
        row = self._connection.execute("SELECT seen FROM clock").fetchone()
        trusted = min(now, row[0] + max(elapsed, 0.0) * HASTE) if row else now
        self._connection.execute("INSERT OR REPLACE INTO clock VALUES (1, ?)", (trusted,))
        return trusted

    def _drop_before(self, tier: Tier, end: float, today: float) -> bool:
        """Drop rows that end before, at most so many at once; True if there may be more."""
        horizon = int(end // tier.span) * tier.span
        self._raise_horizon(tier, horizon, today)
        query = tier.sql(
            "DELETE FROM TIER WHERE id IN (SELECT id FROM TIER WHERE id < ? ORDER BY id LIMIT ?)"
        )
        values = (tier.key(0, horizon), FORGOTTEN_AT_ONCE)
        return self._connection.execute(query, values).rowcount == FORGOTTEN_AT_ONCE

    def _drop_outages(self, end: float) -> bool:
        """Drop outages that are over and began before, some at once; True if there may be more."""
        query = (
            "DELETE FROM outages WHERE id IN (SELECT id FROM outages"
            " WHERE began < ? AND NOT is_open ORDER BY began LIMIT ?)"
        )
        return self._connection.execute(query, (end, FORGOTTEN_AT_ONCE)).rowcount == (
            FORGOTTEN_AT_ONCE
        )

    def _drop_surplus(self, today: float) -> bool:
        """Drop the oldest of the finest tier that has more than the least that is kept."""
        for tier, days in SURPLUS:
            least = int((today - days * DAY) // tier.span) * tier.span
            query = tier.sql("SELECT min(id) FROM TIER WHERE id < ?")
            (oldest,) = self._connection.execute(query, (tier.key(0, least),)).fetchone()
            if oldest is not None:
                self._drop_before(tier, tier.begin(oldest) + tier.span, today)
                return True
        return False

    def _raise_horizon(self, tier: Tier, begin: int, today: float) -> None:
        # A clock that was wrong for a while must not hide what comes after it was set right.
        query = (
            "INSERT INTO horizons VALUES (?, ?) ON CONFLICT (tier)"
            " DO UPDATE SET begin = min(max(begin, excluded.begin), ?)"
        )
        self._connection.execute(query, (tier.name, max(begin, 0), int(today)))

    def _give_back(self) -> None:
        """Give some of the free pages back to the disk, but for what will soon be used again."""
        if self._pragma("freelist_count") > self._pragma("page_count") * FREE_SHARE:
            # As a script: each step of the statement frees one page.
            self._connection.executescript(f"PRAGMA incremental_vacuum({FREED_AT_ONCE})")

    def _size(self) -> int:
        pages = self._pragma("page_count") - self._pragma("freelist_count")
        return pages * self._pragma("page_size")

    def _pragma(self, name: str) -> int:
        (value,) = self._connection.execute(f"PRAGMA {name}").fetchone()
        return int(value)
