"""Watch a fleet from outside, each as a process of its own: its states, and the gateway's replies.

`python -m benchmarks.fleetwatcher hear` (or `ask`) takes a `Watch` as JSON on standard input and
prints a `Heard` (or an `Asked`).
"""

import json
import random
import socket
import sys
import time
from dataclasses import asdict, dataclass

from benchmarks import mqttframes
from benchmarks.report import percentile
from shared.topics import DeviceTopic, OfDevice, Topics

MISSED_AFTER = 3  # intervals without a state, as for every receiver on the bus
LONGEST_PAUSE = 0.02  # between two questions, at random, so that no cycle is met at one point only
READ_SIZE = 64 * 1024
SILENCE = 10.0
USUAL_LATENESS, WORST = 99, 100


@dataclass(frozen=True, slots=True)
class Watch:
    """What to watch: the broker, the gateway's port, the devices and for how many seconds."""

    broker: str
    port: int
    devices: list[str]
    interval: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Heard:
    """How many states came, of how many devices one was missed, and how late they were (s)."""

    states: int
    missed: int
    late_p99: float
    late_worst: float


@dataclass(frozen=True, slots=True)
class Asked:
    """How long the replies of the gateway took (ms), and which said that there is no data."""

    replies: int
    refusals: list[str]
    get_p99: float
    list_p99: float
    worst: float


def hear(watch: Watch) -> Heard:
    """Listen to all states; a device is late by what it is silent beyond the interval.

    It reads topics only, and leaves as much of the machine as it can to the fleet.
    """
    topics = Topics()
    last: dict[str, float] = {}
    gaps: list[float] = []
    longest = dict.fromkeys(watch.devices, 0.0)
    began = time.monotonic()

    def note(device: str, now: float) -> None:
        gap = now - last.get(device, began)
        longest[device] = max(longest[device], gap)
        if device in last:
            gaps.append(gap)
        last[device] = now

    with mqttframes.connected(watch.broker) as line:
        mqttframes.subscribe(line, topics.every_device(DeviceTopic.STATE))
        line.settimeout(watch.interval)
        rest = b""
        while (now := time.monotonic()) < began + watch.seconds:
            heard, rest = mqttframes.published(rest + line.recv(READ_SIZE))
            for topic, is_retained in heard:
                about = topics.parse(topic)
                if isinstance(about, OfDevice) and not is_retained:
                    note(about.device, now)
    states, ended = len(gaps) + len(last), time.monotonic()
    for device in watch.devices:
        longest[device] = max(longest[device], ended - last.get(device, began))
    late = [max(0.0, gap - watch.interval) for gap in gaps]
    return Heard(
        states=states,
        missed=sum(each > MISSED_AFTER * watch.interval for each in longest.values()),
        late_p99=percentile(late, USUAL_LATENESS),
        late_worst=percentile(late, WORST),
    )


def ask(watch: Watch) -> Asked:
    """Ask for one variable and for all of them in turn, of devices at random."""
    took: dict[str, list[float]] = {"GET": [], "LIST": []}
    refusals = []
    until = time.monotonic() + watch.seconds
    with socket.create_connection(("127.0.0.1", watch.port), timeout=SILENCE) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < until:
            for verb, end in (("GET", "\n"), ("LIST", "END LIST VAR {}\n")):
                time.sleep(random.uniform(0, LONGEST_PAUSE))
                device = random.choice(watch.devices)
                more = " ups.status" if verb == "GET" else ""
                question = f"{verb} VAR {device}{more}\n".encode()
                began = time.perf_counter()
                refusal = _refusal(line, question, end.format(device).encode())
                took[verb].append((time.perf_counter() - began) * 1000)
                if refusal:
                    refusals.append(f"{device}: {refusal}")
    return Asked(
        replies=sum(map(len, took.values())),
        refusals=refusals,
        get_p99=percentile(took["GET"], 99),
        list_p99=percentile(took["LIST"], 99),
        worst=max(max(each) for each in took.values()),
    )


def _refusal(line: socket.socket, question: bytes, end: bytes) -> str:
    """Ask; the error that was the answer, or nothing when it was data."""
    line.sendall(question)
    reply = b""
    while not reply.endswith(end):
        data = line.recv(READ_SIZE)
        if not data:
            raise RuntimeError(f"{question!r}: the gateway hung up")
        reply += data
        if reply.startswith(b"ERR") and reply.endswith(b"\n"):
            return reply.decode().strip()
    return ""


if __name__ == "__main__":
    asked = Watch(**json.loads(sys.stdin.read()))
    found = hear(asked) if sys.argv[1] == "hear" else ask(asked)
    print(json.dumps(asdict(found)))
