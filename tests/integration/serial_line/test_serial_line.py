"""Serial lines on pseudo-terminals, on sockets and behind RFC 2217, in both event loops."""

import asyncio
import fcntl
import os
import pwd
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.driver.transports import socketport, stream
from services.driver.transports.serial import ModemLines, SerialLine, SerialSettings, check_port
from shared.errors import DeviceError, SettingsError
from tests.simulators.rfc2217 import Server, serving

pytestmark = pytest.mark.integration

TIMEOUT = 30.0
Q1 = b"(226.0 195.0 226.0 014 49.0 27.5 30.0 00001000\r"


@pytest.fixture(autouse=True)
async def in_time():
    """Let no test hang, and none leave a descriptor or a thread behind."""
    before = _descriptors()
    yield
    async with asyncio.timeout(TIMEOUT):
        while _descriptors() > before or _threads():
            await asyncio.sleep(0.01)


def _descriptors() -> int:
    """Count them, save the one that uvloop keeps in reserve."""
    found = Path("/proc/self/fd").iterdir()
    return sum(each.exists() and not each.samefile("/dev/null") for each in found)


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("line ")]


class Peer:
    """The other end of a line; the test says what it does."""

    def __init__(self, where: str, say: Callable[[bytes], object], pull: Callable[[], object]):
        self.where = where
        self.say = say
        self.pull = pull  # the cable
        self.heard = bytearray()
        self.answers: dict[bytes, bytes] = {b"Q1\r": Q1}

    def hear(self, data: bytes) -> bytes:
        self.heard += data
        request = bytes(self.heard)
        if request in self.answers:
            self.heard.clear()
            return self.answers[request]
        return b""

    async def has_heard(self, data: bytes) -> None:
        async with asyncio.timeout(TIMEOUT):
            while bytes(self.heard) != data:
                await asyncio.sleep(0.001)


@asynccontextmanager
async def on_terminal(*, is_deaf: bool = False) -> AsyncGenerator[Peer]:
    ours, theirs = os.openpty()
    os.set_blocking(ours, False)
    loop = asyncio.get_running_loop()
    is_pulled = False

    def pull() -> None:
        nonlocal is_pulled
        if not is_pulled:
            is_pulled = True
            loop.remove_reader(ours)
            os.close(ours)

    peer = Peer(os.ttyname(theirs), lambda data: os.write(ours, data), pull)

    def readable() -> None:
        try:
            data = os.read(ours, 4096)
        except OSError:  # nobody has the other end open
            return
        if answer := peer.hear(data):
            os.write(ours, answer)

    if not is_deaf:
        loop.add_reader(ours, readable)
    try:
        yield peer
    finally:
        pull()
        os.close(theirs)


@asynccontextmanager
async def on_socket() -> AsyncGenerator[Peer]:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            while data := await reader.read(4096):
                writer.write(peer.hear(data))
        except OSError:
            pass
        finally:
            writer.close()

    def say(data: bytes) -> None:
        for writer in writers:
            writer.write(data)

    def pull() -> None:
        for writer in writers:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    peer = Peer(f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}", say, pull)
    async with server:
        yield peer
        pull()


@asynccontextmanager
async def behind_rfc2217() -> AsyncGenerator[Peer]:
    async with serving() as server:
        peer = Peer(server.url, server.say, server.hang_up)
        server.answer = peer.hear
        yield peer


KINDS = {"terminal": on_terminal, "socket": on_socket, "rfc2217": behind_rfc2217}


@pytest.fixture(name="peer", params=KINDS)
async def a_peer(request):
    async with KINDS[request.param]() as peer:
        yield peer


@pytest.fixture
async def line(peer):
    line = SerialLine(peer.where, SerialSettings())
    await line.open()
    yield line
    await line.close()


async def test_a_question_gets_its_whole_answer(line):
    for _ in range(20):
        assert await line.ask(b"Q1\r") == Q1


async def test_bytes_of_every_value_pass(peer, line):
    every = bytes(range(256))
    await line.write(every)
    await peer.has_heard(every)
    peer.say(every)
    assert await line.read(256, TIMEOUT) == every


async def test_silence_and_half_replies_are_told_apart(peer, line):
    with pytest.raises(DeviceError, match=f"{peer.where}: no reply to b'X.r' in 0.05 s"):
        await line.ask(b"X\r", within=0.05)
    await peer.has_heard(b"X\r")
    peer.heard.clear()
    peer.answers[b"Y\r"] = b"(226.0"
    with pytest.raises(DeviceError, match=r"the reply to b'Y.r' was cut short in 0.6 s: b'.226.0'"):
        await line.ask(b"Y\r", within=0.6)


