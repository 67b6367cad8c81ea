"""What is known of one HID device: its rows with their fields, and what they have said; no I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from services.driver.contract import Reading
from services.driver.protocols.hid import meaning, status
from services.driver.protocols.hid.descriptor import Descriptor, Field, Report, find
from services.driver.protocols.hid.status import Choices, Delays
from services.driver.protocols.hid.table import ALARM, STATUS, Command, Known, Poll, Row, Vendor
from services.driver.protocols.hid.values import physical, raw
from shared.errors import DeviceError
from shared.messages import Writable

Key = tuple[Report, int]
"""A report: its kind and id."""
MODES = "experimental.ups.mode.buzzwords"
REASON = "input.transfer.reason"

# Options that are laid over what the device, or its table, has.
GIVEN = {
    "lowbatt": "battery.charge.low",
    "ondelay": "ups.delay.start",
    "offdelay": "ups.delay.shutdown",
}
# Commands that are made of others, which the device must have (NUT's usbhid-ups).
COMPOSED: dict[str, tuple[str, ...]] = {
    "load.off": ("load.off.delay",),
    "load.on": ("load.on.delay",),
    "shutdown.return": ("load.off.delay", "load.on.delay"),
    "shutdown.stayoff": ("load.off.delay", "load.on.delay"),
}
SHUTDOWN = "shutdown.default"
SHUTDOWNS = ("shutdown.return", "shutdown.reboot", "load.off.delay", "shutdown.stayoff")


class Walk(Enum):
    """Which rows are read: all; those that change at once; all that change; also what is set."""

    FIRST = auto()
    QUICK = auto()
    FULL = auto()
    CHANGED = auto()


_LEFT_OUT = {
    Walk.FIRST: Poll.ABSENT,
    Walk.FULL: Poll.ABSENT | Poll.STATIC | Poll.SEMI_STATIC,
    Walk.CHANGED: Poll.ABSENT | Poll.STATIC,
}


@dataclass(slots=True)
class Entry:
    """A row and where the device has it; `has_spoken`: its report came with it before."""

    row: Row
    field: Field
    has_spoken: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings that count here."""

    choices: Choices = field(default_factory=Choices)
    is_interrupt_only: bool = False
    full_poll: float = 30.0


