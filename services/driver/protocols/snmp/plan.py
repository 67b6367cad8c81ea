"""What a device of a known mapping is asked, and what its answers say; what it lacks is learned."""

import re
from collections.abc import Collection, Iterable
from collections.abc import Mapping as Table
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import lru_cache

from services.driver.contract import Reading
from services.driver.protocols.snmp import orders, values
from services.driver.protocols.snmp.items import (
    ONE_PHASE,
    THREE_PHASES,
    Constant,
    Item,
    Order,
    instances,
)
from services.driver.protocols.snmp.layout import SIDES, Ask, Survey, part_of
from services.driver.protocols.snmp.table import Answers, Flag, Mapping, Row
from services.driver.protocols.snmpwire.values import Kind, Value
from shared.errors import DeviceError
from shared.messages import Writable
from shared.status import words

SYSTEM = {  # SNMPv2-MIB; every agent has it
    "device.description": "1.3.6.1.2.1.1.1.0",
    "device.contact": "1.3.6.1.2.1.1.4.0",
    "device.location": "1.3.6.1.2.1.1.6.0",
}
LINE_TO_NEUTRAL = 0.707  # as NUT's option symmetrathreephase has it
_OTHERS = re.compile(r"\bL[23]\b").search
_NONE = Value(Kind.INTEGER, 0)
STALE_RETRY = 10  # full polls between two questions for what was missing


