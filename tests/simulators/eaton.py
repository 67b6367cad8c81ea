"""A simulated Network-M2 or -M3 card: a real Mosquitto with TLS that wants a certificate of us."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, Self

from shared.bus import connect
from shared.messages import Publication
from shared.settings import BusSettings
from tests.brokers import Mosquitto, find_program
from tests.ports import free_port

INTERVAL = 0.05  # a real card says everything again every few seconds
TIMEOUT = 30.0
UPS = "powerDistributions/1"
BANK = f"{UPS}/backupSystem/powerBank"


def topics() -> dict[str, Any]:
    """Say what a small UPS on line says."""
    return {
        f"{UPS}/identification": {"vendor": "EATON", "model": "Test 1000", "serialNumber": "S1"},
        f"{UPS}/status": {
            "operating": "in service",
            "communicationFault": False,
            "fanFault": False,
            "shutdownImminent": False,
            "delayBeforeSwitchOff": -1,
        },
        f"{UPS}/inputs/1/status": {"supplied": True, "supply": True, "voltageOutOfRange": False},
        f"{UPS}/inputs/1/measures": {"voltage": 230.800003, "current": 1.1, "frequency": 50},
        f"{UPS}/outputs/1/measures": {"voltage": 229, "percentLoad": 17, "activePower": 174},
        f"{UPS}/outputs/1/status": {"supply": True, "overload": False},
        f"{UPS}/outlets/1/status": {"supply": True, "switchedOn": True},
        f"{BANK}/measures": {"remainingTime": 1500, "stateOfCharge": 99, "voltage": 52},
        f"{BANK}/status": {"supply": False, "lowStateOfCharge": False, "lcmExpired": False},
        "sensors/devices": {"members@count": 0, "members": []},
    }


class EatonBroker(Mosquitto):
    """The MQTT server of a card; a second listener is the card's own way in."""

    def __init__(self, directory: Path, certificates: Path) -> None:
        super().__init__(directory)
        self.certificates = certificates
        self.tls_port = free_port()

    def command(self) -> tuple[str, ...]:
        arguments = super().command()
        settings = self.directory / "mosquitto.conf"
        files = self.certificates
        lines = [
            f"listener {self.tls_port} 127.0.0.1",
            f"cafile {files / 'client.pem'}",  # whom the card has been told to trust
            f"certfile {files / 'card.pem'}",
            f"keyfile {files / 'card.key'}",
            "require_certificate true",
            "log_type all",
            "",
        ]
        settings.write_text("\n".join([settings.read_text(), *lines]))
        return arguments

    async def start(self) -> None:
        program = find_program(self.program, self.package)
        with self._log_path.open("ab") as log:
            before = self.log.count("running")
            self._process = await self._spawn(program, log)
        async with asyncio.timeout(TIMEOUT):
            while self.log.count("running") == before:
                self._check_alive()
                await asyncio.sleep(0.01)


class EatonCard:
    """A card that says its `topics` again and again; a test edits them."""

    def __init__(self, broker: EatonBroker, version: str = "1.0") -> None:
        self.broker = broker
        self.version = version
        self.topics: dict[str, Any] = topics()
        self._talking: asyncio.Task[None] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def made(cls, directory: Path, certificates: Path) -> AsyncGenerator[Self]:
        """Run a card inside the block."""
        card = cls(EatonBroker(directory, certificates))
        await card.start()
        try:
            yield card
        finally:
            await card.stop()

    @property
    def port(self) -> str:
        """What the driver is told as its port."""
        return f"127.0.0.1:{self.broker.tls_port}"

    async def start(self) -> None:
        await self.broker.start()
        await self.talk()

    async def talk(self) -> None:
        """Begin to say everything again and again."""
        self._talking = asyncio.create_task(self._talk())

    async def stop(self) -> None:
        await self.be_silent()
        await self.broker.stop()

    async def be_silent(self) -> None:
        """Say nothing more, though the server runs on."""
        talking, self._talking = self._talking, None
        if talking is not None:
            talking.cancel()
            await asyncio.wait({talking})

    async def say(self, name: str, payload: bytes) -> None:
        """Say something once that need not be JSON."""
        async with connect(BusSettings(broker=self.broker.url)) as bus:
            await bus.publish(Publication(f"mbdetnrs/{self.version}/{name}", payload, 1, False))

    def change(self, name: str, **values: Any) -> None:
        """Change some of the values of a topic."""
        old: Mapping[str, Any] = self.topics.get(name) or {}
        self.topics[name] = {**old, **values}

    async def _talk(self) -> None:
        async with connect(BusSettings(broker=self.broker.url)) as bus:
            while True:
                for name, content in self.topics.items():
                    topic = f"mbdetnrs/{self.version}/{name}"
                    await bus.publish(Publication(topic, json.dumps(content).encode(), 0, False))
                await asyncio.sleep(INTERVAL)
