"""A list that was begun is finished: readers that are slow, devices that go, settings, SIGTERM.

The client reads little by little from a small buffer, so that most of a list waits in the gateway.
"""

import asyncio
import contextlib
import signal
import socket
import ssl
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.gateway import gateway as service
from shared.messages import Availability
from tests.brokers import Mosquitto
from tests.integration.gateways import TIMEOUT, NutClient, ask, playing, serving, until
from tests.integration.test_gateway_tls import Certificates, certificates, trusting
from tests.ports import free_port
from tests.realnut import Scripted

__all__ = ["certificates"]  # a fixture
pytestmark = pytest.mark.integration

VARIABLES = 1500
PDU = Scripted(
    (
        'SETINFO ups.status "OL"',
        *(f'SETINFO outlet.{n}.desc "socket {n}, a long description"' for n in range(VARIABLES)),
    )
)
LISTS = 120  # of about 100 kB: more than the buffers of the kernel take
WHOLE = VARIABLES + 3
BUFFER = 4096
STEP = 1 << 20


class SlowReader:
    """A client that has asked for lists and reads only when it is told to."""

    def __init__(self, connection: socket.socket, lists: int) -> None:
        self.connection = connection
        self.lists = lists
        self.read = bytearray()
        self.is_at_end = False

    async def take(self, size: int = STEP) -> None:
        """Read so much, or up to the end."""
        loop, left = asyncio.get_running_loop(), size
        async with asyncio.timeout(TIMEOUT):
            while left > 0 and not self.is_at_end:
                data = await loop.sock_recv(self.connection, min(left, 65536))
                self.is_at_end = not data
                self.read += data
                left -= len(data)

    async def take_all(self) -> None:
        """Read up to the end of the connection."""
        while not self.is_at_end:
            await self.take()

    @property
    def finished(self) -> int:
        """Count the lists that were read; each must be whole, and so must the last."""
        lines = self.read.decode().split("\n")
        assert lines.pop() == ""
        assert len(lines) % WHOLE == 0, f"{len(lines) % WHOLE} lines of a list"
        for first in range(0, len(lines), WHOLE):
            assert lines[first] == "BEGIN LIST VAR pdu"
            assert lines[first + WHOLE - 1] == "END LIST VAR pdu"
        return len(lines) // WHOLE