async def test_a_late_reply_is_not_taken_for_the_next_answer(peer, line):
    peer.say(b"(999.9\r(111")
    await line.has_input()
    assert await line.ask(b"Q1\r") == Q1


async def test_what_comes_after_a_reply_stays_for_the_next_read(peer, line):
    peer.say(b"one\rtwo\rth")
    assert await line.read_until(b"\r", TIMEOUT) == b"one\r"
    await line.has_input()
    assert await line.read_until(b"\r", TIMEOUT) == b"two\r"
    assert await line.drain() == b"th"
    assert await line.read(1, 0.01) == b""


async def test_an_endless_reply_is_refused(peer, line):
    await line.drain(quiet=0.01)
    peer.say(b"x" * 1000)
    for _ in range(3):
        await line.has_input()
        peer.say(b"x" * 1000)
    async with asyncio.timeout(TIMEOUT):
        reading = asyncio.create_task(line.read_until(b"\r", TIMEOUT))
        while not reading.done():
            peer.say(b"x" * 500)
            await asyncio.sleep(0.001)
    with pytest.raises(DeviceError, match="the reply was without an end"):
        await reading


async def test_a_line_that_never_falls_silent_is_given_up(peer, line):
    async with asyncio.timeout(TIMEOUT):
        draining = asyncio.create_task(line.drain(quiet=TIMEOUT))  # a busy machine is no silence
        while not draining.done():
            peer.say(b"noise" * 20)
            await asyncio.sleep(0.001)
    with pytest.raises(DeviceError, match="never falls silent"):
        await draining


async def test_a_device_that_floods_fills_no_memory(peer, line, monkeypatch):
    monkeypatch.setattr(stream, "MOST_KEPT", 8192)
    for _ in range(40):
        try:
            peer.say(b"f" * 1024)
        except BlockingIOError:
            break
        await asyncio.sleep(0.001)
    assert len(await line.read(1_000_000, 0.05)) < 8192 + 4096


async def test_a_cancelled_read_loses_nothing(peer, line):
    for cut in range(1, 12):
        reading = asyncio.create_task(line.read_until(b"\r", TIMEOUT))
        peer.say(b"(hello world"[:cut])
        await line.has_input()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        peer.say(b"(hello world\r"[cut:])
        assert await line.read_until(b"\r", TIMEOUT) == b"(hello world\r"


async def test_cancelling_at_any_moment_leaves_the_line_usable(peer, line):
    peer.answers[b"Q1\rQ1\r"] = Q1  # the cancelled question may be read with the next one
    for step in range(60):
        asking = asyncio.create_task(line.ask(b"Q1\r"))
        for _ in range(step % 15):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        await line.drain(quiet=0.005)
        peer.heard.clear()
        assert await line.ask(b"Q1\r") == Q1


async def test_closing_ends_a_read_at_once(peer, line):
    for call in (line.read_until(b"\r", 60.0), line.read(5, 60.0), line.drain(60.0, 60.0)):
        await line.open()
        reading = asyncio.create_task(call)
        await asyncio.sleep(0)
        await line.close()
        with pytest.raises(DeviceError, match="the line is closed"):
            await reading


async def test_waiting_for_input_ends_with_the_line(peer, line):
    waiting = asyncio.create_task(line.has_input())
    await asyncio.sleep(0)
    await line.close()
    async with asyncio.timeout(TIMEOUT):
        await waiting
    with pytest.raises(DeviceError, match="the line is closed"):
        await line.ask(b"Q1\r")


async def test_a_pulled_cable_is_noticed_at_once(peer, line):
    assert await line.ask(b"Q1\r") == Q1
    asking = asyncio.create_task(line.ask(b"silence\r", within=60.0))
    await peer.has_heard(b"silence\r")
    peer.pull()
    async with asyncio.timeout(TIMEOUT):
        with pytest.raises(DeviceError, match=f"{peer.where}: the device is gone"):
            await asking
        await line.has_input()
        with pytest.raises(DeviceError, match="is gone"):
            await line.ask(b"Q1\r")
        with pytest.raises(DeviceError, match="is gone"):
            await line.read(1, 60.0)


async def test_a_reply_that_came_before_the_cable_was_pulled_counts(peer, line):
    peer.say(b"(whole\r(hal")
    await line.has_input()
    peer.pull()
    assert await line.read_until(b"\r", TIMEOUT) == b"(whole\r"
    with pytest.raises(DeviceError, match="is gone"):
        await line.read_until(b"\r", TIMEOUT)


