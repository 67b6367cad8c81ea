"""Everything that the pages show, running: drivers, a NUT server, monitors, a scheduler, the web.

The devices are simulated; the broker is a mosquitto of the test's own.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from services.console import up
from services.console.live import view
from services.web.app import run as run_web
from services.web.settings import WebSettings
from shared.errors import BusError
from shared.latest import Latest
from shared.service import Reloadable
from shared.settings import BusSettings
from shared.topics import DeviceTopic
from tests.integration.power import background, host
from tests.ports import free_port

TIMEOUT = 60.0
ANSWERED = 10.0  # seconds for a driver that hears an order
PASSWORD = "correct horse"
USERS: dict[str, Any] = {
    "admin": {
        "password": PASSWORD,
        "actions": ["SET", "FSD"],
        "instcmds": ["ALL"],
        "upsmon": "primary",
    },
    "operator": {"password": PASSWORD, "instcmds": ["beeper.mute"]},
}
DEVICES: dict[str, Any] = {
    "rack1": {"driver": "simulated", "desc": "UPS of rack 1", "load": 55.0, "serial": "A1"},
    "rack2": {"driver": "simulated", "desc": "UPS of rack 2", "load": 20.0, "serial": "A2"},
    "pdu1": {"driver": "simulated", "kind": "pdu", "desc": "PDU of rack 1"},
    "away": {"driver": "nutdrv_qx", "port": "tcp://127.0.0.1:1", "desc": "Not plugged in"},
}
SUPPLIES = [{"device": "rack1", "role": "primary"}, {"device": "rack2", "role": "primary"}]
RULES = [
    {
        "name": "long outage",
        "when": "ONBATT",
        "for": 3600.0,
        "do": [{"device": "pdu1", "command": "outlet.8.load.off"}],
    }
]


@dataclass
class WebStack:
    """The whole of it; `url` is where the pages are."""

    broker: str
    folder: Path
    section: dict[str, Any] = field(default_factory=dict)
    devices: dict[str, Any] = field(default_factory=lambda: dict(DEVICES))
    port: int = field(default_factory=free_port)
    gateway_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bus(self) -> dict[str, Any]:
        return {"broker": self.broker, "keepalive": 10}

    @property
    def audit(self) -> dict[str, Any]:
        return {"file": str(self.folder / "audit.jsonl")}

    def tables(self) -> dict[str, Any]:
        return {
            "bus": self.bus,
            "audit": self.audit,
            "driver": {"id": "driver", "poll_interval": 0.2},
            "devices": self.devices,
            "gateway": {
                "id": "gate",
                "listen": [f"127.0.0.1:{self.gateway_port}"],
                "users": USERS,
            },
            "scheduler": {
                "id": "clock",
                "rules": RULES,
                "database": str(self.folder / "scheduler.sqlite"),
            },
        }

    def settings(self, **section: Any) -> WebSettings:
        web = {
            "id": "web",
            "title": "Cellar",
            "listen": [f"127.0.0.1:{self.port}"],
            "history": {"file": str(self.folder / "history.sqlite")},
        }
        tables = {
            "bus": self.bus,
            "audit": self.audit,
            "gateway": {"users": USERS},
            "web": web | self.section | section,
        }
        return WebSettings.from_tables(tables, "test")

    @contextlib.asynccontextmanager
    async def services(self) -> AsyncGenerator[None]:
        """Run all but the web inside the block."""
        home = Reloadable(lambda: up.household(self.tables(), "test"))
        stages = [{"name": "storage", "hosts": ["nas"], "conditions": {"on_battery": 1}}]
        rehearsal: dict[str, Any] = {"dry_run": True, "final_delay": 1.0}
        async with (
            background(up.run(home)),
            host(
                self.broker, self.folder, SUPPLIES,
                id="db", stages=stages, conditions={"on_battery": 3}, **rehearsal,
            ),
            host(self.broker, self.folder, [], id="nas", obey=["db"], **rehearsal),
        ):  # fmt: skip
            yield

    @contextlib.asynccontextmanager
    async def web(self, **section: Any) -> AsyncGenerator[Latest[WebSettings]]:
        """Serve the pages inside the block."""
        settings = Latest(self.settings(**section))
        async with background(run_web(settings)) as task:
            async with self._client() as client:
                async with asyncio.timeout(TIMEOUT):
                    while not task.done() and not await self._is_served(client):
                        await asyncio.sleep(0.02)
            yield settings

    @contextlib.asynccontextmanager
    async def up(self, **section: Any) -> AsyncGenerator["WebStack"]:
        """Run everything inside the block; the devices are online."""
        async with self.services(), self.web(**section):
            await self.until(lambda health: health["online"] == 3)
            yield self

    async def until(self, condition: Any) -> None:
        """Wait until the health of the web says something."""
        async with self._client() as client:
            async with asyncio.timeout(TIMEOUT):
                while not condition((await client.get("/healthz")).json()):
                    await asyncio.sleep(0.05)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=TIMEOUT)

    async def _is_served(self, client: httpx.AsyncClient) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return (await client.get("/healthz")).status_code in (200, 503)
        return False

    async def write(self, device: str, variable: str, value: str) -> None:
        """Have a driver write a variable, as in `nutbus set`: how power cuts are made.

        A driver that lost its broker may not be back yet, and an order waits nowhere for it.
        """
        async with (
            asyncio.timeout(TIMEOUT),
            view(BusSettings(**self.bus), DeviceTopic.RESULT) as seen,
        ):
            while True:
                with contextlib.suppress(BusError):
                    await seen.request(device, DeviceTopic.SET, variable, value, ANSWERED)
                    return
                await asyncio.sleep(0.1)
