"""How long it takes from a change until a NUT client reads it."""

import random
import socket
import time
from collections.abc import Callable, Iterator

from benchmarks import mqttframes, nutbus, upsd
from benchmarks.programs import running
from benchmarks.progress import say
from benchmarks.report import Table, limit_row, percentile
from benchmarks.served import names
from shared.topics import DeviceTopic, Topics

CHANGES = 300
LONGEST_PAUSE = 0.04  # between two changes, at random, so that no cycle is met at one point only
GIVE_UP = 10.0
LIMIT_MS = 20.0
VARIABLE = "battery.charge"

Change = Callable[[str], None]


def delay() -> Iterator[Table]:
    """Measure both servers with a real driver of a dummy device behind them."""
    device = names(1)[0]
    with running() as programs:
        server = upsd.start_with_dummy(programs)
        with _logged_in(server.port, upsd.USER, upsd.PASSWORD) as writer:
            theirs = _delays(server.port, device, _by_nut(writer, device), "upsd, by SET VAR")
    with running() as programs:
        server, broker = nutbus.start_with_dummy(programs)
        with _logged_in(server.port, nutbus.USER, nutbus.PASSWORD) as writer:
            ours = _delays(server.port, device, _by_nut(writer, device), "nutbus, by SET VAR")
        with mqttframes.connected(broker) as line:
            bus = _delays(server.port, device, _by_bus(line, device), "nutbus, by MQTT")
    header = ("milliseconds until it is read", "upsd", "nutbus", "to reach", "reached")
    rows = (*_rows("set on the bus", None, bus), *_rows("SET VAR by a client", theirs, ours))
    yield Table(f"From a change to a client that reads it ({CHANGES} changes each)", header, rows)


def _rows(how: str, theirs: list[float] | None, ours: list[float]) -> Iterator[tuple[str, ...]]:
    for name, percent, most in (("p50", 50, None), ("p99", 99, LIMIT_MS), ("worst", 100, None)):
        there = percentile(theirs, percent) if theirs else None
        yield limit_row(f"{how}: {name}", there, percentile(ours, percent), most)


def _delays(port: int, device: str, change: Change, what: str) -> list[float]:
    """Change a variable again and again; return the milliseconds until a client read each."""
    question = f"GET VAR {device} {VARIABLE}\n".encode()
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=GIVE_UP) as reader:
        reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(CHANGES):
            time.sleep(random.uniform(0, LONGEST_PAUSE))
            value = str(number % 90 + 10)
            expected = f'"{value}"\n'.encode()
            began = time.perf_counter()
            change(value)
            while not _asked(reader, question).endswith(expected):
                if time.perf_counter() - began > GIVE_UP:
                    raise RuntimeError(f"{what}: {VARIABLE} did not become {value}")
            found.append((time.perf_counter() - began) * 1000)
    say(f"{what}: p99 {percentile(found, 99):.1f} ms until a client read it")
    return found


def _by_nut(writer: socket.socket, device: str) -> Change:
    """Change by another NUT client; its OK is read before the next change."""
    unread = False

    def change(value: str) -> None:
        nonlocal unread
        if unread:
            _expect_ok(_reply(writer))
        writer.sendall(f'SET VAR {device} {VARIABLE} "{value}"\n'.encode())
        unread = True

    return change


def _by_bus(line: socket.socket, device: str) -> Change:
    topic = Topics().device(device, DeviceTopic.SET, VARIABLE)
    return lambda value: line.sendall(mqttframes.publish(topic, value.encode()))


def _logged_in(port: int, user: str, password: str) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=GIVE_UP)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for request in (f"USERNAME {user}", f"PASSWORD {password}"):
        _expect_ok(_asked(line, request.encode() + b"\n"))
    return line


def _asked(line: socket.socket, request: bytes) -> bytes:
    line.sendall(request)
    return _reply(line)


def _reply(line: socket.socket) -> bytes:
    reply = b""
    while not reply.endswith(b"\n"):
        data = line.recv(4096)
        if not data:
            raise RuntimeError("the server hung up")
        reply += data
    return reply


def _expect_ok(reply: bytes) -> None:
    if not reply.startswith(b"OK"):
        raise RuntimeError(f"the server said {reply!r}")