async def test_it_may_be_opened_and_closed_over_and_over(peer):
    line = SerialLine(peer.where, SerialSettings())
    for _ in range(10):
        await line.open()
        assert await line.ask(b"Q1\r") == Q1
        await line.close()
        await line.close()
        peer.heard.clear()


async def test_an_opening_that_is_cancelled_leaves_the_port_free(peer):
    for step in range(12):
        line = SerialLine(peer.where, SerialSettings())
        opening = asyncio.create_task(line.open())
        for _ in range(step):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait([opening])
        await line.close()
    async with asyncio.timeout(TIMEOUT):
        while True:  # the last one may still be closing, in its thread
            line = SerialLine(peer.where, SerialSettings())
            try:
                await line.open()
            except DeviceError:
                await asyncio.sleep(0.01)
            else:
                break
    peer.heard.clear()
    assert await line.ask(b"Q1\r") == Q1
    await line.close()


# Ports of this machine.


async def test_a_port_is_for_one_program_alone():
    async with on_terminal() as peer:
        first, second = (SerialLine(peer.where, SerialSettings()) for _ in range(2))
        await first.open()
        with pytest.raises(DeviceError) as error:
            await second.open()
        assert str(error.value) == f"{peer.where}: another program uses it"
        assert await first.ask(b"Q1\r") == Q1
        await first.close()
        await second.open()
        await second.close()


