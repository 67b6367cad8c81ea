"""The line to an SNMP agent of versions 1 and 2c: few packets, and agents that misbehave."""

import asyncio
import socket
from collections.abc import Iterable
from dataclasses import replace

import pytest

from services.driver.protocols.snmpwire.ber import integer, oid_text, tagged
from services.driver.protocols.snmpwire.message import Message, Operation, message, request
from services.driver.protocols.snmpwire.values import Kind, Missing, Value
from services.driver.transports import snmp
from services.driver.transports.snmp import SnmpAgent, SnmpSettings, Version, address
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError
from tests.simulators.snmp import Fault, Objects, SnmpSimulator

pytestmark = pytest.mark.integration

UPS = "1.3.6.1.2.1.33.1"
PATIENT = 30.0
SHORT = 0.1  # seconds to wait for an answer where none is to come
VALUES = {f"{UPS}.{number}.0": Value(Kind.INTEGER, number) for number in range(1, 61)}
KINDS = {
    f"{UPS}.100.1.0": Value(Kind.INTEGER, -273),
    f"{UPS}.100.2.0": Value(Kind.OCTETS, b"\x00\xffname"),
    f"{UPS}.100.3.0": Value(Kind.OID, "1.3.6.1.4.1.318.1.3.27"),
    f"{UPS}.100.4.0": Value(Kind.ADDRESS, b"\x7f\x00\x00\x01"),
    f"{UPS}.100.5.0": Value(Kind.COUNTER, (1 << 32) - 1),
    f"{UPS}.100.6.0": Value(Kind.GAUGE, 1 << 31),
    f"{UPS}.100.7.0": Value(Kind.TICKS, 360000),
    f"{UPS}.100.8.0": Value(Kind.OPAQUE, b"\x9f\x78\x04\x00\x00\x00\x00"),
    f"{UPS}.100.9.0": Value(Kind.COUNTER64, (1 << 64) - 1),
    f"{UPS}.100.10.0": Value(Kind.OCTETS, b""),
}
TABLE = {
    f"{UPS}.200.{column}.{row}": Value(Kind.INTEGER, 1000 * column + row)
    for column in (1, 2, 3)
    for row in range(1, 50 if column != 2 else 8)
} | {f"{UPS}.201.0": Value(Kind.OCTETS, b"what follows")}
ABSENT = f"{UPS}.99.0"


@pytest.fixture(params=["v1", "v2c"])
def version(request: pytest.FixtureRequest) -> Version:
    return Version(request.param)


@pytest.fixture
async def simulator():
    async with SnmpSimulator(Objects(VALUES | KINDS | TABLE)) as running:
        yield running


class Lines:
    """Opens lines to the simulator and closes them."""

    def __init__(self, simulator: SnmpSimulator, version: Version) -> None:
        self.settings = SnmpSettings(
            simulator.host, simulator.port, version, retries=2, timeout=2.0
        )
        self.hints: dict[str, str] = {}
        self._open: list[SnmpAgent] = []

    async def open(self, **other: object) -> SnmpAgent:
        agent = SnmpAgent(replace(self.settings, **other), self.hints)  # type: ignore[arg-type]
        self._open.append(agent)
        await agent.open()
        return agent

    async def close(self) -> None:
        for agent in self._open:
            await agent.close()


@pytest.fixture
async def lines(simulator: SnmpSimulator, version: Version):
    lines = Lines(simulator, version)
    yield lines
    await lines.close()


async def test_every_kind_of_value_arrives_as_it_is(lines: Lines):
    agent = await lines.open()
    assert await agent.get(KINDS) == KINDS


async def test_sixty_values_are_one_packet(lines: Lines, simulator: SnmpSimulator):
    agent = await lines.open()
    assert await agent.get(VALUES) == VALUES
    assert len(simulator.asked) == 1


