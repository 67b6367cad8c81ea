"""How many states the embedded broker passes on, with Mosquitto beside it; for information."""

import time
from collections.abc import Callable, Iterator

from benchmarks import mqttframes, nutbus
from benchmarks.programs import Programs, resident_kilobytes, running
from benchmarks.progress import say
from benchmarks.report import Table, figure
from benchmarks.served import VARIABLES, names
from shared.messages import DeviceState
from shared.topics import DeviceTopic, Topics

IN_FLIGHT = 64  # messages on their way from the publisher to the subscriber
WARM_UP = 0.5
READ_SIZE = 64 * 1024

START: dict[str, Callable[[Programs], tuple[str, int]]] = {
    "Mosquitto": nutbus.start_mosquitto,
    "embedded broker": nutbus.start_embedded_broker,
}


def broker(seconds: float) -> Iterator[Table]:
    """Measure one publisher and one subscriber; `seconds` is the length of the window."""
    topic = Topics().device(names(1)[0], DeviceTopic.STATE)
    state = DeviceState(seq=1, at=time.time(), vars=VARIABLES).encode()
    frame = mqttframes.publish(topic, state)
    rates, megabytes = [], []
    for name, start in START.items():
        with running() as programs:
            url, process = start(programs)
            rates.append(_passed_on(url, topic, frame, seconds))
            megabytes.append(resident_kilobytes(process) / 1024)
        say(f"{name}: {figure(rates[-1])} states in a second")
    yield Table(
        "The embedded broker, for information",
        ("one publisher, one subscriber, QoS 0", *START),
        (
            (f"states of {len(state)} bytes in a second", *map(figure, rates)),
            ("resident memory after that, MB", *map(figure, megabytes)),
        ),
    )


def _passed_on(url: str, topic: str, frame: bytes, seconds: float) -> float:
    with mqttframes.connected(url) as subscriber, mqttframes.connected(url) as publisher:
        mqttframes.subscribe(subscriber, topic)
        publisher.sendall(frame * IN_FLIGHT)
        partial = received = 0
        begin = time.perf_counter() + WARM_UP
        end = begin + seconds
        while (now := time.perf_counter()) < end:
            data = subscriber.recv(READ_SIZE)
            if not data:
                raise RuntimeError("the broker hung up")
            done, partial = divmod(partial + len(data), len(frame))
            if now >= begin:
                received += done
            publisher.sendall(frame * done)
    return received / seconds
