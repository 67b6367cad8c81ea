"""Walks of real agents, recorded in public sources, and a player that answers from one."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from services.driver.contract import Reading
from services.driver.protocols.snmp import finding
from services.driver.protocols.snmp.plan import Plan, Walk, Wishes
from services.driver.protocols.snmp.table import Mapping
from services.driver.protocols.snmpwire.values import Kind, Value

FOLDER = Path(__file__).parents[5] / "shared" / "fixtures" / "snmp"
# Walks in symbolic names, without OIDs.
UNREADABLE = ("APC_Smart-UPS_5000_RM_AP9630.snmpwalk", "SmartUPS1400.snmp.txt")
_WALK_LINE = re.compile(r"\.?([\d.]+) = (?:([\w-]+): )?(.*)", re.DOTALL)
_KINDS = {
    "INTEGER": Kind.INTEGER,
    "STRING": Kind.OCTETS,
    "OID": Kind.OID,
    "IpAddress": Kind.ADDRESS,
    "Counter32": Kind.COUNTER,
    "Gauge32": Kind.GAUGE,
    "Counter64": Kind.COUNTER64,
}


def files() -> list[Path]:
    """List the walks that can be played."""
    found = [*FOLDER.rglob("*.snmprec"), *FOLDER.rglob("*.snmpwalk")]
    return sorted(each for each in found if each.name not in UNREADABLE)


def need() -> None:
    """Skip where the walks are absent."""
    if not FOLDER.is_dir():
        pytest.skip(f"no recorded walks at {FOLDER}")


def read(file: Path) -> dict[str, Value]:
    """Read a walk."""
    text = file.read_text(encoding="utf-8", errors="surrogateescape")
    pairs = _snmprec(text) if file.suffix == ".snmprec" else _snmpwalk(text)
    return {oid: value for oid, value in pairs if value is not None}


class Player:
    """Answers as the agent of a walk."""

    def __init__(self, walk: dict[str, Value]) -> None:
        self.walk = dict(walk)
        self.asked: list[str] = []

    def get(self, oids: Iterable[str]) -> dict[str, Value]:
        """Give the values of OIDs, as far as there are any."""
        asked = list(oids)
        self.asked += asked
        return {oid: self.walk[oid] for oid in asked if oid in self.walk}

    def columns(self, roots: Iterable[str]) -> dict[str, Value]:
        """Give all that lies below some OIDs."""
        below = tuple(f"{root}." for root in roots)
        return {oid: value for oid, value in self.walk.items() if oid.startswith(below)}

    def find(self, *mibs: str) -> Mapping | None:
        """Find the mapping."""
        search = finding.Search(finding.candidates(mibs))
        while oids := search.ask():
            search.take(self.get(oids))
        return search.found

    def plan(self, mapping: Mapping, wishes: Wishes | None = None) -> Plan:
        """Make the plan of the device, up to its first poll."""
        plan = Plan(mapping, wishes or Wishes())
        while ask := plan.layout():
            plan.take_layout({**self.get(ask.gets), **self.columns(ask.columns)})
        return plan

    def poll(self, plan: Plan, walk: Walk = Walk.FULL) -> Reading:
        """Poll once."""
        answers = self.get(plan.due(walk))
        more = plan.more(answers)
        return plan.take(walk, answers, self.columns(more.columns) if more else None)


def _snmprec(text: str) -> Iterable[tuple[str, Value | None]]:
    for line in text.splitlines():
        oid, tag, told = [*line.split("|", 2), "", ""][:3]
        if tag:
            yield oid.strip().removeprefix("."), _tagged(tag, told)


def _tagged(tag: str, told: str) -> Value | None:
    if not tag.rstrip("xe").isdigit():
        return None
    kind = Kind(int(tag.rstrip("xe")))
    if kind is Kind.NULL:
        return None
    if tag.endswith("x"):
        return Value(kind, bytes.fromhex(told))
    return _value(kind, told)


def _value(kind: Kind, told: str) -> Value | None:
    if kind is Kind.ADDRESS:
        numbers = told.split(".")
        return Value(kind, bytes(map(int, numbers))) if len(numbers) == 4 else None
    if kind is Kind.OID:
        return Value(kind, told.strip().removeprefix("."))
    if kind in (Kind.OCTETS, Kind.OPAQUE):
        return Value(kind, told.encode("utf-8", "surrogateescape"))
    return Value(kind, int(told)) if told.strip().lstrip("-").isdigit() else None


def _snmpwalk(text: str) -> Iterable[tuple[str, Value | None]]:
    for line in text.splitlines():
        if not (found := _WALK_LINE.match(line)):
            continue
        oid, name, told = found[1], found[2], found[3]
        if name == "Hex-STRING":
            yield oid, Value(Kind.OCTETS, bytes.fromhex(told))
        elif name is None:
            is_text = told.startswith('"') or not told.isdigit()
            yield oid, _value(Kind.OCTETS if is_text else Kind.TICKS, told.strip('"'))
        elif name in _KINDS:
            yield oid, _value(_KINDS[name], told.strip('"') if name == "STRING" else told)
