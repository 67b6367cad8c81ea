"""A gateway on a real broker, devices that the test plays on the bus, and a bare NUT client."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

from services.gateway import app
from services.gateway.settings import GatewaySettings
from shared.latest import Latest
from shared.settings import BusSettings
from tests.brokers import TestBroker
from tests.ournut import ScriptedOnBus
from tests.ports import free_port
from tests.realnut import Scripted

TIMEOUT = 30.0

DEVICES = {
    "ups": Scripted(
        (
            'SETINFO ups.status "OL"',
            'SETINFO ups.id "x"',
            "SETFLAGS ups.id RW STRING",
            "SETAUX ups.id 8",
            *(f'SETINFO outlet.{number}.name "socket {number}"' for number in range(60)),
            "ADDCMD load.off",
        ),
        results={"ups.id": 0, "load.off": 3},
        desc="Played",
    ),
    "pdu": Scripted(("SETINFO ups.status OL",)),
}
USERS: dict[str, Any] = {
    "admin": {"password": "secret", "actions": ["SET"], "instcmds": ["ALL"], "upsmon": "primary"},
    "watch": {"password": "watch", "upsmon": "secondary"},
}


@dataclass(slots=True)
class Server:
    """A running gateway; `reload` changes its settings as a SIGHUP does."""

    port: int
    settings: Latest[GatewaySettings]
    tables: dict[str, Any]
    task: asyncio.Task[None]

    def reload(self, **gateway: Any) -> None:
        self.tables = {**self.tables, "gateway": {**self.tables["gateway"], **gateway}}
        self.settings.set(GatewaySettings.from_tables(self.tables, "test"))


@asynccontextmanager
async def serving(
    broker: TestBroker, id: str = "tested", audit: dict[str, Any] | None = None, **gateway: Any
) -> AsyncGenerator[Server]:
    """Run a gateway inside the block; it accepts connections."""
    gateway = {"id": id, "listen": [f"127.0.0.1:{free_port()}"], "users": USERS, **gateway}
    tables: dict[str, Any] = {
        "bus": {"broker": broker.url},
        "gateway": gateway,
        "audit": audit or {},
    }
    port = int(gateway["listen"][-1].rpartition(":")[2])
    settings = Latest(GatewaySettings.from_tables(tables, "test"))
    async with asyncio.TaskGroup() as tasks:
        server = Server(port, settings, tables, tasks.create_task(app.run(settings)))
        await until(lambda: accepts(port))
        yield server
        server.task.cancel()


@asynccontextmanager
async def playing(
    broker: TestBroker, devices: Mapping[str, Scripted] = DEVICES
) -> AsyncGenerator[ScriptedOnBus]:
    """Play devices on the bus inside the block."""
    scripted = ScriptedOnBus(devices)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(scripted.play(BusSettings(broker=broker.url)))
        async with asyncio.timeout(TIMEOUT):
            await scripted.is_playing.wait()
        yield scripted
        task.cancel()


async def accepts(port: int, host: str = "127.0.0.1") -> bool:
    try:
        _reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition, which may be a coroutine function, holds."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)


class NutClient:
    """One connection to a gateway, a line for a line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, user: str | None = None) -> Self:
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        if user:
            await client.log_in(user, USERS[user]["password"])
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def log_in(self, user: str, password: str) -> None:
        assert await self.ask(f"USERNAME {user}") == "OK"
        assert await self.ask(f"PASSWORD {password}") == "OK"

    async def ask(self, line: str) -> str:
        self.send(line.encode() + b"\n")
        return await self.line()

    async def rows(self, line: str) -> list[str]:
        """Ask for a list and return its rows."""
        assert (await self.ask(line)) == f"BEGIN {line}"
        rows = []
        while (row := await self.line()) != f"END {line}":
            rows.append(row)
        return rows

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def line(self) -> str:
        """Return the next line; an empty text at the end."""
        async with asyncio.timeout(TIMEOUT):
            return (await self.reader.readline()).decode().rstrip("\n")

    async def is_closed(self) -> bool:
        """Wait for the end of the connection."""
        try:
            async with asyncio.timeout(TIMEOUT):
                while await self.reader.read(65536):
                    pass
        except OSError as error:
            return not isinstance(error, TimeoutError)
        return True

    async def encrypt(self, context: ssl.SSLContext) -> None:
        """Send STARTTLS and go on encrypted."""
        assert await self.ask("STARTTLS") == "OK STARTTLS"
        async with asyncio.timeout(TIMEOUT):
            await self.writer.start_tls(context, server_hostname="localhost")

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            pass


async def ask(port: int, line: str) -> str:
    """Ask on a connection of its own."""
    async with await NutClient.connect(port) as client:
        return await client.ask(line)