async def test_too_big_is_learned_once_and_outlives_the_line(
    lines: Lines, simulator: SnmpSimulator
):
    simulator.most_oids = 25
    agent = await lines.open()
    assert await agent.get(VALUES) == VALUES
    simulator.asked.clear()
    assert await agent.get(VALUES) == VALUES
    once_learned = len(simulator.asked)
    assert once_learned <= 4
    again = await lines.open()
    simulator.asked.clear()
    assert await again.get(VALUES) == VALUES
    assert len(simulator.asked) == once_learned


async def test_an_answer_that_is_cut_short_is_asked_on(lines: Lines, simulator: SnmpSimulator):
    simulator.most_oids, simulator.truncates = 20, True
    agent = await lines.open()
    assert await agent.get(VALUES) == VALUES
    simulator.asked.clear()
    assert await agent.get(VALUES) == VALUES
    assert len(simulator.asked) == 3


async def test_large_packets_that_vanish_are_asked_in_smaller_ones(
    lines: Lines, simulator: SnmpSimulator
):
    simulator.most_oids, simulator.swallows = 20, True
    agent = await lines.open(timeout=0.2)
    async with asyncio.timeout(PATIENT):
        assert await agent.get(VALUES) == VALUES
    again = await lines.open()
    simulator.asked.clear()
    assert await again.get(VALUES) == VALUES
    assert len(simulator.asked) == 4


@pytest.mark.parametrize("most", [484, 900])
async def test_an_agent_with_little_room_is_asked_little(
    lines: Lines, simulator: SnmpSimulator, most: int
):
    simulator.most_bytes = most
    agent = await lines.open()
    assert await agent.get(VALUES) == VALUES
    assert len(await agent.column(f"{UPS}.200.1")) == 49
    simulator.asked.clear()
    assert await agent.get(VALUES) == VALUES
    assert len(simulator.asked) <= 6


async def test_an_agent_that_is_away_is_not_taken_for_one_with_little_room(
    lines: Lines, simulator: SnmpSimulator
):
    simulator.is_silent = True
    agent = await lines.open(timeout=SHORT)
    with pytest.raises(DeviceError, match="no answer"):
        await agent.get(VALUES)
    simulator.is_silent = False
    simulator.asked.clear()
    again = await lines.open()
    assert await again.get(VALUES) == VALUES
    assert len(simulator.asked) == 1


async def test_what_is_missing_spoils_nothing(lines: Lines, simulator: SnmpSimulator):
    agent = await lines.open()
    found = await agent.get([ABSENT, *VALUES])
    assert isinstance(found.pop(ABSENT), Missing)
    assert found == VALUES
    simulator.asked.clear()
    assert isinstance((await agent.get([ABSENT, *VALUES]))[ABSENT], Missing)
    assert len(simulator.asked) == 1


async def test_what_was_missing_may_come(
    lines: Lines, simulator: SnmpSimulator, monkeypatch: pytest.MonkeyPatch
):
    late = f"{UPS}.7.0"
    monkeypatch.setattr(snmp, "ABSENT_FOR", 0.0)
    simulator.objects = Objects({oid: each for oid, each in VALUES.items() if oid != late})
    agent = await lines.open()
    assert isinstance((await agent.get(VALUES))[late], Missing)
    simulator.objects = Objects(VALUES)
    assert await agent.get(VALUES) == VALUES


async def test_a_value_that_the_agent_refuses_spoils_nothing(
    lines: Lines, simulator: SnmpSimulator
):
    culprit = f"{UPS}.7.0"
    simulator.refused = {culprit}
    agent = await lines.open()
    assert await agent.get(VALUES) == VALUES | {culprit: Missing.REFUSED}
    simulator.refused = set()
    assert await agent.get(VALUES) == VALUES


async def test_a_culprit_that_is_not_named_is_found(lines: Lines, simulator: SnmpSimulator):
    culprit = f"{UPS}.33.0"
    simulator.refused, simulator.hides_place = {culprit}, True
    agent = await lines.open()
    assert await agent.get(VALUES) == VALUES | {culprit: Missing.REFUSED}
    assert len(simulator.asked) < 20


