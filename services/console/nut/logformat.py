"""The format of upslog's lines: text with escapes between `%` signs."""

import os
import re
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

DEFAULT_FORMAT: Final = (
    "%TIME @Y@m@d @H@M@S% %VAR battery.charge% %VAR input.voltage% %VAR ups.load%"
    " [%VAR ups.status%] %VAR ups.temperature% %VAR input.frequency%"
)
NAME_PREFIX: Final = "%UPSHOST%%t"
MISSING: Final = "NA"
INVALID: Final = "INVALID"

# `%%`, `%t` (but `%time @Y%` is an escape in lower case), `%NAME argument%`, or a stray `%`.
_ESCAPE = re.compile(r"%(?:(?P<percent>%)|(?P<tab>t)(?!ime )|(?P<escape>[^%]*)%)?")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a line is about: a device as the command line names it, and a way to read it.

    `read` returns the value of a variable, or None if it cannot be had.
    """

    name: str
    read: Callable[[str], str | None]


Piece = Callable[[Subject], str]


def compile_format(text: str) -> tuple[Piece, ...]:
    """Turn a format into the pieces of a line; what makes no sense becomes `INVALID`."""
    pieces: list[Piece] = []
    position = 0
    for match in _ESCAPE.finditer(text):
        pieces += [_literal(text[position : match.start()]), _piece(match)]
        position = match.end()
    return (*pieces, _literal(text[position:]))


def render(pieces: Sequence[Piece], subject: Subject) -> str:
    """Make the line for a device, without a line end."""
    return "".join(piece(subject) for piece in pieces)


def _piece(match: re.Match[str]) -> Piece:
    if match["percent"]:
        return _literal("%")
    if match["tab"]:
        return _literal("\t")
    name, _, argument = (match["escape"] or "").partition(" ")
    for known, make in _MAKERS.items():
        if name.upper().startswith(known):
            return make(argument)
    return _literal(INVALID)


def _literal(text: str) -> Piece:
    return lambda _: text


def _time(argument: str) -> Piece:
    if not argument:
        return _literal(INVALID)
    layout = argument.replace("@", "%")
    return lambda _: time.strftime(layout)


def _variable(argument: str) -> Piece:
    if "." not in argument:
        return _literal(INVALID)

    def value(subject: Subject) -> str:
        found = subject.read(argument)
        return MISSING if found is None else found

    return value


# As in NUT a name is known by its beginning, the first that fits: `%HOSTNAME%` is `%HOST%`.
_MAKERS: Final[dict[str, Callable[[str], Piece]]] = {
    "HOST": lambda _: lambda _: socket.gethostname(),
    "UPSHOST": lambda _: lambda subject: subject.name,
    "PID": lambda _: lambda _: str(os.getpid()),
    "TIME": _time,
    "VAR": _variable,
    "ETIME": lambda _: lambda _: str(int(time.time())),
}
