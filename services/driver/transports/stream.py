"""Bytes to and from an open descriptor, in the event loop: no thread, and no wait that lasts."""

import asyncio
import contextlib
import os
from collections.abc import Callable

from services.driver import fence
from shared.errors import DeviceError

WRITE_TIMEOUT = 2.0
MOST_KEPT = 16384  # bytes that wait here to be read; more wait in the system
_CHUNK = 4096


class Stream:
    """What comes from a descriptor that does not block, kept until it is read.

    One task at a time waits for it. A wait that is cancelled loses nothing. `decode` makes the
    device's bytes of what comes.
    """

    def __init__(
        self, where: str, descriptor: int, decode: Callable[[bytes], bytes] | None = None
    ) -> None:
        self.where = where
        self.input = bytearray()
        self.lost = ""  # why nothing comes any more
        self._descriptor = descriptor
        self._decode = decode
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._room: asyncio.Event | None = None
        self._is_listening = False
        self._listen()

    def end(self, reason: str = "the line is closed") -> None:
        """Stop listening; whoever waits is told why."""
        self.lost = self.lost or reason
        self._deafen()
        if self._room is not None:
            self._loop.remove_writer(self._descriptor)
            self._room.set()
        self._news.set()

    def check(self) -> None:
        """Raise DeviceError if the line is lost."""
        if self.lost:
            raise DeviceError(f"{self.where}: {self.lost}")

    def receive(self) -> bool:
        """Take what has come by now; tell whether something did."""
        if self.lost:
            return False
        try:
            data = os.read(self._descriptor, _CHUNK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self.end(_gone(error))
            return False
        if not data:
            self.end("the device is gone")
            return False
        self.input += self._decode(data) if self._decode else data
        if len(self.input) >= MOST_KEPT:
            self._deafen()
        self._news.set()
        return True

    def take(self, count: int) -> bytes:
        """Take up to `count` bytes of what came."""
        taken = bytes(self.input[:count])
        del self.input[:count]
        if not self.lost:
            self._listen()
        return taken

    def drop(self) -> bytes:
        """Take all that has come by now."""
        chunks = 0
        while self.receive() and chunks < MOST_KEPT // _CHUNK:
            chunks += 1
        return self.take(len(self.input))

    async def until(self, is_done: Callable[[], bool], within: float | None) -> bool:
        """Wait until it is done; False if it was not in time, DeviceError if the line is lost."""
        if is_done():
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not is_done() and not self.lost:
                    self._news.clear()
                    await self._news.wait()
        if is_done():
            return True
        self.check()
        return False

    async def send(self, data: bytes) -> None:
        """Send bytes; returns once the system has taken them."""
        rest = data[self._give(data) :]
        if not rest:
            return
        try:
            async with asyncio.timeout(WRITE_TIMEOUT):
                while rest:
                    await self._has_room()
                    rest = rest[self._give(rest) :]
        except TimeoutError:
            raise DeviceError(f"{self.where}: it takes no bytes") from None

    def _give(self, data: bytes) -> int:
        self.check()
        fence.check()
        try:
            return os.write(self._descriptor, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self.end(_gone(error))
            raise DeviceError(f"{self.where}: {self.lost}") from error

    async def _has_room(self) -> None:
        self._room = room = asyncio.Event()
        self._loop.add_writer(self._descriptor, room.set)
        try:
            await room.wait()
        finally:
            self._room = None
            if not self.lost:  # the descriptor may be another's by now
                self._loop.remove_writer(self._descriptor)

    def _listen(self) -> None:
        if not self._is_listening and len(self.input) < MOST_KEPT:
            self._loop.add_reader(self._descriptor, self.receive)
            self._is_listening = True

    def _deafen(self) -> None:
        if self._is_listening:
            self._loop.remove_reader(self._descriptor)
            self._is_listening = False


def _gone(error: OSError) -> str:
    return f"the device is gone ({error.strerror or error})"
