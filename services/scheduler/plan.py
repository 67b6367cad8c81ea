"""From the settings to the plan that the agenda follows; pure."""

import hashlib
import logging
import socket
from collections import Counter
from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from services.scheduler import rules
from services.scheduler.agenda import Plan
from services.scheduler.calendar import Entry, local_zone
from services.scheduler.rules import NOCOMM, Action, Ask, Emit, Holds, Notify, Report, Rule, Run
from services.scheduler.settings import ActionSettings, SchedulerSection
from services.scheduler.upssched import Line, Script
from shared.events import EventType
from shared.faults import unknown_key
from shared.settings import Section

logger = logging.getLogger(__name__)

# What makes a rule or an entry another one; what it does may change under its running timers.
_IDENTITY: Final = {"when", "device", "for", "cron", "name"}


def plan(section: SchedulerSection) -> Plan:
    """Lay out what is to be done."""
    return Plan(
        rules=(*_own_rules(section), *_rules(section)),
        script=_script(section),
        calendar=_calendar(section),
        zone=_zone(section),
        host=socket.gethostname(),
    )


def _own_rules(section: SchedulerSection) -> tuple[Rule, ...]:
    """Make the two events that NUT's upsmon makes of time alone."""
    return (
        _lasting(
            EventType.COMMBAD,
            Emit(NOCOMM, "UPS {device} is unavailable"),
            section.no_comm_warn_time,
        ),
        _lasting(EventType.REPLBATT, Emit("REPLBATT", "{text}"), section.replace_battery_warn_time),
    )


def _lasting(type_: str, action: Emit, seconds: float) -> Rule:
    name = f"{action.type} after {seconds:g} s"
    return Rule(name, name, rules.Occurs(type_), "*", seconds, seconds, 0.0, (action,))


def _rules(section: SchedulerSection) -> list[Rule]:
    names = _Ids()
    return [
        Rule(
            id=f"{names.of(settings)}.{number}",
            name=settings.name or settings.when[number],
            trigger=rules.trigger(text),
            device=settings.device,
            lasting=settings.lasting,
            repeat=settings.repeat,
            quiet=settings.quiet,
            actions=_actions(settings.do, section),
        )
        for settings in section.rules
        for number, text in enumerate(settings.when)
    ]


def _calendar(section: SchedulerSection) -> tuple[Entry, ...]:
    names = _Ids()
    entries = []
    for settings in section.calendar:
        when = rules.trigger(settings.when) if settings.when else None
        assert when is None or isinstance(when, Holds)
        actions = _actions(settings.do, section)
        name = settings.name or settings.cron
        entry = Entry(names.of(settings), name, settings.cron, settings.device, when, actions)
        entries.append(entry)
    return tuple(entries)


def _actions(do: list[ActionSettings], section: SchedulerSection) -> tuple[Action, ...]:
    return tuple(_action(action, section) for action in do)


def _action(action: ActionSettings, section: SchedulerSection) -> Action:
    to = tuple(action.to or section.receivers)
    if action.notify is not None:
        return Notify(action.notify, action.title, to)
    if action.report is not None:
        return Report(action.report, to)
    if action.run is not None:
        return Run(tuple(action.run), action.timeout)
    if action.command is not None:
        return Ask("command", action.command, action.value, action.device)
    assert action.set is not None
    return Ask("set", action.set, action.value, action.device)


def _script(section: SchedulerSection) -> Script | None:
    told = section.upssched
    if told is None:
        return None
    for type_ in dict.fromkeys(at.type.upper() for at in told.at):
        if type_ not in rules.EVENT_TYPES:
            what = unknown_key(type_, rules.EVENT_TYPES, "event type")
            logger.warning("AT lines for an event that does not happen here: %s", what)
    lines = (Line(at.type, at.ups, at.verb, at.name, at.seconds, at.otherwise) for at in told.at)
    return Script(tuple(told.script), tuple(lines))


def _zone(section: SchedulerSection) -> tzinfo:
    return ZoneInfo(section.timezone) if section.timezone else local_zone()


class _Ids:
    """Names entries after what they say, so that a timer finds its rule after a restart."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, settings: Section) -> str:
        text = settings.model_dump_json(include=_IDENTITY)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._seen[digest] += 1
        return f"{digest}-{self._seen[digest]}"
