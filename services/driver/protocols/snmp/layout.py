"""Finds out what a device is made of: devices in a chain, phases, outlets, groups and sensors.

No walk of everything: the counts and phases are asked for, then one column of each table that is
to be found.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.driver.protocols.snmp import values
from services.driver.protocols.snmp.table import INDEX, Answers, Flag, Mapping, Row, Scope
from services.driver.protocols.snmpwire.values import Value

DEVICE_COUNT = "device.count"
PARTS = {
    Flag.OUTLET_GROUP: "outlet.group",
    Flag.OUTLET: "outlet",
    Flag.AMBIENT_TEMPLATE: "ambient",
}
SIDES = ("input", "output", "input.bypass")
MOST_PROBES = 8
MOST_DEVICES = 64
MOST_PARTS = 512


@dataclass(frozen=True, slots=True)
class Ask:
    """What the device is asked: single objects, and columns of tables."""

    gets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Unit:
    """One device of a chain, or the only one; `number` counts from 1, `index` is that in OIDs."""

    number: int = 1
    index: int = 1
    phases: dict[str, int] = field(default_factory=dict)
    counts: dict[Flag, int] = field(default_factory=dict)
    parts: dict[Flag, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """What a device is made of; `chained` is the number of devices if it tells that."""

    units: tuple[Unit, ...]
    chained: int | None = None


def part(row: Row | None) -> Flag | None:
    """Tell of what kind of part a row is."""
    return None if row is None else part_of(row.flags)


def part_of(flags: Flag) -> Flag | None:
    """Tell what kind of part flags name."""
    return next((each for each in PARTS if each in flags), None)


def filled(oid: str, unit: Unit, index: int | None) -> str:
    """Put the numbers of a device and of a part into an OID."""
    if oid.count(INDEX) > 1:
        oid = oid.replace(INDEX, str(unit.index), 1)
    return oid.replace(INDEX, str(unit.index if index is None else index))


class Survey:
    """Finds out the layout, round by round: ask what `ask` says, tell `take` the answers."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._units: tuple[Unit, ...] = ()
        self._chained: int | None = None
        self._steps = [self._chain, self._counts, self._first_columns, self._other_columns]
        self._asked = Ask()

    def ask(self) -> Ask | None:
        """Say what to ask next; None: everything is known."""
        while self._steps:
            self._asked = self._steps[0](None) or Ask()
            if self._asked != Ask():
                return self._asked
            self.take({})
        return None

    def take(self, answers: Answers) -> None:
        """Take the answers to what `ask` said."""
        self._steps.pop(0)(answers)

    def layout(self) -> Layout:
        """Give what was found."""
        return Layout(self._units, self._chained)

    def _rows(self, variable: str) -> Iterable[Row]:
        return (each for each in self._mapping.rows if each.variable == variable)

    def _chain(self, answers: Answers | None) -> Ask | None:
        rows = [each for each in self._rows(DEVICE_COUNT) if each.oid]
        oids = [each.oid or "" for each in rows]
        if answers is None:
            single = [oid for oid in oids if INDEX not in oid]
            columns = tuple(_root(oid) for oid in oids if INDEX in oid)
            return Ask((*single, *self._bases(0)), columns) if rows else None
        base = 0 if any(oid in answers for oid in self._bases(0)) else 1
        known = (_devices(each, answers) for each in rows)
        self._chained = next((each for each in known if each), None)
        numbers = range(1, (self._chained or 1) + 1)
        self._units = tuple(Unit(number, number + base - 1) for number in numbers)
        return None

    def _bases(self, first: int) -> list[str]:
        """List some objects of the first device of a chain, if its number is that."""
        rows = (each for each in self._mapping.rows if part(each) is None and each.oid)
        oids = [each.oid or "" for each in rows if INDEX in (each.oid or "")]
        return [oid.replace(INDEX, str(first)) for oid in oids[:MOST_PROBES]]

    def _counts(self, answers: Answers | None) -> Ask | None:
        if answers is None:
            return Ask(tuple(dict.fromkeys(oid for _, oid in self._counted())))
        for (unit, kind), oid in self._counted():
            row = self._row(kind)
            assert row is not None
            value = _whole(row, answers.get(oid))
            if value is not None and isinstance(kind, Flag):
                unit.counts[kind] = value
            elif value is not None and isinstance(kind, str):
                unit.phases[kind] = value
        for side in SIDES:
            row = self._row(side)
            if row and Flag.ABSENT in row.flags and (row.default or "").isdigit():
                for unit in self._units:
                    unit.phases[side] = int(row.default or "1")
        return None

    def _row(self, kind: Flag | str) -> Row | None:
        name = f"{kind}.phases" if isinstance(kind, str) else f"{PARTS[kind]}.count"
        return next(iter(self._rows(name)), None)

    def _counted(self) -> list[tuple[tuple[Unit, Flag | str], str]]:
        found: list[tuple[tuple[Unit, Flag | str], str]] = []
        kinds: tuple[Flag | str, ...] = (*PARTS, *SIDES)
        for kind in kinds:
            row = self._row(kind)
            if row and row.oid and Flag.ABSENT not in row.flags:
                found += [((unit, kind), filled(row.oid, unit, None)) for unit in self._units]
        return found

    def _templates(self, kind: Flag) -> list[Row]:
        rows = (each for each in self._mapping.rows if part(each) is kind and each.oid)
        return [each for each in rows if INDEX in (each.oid or "")]

    def _wanted(self, kind: Flag) -> bool:
        """Tell whether it is still to be found out which parts there are of a kind."""
        return any(unit.counts.get(kind) != 0 and not unit.parts.get(kind) for unit in self._units)

    def _first_columns(self, answers: Answers | None) -> Ask | None:
        return self._columns(answers, slice(0, 1))

    def _other_columns(self, answers: Answers | None) -> Ask | None:
        return self._columns(answers, slice(1, None))

    def _columns(self, answers: Answers | None, which: slice) -> Ask | None:
        rows = [
            each for kind in PARTS if self._wanted(kind) for each in self._templates(kind)[which]
        ]
        if answers is None:
            return Ask(columns=tuple(dict.fromkeys(_root(each.oid or "") for each in rows)))
        for row in rows:
            kind = part(row)
            assert kind is not None
            for unit in self._units:
                if not unit.parts.get(kind) and unit.counts.get(kind) != 0:
                    unit.parts[kind] = _indices(row, unit, answers)
        return None


