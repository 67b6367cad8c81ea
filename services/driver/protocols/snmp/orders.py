"""What is written to a device: its settings and instant commands."""

from collections.abc import Iterable
from collections.abc import Mapping as Table

from services.driver.protocols.snmp import values
from services.driver.protocols.snmp.items import Item, Order
from services.driver.protocols.snmp.table import Flag, Row
from services.driver.protocols.snmpwire.values import Kind, Value
from shared.errors import RefusedError, ResultStatus
from shared.messages import Writable

SHUTDOWN = "shutdown.default"
DELAYS = ("ups.delay.start", "ups.delay.shutdown")
# What a device does at once that it can do later.
AT_ONCE = {"load.off": "load.off.delay", "load.on": "load.on.delay"}
# What shutdown.default is: the first of these that the device has.
SHUTDOWNS = ("shutdown.return", "shutdown.reboot", "load.off.delay", "shutdown.stayoff")
DEFAULT_DELAYS = {"ups.delay.start": "30", "ups.delay.shutdown": "20"}
# The delay that a command takes where the request has none.
DELAYED = {
    "load.off.delay": "ups.delay.shutdown",
    "load.on.delay": "ups.delay.start",
    "shutdown.return": "ups.delay.shutdown",
    "shutdown.stayoff": "ups.delay.shutdown",
    "shutdown.reboot": "ups.delay.shutdown",
}
_PARTS = ((Flag.OUTLET_GROUP, "outlet group"), (Flag.OUTLET, "outlet"))
_TEXTS = (Kind.OCTETS, Kind.OPAQUE)
_UNSIGNED = range(2**32)
_WHOLE = {Kind.INTEGER: range(-(2**31), 2**31), Kind.GAUGE: _UNSIGNED, Kind.TICKS: _UNSIGNED}


def limits(row: Row) -> Writable:
    """Say what may be written to the variable of a row."""
    if row.lookup and row.lookup.texts:
        texts = list(dict.fromkeys(text for _, text in row.lookup.texts))
        return Writable(type="string", max_length=row.length or None, enum=texts)
    if row.is_text:
        return Writable(type="string", max_length=row.length or None)
    return Writable(type="number")


def alarm_text(item: Item, text: str) -> str:
    """Name the outlet, group or phase that an alarm is of."""
    for flag, name in _PARTS:
        if flag in item.row.flags:
            return f"{name} {item.index} {text}"
    if item.row.variable.startswith("L"):
        return f"phase {item.row.variable.partition('.')[0]} {text}"
    return text


def offered(orders: Iterable[Order]) -> set[str]:
    """Name the commands that can be given."""
    names = {each.name for each in orders}
    names |= {name for name, later in AT_ONCE.items() if later in names}
    return names | ({SHUTDOWN} if names & set(SHUTDOWNS) else set())


def command(
    orders: Iterable[Order],
    name: str,
    value: str | None,
    delays: Table[str, str | None],
    kinds: Table[str, Kind],
) -> dict[str, Value]:
    """Say what to write for a command; RefusedError if it cannot be given.

    `delays` are the values of DELAYS as far as they are known, `kinds` those of the last answers.
    """
    known = {each.name: each for each in orders}
    if name == SHUTDOWN:
        name = next((each for each in SHUTDOWNS if each in known), name)
    if name not in known and AT_ONCE.get(name) in known:
        name, value = AT_ONCE[name], "0"
    if name not in known:
        raise RefusedError(ResultStatus.UNKNOWN, f"the device has no command {name}")
    found = known[name]
    delay = DELAYED.get(name, "")
    usual = found.command.default or delays.get(delay) or DEFAULT_DELAYS.get(delay)
    told = value if value is not None else usual
    if told is None:
        raise RefusedError(ResultStatus.INVALID, f"{name} needs a value, such as seconds")
    kind = _kind(found.oid, found.command.is_text, found.command.flags, kinds)
    return {found.oid: _value(kind, told, 1.0)}


def setting(item: Item | None, name: str, value: str, kinds: Table[str, Kind]) -> dict[str, Value]:
    """Say what to write for a variable; RefusedError if it cannot be written."""
    if item is None:
        raise RefusedError(ResultStatus.READ_ONLY, f"the device lets nobody write {name}")
    row = item.row
    kind = _kind(item.oid, row.is_text, row.flags, kinds)
    if row.lookup and row.lookup.texts and kind in _WHOLE:
        number = next((number for number, text in row.lookup.texts if text == value), None)
        if number is None:
            raise RefusedError(ResultStatus.INVALID, f"{name} cannot be {value!r}")
        return {item.oid: Value(kind, number)}
    multiplier = 1.0 if row.is_text or row.lookup else row.multiplier
    return {item.oid: _value(kind, value, multiplier)}


def _kind(oid: str, is_text: bool, flags: Flag, kinds: Table[str, Kind]) -> Kind:
    """Tell the type to write: the one in which the device answers, else that of the row."""
    if oid in kinds:
        return kinds[oid]
    if Flag.TYPE_TIME in flags:
        return Kind.TICKS
    return Kind.OCTETS if is_text and Flag.TYPE_INT not in flags else Kind.INTEGER


def _value(kind: Kind, text: str, multiplier: float) -> Value:
    if kind in _TEXTS:
        return Value(kind, text.encode())
    number = values.written(text)
    scaled = None if number is None or not multiplier else number / multiplier
    if kind is Kind.TICKS and scaled is not None:
        scaled *= values.HUNDREDTHS
    if scaled is None or kind not in _WHOLE or round(scaled) not in _WHOLE[kind]:
        raise RefusedError(ResultStatus.INVALID, f"{text!r} is nothing that the device takes")
    return Value(kind, round(scaled))
