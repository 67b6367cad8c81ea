"""A simulated APC UPS and the owner of our line to it, and scenes that are played at once."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from services.driver.contract import Site
from services.driver.device import Device as Owner
from services.driver.outbox import Outbox
from services.driver.settings import DeviceSettings
from shared.messages import Availability
from tests.simulators.apcsmart import Device, Fault, SimulatedUps

TIMEOUT = 30.0
SMALL = {
    "Q": "08",
    "b": "50.9.I",
    "n": "WS9643050926",
    "\x01": "SMART-UPS 700",
    "L": "231.8",
    "M": "237.9",
    "N": "230.1",
    "O": "229.4",
    "f": "099.0",
    "c": "UPS_IDEN",
}


class Record(Outbox):
    """Keeps all values that were ever shown while the device was online."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, set[str]] = {}
        self.owner: Owner | None = None

    def mark(self, device: str) -> None:
        super().mark(device)
        if self.owner and self.owner.view:
            for name, value in self.owner.view.variables.items():
                self.shown.setdefault(name, set()).add(value)


class Line:
    """A simulated UPS and the owner of our line to it."""

    def __init__(self, ups: SimulatedUps, owner: Owner, record: Record) -> None:
        self.ups, self.owner, self.record = ups, owner, record

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(TIMEOUT):
            while not holds():
                await asyncio.sleep(0.01)

    async def is_online(self) -> None:
        """Wait until values are shown."""
        await self.until(lambda: self.owner.availability is Availability.ONLINE)

    async def is_stale(self) -> None:
        """Wait until the line is lost."""
        await self.until(lambda: self.owner.availability is Availability.STALE)

    async def shows(self, name: str, value: str) -> None:
        """Wait until a variable has a value."""
        await self.until(
            lambda: self.owner.view is not None and self.owner.view.variables.get(name) == value
        )


@asynccontextmanager
async def owned(simulated: Device, poll_interval: float = 0.3) -> AsyncGenerator[Line]:
    """Keep a line to a simulated UPS."""
    with SimulatedUps(simulated) as ups:
        settings = DeviceSettings.model_validate({"driver": "apcsmart", "port": ups.port})
        record = Record()
        owner = Owner(Site("ups1", ups.port), settings, poll_interval, record)
        record.owner = owner
        task = asyncio.create_task(owner.keep())
        try:
            line = Line(ups, owner, record)
            await line.is_online()
            yield line
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def only(codes: bytes, spoil: Fault) -> Fault:
    """Spoil the replies to some codes."""
    return lambda code, line: spoil(code, line) if code in codes else line


def garbage(_code: bytes, line: bytes) -> bytes:
    return random.Random(line).randbytes(len(line)) + b"\r\n"


@asynccontextmanager
async def playing(
    scenes: Iterable[Callable[[], Awaitable[None]]],
) -> AsyncGenerator[dict[str, asyncio.Future[None]]]:
    """Play scenes at once, since most of them wait for timeouts; by their names."""
    tasks: dict[str, asyncio.Future[None]] = {}
    for scene in scenes:
        tasks[scene.__name__] = asyncio.ensure_future(scene())
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
