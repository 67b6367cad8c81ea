"""Agents that answer anything: a reading or a DeviceError comes of it, in bounded time."""

import random

import pytest

from services.driver.contract import Reading
from services.driver.protocols.snmp.layout import MOST_DEVICES, MOST_PARTS
from services.driver.protocols.snmp.plan import Plan, Walk
from services.driver.protocols.snmp.registry import MAPPINGS, by_name
from services.driver.protocols.snmpwire.values import Kind, Value
from shared.errors import DeviceError, RefusedError
from shared.topics import is_dotted_name
from tests.unit.driver.snmp.walks import Player

SEEDS = range(15)
TAILS = ("0", "1", "1.1", "0.7", "4294967295")
POINTERS = ("1.3", "1.3.6.1.4.1.534.1.7.4")


def any_value(chance: random.Random) -> Value:
    """Draw a value of any kind, the small numbers that mean something among them."""
    if chance.random() < 0.5:
        extreme = chance.choice((chance.randint(-(2**31), 2**31 - 1), chance.randint(-3, 9)))
        return Value(Kind.INTEGER, extreme)
    big = chance.randint(0, 2**32 - 1)
    return chance.choice(
        (
            Value(Kind.GAUGE, big),
            Value(Kind.TICKS, big),
            Value(Kind.OCTETS, chance.randbytes(chance.randint(0, 20))),
            Value(Kind.OID, chance.choice(POINTERS)),
        )
    )


class Hostile:
    """Has every object that it is asked for, with any value; columns have any numbers."""

    def __init__(self, values, tails):
        self._values = values
        self._tails = tails

    def get(self, oids):
        return {oid: self._values[at % len(self._values)] for at, oid in enumerate(oids)}

    def columns(self, roots):
        return self.get(f"{root}.{tail}" for root in roots for tail in self._tails)


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda each: each.id)
def test_any_answers_give_a_reading_or_an_error(mapping):
    for seed in SEEDS:
        chance = random.Random(seed)
        values = [any_value(chance) for _ in range(chance.randint(1, 12))]
        play(mapping, values, chance.choices(TAILS, k=chance.randint(0, 6)))


def play(mapping, values, tails):
    agent = Hostile(values, tails)
    plan = Plan(mapping)
    while ask := plan.layout():
        plan.take_layout({**agent.get(ask.gets), **agent.columns(ask.columns)})
    for walk in (Walk.FULL, Walk.FAST, Walk.CHANGED):
        answers = agent.get(plan.due(walk))
        more = plan.more(answers)
        try:
            reading = plan.take(walk, answers, agent.columns(more.columns) if more else None)
        except DeviceError:
            return
        check(plan, reading)


def check(plan: Plan, reading: Reading) -> None:
    for name, value in reading.variables.items():
        assert is_dotted_name(name)
        assert isinstance(value, str)
    for name in reading.commands:
        try:
            plan.command(name, None)
        except RefusedError:
            continue
    for name, writable in reading.writable.items():
        try:
            plan.set(name, (writable.enum or ["7"])[0])
        except RefusedError:
            continue


def test_a_chain_without_end_is_none():
    count = "1.3.6.1.4.1.534.6.6.7.1.1.0"
    long = ",".join(map(str, range(MOST_DEVICES + 1)))
    for told in (long, ",,,", "-1", "99999999999"):
        agent = Player({count: Value(Kind.OCTETS, told.encode())})
        plan = agent.plan(by_name("eaton_epdu")[0])
        assert len({item.unit for item in plan.objects()}) <= 4


def test_a_table_without_end_is_cut():
    pdu = "1.3.6.1.4.1.318.1.1.4"
    objects = {
        f"{pdu}.4.2.1.1.{outlet}": Value(Kind.INTEGER, outlet) for outlet in range(MOST_PARTS * 2)
    }
    objects |= {f"{pdu}.1.4.0": Value(Kind.OCTETS, b"AP")}
    for count in ({}, {f"{pdu}.4.1.0": Value(Kind.INTEGER, 2**31 - 1)}):
        agent = Player({**objects, **count})
        reading = agent.poll(agent.plan(by_name("apc_pdu")[0]))
        assert sum(name.endswith(".id") for name in reading.variables) == MOST_PARTS
