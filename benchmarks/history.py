"""A year of history of many devices: how large its file is, and how long a chart takes.

The file is what the service would have after a year: every sample of the last days, every minute of
the last weeks, and so on. Its rows are made by the service's own functions from two devices that
change like real ones, and written for fifty devices each.
"""

import asyncio
import math
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.progress import say
from benchmarks.report import Table, limit_row, percentile
from services.web.history.energy import Span
from services.web.history.history import History
from services.web.history.recorder import MEASURED
from services.web.history.samples import Bucket, Samples, buckets, grouped
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
from services.web.mirror import Mirror
from services.web.settings import HistorySection, WebSettings
from shared.latest import Latest

DEVICES: Final = 100
KINDS: Final = 2
YEAR: Final = 365 * 24 * HOUR
DAY: Final = 24 * HOUR
LIMIT_MS: Final = 300.0
ASKED: Final = 15
READING: Final = 5  # seconds from one state of a device to the next

# Variable, usual value, slow swing, quick noise, decimal places.
VARIABLES: Final[tuple[tuple[str, float, float, float, int], ...]] = (
    ("battery.charge", 100, 0, 0, 0),
    ("battery.runtime", 2400, 300, 20, 0),
    ("battery.voltage", 27.3, 0.1, 0.05, 1),
    ("ups.load", 35, 10, 1.5, 0),
    ("ups.realpower", 350, 100, 8, 0),
    ("ups.temperature", 28, 4, 0.2, 1),
    ("input.voltage", 230, 4, 0.8, 1),
    ("input.frequency", 50, 0.02, 0.02, 1),
    ("output.voltage", 230, 0.5, 0.3, 1),
    (MEASURED, 350, 100, 8, 0),
)
RANGES: Final = (
    ("an hour", HOUR),
    ("a day", DAY),
    ("a week", 7 * DAY),
    ("a month", 31 * DAY),
    ("a year", YEAR),
)


def history() -> Iterator[Table]:
    """Make the file, and ask for charts of all ranges."""
    with tempfile.TemporaryDirectory(prefix="nutbus-history-") as folder:
        path = Path(folder) / "history.sqlite"
        end = int(time.time()) // HOUR * HOUR
        section = HistorySection(file=path)
        sizes = _made(path, end, section)
        yield _size_table(path, sizes)
        yield asyncio.run(_charts(section, end))


