"""A scheduler without disk, bus or waiting: settings, a clock that the test turns, and jobs."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from services.scheduler.agenda import Agenda
from services.scheduler.book import Changes, Known, Saved, Timer
from services.scheduler.jobs import DeviceRequest, Job, Notification, Program, ReportDue
from services.scheduler.plan import plan
from services.scheduler.rules import Reading, silent
from services.scheduler.settings import SchedulerSettings
from shared.events import Condition

# Monday 2024-01-01 00:00:00 UTC
BEGIN = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
OPS = {"ops": {"urls": "json://127.0.0.1:9/x"}}

_TIMERS = TypeAdapter(dict[str, Timer])
_DEVICES = TypeAdapter(dict[str, Known])


def settings(**section: Any) -> SchedulerSettings:
    section.setdefault("receivers", OPS)
    section.setdefault("timezone", "UTC")
    return SchedulerSettings.from_tables({"scheduler": {"id": "test", **section}}, "nutbus.toml")


class Stage:
    """An agenda, what it has ordered so far, and the time in seconds since the beginning."""

    def __init__(self, **section: Any) -> None:
        self.settings = settings(**section)
        self.now = 0.0
        self.jobs: list[tuple[float, Job]] = []
        self.saved = Saved()
        self.agenda = Agenda(plan(self.settings.scheduler), self.saved, BEGIN)
        self._take()

    def at(self, seconds: float) -> "Stage":
        """Turn the clock forward, stopping wherever something is due."""
        while (due := self.agenda.next_due) is not None and due <= BEGIN + seconds:
            self.now = max(self.now, due - BEGIN)
            self.agenda.fire_due(BEGIN + self.now)
            self._take()
        self.now = seconds
        return self

    def says(
        self, status: str, device: str = "rack1", variables: Mapping[str, str] | None = None
    ) -> "Stage":
        """Let a device say something; "" is silence."""
        condition = Condition(status, (variables or {}).get("ups.alarm", ""), True)
        told = {"ups.status": status, **(variables or {})}
        reading = Reading(device, condition, told) if status else silent(device)
        self.agenda.observe(reading, BEGIN + self.now)
        self._take()
        return self

    def restart(self, away: float = 0.0) -> "Stage":
        """End without a word and begin again with what was stored."""
        self.now += away
        self.agenda = Agenda(plan(self.settings.scheduler), self.saved, BEGIN + self.now)
        self._take()
        return self

    def jump(self, seconds: float) -> "Stage":
        """Set the clock."""
        self.now += seconds
        self.agenda.shift(seconds, BEGIN + self.now)
        self._take()
        return self

    def fire(self) -> "Stage":
        """Do what is due now, however late."""
        self.agenda.fire_due(BEGIN + self.now)
        self._take()
        return self

    def forget(self, device: str) -> "Stage":
        """Have a device removed."""
        self.agenda.forget(device)
        self._take()
        return self

    def change(self, **section: Any) -> "Stage":
        """Reload the settings."""
        self.settings = settings(**section)
        self.agenda.apply(plan(self.settings.scheduler), BEGIN + self.now)
        self._take()
        return self

    def done(self) -> list[tuple[float, str]]:
        """Tell in short what was ordered so far, and when."""
        return [(round(when, 3), _short(job)) for when, job in self.jobs]

    def texts(self) -> list[str]:
        return [_short(job) for _, job in self.jobs]

    def _take(self) -> None:
        changes = self.agenda.take_changes()
        _store(self.saved, changes)
        self.jobs += [(self.now, job) for job in changes.jobs]


def _store(saved: Saved, changes: Changes) -> None:
    pairs: tuple[tuple[dict[str, Any], Mapping[str, Any]], ...] = (
        (saved.timers, changes.timers),
        (saved.devices, changes.devices),
        (saved.calendar, changes.calendar),
    )
    for below, above in pairs:
        below.update(above)
        for key in [key for key, value in below.items() if value is None]:
            del below[key]
    # What is stored has to come back as it was.
    saved.timers = _TIMERS.validate_json(_TIMERS.dump_json(saved.timers))
    saved.devices = _DEVICES.validate_json(_DEVICES.dump_json(saved.devices))
    saved.calendar = json.loads(json.dumps(saved.calendar))


def _short(job: Job) -> str:
    match job:
        case Notification():
            return job.body
        case Program():
            told = job.environment
            return f"{' '.join(job.argv)} [{told['UPSNAME']} {told['NOTIFYTYPE']}]"
        case DeviceRequest():
            return f"{job.kind} {job.name} {job.value or ''} {job.device}"
        case ReportDue():
            return f"report {job.title}"
