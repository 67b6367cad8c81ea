"""The broker settings that are shipped in deploy/, tried with the brokers themselves."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.driver import app as driver
from services.driver.settings import DriverSettings
from services.gateway import app as gateway
from services.gateway.settings import GatewaySettings
from services.monitor import app as monitor
from services.monitor.settings import MonitorSettings
from services.scheduler import app as scheduler
from services.scheduler.settings import SchedulerSettings
from shared.events import NOTIFY_TYPES
from shared.latest import Latest
from shared.settings import default_id
from tests.ports import free_port
from tests.shipped import PASSWORD, Shipped, ShippedMosquitto, ShippedNats
from tests.simulators.mqtt_peer import Peer

pytestmark = pytest.mark.integration

NUMBERS = itertools.count()  # two clients of one name would push each other out
ARRIVAL_TIMEOUT = 20.0
CHECK_INTERVAL = 0.05


@pytest.fixture(params=[ShippedMosquitto, ShippedNats], ids=["mosquitto", "nats"])
async def shipped(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Shipped]:
    broker: Shipped = request.param(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


async def test_nobody_comes_in_without_a_password(shipped):
    for login in (None, ("driver", "wrong"), ("stranger", PASSWORD)):
        with contextlib.suppress(EOFError, OSError):
            async with Peer.connected(shipped.port, "stranger", login=login) as peer:
                assert peer.return_code in (4, 5)


async def test_only_this_machine_is_listened_to(shipped):
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection("127.0.0.2", shipped.port)


async def test_a_forced_shutdown_outlives_a_restart_of_the_broker(shipped):
    async with user(shipped, "monitor") as monitor:
        await monitor.publish("nut/device/rack1/fsd", b"{}", qos=1, retain=True)
    await shipped.stop()
    await shipped.start()
    async with user(shipped, "viewer") as viewer:
        await viewer.subscribe("nut/device/+/fsd")
        message = await viewer.receive()
    assert (message.topic, message.payload, message.retain) == ("nut/device/rack1/fsd", b"{}", True)


async def test_a_new_subscriber_gets_more_than_a_thousand_retained_messages(shipped):
    topics = {f"nut/device/rack1/var/outlet/{number}/status" for number in range(1500)}
    async with user(shipped, "driver") as sender:
        for topic in topics:
            await sender.publish(topic, b"on", qos=1, retain=True)
    async with user(shipped, "viewer") as viewer:
        await viewer.subscribe("nut/device/+/var/#")
        assert {(await viewer.receive()).topic for _ in topics} == topics


async def test_driver_and_gateway_serve_a_nut_client_with_the_users_that_are_theirs(
    shipped, tmp_path
):
    port = free_port()
    tables = {
        "devices": {"rack1": {"driver": "simulated"}},
        "gateway": {
            "listen": [f"127.0.0.1:{port}"],
            "users": {"admin": {"password": "secret", "instcmds": ["ALL"]}},
        },
    }

    def of(name: str) -> dict[str, object]:
        return {
            **tables,
            "bus": {"broker": shipped.url, "username": name, "password": PASSWORD},
        }

    async with asyncio.TaskGroup() as tasks, asyncio.timeout(ARRIVAL_TIMEOUT):
        services = (
            tasks.create_task(
                driver.run(Latest(DriverSettings.from_tables(of("driver"), str(tmp_path))))
            ),
            tasks.create_task(
                gateway.run(Latest(GatewaySettings.from_tables(of("gateway"), str(tmp_path))))
            ),
        )
        await until_answered(port, ["GET VAR rack1 ups.status"], 'VAR rack1 ups.status "OL"')
        login = ["USERNAME admin", "PASSWORD secret"]
        await until_answered(port, [*login, "INSTCMD rack1 beeper.disable"], "OK")
        status = 'VAR rack1 ups.beeper.status "disabled"'
        await until_answered(port, ["GET VAR rack1 ups.beeper.status"], status)
        for service in services:
            service.cancel()


async def test_monitor_and_scheduler_do_their_work_with_the_users_that_are_theirs(
    shipped, tmp_path
):
    tables = {
        "devices": {"rack1": {"driver": "simulated"}},
        "monitor": {
            "supplies": [{"device": "rack1", "role": "primary"}],
            "conditions": {"on_battery": 0.1},
            "shutdown_command": ["touch", str(tmp_path / "down")],
            "final_delay": 0.0,
            "notify": {type_: {"flags": ["IGNORE"]} for type_ in NOTIFY_TYPES},
        },
        "scheduler": {
            "database": str(tmp_path / "scheduler.sqlite3"),
            "rules": [{"when": "ONBATT", "do": {"command": "beeper.disable"}}],
        },
    }

    scheduler_is_there = (f"/scheduler/{default_id()}/availability", b"online")

    def of(kind, name: str):
        bus = {"broker": shipped.url, "username": name, "password": PASSWORD}
        return Latest(kind.from_tables({**tables, "bus": bus}, str(tmp_path)))

    async with (
        asyncio.timeout(ARRIVAL_TIMEOUT),
        user(shipped, "viewer") as viewer,
        user(shipped, "operator") as operator,
        asyncio.TaskGroup() as tasks,
    ):
        await viewer.subscribe("nut/#")
        services = [
            tasks.create_task(driver.run(of(DriverSettings, "driver"))),
            tasks.create_task(scheduler.run(of(SchedulerSettings, "scheduler"))),
        ]
        down = tasks.create_task(monitor.run(of(MonitorSettings, "monitor")))
        await until_told(viewer, scheduler_is_there, ("/var/ups/status", b"OL"))
        await operator.publish("nut/device/rack1/set/input/voltage", b"0", qos=1)
        await until_told(viewer, ("/var/ups/beeper/status", b"disabled"))
        await down
        for service in services:
            service.cancel()
    async with user(shipped, "viewer") as viewer:
        await viewer.subscribe("nut/device/+/fsd")
        assert b"on battery" in (await viewer.receive()).payload
    assert (tmp_path / "down").exists()


async def until_told(peer: Peer, *awaited: tuple[str, bytes]) -> None:
    """Receive until topics with these endings have said this, in any order."""
    missing = set(awaited)
    while missing:
        message = await peer.receive()
        missing = {
            (ending, payload)
            for ending, payload in missing
            if not (message.topic.endswith(ending) and message.payload == payload)
        }


@contextlib.asynccontextmanager
async def user(broker: Shipped, name: str) -> AsyncGenerator[Peer]:
    """Be connected as one of the users."""
    async with Peer.connected(
        broker.port, f"{name}-{next(NUMBERS)}", login=(name, PASSWORD)
    ) as peer:
        assert peer.return_code == 0
        yield peer


async def until_answered(port: int, questions: list[str], expected: str) -> None:
    """Ask on a new connection until the last answer is this one."""
    answer = ""
    while answer != expected:
        await asyncio.sleep(CHECK_INTERVAL)
        with contextlib.suppress(OSError):
            answer = await last_answer(port, questions)


async def last_answer(port: int, questions: list[str]) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        answer = b""
        for question in questions:
            writer.write(question.encode() + b"\n")
            answer = await reader.readline()
        return answer.decode().rstrip("\n")
    finally:
        writer.close()
