"""The socket of a driver of NUT, as the server of NUT uses it."""

import asyncio
from collections.abc import Callable
from typing import Self, cast

from services.driver.protocols.nutsocket import DUMP, Mirror
from shared.errors import DeviceError


class Link(asyncio.Protocol):
    """A connection to a driver: a mirror of what it tells, and what became of the connection.

    `trouble` says why the connection is of no more use; `heard_at` is on the clock of the loop.
    """

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.trouble = ""
        self.heard_at = 0.0
        self._news = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(cls, path: str) -> Self:
        """Connect to a driver and ask it to tell everything; an OSError if there is none."""
        _, link = await asyncio.get_running_loop().create_unix_connection(cls, path)
        link.say(DUMP)
        return link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self.heard_at = asyncio.get_running_loop().time()

    def data_received(self, data: bytes) -> None:
        """Take in what the driver says."""
        self.heard_at = asyncio.get_running_loop().time()
        try:
            self.mirror.receive(data)
            if self.mirror.wants_dump:
                self.mirror.wants_dump = False
                self.say(DUMP)
        except DeviceError as error:
            self.trouble = self.trouble or str(error)
            self.close()
        self._news.set()

    def connection_lost(self, _error: Exception | None) -> None:
        """Note that the driver went away."""
        self.trouble = self.trouble or "the driver hung up"
        self._news.set()

    def say(self, line: bytes) -> None:
        """Send a line; if it cannot be sent, the connection is lost."""
        assert self._transport is not None
        self._transport.write(line)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until what the driver says makes the condition hold; DeviceError if it goes away."""
        while not holds():
            if self.trouble:
                raise DeviceError(self.trouble)
            await self.news()

    async def news(self) -> None:
        """Wait until the driver says anything, or goes away."""
        self._news.clear()
        if not self.trouble:
            await self._news.wait()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()
