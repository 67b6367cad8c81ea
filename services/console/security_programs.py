"""The programs that the settings have started: who else may write them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from services.console.security_files import may_be_written_by_others
from services.console.security_findings import HIGH, Finding, Inquiry
from services.monitor.settings import MonitorSettings
from services.scheduler.settings import SchedulerSettings
from shared.nutconfig.upsmon import program_of

Command = str | Sequence[str] | None


def programs(inquiry: Inquiry) -> Iterator[Finding]:
    """Judge who may change what is run when power fails; only full paths can be looked at."""
    monitor, scheduler = inquiry.of("monitor"), inquiry.of("scheduler")
    if isinstance(monitor, MonitorSettings):
        section = monitor.monitor
        yield from _judged("[monitor] shutdown_command", section.shutdown_command, "root")
        yield from _judged("[monitor] notify_command", section.notify_command, "the monitor")
    if isinstance(scheduler, SchedulerSettings):
        for where, command in _of_scheduler(scheduler):
            yield from _judged(where, command, "the scheduler")


def _of_scheduler(settings: SchedulerSettings) -> Iterator[tuple[str, Command]]:
    section = settings.scheduler
    if section.upssched:
        yield "[scheduler.upssched] script", section.upssched.script
    seen: set[str] = set()
    actions = [
        *(("rules", action) for rule in section.rules for action in rule.do),
        *(("calendar", action) for entry in section.calendar for action in entry.do),
    ]
    for kind, action in actions:
        if action.run and action.run[0] not in seen:
            seen.add(action.run[0])
            yield f"[scheduler.{kind}] run", action.run


def _judged(where: str, command: Command, user: str) -> Iterator[Finding]:
    program = Path(program_of(command))
    if program.is_absolute() and may_be_written_by_others(program):
        yield Finding(
            HIGH,
            where,
            f"others may write {program}",
            f"what they write there is run as {user}",
            f"chmod go-w {program}",
        )
