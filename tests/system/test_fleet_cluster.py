"""A cluster of three NATS nodes as the broker: one is killed and comes back while all goes on.

Orders and a forced shutdown are given all the while, by NUT clients at two gateways.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from services.driver import app as driver
from services.driver.settings import DriverSettings
from services.gateway import app as gateway
from services.gateway import tracking
from services.gateway.settings import GatewaySettings
from shared.bus import Bus
from shared.latest import Latest
from shared.reconnecting import stay_connected
from shared.settings import BusSettings
from tests.clusters import Cluster
from tests.integration.gateways import USERS, accepts
from tests.monitors import Diary, MonitorProcess, our_monitor
from tests.ports import free_port

pytestmark = [pytest.mark.system]

DEVICE = "rack1"
DUMP = "ups.status: OL\nups.id: 0\nbattery.charge: 100\n"
FAILOVER = 180.0  # at most: some elections one after the other, where others use the processors


class Client:
    """A NUT client that logs in, and asks one question at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, question: str) -> str:
        assert self._line
        reader, writer = self._line
        writer.write(f"{question}\n".encode())
        async with asyncio.timeout(FAILOVER):
            return (await reader.readline()).decode().rstrip("\n")

    async def __aenter__(self) -> "Client":
        self._line = await asyncio.open_connection("127.0.0.1", self._port)
        for words in ("USERNAME admin", "PASSWORD secret", "SET TRACKING ON"):
            assert await self.ask(words) == "OK"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._line
        self._line[1].close()
        with contextlib.suppress(OSError):
            await self._line[1].wait_closed()


@dataclass
class Giver:
    """Writes a variable again and again; `ends` says how each request ended, by its number."""

    client: Client
    ends: dict[int, str] = field(default_factory=dict)
    is_enough: bool = False

    async def give(self) -> None:
        number = 0
        while not self.is_enough:
            number += 1
            reply = await self.client.ask(f'SET VAR {DEVICE} ups.id "{number}"')
            self.ends[number] = reply
            if reply.startswith("OK TRACKING "):
                self.ends[number] = await self._end(reply.split()[-1])
            await asyncio.sleep(0.05)

    async def _end(self, id: str) -> str:
        async with asyncio.timeout(2 * FAILOVER):
            while (word := await self.client.ask(f"GET TRACKING {id}")) == "PENDING":
                await asyncio.sleep(0.05)
        return word

    @property
    def succeeded(self) -> int:
        return sum(end == "SUCCESS" for end in self.ends.values())


@dataclass
class Stack:
    """A driver service and two gateways."""

    cluster: Cluster
    gateways: list[int]


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncGenerator[Cluster]:
    found = Cluster(tmp_path)
    try:
        await found.start()
        yield found
    finally:
        await found.stop()


@contextlib.asynccontextmanager
async def stack(
    cluster: Cluster, folder: Path, first: tuple[int, int, int] = (0, 0, 1)
) -> AsyncGenerator[Stack]:
    """Run the services; `first` are the nodes that the driver and the gateways begin with."""
    dump = folder / "rack1.dev"
    dump.write_text(DUMP)
    devices = {DEVICE: {"driver": "dummy-ups", "port": str(dump)}}
    drivers = {"bus": cluster.bus("driver", first[0]), "driver": {"id": "one"}, "devices": devices}
    ports = [free_port(), free_port()]
    running = [driver.run(Latest(DriverSettings.from_tables(drivers, "test")))]
    for number, port in enumerate(ports):
        section = {"id": f"g{number}", "listen": [f"127.0.0.1:{port}"], "users": users()}
        tables = {"bus": cluster.bus("gateway", first[number + 1]), "gateway": section}
        running.append(gateway.run(Latest(GatewaySettings.from_tables(tables, "test"))))
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(each) for each in running]
        for port in ports:
            async with asyncio.timeout(FAILOVER):
                while not await accepts(port) or not await reads(port, "OL"):
                    await asyncio.sleep(0.1)
        yield Stack(cluster, ports)
        for each in started:
            each.cancel()


@contextlib.asynccontextmanager
async def shut_down_once(cluster: Cluster, folder: Path, diary: Diary) -> AsyncGenerator[None]:
    """Let a host be there that must be shut down in the block, and once only."""
    with monitor_of(cluster, folder, diary) as host:
        async with asyncio.timeout(FAILOVER):
            while "connected to the broker" not in host.log:
                await asyncio.sleep(0.05)
        yield
        async with asyncio.timeout(FAILOVER):
            while diary.who != ["host"]:
                await asyncio.sleep(0.05)


def users() -> dict[str, Any]:
    return {"admin": {**USERS["admin"], "actions": ["SET", "FSD"]}}


async def reads(port: int, status: str) -> bool:
    async with Client(port) as client:
        return await client.ask(f"GET VAR {DEVICE} ups.status") == (
            f'VAR {DEVICE} ups.status "{status}"'
        )