@pytest.mark.parametrize("most", [1000, 10, 2, 1])
async def test_columns_are_read_to_their_ends(lines: Lines, simulator: SnmpSimulator, most: int):
    simulator.most_oids = most
    agent = await lines.open()
    names = [f"{UPS}.200.{column}" for column in (1, 2, 3, 4)]
    found = await agent.columns(names)
    assert {f"{name}.{row}": value for name in names for row, value in found[name].items()} == {
        oid: value for oid, value in TABLE.items() if oid.startswith(f"{UPS}.200.")
    }
    assert list(found[names[1]]) == ["1", "2", "3", "4", "5", "6", "7"]


async def test_columns_take_few_packets(simulator: SnmpSimulator):
    lines = Lines(simulator, Version.V2C)
    agent = await lines.open()
    await agent.columns([f"{UPS}.200.{column}" for column in (1, 2, 3)])
    assert len(simulator.asked) <= 4
    await lines.close()


async def test_the_last_object_of_an_agent_ends_a_column(lines: Lines):
    agent = await lines.open()
    assert await agent.column(f"{UPS}.201") == {"0": Value(Kind.OCTETS, b"what follows")}


async def test_a_value_is_written_in_its_type(lines: Lines, simulator: SnmpSimulator):
    oid = f"{UPS}.5.0"
    simulator.writable = {oid}
    agent = await lines.open()
    await agent.set({oid: Value(Kind.INTEGER, -7)})
    assert simulator.objects.values[oid] == Value(Kind.INTEGER, -7)
    with pytest.raises(RefusedError) as refused:
        await agent.set({oid: Value(Kind.OCTETS, b"7")})
    assert refused.value.status is ResultStatus.INVALID
    with pytest.raises(RefusedError, match=r"read only|not writable") as refused:
        await agent.set({f"{UPS}.6.0": Value(Kind.INTEGER, 1)})
    assert refused.value.status is ResultStatus.READ_ONLY


async def test_an_order_is_sent_once_even_if_no_answer_comes(
    lines: Lines, simulator: SnmpSimulator
):
    simulator.is_silent = True
    agent = await lines.open(timeout=SHORT)
    with pytest.raises(RefusedError, match="carried out or not"):
        await agent.set({f"{UPS}.5.0": Value(Kind.INTEGER, 1)})
    assert len(simulator.asked) == 1


def _number_changed(asked: Message, answer: bytes) -> Iterable[bytes]:
    pdu = asked.pdu
    pairs = [(oid_text(name), Value(Kind.INTEGER, 666)) for name, _ in pdu.bindings]
    wrong = request(Operation.RESPONSE, pdu.request ^ 1, pairs)
    return (message(asked.version, asked.community, wrong),)


def _others_first(asked: Message, answer: bytes) -> Iterable[bytes]:
    return (*_number_changed(asked, answer), answer[:-1], answer + b"\x00", b"", answer)


def _twice(asked: Message, answer: bytes) -> Iterable[bytes]:
    return (answer, answer, answer)


HARMLESS: dict[str, Fault] = {"twice": _twice, "after nonsense": _others_first}


@pytest.mark.parametrize("name", HARMLESS)
async def test_what_is_no_answer_is_passed_over(lines: Lines, simulator: SnmpSimulator, name: str):
    simulator.fault = HARMLESS[name]
    agent = await lines.open()
    for _ in range(5):
        assert await agent.get(VALUES) == VALUES


async def test_lost_packets_are_sent_again(lines: Lines, simulator: SnmpSimulator):
    agent = await lines.open(timeout=0.5)
    await agent.get([f"{UPS}.1.0"])
    simulator.lost = 2
    assert await agent.get([f"{UPS}.1.0"]) == {f"{UPS}.1.0": Value(Kind.INTEGER, 1)}


