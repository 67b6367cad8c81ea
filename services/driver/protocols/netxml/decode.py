"""What a card's pages say of a UPS or PDU: variables, status words, alarms (NUT, netxml-ups)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from services.driver.contract import Reading
from services.driver.protocols.netxml.conversions import clock, converted, is_set, number
from services.driver.protocols.netxml.documents import Object, Product
from services.driver.protocols.netxml.objects import ROWS, SWITCHES
from services.driver.protocols.netxml.rows import Flag, Row
from shared.errors import DeviceError
from shared.messages import Writable
from shared.variables import Kind, variable

SHUTDOWN = "shutdown.default"
LOW_RUNTIME = "battery.runtime.low"
LOW_RUNTIME_SHUTDOWN = "999999999"  # seconds: whatever is left is too little then

_BY_OBJECT: Mapping[str, Row] = MappingProxyType({row.object.lower(): row for row in ROWS[::-1]})
_TESTING = "5"

_WORDS = (
    ("DISCHRG", Flag.DISCHRG),
    ("CHRG", Flag.CHRG),
    ("LB", Flag.LOWBATT),
    ("OVER", Flag.OVERLOAD),
    ("RB", Flag.REPLACEBATT),
    ("TRIM", Flag.TRIM),
    ("BOOST", Flag.BOOST),
    ("BYPASS", Flag.BYPASSAUTO),
    ("BYPASS", Flag.BYPASSMAN),
    ("OFF", Flag.OFF),
    ("FSD", Flag.SHUTDOWNIMM),
    ("CAL", Flag.CALIB),
)
_ALARMS = (
    ("Replace battery!", Flag.REPLACEBATT),
    ("Shutdown imminent!", Flag.SHUTDOWNIMM),
    ("Fan failure!", Flag.FANFAIL),
    ("No battery installed!", Flag.NOBATTERY),
    ("Battery voltage too low!", Flag.BATTVOLTLO),
    ("Battery voltage too high!", Flag.BATTVOLTHI),
    ("Battery charger fail!", Flag.CHARGERFAIL),
    ("Temperature too high!", Flag.OVERHEAT),
    ("Communication fault!", Flag.COMMFAULT),
    ("Internal UPS fault!", Flag.INTERNALFAULT),
    ("Fuse fault!", Flag.FUSEFAULT),
    ("Automatic bypass mode!", Flag.BYPASSAUTO),
    ("Manual bypass mode!", Flag.BYPASSMAN),
)
_REASONS = (
    ("input voltage out of range", Flag.VRANGE),
    ("input frequency out of range", Flag.FRANGE),
)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the settings say about reading a card; `shutdown_duration` in seconds."""

    shutdown_duration: int = 120
    tenths: bool = False


@dataclass(slots=True)
class _Findings:
    """What was found so far in the objects of a card."""

    variables: dict[str, str] = field(default_factory=dict)
    flags: set[Flag] = field(default_factory=set)
    known: set[Flag] = field(default_factory=set)
    writable: dict[str, Writable] = field(default_factory=dict)
    is_shutdown_due: bool | None = None  # None: the shutdown timer does not run
    is_time_up: bool = False


def reading(product: Product, found: Iterable[Object], choices: Choices) -> Reading:
    """Say what the objects mean; later ones win over earlier ones of the same variable."""
    findings = _Findings()
    for row, each in _merged(found):
        _take(findings, row, each, product, choices)
    if not findings.variables and not findings.known:
        raise DeviceError("the card's pages hold no object that is known")
    if findings.is_shutdown_due or (findings.is_shutdown_due is None and findings.is_time_up):
        findings.flags.add(Flag.SHUTDOWNIMM)
    if Flag.DISCHRG in findings.flags:
        findings.flags.discard(Flag.CHRG)  # some cards say both
    reason = next((text for text, flag in _REASONS if flag in findings.flags), None)
    variables = findings.variables | _of_product(product)
    if reason:
        variables["input.transfer.reason"] = reason
    return Reading(
        variables=variables,
        status=_status(findings),
        alarms=tuple(text for text, flag in _ALARMS if flag in findings.flags),
        writable=findings.writable,
        commands=(SHUTDOWN,) if LOW_RUNTIME in findings.writable else (),
    )


