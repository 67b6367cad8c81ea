"""Real brokers for tests: on loopback, each of its test's own, to be stopped and restarted."""

import asyncio
import base64
import contextlib
import hashlib
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import SecretStr

from services.broker.app import serving
from services.broker.server import BrokerServer
from services.broker.settings import BrokerSettings, BrokerUser
from tests.ports import free_port

START_TIMEOUT = 40.0
STOP_TIMEOUT = 30.0
REACHABLE_INTERVAL = 0.01
# NATS refuses a filter when this, times two for one that ends in #, summed over all filters of a
# connection, exceeds 65535; so its default of 1024 lets a client have 31 of them.
NATS_ACK_PENDING = 50
DEBIAN_FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")


def find_program(name: str, package: str) -> str:
    """Return the path of an installed program, or fail naming its Debian package."""
    path = shutil.which(name) or shutil.which(name, path=":".join(DEBIAN_FOLDERS))
    if path is None:
        raise AssertionError(f"these tests need the program {name}: apt-get install {package}")
    return path


@dataclass(frozen=True, slots=True)
class Login:
    """The one user a broker is told to accept; without one it accepts everybody."""

    username: str
    password: str


class TestBroker(ABC):
    """A broker on a port of its own with its data in `directory`, both kept over a restart."""

    __test__ = False

    def __init__(self, directory: Path, *, port: int = 0, login: Login | None = None) -> None:
        self.directory = directory
        self.port = port or free_port()
        self.login = login

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @abstractmethod
    async def start(self) -> None:
        """Start, and return when an MQTT client can connect."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop in good order; return when the port is free. Nothing happens if not running."""

    @abstractmethod
    async def kill(self) -> None:
        """Die at once without a word to the clients."""


class ProgramBroker(TestBroker):
    """A broker that is a program with a settings file."""

    package: str
    program: str

    def __init__(self, directory: Path, *, port: int = 0, login: Login | None = None) -> None:
        super().__init__(directory, port=port, login=login)
        self._process: asyncio.subprocess.Process | None = None

    @abstractmethod
    def command(self) -> tuple[str, ...]:
        """Write the settings file and return the arguments of the program."""

    async def start(self) -> None:
        program = find_program(self.program, self.package)
        with self._log_path.open("ab") as log:
            self._process = await self._spawn(program, log)
        await until_accepting(self.port, self.login, self._check_alive)

    async def _spawn(self, program: str, log: IO[bytes]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            program, *self.command(), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )

    async def stop(self) -> None:
        await self._end(lambda process: process.terminate())

    async def kill(self) -> None:
        await self._end(lambda process: process.kill())

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log_path.read_text(errors="replace")

    @property
    def _log_path(self) -> Path:
        return self.directory / f"{self.program}.log"

    def _check_alive(self) -> None:
        assert self._process is not None
        if self._process.returncode is not None:
            raise AssertionError(f"{self.program} ended at its start:\n{self.log}")

    async def _end(self, how: Callable[[asyncio.subprocess.Process], None]) -> None:
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            how(process)
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        self._process = None  # only now: who is cancelled before this can stop it again


class Mosquitto(ProgramBroker):
    """Eclipse Mosquitto, with the limits that the bus contract asks for."""

    program = "mosquitto"
    package = "mosquitto"

    def command(self) -> tuple[str, ...]:
        settings = self.directory / "mosquitto.conf"
        lines = [
            "user root",  # counts only when started by root: else it could not read `directory`
            f"listener {self.port} 127.0.0.1",
            "max_queued_messages 0",
            "max_inflight_messages 0",
            "persistence true",
            f"persistence_location {self.directory}/",
            *self._access(),
        ]
        settings.write_text("\n".join(lines) + "\n")
        return ("-c", str(settings))

    def _access(self) -> tuple[str, ...]:
        if self.login is None:
            return ("allow_anonymous true",)
        passwords = self.directory / "mosquitto.passwords"
        passwords.write_text(mosquitto_password_line(self.login))
        passwords.chmod(0o600)
        return ("allow_anonymous false", f"password_file {passwords}")


class Nats(ProgramBroker):
    """A single NATS server with JetStream and its MQTT listener."""

    program = "nats-server"
    package = "nats-server"

    def command(self) -> tuple[str, ...]:
        settings = self.directory / "nats.conf"
        access = (
            f'authorization {{ user: "{self.login.username}", password: "{self.login.password}" }}'
            if self.login
            else ""
        )
        settings.write_text(
            f"""
            server_name: nutbus-test
            host: 127.0.0.1
            port: -1
            jetstream {{ store_dir: "{self.directory / "jetstream"}" }}
            mqtt {{ host: 127.0.0.1, port: {self.port}, max_ack_pending: {NATS_ACK_PENDING} }}
            {access}
            """
        )
        return ("-c", str(settings))


class Embedded(TestBroker):
    """The broker service of this project, in the event loop of the test."""

    def __init__(self, directory: Path, *, port: int = 0, login: Login | None = None) -> None:
        super().__init__(directory, port=port, login=login)
        self.server: BrokerServer | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def settings(self) -> BrokerSettings:
        login = self.login
        users = {login.username: BrokerUser(password=SecretStr(login.password))} if login else {}
        return BrokerSettings(listen=[f"127.0.0.1:{self.port}"], users=users)

    async def start(self) -> None:
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._serve(ready))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait((self._task, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait({task})  # to await it would swallow a cancellation of our caller
        if not task.cancelled():
            task.result()

    async def kill(self) -> None:
        if self.server is not None:
            self.server.abort()
        await self.stop()

    async def _serve(self, ready: asyncio.Event) -> None:
        async with serving(self.settings) as self.server:
            ready.set()
            await asyncio.Event().wait()


async def until_accepting(port: int, login: Login | None, check: Callable[[], None]) -> None:
    """Wait until an MQTT client is let in at `port`; `check` raises when there is no hope."""
    async with asyncio.timeout(START_TIMEOUT):
        while not await _is_accepting(port, login):
            check()
            await asyncio.sleep(REACHABLE_INTERVAL)


async def _is_accepting(port: int, login: Login | None) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(connect_packet("is-it-up", login))
        answer = await reader.readexactly(4)
        writer.write(b"\xe0\x00")  # DISCONNECT
        await writer.drain()
    except (OSError, EOFError):
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return answer == b"\x20\x02\x00\x00"  # CONNACK, accepted


def connect_packet(client: str, login: Login | None = None, keep_alive: int = 60) -> bytes:
    """Return an MQTT 3.1.1 CONNECT with a clean session."""
    texts = [client] + ([login.username, login.password] if login else [])
    flags = 0x02 | (0xC0 if login else 0)
    body = b"\x00\x04MQTT\x04" + bytes((flags,)) + keep_alive.to_bytes(2, "big")
    body += b"".join(len(text.encode()).to_bytes(2, "big") + text.encode() for text in texts)
    assert len(body) < 128
    return bytes((0x10, len(body))) + body


def mosquitto_password_line(login: Login) -> str:
    """Return a line of a Mosquitto password file, as mosquitto_passwd(1) writes it."""
    salt, rounds = b"nutbus-tests", 101
    digest = hashlib.pbkdf2_hmac("sha512", login.password.encode(), salt, rounds)
    parts = (base64.b64encode(part).decode() for part in (salt, digest))
    salted, hashed = parts
    return f"{login.username}:$7${rounds}${salted}${hashed}\n"
