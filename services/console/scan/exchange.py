"""A short conversation over TCP with whatever listens at an address."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from shared.nutaddress import Address

LONGEST_LINE: Final = 65536

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Target:
    """A port of a host, and how many seconds it has for all its answers.

    `community` is what an SNMP agent is asked with.
    """

    host: str
    port: int
    timeout: float
    community: str = "public"

    def __str__(self) -> str:
        return str(Address(self.host, self.port))

    def place(self, default_port: int) -> str:
        """Write the address as a port of ups.conf, without the port that goes without saying."""
        whole = str(self)
        return whole.removesuffix(f":{self.port}") if self.port == default_port else whole


@contextlib.asynccontextmanager
async def conversation(target: Target) -> AsyncGenerator[Streams]:
    """Connect for the time of the block; OSError (a TimeoutError is one) says that nobody talks."""
    async with asyncio.timeout(target.timeout):
        reader, writer = await asyncio.open_connection(target.host, target.port, limit=LONGEST_LINE)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


async def line(reader: asyncio.StreamReader) -> str | None:
    """Read a line without its end; None where there is no whole line of a sensible length."""
    try:
        whole = await reader.readuntil(b"\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    return whole.decode("latin-1").rstrip("\r\n")
