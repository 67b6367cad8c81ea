"""What a monitor lives with in tests: UPSes on the bus that the test commands, and other hosts."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any

from services.monitor.app import run
from services.monitor.settings import MonitorSettings
from shared.bus import Bus
from shared.latest import Latest
from shared.messages import (
    Availability,
    DeviceMeta,
    DeviceState,
    ForcedShutdown,
    Message,
    device_availability,
    read,
)
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.service_messages import Logins, MonitorPower, Phase, Role
from shared.settings import BusSettings
from shared.topics import DeviceTopic, ServiceTopic, Topics
from tests.monitors import Diary

TIMEOUT = 40.0
HEARTBEAT = 0.2
PROMISED = 0.6  # seconds; so that one that comes late is no silence
TOPICS = Topics()
QUIET = {"flags": ["SYSLOG"]}


class Plant:
    """A driver service whose devices say what the test wants; it outlives the broker."""

    def __init__(self, url: str, devices: Mapping[str, str], **variables: str) -> None:
        self._url = url
        self._variables = {name: {"ups.status": status} for name, status in devices.items()}
        self._more = variables
        self._availability = dict.fromkeys(devices, Availability.ONLINE)
        self._changed = asyncio.Event()
        self._seq = 0
        self.is_announced = asyncio.Event()

    def say(self, device: str, status: str, **variables: str) -> None:
        """Let a device have this status, and variables with _ for the dot."""
        named = {name.replace("_", "."): value for name, value in variables.items()}
        self._variables[device] = {**self._variables[device], "ups.status": status, **named}
        self._changed.set()

    def be(self, device: str, availability: Availability) -> None:
        """Let a device answer or not."""
        self._availability[device] = availability
        self._changed.set()

    async def session(self, bus: Bus) -> None:
        for device in self._variables:
            meta = DeviceMeta(driver="played", service="plant", heartbeat=PROMISED)
            await bus.publish(meta.publication(TOPICS, device))
        await bus.online()
        while True:
            self._changed.clear()
            for device, variables in self._variables.items():
                self._seq += 1
                state = DeviceState(seq=self._seq, at=time.time(), vars=variables)
                value = self._availability[device]
                await bus.publish(device_availability(TOPICS, device, value))
                if value is Availability.ONLINE:
                    await bus.publish(state.publication(TOPICS, device, urgent=True))
            self.is_announced.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await self._changed.wait()


@contextlib.asynccontextmanager
async def plant(url: str, **devices: str) -> AsyncGenerator[Plant]:
    """Play a driver service with devices of these statuses."""
    played = Plant(url, devices)
    async with background(
        stay_connected(bus_settings(url), Identity("driver", "plant"), played.session)
    ):
        async with asyncio.timeout(TIMEOUT):
            await played.is_announced.wait()
        yield played


class Host:
    """A host with a monitor in this process; it shuts down by a line in its diary."""

    def __init__(self, task: "asyncio.Task[None]", settings: Latest[MonitorSettings]) -> None:
        self.task = task
        self.settings = settings


@contextlib.asynccontextmanager
async def host(
    url: str, folder: Path, supplies: list[dict[str, Any]], **section: Any
) -> AsyncGenerator[Host]:
    """Run a monitor; `section` is added to [monitor]."""
    settings = Latest(monitor_settings(url, folder, supplies, **section))
    async with background(run(settings)) as task:
        yield Host(task, settings)


def monitor_settings(
    url: str, folder: Path, supplies: list[dict[str, Any]], **section: Any
) -> MonitorSettings:
    name = section.get("id", "tested")
    table = {
        "id": name,
        "supplies": supplies,
        "shutdown_command": [Diary(folder).command(name)],
        "power_down_flag": str(folder / f"{name}.killpower"),
        "final_delay": 0.0,
        "poll_interval": 0.2,
        "poll_interval_alert": 0.2,
        "dead_time": 5.0,
        "notify": {"ONBATT": QUIET, "COMMBAD": QUIET, "SHUTDOWN": QUIET, "LOWBATT": QUIET},
        **section,
    }
    tables = {"bus": {"broker": url, "keepalive": 10}, "monitor": table}
    return MonitorSettings.from_tables(tables, "test")


class Bystander:
    """Watches the bus through every loss of the broker, and may speak as another monitor."""

    def __init__(self) -> None:
        self.now: dict[str, bytes] = {}
        self.bus: Bus | None = None
        self.said: list[bytes] = []
        self._new = asyncio.Event()

    async def session(self, bus: Bus) -> None:
        self.bus = bus
        async for message in bus.listen("nut/#"):
            self.now[message.topic] = message.payload
            self._new.set()
            self._new = asyncio.Event()

    async def until(self, condition: Callable[[], Any], what: str = "") -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                while not condition():
                    await self._new.wait()
        except TimeoutError:
            raise AssertionError(f"never {what}; on the bus: {self.now}") from None

    def power(self, id: str = "tested") -> MonitorPower:
        topic = self._topic(id)
        return read(MonitorPower, Message(topic, self.now[topic], True))

    def has_power(self, id: str = "tested") -> bool:
        return bool(self.now.get(self._topic(id)))

    def _topic(self, id: str) -> str:
        return TOPICS.service("monitor", id, ServiceTopic.POWER)

    def is_online(self, id: str = "tested") -> bool:
        topic = TOPICS.service("monitor", id, ServiceTopic.AVAILABILITY)
        return self.now.get(topic) == b"online"

    def fsd(self, device: str) -> ForcedShutdown | None:
        topic = TOPICS.device(device, DeviceTopic.FSD)
        payload = self.now.get(topic)
        return read(ForcedShutdown, Message(topic, payload, True)) if payload else None

    async def states(self, device: str, number: int) -> None:
        """Wait until a device has said its state so many times."""
        seen: set[bytes] = set()
        topic = TOPICS.device(device, DeviceTopic.STATE)

        def is_enough() -> bool:
            seen.add(self.now.get(topic, b""))
            return len(seen - {b""}) >= number

        await self.until(is_enough, f"{number} states")

    async def phase(self, phase: str, id: str = "tested") -> None:
        await self.until(lambda: self.has_power(id) and self.power(id).phase == phase, phase)

    async def online(self, id: str = "tested") -> None:
        await self.until(lambda: self.is_online(id) and self.has_power(id), f"{id} online")


@contextlib.asynccontextmanager
async def bystander(url: str) -> AsyncGenerator[Bystander]:
    watching = Bystander()
    async with background(stay_connected(bus_settings(url), None, watching.session)):
        yield watching


@contextlib.asynccontextmanager
async def stubborn_secondary(url: str, device: str) -> AsyncGenerator[None]:
    """Be the monitor of a host that hangs on a device and never goes down."""
    announced = asyncio.Event()
    power = MonitorPower(
        host="stubborn",
        roles={device: Role.SECONDARY},
        values={device: 1},
        present=1,
        needed=1,
        phase=Phase.WATCHING,
    )

    async def session(bus: Bus) -> None:
        await bus.publish(power.publication(TOPICS, "stubborn"))
        await bus.online()
        announced.set()
        await asyncio.Event().wait()

    async with background(
        stay_connected(bus_settings(url), Identity("monitor", "stubborn"), session)
    ):
        async with asyncio.timeout(TIMEOUT):
            await announced.wait()
        yield


@contextlib.asynccontextmanager
async def gateway(url: str, **logins: list[str]) -> AsyncGenerator[None]:
    """Be a gateway with these clients at these devices; it is lost at the end of the block."""
    announced = asyncio.Event()

    async def session(bus: Bus) -> None:
        await bus.publish(Logins(logins=logins).publication(TOPICS, "gate"))
        await bus.online()
        announced.set()
        await asyncio.Event().wait()

    async with background(stay_connected(bus_settings(url), Identity("gateway", "gate"), session)):
        async with asyncio.timeout(TIMEOUT):
            await announced.wait()
        yield


@contextlib.asynccontextmanager
async def background(work: Any) -> AsyncGenerator["asyncio.Task[None]"]:
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()


def bus_settings(url: str) -> BusSettings:
    return BusSettings(broker=url, keepalive=10)


async def went_down(folder: Path, *who: str) -> None:
    """Wait until these hosts were shut down, and in this order."""
    diary = Diary(folder)
    try:
        async with asyncio.timeout(TIMEOUT):
            while len(diary.lines()) < len(who):
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"only {diary.who} went down, not {who}") from None
    assert tuple(diary.who) == who


def nobody_went_down(folder: Path) -> bool:
    return not Diary(folder).lines()