def _root(oid: str) -> str:
    return oid.partition("." + INDEX)[0]


def _devices(row: Row, answers: Answers) -> int | None:
    """Tell how many devices a chain has; None: it has none, or does not say."""
    oid = row.oid or ""
    if INDEX in oid:
        below = _root(oid) + "."
        value: int | None = sum(each.startswith(below) for each in answers)
    else:
        value = _whole(row, answers.get(oid))
    return value if value in range(1, MOST_DEVICES + 1) else None


def _whole(row: Row, answer: Value | None) -> int | None:
    """Read a count or a number of phases."""
    if answer is None:
        return None
    told = values.convert(row, answer, Scope())
    number = values.written(told) if told else values.number(answer)
    return None if number is None or number != int(number) else int(number)


def _indices(row: Row, unit: Unit, answers: Answers) -> tuple[int, ...]:
    """List the numbers of the parts that a column holds."""
    oid = row.oid or ""
    if oid.count(INDEX) > 1:
        oid = oid.replace(INDEX, str(unit.index), 1)
    form = re.compile(re.escape(oid).replace(re.escape(INDEX), r"(\d+)"))
    found: dict[int, None] = {}
    for each, answer in answers.items():
        if (fits := form.fullmatch(each)) and not _stands_for_none(row, answer):
            found[int(fits[1])] = None
    return tuple(sorted(found))[: min(_limit(row, unit), MOST_PARTS)]


def _limit(row: Row, unit: Unit) -> int:
    kind = part(row)
    known = unit.counts.get(kind) if kind is not None else None
    return known if known else MOST_PARTS


def _stands_for_none(row: Row, answer: Value) -> bool:
    if Flag.NAINVALID in row.flags:
        return values.text(answer).startswith("N/A")
    return Flag.ZEROINVALID in row.flags and values.number(answer) == 0
