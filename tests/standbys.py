"""Driver services that stand by for each other, a device that notes who asks, and a cut line."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from services.driver.protocols.snmpwire.message import read_message
from tests.simulators.snmp import SnmpSimulator
from tests.simulators.snmpups import SOURCE, objects

TIMEOUT = 40.0
DEVICE = "ups1"
STATUS = SOURCE


class SharedAgent(SnmpSimulator):
    """The SNMP agent of a UPS that notes each request: when it came, and whose it was.

    A service is known by its community.
    """

    def __init__(self) -> None:
        super().__init__(objects())
        self.requests: list[tuple[float, str]] = []

    def _receive(self) -> None:
        assert self._socket
        data, peer = self._socket.recvfrom(65535)
        asked = read_message(data)
        who = asked.community.decode()
        self.requests.append((time.monotonic(), who))
        self.asked.append(asked.pdu)
        self._send(self._answer(asked), peer)

    @property
    def last(self) -> str:
        """Who asked last."""
        return self.requests[-1][1] if self.requests else ""

    @property
    def turns(self) -> list[str]:
        """Who asked, each once for a run of requests."""
        return [
            who
            for place, (_, who) in enumerate(self.requests)
            if place == 0 or self.requests[place - 1][1] != who
        ]

    def number(self, who: str) -> int:
        """How many requests one has sent."""
        return sum(each == who for _, each in self.requests)

    async def asked_by(self, who: str) -> None:
        """Wait until this one asks."""
        before = len(self.requests)
        await until(lambda: self.last == who and len(self.requests) > before, f"asked by {who}")


class Proxy:
    """A line to the broker that can be cut without a word, mended, and reset."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._whole = asyncio.Event()
        self._whole.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Let nothing through, and say nothing of it."""
        self._whole.clear()

    def mend(self) -> None:
        """Let through what was held back, and all that follows."""
        self._whole.set()

    def reset(self) -> None:
        """Break all connections."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            await self._whole.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(far_writer)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._carry(reader, far_writer))
                tasks.create_task(self._carry(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
            self._writers.discard(writer)


@contextlib.asynccontextmanager
async def proxy(target: int) -> AsyncGenerator[Proxy]:
    line = Proxy(target)
    await line.start()
    try:
        yield line
    finally:
        await line.stop()


class Service:
    """A driver service in a process of its own."""

    def __init__(
        self,
        id: str,
        url: str,
        folder: Path,
        port: int,
        keepalive: int = 2,
        heartbeat: int = 2,
        **device: Any,
    ) -> None:
        self.id = id
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.settings = folder / f"{id}.toml"
        self.ends = False  # whether it was told to
        table = {
            "driver": "snmp",
            "port": f"127.0.0.1:{port}",
            "mibs": "ietf",
            "snmp_version": "v2c",
            "community": id,
            "standby": True,
            **device,
        }
        rows = [f"{key} = {json.dumps(value)}" for key, value in table.items() if value is not None]
        head = [
            "[bus]",
            f'broker = "{url}"',
            f"keepalive = {keepalive}",
            "[driver]",
            f'id = "{id}"',
            f"heartbeat = {heartbeat}",
            "poll_interval = 0.1",
            f"[devices.{DEVICE}]",
        ]
        self.settings.write_text("\n".join([*head, *rows]) + "\n")

    async def start(self) -> None:
        log = (self._folder / f"{self.id}.log").open("ab")
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.driver", "--config", str(self.settings)),
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parent.parent,
        )
        log.close()

    @property
    def log(self) -> str:
        return (self._folder / f"{self.id}.log").read_text()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it is still there."""
        assert self._process
        if self._process.returncode is None:
            os.kill(self._process.pid, number)

    async def ended(self) -> int:
        assert self._process
        async with asyncio.timeout(TIMEOUT):
            return await self._process.wait()

    async def kill(self) -> None:
        self.send(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> None:
        """End in good order."""
        self.send(signal.SIGTERM)
        assert await self.ended() == 0

    async def end(self) -> None:
        if self._process and self._process.returncode is None:
            self.send(signal.SIGKILL)
            await self._process.wait()


@contextlib.asynccontextmanager
async def services(*all_of_them: Service) -> AsyncGenerator[None]:
    """Start these one after the other in the block; those that are left at its end are killed."""
    try:
        yield
    finally:
        for service in all_of_them:
            await service.end()


async def until(condition: Any, what: str) -> None:
    try:
        async with asyncio.timeout(TIMEOUT):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never {what}") from None
