"""UPSes with SNMP agents: `python -m benchmarks.snmpagents COUNT PORT FILE`.

Each has an address of its own in 127.0.0.0/8 and says what the standard UPS MIB (RFC 1628) holds,
60 values. One in twenty is dead, one in twenty is slow. At the end, when each poll of a well one
began is written into the file, a line for each agent (seconds of the system's steady clock).
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from services.driver.protocols.snmpwire.message import Message
from services.driver.protocols.snmpwire.values import Kind, Value
from tests.simulators.snmp import Objects, SnmpSimulator

UPS = "1.3.6.1.2.1.33.1"
SLOW = 0.8  # seconds until an answer
PAUSE = 1.0  # seconds without a request that separate two polls
ONE_IN = 20

_TEXTS = {"1.1": "Example", "1.2": "UPS 60", "1.3": "1.0", "1.4": "2.0", "1.5": "rack", "1.6": "-"}
_NUMBERS = {
    "2.1": 2,
    "2.2": 0,
    "2.3": 45,
    "2.4": 98,
    "2.5": 540,
    "2.6": 10,
    "2.7": 25,
    "3.1": 4,
    "3.2": 3,
    "4.1": 3,
    "4.2": 500,
    "4.3": 3,
    "5.1": 500,
    "5.2": 3,
    "6.1": 0,
    "7.3": 1,
    "7.5": 0,
    "7.6": 0,
    "8.1": 1,
    "8.2": -1,
    "8.3": -1,
    "8.4": -1,
    "8.5": 1,
    "9.1": 230,
    "9.2": 500,
    "9.3": 230,
    "9.4": 500,
    "9.5": 3000,
    "9.6": 2700,
    "9.7": 2,
    "9.8": 2,
    "9.9": 180,
    "9.10": 264,
}
_LINES = {"3.3.1": (2, 3, 4, 5), "4.4.1": (2, 3, 4, 5)}


def objects() -> Objects:
    """Make what each UPS says: 60 values of the UPS MIB and its system group."""
    values = {
        "1.3.6.1.2.1.1.1.0": Value(Kind.OCTETS, b"Example UPS"),
        "1.3.6.1.2.1.1.2.0": Value(Kind.OID, "1.3.6.1.2.1.33"),
        "1.3.6.1.2.1.1.3.0": Value(Kind.TICKS, 123456),
        "1.3.6.1.2.1.1.4.0": Value(Kind.OCTETS, b"nobody"),
        "1.3.6.1.2.1.1.5.0": Value(Kind.OCTETS, b"ups"),
        "1.3.6.1.2.1.1.6.0": Value(Kind.OCTETS, b"nowhere"),
    }
    values |= {f"{UPS}.{key}.0": Value(Kind.OCTETS, text.encode()) for key, text in _TEXTS.items()}
    values |= {f"{UPS}.{key}.0": Value(Kind.INTEGER, number) for key, number in _NUMBERS.items()}
    values[f"{UPS}.7.1.0"] = Value(Kind.OID, f"{UPS}.7.7.1")
    values |= {
        f"{UPS}.{table}.{column}.{line}": Value(Kind.INTEGER, 100 * column + line)
        for table, columns in _LINES.items()
        for column in columns
        for line in (1, 2, 3)
    }
    return Objects(values)


def host(number: int) -> str:
    """Give the address of an agent."""
    return f"127.20.{number // 200}.{number % 200 + 1}"


def is_dead(number: int) -> bool:
    """Tell which agents never answer."""
    return number % ONE_IN == 3


def is_slow(number: int) -> bool:
    """Tell which agents take their time."""
    return number % ONE_IN == 13


class _Watch:
    """Remembers when an agent's polls began."""

    def __init__(self) -> None:
        self.began: list[float] = []
        self._last = -PAUSE

    def __call__(self, _: Message, answer: bytes) -> Iterable[bytes]:
        """Take note of a request."""
        now = time.monotonic()
        if now - self._last >= PAUSE:
            self.began.append(now)
        self._last = now
        return (answer,)


async def serve(count: int, port: int, file: Path) -> None:
    """Answer until ended."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    shared, watches = objects(), []
    for number in range(count):
        agent = SnmpSimulator(shared, host(number), port, keeps=False)
        agent.is_silent = is_dead(number)
        agent.delay = SLOW if is_slow(number) else 0.0
        if not agent.is_silent and not agent.delay:
            agent.fault = watch = _Watch()
            watches.append(watch)
        agent.start()
    file.touch()
    await ended.wait()
    lines = (" ".join(f"{moment:.4f}" for moment in watch.began) + "\n" for watch in watches)
    file.write_text("".join(lines))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
