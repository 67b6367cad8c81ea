"""The shape in which the meaning of a device's SNMP objects is written down.

OIDs are digits without a leading dot; `%i` stands for the number of an outlet, of a group, of a
sensor or of a device in a daisy chain (then it is the first of two).
"""

from collections.abc import Callable
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from enum import Flag as BitFlag
from enum import auto

from services.driver.protocols.snmpwire.values import Value

STATUS = "ups.status"  # as the variable of a row: its text is words of the status
ALARMS = "ups.alarms"  # as the variable of a row: how many alarms stand in the table beside it
ALARM = ".alarm"  # how variables end whose texts are alarms
INDEX = "%i"

Answers = Table[str, Value]
"""Answers by OID; what an agent lacks is not in it."""


class Flag(BitFlag):
    """What is special about a row; the names are those of NUT's SU_FLAG_ and its like.

    STATIC is read once, SEMI_STATIC seldom, ABSENT never: it has a default. Of rows for the same
    variable a UNIQUE one that is answered is the only one. NEGINVALID, ZEROINVALID and NAINVALID
    say which answers mean nothing. OUTLET, OUTLET_GROUP and AMBIENT_TEMPLATE have a number in
    their name. INPUT_1 and its like hold for devices with so many phases. DAISY_1: of two numbers
    in the OID the first is the device's; MASTER_ONLY: only the first device of a chain has it.
    """

    OK = 0
    STATIC = auto()
    SEMI_STATIC = auto()
    ABSENT = auto()
    STALE = auto()
    UNIQUE = auto()
    NEGINVALID = auto()
    ZEROINVALID = auto()
    NAINVALID = auto()
    CMD_OFFSET = auto()
    OUTLET = auto()
    OUTLET_GROUP = auto()
    AMBIENT_TEMPLATE = auto()
    INPUT_1 = auto()
    INPUT_3 = auto()
    OUTPUT_1 = auto()
    OUTPUT_3 = auto()
    BYPASS_1 = auto()
    BYPASS_3 = auto()
    TYPE_INT = auto()
    TYPE_TIME = auto()
    DAISY_1 = auto()
    MASTER_ONLY = auto()
    STATUS_PWR = auto()
    STATUS_BATT = auto()
    STATUS_CAL = auto()
    STATUS_RB = auto()


@dataclass(slots=True)
class Scope:
    """What conversions may look at beside the answer: notes on the same sensor, other answers."""

    notes: dict[str, str] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)


Read = Callable[[Value, Scope], str | None]
"""Turn an answer into text; None: it means nothing."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the answers to a row stand for: a list of numbers with texts, or a conversion.

    `beside` are OIDs that are asked for as well because the conversion looks at their answers.
    """

    name: str
    texts: tuple[tuple[int, str], ...] = ()
    read: Read | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One variable; without `oid` it is always the `default`.

    A number is multiplied with `multiplier`; `is_text` has the longest `length` instead.
    """

    variable: str
    oid: str | None = None
    multiplier: float = 1.0
    length: int = 0
    default: str | None = None
    flags: Flag = Flag.OK
    lookup: Lookup | None = None
    is_text: bool = False
    is_writable: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One instant command: what is written where the request has no value; None: it needs one."""

    name: str
    oid: str
    default: str | None = None
    flags: Flag = Flag.OK
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """What it means that a table of alarms holds a pointer to `oid`."""

    oid: str
    status: str | None = None
    alarm: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """What a family of devices says under SNMP.

    `id` is the mapping's own name, `name` the one for the option `mibs`: several mappings may
    share it. `system` is the sysObjectID of the devices, `test` an OID that they all have, `power`
    the OID of their power status.
    """

    id: str
    name: str
    version: str
    rows: tuple[Row, ...]
    commands: tuple[Command, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    system: str | None = None
    test: str | None = None
    power: str | None = None
