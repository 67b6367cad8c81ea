"""A UDP socket that is connected to one agent: a request goes out, its answer is waited for."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from services.driver import fence
from shared.errors import DeviceError

T = TypeVar("T")


class DatagramLine(asyncio.DatagramProtocol):
    """Carries one request at a time; the system drops what comes from other addresses.

    `trouble` says what came instead of an answer, empty if nothing did.
    """

    def __init__(self, host: str, port: int) -> None:
        self.where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.trouble = ""
        self._address = (host, port)
        self._transport: asyncio.DatagramTransport | None = None
        self._take: Callable[[bytes], None] | None = None

    async def open(self) -> None:
        """Find the address and make the socket (DeviceError)."""
        loop = asyncio.get_running_loop()
        try:
            made = await loop.create_datagram_endpoint(lambda: self, remote_addr=self._address)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DeviceError(f"{self.where}: {reason}") from None
        self._transport = made[0]

    def close(self) -> None:
        """Give the socket back; never fails."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    @property
    def peer(self) -> str:
        """The numeric address of the agent, empty if the line is closed."""
        name = self._transport.get_extra_info("peername") if self._transport else None
        return str(name[0]) if name else ""

    async def ask(
        self, request: bytes, accept: Callable[[bytes], T | None], within: float
    ) -> T | None:
        """Send a request; return what `accept` makes of its answer, None after so many seconds.

        `accept` is shown each datagram and says None to those that are no answer; a ValueError of
        it says what is wrong with one, which is passed over too.
        """
        if self._transport is None:
            raise DeviceError(f"{self.where}: the line is closed")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._take = lambda data: self._offer(data, accept, answer)
        fence.check()
        self._transport.sendto(request)
        try:
            async with asyncio.timeout(within):
                return await answer
        except TimeoutError:
            return None
        finally:
            self._take = None

    def _offer(
        self, data: bytes, accept: Callable[[bytes], T | None], answer: asyncio.Future[T]
    ) -> None:
        try:
            found = accept(data)
        except ValueError as error:
            self.trouble = f"its answer makes no sense: {error}"
            return
        if found is not None and not answer.done():
            answer.set_result(found)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 -- asyncio's
        """Show a datagram to who waits for one; others are late or nobody's."""
        if self._take is not None:
            self._take(data)

    def error_received(self, exc: Exception) -> None:
        """Remember what the network says; the agent may come back within the time it has."""
        self.trouble = getattr(exc, "strerror", None) or str(exc)
