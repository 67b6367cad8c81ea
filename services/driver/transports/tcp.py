"""TCP lines: a stream to a device or a daemon on the network.

What goes wrong raises DeviceError naming host and port; the line is of no more use then.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from services.driver import fence
from shared.dialling import dialled, plain_reason
from shared.errors import DeviceError
from shared.listening import Address

OPEN_TIMEOUT = 5.0
REPLY_TIMEOUT = 10.0
CLOSE_TIMEOUT = 3.0
MAX_LINE = 65536  # bytes; no device says more in one reply
_CHUNK = 65536


class TcpLine:
    """A stream to one address; its owner calls one method at a time, save `close`."""

    def __init__(self, address: Address) -> None:
        self.where = str(address)
        self._address = address
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._rest = bytearray()  # came, and was not asked for yet

    @property
    def unread(self) -> bytes:
        """What came and was not asked for yet."""
        return bytes(self._rest)

    async def open(self, within: float = OPEN_TIMEOUT) -> None:
        """Connect; the addresses of the host are tried in turn, IPv6 among them."""
        self._rest.clear()
        host, port = self._address
        async with self._guarded(f"no connection in {within:g} s", within):
            plain = await dialled(host, port, None, within)
            try:
                self._reader, self._writer = await asyncio.open_connection(sock=plain)
            except BaseException:
                plain.close()
                raise

    async def close(self) -> None:
        """Hang up; never fails."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is None:
            return
        writer.close()
        try:
            with contextlib.suppress(OSError):  # TimeoutError is one, and so is ssl.SSLError
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def start_tls(self, context: ssl.SSLContext, name: str | None = None) -> None:
        """Go on with TLS; the certificate is checked against `name`, by default the host."""
        if self._rest:
            # Whoever sits in between could have put words of his own before the handshake.
            raise DeviceError(f"{self.where}: came before TLS began: {self.unread[:80]!r}")
        async with self._guarded(f"no TLS handshake in {OPEN_TIMEOUT:g} s", OPEN_TIMEOUT):
            await self._open_writer().start_tls(
                context,
                server_hostname=name or self._address.host,
                ssl_handshake_timeout=OPEN_TIMEOUT,
            )

    async def write(self, data: bytes, within: float = REPLY_TIMEOUT) -> None:
        """Send bytes; returns once the system has taken them."""
        writer = self._open_writer()
        fence.check()
        async with self._guarded(f"took no bytes for {within:g} s", within):
            writer.write(data)
            await writer.drain()

    async def read(self, count: int, within: float = REPLY_TIMEOUT) -> bytes:
        """Wait for exactly `count` bytes."""
        async with self._guarded(self._silence(within), within):
            while len(self._rest) < count:
                await self._fill()
        return self._take(count)

    async def read_until(
        self, end: bytes, within: float = REPLY_TIMEOUT, longest: int = MAX_LINE
    ) -> bytes:
        """Wait for a reply and its end, which is part of what is returned.

        More than `longest` bytes without an end are a DeviceError.
        """
        async with self._guarded(self._silence(within), within):
            while (at := self._rest.find(end, 0, longest)) < 0:
                if len(self._rest) >= longest:
                    begin = self.unread[:80]
                    raise DeviceError(
                        f"{self.where}: more than {longest} bytes without an end: {begin!r}"
                    )
                await self._fill()
        return self._take(at + len(end))

    async def read_line(self, within: float = REPLY_TIMEOUT, longest: int = MAX_LINE) -> bytes:
        """Wait for a line; it is returned without its LF or CR LF."""
        line = await self.read_until(b"\n", within, longest)
        return line.removesuffix(b"\n").removesuffix(b"\r")

    async def has_input(self) -> None:
        """Return when something has come unasked, or the other end hung up; nothing is lost."""
        if self._rest:
            return
        with contextlib.suppress(DeviceError):  # the next read or write will say it
            async with self._guarded("", None):
                await self._fill()

    def taken(self) -> bytes:
        """Take what has come so far, maybe nothing."""
        return self._take(len(self._rest))

    def _take(self, count: int) -> bytes:
        taken = bytes(self._rest[:count])
        del self._rest[:count]
        return taken

    async def _fill(self) -> None:
        """Take what has come; a cancelled wait loses nothing."""
        if self._reader is None:
            raise DeviceError(f"{self.where}: the line is closed")
        more = await self._reader.read(_CHUNK)
        if not more:
            cut = f" in the midst of {self.unread[:80]!r}" if self._rest else ""
            raise DeviceError(f"{self.where}: hung up{cut}")
        self._rest += more

    def _open_writer(self) -> asyncio.StreamWriter:
        if self._writer is None:
            raise DeviceError(f"{self.where}: the line is closed")
        return self._writer

    def _silence(self, within: float) -> str:
        return f"no whole reply in {within:g} s"

    @asynccontextmanager
    async def _guarded(self, late: str, within: float | None) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(within):
                yield
        except TimeoutError as error:  # ours, or the system's own
            raise DeviceError(f"{self.where}: {late}") from error
        except socket.gaierror as error:
            raise DeviceError(
                f"{self.where}: the name {self._address.host!r} is not known "
                f"({error.strerror or error})"
            ) from error
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise DeviceError(f"{self.where}: {plain_reason(error)}") from error
