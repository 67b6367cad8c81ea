"""Watches what is on the bus, and runs a driver service for tests."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

from services.driver.app import run
from services.driver.settings import DriverSettings
from shared.bus import Bus, connect
from shared.latest import Latest
from shared.messages import (
    DeviceEvent,
    DeviceMeta,
    DeviceState,
    Message,
    Publication,
    Request,
    Result,
    read,
)
from shared.settings import BusSettings
from shared.topics import DeviceTopic

TIMEOUT = 40.0


class Watcher:
    """Everything that was said on the bus since it began to watch, what was retained included."""

    def __init__(self, bus: Bus) -> None:
        self.messages: list[Message] = []
        self.now: dict[str, bytes] = {}
        self.bus = bus
        self._new = asyncio.Event()

    async def listen(self) -> None:
        async for message in self.bus.listen("nut/#"):
            self.messages.append(message)
            self.now[message.topic] = message.payload
            self._new.set()
            self._new = asyncio.Event()

    async def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        """Wait for a condition, looked at after each message; return its value."""
        try:
            async with asyncio.timeout(TIMEOUT):
                while not (value := condition()):
                    await self._new.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"never {what or 'came true'}; on the bus: {self.now}") from None

    async def payload(self, topic: str, payload: bytes) -> None:
        await self.until(lambda: self.now.get(topic) == payload, f"{payload!r} on {topic}")

    def meta(self, device: str) -> DeviceMeta | None:
        found = self._message(device, DeviceTopic.META)
        return read(DeviceMeta, found) if found else None

    def state(self, device: str) -> DeviceState | None:
        found = self._message(device, DeviceTopic.STATE)
        return read(DeviceState, found) if found else None

    def variables(self, device: str) -> dict[str, str]:
        state = self.state(device)
        return state.vars if state else {}

    async def variable(self, device: str, name: str, value: str | None) -> None:
        what = f"{name} = {value} of {device}"
        await self.until(lambda: self.variables(device).get(name) == value, what)

    async def available(self, device: str, value: str = "online") -> None:
        await self.payload(self.topic(device, DeviceTopic.AVAILABILITY), value.encode())

    async def online(self, service: str = "test") -> None:
        await self.payload(f"nut/service/driver/{service}/availability", b"online")

    def events(self, device: str) -> list[str]:
        topic = self.topic(device, DeviceTopic.EVENT)
        return [read(DeviceEvent, each).type for each in self.messages if each.topic == topic]

    def results(self, device: str, id: str | None) -> list[Result]:
        topic = self.topic(device, DeviceTopic.RESULT)
        results = [read(Result, each) for each in self.messages if each.topic == topic]
        return [result for result in results if result.id == id]

    def below(self, device: str) -> set[str]:
        """Name the topics below a device on which something is left."""
        prefix = f"nut/device/{device}/"
        return {
            topic for topic, payload in self.now.items() if topic.startswith(prefix) and payload
        }

    async def ask(self, device: str, part: Any, name: str, **envelope: Any) -> Result:
        """Send a request and wait for its result."""
        envelope.setdefault("id", f"{len(self.messages)}-{name}")
        request = Request(**envelope)
        await self.bus.publish(request.publication(self.bus.topics, device, part, name))
        return await self.result(device, envelope["id"])

    async def result(self, device: str, id: str) -> Result:
        found = await self.until(lambda: self.results(device, id), f"a result for {id}")
        assert isinstance(found[0], Result)
        return found[0]

    async def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        await self.bus.publish(Publication(topic, payload, 1, retain))

    def topic(self, device: str, part: DeviceTopic, name: str = "") -> str:
        return self.bus.topics.device(device, part, name)

    def _message(self, device: str, part: DeviceTopic) -> Message | None:
        topic = self.topic(device, part)
        payload = self.now.get(topic)
        return Message(topic, payload, True) if payload else None


@contextlib.asynccontextmanager
async def watching(url: str) -> AsyncGenerator[Watcher]:
    async with connect(BusSettings(broker=url)) as bus:
        watcher = Watcher(bus)
        listening = asyncio.create_task(watcher.listen())
        try:
            yield watcher
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening


@contextlib.asynccontextmanager
async def driving(settings: DriverSettings) -> AsyncGenerator[Latest[DriverSettings]]:
    """Run a driver service; the settings that are yielded may be set to others."""
    latest = Latest(settings)
    task = asyncio.create_task(run(latest))
    try:
        yield latest
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def driver_settings(
    url: str, folder: Path, devices: dict[str, Any], **section: Any
) -> DriverSettings:
    """Settings as a file in the folder would say them."""
    tables = {
        "bus": {"broker": url, "keepalive": 10},
        "driver": {"id": "test", "heartbeat": 0.5, "poll_interval": 0.1, **section},
        "devices": devices,
    }
    return DriverSettings.from_tables(tables, str(folder / "nutbus.toml"))
