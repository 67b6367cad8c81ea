"""What a driver of NUT tells on its socket (NUT's docs/sock-protocol.txt): a mirror of it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from services.driver.protocols.nutvariables import writable
from shared.errors import DeviceError, RefusedError, ResultStatus
from shared.messages import Writable
from shared.nutwire import LINE_LIMIT, WireError, join, split

DUMP: Final = b"DUMPALL\n"
PING: Final = b"PING\n"

_WHOLE = re.compile(r"-?[0-9]{1,18}\Z")
# The numbers that a driver gives back for an order (drivers/upshandler.h; 4 since NUT 2.8.3).
_RESULTS: Final = {
    1: (ResultStatus.UNKNOWN, "the driver does not know it"),
    2: (ResultStatus.INVALID, "the driver does not take this value"),
    3: (ResultStatus.FAILED, "the driver could not do it"),
    4: (ResultStatus.INVALID, "the driver cannot convert this value"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One variable as the driver tells it; `length` counts for texts alone."""

    value: str
    flags: frozenset[str] = frozenset()
    length: int = 0
    enumeration: tuple[str, ...] = ()
    ranges: tuple[tuple[float, float], ...] = ()

    @property
    def writable(self) -> Writable | None:
        """What may be written, None for nothing; a text of length 0 has no limit."""
        if "RW" not in self.flags:
            return None
        found = writable(
            self.length if "STRING" in self.flags else None,
            self.enumeration,
            self.ranges,
            self.value,
        )
        return found.model_copy(update={"max_length": found.max_length or None})


