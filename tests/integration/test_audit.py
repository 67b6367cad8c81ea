"""What NUT users, the scheduler and anybody on the bus have done is in the audit file."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.driver import app as driver
from services.driver.settings import DriverSettings
from services.gateway import app as gateway
from services.gateway.settings import GatewaySettings
from services.scheduler import app as scheduler
from services.scheduler.settings import SchedulerSettings
from shared.audit import faults
from shared.bus import connect
from shared.latest import Latest
from shared.messages import Publication
from shared.settings import BusSettings
from tests.brokers import Mosquitto
from tests.integration.gateways import NutClient, accepts, until
from tests.ports import free_port

pytestmark = pytest.mark.integration

TIMEOUT = 20.0
SERVICES: dict[str, tuple[Any, Any]] = {
    "driver": (driver.run, DriverSettings),
    "gateway": (gateway.run, GatewaySettings),
    "scheduler": (scheduler.run, SchedulerSettings),
}


class Files:
    """The audit files of the services."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, service: str) -> list[dict[str, Any]]:
        file = self.folder / f"{service}.jsonl"
        if not file.exists():
            return []
        lines = file.read_bytes().splitlines(keepends=True)
        assert list(faults(lines)) == []
        return [json.loads(line) for line in lines]

    def words(self, service: str, *keys: str) -> list[tuple[Any, ...]]:
        return [tuple(line.get(key) for key in keys) for line in self.of(service)]


async def test_who_did_what_and_how_it_ended(broker: Mosquitto, tmp_path: Path):
    files, port = Files(tmp_path), free_port()

    def of(service: str) -> dict[str, Any]:
        return {
            "bus": {"broker": broker.url},
            "audit": {"file": str(tmp_path / f"{service}.jsonl")},
            "driver": {"id": "d", "poll_interval": 0.2},
            "devices": {"ups": {"driver": "simulated"}},
            "gateway": {
                "id": "g",
                "listen": [f"127.0.0.1:{port}"],
                "users": {
                    "admin": {"password": "secret", "actions": ["SET"], "instcmds": ["ALL"]},
                    "watch": {"password": "watch", "upsmon": "primary"},
                },
            },
            "scheduler": {
                "id": "s",
                "database": str(tmp_path / "scheduler.sqlite3"),
                "rules": [{"when": "ONBATT", "do": {"command": "beeper.mute"}}],
            },
        }

    async with asyncio.timeout(TIMEOUT), asyncio.TaskGroup() as tasks:
        started = [
            tasks.create_task(main(Latest(kind.from_tables(of(name), "test"))))
            for name, (main, kind) in SERVICES.items()
        ]
        await until(lambda: accepts(port))
        await ask(port, "admin", "secret", SET, OK)
        await ask(port, "admin", "secret", "INSTCMD ups beeper.disable", "OK")
        await ask(port, "admin", "wrong", "INSTCMD ups load.off", "ERR ACCESS-DENIED")
        await ask(port, "admin", "secret", "INSTCMD ups no.such", "ERR CMD-NOT-SUPPORTED")
        await ask(port, "watch", "watch", "LOGIN ups", "OK")
        await ask(port, "watch", "watch", SET, "ERR ACCESS-DENIED")
        keys = ("user", "action", "device", "name", "value", "outcome")
        await until(told(lambda: len(files.of("gateway")) == 8))
        assert sorted(files.words("gateway", *keys), key=str) == sorted(
            [
                ("admin", "set", "ups", "battery.charge.low", "25", "sent"),
                ("admin", "set", "ups", "battery.charge.low", "25", "ok"),
                ("admin", "command", "ups", "beeper.disable", None, "sent"),
                ("admin", "command", "ups", "beeper.disable", None, "ok"),
                ("admin", "command", "ups", "load.off", None, "denied"),
                ("admin", "command", "ups", "no.such", None, "refused"),
                ("watch", "login", "ups", None, None, "ok"),
                ("watch", "set", "ups", "battery.charge.low", "25", "denied"),
            ],
            key=str,
        )
        assert {line["service"] for line in files.of("gateway")} == {"gateway@g"}
        assert {line["address"] for line in files.of("gateway")} == {"127.0.0.1"}
        assert files.words("driver", "user", "action", "name", "outcome") == [
            ("admin@127.0.0.1", "set", "battery.charge.low", "ok"),
            ("admin@127.0.0.1", "command", "beeper.disable", "ok"),
        ]
        done = files.of("driver")[0]
        asked = [line for line in files.of("gateway") if line.get("id") == done["id"]]
        assert [line["outcome"] for line in asked] == ["sent", "ok"]

        await ask(port, "watch", "watch", "FSD ups", "OK FSD-SET")
        assert files.words("gateway", *keys)[-1][:3] == ("watch", "fsd", "ups")
        bus = BusSettings(broker=broker.url)
        async with connect(bus) as anybody:
            topic = "nut/device/ups/set/input/voltage"
            await anybody.publish(Publication(topic, b"0", 1, retain=False))
        await until(told(lambda: len(files.of("scheduler")) == 2))
        assert files.words("scheduler", "user", "name", "outcome") == [
            ("scheduler@s", "beeper.mute", "sent"),
            ("scheduler@s", "beeper.mute", "ok"),
        ]
        assert files.words("driver", "user", "name")[2:] == [
            (None, "input.voltage"),
            ("scheduler@s", "beeper.mute"),
        ]
        for task in started:
            task.cancel()
    everything = "".join(file.read_text() for file in tmp_path.glob("*.jsonl"))
    assert "secret" not in everything
    assert "wrong" not in everything


SET, OK = "SET VAR ups battery.charge.low 25", "OK"


def told(condition: Callable[[], bool]) -> Callable[[], Any]:
    async def is_so() -> bool:
        return condition()

    return is_so


async def ask(port: int, user: str, password: str, request: str, expected: str) -> None:
    async with await NutClient.connect(port) as client:
        await client.ask(f"USERNAME {user}")
        await client.ask(f"PASSWORD {password}")
        assert await client.ask(request) == expected


async def test_an_order_is_noted_before_the_client_hears_of_it(broker: Mosquitto, tmp_path: Path):
    files, port = Files(tmp_path), free_port()
    tables = {
        "bus": {"broker": broker.url},
        "audit": {"file": str(tmp_path / "gateway.jsonl")},
        "devices": {"ups": {"driver": "simulated"}},
        "gateway": {
            "listen": [f"127.0.0.1:{port}"],
            "users": {"watch": {"password": "watch", "upsmon": "primary"}},
        },
    }
    async with asyncio.timeout(TIMEOUT), asyncio.TaskGroup() as tasks:
        started = [
            tasks.create_task(main(Latest(kind.from_tables(tables, "test"))))
            for main, kind in (SERVICES["driver"], SERVICES["gateway"])
        ]
        await until(lambda: accepts(port))
        async with await NutClient.connect(port) as client:
            for line in ("USERNAME watch", "PASSWORD watch"):
                await client.ask(line)
            for request in ("LOGIN ups", "PRIMARY ups", "FSD ups", "INSTCMD ups load.off"):
                before = len(files.of("gateway"))
                await client.ask(request)
                assert len(files.of("gateway")) == before + 1
        for task in started:
            task.cancel()