class Walk(Enum):
    """How much is asked for."""

    FAST = auto()  # the status, alarms, the charge
    FULL = auto()  # everything that changes
    CHANGED = auto()  # that, and what changes seldom: after an order


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings ask for; `semistatic` counts full polls.

    `leaves_transfers` is NUT's notransferoids, `is_line_to_line` its symmetrathreephase.
    """

    semistatic: int = 10
    leaves_transfers: bool = False
    is_line_to_line: bool = False


@dataclass(slots=True)
class Plan:
    """All decisions about one device: what to ask, what it means, what to write."""

    mapping: Mapping
    wishes: Wishes = field(default_factory=Wishes)
    _survey: Survey = field(init=False)
    _is_laid_out: bool = False
    _items: list[Item] = field(default_factory=list)
    _orders: list[Order] = field(default_factory=list)
    _kept: dict[str, Constant] = field(default_factory=dict)
    _texts: dict[Item, str] = field(default_factory=dict)
    _stale: set[Item] = field(default_factory=set)
    _told: set[Item] = field(default_factory=set)  # of the status and alarms: what was answered
    _kinds: dict[str, Kind] = field(default_factory=dict)
    _alarms: frozenset[str] = frozenset()
    _full_walks: int = 0
    _limits: dict[str, Writable] = field(default_factory=dict)
    _last: Reading | None = None

    def __post_init__(self) -> None:
        self._survey = Survey(self.mapping)

    def layout(self) -> Ask | None:
        """Say what to ask next to find out what the device is made of; None: it is known."""
        if not self._is_laid_out:
            if ask := self._survey.ask():
                return ask
            found = instances(
                _with_system(self.mapping), self._survey.layout(), self.wishes.leaves_transfers
            )
            self._items, self._orders = list(found.items), list(found.orders)
            self._kept = {each.name: each for each in found.constants}
            self._is_laid_out = True
        return None

    def take_layout(self, answers: Answers) -> None:
        """Take the answers to what `layout` said."""
        self._survey.take(answers)

    def due(self, walk: Walk) -> tuple[str, ...]:
        """List the OIDs to ask for; the first time that is everything."""
        items = self._due(walk)
        oids = [each.oid for each in items]
        oids += [oid for each in items if each.row.lookup for oid in each.row.lookup.beside]
        if not self._full_walks:
            oids += [each.oid for each in self._orders]
        return tuple(dict.fromkeys(oids))

    def more(self, answers: Answers) -> Ask | None:
        """Say which tables of alarms must be read as well, given the answers to what was due."""
        counts = [each for each in self._items if each.is_count_of_alarms]
        tables = [
            _beside(each.oid) for each in counts if values.number(answers.get(each.oid, _NONE))
        ]
        return Ask(columns=tuple(dict.fromkeys(tables))) if tables else None

    def take(
        self,
        walk: Walk,
        answers: Answers,
        alarms: Answers | None = None,
        unsure: Collection[str] = (),
    ) -> Reading:
        """Take the answers to what was due; DeviceError if the device says nothing it should.

        `unsure` are OIDs that the device did not answer this time, but may have.
        """
        asked = self._due(walk)
        for item in asked:
            self._take_item(item, answers)
        if any(each.is_count_of_alarms for each in asked):
            found = frozenset(each.oid or "" for each in (alarms or {}).values())
            self._last = self._last if found == self._alarms else None
            self._alarms = found
        if not self._full_walks:
            self._kinds |= {oid: answer.kind for oid, answer in answers.items()}
            self._learn({*answers, *unsure})
        if walk is not Walk.FAST:
            self._full_walks += 1
        if not self._texts:
            raise DeviceError("the device answers nothing that its mapping asks for")
        if any(each in self._stale and not each.is_alarm for each in self._told):
            # What is left of it would be another status: OB without the LB.
            raise DeviceError("the device tells its status no more")
        return self.reading()

    def reading(self) -> Reading:
        """Tell what is known of the device now: the same object as long as it is the same."""
        if self._last is None:
            self._last = self._reading()
        return self._last

    def commands(self) -> tuple[str, ...]:
        """List the commands that the device takes."""
        return tuple(sorted(orders.offered(self._orders)))

    def command(self, name: str, value: str | None) -> dict[str, Value]:
        """Say what to write for a command; RefusedError if it cannot be given."""
        delays = {each: self.value(each) for each in orders.DELAYS}
        return orders.command(self._orders, name, value, delays, self._kinds)

    def set(self, name: str, value: str) -> dict[str, Value]:
        """Say what to write for a variable; nothing if the driver keeps it.

        RefusedError if it cannot be written.
        """
        kept = self._kept.get(name)
        item = next((each for each in self._writable_items() if each.name == name), None)
        if item is None and kept and self.keeps(name):
            self._kept[name] = replace(kept, value=value)
            self._last = None
            return {}
        return orders.setting(item, name, value, self._kinds)

    def value(self, name: str) -> str | None:
        """Give the value of a variable, None if there is none."""
        read: Table[str, str] = {item.name: text for item, text in self._in_order()}
        kept = self._kept.get(name)
        return read.get(name, kept.value if kept else None)

    def objects(self) -> tuple[Item, ...]:
        """List the objects that are read, as far as they are there."""
        return tuple(each for each in self._items if each not in self._stale)

    def keeps(self, name: str) -> bool:
        """Tell whether a variable is the driver's own and can be written."""
        kept = self._kept.get(name)
        return bool(kept and kept.row and kept.row.is_writable)

    def _reading(self) -> Reading:
        found = {name: each.value for name, each in self._kept.items()}
        said: list[str] = []
        alarms: list[str] = []
        for item, text in self._in_order():
            if item.is_status:
                said += text.split()
            elif item.is_alarm:
                alarms += [orders.alarm_text(item, text)] if text else []
            elif not item.is_count_of_alarms:
                found[item.name] = text
        for told in (each for each in self.mapping.alarms if each.oid in self._alarms):
            said += [told.status] if told.status else []
            alarms += [told.alarm] if told.alarm else []
        has_status = any(each.is_status for each in self._told)
        status = " ".join(words(" ".join(said))) if has_status else None
        return Reading(
            found, status, tuple(dict.fromkeys(alarms)), self._writable(), self.commands()
        )

    def _due(self, walk: Walk) -> list[Item]:
        if not self._full_walks:
            return self._items
        again = walk is not Walk.FAST and self._full_walks % STALE_RETRY == 0
        left_out = set() if again else self._stale - self._told
        items = [each for each in self._items if each not in left_out]
        if walk is Walk.FAST:
            return [each for each in items if each.is_fast]
        is_time = walk is Walk.CHANGED or self._full_walks % self.wishes.semistatic == 0
        skipped = Flag.STATIC if is_time else Flag.STATIC | Flag.SEMI_STATIC
        return [
            each
            for each in items
            if not each.row.flags & skipped or each.oid not in self._kinds  # refused until now
        ]

    def _take_item(self, item: Item, answers: Answers) -> None:
        answer = answers.get(item.oid)
        old = self._texts.pop(item, None)
        if answer is None:
            self._stale.add(item)
            self._last = self._last if old is None else None
            return
        self._stale.discard(item)
        if item.is_status or item.is_alarm or item.is_count_of_alarms:
            self._told.add(item)
        self._kinds[item.oid] = answer.kind
        item.scope.answers = answers if item.row.lookup and item.row.lookup.beside else {}
        text = values.convert(item.row, answer, item.scope)
        if text is not None:
            text = self._texts[item] = self._line_to_neutral(item.row, text)
        if text != old:
            self._last = None

    def _line_to_neutral(self, row: Row, text: str) -> str:
        if not self.wishes.is_line_to_line or not row.variable.startswith("input.transfer."):
            return text
        value = values.written(text)
        return text if value is None else f"{value * LINE_TO_NEUTRAL:.2f}"

    def _learn(self, known: Collection[str]) -> None:
        """Forget what the device lacks, and what another row tells better.

        Its status is asked for again: a card that is still starting may lack it.
        """
        self._last = None
        self._items = [each for each in self._items if each.oid in known or each.is_status]
        unique = [each for each in self._texts if Flag.UNIQUE in each.row.flags]
        best: dict[str, Item] = {}
        for each in unique:
            best.setdefault(each.name, each)
        self._items = [each for each in self._items if best.get(each.name, each) == each]
        self._items = [each for each in self._items if not self._is_idle(each)]
        self._texts = {each: text for each, text in self._texts.items() if each in self._items}
        self._stale = {each for each in self._items if each.oid not in known}
        self._told &= set(self._items)
        self._orders = [
            each
            for each in self._orders
            if each.oid in known or part_of(each.command.flags) is not None
        ]

    def _is_idle(self, item: Item) -> bool:
        """Tell whether an object is for three phases of a device that shows no second one."""
        for side, one, three in zip(SIDES, ONE_PHASE, THREE_PHASES, strict=True):
            if three in item.row.flags and one not in item.row.flags:
                return side not in item.unit.phases and not any(
                    three in each.row.flags and each.unit is item.unit and _OTHERS(each.name)
                    for each in self._texts
                )
        return False

    def _in_order(self) -> Iterable[tuple[Item, str]]:
        return ((each, self._texts[each]) for each in self._items if each in self._texts)

    def _writable_items(self) -> list[Item]:
        return [each for each, _ in self._in_order() if each.row.is_writable]

    def _writable(self) -> dict[str, Writable]:
        """Say what can be written; the limits are made once."""
        rows = {name: each.row for name, each in self._kept.items() if each.row}
        rows = {name: row for name, row in rows.items() if row.is_writable}
        rows |= {each.name: each.row for each in self._writable_items()}
        for name in rows.keys() - self._limits.keys():
            self._limits[name] = orders.limits(rows[name])
        return {name: self._limits[name] for name in rows}


@lru_cache
def _with_system(mapping: Mapping) -> Mapping:
    """Add what the agent says of the system it is in, for when the mapping's own rows do not."""
    own = {(each.variable, each.oid) for each in mapping.rows}
    rows = [
        Row(name, oid, length=values.LONGEST, flags=Flag.STATIC, is_text=True)
        for name, oid in SYSTEM.items()
        if (name, oid) not in own
    ]
    return replace(mapping, rows=(*rows, *mapping.rows))


def _beside(oid: str) -> str:
    """Name the branch in which the table of the alarms stands that an object counts."""
    return oid.rsplit(".", 2)[0]
