"""Serial lines: a port of this machine, `socket://host:port` or `rfc2217://host:port`.

Bytes come and go in the event loop; what may block has a thread of its own for each port. What
goes wrong raises DeviceError naming the port; the line is of no more use then.
"""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from services.driver.transports.localport import LocalPort
from services.driver.transports.ports import Modem, ModemLines, Port, SerialSettings
from services.driver.transports.socketport import SocketPort, TelnetPort, connected
from services.driver.transports.stream import Stream
from shared.errors import DeviceError, SettingsError

__all__ = ["ModemLines", "SerialLine", "SerialSettings", "check_port"]

QUIET = 0.1  # seconds without a byte after which a line is silent
MAX_REPLY = 4096  # bytes; no device says more in one reply
_REMOTE = ("socket", "rfc2217")


def check_port(port: str) -> None:
    """Refuse what cannot be a serial port (SettingsError)."""
    if port in ("", "auto"):
        raise SettingsError("port: name the serial port, such as /dev/ttyUSB0")
    if "://" in port:
        _check_url(port)
    elif not port.startswith("/"):
        raise SettingsError(f"port {port!r}: write the whole path, such as /dev/ttyS0")


def _check_url(port: str) -> None:
    try:
        url = urlsplit(port)
        is_whole = bool(url.hostname and url.port)
    except ValueError:
        url, is_whole = urlsplit(""), False
    rest = url.path.strip("/") or url.query or url.fragment or url.username
    if url.scheme not in _REMOTE or not is_whole or rest:
        shown = "port" if "@" in port else f"port {port!r}"  # there may be a password before it
        raise SettingsError(
            f"{shown}: name a serial port, socket://host:port or rfc2217://host:port"
        )


class SerialLine:
    """A line to a device; its owner calls one method at a time, save `close`.

    A call that is cancelled loses none of the bytes that came.
    """

    def __init__(self, port: str, settings: SerialSettings) -> None:
        check_port(port)
        self._where = port
        self._settings = settings
        self._port: Port | None = None

    async def open(self) -> None:
        """Open the port for this process alone and set its modem lines."""
        await self.close()
        self._port = await _opened(self._where, self._settings)

    async def close(self) -> None:
        """Give the port back; never fails."""
        port, self._port = self._port, None
        if port is not None:
            await port.close()

    async def write(self, data: bytes) -> None:
        """Send bytes; returns once the system has taken them."""
        await self._opened().send(data)

    async def read(self, count: int, within: float) -> bytes:
        """Wait for `count` bytes; returns what came within so many seconds, maybe none."""
        stream = self._opened().stream
        await stream.until(lambda: len(stream.input) >= count, within)
        return stream.take(count)

    async def read_until(self, end: bytes, within: float) -> bytes:
        """Wait for a reply and its end; a DeviceError tells silence and half replies apart."""
        return await self._reply(self._opened().stream, end, within, "")

    async def ask(self, request: bytes, end: bytes = b"\r", within: float = 1.0) -> bytes:
        """Send a request and wait for its whole reply; what lay in the line before is dropped."""
        port = self._opened()
        port.stream.drop()
        await port.send(request)
        return await self._reply(port.stream, end, within, f" to {request!r}")

    async def drain(self, quiet: float = QUIET, longest: float = 2.0) -> bytes:
        """Read and return what comes until the line is `quiet` for so long (seconds).

        Late replies end up here, not in the next answer. DeviceError if it never falls silent.
        """
        stream = self._opened().stream
        found = stream.drop()
        clock = asyncio.get_running_loop().time
        deadline = clock() + longest
        while await stream.until(lambda: bool(stream.input), quiet):
            found += stream.take(len(stream.input))
            if clock() > deadline or len(found) > MAX_REPLY:
                raise DeviceError(f"{self._where}: the line never falls silent")
        return found

    async def has_input(self) -> None:
        """Return when something has come unasked, or the line is lost; nothing is consumed."""
        stream = self._opened().stream
        await stream.until(lambda: bool(stream.input or stream.lost), None)

    async def modem_lines(self) -> ModemLines:
        """Read the lines that the device drives."""
        return await self._modem().lines()

    async def modem_change(self, known: ModemLines) -> None:
        """Return when the lines that the device drives are other than known.

        A port of this machine is looked at four times a second; an RFC 2217 server tells.
        """
        await self._modem().change(known)

    async def set_modem_lines(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        """Drive our own lines; None leaves one as it is."""
        await self._modem().drive(dtr, rts)

    async def send_break(self, seconds: float) -> None:
        """Hold the transmit line in the break condition; it ends also if this is cancelled."""
        modem = self._modem()
        try:
            await modem.hold_break(True)
            await asyncio.sleep(seconds)
        finally:
            await modem.hold_break(False)

    def _opened(self) -> Port:
        if self._port is None:
            raise DeviceError(f"{self._where}: the line is closed")
        return self._port

    def _modem(self) -> Modem:
        modem = self._opened().modem
        if modem is None:
            raise DeviceError(f"{self._where}: a socket has no modem lines; rfc2217:// has")
        return modem

    async def _reply(self, stream: Stream, end: bytes, within: float, asked: str) -> bytes:
        await stream.until(_has_reply(stream.input, end), within)
        at = stream.input.find(end, 0, MAX_REPLY)
        if at >= 0:
            return stream.take(at + len(end))
        if not stream.input:
            raise DeviceError(f"{self._where}: no reply{asked} in {within:g} s")
        found = stream.take(MAX_REPLY)
        how = "without an end" if len(found) == MAX_REPLY else f"cut short in {within:g} s"
        raise DeviceError(f"{self._where}: the reply{asked} was {how}: {found[:80]!r}")


def _has_reply(found: bytearray, end: bytes) -> Callable[[], bool]:
    return lambda: found.find(end, 0, MAX_REPLY) >= 0 or len(found) >= MAX_REPLY


async def _opened(where: str, settings: SerialSettings) -> Port:
    if where.startswith("/"):
        return await LocalPort.opened(where, settings)
    url = urlsplit(where)
    assert url.hostname is not None
    assert url.port is not None
    line = await connected(where, url.hostname, url.port)
    if url.scheme == "socket":
        return SocketPort(where, line)
    port = TelnetPort(where, line)
    try:
        await port.prepare(settings)
    except BaseException:
        await port.close()
        raise
    return port