@dataclass(slots=True)
class Mirror:
    """All that a driver told since it was asked to tell everything.

    `changes` counts what is worth to be shown. `is_complete` comes with the end of the dump;
    `is_fresh` is what the driver says of its data. `results` are those of orders, by their ids.
    `wants_dump` says that everything is to be asked for once more: a driver escapes what is not
    plain in a value when it tells everything, but not when it tells a change (drivers/dstate.c).
    """

    variables: dict[str, Told] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    results: dict[str, int] = field(default_factory=dict)
    changes: int = 0
    is_complete: bool = False
    is_fresh: bool = False
    wants_dump: bool = False
    _rest: bytes = b""  # the beginning of a line
    _open: bytes = b""  # lines of a dump, in a value that is not closed yet

    def receive(self, data: bytes) -> None:
        """Take bytes from the socket; DeviceError if they make no sense.

        What a later version of NUT may say beside is passed over.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._read(line)
        if len(self._rest) + len(self._open) > LINE_LIMIT:
            raise DeviceError("the driver says what makes no sense: a line without end")

    def values(self) -> dict[str, str]:
        """Give all variables."""
        return {name: told.value for name, told in self.variables.items()}

    def writables(self) -> dict[str, Writable]:
        """Say what may be written, by variable."""
        every = {name: told.writable for name, told in self.variables.items()}
        return {name: each for name, each in every.items() if each is not None}

    def change(self, name: str, change: Callable[[Told], Told]) -> None:
        """Change what is told of a variable; one that is not there is passed over, as by upsd."""
        old = self.variables.get(name)
        if old is not None and (new := change(old)) != old:
            self.variables[name] = new
            self.changes += 1

    def set_fresh(self, is_fresh: bool) -> None:
        """Take in whether the data can be relied on."""
        self.changes += is_fresh != self.is_fresh
        self.is_fresh = is_fresh

    def _read(self, line: bytes) -> None:
        """Read a line; in a dump a quoted value may run on over its end."""
        try:
            words = split(self._open + line, length=LINE_LIMIT)
        except WireError:
            if self.is_complete:
                self._ask_again()
            else:
                self._open += line + b"\n"
            return
        self._open = b""
        if not words or words[0] not in _VERBS:
            return
        if self.is_complete and words[0] in _VALUED and not _is_plain(line, words):
            self._ask_again()
        else:
            self._take(words)

    def _ask_again(self) -> None:
        self.wants_dump, self.is_complete = True, False

    def _take(self, words: list[str]) -> None:
        verb, *rest = words
        least, most, take = _VERBS[verb]
        if not least <= len(rest) <= most or (rest and not rest[0]):
            raise DeviceError(f"the driver says what makes no sense: {' '.join(words)[:80]!r}")
        try:
            take(self, rest)
        except ValueError:
            text = " ".join(words)[:80]
            raise DeviceError(f"the driver says what makes no sense: {text!r}") from None


def _is_plain(line: bytes, words: list[str]) -> bool:
    """Tell whether a change means the same whether it is escaped or not."""
    return b"\\" not in line and len(words) == 3


def order(words: tuple[str, ...], id: str) -> bytes:
    """Write an order, INSTCMD or SET and what belongs to it, so that its result is told."""
    return f"{join((*words, 'TRACKING', id))}\n".encode("ascii", "replace")


def check_result(code: int) -> None:
    """Let success pass, or raise RefusedError saying how an order ended."""
    if code:
        status, text = _RESULTS.get(code, (ResultStatus.FAILED, f"the driver answered {code}"))
        raise RefusedError(status, text)


def _set_info(mirror: Mirror, words: list[str]) -> None:
    name, value = words
    if name in mirror.variables:
        mirror.change(name, lambda old: replace(old, value=value))
    else:
        mirror.variables[name] = Told(value)
        mirror.changes += 1


def _del_info(mirror: Mirror, words: list[str]) -> None:
    mirror.changes += mirror.variables.pop(words[0], None) is not None


def _add_enum(mirror: Mirror, words: list[str]) -> None:
    name, value = words

    def added(old: Told) -> Told:
        known = old.enumeration
        return old if value in known else replace(old, enumeration=(*known, value))

    mirror.change(name, added)


def _del_enum(mirror: Mirror, words: list[str]) -> None:
    name, value = words

    def left(old: Told) -> Told:
        return replace(old, enumeration=tuple(e for e in old.enumeration if e != value))

    mirror.change(name, left)


def _add_range(mirror: Mirror, words: list[str]) -> None:
    limits = _limits(words)

    def added(old: Told) -> Told:
        known = old.ranges
        return old if limits in known else replace(old, ranges=(*known, limits))

    mirror.change(words[0], added)


def _del_range(mirror: Mirror, words: list[str]) -> None:
    limits = _limits(words)
    mirror.change(
        words[0], lambda old: replace(old, ranges=tuple(r for r in old.ranges if r != limits))
    )


def _limits(words: list[str]) -> tuple[float, float]:
    return float(_whole(words[1])), float(_whole(words[2]))


def _set_aux(mirror: Mirror, words: list[str]) -> None:
    length = _whole(words[1])
    if length < 0:
        raise ValueError
    mirror.change(words[0], lambda old: replace(old, length=length))


def _set_flags(mirror: Mirror, words: list[str]) -> None:
    flags = frozenset(words[1:])
    mirror.change(words[0], lambda old: replace(old, flags=flags))


def _add_command(mirror: Mirror, words: list[str]) -> None:
    if words[0] not in mirror.commands:
        mirror.commands = (*mirror.commands, words[0])
        mirror.changes += 1


def _del_command(mirror: Mirror, words: list[str]) -> None:
    if words[0] in mirror.commands:
        mirror.commands = tuple(name for name in mirror.commands if name != words[0])
        mirror.changes += 1


def _end_dump(mirror: Mirror, _words: list[str]) -> None:
    mirror.is_complete = True
    mirror.changes += 1


def _take_result(mirror: Mirror, words: list[str]) -> None:
    mirror.results[words[0]] = _whole(words[1])


def _whole(text: str) -> int:
    if not _WHOLE.match(text):
        raise ValueError
    return int(text)


_VALUED: Final = frozenset({"SETINFO", "ADDENUM", "DELENUM"})
_WORDS = 32  # upsd reads no more in a line
# For each verb, the least and the most words behind it, and what it does.
_VERBS: Final[Mapping[str, tuple[int, int, Callable[[Mirror, list[str]], None]]]] = {
    "SETINFO": (2, 2, _set_info),
    "DELINFO": (1, 1, _del_info),
    "ADDENUM": (2, 2, _add_enum),
    "DELENUM": (2, 2, _del_enum),
    "ADDRANGE": (3, 3, _add_range),
    "DELRANGE": (3, 3, _del_range),
    "SETAUX": (2, 2, _set_aux),
    "SETFLAGS": (1, _WORDS, _set_flags),
    "ADDCMD": (1, 1, _add_command),
    "DELCMD": (1, 1, _del_command),
    "DUMPDONE": (0, 0, _end_dump),
    "DATAOK": (0, 0, lambda mirror, _: mirror.set_fresh(True)),
    "DATASTALE": (0, 0, lambda mirror, _: mirror.set_fresh(False)),
    "TRACKING": (2, 2, _take_result),
}
