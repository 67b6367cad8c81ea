"""The lines of any settings file of NUT, cut into words and located."""

import codecs
import contextlib
import difflib
import errno
import logging
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from shared.errors import SettingsError
from shared.nutwire import LineReader, split

logger = logging.getLogger(__name__)

_FOREIGN: Final = re.compile(rb"[\x80-\xff]")


class Outcome(StrEnum):
    """What became of a statement."""

    TAKEN = "taken"
    UNNEEDED = "not needed"
    LEFT = "not taken over"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a statement: the key that it is now, or the reason why it is none."""

    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One logical line of a settings file: its words, at least one, and where it stands.

    Whoever reads it notes in `fates` what became of it. One that `is_forgiving` is passed over if
    it is wrong, as NUT passes over it. Of one that `is_unfinished` the quote is not closed: nothing
    of it counts, and there is nothing after it.
    """

    place: str  # as "ups.conf line 7"
    words: tuple[str, ...]
    fates: list[Fate] = field(default_factory=list, compare=False, repr=False)
    is_forgiving: bool = field(default=False, compare=False, repr=False)
    is_unfinished: bool = field(default=False, compare=False, repr=False)

    @property
    def key(self) -> str:
        """The first word."""
        return self.words[0]

    @property
    def section(self) -> str | None:
        """The name in a line `[name]`, None of any other line."""
        is_header = self.key.startswith("[") and self.key.endswith("]")
        return self.key[1:-1] if is_header else None

    def error(self, text: str) -> SettingsError:
        """Make an error that names the line."""
        return SettingsError(f"{self.place}: {text}")

    def take(self, key: str) -> None:
        """Note the key of our settings that says the same."""
        self.fates.append(Fate(Outcome.TAKEN, key))

    def skip(self, why: str) -> None:
        """Note why there is no need for it here."""
        logger.debug("%s: %s has no use here", self.place, self.key)
        self.fates.append(Fate(Outcome.UNNEEDED, why))

    def withdraw(self, why: str) -> None:
        """Note that nothing of it counts after all."""
        self.fates[:] = [Fate(Outcome.LEFT, why)]

    def warn(self, text: str) -> None:
        """Log a warning that names the line, and note it."""
        logger.warning("%s: %s", self.place, text)
        self.fates.append(Fate(Outcome.LEFT, text))

    def has(self, outcome: Outcome) -> bool:
        """Tell whether this became of it, or of a part of it."""
        return any(fate.outcome is outcome for fate in self.fates)

    @contextlib.contextmanager
    def judged(self, instead: str = "") -> Generator[None]:
        """Let a SettingsError of the block pass, or note it with what counts `instead`."""
        try:
            yield
        except SettingsError as error:
            if not self.is_forgiving:
                raise
            why = str(error).removeprefix(f"{self.place}: ")
            self.warn(f"{why}; {instead}" if instead else why)

    def warn_unknown(self, known: Iterable[str]) -> None:
        """Log that the key is unknown, and which known one is nearest."""
        names = {name.lower(): name for name in known}
        nearest = difflib.get_close_matches(self.key.lower(), names, n=1)
        hint = f"; did you mean {names[nearest[0]]}?" if nearest else ""
        self.warn(f"unknown {self.key!r} is passed over{hint}")


def leave_out(lines: Sequence[Statement], why: str) -> None:
    """Note at the first of these lines why none of them counts; the others point to it.

    What is said already of a line that does not count stays said.
    """
    for line in lines:
        text = why if line is lines[0] else f"see {lines[0].place.replace(' line ', ':')}"
        known = [fate for fate in line.fates if fate.outcome is Outcome.LEFT]
        if line is lines[0] or not known:
            known.append(Fate(Outcome.LEFT, text))
        line.fates[:] = known


def statements(path: Path, required: bool = True, *, forgiving: bool = False) -> list[Statement]:
    """Read any file in NUT's syntax; a missing one has no statements if it is not required.

    SettingsError if it cannot be read. So it is if a quote is not closed, but where lines are
    `forgiving` the last one is then unfinished.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not required:
            return []
        who = ": it is for root and the group of NUT's user" if error.errno == errno.EACCES else ""
        raise SettingsError(f"{path}: {error.strerror or error}{who}") from None
    found = _statements(path.name, content.removeprefix(codecs.BOM_UTF8), forgiving)
    return list(found)


def _statements(file: str, content: bytes, forgiving: bool) -> Iterator[Statement]:
    content += b"\n\n"  # the last byte of the file may escape the first of these
    number = 1
    for line in LineReader(limit=len(content)).feed(content):
        words = tuple(split(line))
        statement = Statement(f"{file} line {number}", words, is_forgiving=forgiving)
        number += 1 + line.count(b"\n")
        if b"\n" in line.replace(b"\\\n", b""):
            statement.warn(f"a quote runs on to line {number - 1}")
        if statement.words != tuple(split(_FOREIGN.sub(b"?", line))):
            statement.warn("letters that are not ASCII are dropped, as NUT drops them")
        if statement.words:
            yield statement
    if number <= content.count(b"\n"):
        yield _unfinished(f"{file} line {number}", content.split(b"\n")[number - 1], forgiving)


def _unfinished(place: str, line: bytes, forgiving: bool) -> Statement:
    first = re.match(rb"\s*([A-Za-z_.]+)", line)  # what comes after it may be a secret
    words = (first[1].decode("ascii") if first else '"',)
    statement = Statement(place, words, is_forgiving=forgiving, is_unfinished=True)
    with statement.judged("nothing from here to the end of the file counts"):
        raise statement.error("unterminated quote")
    return statement
