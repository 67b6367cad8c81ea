"""The objects of one device: the rows of its mapping, once for each device, outlet and so on."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.driver.protocols.snmp.layout import (
    DEVICE_COUNT,
    PARTS,
    SIDES,
    Layout,
    Unit,
    filled,
    part_of,
)
from services.driver.protocols.snmp.table import (
    ALARM,
    ALARMS,
    INDEX,
    STATUS,
    Command,
    Flag,
    Mapping,
    Row,
    Scope,
)

ONE_PHASE = (Flag.INPUT_1, Flag.OUTPUT_1, Flag.BYPASS_1)
THREE_PHASES = (Flag.INPUT_3, Flag.OUTPUT_3, Flag.BYPASS_3)
_DEVICE = "device."
TRANSFERS = ("input.transfer.low", "input.transfer.high")
# What the driver asks for at every poll; the rest has time until the next full one.
FAST = ("battery.charge", "battery.runtime", STATUS, ALARMS)
FAST_PARTS = {"outlet.%i.status", "outlet.group.%i.status"}


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One object to be read: the row that it is of, its OID and the name of the variable."""

    row: Row
    name: str
    oid: str
    unit: Unit
    index: int | None
    scope: Scope

    @property
    def is_status(self) -> bool:
        """Tell whether the texts are words of the status."""
        return self.row.variable == STATUS

    @property
    def is_alarm(self) -> bool:
        """Tell whether the texts are alarms."""
        return self.row.variable.endswith(ALARM)

    @property
    def is_count_of_alarms(self) -> bool:
        """Tell whether it only counts the alarms in the table beside it."""
        return self.row.variable == ALARMS

    @property
    def is_fast(self) -> bool:
        """Tell whether it is read at every poll."""
        return self.is_alarm or self.row.variable in FAST or self.row.variable in FAST_PARTS


@dataclass(frozen=True, slots=True)
class Order:
    """One command that can be given."""

    command: Command
    name: str
    oid: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A variable that is always the same; or is kept by the driver, if it can be written."""

    name: str
    value: str
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class Objects:
    """All that a device has by its mapping and layout."""

    items: tuple[Item, ...]
    orders: tuple[Order, ...]
    constants: tuple[Constant, ...]


def instances(mapping: Mapping, layout: Layout, leaves_transfers: bool = False) -> Objects:
    """List what a device has; `leaves_transfers` is NUT's option notransferoids."""
    items: list[Item] = []
    constants = list(_chain(mapping, layout))
    left_out = (DEVICE_COUNT, *(TRANSFERS if leaves_transfers else ()))
    rows = [row for row in mapping.rows if row.variable not in left_out]
    for unit in layout.units:
        scopes: dict[tuple[Flag | None, int | None], Scope] = {}
        for row in rows:
            if not _holds(row, unit):
                continue
            kind = part_of(row.flags)
            for index in _indices(kind, unit):
                name = _name(row.variable, layout, unit, index)
                if row.oid and (Flag.ABSENT not in row.flags or kind):
                    scope = scopes.setdefault((kind, index), Scope())
                    items.append(Item(row, name, filled(row.oid, unit, index), unit, index, scope))
                elif row.default is not None:
                    constants.append(_constant(row, name, index))
        constants += _counts(layout, unit)
    orders = [order for unit in layout.units for order in _orders(mapping, layout, unit)]
    return Objects(tuple(items), tuple(orders), tuple(constants))


def _constant(row: Row, name: str, index: int | None) -> Constant:
    return Constant(name, (row.default or "").replace(INDEX, str(index)), row)


def _chain(mapping: Mapping, layout: Layout) -> Iterator[Constant]:
    """Tell of the chain as a whole."""
    if layout.chained is None:
        return
    yield Constant(DEVICE_COUNT, str(layout.chained))
    kinds = (row.default for row in mapping.rows if row.variable == "device.type")
    kind = next((each for each in kinds if each), "")
    if layout.chained > 1:
        yield Constant("device.model", " ".join(("daisychain", kind, f"(1+{layout.chained - 1})")))
        if kind:
            yield Constant("device.type", kind)


def _counts(layout: Layout, unit: Unit) -> Iterator[Constant]:
    """Tell the counts that the device itself does not tell."""
    for kind, name in PARTS.items():
        if kind not in unit.counts and (found := unit.parts.get(kind)):
            yield Constant(_name(f"{name}.count", layout, unit, None), str(len(found)))


def _orders(mapping: Mapping, layout: Layout, unit: Unit) -> Iterator[Order]:
    for command in mapping.commands:
        kind = part_of(command.flags)
        for index in _indices(kind, unit):
            shifted = index
            if index is not None and Flag.CMD_OFFSET in command.flags:
                shifted = index + 1
            name = _name(command.name, layout, unit, index)
            yield Order(command, name, filled(command.oid, unit, shifted))


def _indices(kind: Flag | None, unit: Unit) -> tuple[int | None, ...]:
    return (None,) if kind is None else unit.parts.get(kind, ())


def _holds(row: Row, unit: Unit) -> bool:
    """Tell whether a device of a chain has what a row is about."""
    kind = part_of(row.flags)
    numbers = (row.oid or "").count(INDEX)
    if unit.number > 1 and row.oid and numbers < (1 if kind is None else 2):
        return False
    return _has_phases(row, unit)


def _has_phases(row: Row, unit: Unit) -> bool:
    """Tell whether a device has the phases that a row is for; or may have them."""
    for side, one, three in zip(SIDES, ONE_PHASE, THREE_PHASES, strict=True):
        phases = unit.phases.get(side)
        if phases is None:
            continue
        if one in row.flags:
            return phases == 1
        if three in row.flags:
            return phases == 3
    return True


def _name(variable: str, layout: Layout, unit: Unit, index: int | None) -> str:
    name = variable if index is None else variable.replace(INDEX, str(index))
    if len(layout.units) > 1:
        return f"{_DEVICE}{unit.number}.{name.removeprefix(_DEVICE)}"
    return name
