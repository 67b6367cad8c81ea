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
from tests.simulators.snmp import SnmpSimulator
from tests.simulators.snmpups import objects

SLOW = 0.8  # seconds until an answer
PAUSE = 1.0  # seconds without a request that separate two polls
ONE_IN = 20


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