@contextlib.asynccontextmanager
async def slow_reader(
    port: int, lists: int = LISTS, before: bytes = b""
) -> AsyncGenerator[SlowReader]:
    """Ask for lists after something else, and read the first bytes of the replies."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.sock_sendall(connection, before + b"LIST VAR pdu\n" * lists)
        reader = SlowReader(connection, lists)
        await reader.take(1000)
        await take_turns(port)
        yield reader


async def take_turns(port: int) -> None:
    """Wait until the gateway has said to everybody what it can: about a list in each turn."""
    async with await NutClient.connect(port) as client:
        for _ in range(LISTS):
            assert await client.ask("NETVER") == "1.3"


async def test_who_reads_slowly_for_longer_than_the_idle_timeout_gets_all(broker: Mosquitto):
    """The gateway counts what is read, not only what is asked."""
    async with (
        playing(broker, {"pdu": PDU}),
        serving(broker, idle_timeout=2.0) as server,
        slow_reader(server.port) as reader,
    ):
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while len(reader.read) < 100_000 * LISTS and loop.time() - begun < 8.0:
            await reader.take()
            await asyncio.sleep(0.7)  # this is the slowness
        await reader.take_all()
        assert reader.finished == LISTS
        assert loop.time() - begun > 4.0


async def test_who_reads_nothing_at_all_is_dropped_after_the_idle_timeout(broker: Mosquitto):
    login = b"USERNAME watch\nPASSWORD watch\nLOGIN pdu\n"
    async with (
        playing(broker, {"pdu": PDU}),
        serving(broker, idle_timeout=3.0) as server,
        slow_reader(server.port, before=login) as reader,
    ):
        for logins in (1, 0):

            async def is_counted(logins: int = logins) -> bool:
                return await ask(server.port, "GET NUMLOGINS pdu") == f"NUMLOGINS pdu {logins}"

            await until(is_counted)
        with contextlib.suppress(ConnectionError):
            await reader.take_all()
        assert len(reader.read) < 100_000 * LISTS


async def test_an_idle_client_gets_the_last_list_to_its_end(broker: Mosquitto):
    """Here the list waits in the kernel: it is idle for the gateway, and is hung up on."""
    async with (
        playing(broker, {"pdu": PDU}),
        serving(broker, idle_timeout=1.0) as server,
        slow_reader(server.port, lists=1) as reader,
    ):
        await asyncio.sleep(3.0)  # longer than the idle timeout, which is what is tested
        await reader.take_all()
        assert reader.finished == 1


@pytest.mark.parametrize("event", ["stale", "gone", "another value", "settings"])
async def test_what_happens_to_the_device_or_the_settings_does_not_cut_a_list(
    broker: Mosquitto, event: str
):
    async with (
        playing(broker, {"pdu": PDU}) as scripted,
        serving(broker, idle_timeout=60.0) as server,
        slow_reader(server.port, lists=20) as reader,
    ):
        answer = "ERR DATA-STALE"
        match event:
            case "stale":
                await scripted.declare("pdu", Availability.STALE)
            case "gone":
                await scripted.declare("pdu", Availability.OFFLINE)
                answer = "ERR DRIVER-NOT-CONNECTED"
            case "another value":
                await scripted.change("pdu", "ups.status", "OB")
                answer = 'VAR pdu ups.status "OB"'
            case "settings":
                port = free_port()
                server.reload(listen=[f"127.0.0.1:{port}"], aliases={"pdu": "ups"})
                server.port, answer = port, "ERR UNKNOWN-UPS"

        async def is_known() -> bool:
            try:
                return await ask(server.port, "GET VAR pdu ups.status") == answer
            except ConnectionError:
                return False

        await until(is_known)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(reader.connection, b"LOGOUT\n")
        await reader.take_all()
        rest = reader.read.rpartition(b"END LIST VAR pdu\n")[2]
        del reader.read[len(reader.read) - len(rest) :]
        answered = reader.finished
        refusals = rest.decode().splitlines()
        assert refusals.pop() == "OK Goodbye"
        assert answered + len(refusals) == 20
        assert set(refusals) <= {answer}


async def test_the_end_of_the_gateway_waits_for_who_reads_and_not_for_who_does_not(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(service, "FAREWELL", 5.0)
    async with (
        playing(broker, {"pdu": PDU}),
        serving(broker) as server,
        slow_reader(server.port, lists=1) as last,
        slow_reader(server.port) as reader,
        slow_reader(server.port) as sleeper,
    ):
        server.task.cancel()
        await reader.take_all()
        assert 0 < reader.finished < LISTS  # what had not been answered yet was not begun
        await last.take_all()
        assert last.finished == 1
        async with asyncio.timeout(TIMEOUT):
            await asyncio.wait([server.task])
        with contextlib.suppress(ConnectionError):
            await sleeper.take_all()


@contextlib.asynccontextmanager
async def process(
    broker: Mosquitto, folder: Path, port: int, settings: str = ""
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run the gateway as a process, on uvloop, until it is ready; it must end well by itself."""
    file, log = folder / "nutbus.toml", folder / "log"
    file.write_text(
        f'[bus]\nbroker = "{broker.url}"\n[gateway]\nlisten = ["127.0.0.1:{port}"]\n{settings}'
    )
    with log.open("wb") as stderr:
        gateway = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.gateway", "--config", str(file)), stderr=stderr
        )

    async def is_ready() -> bool:
        try:
            return (await ask(port, "GET VAR pdu ups.status")).startswith("VAR")
        except ConnectionError:
            return False

    try:
        await until(is_ready)
        yield gateway
        async with asyncio.timeout(TIMEOUT):
            assert await gateway.wait() == 0, log.read_text()
    finally:
        if gateway.returncode is None:
            gateway.kill()
            await gateway.wait()


async def test_sigterm_ends_the_real_process_after_the_list(broker: Mosquitto, tmp_path: Path):
    port = free_port()
    async with (
        playing(broker, {"pdu": PDU}),
        process(broker, tmp_path, port) as gateway,
        slow_reader(port) as reader,
    ):
        gateway.send_signal(signal.SIGTERM)
        await until(lambda: is_refused(port))
        await reader.take_all()
        assert 0 < reader.finished < LISTS


async def test_sigterm_does_not_cut_an_encrypted_list(
    broker: Mosquitto, tmp_path: Path, certificates: Certificates
):
    port = free_port()
    async with (
        playing(broker, {"pdu": PDU}),
        process(
            broker, tmp_path, port, f'certificate_file = "{certificates["both"]}"\n'
        ) as gateway,
    ):
        trusted = trusting(certificates)
        reader = await asyncio.to_thread(encrypted_reader, port, trusted)
        with reader.connection:
            await take_turns(port)
            gateway.send_signal(signal.SIGTERM)
            await until(lambda: is_refused(port))
            await asyncio.to_thread(take_encrypted, reader)
            assert 0 < reader.finished < LISTS


def encrypted_reader(port: int, trusted: ssl.SSLContext) -> SlowReader:
    """Do as `slow_reader`, encrypted."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    plain.settimeout(TIMEOUT)
    plain.connect(("127.0.0.1", port))
    plain.sendall(b"STARTTLS\n")
    assert plain.recv(100) == b"OK STARTTLS\n"
    connection = trusted.wrap_socket(plain, server_hostname="localhost")
    connection.sendall(b"LIST VAR pdu\n" * LISTS)
    reader = SlowReader(connection, LISTS)
    reader.read += connection.recv(1000)
    return reader


def take_encrypted(reader: SlowReader) -> None:
    while data := reader.connection.recv(65536):
        reader.read += data


async def is_refused(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return False
