"""Report descriptors (USB HID 1.11, section 6.2.2): bytes into fields.

Devices break the rules often, so whatever can be made out is kept, and what was wrong is told in
`faults`. Time and memory are bounded by the length of the descriptor and by `MAX_FIELDS`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import NamedTuple

from shared.errors import DeviceError

MAX_LENGTH = 65535  # bytes; wDescriptorLength has 16 bits
MAX_FIELDS = 2000
MAX_DEPTH = 32  # collections within collections
MAX_USAGES = 512  # for one main item
MAX_BITS = 65536 * 8  # of one report
INDEX = 0x00FF0000  # path step of a numbered collection: INDEX | number
_SIZES = (0, 1, 2, 4)
_LONG_ITEM = 0xFE
_NUMBERED = 0x80  # collection types from here on are numbers (HID PDC 1.0, section 3.1)


class Report(IntEnum):
    """The three kinds of report; the value is the tag of the main item."""

    INPUT = 0x80
    OUTPUT = 0x90
    FEATURE = 0xB0


@dataclass(frozen=True, slots=True)
class Field:
    """One value in a report.

    `path` holds usages (page << 16 | id) from the outermost collection on. `offset` and `size` are
    in bits, the report id not counted. `physical` is None where the device does not scale.
    `is_constant` marks padding, and values that cannot be written; `is_assumed` a maximum that was
    below the minimum and is taken without a sign.
    """

    path: tuple[int, ...]
    report: Report
    id: int
    offset: int
    size: int
    minimum: int
    maximum: int
    physical: tuple[int, int] | None = None
    exponent: int = 0
    unit: int = 0
    is_constant: bool = False
    is_volatile: bool = False
    is_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Descriptor:
    """All fields in their order, and how long each report is in bytes, its id not counted.

    `has_ids` tells whether reports begin with a byte that is their id.
    """

    fields: tuple[Field, ...]
    lengths: Mapping[tuple[Report, int], int]
    has_ids: bool
    faults: tuple[str, ...] = ()


class _Item(NamedTuple):
    at: int
    tag: int  # type and tag, the size bits cleared
    value: int  # unsigned
    size: int


@dataclass(slots=True)
class _Globals:
    page: int = 0
    minimum: int = 0
    maximum: int = 0
    is_assumed: bool = False
    physical_minimum: int | None = None
    physical_maximum: int | None = None
    exponent: int = 0
    unit: int = 0
    size: int = 0
    count: int = 0
    id: int = 0


@dataclass(slots=True)
class _Parser:
    state: _Globals = field(default_factory=_Globals)
    stack: list[_Globals] = field(default_factory=list)
    path: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)  # length of the path before each collection
    usages: list[int] = field(default_factory=list)
    first_usage: int | None = None
    offsets: dict[tuple[Report, int], int] = field(default_factory=dict)
    fields: list[Field] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    has_ids: bool = False


def parse(data: bytes) -> Descriptor:
    """Read a report descriptor; DeviceError if it holds not a single field."""
    parser = _Parser()
    for item in _items(data[:MAX_LENGTH], parser.faults):
        act = _ACTIONS.get(item.tag)
        if act:
            act(parser, item)
        if len(parser.fields) >= MAX_FIELDS:
            parser.faults.append(f"more than {MAX_FIELDS} fields")
            break
    if parser.depths:
        parser.faults.append(f"{len(parser.depths)} collections are not closed")
    if not parser.fields:
        raise DeviceError(f"the report descriptor of {len(data)} bytes holds no field")
    lengths = {key: (bits + 7) // 8 for key, bits in parser.offsets.items()}
    return Descriptor(tuple(parser.fields), lengths, parser.has_ids, tuple(parser.faults))


def _items(data: bytes, faults: list[str]) -> Iterator[_Item]:
    at = 0
    while at < len(data):
        prefix = data[at]
        if prefix == _LONG_ITEM:
            at += 3 + (data[at + 1] if at + 1 < len(data) else 0)
            continue
        size = _SIZES[prefix & 3]
        body = data[at + 1 : at + 1 + size]
        if len(body) < size:
            faults.append(f"it ends within the item at byte {at}")
            return
        yield _Item(at, prefix & 0xFC, int.from_bytes(body, "little"), size)
        at += 1 + size


def _signed(item: _Item) -> int:
    if item.size and item.value >> (8 * item.size - 1):
        return item.value - (1 << (8 * item.size))
    return item.value


def _set_page(parser: _Parser, item: _Item) -> None:
    parser.state.page = item.value & 0xFFFF


def _add_usage(parser: _Parser, item: _Item) -> None:
    if len(parser.usages) < MAX_USAGES:
        parser.usages.append(_usage(parser, item))


def _usage(parser: _Parser, item: _Item) -> int:
    return item.value if item.size == 4 else parser.state.page << 16 | item.value & 0xFFFF


def _begin_usages(parser: _Parser, item: _Item) -> None:
    parser.first_usage = _usage(parser, item)


def _end_usages(parser: _Parser, item: _Item) -> None:
    first, last = parser.first_usage, _usage(parser, item)
    if first is not None and 0 <= last - first < MAX_USAGES:
        parser.usages += range(first, last + 1)
        del parser.usages[MAX_USAGES:]
    parser.first_usage = None


def _open_collection(parser: _Parser, item: _Item) -> None:
    if len(parser.depths) >= MAX_DEPTH:
        parser.faults.append(f"collections are nested too deeply at byte {item.at}")
    parser.depths.append(len(parser.path))
    if len(parser.depths) <= MAX_DEPTH:
        parser.path.append(parser.usages[0] if parser.usages else 0)
        if item.value >= _NUMBERED:
            parser.path.append(INDEX | item.value & 0x7F)
    _forget_locals(parser)


def _close_collection(parser: _Parser, item: _Item) -> None:
    if parser.depths:
        del parser.path[parser.depths.pop() :]
    else:
        parser.faults.append(f"a collection that was not opened is closed at byte {item.at}")
    _forget_locals(parser)


def _forget_locals(parser: _Parser) -> None:
    parser.usages.clear()
    parser.first_usage = None


def _set_minimum(parser: _Parser, item: _Item) -> None:
    parser.state.minimum = _signed(item)


def _set_maximum(parser: _Parser, item: _Item) -> None:
    """Take the maximum; one below the minimum was meant without a sign (many devices do so)."""
    signed = _signed(item)
    parser.state.is_assumed = signed < parser.state.minimum
    parser.state.maximum = item.value if parser.state.is_assumed else signed


def _set_physical_minimum(parser: _Parser, item: _Item) -> None:
    parser.state.physical_minimum = _signed(item)


def _set_physical_maximum(parser: _Parser, item: _Item) -> None:
    parser.state.physical_maximum = _signed(item)


def _set_exponent(parser: _Parser, item: _Item) -> None:
    """Take a signed nibble, or the signed byte that some devices write instead."""
    value = item.value & 0xFF
    parser.state.exponent = value if value <= 7 else (value | 0xF0) - 0x100


def _set_unit(parser: _Parser, item: _Item) -> None:
    parser.state.unit = item.value


def _set_size(parser: _Parser, item: _Item) -> None:
    parser.state.size = item.value & 0xFF


def _set_count(parser: _Parser, item: _Item) -> None:
    parser.state.count = item.value & 0xFFFF


def _set_id(parser: _Parser, item: _Item) -> None:
    parser.state.id = item.value & 0xFF
    parser.has_ids = True


def _push(parser: _Parser, _item: _Item) -> None:
    if len(parser.stack) < MAX_DEPTH:
        parser.stack.append(replace(parser.state))


def _pop(parser: _Parser, item: _Item) -> None:
    if parser.stack:
        parser.state = parser.stack.pop()
    else:
        parser.faults.append(f"a state that was not pushed is popped at byte {item.at}")


def _add_fields(parser: _Parser, item: _Item) -> None:
    """Add a field for each usage; what has no usage is padding, or more of the one before."""
    state, report = parser.state, Report(item.tag)
    key = report, state.id
    offset = parser.offsets.get(key, 0)
    if offset + state.size * state.count > MAX_BITS:
        parser.faults.append(f"the report {state.id} is longer than can be at byte {item.at}")
    else:
        for usage in parser.usages[: state.count]:
            if usage:
                parser.fields.append(_field(parser, item, usage, offset))
            offset += state.size
        rest = max(0, state.count - len(parser.usages))
        parser.offsets[key] = offset + rest * state.size
    _forget_locals(parser)


def _field(parser: _Parser, item: _Item, usage: int, offset: int) -> Field:
    state = parser.state
    return Field(
        path=(*parser.path, usage),
        report=Report(item.tag),
        id=state.id,
        offset=offset,
        size=state.size,
        minimum=state.minimum,
        maximum=state.maximum,
        physical=_physical(state),
        exponent=state.exponent,
        unit=state.unit,
        is_constant=bool(item.value & 0x01),
        is_volatile=bool(item.value & 0x80),
        is_assumed=state.is_assumed,
    )


def _physical(state: _Globals) -> tuple[int, int] | None:
    """Give the range of values as people read them; none if it is not whole, empty or 0 to 0."""
    low, high = state.physical_minimum, state.physical_maximum
    if low is None or high is None or low >= high or state.minimum >= state.maximum:
        return None
    return low, high


# Type and tag of an item, the size bits cleared (USB HID 1.11, sections 6.2.2.4, 7 and 8).
_ACTIONS = {
    0x04: _set_page,
    0x08: _add_usage,
    0x14: _set_minimum,
    0x18: _begin_usages,
    0x24: _set_maximum,
    0x28: _end_usages,
    0x34: _set_physical_minimum,
    0x44: _set_physical_maximum,
    0x54: _set_exponent,
    0x64: _set_unit,
    0x74: _set_size,
    0x80: _add_fields,
    0x84: _set_id,
    0x90: _add_fields,
    0x94: _set_count,
    0xA0: _open_collection,
    0xA4: _push,
    0xB0: _add_fields,
    0xB4: _pop,
    0xC0: _close_collection,
}


def find(fields: Sequence[Field], path: Sequence[int], report: Report) -> Field | None:
    """Find the first field whose path begins with the steps of another, as NUT looks them up."""
    wanted = tuple(path)
    for each in fields:
        if each.report is report and each.path[: len(wanted)] == wanted:
            return each
    return None