async def test_an_answer_after_the_retry_is_right_and_the_other_is_nobodys(
    lines: Lines, simulator: SnmpSimulator
):
    simulator.delay = 0.45
    agent = await lines.open(timeout=0.3)
    for number in range(1, 6):
        oid = f"{UPS}.{number}.0"
        assert await agent.get([oid]) == {oid: Value(Kind.INTEGER, number)}


async def test_what_comes_from_another_address_is_not_heard(lines: Lines, simulator: SnmpSimulator):
    agent = await lines.open()
    oid = f"{UPS}.1.0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))

        def forge(asked: Message, answer: bytes) -> Iterable[bytes]:
            lie = request(Operation.RESPONSE, asked.pdu.request, [(oid, Value(Kind.INTEGER, 666))])
            stranger.sendto(message(asked.version, asked.community, lie), simulator.peer)
            return (answer,)

        simulator.fault, simulator.delay = forge, 0.05
        assert await agent.get([oid]) == {oid: Value(Kind.INTEGER, 1)}


def _other_variables(asked: Message, answer: bytes) -> Iterable[bytes]:
    pairs = [(f"{UPS}.{number}.9", Value(Kind.INTEGER, 666)) for number in range(3)]
    right = request(Operation.RESPONSE, asked.pdu.request, pairs[: len(asked.pdu.bindings)])
    return (message(asked.version, asked.community, right),)


def _too_many(asked: Message, answer: bytes) -> Iterable[bytes]:
    pairs = [(oid_text(name), Value(Kind.INTEGER, 666)) for name, _ in asked.pdu.bindings] * 2
    right = request(Operation.RESPONSE, asked.pdu.request, pairs)
    return (message(asked.version, asked.community, right),)


def _of_a_strange_type(asked: Message, answer: bytes) -> Iterable[bytes]:
    return (
        answer.replace(b"\x05\x02\x01", b"\x05\x5f\x01").replace(b"\x00\x02\x01", b"\x00\x5f\x01"),
    )


def _without_bindings(asked: Message, answer: bytes) -> Iterable[bytes]:
    content = integer(asked.pdu.request) + integer(0) + integer(0) + tagged(0x30, b"")
    return (message(asked.version, asked.community, tagged(Operation.RESPONSE, content)),)