def _made(path: Path, end: int, section: HistorySection) -> dict[str, int]:
    """Write the file; the bytes of each tier's rows by its name."""
    days = (section.raw_days, section.minute_days, section.quarter_days, section.hour_days)
    begins = {
        tier: max(end - YEAR, int(end - kept * DAY) // tier.span * tier.span)
        for tier, kept in zip(TIERS, days, strict=True)
    }
    connection = open_for_writing(path)
    connection.execute("PRAGMA synchronous = OFF")
    sizes = dict.fromkeys((tier.name for tier in TIERS), 0)
    with written(connection):
        _name(connection)
        for kind in range(KINDS):
            for place, variable in enumerate(VARIABLES):
                chance = random.Random(f"{kind} {variable[0]}")
                rows = _rows(chance, variable, begins, end)
                _put(connection, kind, place, rows, sizes)
            say(f"history: the {kind + 1}. of {KINDS} kinds of devices is written")
        query = "INSERT INTO horizons VALUES (?, ?)"
        connection.executemany(query, [(tier.name, at) for tier, at in begins.items()])
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return sizes


def _name(connection: sqlite3.Connection) -> None:
    for device in range(DEVICES):
        connection.execute("INSERT INTO devices VALUES (?, ?)", (device, f"ups{device}"))
        for place, (variable, *_) in enumerate(VARIABLES):
            row = (_series(device, place), device, variable)
            connection.execute("INSERT INTO series VALUES (?, ?, ?)", row)


def _series(device: int, place: int) -> int:
    return device * len(VARIABLES) + place + 1


def _put(
    connection: sqlite3.Connection,
    kind: int,
    place: int,
    rows: Iterator[tuple[Tier, int, bytes]],
    sizes: dict[str, int],
) -> None:
    for tier, at, body in rows:
        query = tier.sql("INSERT INTO TIER VALUES (?, ?)")
        keys = [tier.key(_series(each, place), at) for each in range(kind, DEVICES, KINDS)]
        connection.executemany(query, [(key, body) for key in keys])
        sizes[tier.name] += len(body) * len(keys)


def _rows(
    chance: random.Random,
    variable: tuple[str, float, float, float, int],
    begins: dict[Tier, int],
    end: int,
) -> Iterator[tuple[Tier, int, bytes]]:
    """Make the rows of one series: what is not kept as samples is summed up from fewer of them."""
    kept: dict[Tier, list[Bucket]] = {tier: [] for tier in SUMMED}
    for hour in range(end - YEAR, end, HOUR):
        is_raw, is_minute = hour >= begins[RAW], hour >= begins[MINUTE]
        samples = _samples(chance, variable, hour, READING if is_raw else 20 if is_minute else 60)
        if is_raw:
            yield RAW, hour, body_of_samples(samples, hour)
        minutes = buckets(samples, hour * 1000, (hour + HOUR) * 1000, 60 if is_minute else 900)
        for tier in SUMMED:
            kept[tier] += grouped(minutes, tier.step) if hour >= begins[tier] else []
            if (hour + HOUR) % tier.span == 0 or hour + HOUR == end:
                at = hour // tier.span * tier.span
                if kept[tier]:
                    yield tier, at, body_of_buckets(kept[tier], at)
                kept[tier] = []


def _samples(
    chance: random.Random, variable: tuple[str, float, float, float, int], hour: int, step: int
) -> Samples:
    """Play one hour of a device: a value is noted when it changes, and each minute."""
    _, usual, swing, noise, places = variable
    middle = usual + swing * math.sin(hour / DAY * math.tau) + swing * chance.random() / 4
    found: dict[int, float | None] = {}
    last, noted = None, 0
    for at in range(hour, hour + HOUR, step):
        value = float(round(middle + chance.gauss(0, noise) if noise else usual, places))
        if value != last or at - noted >= 60:
            found[at * 1000] = value
            last, noted = value, at
    return found


def _size_table(path: Path, sizes: dict[str, int]) -> Table:
    megabytes = path.stat().st_size / 1e6
    rows = [(f"rows of {name}", f"{size / 1e6 / DEVICES:.2f}") for name, size in sizes.items()]
    rows.append(("the whole file", f"{megabytes / DEVICES:.2f}"))
    yearly = (sizes["quarter"] + sizes["hour"]) / 1e6 / DEVICES
    rows.append(("each further year", f"{yearly:.2f}"))
    title = f"History: a year of {DEVICES} devices with {len(VARIABLES)} variables"
    note = (
        f"The file has {megabytes:.0f} MB. Each device says something new every {READING} s; the"
        " settings are the defaults."
    )
    return Table(title, ("size for each device", "MB"), tuple(rows), note)


async def _charts(section: HistorySection, end: int) -> Table:
    settings = WebSettings.model_validate({"web": {"history": section}})
    history_ = History(Mirror(), Latest(settings), lambda: float(end))
    running = asyncio.create_task(history_.run())
    try:
        while history_.trouble:
            await asyncio.sleep(0.01)
        rows: list[tuple[str, ...]] = []
        for name, length in RANGES:
            rows += await _range(history_, name, end, length)
        rows += await _energy(history_, end)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    header = ("milliseconds until it is there", "NUT", "nutbus", "to reach", "reached")
    return Table(
        f"Charts of a year of {DEVICES} devices", header, tuple(rows),
        f"{ASKED} charts of 600 points each, of devices and variables by chance.",
    )  # fmt: skip


async def _range(history_: History, name: str, end: int, length: int) -> list[tuple[str, ...]]:
    chance = random.Random(name)
    times = []
    for _ in range(ASKED):
        device, variable = f"ups{chance.randrange(DEVICES)}", chance.choice(VARIABLES)[0]
        begin = time.perf_counter()
        found = await history_.series(device, variable, end - length, end)
        times.append((time.perf_counter() - begin) * 1000)
        assert sum(map(len, found.runs)) <= 600, "more points than were asked for"
        assert found.runs, f"{device} has no {variable} in {name}"
    return _limits(f"chart of {name}", times)


async def _energy(history_: History, end: int) -> list[tuple[str, ...]]:
    times = []
    for device in range(5):
        begin = time.perf_counter()
        days = await history_.energy(
            f"ups{device}", Span.DAY, end - YEAR, end, ZoneInfo("Europe/Berlin")
        )
        times.append((time.perf_counter() - begin) * 1000)
        assert len(days) >= 365, "days without energy"
    return _limits("energy of each day of a year", times)


def _limits(what: str, times: Sequence[float]) -> list[tuple[str, ...]]:
    return [
        limit_row(f"{what}: p50", None, percentile(times, 50), None),
        limit_row(f"{what}: worst", None, percentile(times, 100), LIMIT_MS),
    ]
