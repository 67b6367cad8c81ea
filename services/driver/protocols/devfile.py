r"""The language of dummy-ups files, `.dev` and `.seq`: what the lines say, and how they are played.

NUT, docs/man/dummy-ups.txt. A line is `variable: value` (also `variable = value` or `variable
value`; without a value the variable goes), `TIMER seconds`, `ALARM text`, or `ALARM` alone, which
ends all alarms. `#` begins a comment. `"…"`, `\#`, `\"` and `\=` protect what would have a meaning.

Unlike NUT, whose lexer takes a value apart into words, a value keeps the spaces, the `=` and the
backslashes within it, and a quote that is not closed is a character like another; so a dump of any
device comes back as it was.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from sys import intern

from shared.errors import DeviceError
from shared.topics import is_dotted_name


@dataclass(frozen=True, slots=True)
class Assignment:
    """Give a variable a value; an empty one removes it."""

    variable: str
    value: str


@dataclass(frozen=True, slots=True)
class Timer:
    """Let so many seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """Raise one more alarm; no text ends all alarms."""

    text: str


Step = Assignment | Timer | Alarm


@dataclass(frozen=True, slots=True)
class Board:
    """What the device shows: its variables without ups.status, its status, its alarms."""

    variables: dict[str, str] = field(default_factory=dict)
    status: str = ""
    alarms: tuple[str, ...] = ()

    def with_value(self, variable: str, value: str) -> "Board":
        """Show another value; an empty one removes the variable."""
        if variable == STATUS:
            return replace(self, status=value)
        if self.variables.get(variable, "") == value:
            return self
        variables = dict(self.variables)
        if value:
            variables[variable] = value
        else:
            del variables[variable]
        return replace(self, variables=variables)


STATUS = "ups.status"
LONGEST_NAME = 128
NEW = Board({"ups.mfr": "Dummy Manufacturer", "ups.model": "Dummy UPS"}, "OL")

_LINE = re.compile(r"(?P<name>[^\s:=#]+)(?P<separator>\s*[:=]|\s+|\Z)(?P<rest>.*)", re.DOTALL)
# A piece of a value: a quoted text at the start of a word, an escaped character, or any other one.
_PIECE = re.compile(r'(?<![^\s])"((?:[^"\\]|\\.)*)"|\\(["#=])|(.)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?\Z")


def parse(text: str, source: str) -> tuple[Step, ...]:
    """Read a file; DeviceError names the source, the line and what is wrong."""
    steps = []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            step = _step(line.strip())
        except ValueError as error:
            raise DeviceError(f"{source}, line {number}: {error}") from None
        if step is not None:
            steps.append(step)
    return tuple(steps)


def play(board: Board, steps: Sequence[Step], position: int = 0) -> tuple[Board, int, float | None]:
    """Carry steps out up to the next TIMER: what shows then, where to go on, and after how long.

    The time is None at the end. Alarms end where the file begins anew.
    """
    status = board.status
    alarms = board.alarms if position else ()
    variables = dict(board.variables)
    wait = None
    while position < len(steps) and wait is None:
        step = steps[position]
        position += 1
        match step:
            case Assignment(variable, value) if variable == STATUS:
                status = value
            case Assignment(variable, ""):
                variables.pop(variable, None)
            case Assignment(variable, value):
                variables[variable] = value
            case Alarm(text):
                alarms = (*alarms, text) if text else ()
            case Timer(seconds):
                wait = seconds
    after = Board(variables, status, alarms)
    return (board if after == board else after), position, wait


def _step(line: str) -> Step | None:
    if not line or line.startswith("#"):
        return None
    found = _LINE.match(line)
    if found is None:
        raise ValueError("a line begins with a variable, TIMER or ALARM")
    name, value = found["name"], _value(found["rest"].lstrip())
    if name == "TIMER":
        if not _SECONDS.match(value):
            raise ValueError("TIMER takes a number of seconds")
        return Timer(float(value))
    if name == "ALARM":
        return Alarm(value)
    return _assignment(name, found["separator"], value)


def _assignment(name: str, separator: str, value: str) -> Assignment | None:
    if not separator:
        raise ValueError(f"{name!r} has no value; `{name}:` would remove it")
    if len(name) > LONGEST_NAME or not is_dotted_name(name):
        raise ValueError(f"{name[:LONGEST_NAME]!r} is no name of a variable")
    if name.startswith("driver."):
        return None  # of the driver that made the dump
    text = " ".join(value.split()) if name == STATUS else value
    return Assignment(intern(name), intern(text))


def _value(text: str) -> str:
    """Read a value up to a comment, without the blanks around it."""
    pieces = []
    for piece in _PIECE.finditer(text):
        quoted, escaped, plain = piece.groups()
        if plain == "#":
            break
        pieces.append(plain or escaped or _ESCAPE.sub(r"\1", quoted))
    return "".join(pieces).strip()