async def until_all(stack: Stack, question: str, expected: str) -> None:
    """Wait until each gateway answers so."""
    for port in stack.gateways:
        async with Client(port) as client, asyncio.timeout(FAILOVER):
            while (answer := await client.ask(question)) != expected:
                assert not answer.startswith("ERR UNKNOWN-UPS")
                await asyncio.sleep(0.1)


async def more(giver: Giver, count: int = 3) -> None:
    """Wait until so many more requests have succeeded."""
    wanted = giver.succeeded + count
    async with asyncio.timeout(3 * FAILOVER):
        while giver.succeeded < wanted:
            await asyncio.sleep(0.05)


def monitor_of(cluster: Cluster, folder: Path, diary: Diary) -> MonitorProcess:
    """The monitor of a host that the device feeds; it begins with the node that is lost."""
    supplies = [{"device": DEVICE, "role": "primary"}]
    command = diary.command("host")
    # In one process, as root, it may read the certificates in the folder of the test.
    host = our_monitor(folder / "host", supplies=supplies, command=command, arguments=("-p",))
    settings = host.folder / "nutbus.toml"
    bus = [f"{key} = {json.dumps(value)}" for key, value in cluster.bus("monitor").items()]
    rest = settings.read_text().partition("[monitor]")[2]
    settings.write_text("\n".join(["[bus]", *bus, "[monitor]"]) + rest)
    return host


async def nothing(_: Bus) -> None:
    """Be content with having been connected."""


async def survives(stack: Stack, victim: int) -> list[Giver]:
    """Kill a node and let it come back, with orders given before, between and after."""
    node = stack.cluster.nodes[victim]
    async with Client(stack.gateways[0]) as one, Client(stack.gateways[1]) as two:
        givers = [Giver(one), Giver(two)]
        async with asyncio.TaskGroup() as tasks:
            for giver in givers:
                tasks.create_task(giver.give())
            for giver in givers:
                await more(giver)
            await node.kill()
            async with Client(stack.gateways[1]) as client:
                assert await client.ask("PRIMARY rack1") == "OK PRIMARY-GRANTED"
                assert await client.ask("FSD rack1") == "OK FSD-SET"
            for giver in givers:
                await more(giver)
            await until_all(stack, "GET VAR rack1 ups.status", 'VAR rack1 ups.status "FSD OL"')
            await node.start()
            await stack.cluster.until_open(node)
            for giver in givers:
                await more(giver)
                giver.is_enough = True
    return givers


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up sooner what nobody answers."""
    monkeypatch.setattr(tracking, "UNANSWERED", 10.0)


# At night: an election takes 4 to 9 s, thrice as long beside other programs, and each of these
# tests waits for some. In short: tests/integration/test_retaining.py.
@pytest.mark.nightly
@pytest.mark.parametrize("victim", [0, 1, 2])
async def test_a_node_that_is_killed_takes_no_state_order_or_shutdown_with_it(
    tmp_path, cluster, victim
):
    diary = Diary(tmp_path)
    async with stack(cluster, tmp_path) as running, shut_down_once(cluster, tmp_path, diary):
        assert not diary.lines()
        givers = await survives(running, victim)
        ended = {word for giver in givers for word in giver.ends.values()}
        assert ended <= {"SUCCESS", "ERR FAILED", "ERR SET-FAILED", "ERR DRIVER-NOT-CONNECTED"}
        async with Client(running.gateways[0]) as client:
            reply = await client.ask('SET VAR rack1 ups.id "last"')
            assert reply.startswith("OK TRACKING")
        await until_all(running, "GET VAR rack1 ups.id", 'VAR rack1 ups.id "last"')
        await until_all(running, "GET VAR rack1 ups.status", 'VAR rack1 ups.status "FSD OL"')


@pytest.mark.nightly
async def test_an_order_given_while_nobody_leads_what_is_retained_reaches_who_comes_later(
    tmp_path, cluster
):
    """NATS acknowledges it then without keeping it: it has to be said again."""
    async with asyncio.timeout(FAILOVER):  # the streams are made when the first client comes
        await stay_connected(BusSettings(**cluster.bus("monitor")), None, nothing)
    victim = await cluster.leading_apart()
    others = [place for place, node in enumerate(cluster.nodes) if node is not victim]
    first = (others[0], others[0], others[1])
    diary = Diary(tmp_path)
    async with stack(cluster, tmp_path, first) as running:
        await victim.kill()
        async with Client(running.gateways[1]) as client:
            assert await client.ask("PRIMARY rack1") == "OK PRIMARY-GRANTED"
            assert await client.ask("FSD rack1") == "OK FSD-SET"
        await until_all(running, "GET VAR rack1 ups.status", 'VAR rack1 ups.status "FSD OL"')
        with monitor_of(cluster, tmp_path, diary):
            async with asyncio.timeout(FAILOVER):
                while diary.who != ["host"]:
                    await asyncio.sleep(0.05)