def object_of(name: str) -> str:
    """Name the object that is written for a variable."""
    return next(row.object for row in ROWS if row.variable == name and row.rw)


def phases(variables: Mapping[str, str], place: str) -> int | None:
    """Infer the number of phases from what has a value; None where that does not tell it."""

    def alive(name: str) -> bool:
        value = variables.get(f"{place}.{name}", "")
        return bool(value) and float(value) != 0

    lines = [alive(f"{line}-N.voltage") for line in ("L1", "L2", "L3")]
    pairs = [alive(f"{pair}.voltage") for pair in ("L1-L2", "L2-L3", "L3-L1")]
    currents = [alive(f"{line}.current") for line in ("L1", "L2", "L3")]
    two = [True, True, False]
    if two in (lines, currents) or pairs == [True, False, False]:
        return 2
    if all(lines) or sum(currents) > 1 or any(pairs):
        return 3
    single = (alive("current") and not any(currents)) or alive("voltage")
    return 1 if single or sum(lines) == 1 or sum(currents) == 1 else None


def _merged(found: Iterable[Object]) -> list[tuple[Row, Object]]:
    """Keep the latest value of each object, in the order in which variables take them."""
    merged: dict[str, tuple[Row, Object]] = {}
    for each in found:
        key = each.name.lower()
        row = _BY_OBJECT.get(key)
        if row is None:
            continue
        before = merged.get(key) if row.static else merged.pop(key, None)
        latest = each._replace(access=each.access or before[1].access) if before else each
        merged[key] = (row, latest)
    return list(merged.values())


def _take(findings: _Findings, row: Row, each: Object, product: Product, choices: Choices) -> None:
    if row.conversion in SWITCHES:
        flag, is_on = is_set(row.object, each.value, row.conversion)
        findings.known.add(flag)
        if is_on:
            findings.flags.add(flag)
    elif row.conversion == "time_to_shutdown":
        findings.is_time_up = number(row.object, each.value) == 0
    elif row.conversion == "clock":
        if moment := clock(each.value):
            findings.variables["ups.date"], findings.variables["ups.time"] = moment
    elif row.conversion != "with_sensor" or product.has_sensor:
        _note(findings, row, each.value, choices)
        _set(findings, row, each, choices)


def _set(findings: _Findings, row: Row, each: Object, choices: Choices) -> None:
    name = row.variable
    value = converted(row.object, name, each.value, row.conversion, tenths=choices.tenths)
    if value is None or (row.static and name in findings.variables):
        return
    findings.variables[name] = value
    if row.rw and (not each.access or "W" in each.access.upper()):
        findings.writable[name] = _writable(name)


def _note(findings: _Findings, row: Row, text: str, choices: Choices) -> None:
    """Keep what a variable says about the status besides."""
    if row.conversion == "test_result" and text == _TESTING:
        findings.flags.add(Flag.CALIB)
    if row.conversion == "shutdown_timer":
        left = number(row.object, text)
        runs = left is not None and -1 < left <= choices.shutdown_duration
        findings.is_shutdown_due = True if runs else None


def _status(findings: _Findings) -> str | None:
    """Write the status words; a device that never speaks of its supply has no status."""
    if Flag.ONLINE not in findings.known:
        return None
    words = ["OL" if Flag.ONLINE in findings.flags else "OB"]
    words += [word for word, flag in _WORDS if flag in findings.flags]
    return " ".join(dict.fromkeys(words))


def _of_product(product: Product) -> dict[str, str]:
    named = {"ups.firmware.aux": product.title.strip("/"), "ups.serial": product.serial}
    kind = {"device.type": "pdu"} if product.is_pdu else {}
    return kind | {name: value for name, value in named.items() if value}


def _writable(name: str) -> Writable:
    known = variable(name)
    is_number = known is not None and known.kind is Kind.NUMBER
    return Writable(type="number" if is_number else "string")
