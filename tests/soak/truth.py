"""What the devices of a soak really say, at every moment, and what disturbed the rest meanwhile."""

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path

KILL_BROKER = "kill broker"
ON_LINE, ON_BATTERY, LOW, SILENT = "OL", "OB DISCHRG", "OB LB DISCHRG", ""


def now() -> float:
    """Return the seconds since the boot: what nobody can set, and what the diary notes."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class Word:
    """What a device says for a while; without a status it answers nobody."""

    number: int
    status: str
    charge: int
    since: float
    until: float = inf


class Device:
    """A device that is a file of the dummy driver; each word has a number, shown as `ups.id`."""

    _numbers = itertools.count(1)

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.file = folder / f"{name}.dev"
        self.words: list[Word] = []
        self.say(ON_LINE, 100)

    @property
    def last(self) -> Word:
        """What it says now."""
        return self.words[-1]

    def say(self, status: str, charge: int) -> None:
        """Say something else from now on."""
        word = Word(next(self._numbers), status, charge, now())
        if self.words:
            self.last.until = word.since
        self.words.append(word)
        if status == SILENT:
            self.file.unlink(missing_ok=True)
            return
        draft = self.file.with_suffix(".draft")
        lines = (f"ups.status: {status}", f"ups.id: {word.number}", f"battery.charge: {charge}")
        draft.write_text("\n".join((*lines, "battery.charge.low: 20")) + "\n")
        draft.replace(self.file)

    def word(self, number: str) -> Word | None:
        """Find what it said by the number."""
        return next((word for word in self.words if str(word.number) == number), None)

    def was(self, kind: Callable[[Word], bool], since: float, until: float) -> bool:
        """Tell whether it said something of this kind at any moment of a time."""
        return any(kind(word) for word in self.words if word.since <= until and word.until >= since)


@dataclass(slots=True)
class Fault:
    """Something that was done to the set; it ends when nothing is held back any more."""

    what: str
    since: float
    until: float = inf


class Faults:
    """All that was done to the set, in its order."""

    def __init__(self) -> None:
        self.all: list[Fault] = []

    @contextlib.contextmanager
    def noted(self, what: str) -> Iterator[None]:
        """Note a fault that lasts as long as the block."""
        fault = Fault(what, now())
        self.all.append(fault)
        try:
            yield
        finally:
            fault.until = now()

    def between(self, since: float, until: float) -> list[Fault]:
        """List what was wrong at any moment of a time."""
        return [fault for fault in self.all if fault.since <= until and fault.until >= since]

    def had(self, what: str, since: float) -> bool:
        """Tell whether this was done since a moment, or ended since then."""
        return any(fault.what == what for fault in self.between(since, inf))

    def is_calm(self, since: float, until: float) -> bool:
        """Tell whether nothing was wrong."""
        return not self.between(since, until)

    def calm_for(self) -> float:
        """Say for how long nothing has been wrong."""
        return now() - max((min(fault.until, now()) for fault in self.all), default=0.0)


class Findings:
    """What was seen that must not be, each with the time and the faults around it."""

    def __init__(self, faults: Faults, say: Callable[[str], None]) -> None:
        self._faults, self._say = faults, say
        self.wrong: list[str] = []
        self.counts: dict[str, int] = {}

    def count(self, what: str) -> None:
        """Count something that is no fault but worth to be told."""
        self.counts[what] = self.counts.get(what, 0) + 1

    def add(self, what: str) -> None:
        """Note that something is wrong."""
        at = now()
        around = [
            f"{fault.what} {fault.since - at:+.1f}..{min(fault.until, at) - at:+.1f} s"
            for fault in self._faults.between(at - 40, at)
        ]
        self.wrong.append(f"{what} [{'; '.join(around) or 'no fault'}]")
        self._say(f"WRONG: {self.wrong[-1]}")
