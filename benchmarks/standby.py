"""How long a device is without a driver: its service is killed, frozen, ended, or cut off."""

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

from benchmarks.progress import say
from benchmarks.report import Table, percentile
from shared.bus import connect
from shared.messages import DeviceMeta, Message, read
from shared.settings import BusSettings
from shared.topics import DeviceTopic, OfService, ServiceKind, ServiceTopic, Topics
from tests.brokers import Mosquitto
from tests.standbys import DEVICE, Proxy, Service, SharedAgent, proxy, services

TIMES = 8
PATIENCE = 60.0
ACQUAINTED = 3.2  # seconds after which the standby knows the one that works
LIMIT = 3.0

How = Callable[[Service, Proxy], Awaitable[None]]


class Told:
    """Who says that the device is his, and when he began to; and which services are there."""

    def __init__(self) -> None:
        self.service = ""
        self.at = 0.0
        self.online: set[str] = set()
        self._new = asyncio.Event()

    def note(self, message: Message) -> None:
        """Take a description of the device, or the availability of a service, in."""
        about = _TOPICS.parse(message.topic)
        if isinstance(about, OfService):
            is_there = message.payload == b"online"
            (self.online.add if is_there else self.online.discard)(about.id)
        elif message.payload:
            service = read(DeviceMeta, message).service
            if service != self.service:
                self.service, self.at = service, time.monotonic()
        self._new.set()
        self._new = asyncio.Event()

    async def by(self, service: str) -> float:
        """Wait until this one says so; return when he did."""
        await self._until(lambda: self.service == service)
        return self.at

    async def there(self, service: str) -> None:
        """Wait until this one is on the bus, and knows who works."""
        await self._until(lambda: service in self.online)
        await asyncio.sleep(ACQUAINTED)

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await self._new.wait()


def standby() -> Iterator[Table]:
    """Let two services change places at one SNMP UPS, with Mosquitto between them."""
    rows = []
    for name, how, limit in (
        ("killed (SIGKILL)", _kill, f"{LIMIT:g}"),
        ("ended (SIGTERM)", _end, f"{LIMIT:g}"),
        ("frozen (SIGSTOP)", _freeze, ""),
        ("cut off from the broker", _cut, ""),
    ):
        found, overlaps = asyncio.run(_measured(how))
        say(f"{name}: the standby has the device after {percentile(found, 50):.2f} s")
        reached = "yes" if max(found) <= LIMIT else "no"
        rows.append(
            (
                name,
                f"{percentile(found, 50):.2f}",
                f"{max(found):.2f}",
                limit,
                reached if limit else "",
                str(overlaps),
            )
        )
    header = ("the one that works is", "p50, s", "max, s", "to reach", "reached", "overlaps")
    yield Table(f"Until the standby tells of the device ({TIMES} times each)", header, tuple(rows))


async def _measured(how: How) -> tuple[list[float], int]:
    """Measure so many changes of place; also count requests of one between those of another."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder))
        await broker.start()
        try:
            async with SharedAgent() as agent, connect(BusSettings(broker=broker.url)) as bus:
                told = Told()
                listening = asyncio.create_task(_follow(bus.listen(*_FILTERS), told))
                found = await _changes(how, broker, Path(folder), agent, told)
                listening.cancel()
                return found, len(agent.turns) - (TIMES + 1)
        finally:
            await broker.stop()


async def _changes(
    how: How, broker: Mosquitto, folder: Path, agent: SharedAgent, told: Told
) -> list[float]:
    async with proxy(broker.port) as one, proxy(broker.port) as other:
        lines = {"first": one, "second": other}
        both = {id: Service(id, line.url, folder, agent.port) for id, line in lines.items()}
        found = []
        async with services(*both.values()):
            await both["first"].start()
            await told.by("first")
            await both["second"].start()
            at_work, waiting = "first", "second"
            for _ in range(TIMES):
                await told.there(waiting)
                begun = time.monotonic()
                await how(both[at_work], lines[at_work])
                found.append(await told.by(waiting) - begun)
                await _restored(both[at_work], lines[at_work])
                at_work, waiting = waiting, at_work
        return found


async def _follow(messages: AsyncIterator[Message], told: Told) -> None:
    async for message in messages:
        told.note(message)


async def _kill(service: Service, _line: Proxy) -> None:
    service.send(signal.SIGKILL)
    service.ends = True


async def _end(service: Service, _line: Proxy) -> None:
    service.send(signal.SIGTERM)
    service.ends = True


async def _freeze(service: Service, _line: Proxy) -> None:
    service.send(signal.SIGSTOP)


async def _cut(_service: Service, line: Proxy) -> None:
    line.cut()


async def _restored(service: Service, line: Proxy) -> None:
    """Let the service be there again, as a standby."""
    line.mend()
    service.send(signal.SIGCONT)
    if service.ends:
        await service.ended()
        await service.start()


_TOPICS = Topics()
_FILTERS = (
    _TOPICS.device(DEVICE, DeviceTopic.META),
    _TOPICS.every_service(ServiceTopic.AVAILABILITY, ServiceKind.DRIVER),
)
