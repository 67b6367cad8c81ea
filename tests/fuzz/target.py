"""What a target of fuzzing is, and what stands in for a network."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from shared.errors import PowerError
from shared.topics import Topics

PIECE = 7  # bytes that come at once, where a parser takes a stream
TOPICS = Topics("nut")
LAST: list[Callable[[], object]] = []  # to be done before the loop is closed


@dataclass(frozen=True, slots=True)
class Target:
    """What is tried with any bytes; `seeds` are sound ones to begin with.

    `rounds` are those of the moment in the suite.
    """

    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    errors: tuple[type[Exception], ...] = (PowerError,)
    rounds: int = 400


def pieces(data: bytes) -> list[bytes]:
    return [data[at : at + PIECE] for at in range(0, len(data), PIECE)]


@functools.cache
def loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def done(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end, in a loop that is kept."""
    return loop().run_until_complete(work)


def close() -> None:
    """Let go of all that was kept."""
    while LAST:
        LAST.pop()()
    done(loop().shutdown_asyncgens())
    done(loop().shutdown_default_executor())
    loop().close()


def heard(data: bytes, limit: int = 65536) -> asyncio.StreamReader:
    """Give a reader from which these bytes come, and then the end."""
    reader = asyncio.StreamReader(limit=limit, loop=loop())
    reader.feed_data(data)
    reader.feed_eof()
    return reader


class Wire:
    """The far end of a connection, where nobody listens: a transport and a writer in one."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.transport = self
        self._is_closing = False

    def write(self, data: bytes) -> None:
        assert not isinstance(data, str)
        self.sent.append(data)

    def close(self) -> None:
        self._is_closing = True

    abort = close

    def is_closing(self) -> bool:
        return self._is_closing

    def get_extra_info(self, name: str) -> tuple[str, int] | None:
        return ("127.0.0.1", 40000) if name == "peername" else None

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    async def drain(self) -> None:
        pass

    async def wait_closed(self) -> None:
        pass
