"""Rules: what they wait for, for which devices, and what they do; pure.

A rule waits for an event or for a condition. Both can be asked whether they hold: an event stands
for the state that it announces, ONBATT for OB in ups.status.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

from shared import events
from shared.events import EventType
from shared.status import Status, words
from shared.topics import is_dotted_name

NOCOMM: Final = "NOCOMM"  # COMMBAD that lasts; NUT's upsmon makes it, here a rule does
EVENT_TYPES: Final = (*(str(type_) for type_ in EventType), NOCOMM)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device says now; the variables are the last ones while it is silent."""

    device: str
    condition: events.Condition
    variables: Mapping[str, str]


def silent(device: str) -> Reading:
    """Make the reading of a device that says nothing."""
    return Reading(device, events.Condition(communicating=False), {})


@dataclass(frozen=True, slots=True)
class Occurs:
    """A trigger: an event of this type."""

    type: str

    @property
    def text(self) -> str:
        """What the settings say."""
        return self.type

    def holds(self, reading: Reading) -> bool | None:
        """Tell whether what the event announces is so; None when nobody can tell."""
        return stands(self.type, reading.condition)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One variable against one value."""

    variable: str
    operator: str
    value: str

    def holds(self, variables: Mapping[str, str]) -> bool | None:
        """Compare; None when the variable is not there or is no number where one is due."""
        actual = variables.get(self.variable)
        return None if actual is None else _OPERATORS[self.operator](actual, self.value)


@dataclass(frozen=True, slots=True)
class Holds:
    """A trigger: all of these comparisons are true."""

    text: str
    comparisons: tuple[Comparison, ...]

    def holds(self, reading: Reading) -> bool | None:
        """Tell whether all are true; None when nobody can tell, as of a silent device."""
        if not reading.condition.communicating:
            return None
        results = [comparison.holds(reading.variables) for comparison in self.comparisons]
        return False if False in results else None if None in results else True


Trigger = Occurs | Holds


@dataclass(frozen=True, slots=True)
class Notify:
    """Send a message to receivers; title and text are templates."""

    text: str
    title: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Run a program; its arguments are templates, its path is not."""

    argv: tuple[str, ...]
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a command, or set a variable; `device` None is the one that the rule is about."""

    kind: Literal["command", "set"]
    name: str
    value: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Send the report of outages and battery health to receivers."""

    title: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Emit:
    """Let an event happen; its text is a template."""

    type: str
    text: str


Action = Notify | Run | Ask | Report | Emit


@dataclass(frozen=True, slots=True)
class Rule:
    """When `trigger` has held for `lasting` seconds, act; again every `repeat` seconds.

    After it acted, it is silent for the same device until it had nothing to say for `quiet`
    seconds. `id` changes with what the rule says.
    """

    id: str
    name: str
    trigger: Trigger
    device: str
    lasting: float
    repeat: float | None
    quiet: float
    actions: tuple[Action, ...]

    def is_about(self, device: str) -> bool:
        """Tell whether the rule is for this device."""
        return fnmatchcase(device, self.device)


def trigger(text: str) -> Trigger:
    """Read an event type or a condition; ValueError says what is right."""
    stripped = text.strip()
    if re.fullmatch(r"[A-Za-z_]+", stripped):
        return Occurs(event_type(stripped))
    parts = re.split(r"\s+and\s+", stripped)
    return Holds(stripped, tuple(_comparison(part) for part in parts))


def event_type(text: str) -> str:
    """Spell an event type as NUT does; ValueError names the nearest."""
    type_ = text.upper()
    if type_ not in EVENT_TYPES:
        near = difflib.get_close_matches(type_, EVENT_TYPES, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(EVENT_TYPES)}"
        raise ValueError(f"unknown event type {text!r}; {hint}")
    return type_


def stands(type_: str, condition: events.Condition) -> bool | None:
    """Tell whether what an event announces is so; None when nobody can tell."""
    if type_ in _COMMUNICATION:
        return condition.communicating is _COMMUNICATION[type_]
    if not condition.communicating:
        return None
    present = frozenset(words(condition.status))
    if type_ in (EventType.OTHER, EventType.NOTOTHER):
        return bool(present - _CLASSIFIED) is (type_ == EventType.OTHER)
    word = _WORDS.get(type_)
    return word in present if word else type_.removeprefix("NOT") not in present


def subject(type_: str) -> str:
    """Name what an event type speaks of; types of one subject may contradict each other."""
    return _SUBJECTS.get(type_, type_.removeprefix("NOT"))


def _comparison(text: str) -> Comparison:
    match = _COMPARISON.fullmatch(text.strip())
    if match is None or not is_dotted_name(match["variable"]):
        raise ValueError(
            f"{text!r} is neither an event type nor a condition such as"
            " 'battery.charge < 50' or 'ups.status has OB'"
        )
    operator, value = match["operator"].strip(), match["value"].strip().strip("\"'")
    if operator in _NUMERIC and _number(value) is None:
        raise ValueError(f"{text!r}: {operator} compares with a number")
    return Comparison(match["variable"], operator, value)


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool | None]:
    def compared(actual: str, value: str) -> bool | None:
        left, right = _number(actual), _number(value)
        return None if left is None or right is None else compare(left, right)

    return compared


def _equal(actual: str, value: str) -> bool:
    left, right = _number(actual), _number(value)
    return actual == value if left is None or right is None else left == right


def _has(actual: str, word: str) -> bool:
    return word.upper() in words(actual)


_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_COMPARISON = re.compile(
    r"(?P<variable>[A-Za-z][\w.-]*)\s*(?P<operator><=|>=|==|!=|<|>|\s(?:has|lacks)\s)(?P<value>.+)"
)

_OPERATORS: dict[str, Callable[[str, str], bool | None]] = {
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "==": _equal,
    "!=": lambda actual, value: not _equal(actual, value),
    "has": _has,
    "lacks": lambda actual, word: not _has(actual, word),
}
_NUMERIC = frozenset({"<", "<=", ">", ">="})

_COMMUNICATION: dict[str, bool] = {
    EventType.COMMOK: True,
    EventType.COMMBAD: False,
    NOCOMM: False,
}
# The word of ups.status whose presence an event announces; a NOT… announces its absence.
_WORDS: dict[str, Status] = {
    EventType.ONLINE: Status.OL,
    EventType.ONBATT: Status.OB,
    EventType.LOWBATT: Status.LB,
    EventType.FSD: Status.FSD,
    EventType.REPLBATT: Status.RB,
    EventType.CAL: Status.CAL,
    EventType.OFF: Status.OFF,
    EventType.BYPASS: Status.BYPASS,
    EventType.ECO: Status.ECO,
    EventType.ALARM: Status.ALARM,
    EventType.OVER: Status.OVER,
    EventType.TRIM: Status.TRIM,
    EventType.BOOST: Status.BOOST,
}
_CLASSIFIED = frozenset(Status) - {Status.TEST}  # as shared.events has it
_SUBJECTS: dict[str, str] = {
    EventType.ONLINE: "line",
    EventType.ONBATT: "line",
    EventType.COMMOK: "communication",
    EventType.COMMBAD: "communication",
    NOCOMM: "communication",
}
