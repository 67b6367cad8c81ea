"""What upssched.conf says, done as NUT's upssched does it (its manual page upssched.conf(5)); pure.

Timers are known by name and belong to nobody: a line for one UPS may cancel what a line for another
has started.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from services.scheduler.book import Book, Cause, Timer, TimerKind
from services.scheduler.jobs import Program
from services.scheduler.texts import printable

EVERY_UPS: Final = "*"
LANE: Final = "upssched"  # upssched runs its script one call after another, so do we
_BETWEEN_MESSAGES: Final = ".\t"


class Verb(StrEnum):
    """What a line does."""

    START = "START-TIMER"
    START_SHARED = "START-TIMER-SHARED"
    CANCEL = "CANCEL-TIMER"
    CANCEL_MATCHED = "CANCEL-TIMER-MATCHED"
    EXECUTE = "EXECUTE"


@dataclass(frozen=True, slots=True)
class Line:
    """One AT line; `name` is the timer's or the command, `otherwise` what CANCEL runs instead."""

    type: str
    ups: str
    verb: Verb
    name: str
    seconds: float = 0.0
    otherwise: str = ""

    def is_for(self, cause: Cause) -> bool:
        """Tell whether the line is for this event; `ups` may be spelt with `@host:port`."""
        is_ups = self.ups == EVERY_UPS or _device(self.ups) == cause.device
        return is_ups and self.type.upper() == cause.type


@dataclass(frozen=True, slots=True)
class Script:
    """The whole file: the program with its arguments, and the lines in their order."""

    argv: tuple[str, ...]
    lines: tuple[Line, ...]


def happen(book: Book, script: Script, cause: Cause, now: float) -> None:
    """Do what the lines say for an event, in the order of the file."""
    for line in script.lines:
        if line.is_for(cause):
            # The script is told the name that its line uses, so that it can compare.
            named = cause if line.ups == EVERY_UPS else replace(cause, device=line.ups)
            _VERBS[line.verb](book, script, line, named, now)


def fire(book: Book, script: Script | None, timer: Timer) -> None:
    """Let a timer come to its end."""
    book.drop(timer)
    if script:
        book.order(_program(script, timer.name, timer.causes))


def _start(book: Book, _: Script, line: Line, cause: Cause, now: float) -> None:
    book.start(TimerKind.STARTED, line.name, now + line.seconds, cause)


def _start_shared(book: Book, script: Script, line: Line, cause: Cause, now: float) -> None:
    running = _running(book, line.name)
    if not running:
        _start(book, script, line, cause, now)
    elif not any(replace(cause, at=each.at) == each for each in running[0].causes):
        book.put(replace(running[0], causes=(*running[0].causes, cause)))


def _cancel(book: Book, script: Script, line: Line, cause: Cause, _: float) -> None:
    running = _running(book, line.name)
    for timer in running:
        book.drop(timer)
    if not running and line.otherwise:
        book.order(_program(script, line.otherwise, (cause,)))


def _cancel_matched(book: Book, script: Script, line: Line, cause: Cause, _: float) -> None:
    """Take one UPS out of the timers; a timer without any is cancelled."""
    is_found = False
    for timer in _running(book, line.name):
        left = tuple(each for each in timer.causes if _device(each.device) != _device(cause.device))
        is_found |= left != timer.causes
        if not left:
            book.drop(timer)
        elif left != timer.causes:
            book.put(replace(timer, causes=left))
    if not is_found and line.otherwise:
        book.order(_program(script, line.otherwise, (cause,)))


def _execute(book: Book, script: Script, line: Line, cause: Cause, _: float) -> None:
    book.order(_program(script, line.name, (cause,)))


_VERBS: Final[dict[Verb, Callable[[Book, Script, Line, Cause, float], None]]] = {
    Verb.START: _start,
    Verb.START_SHARED: _start_shared,
    Verb.CANCEL: _cancel,
    Verb.CANCEL_MATCHED: _cancel_matched,
    Verb.EXECUTE: _execute,
}


def _running(book: Book, name: str) -> list[Timer]:
    """Find the timers of a name, the oldest first."""
    kind = TimerKind.STARTED
    found = [each for each in book.timers.values() if each.kind is kind and each.name == name]
    return sorted(found, key=lambda timer: timer.sequence)


def _program(script: Script, name: str, causes: tuple[Cause, ...]) -> Program:
    return Program((*script.argv, name), environment(causes), lane=LANE)


def environment(causes: tuple[Cause, ...]) -> dict[str, str]:
    """Tell a program what happened, in NUT's variables; of several causes each word once."""
    return {
        "UPSNAME": ",".join(dict.fromkeys(cause.device for cause in causes)),
        "NOTIFYTYPE": ",".join(dict.fromkeys(cause.type for cause in causes)),
        "NOTIFYMSG": _BETWEEN_MESSAGES.join(
            dict.fromkeys(printable(cause.text) for cause in causes)
        ),
    }


def _device(ups: str) -> str:
    return ups.partition("@")[0]
