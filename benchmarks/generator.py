"""The load generator: a process of its own that asks a NUT server as fast as it answers.

It knows nothing of either server. Replies are counted by their length, which is that of the first
one, so that a request costs this process as little as Python can: one read and one write.
`python -m benchmarks.generator` takes a `Load` as JSON on standard input and prints a `Rate`.
"""

import itertools
import json
import os
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

READ_SIZE = 8 * 1024  # a larger buffer costs more than the request
SILENCE = 5.0  # seconds after which a server that says nothing is given up
START_AND_END = 30.0  # seconds on top of the measured ones

clock = time.perf_counter


class Cores(StrEnum):
    """Where server and generator run: left to itself the kernel settles on one or the other."""

    SHARED = "shared"
    APART = "apart"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask of whom; `requests` are asked in turn and all have replies of one length.

    A LIST ends with its END line, everything else is one line. `server` is the process whose use
    of the processor is told. Each of `clients` keeps `in_flight` requests unanswered; `idle` more
    are connected and say nothing.
    """

    port: int
    server: int
    requests: tuple[str, ...]
    clients: int = 1
    in_flight: int = 1
    idle: int = 0
    warm_up: float = 0.5
    seconds: float = 1.5
    cores: str = Cores.FREE


@dataclass(frozen=True, slots=True)
class Rate:
    """Replies in a second, and how busy server and generator were: 1.0 is one core."""

    per_second: float
    server: float
    generator: float


def measure(load: Load) -> Rate:
    """Run the generator as a process and return what it saw; RuntimeError if it failed."""
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks.generator"),
        input=json.dumps(asdict(load)),
        capture_output=True,
        text=True,
        check=False,
        timeout=load.warm_up + load.seconds + START_AND_END,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed:\n{done.stderr}")
    return Rate(**json.loads(done.stdout))


@dataclass(slots=True)
class Tape:
    """All requests in their order, again and again; `take` cuts the next few from one text."""

    text: bytes
    starts: list[int]
    next: int = 0

    @classmethod
    def of(cls, requests: tuple[str, ...], most: int) -> "Tape":
        """Prepare for taking at most `most` requests at a time."""
        lines = [request.encode() + b"\n" for request in requests]
        laid = list(itertools.islice(itertools.cycle(lines), len(lines) + most))
        starts = [0, *itertools.accumulate(map(len, laid))]
        return cls(b"".join(laid), starts)

    def take(self, count: int, period: int) -> bytes:
        """Return the next requests; `period` is how many different ones there are."""
        first = self.next
        self.next = (first + count) % period
        return self.text[self.starts[first] : self.starts[first + count]]


def run(load: Load) -> Rate:
    """Put the load on the server."""
    with _placed(load):
        return _run(load)


def _run(load: Load) -> Rate:
    idle = [_connected(load.port) for _ in range(load.idle)]
    lines = [_connected(load.port) for _ in range(load.clients)]
    length = _reply_length(lines[0], load.requests)
    ask = _ask_alone if load.clients == 1 and load.in_flight == 1 else _ask_many
    work = ask(load, lines, length)
    work(load.warm_up)
    began, used, used_there = clock(), _own_seconds(), processor_seconds(load.server)
    replies = work(load.seconds)
    lasted = clock() - began
    rate = Rate(
        replies / lasted,
        (processor_seconds(load.server) - used_there) / lasted,
        (_own_seconds() - used) / lasted,
    )
    for line in (*lines, *idle):
        line.close()
    return rate


def processor_seconds(process: int) -> float:
    """Return how long a process has used a processor."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _placed(load: Load) -> Generator[None]:
    allowed = os.sched_getaffinity(0)
    first, *others = sorted(allowed)
    if load.cores != Cores.FREE:
        os.sched_setaffinity(load.server, {first})
        os.sched_setaffinity(0, {others[0] if others and load.cores == Cores.APART else first})
    try:
        yield
    finally:
        os.sched_setaffinity(load.server, allowed)


def _ask_alone(load: Load, lines: list[socket.socket], length: int) -> Callable[[float], int]:
    """Ask one after the other on one connection, waiting for each reply."""
    descriptor = lines[0].fileno()
    requests = itertools.cycle([request.encode() + b"\n" for request in load.requests])

    def work(seconds: float) -> int:
        read, write, replies = os.read, os.write, 0
        end = clock() + seconds
        while clock() < end:
            write(descriptor, next(requests))
            got = 0
            while got < length:
                got += len(read(descriptor, READ_SIZE)) or _hung_up()
            replies += 1
        return replies

    lines[0].setblocking(True)
    return work


def _ask_many(load: Load, lines: list[socket.socket], length: int) -> Callable[[float], int]:
    """Ask on many connections, a new request for each reply."""
    tape, period = Tape.of(load.requests, load.in_flight), len(load.requests)
    descriptors = [line.fileno() for line in lines]
    partial = dict.fromkeys(descriptors, 0)
    poller = select.epoll()
    for descriptor in descriptors:
        poller.register(descriptor, select.EPOLLIN)
        os.write(descriptor, tape.take(load.in_flight, period))

    def work(seconds: float) -> int:
        read, write, poll, take, replies = os.read, os.write, poller.poll, tape.take, 0
        end = clock() + seconds
        while clock() < end:
            events = poll(SILENCE) or _silent()
            for descriptor, _ in events:
                got = partial[descriptor] + (len(read(descriptor, READ_SIZE)) or _hung_up())
                if got < length:
                    partial[descriptor] = got
                    continue
                done, partial[descriptor] = divmod(got, length)
                replies += done
                write(descriptor, take(done, period))
        return replies

    return work


def _connected(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=SILENCE)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.sendall(b"VER\n")  # upsd's backlog is short: go on when it has accepted
    line.recv(READ_SIZE)
    return line


def _reply_length(line: socket.socket, requests: tuple[str, ...]) -> int:
    """Ask everything once and return the length that all replies have."""
    lengths = {len(_reply(line, request)) for request in requests}
    if len(lengths) > 1:
        raise RuntimeError(f"the replies have different lengths: {sorted(lengths)}")
    return lengths.pop()


def _reply(line: socket.socket, request: str) -> bytes:
    line.sendall(request.encode() + b"\n")
    end = f"END {request}\n".encode() if request.startswith("LIST") else b"\n"
    reply = b""
    while not reply.endswith(end):
        reply += line.recv(READ_SIZE) or bytes(_hung_up())
        if reply.startswith(b"ERR"):
            raise RuntimeError(f"{request}: {reply.decode()}")
    return reply


def _own_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _hung_up() -> int:
    raise RuntimeError("the server hung up")


def _silent() -> list[tuple[int, int]]:
    raise RuntimeError(f"the server said nothing for {SILENCE:.0f} s")


if __name__ == "__main__":
    asked = json.loads(sys.stdin.read())
    print(json.dumps(asdict(run(Load(**{**asked, "requests": tuple(asked["requests"])})))))