async def test_the_lock_is_the_one_that_nuts_drivers_respect():
    async with on_terminal() as peer:
        line = SerialLine(peer.where, SerialSettings())
        await line.open()
        descriptor = os.open(peer.where, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(descriptor)
        await line.close()


async def test_the_port_is_set_as_asked():
    async with on_terminal() as peer:
        settings = SerialSettings(baudrate=9600, bytesize=7, parity="E", stopbits=2, hang_up=False)
        line = SerialLine(peer.where, settings)
        await line.open()
        descriptor = os.open(peer.where, os.O_RDWR | os.O_NOCTTY)
        iflag, oflag, cflag, lflag, ispeed, ospeed, characters = termios.tcgetattr(descriptor)
        os.close(descriptor)
        assert ispeed == ospeed == termios.B9600
        assert cflag & termios.CSTOPB
        assert not cflag & (termios.HUPCL | termios.CRTSCTS)
        assert not iflag & (termios.IXON | termios.ICRNL | termios.INLCR | termios.ISTRIP)
        assert not oflag & termios.OPOST
        assert not lflag & (termios.ICANON | termios.ECHO | termios.ISIG)
        assert characters[termios.VMIN] in (1, b"\x01")
        await line.close()


async def test_a_terminal_without_modem_lines_says_so():
    async with on_terminal() as peer:
        line = SerialLine(peer.where, SerialSettings())
        await line.open()
        for call in (line.modem_lines(), line.set_modem_lines(dtr=True)):
            with pytest.raises(DeviceError, match=f"{peer.where}: it has no modem lines"):
                await call
        await line.close()


async def test_a_device_that_takes_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(stream, "WRITE_TIMEOUT", 0.1)
    async with on_terminal(is_deaf=True) as peer:
        line = SerialLine(peer.where, SerialSettings())
        await line.open()
        with pytest.raises(DeviceError, match="it takes no bytes"):
            await line.write(b"x" * 1_000_000)
        await line.close()


async def test_closing_ends_a_write_at_once():
    async with on_terminal(is_deaf=True) as peer:
        line = SerialLine(peer.where, SerialSettings())
        await line.open()
        writing = asyncio.create_task(line.write(b"x" * 1_000_000))
        await asyncio.sleep(0.01)
        await line.close()
        with pytest.raises(DeviceError, match="the line is closed"):
            await writing


@pytest.mark.parametrize(
    ("port", "reason"),
    [
        ("{folder}/nothing", "No such file or directory"),
        ("{folder}", "Is a directory"),
        ("{folder}/file", "it is no serial port, or nothing is behind it"),
        ("/dev/null", "it is no serial port, or nothing is behind it"),
    ],
)
async def test_what_is_no_serial_port_is_named(tmp_path, port, reason):
    (tmp_path / "file").write_text("")
    where = port.format(folder=tmp_path)
    with pytest.raises(DeviceError) as error:
        await SerialLine(where, SerialSettings()).open()
    assert str(error.value) == f"{where}: {reason}"


NOBODY = """\
import asyncio, grp, os, sys
from services.driver.transports.serial import SerialLine, SerialSettings
from shared.errors import DeviceError
os.setgroups([]), os.setgid(65534), os.setuid(int(sys.argv[2]))
try:
    asyncio.run(SerialLine(sys.argv[1], SerialSettings()).open())
except DeviceError as error:
    print(error)
"""


async def test_a_port_that_we_may_not_open_is_told_with_its_group():
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    async with on_terminal() as peer:
        await asyncio.to_thread(os.chmod, peer.where, 0o600)
        command = (sys.executable, "-c", NOBODY, peer.where, str(pwd.getpwnam("nobody").pw_uid))
        ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
        group = Path(peer.where).group()
        assert ended.stdout == f"{peer.where}: permission denied; its group is {group}\n", ended


async def test_a_wrong_setting_is_an_error_of_the_line():
    async with on_terminal() as peer:
        with pytest.raises(DeviceError):
            await SerialLine(peer.where, SerialSettings(parity="Q")).open()


@pytest.mark.parametrize(
    "port",
    [
        "/dev/ttyS0",
        "/dev/serial/by-id/usb-a b",
        "socket://host:4001",
        "socket://[::1]:4001/",
        "rfc2217://10.0.0.1:4001",
    ],
)
def test_ports_that_can_be(port):
    check_port(port)


@pytest.mark.parametrize(
    ("port", "reason"),
    [
        ("", "name the serial port, such as /dev/ttyUSB0"),
        ("auto", "name the serial port"),
        ("ttyS0", "write the whole path, such as /dev/ttyS0"),
        ("COM1", "write the whole path"),
        ("./ttyS0", "write the whole path"),
        ("http://host:1", "name a serial port, socket://host:port or rfc2217://host:port"),
        ("socket://host", "socket://host:port"),
        ("socket://:1", "socket://host:port"),
        ("socket://host:0", "socket://host:port"),
        ("socket://host:70000", "socket://host:port"),
        ("rfc2217://host:x", "socket://host:port"),
        ("rfc2217://host:1?logging=debug", "socket://host:port"),
        ("rfc2217://[::1:1", "socket://host:port"),
        ("loop://", "socket://host:port"),
    ],
)
def test_ports_that_cannot_be(port, reason):
    with pytest.raises(SettingsError, match=reason):
        SerialLine(port, SerialSettings())


@pytest.mark.parametrize("port", ["rfc2217://me:hush@host:1", "socket://hush@host:x"])
def test_a_login_in_a_port_is_refused_and_not_repeated(port):
    with pytest.raises(SettingsError, match=r"^port: name a serial port") as caught:
        check_port(port)
    assert "hush" not in str(caught.value)


# Sockets.


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
async def test_a_server_that_is_not_there_is_told(scheme, free_port):
    where = f"{scheme}://127.0.0.1:{free_port}"
    with pytest.raises(DeviceError, match=f"{where}: Connection refused"):
        await SerialLine(where, SerialSettings()).open()


async def test_a_socket_has_no_modem_lines():
    async with on_socket() as peer:
        line = SerialLine(peer.where, SerialSettings())
        await line.open()
        for call in (
            line.modem_lines(),
            line.set_modem_lines(rts=True),
            line.send_break(1),
            line.modem_change(ModemLines(False, False, False, False)),
        ):
            with pytest.raises(DeviceError, match="a socket has no modem lines; rfc2217:// has"):
                await call
        await line.close()


# RFC 2217.


@asynccontextmanager
async def remote(**settings: Any) -> AsyncGenerator[tuple[Server, SerialLine]]:
    async with serving() as server:
        line = SerialLine(server.url, SerialSettings(**settings))
        await line.open()
        try:
            yield server, line
        finally:
            await line.close()


async def test_the_remote_port_is_set_as_asked():
    async with remote(baudrate=1200, bytesize=7, parity="E", stopbits=2, dtr=False, rts=True) as (
        server,
        _,
    ):
        port = server.port
        assert (port.baudrate, port.bytesize, port.parity, port.stopbits) == (1200, 7, "E", 2)
        assert (port.dtr, port.rts) == (False, True)


async def test_each_modem_line_of_the_device_is_told():
    async with remote() as (server, line):
        for name in ("cts", "dsr", "cd", "ri"):
            server.set_lines(**{name: True})
            lines = await line.modem_lines()
            assert lines == ModemLines(**{"dcd" if name == "cd" else name: True} | _low(name))
            server.set_lines(**{name: False})


def _low(name: str) -> dict[str, bool]:
    own = "dcd" if name == "cd" else name
    return {other: False for other in ModemLines._fields if other != own}


async def test_a_change_of_the_modem_lines_is_told_by_itself():
    async with remote() as (server, line):
        known = await line.modem_lines()
        waiting = asyncio.create_task(line.modem_change(known))
        await asyncio.sleep(0)
        assert not waiting.done()
        server.set_lines(cts=True)
        async with asyncio.timeout(TIMEOUT):
            await waiting
        assert (await line.modem_lines()).cts


async def test_our_lines_and_the_break_are_driven():
    async with remote(dtr=True, rts=False) as (server, line):
        server.port.driven.clear()
        await line.set_modem_lines(dtr=False)
        await line.set_modem_lines(rts=True)
        await line.set_modem_lines()
        await line.send_break(0.01)
        assert server.port.driven == [
            ("dtr", False),
            ("rts", True),
            ("break_condition", True),
            ("break_condition", False),
        ]


async def test_a_break_that_is_cancelled_ends():
    async with remote() as (server, line):
        breaking = asyncio.create_task(line.send_break(60.0))
        async with asyncio.timeout(TIMEOUT):
            while not server.port.break_condition:
                await asyncio.sleep(0.001)
        breaking.cancel()
        await asyncio.wait([breaking])
        async with asyncio.timeout(TIMEOUT):
            while server.port.break_condition:
                await asyncio.sleep(0.001)


async def test_a_server_that_is_gone_gives_no_old_state():
    async with remote() as (server, line):
        server.set_lines(cts=True)
        assert (await line.modem_lines()).cts
        server.hang_up()
        for _ in range(2):
            with pytest.raises(DeviceError, match="the device is gone"):
                await line.modem_lines()


async def test_waiting_for_a_change_ends_with_the_server():
    async with remote() as (server, line):
        waiting = asyncio.create_task(line.modem_change(await line.modem_lines()))
        await asyncio.sleep(0)
        await server.stop()
        async with asyncio.timeout(TIMEOUT):
            with pytest.raises(DeviceError, match="the device is gone"):
                await waiting


async def test_a_server_that_hangs_gives_no_old_state(monkeypatch):
    async with remote() as (server, line):
        server.set_lines(cts=True)
        assert (await line.modem_lines()).cts
        monkeypatch.setattr(socketport, "ANSWER_TIMEOUT", 0.1)
        server.freeze()
        with pytest.raises(DeviceError, match=r"the RFC 2217 server does not answer \(baudrate\)"):
            await line.modem_lines()


async def test_a_server_that_speaks_no_rfc2217_is_refused(monkeypatch):
    monkeypatch.setattr(socketport, "ANSWER_TIMEOUT", 0.1)
    async with on_socket() as peer:
        line = SerialLine(peer.where.replace("socket", "rfc2217"), SerialSettings())
        with pytest.raises(DeviceError, match="the server does not speak RFC 2217"):
            await line.open()


async def test_a_server_that_refuses_the_speed_is_refused():
    async with serving() as server:
        server.port.fixed["baudrate"] = 9600
        with pytest.raises(DeviceError, match="the server answers 00002580 to baudrate 2400"):
            await SerialLine(server.url, SerialSettings(baudrate=2400)).open()


# Processes.

PROGRAM = """\
import asyncio, sys
import uvloop
from services.driver.transports.serial import SerialLine, SerialSettings

async def ask(where, path):
    line = SerialLine(where, SerialSettings())
    await line.open()
    try:
        while True:
            await line.ask(b"Q1\\r")
            with open(path, "a") as file:
                file.write("x")
            await line.has_input() if "silent" in path else None
    finally:
        await line.close()

async def run(where, path):
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ask(where, path))

def main(where, path):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        async def body():
            task, loop = asyncio.current_task(), asyncio.get_running_loop()
            loop.add_signal_handler(15, task.cancel)
            await run(where, path)
        try:
            runner.run(body())
        except asyncio.CancelledError:
            print("ended")

main(*sys.argv[1:])
"""


@pytest.mark.asyncio(loop_factories=["asyncio"])
@pytest.mark.parametrize("name", ["silent", "busy"])
async def test_a_signal_ends_a_program_at_any_moment(peer, tmp_path, name):
    path = tmp_path / name
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-c",
        PROGRAM,
        peer.where,
        str(path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    async with asyncio.timeout(TIMEOUT):
        while not path.exists():
            await asyncio.sleep(0.01)
        program.send_signal(signal.SIGTERM)
        said, complained = await program.communicate()
    assert (said, complained, program.returncode) == (b"ended\n", b"", 0)