WRONG: dict[str, Fault] = {
    "no request of ours": _number_changed,
    "other variables": _other_variables,
    "too many variables": _too_many,
    "a strange type": _of_a_strange_type,
    "no variables": _without_bindings,
    "cut off": lambda _, answer: (answer[:-1],),
    "nothing but a start": lambda _, answer: (answer[:1],),
    "noise": lambda _, _answer: (bytes(range(256)),),
    "the request itself": lambda asked, _: (
        message(asked.version, asked.community, request(Operation.GET, asked.pdu.request, [])),
    ),
    "the other version": lambda asked, answer: (
        answer.replace(
            b"\x02\x01" + bytes([asked.version]), b"\x02\x01" + bytes([1 - asked.version]), 1
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_an_answer_that_makes_no_sense_is_no_value(
    lines: Lines, simulator: SnmpSimulator, name: str
):
    simulator.fault = WRONG[name]
    agent = await lines.open(timeout=SHORT)
    async with asyncio.timeout(PATIENT):
        with pytest.raises(DeviceError, match=f"127.0.0.1:{simulator.port}: "):
            await agent.get([f"{UPS}.1.0", f"{UPS}.2.0"])


def _in_circles(asked: Message, answer: bytes) -> Iterable[bytes]:
    pairs = [(f"{UPS}.200.1.3", Value(Kind.INTEGER, 1))] * max(1, asked.pdu.place)
    right = request(Operation.RESPONSE, asked.pdu.request, pairs)
    return (message(asked.version, asked.community, right),)


async def test_an_agent_that_goes_in_circles_is_left(lines: Lines, simulator: SnmpSimulator):
    simulator.fault = _in_circles
    agent = await lines.open()
    async with asyncio.timeout(PATIENT):
        with pytest.raises(DeviceError, match="in circles"):
            await agent.column(f"{UPS}.200.1")


async def test_a_row_that_does_not_fit_is_no_end_of_a_column(
    lines: Lines, simulator: SnmpSimulator
):
    simulator.most_bytes = 30
    agent = await lines.open()
    with pytest.raises(DeviceError, match="too big"):
        await agent.column(f"{UPS}.200.1")


async def test_a_column_without_end_is_left(simulator: SnmpSimulator):
    rows = iter(range(1, 1 << 30))

    def endless(asked: Message, answer: bytes) -> Iterable[bytes]:
        pairs = [
            (f"{UPS}.200.1.{next(rows)}", Value(Kind.INTEGER, 1)) for _ in range(asked.pdu.place)
        ]
        right = request(Operation.RESPONSE, asked.pdu.request, pairs)
        return (message(asked.version, asked.community, right),)

    simulator.fault = endless
    lines = Lines(simulator, Version.V2C)
    agent = await lines.open()
    async with asyncio.timeout(20):
        with pytest.raises(DeviceError, match="no end"):
            await agent.column(f"{UPS}.200.1")
    await lines.close()


async def test_silence_is_told(lines: Lines, simulator: SnmpSimulator):
    simulator.is_silent = True
    agent = await lines.open(timeout=SHORT)
    async with asyncio.timeout(PATIENT):
        with pytest.raises(DeviceError, match="no answer to 3 requests"):
            await agent.get([f"{UPS}.1.0"])
    assert len(simulator.asked) == 3


async def test_a_wrong_community_is_told_as_what_it_may_be(lines: Lines):
    agent = await lines.open(community="secret", timeout=SHORT)
    with pytest.raises(DeviceError, match=r"version and community right\?") as told:
        await agent.get([f"{UPS}.1.0"])
    assert "secret" not in str(told.value)


async def test_a_closed_port_is_told(lines: Lines, simulator: SnmpSimulator):
    agent = await lines.open(timeout=SHORT)
    simulator.stop()
    with pytest.raises(DeviceError, match="refused"):
        await agent.get([f"{UPS}.1.0"])


async def test_a_name_that_is_none_is_told():
    agent = SnmpAgent(SnmpSettings("no-such-host.invalid"))
    with pytest.raises(DeviceError, match=r"no-such-host\.invalid:161: "):
        await agent.open()


async def test_a_read_that_is_given_up_leaves_the_line_well(lines: Lines, simulator: SnmpSimulator):
    agent = await lines.open()
    simulator.is_silent = True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await agent.get([f"{UPS}.1.0"])
    simulator.is_silent = False
    assert await agent.get([f"{UPS}.2.0"]) == {f"{UPS}.2.0": Value(Kind.INTEGER, 2)}


async def test_an_agent_is_reached_over_ipv6():
    async with SnmpSimulator(Objects(VALUES), host="::1") as simulator:
        agent = SnmpAgent(SnmpSettings("::1", simulator.port))
        await agent.open()
        assert await agent.get(VALUES) == VALUES
        assert agent.where == f"[::1]:{simulator.port}"
        await agent.close()


@pytest.mark.parametrize(
    ("port", "host", "number"),
    [
        ("ups.example", "ups.example", 161),
        ("10.0.0.7:1161", "10.0.0.7", 1161),
        ("udp:10.0.0.7:1161", "10.0.0.7", 1161),
        ("udp6:[::1]:161", "::1", 161),
        ("[fe80::1%eth0]", "fe80::1%eth0", 161),
        ("::1", "::1", 161),
    ],
)
def test_a_port_is_read_as_nut_writes_it(port: str, host: str, number: int):
    assert address(port) == (host, number)


@pytest.mark.parametrize("port", ["", "auto!", "a:b", "host:0", "host:65536", "tcp:host:1", "[::1"])
def test_a_port_that_is_none_is_told(port: str):
    with pytest.raises(SettingsError, match="name the agent"):
        address(port)
