"""What will be done when, in words for people; pure."""

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Final

from services.scheduler.book import Timer, TimerKind
from services.scheduler.calendar import Entry
from services.scheduler.rules import Action, Ask, Emit, Notify, Report, Rule, Run
from services.scheduler.texts import one_line
from shared.service_messages import Timer as Told

LONGEST: Final = 200  # characters of a text
MOST: Final = 200  # that many are told


def outlook(
    timers: Iterable[Timer],
    rules: Iterable[Rule],
    calendar: Iterable[Entry],
    dates: Mapping[str, float],
) -> list[Told]:
    """List what is due, the earliest first; `dates` is when each calendar entry is due next."""
    by_id = {rule.id: rule for rule in rules}
    told = [
        _of_timer(timer, timer.due, by_id.get(timer.name))
        for timer in timers
        if timer.due is not None
    ]
    told += [
        _told(entry.name, entry.device, dates[entry.id], in_words(entry.actions))
        for entry in calendar
        if entry.id in dates
    ]
    return sorted(told, key=lambda each: (each.due, each.name, each.device))


def in_words(actions: Iterable[Action]) -> str:
    """Say what actions do, without what their templates will be filled with."""
    return ", ".join(_action(action) for action in actions)


def _of_timer(timer: Timer, due: float, rule: Rule | None) -> Told:
    devices = ", ".join(dict.fromkeys(cause.device for cause in timer.causes))
    if timer.kind is TimerKind.STARTED:
        return _told(timer.name, devices, due, f"run the script for {timer.name}")
    name = rule.name if rule else timer.name
    if timer.kind is TimerKind.QUIET:
        return _told(name, devices, due, "speak again, it is quiet until then")
    again = " again" if timer.fired else ""
    return _told(name, devices, due, f"{in_words(rule.actions) if rule else ''}{again}")


def _told(name: str, device: str, due: float, action: str) -> Told:
    return Told(name=_short(name), device=_short(device), due=due, action=_short(action))


def _action(action: Action) -> str:
    match action:
        case Notify():
            return f"notify {', '.join(action.to)}"
        case Run():
            return f"run {PurePath(action.argv[0]).name}"  # arguments may be nobody's business
        case Ask():
            what = "give the command" if action.kind == "command" else "set"
            return f"{what} {action.name}{f' of {action.device}' if action.device else ''}"
        case Report():
            return f"send the report to {', '.join(action.to)}"
        case Emit():
            return f"let {action.type} happen"


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
