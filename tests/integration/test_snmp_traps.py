"""Traps and informs: what an agent tells by itself has it read at once; others are counted."""

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.driver.protocols.snmpwire.message import Operation, message, request
from services.driver.protocols.snmpwire.security import Engine
from services.driver.protocols.snmpwire.values import Kind, Value
from services.driver.settings import DriverSection
from services.driver.transports import snmptraps
from services.driver.transports.snmp import (
    Authentication,
    Privacy,
    SnmpAgent,
    SnmpSettings,
    User,
    Version,
)
from services.driver.transports.snmpexchange import UserExchange
from tests.brokers import Mosquitto
from tests.integration.watcher import driver_settings, driving, watching
from tests.simulators.snmp import Objects, SnmpSimulator
from tests.simulators.snmpd import NAME, Snmpd, find_program, free_udp_port
from tests.simulators.snmpups import BATTERY, NORMAL, SOURCE, objects

pytestmark = pytest.mark.integration

OID = "1.3.6.1.2.1.33.1.1.0"
TIMEOUT = 30.0
SILENCE = 0.2  # seconds after which one that was not woken will not be
USER = User("ups", Authentication.SHA256, "correct horse", Privacy.AES, "battery staple")
SECURE = (
    '-v 3 -u ups -l authPriv -a SHA-256 -A "correct horse" -x AES -X "battery staple" '
    "127.0.0.1:{port}"
)
SENDERS = {
    "trap of v1": (Version.V1, "trapsink 127.0.0.1 public {port}"),
    "trap of v2c": (Version.V2C, "trap2sink 127.0.0.1 public {port}"),
    "inform of v2c": (Version.V2C, "informsink 127.0.0.1 public {port}"),
    "trap of v3": (Version.V3, f"trapsess {SECURE}"),
}


@pytest.fixture
def port() -> int:
    return free_udp_port()


@pytest.fixture
def where(port: int) -> str:
    return f"127.0.0.1:{port}"


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not is_so():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", SENDERS)
async def test_the_real_agent_wakes_us(tmp_path: Path, port: int, where: str, name: str):
    version, line = SENDERS[name]
    user = 'ups SHA-256 "correct horse" AES "battery staple"'
    lines = ["authtrapenable 1", line.format(port=port)]
    async with Snmpd(tmp_path / "snmpd", [user], lines) as snmpd:
        agent = SnmpAgent(SnmpSettings("127.0.0.1", snmpd.port, version, user=USER, traps=where))
        await agent.open()
        await agent.get([NAME])
        taken = agent.notifications.get("taken", 0)
        # With a wrong community snmpd tells of a failed authentication.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(_asked("wrong"), ("127.0.0.1", snmpd.port))
        async with asyncio.timeout(TIMEOUT):
            await agent.notification()
        await _until(lambda: agent.notifications["taken"] > taken)
        assert set(agent.notifications) == {"taken"}
        await agent.close()


