"""The scheduler service: hears of devices, follows the clock, has things done."""

import asyncio
import contextlib
import logging
from typing import Final

from services.scheduler.agenda import Agenda
from services.scheduler.book import Changes
from services.scheduler.clock import Clock
from services.scheduler.jobs import (
    Delivery,
    DeviceRequest,
    Job,
    Notification,
    Program,
    ReportDue,
    Stored,
)
from services.scheduler.link import Link, Removed, Settled
from services.scheduler.notify import Notifier
from services.scheduler.plan import plan
from services.scheduler.programs import Programs
from services.scheduler.report import report
from services.scheduler.rules import silent
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import Database, Store, Task
from shared.latest import Latest
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.topics import ServiceKind, Topics

TICK: Final = 1.0  # how often the clock is looked at
NOTE_TIME: Final = 60.0  # how often it is noted, for a machine whose clock stops with it
STRANGE_AFTER: Final = 86400.0
PATIENCE: Final = 15.0  # timers that came due while we were away wait so long for news

logger = logging.getLogger(__name__)


async def run(settings: Latest[SchedulerSettings]) -> None:
    """Serve until cancelled, and follow the settings; SettingsError if nothing can be stored."""
    with Store(settings.value.scheduler.database) as store:
        scheduler = Scheduler(settings.value, store)
        await scheduler.load()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scheduler.follow(settings))
            tasks.create_task(scheduler.keep())
            tasks.create_task(scheduler.programs.run())
            tasks.create_task(scheduler.notifier.run())
            tasks.create_task(scheduler.audit.keep())
            first = settings.value
            identity = Identity(ServiceKind.SCHEDULER, first.scheduler.id)
            tasks.create_task(stay_connected(first.bus, identity, scheduler.link.session))


class Scheduler:
    """Feeds the agenda, stores what it decides, and hands on what is to be done."""

    agenda: Agenda

    def __init__(self, settings: SchedulerSettings, store: Store) -> None:
        section = settings.scheduler
        self._settings = settings
        self._store = store
        self._clock = Clock()
        self._plan = plan(section)
        self._started = self._noted = self._clock.now()
        self._is_ready = False
        self._has_new_plan = True
        now = self._clock.now
        self.audit = settings.audit.log()
        self.link = Link(section.id, Topics(settings.bus.prefix), store, now, self.audit)
        self.notifier = Notifier(store, now, section)
        self.programs = Programs(store, now, section.max_programs)
        self.programs.timeout = section.program_timeout

    async def load(self) -> None:
        """Take up what was left by the run before."""
        saved, seen = await self._store.call(Database.load)
        now = self._clock.now()
        self.agenda = Agenda(self._plan, saved, now)
        if seen is not None and now < seen:
            logger.warning("the clock is %.0f s behind what it was: timers are moved", seen - now)
            self.agenda.shift(now - seen, now)
        self._hand_on(await self._store.call(Database.tasks))

    async def follow(self, latest: Latest[SchedulerSettings]) -> None:
        """Keep to the settings as they change."""
        async for settings in latest.follow():
            if settings is self._settings:
                continue
            old, self._settings = self._settings, settings
            fixed = ("id", "database", "max_programs")
            before, after = old.scheduler, settings.scheduler
            if (old.bus, old.audit) != (settings.bus, settings.audit) or any(
                getattr(before, k) != getattr(after, k) for k in fixed
            ):
                logger.warning(
                    "[bus], [audit], %s of the scheduler count only after a restart", fixed
                )
            self._plan = plan(after)
            self.agenda.apply(self._plan, self._clock.now())
            self._has_new_plan = True
            self.notifier.apply(after)
            self.programs.timeout = after.program_timeout
            self.link.arrival.set()

    async def keep(self) -> None:
        """Do what is due when it is due, until cancelled."""
        while True:
            self._follow_clock()
            self._hear()
            if self._may_fire():
                self.agenda.fire_due(self._clock.now())
            changes = self.agenda.take_changes()
            await self._store_changes(changes)
            if changes.timers or changes.calendar or self._has_new_plan:
                self._has_new_plan = False
                self.link.announce(self.agenda.outlook())
            await self._wait()

    def _follow_clock(self) -> None:
        if jump := self._clock.jumped():
            logger.warning("the clock jumped by %.0f s: timers keep what is left of them", jump)
            self._started += jump
            self._noted += jump
            self.agenda.shift(jump, self._clock.now())
            self._has_new_plan = True

    def _hear(self) -> None:
        self.link.arrival.clear()
        news = self.link.news
        while news:
            piece = news.popleft()
            match piece:
                case Removed():
                    self.agenda.forget(piece.device)
                case Settled():
                    for device in self.agenda.unheard:
                        self.agenda.observe(silent(device), self._clock.now())
                case _:
                    self.agenda.observe(piece, self._clock.now())

    def _may_fire(self) -> bool:
        """Tell whether what happened while we were away has been heard, or will not be."""
        waited = self._clock.now() - self._started > PATIENCE
        self._is_ready = self._is_ready or waited or not self.agenda.unheard
        return self._is_ready

    async def _store_changes(self, changes: Changes) -> None:
        now = self._clock.now()
        if changes:
            jobs = [stored for job in changes.jobs for stored in await self._prepared(job)]
            self._hand_on(await self._store.call(Database.commit, changes, jobs, now))
            self._noted = now
        elif now - self._noted > NOTE_TIME:
            await self._store.call(Database.note_time, now)
            self._noted = now
            self._forget_strangers(now)

    def _forget_strangers(self, now: float) -> None:
        """Drop devices that were removed while nobody listened: silent, and not on the bus."""
        for device in self.agenda.silent_before(now - STRANGE_AFTER):
            if not self.link.has(device):
                self.agenda.forget(device)

    async def _prepared(self, job: Job) -> list[Stored]:
        if isinstance(job, Program | DeviceRequest):
            return [job]
        if isinstance(job, ReportDue):
            outages = await self._store.call(Database.outages, job.since, job.until)
            readings = self.agenda.readings
            body = report(readings, outages, job.since, job.until, self._plan.zone)
            job = Notification(job.to, job.title, body)
        return list(self.notifier.deliveries(job))

    def _hand_on(self, tasks: list[Task]) -> None:
        for task in tasks:
            if isinstance(task.job, Program):
                self.programs.submit(task, task.job)
            elif isinstance(task.job, DeviceRequest):
                self.link.submit(task, task.job)
        self.notifier.wake({task.job.target for task in tasks if isinstance(task.job, Delivery)})

    async def _wait(self) -> None:
        """Wait for news, for what is due next, or for the next look at the clock."""
        due = self.agenda.next_due
        delay = TICK if due is None or not self._is_ready else due - self._clock.now()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(TICK, max(delay, 0.0))):
                await self.link.arrival.wait()
