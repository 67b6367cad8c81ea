r"""The shapes in which a dialect of Q1 and its relatives is written down.

A dialect asks: a request such as `Q1\r` gets one reply, a line that ends in `\r` and carries
values in fixed columns. `Query` says a request once, and a `Field` for each value of its reply;
columns are half-open Python slices. `Setting` and `Command` are what the device can be told. A row
never holds what was read: whatever a row's functions need comes to them as `Knowledge`.

The plain rows need no function. Where one is needed it is a pure, named function of a module beside
the dialect, of one of the types below. A converter raises ValueError where it cannot read its text
(the field is then treated as one without a number); what a user asked for and cannot be had is a
RefusedError; what is wrong with a whole reply is a DeviceError.

Facts: NUT, drivers/nutdrv_qx.c and nutdrv_qx_*.c.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

STATUS = "ups.status"
ALARM = "ups.alarm"
END = b"\r"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that is known when a row is worked on.

    `variables` are those of the device, in this walk so far or from the last one. `private` are the
    values of private fields. `words` are the status words told so far in this reply. `options` are
    NUT's options as text, a flag that is set is "". `guessed_packs` is how many packs of what the
    device reports the battery seems to have, for want of battery.packs.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    options: Mapping[str, str] = field(default_factory=dict)
    guessed_packs: float = 1.0

    def number(self, name: str, default: float = 0.0) -> float:
        """Read a variable as a number."""
        try:
            return float(self.variables.get(name, ""))
        except ValueError:
            return default


@dataclass(frozen=True, slots=True)
class Cut:
    """What a converter works on: the text of a field, its row, the whole reply (in Latin-1)."""

    text: str
    row: "Field"
    reply: str
    known: Knowledge


@dataclass(frozen=True, slots=True)
class Found:
    """What a converter found; a bare text does where there is only a value.

    `text` is the field's value, "" for none. `variables` and `private` are further ones, of which
    "" removes one. `words` are words of ups.status ("!LB" takes LB away), `alarms` are texts of
    ups.alarm.
    """

    text: str = ""
    words: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks of the device: a setting's value, or a command's, "" if none came."""

    value: str
    row: "Setting | Command"
    known: Knowledge


@dataclass(frozen=True, slots=True)
class Asked:
    r"""What to send for a wish, each line with its `\r`; a bare text does for one line.

    Every line must be accepted before the next is sent. `variables` and `private` hold from then.
    """

    requests: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)


Convert = Callable[[Cut], str | Found]
Ask = Callable[[Wish], str | Asked]
Frame = Callable[[bytes, Knowledge], bytes]
"""Makes of a request what goes over the line: adds an address, a checksum."""
Repair = Callable[[bytes], bytes]
r"""Makes of what came over the line the reply that the columns count in; it ends in `\r`."""
When = Callable[[Knowledge], bool]
"""Tells whether a row is there at all, in this model, with these options."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be written: one of `choices`, or within a range, or so many characters."""

    choices: tuple[str, ...] = ()
    ranges: tuple[tuple[float, float], ...] = ()
    length: int | None = None


LimitsByModel = Callable[[Knowledge], Limits | None]


class Reading(Enum):
    """How often a field is read."""

    EACH = auto()  # at every full walk
    ONCE = auto()  # at the first walk
    CHANGED = auto()  # at the first walk, and after somebody changed something


@dataclass(frozen=True, slots=True)
class Field:
    """One value in the columns of a reply; `end` None is up to the end of the line.

    `form` is the printf form of the value: "%s" takes a text as it is, "" says that all of it comes
    from `says` or `convert` (words and alarms). `says` maps every text that may stand there to a
    value, to words of ups.status or to an alarm ("" for none); any other text is a wrong one.
    `quick`: it is read at every poll. `trim` strips blanks and "#" from a text. `private` fields
    have no variable, they are for other rows to know. `limits` are those of a variable that a
    `Setting` of the same name writes.
    """

    variable: str
    start: int
    end: int | None
    form: str = "%.1f"
    says: Mapping[str, str] = field(default_factory=dict)
    convert: Convert | None = None
    reading: Reading = Reading.EACH
    quick: bool = False
    trim: bool = False
    private: bool = False
    limits: Limits | LimitsByModel | None = None
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Query:
    r"""One request, and what its reply carries.

    `example` is a reply as it comes over the line: documentation, test and simulator in one, b""
    where none is known. After `repair` a reply begins with `lead` and has at least `length` bytes
    with its `\r`, and at most `longest` (0: no limit). Several queries may have the same request:
    it is sent once. `is_binary`: a value may hold the byte of `\r`; the line ends by its length.
    """

    request: str
    example: bytes
    fields: tuple[Field, ...]
    lead: str = ""
    length: int = 0
    longest: int = 0
    is_binary: bool = False
    frame: Frame | None = None
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """How the device answers to a setting or command; `start` and `end` cut the verdict out.

    Without a `length` the device may also stay silent.
    """

    lead: str = ""
    length: int = 0
    start: int = 0
    end: int | None = None
    frame: Frame | None = None
    repair: Repair | None = None


SILENT = Answer()


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable that can be written.

    `request` is None where the driver keeps the value for itself, beginning with `default`; `ask`
    then makes of a wish the value that is kept. Else `ask` makes the request; without `ask` it is
    sent as it stands. `private`: it is no variable but an option of this name, applied once.
    """

    variable: str
    request: str | None = None
    default: str = ""
    limits: Limits | LimitsByModel | None = None
    ask: Ask | None = None
    answer: Answer = SILENT
    private: bool = False
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """An instant command; `ask` makes the request of what came with it or else of `default`."""

    name: str
    request: str
    ask: Ask | None = None
    default: str = ""
    answer: Answer = SILENT
    when: When | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """A variable that must be readable for a device to speak the dialect.

    `unless` names the option that leaves the probe out. A reply in `refusals` will do as well.
    """

    variable: str
    unless: str = ""
    refusals: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    r"""One protocol: how a device that speaks it is known, asked and told.

    `name` is what `protocol =` says, `version` is NUT's name and version of it. `accepted` is the
    verdict of a command that was carried out; any other one means that it was not. `rejected` is
    the whole reply to a request that the device does not know. `constants` are variables that every
    device of the dialect has. A dialect with `by_name` is only taken when it is asked for.
    """

    name: str
    version: str
    probes: tuple[Probe, ...]
    queries: tuple[Query, ...]
    settings: tuple[Setting, ...] = ()
    commands: tuple[Command, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    accepted: str = ""
    rejected: bytes = b""
    by_name: bool = False