async def _inform(where: str, *options: str, patience: int = 1) -> int:
    """Send an inform with net-snmp's program: 0 if it was answered as it should be."""
    process = await asyncio.create_subprocess_exec(
        find_program("snmpinform"),
        *options,
        *("-r", "0", "-t", str(patience), where, "1", "1.3.6.1.2.1.33.2.1"),
        env={"MIBS": "", "SNMP_PERSISTENT_DIR": "/nonexistent"},
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


async def test_an_inform_of_version_3_is_answered_if_it_is_genuine(tmp_path: Path, where: str):
    lines = ['ups SHA-256 "correct horse" AES "battery staple"']
    async with Snmpd(tmp_path / "snmpd", lines) as snmpd:
        agent = SnmpAgent(SnmpSettings("127.0.0.1", snmpd.port, Version.V3, user=USER, traps=where))
        await agent.open()
        words = ["-v", "3", "-u", "ups", "-l", "authPriv", "-a", "SHA-256", "-x", "AES"]
        passwords = ["-A", "correct horse", "-X", "battery staple"]
        assert await _inform(where, *words, *passwords, patience=30) == 0
        assert agent.notifications == {"taken": 1}
        assert await _inform(where, *words, "-A", "wrong horse", "-X", "battery staple") != 0
        assert await _inform(where, "-v", "3", "-u", "ups", "-l", "noAuthNoPriv") != 0
        assert await _inform(where, "-v", "2c", "-c", "public") != 0
        assert agent.notifications["taken"] == 1
        assert agent.notifications["unauthenticated"] >= 3
        await agent.close()


def _asked(community: str) -> bytes:
    return message(1, community.encode(), request(Operation.GET, 1, [(OID, None)]))


class Fleet:
    """Some simulated agents and the lines to them."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.simulators: list[SnmpSimulator] = []
        self.agents: list[SnmpAgent] = []

    async def add(self, host: str) -> tuple[SnmpSimulator, SnmpAgent]:
        simulator = SnmpSimulator(Objects({OID: Value(Kind.INTEGER, 1)}), host)
        simulator.start()
        agent = SnmpAgent(SnmpSettings(host, simulator.port, traps=self.where))
        await agent.open()
        self.simulators.append(simulator)
        self.agents.append(agent)
        return simulator, agent

    async def close(self) -> None:
        for simulator in self.simulators:
            simulator.stop()
        for agent in self.agents:
            await agent.close()


@pytest.fixture
async def fleet(where: str):
    fleet = Fleet(where)
    yield fleet
    await fleet.close()


def _target(where: str) -> tuple[str, int]:
    host, _, port = where.rpartition(":")
    return host, int(port)


async def _is_woken(agent: SnmpAgent, within: float = TIMEOUT) -> bool:
    try:
        async with asyncio.timeout(within):
            await agent.notification()
    except TimeoutError:
        return False
    return True


async def test_only_the_agent_that_tells_is_woken(fleet: Fleet, where: str):
    simulator, agent = await fleet.add("127.0.0.2")
    _, other = await fleet.add("127.0.0.3")
    simulator.notify(_target(where))
    async with asyncio.timeout(TIMEOUT):
        await agent.notification()
    assert not await _is_woken(other, SILENCE)


async def test_a_storm_is_one_poll(fleet: Fleet, where: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(snmptraps, "STORM_PAUSE", 0.0)
    simulator, agent = await fleet.add("127.0.0.2")
    for count in range(1, 301):
        simulator.notify(_target(where))
        while agent.notifications.get("taken", 0) < count:
            await asyncio.sleep(0)
    assert await _is_woken(agent)
    assert not await _is_woken(agent, SILENCE)


async def test_a_storm_that_lasts_leaves_time_between_polls(
    fleet: Fleet, where: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(snmptraps, "STORM_PAUSE", 2.5)
    simulator, agent = await fleet.add("127.0.0.2")
    simulator.notify(_target(where))
    assert await _is_woken(agent)
    simulator.notify(_target(where))
    await _until(lambda: agent.notifications["taken"] == 2)
    assert not await _is_woken(agent, SILENCE)
    async with asyncio.timeout(TIMEOUT):
        await agent.notification()


async def test_what_comes_during_a_poll_is_not_lost(fleet: Fleet, where: str):
    simulator, agent = await fleet.add("127.0.0.2")
    simulator.notify(_target(where))
    await _until(lambda: agent.notifications.get("taken") == 1)
    await agent.get([OID])
    assert await _is_woken(agent)


async def test_strangers_are_counted_and_wake_nobody(fleet: Fleet, where: str):
    simulator, agent = await fleet.add("127.0.0.2")
    stranger = SnmpSimulator(Objects({}), "127.0.0.9")
    stranger.start()
    stranger.notify(_target(where))
    stranger.stop()
    simulator.notify(_target(where), "wrong")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noisy:
        noisy.bind(("127.0.0.2", 0))
        for noise in (b"", b"\x30", bytes(range(256)), _asked("public")[:-1], _asked("public")):
            noisy.sendto(noise, _target(where))
    expected = {"unknown": 1, "unauthenticated": 2, "malformed": 4}
    await _until(lambda: agent.notifications == expected)
    assert not await _is_woken(agent, SILENCE)


async def test_an_inform_is_answered_and_a_wrong_one_is_not(fleet: Fleet, where: str):
    simulator, agent = await fleet.add("127.0.0.2")
    simulator.fault = lambda *_: ()
    simulator.notify(_target(where), inform=True)
    await _until(lambda: any(pdu.operation is Operation.RESPONSE for pdu in simulator.asked))
    simulator.asked.clear()
    simulator.notify(_target(where), "wrong", inform=True)
    await _until(lambda: agent.notifications.get("unauthenticated") == 1)
    assert not simulator.asked


async def test_a_trap_of_version_3_that_is_old_or_forged_is_ignored(tmp_path: Path, where: str):
    user = 'ups SHA-256 "correct horse" AES "battery staple"'
    async with Snmpd(tmp_path / "snmpd", [user]) as snmpd:
        agent = SnmpAgent(SnmpSettings("127.0.0.1", snmpd.port, Version.V3, user=USER, traps=where))
        await agent.open()
        await agent.get([NAME])
        exchange = agent._exchange
        assert isinstance(exchange, UserExchange)
        now = asyncio.get_running_loop().time()
        known, sender = exchange.engine, Engine(USER, exchange.engine.engine)
        known.set_clock(5, 10_000, now)
        trap = request(Operation.TRAP, 7, [(OID, Value(Kind.INTEGER, 1))])
        forger = Engine(
            User("ups", Authentication.SHA256, "wrong horse", Privacy.AES, "battery staple"),
            known.engine,
        )
        plain = Engine(User("ups"), known.engine)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.bind(("127.0.0.1", 0))
            forger.set_clock(5, 10_000, now)
            line.sendto(forger.sealed(trap, 7, now, 3), _target(where))
            line.sendto(plain.sealed(trap, 7, now, 0), _target(where))
            for boots, time in ((4, 10_000), (5, 9_000)):
                sender.set_clock(boots, time, now)
                line.sendto(sender.sealed(trap, 7, now, 3), _target(where))
            await _until(lambda: agent.notifications == {"unauthenticated": 4})
            sender.set_clock(5, 10_001, now)
            line.sendto(sender.sealed(trap, 7, now, 3), _target(where))
            await _until(lambda: agent.notifications.get("taken") == 1)
        assert await _is_woken(agent)
        await agent.close()


async def test_a_power_failure_is_on_the_bus_long_before_the_next_poll(
    broker: Mosquitto, tmp_path: Path, where: str
):
    async with SnmpSimulator(objects()) as agent, watching(broker.url) as watcher:
        device = {"driver": "snmp", "port": f"127.0.0.1:{agent.port}", "mibs": "ietf"}
        settings = driver_settings(
            broker.url, tmp_path, {"ups": device}, poll_interval=600, snmp_traps=where
        )
        async with driving(settings):
            await watcher.variable("ups", "ups.status", "OL")
            agent.objects.put(SOURCE, BATTERY)
            agent.notify(_target(where))
            await watcher.variable("ups", "ups.status", "OB")
            agent.objects.put(SOURCE, NORMAL)
            agent.notify(_target(where))
            await watcher.variable("ups", "ups.status", "OL")


async def test_agents_at_one_address_are_told_apart_by_their_engines(tmp_path: Path, where: str):
    user = 'ups SHA-256 "correct horse" AES "battery staple"'
    async with Snmpd(tmp_path / "first", [user]) as first, Snmpd(tmp_path / "second") as second:
        await second.stop()
        second.engine, second.users = "80001f88040102030405", [user]
        await second.start()
        agents = [
            SnmpAgent(SnmpSettings("127.0.0.1", one.port, Version.V3, user=USER, traps=where))
            for one in (first, second)
        ]
        for agent in agents:
            await agent.open()
            await agent.get([NAME])
        exchange = agents[1]._exchange
        assert isinstance(exchange, UserExchange)
        trap = request(Operation.TRAP, 7, [(OID, Value(Kind.INTEGER, 1))])
        now = asyncio.get_running_loop().time()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.sendto(exchange.engine.sealed(trap, 7, now, 3), _target(where))
        assert await _is_woken(agents[1])
        assert not await _is_woken(agents[0], SILENCE)
        for agent in agents:
            await agent.close()


async def test_the_port_is_given_back_with_the_last_agent(fleet: Fleet, where: str):
    await fleet.add("127.0.0.2")
    await fleet.add("127.0.0.3")
    await fleet.agents[0].close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        with pytest.raises(OSError, match="in use"):
            other.bind(_target(where))
        await fleet.agents[1].close()
        other.bind(_target(where))


async def test_agents_are_polled_even_if_the_port_is_taken(
    fleet: Fleet, where: str, caplog: pytest.LogCaptureFixture
):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(_target(where))
        with caplog.at_level(logging.WARNING):
            _, agent = await fleet.add("127.0.0.2")
            await fleet.add("127.0.0.3")
        assert len(caplog.records) == 1
        assert "polled only" in caplog.text
        assert await agent.get([OID]) == {OID: Value(Kind.INTEGER, 1)}


async def test_a_port_that_becomes_free_is_taken(
    fleet: Fleet, where: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(snmptraps, "BIND_PAUSE", 0.05)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(_target(where))
        simulator, agent = await fleet.add("127.0.0.2")
    async with asyncio.timeout(TIMEOUT):
        while not await _is_woken(agent, SILENCE):
            simulator.notify(_target(where))


@pytest.mark.parametrize("where", ["", "0.0.0.0:162", "[::]:162", "127.0.0.1:1162"])
def test_the_settings_say_where_notifications_arrive(where: str):
    assert DriverSection(id="test", snmp_traps=where).snmp_traps == where


@pytest.mark.parametrize("where", ["162", "localhost:162", "0.0.0.0", "0.0.0.0:0", "0.0.0.0:x"])
def test_a_place_that_is_none_is_told(where: str):
    with pytest.raises(ValidationError, match="HOST:PORT"):
        DriverSection(id="test", snmp_traps=where)