class Picture:
    """The rows of a table that a device has, with their values."""

    def __init__(
        self, vendor: Vendor, descriptor: Descriptor, known: Known, rules: Rules | None = None
    ) -> None:
        self.vendor = vendor
        self.descriptor = descriptor
        self.known = known
        self._rules = rules or Rules()
        self._named = frozenset(known.variables)
        self._offered: set[str] = set()
        self._owners: dict[str, Entry] = {}
        self._alarms: dict[int, str] = {}
        self._delays = Delays()
        self._reading = Reading({})
        self._writable: dict[str, Writable] = {}
        self._orders: tuple[str, ...] = ()
        self._entries = self._found_entries()
        self.commands: dict[str, tuple[Command, Field]] = {}
        for command in vendor.commands:
            place = self._found(command.path, Report.FEATURE)
            if place and command.name not in self.commands:
                self.commands[command.name] = command, place

    @property
    def rows(self) -> list[Row]:
        """List the rows that the device has a place for."""
        return [entry.row for entry in self._entries]

    def due(self, walk: Walk) -> list[Key]:
        """List the reports that a walk needs, each once."""
        wanted: dict[Key, None] = {}
        for entry in self._due(walk):
            wanted[entry.field.report, entry.field.id] = None
            for id in entry.row.lookup.reports if entry.row.lookup else ():
                wanted[Report.FEATURE, id] = None
        if walk is Walk.FIRST and not self._rules.is_interrupt_only:
            wanted |= dict.fromkeys((Report.FEATURE, at.id) for _, at in self.commands.values())
        return list(wanted)

    def length(self, key: Key) -> int:
        """Tell how long a report is as it is transferred."""
        return self.descriptor.lengths.get(key, 0) + self.descriptor.has_ids

    def body(self, id: int, data: bytes) -> bytes:
        """Cut the id off; DeviceError if it is another one."""
        if not self.descriptor.has_ids:
            return data
        if data[:1] != bytes([id]):
            raise DeviceError(f"asked for the report {id}, got {data[:8].hex(' ')}")
        return data[1:]

    def indexes(self, walk: Walk, bodies: Mapping[Key, bytes]) -> set[int]:
        """List the texts of the device that a walk needs and nobody has read yet."""
        wanted = set()
        for entry in self._due(walk):
            if entry.row.lookup and entry.row.lookup.is_index:
                value = _value(entry.field, bodies)
                wanted |= {int(value)} if value else set()
        return wanted - self.known.strings.keys()

    def take(self, walk: Walk, bodies: Mapping[Key, bytes]) -> None:
        """Take the reports of a walk; DeviceError if a status that was told before is missing.

        A variable that the device knows nothing of gets its first value in the place of its row.
        """
        for (kind, id), body in bodies.items():
            if kind is Report.FEATURE:
                self.known.reports[id] = body
        for entry in self._entries if walk is Walk.FIRST else self._due(walk):
            if entry.row.poll & Poll.ABSENT:
                self._keep(entry)
            elif (value := _value(entry.field, bodies)) is not None:
                entry.has_spoken = True
                self._apply(entry, value)
            elif entry.has_spoken:
                self._forget(entry)
        if walk is Walk.FIRST:
            self._offered = {
                name for name, (_, at) in self.commands.items() if _value(at, bodies) is not None
            }
            self._lay_options()
            self._orders = self._all_commands()
        self._writable = self._all_writable()

    def hear(self, packet: bytes) -> None:
        """Take an input report that came unasked; what is cut short counts as far as it goes."""
        id = packet[0] if self.descriptor.has_ids and packet else 0
        bodies = {(Report.INPUT, id): packet[1:] if self.descriptor.has_ids else packet}
        for each in self.descriptor.fields:
            if (each.report, each.id) != (Report.INPUT, id):
                continue
            value = _value(each, bodies)
            if value is None:
                continue
            for entry in self._entries:
                if entry.field.path == each.path and self._can_apply(entry, value):
                    entry.has_spoken = entry.has_spoken or self._rules.is_interrupt_only
                    self._apply(entry, value)

    def reading(self, now: float) -> Reading:
        """Sum up; the same object as before if nothing has changed. `now` in seconds."""
        known = self.known
        charge = known.variables.get("battery.charge")
        summed = status.summary(known.words, charge, self._rules.choices, self._delays, now)
        self._delays = summed.delays
        variables = {
            **known.variables,
            "ups.vendorid": known.identity.id.vendor,
            "ups.productid": known.identity.id.product,
            "driver.version.data": self.vendor.version,
            "driver.parameter.pollfreq": f"{self._rules.full_poll:g}",
        }
        if summed.reason:
            variables[REASON] = summed.reason
        if summed.modes:
            variables[MODES] = " ".join(summed.modes)
        found = Reading(
            variables,
            " ".join(summed.status) if any(self._status_rows()) else None,
            tuple(dict.fromkeys((*self._alarms.values(), *summed.alarms))),
            {name: each for name, each in self._writable.items() if name in known.variables},
            self._orders,
        )
        if found != self._reading:
            self._reading = found
        return self._reading

    def row(self, name: str) -> Entry | None:
        """Find the row that has given a variable and can be written."""
        entry = self._owners.get(name)
        return entry if entry and entry.row.is_writable else None

    def _found_entries(self) -> list[Entry]:
        """Look up where the device has what the table knows; what is only told unasked is last."""
        found = [Entry(row, each) for row in self.vendor.rows if (each := self._field(row.path))]
        first = Report.INPUT if self._rules.is_interrupt_only else Report.FEATURE
        return sorted(found, key=lambda entry: entry.field.report is not first)

    def _field(self, path: str) -> Field | None:
        kinds = (Report.FEATURE, Report.INPUT)
        for kind in reversed(kinds) if self._rules.is_interrupt_only else kinds:
            if found := self._found(path, kind):
                return found
        return None

    def _found(self, path: str, kind: Report) -> Field | None:
        steps = self.vendor.usages.path(path)
        return find(self.descriptor.fields, steps, kind) if steps else None

    def _due(self, walk: Walk) -> list[Entry]:
        if self._rules.is_interrupt_only:
            return []
        return [
            entry
            for entry in self._entries
            if _is_due(entry.row.poll, walk) and self._may_speak(entry)
        ]

    def _may_speak(self, entry: Entry) -> bool:
        """Tell whether a row counts: of several for one variable only the first that came out."""
        name = entry.row.variable
        return name in (STATUS, ALARM) or (
            name not in self._named and self._owners.get(name) in (None, entry)
        )

    def _can_apply(self, entry: Entry, value: float) -> bool:
        if entry.row.poll & Poll.ABSENT or not self._may_speak(entry):
            return False
        lookup = entry.row.lookup
        return not (lookup and lookup.is_index) or int(value) in self.known.strings

    def _apply(self, entry: Entry, value: float) -> None:
        if not self._may_speak(entry):
            return
        text = meaning.text(entry.row, value, self.known)
        name = entry.row.variable
        if name == STATUS:
            status.take(self.known.words, text or "")
        elif name == ALARM:
            self._alarms.pop(id(entry), None)
            self._alarms |= {id(entry): text} if text else {}
        elif not text:
            self.known.variables.pop(name, None)
        else:
            self.known.variables[name] = text
            self._owners[name] = entry

    def _forget(self, entry: Entry) -> None:
        if entry.row.variable == STATUS:
            raise DeviceError(f"the device does not tell {entry.row.path} any more")
        if entry.row.variable == ALARM:
            self._alarms.pop(id(entry), None)
        elif self._owners.get(entry.row.variable) is entry:
            self.known.variables.pop(entry.row.variable, None)

    def _keep(self, entry: Entry) -> None:
        """Give a variable that the device knows nothing of its first value."""
        name = entry.row.variable
        if name not in self.known.variables:
            self.known.variables[name] = entry.row.form
            self._owners[name] = entry

    def _lay_options(self) -> None:
        for option, name in GIVEN.items():
            if name in self.known.variables and option in self.known.options:
                self.known.variables[name] = self.known.options[option]

    def _status_rows(self) -> Iterable[bool]:
        return (entry.has_spoken for entry in self._entries if entry.row.variable == STATUS)

    def _all_writable(self) -> dict[str, Writable]:
        return {
            name: _writable(entry, self.known)
            for name, entry in self._owners.items()
            if entry.row.is_writable and _can_be_written(entry)
        }

    def _all_commands(self) -> tuple[str, ...]:
        found = set(self._offered)
        for name, parts in COMPOSED.items():
            if all(part in self.commands for part in parts):
                found.add(name)
        if found & set(SHUTDOWNS):
            found.add(SHUTDOWN)
        return tuple(sorted(found))


def _is_due(poll: Poll, walk: Walk) -> bool:
    if walk is Walk.QUICK:
        return bool(poll & Poll.QUICK) and not poll & Poll.ABSENT
    return not poll & _LEFT_OUT[walk]


def _value(place: Field, bodies: Mapping[Key, bytes]) -> float | None:
    """Cut a value out of the report that holds it; None if the report is missing or too short."""
    body = bodies.get((place.report, place.id))
    if body is None or len(body) * 8 < place.offset + place.size:
        return None
    return physical(place, raw(place, body))


def _can_be_written(entry: Entry) -> bool:
    return bool(entry.row.poll & Poll.ABSENT) or entry.field.report is Report.FEATURE


def _writable(entry: Entry, known: Known) -> Writable:
    row = entry.row
    options = meaning.choices(row, known)
    if options:
        return Writable(enum=list(options), max_length=row.length or None)
    if row.is_text:
        return Writable(max_length=row.length or None)
    return Writable(type="number")
