"""What is due when: rules, readings of devices and the clock go in, what is to be done comes out.

Pure: it neither waits nor stores. The times are those of the scheduler's clock. Each call notes
what changed; `take_changes` hands that over to be stored as one whole, with what is to be done.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from services.scheduler import calendar, upssched
from services.scheduler.book import Book, Cause, Changes, Known, Outage, Saved, Timer, TimerKind
from services.scheduler.calendar import Entry
from services.scheduler.jobs import DeviceRequest, Notification, Program, ReportDue
from services.scheduler.outlook import outlook
from services.scheduler.rules import (
    Action,
    Ask,
    Emit,
    Notify,
    Occurs,
    Reading,
    Report,
    Rule,
    Run,
    stands,
    subject,
)
from services.scheduler.texts import filled, one_line, printable
from shared.events import Condition, between
from shared.service_messages import Timer as Told
from shared.status import Status, in_words, words

CONDITION: Final = "CONDITION"  # the NOTIFYTYPE of a rule that waits for no event
CALENDAR: Final = "CALENDAR"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the settings say is to be done."""

    rules: tuple[Rule, ...] = ()
    script: upssched.Script | None = None
    calendar: tuple[Entry, ...] = ()
    zone: tzinfo = UTC
    host: str = ""


class Agenda:
    """The timers, what they wait for, and what is known of the devices."""

    def __init__(self, plan: Plan, saved: Saved, now: float) -> None:
        self._book = Book(saved.timers)
        self._known = dict(saved.devices)
        self._readings: dict[str, Reading] = {}
        self._done = dict(saved.calendar)
        self._next: dict[str, float] = {}
        self._plan = plan
        self.apply(plan, now)

    @property
    def unheard(self) -> frozenset[str]:
        """Name the devices that are known from before and have not been read since the start."""
        return frozenset(self._known) - frozenset(self._readings)

    @property
    def next_due(self) -> float | None:
        """When something is due next."""
        dues = [due for due in (self._book.next_due, *self._next.values()) if due is not None]
        return min(dues, default=None)

    @property
    def readings(self) -> Mapping[str, Reading]:
        """The last reading of each device."""
        return self._readings

    def outlook(self) -> list[Told]:
        """List what will be done, the earliest first."""
        plan, timers = self._plan, self._book.timers.values()
        return outlook(timers, plan.rules, plan.calendar, self._next)

    def take_changes(self) -> Changes:
        """Hand over what changed since the last time."""
        changes, self._book.changes = self._book.changes, Changes()
        return changes

    def silent_before(self, moment: float) -> list[str]:
        """Name the devices that have been silent since before a moment."""
        return [
            device
            for device, known in self._known.items()
            if known.silent_since is not None and known.silent_since < moment
        ]

    def apply(self, plan: Plan, now: float) -> None:
        """Follow other settings; timers of rules that are gone are dropped."""
        self._plan = plan
        rules = {rule.id for rule in plan.rules}
        for timer in list(self._book.timers.values()):
            if timer.kind is not TimerKind.STARTED and timer.name not in rules:
                self._book.drop(timer)
        self._set_calendar(now)

    def observe(self, reading: Reading, now: float) -> None:
        """Take a reading in: what happened since the one before, and what holds now."""
        known = self._known.get(reading.device)
        if not reading.condition.communicating:  # what is kept of its status is not judged
            last = known.condition if known else Condition()
            reading = replace(reading, condition=replace(last, communicating=False))
        events = between(reading.device, known.condition if known else None, reading.condition)
        self._readings[reading.device] = reading
        self._note(reading, known or Known(reading.condition), now)
        self._end_what_holds_no_more(reading)
        for event in events:
            self._happen(Cause(reading.device, event.type, event.text, now), now)
        self._see_what_holds(reading, now)

    def forget(self, device: str) -> None:
        """Drop what is known of a device that was removed, and what waits for it."""
        for timer in list(self._book.timers.values()):
            if timer.kind is not TimerKind.STARTED and timer.device == device:
                self._book.drop(timer)
        if self._known.pop(device, None):
            self._book.changes.devices[device] = None
        self._readings.pop(device, None)

    def fire_due(self, now: float) -> None:
        """Do what is due, the earliest first, each once."""
        for timer in self._book.due(now):
            if timer.id in self._book.timers:  # one before it may have cancelled it
                self._fire(timer, now)
        for entry in self._plan.calendar:
            if self._next[entry.id] <= now:
                self._keep_date(entry, now)

    def shift(self, jump: float, now: float) -> None:
        """Follow a jump of the clock: what is left of each timer stays; dates are dates.

        `now` is the time after the jump.
        """
        for timer in list(self._book.timers.values()):
            if timer.due is not None:
                self._book.put(replace(timer, due=timer.due + jump))
        for device, known in self._known.items():
            if known.on_battery_since is not None:
                since = known.on_battery_since + jump
                self._put_known(device, replace(known, on_battery_since=since))
        self._set_calendar(now)

    def _note(self, reading: Reading, known: Known, now: float) -> None:
        """Keep what has to survive a restart, and the outages."""
        status = words(reading.condition.status)
        since, lowest = known.on_battery_since, known.lowest_charge
        if not reading.condition.communicating:
            pass
        elif Status.OB in status:
            since = now if since is None else since
            charge = _number(reading.variables.get("battery.charge", ""))
            lowest = charge if lowest is None else lowest if charge is None else min(lowest, charge)
        elif since is not None and Status.OL in status:
            self._book.changes.outages.append(Outage(reading.device, since, now, lowest))
            since = lowest = None
        is_silent = not reading.condition.communicating
        silent_since = (known.silent_since or now) if is_silent else None
        new = Known(reading.condition, known.told, since, lowest, silent_since)
        if self._known.get(reading.device) != new:
            self._put_known(reading.device, new)

    def _put_known(self, device: str, known: Known) -> None:
        self._known[device] = known
        self._book.changes.devices[device] = known

    def _end_what_holds_no_more(self, reading: Reading) -> None:
        for rule in self._plan.rules:
            held = self._book.of_rule(TimerKind.HELD, rule.id, reading.device)
            if held and rule.trigger.holds(reading) is False:
                self._book.drop(held)

    def _see_what_holds(self, reading: Reading, now: float) -> None:
        for rule in self._plan.rules:
            is_condition = not isinstance(rule.trigger, Occurs) and rule.is_about(reading.device)
            held = self._book.of_rule(TimerKind.HELD, rule.id, reading.device)
            if is_condition and not held and rule.trigger.holds(reading):
                text = f"UPS {reading.device}: {rule.trigger.text}"
                self._begin(rule, Cause(reading.device, CONDITION, text, now), now)

    def _happen(self, cause: Cause, now: float) -> None:
        if self._plan.script:
            upssched.happen(self._book, self._plan.script, cause, now)
        for rule in self._plan.rules:
            is_meant = isinstance(rule.trigger, Occurs) and rule.trigger.type == cause.type
            if is_meant and rule.is_about(cause.device):
                self._begin(rule, cause, now)

    def _begin(self, rule: Rule, cause: Cause, now: float) -> None:
        """Start to wait until it has held long enough, or act at once."""
        held = self._book.of_rule(TimerKind.HELD, rule.id, cause.device)
        if not rule.lasting:
            due = now + rule.repeat if rule.repeat else None
            self._book.start(TimerKind.HELD, rule.id, due, cause, fired=True)
            self._act_unless_quiet(rule, cause, now)
        elif held is None:
            self._book.start(TimerKind.HELD, rule.id, now + rule.lasting, cause)

    def _fire(self, timer: Timer, now: float) -> None:
        if timer.kind is TimerKind.STARTED:
            upssched.fire(self._book, self._plan.script, timer)
            return
        rule = next(rule for rule in self._plan.rules if rule.id == timer.name)
        if timer.kind is TimerKind.QUIET:
            self._end_quiet(rule, timer, now)
            return
        due = now + rule.repeat if rule.repeat else None
        self._book.put(replace(timer, due=due, fired=True))
        if timer.fired:
            self._act(rule, timer.causes[0], now)
        else:
            self._act_unless_quiet(rule, timer.causes[0], now)

    def _act_unless_quiet(self, rule: Rule, cause: Cause, now: float) -> None:
        quiet = self._book.of_rule(TimerKind.QUIET, rule.id, cause.device)
        if quiet is None:
            self._act(rule, cause, now)
        else:
            due = now + rule.quiet
            self._book.put(replace(quiet, due=due, count=quiet.count + 1, causes=(cause,)))

    def _end_quiet(self, rule: Rule, timer: Timer, now: float) -> None:
        """Speak again where the last that was told of the device is not true any more."""
        self._book.drop(timer)
        cause = timer.causes[0]
        reading, known = self._readings.get(cause.device), self._known.get(cause.device)
        if not (timer.count and reading and known):
            return
        told = known.told.get(subject(cause.type))
        is_misled = bool(told) and stands(str(told), reading.condition) is False
        if is_misled and rule.trigger.holds(reading):
            text = f"{cause.text} (the last of {timer.count} changes)"
            self._act(rule, replace(cause, text=text, count=timer.count), now)

    def _act(self, rule: Rule, cause: Cause, now: float) -> None:
        logger.info("rule %r acts: %s", rule.name, one_line(cause.text))
        if rule.quiet:
            self._book.start(TimerKind.QUIET, rule.id, now + rule.quiet, cause)
        known = self._known.get(cause.device)
        if known and any(isinstance(action, Notify) for action in rule.actions):
            told = {**known.told, subject(cause.type): cause.type}
            self._put_known(cause.device, replace(known, told=told))
        for action in rule.actions:
            self._perform(action, rule.name, cause, now)

    def _perform(self, action: Action, name: str, cause: Cause, now: float) -> None:
        reading = self._readings.get(cause.device)
        variables = reading.variables if reading else {}
        fields = self._fields(name, cause, variables)
        match action:
            case Notify():
                title = one_line(filled(action.title, fields, variables))
                body = printable(filled(action.text, fields, variables))
                self._book.order(Notification(action.to, title, body))
            case Run():
                program, *arguments = action.argv
                told = (filled(argument, fields, variables) for argument in arguments)
                argv = (program, *(printable(argument) for argument in told))
                environment = upssched.environment((cause,))
                self._book.order(Program(argv, environment, action.timeout))
            case Ask():
                device = action.device or cause.device
                value = action.value and filled(action.value, fields, variables)
                self._book.order(DeviceRequest(device, action.kind, action.name, value))
            case Emit():
                text = filled(action.text, fields, variables)
                self._happen(Cause(cause.device, action.type, text, now), now)
            case Report():
                pass  # has its period from the calendar: `_keep_date`

    def _fields(self, name: str, cause: Cause, variables: Mapping[str, str]) -> dict[str, str]:
        at = datetime.fromtimestamp(cause.at, self._plan.zone)
        return {
            "device": cause.device,
            "type": cause.type,
            "text": cause.text,
            "status": in_words(variables.get("ups.status", "")),
            "rule": name,
            "count": str(cause.count),
            "time": at.strftime("%Y-%m-%d %H:%M:%S"),
            "host": self._plan.host,
        }

    def _set_calendar(self, now: float) -> None:
        """Find when each entry is due next, after it was last done."""
        self._next = {}
        for entry in self._plan.calendar:
            done = self._done.get(entry.id)
            if done is None or done > now + calendar.MAKE_UP:
                done = now
                self._put_done(entry.id, done)
            self._next[entry.id] = calendar.after(entry.cron, done, self._plan.zone)
        wanted = {entry.id for entry in self._plan.calendar}
        for id in [id for id in self._done if id not in wanted]:
            del self._done[id]
            self._book.changes.calendar[id] = None

    def _put_done(self, id: str, when: float) -> None:
        self._done[id] = when
        self._book.changes.calendar[id] = when

    def _keep_date(self, entry: Entry, now: float) -> None:
        zone = self._plan.zone
        date = calendar.latest(entry.cron, now, zone)
        since = self._done[entry.id]
        self._put_done(entry.id, now)
        self._next[entry.id] = calendar.after(entry.cron, now, zone)
        if now - date > calendar.MAKE_UP:
            logger.warning("calendar %r: passed over, since it is too late now", entry.name)
            return
        logger.info("calendar %r: its time has come", entry.name)
        for action in entry.actions:
            if isinstance(action, Report):
                due = ReportDue(action.to, action.title, entry.device, since, now)
                self._book.order(due)
        for device in self._meant(entry):
            cause = Cause(device, CALENDAR, entry.name, now)
            for action in entry.actions:
                self._perform(action, entry.name, cause, now)

    def _meant(self, entry: Entry) -> list[str]:
        """List the devices that an entry is for now; one that is about none has "" alone."""
        if not entry.device:
            return [""]
        return [
            device for device, reading in sorted(self._readings.items()) if entry.is_for(reading)
        ]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
