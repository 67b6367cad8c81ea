"""The history as the rest of the web service sees it: it keeps itself, and answers questions.

What cannot be written or read is told once; the service goes on without, and it is tried again.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Concatenate, Final, ParamSpec, TypeVar

from services.web.history import energy, reader
from services.web.history.energy import Energy, Span
from services.web.history.health import Health, health
from services.web.history.outages import Outage, Outages
from services.web.history.reader import EVER, Series
from services.web.history.recorder import ESTIMATED, MEASURED, Choice, Recorder
from services.web.history.samples import Bucket
from services.web.history.schema import UnusableError
from services.web.history.store import SpoiltFileError, Store, opened
from services.web.history.writer import Batch, Limits, Writer
from services.web.mirror import Mirror
from services.web.settings import WebSettings
from shared.fleet import Device
from shared.latest import Latest

WRITE_EVERY: Final = 4.0  # seconds; what is lost with the power is what came since, at most
SORT_EVERY: Final = 600.0
FORGET_EVERY: Final = 300.0
RETRY: Final = 30.0
SAMPLES_AT_ONCE: Final = 20_000
DAY: Final = 86400.0
COARSE: Final = 900  # seconds; an export of such steps reads more days at once
COARSE_SLICE: Final = 30 * DAY
FINE_SLICE: Final = DAY
HEALTH_DAYS: Final = 5 * 366

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


class History:
    """Follows the devices of a mirror; `run` keeps what they were.

    Each question raises UnusableError, whose text says why, while there is no file to ask.
    """

    def __init__(
        self,
        mirror: Mirror,
        settings: Latest[WebSettings],
        clock: Callable[[], float] = time.time,
    ) -> None:
        section = settings.value.web.history
        self._mirror = mirror
        self._settings = settings
        self._clock = clock
        self._recorder = Recorder(Choice.of(section))
        self._outages = Outages()
        self._path = section.file
        self._store: Store | None = None
        self.trouble = "" if section.enabled else "the history is switched off in the settings"
        self.is_enabled = section.enabled
        if self.is_enabled:
            self.trouble = "the history is not open yet"
            mirror.fleet.follow(self._take)

    async def run(self) -> None:
        """Keep the history until cancelled; trouble with the file is told and lived with."""
        while self.is_enabled:
            pause = 0.0
            try:
                async with opened(self._path) as store:
                    await self._serve(store)
            except SpoiltFileError as error:
                logger.warning("history: %s", error)
            except UnusableError as error:
                self._complain(error)
                pause = RETRY
            await asyncio.sleep(pause)

    async def devices(self) -> list[str]:
        """List the devices of which anything is kept, also those that are gone."""
        return await self._ask(reader.devices)

    async def variables(self, device: str) -> list[str]:
        """List the variables of a device of which anything is kept."""
        return await self._ask(reader.variables, device)

    async def series(
        self, device: str, variable: str, begin: float, end: float, points: int = 600
    ) -> Series:
        """Read what a variable was, in at most so many points; times in seconds of the epoch."""
        return await self._ask(
            reader.series, device, variable, begin, min(end, self._clock()), points
        )

    async def outages(
        self, device: str | None = None, begin: float = 0.0, end: float = EVER, most: int = 1000
    ) -> list[Outage]:
        """List the outages that overlap with the time, the latest first; of all devices if None."""
        return await self._ask(reader.outages, device, begin, end, most)

    async def energy(
        self, device: str, span: Span, begin: float, end: float, zone: tzinfo
    ) -> list[Energy]:
        """Add up what a device gave to its load by days, months or years of a zone."""
        wide = list(energy.spans(span, begin, end, zone))
        if not wide:
            return []
        first, last = wide[0][0], min(wide[-1][1], self._clock())
        return await self._ask(_energy, device, span, (first, last), zone)

    async def health(self, device: str) -> Health:
        """Judge the battery of a device by its past."""
        now = self._clock()
        return await self._ask(_health, device, now - HEALTH_DAYS * DAY, now)

    async def export(
        self, device: str, variables: Sequence[str], begin: float, end: float, step: int
    ) -> AsyncGenerator[tuple[str, list[Bucket] | list[tuple[float, float | None]]]]:
        """Give what is kept, piece by piece: buckets of `step` seconds, or samples if it is 0."""
        slice_ = COARSE_SLICE if step >= COARSE else FINE_SLICE
        slice_ = max(slice_ // step, 1) * step if step else slice_
        end = min(end, self._clock())
        earliest = await self._ask(reader.earliest)
        begin = end if earliest is None else max(begin, earliest)
        begin = begin // step * step if step else begin
        while begin < end:
            stop = min(begin + slice_, end)
            for variable in variables:
                found = await self._ask(reader.table, device, variable, begin, stop, step)
                if found:
                    yield variable, found
            begin = stop

    async def _ask(
        self,
        question: Callable[Concatenate[sqlite3.Connection, P], R],
        *values: P.args,
        **named: P.kwargs,
    ) -> R:
        if self._store is None:
            raise UnusableError(self.trouble or "the history is not open")
        return await self._store.read(question, *values, **named)

    def _take(self, name: str, device: Device | None) -> None:
        now = self._clock()
        self._recorder.take(name, device, now)
        self._outages.take(name, device, now)

    async def _serve(self, store: Store) -> None:
        self._outages.resume(await store.read(reader.unended))
        self._store = store
        try:
            await self._keep(store)
        finally:
            self._store = None
            self._recorder.lose_all(self._clock())
            store.finish(self._batch())

    async def _keep(self, store: Store) -> None:
        """Write, sort in and forget, each in its time; return never."""
        loop = asyncio.get_running_loop()
        keeper = _Schedule(loop.time())
        while True:
            self._tick()
            pause = WRITE_EVERY
            try:
                await self._write(store)
                await self._tidy(store, keeper, loop.time() + WRITE_EVERY / 2)
                self._recover()
            except SpoiltFileError:
                raise
            except UnusableError as error:
                self._complain(error)
                pause = RETRY
            if store.fault:
                raise SpoiltFileError(f"{self._path}: {store.fault}")
            await asyncio.sleep(pause)

    def _tick(self) -> None:
        now = self._clock()
        self._recorder.choose(Choice.of(self._settings.value.web.history))
        if self._mirror.is_connected:
            self._recorder.tick(self._mirror.fleet.devices.values(), now)
            self._outages.tick(self._mirror.fleet.devices, now)
        else:
            self._recorder.lose_all(now)

    def _batch(self) -> Batch:
        return Batch(self._recorder.waiting(SAMPLES_AT_ONCE), dict(self._outages.changed))

    async def _write(self, store: Store) -> None:
        while batch := self._batch():
            await store.write(Writer.append, batch)
            self._recorder.written(len(batch.samples))
            self._outages.written(batch.outages)

    async def _tidy(self, store: Store, schedule: "_Schedule", until: float) -> None:
        """Do what there is to do in small pieces, so that what comes is written in time."""
        loop = asyncio.get_running_loop()
        limits = Limits.of(self._settings.value.web.history)
        if loop.time() >= schedule.sort_at and not schedule.is_sorting:
            await store.write(Writer.begin_sorting)
            schedule.is_sorting = True
            schedule.sort_at = loop.time() + SORT_EVERY
        while schedule.is_sorting and loop.time() < until:
            schedule.is_sorting = await store.write(Writer.sort_some)
        while loop.time() >= schedule.forget_at and loop.time() < until:
            elapsed = loop.time() - schedule.forgotten
            schedule.forgotten = loop.time()
            if not await store.write(Writer.forget_some, limits, self._clock(), elapsed):
                schedule.forget_at = loop.time() + FORGET_EVERY

    def _complain(self, error: UnusableError) -> None:
        if self.trouble != str(error):
            self.trouble = str(error)
            logger.warning(
                "history: %s: nothing is kept until that is put right; it is tried again every"
                " %.0f s",
                error,
                RETRY,
            )

    def _recover(self) -> None:
        if self.trouble:
            logger.info("history: %s is being written", self._path)
        self.trouble = ""


@dataclass(slots=True)
class _Schedule:
    """When what is due, by the loop's clock."""

    forgotten: float
    sort_at: float = 0.0
    forget_at: float = 0.0
    is_sorting: bool = False


def _energy(
    connection: sqlite3.Connection,
    device: str,
    span: Span,
    time_: tuple[float, float],
    zone: tzinfo,
) -> list[Energy]:
    found = (reader.quarters(connection, device, name, *time_) for name in (MEASURED, ESTIMATED))
    measured, estimated = found
    return energy.totals(measured, estimated, span, *time_, zone)


def _health(connection: sqlite3.Connection, device: str, begin: float, end: float) -> Health:
    names = ("battery.runtime", "battery.charge", "ups.load")
    runtime, charge, load = (reader.hours(connection, device, name, begin, end) for name in names)
    return health(runtime, charge, load, reader.outages(connection, device, begin, end))
