"""A device that the test plays, receivers of messages, and the scheduler, for tests."""

import asyncio
import contextlib
import email
import email.policy
import json
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.scheduler.app import run
from services.scheduler.settings import SchedulerSettings
from shared.bus import Bus, connect
from shared.errors import ResultStatus
from shared.latest import Latest
from shared.messages import (
    Availability,
    DeviceMeta,
    DeviceState,
    Request,
    Result,
    device_availability,
    read,
)
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.service_messages import ServiceInfo
from shared.settings import BusSettings
from shared.topics import OfDevice
from tests.ports import free_port

TIMEOUT = 30.0
INTERVAL = 0.01
SECRET = "hunter2"


async def until(condition, what="came true"):
    """Wait for a condition, and return its value."""
    try:
        async with asyncio.timeout(TIMEOUT):
            while not (value := condition()):
                await asyncio.sleep(INTERVAL)
            return value
    except TimeoutError:
        raise AssertionError(f"never {what}") from None


@contextlib.asynccontextmanager
async def running(work):
    """Run a coroutine inside the block; what it raises is raised."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@dataclass
class Ups:
    """A device that the test plays; it stays on the bus as a driver does."""

    url: str
    name: str = "rack1"
    variables: dict[str, str] = field(default_factory=lambda: {"ups.status": "OL"})
    requests: list[tuple[str, Request]] = field(default_factory=list)
    answer: ResultStatus = ResultStatus.OK
    bus: Bus | None = None
    count: int = 0

    @property
    def settings(self) -> BusSettings:
        return BusSettings(broker=self.url, keepalive=10)

    async def play(self):
        await stay_connected(self.settings, Identity("driver", "played"), self.session)

    async def session(self, bus: Bus):
        try:
            await bus.subscribe(*bus.topics.requests())
            meta = DeviceMeta(driver="played", service="played", heartbeat=3600.0)
            await bus.publish(meta.publication(bus.topics, self.name))
            self.bus = bus
            await self.publish()
            await self.declare(Availability.ONLINE)
            info = ServiceInfo(version="0", host="x", started=0.0, devices=[self.name])
            await bus.publish(info.publication(bus.topics, "driver", "played"))
            await bus.online()
            async for message in bus.listen():
                about = bus.topics.parse(message.topic)
                assert isinstance(about, OfDevice)
                await self.take(bus, about, read(Request, message))
        finally:
            self.bus = None

    async def take(self, bus: Bus, about: OfDevice, request: Request):
        self.requests.append((f"{about.part} {about.name}", request))
        result = Result(
            id=request.id, request=str(about.part), name=about.name, status=self.answer, at=0.0
        )
        await bus.publish(result.publication(bus.topics, self.name))

    async def says(self, status: str, **variables: str):
        self.variables |= {"ups.status": status}
        self.variables |= {name.replace("_", "."): value for name, value in variables.items()}
        if self.bus:
            await self.publish()

    async def publish(self):
        assert self.bus is not None
        self.count += 1
        state = DeviceState(seq=self.count, at=time.time(), vars=self.variables)
        await self.bus.publish(state.publication(self.bus.topics, self.name, urgent=True))

    async def declare(self, availability: Availability):
        assert self.bus is not None
        await self.bus.publish(device_availability(self.bus.topics, self.name, availability))


@contextlib.asynccontextmanager
async def scheduling(tables):
    """Run the scheduler until the block ends; its settings may be set to others."""
    latest = Latest(SchedulerSettings.from_tables(tables, "test"))
    bus = BusSettings.model_validate(tables["bus"])
    async with running(run(latest)):
        async with connect(bus) as watcher:
            await is_online(watcher)
        yield latest


async def is_online(bus: Bus):
    topic = "nut/service/scheduler/tested/availability"
    async with asyncio.timeout(TIMEOUT):
        async for message in bus.listen(topic):
            if message.payload == b"online":
                return


class Webhook:
    """An HTTP server that takes messages in JSON; a port is kept for as long as it is down."""

    def __init__(self) -> None:
        self.port = free_port()
        self.messages: list[dict[str, Any]] = []
        self.refused = ""

    @property
    def url(self) -> str:
        return f"json://user:{SECRET}@127.0.0.1:{self.port}/{SECRET}/"

    @property
    def bodies(self) -> list[str]:
        return [message["message"] for message in self.messages]

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncGenerator[None]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()
            await server.wait_closed()

    async def serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split()[0])
        body = json.loads(await reader.readexactly(length))
        status = "400 No" if body["message"] == self.refused else "200 OK"
        if status.startswith("2"):
            self.messages.append(body)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


class Inbox:
    """What an SMTP server took."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 -- aiosmtpd's name
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


class Process:
    """The scheduler as a process of its own, to be killed."""

    def __init__(self, folder: Path, broker: str, section: str) -> None:
        self.config = folder / "nutbus.toml"
        self.log = folder / "log"
        self.config.write_text(f'[bus]\nbroker = "{broker}"\n[scheduler]\nid = "tested"\n{section}')

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncGenerator[asyncio.subprocess.Process]:
        words = ("-m", "services.scheduler", "--config", str(self.config), "--log-level", "DEBUG")
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *words, stdout=log, stderr=log, cwd=Path(__file__).parents[2]
            )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def logged(self) -> str:
        return self.log.read_text()
