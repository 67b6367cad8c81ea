"""Serial lines: a port of this machine, `socket://host:port` or `rfc2217://host:port`.

pyserial blocks, so each line has a worker thread of its own; the line is asked from one task. What
goes wrong raises DeviceError naming the port; the line is of no more use then.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import serial

from shared.errors import DeviceError, SettingsError

STEP = 0.1  # seconds that one blocking read may last, so that a line closes soon
WRITE_TIMEOUT = 2.0
CLOSE_TIMEOUT = 3.0
MAX_REPLY = 4096  # bytes; no device says more in one reply
_REMOTE = ("socket://", "rfc2217://")

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """How a line is opened; DTR and RTS are set as cables that draw power from them need it."""

    baudrate: int = 2400
    bytesize: int = 8
    parity: str = "N"
    stopbits: int = 1
    dtr: bool = True
    rts: bool = False


class ModemLines(NamedTuple):
    """The lines that the device drives."""

    cts: bool
    dsr: bool
    dcd: bool
    ri: bool


def check_port(port: str) -> None:
    """Refuse what cannot be a serial port (SettingsError)."""
    if "://" in port and not port.startswith(_REMOTE):
        raise SettingsError(f"port {port!r}: name a serial port, socket://… or rfc2217://…")
    if port in ("", "auto"):
        raise SettingsError("port: name the serial port, such as /dev/ttyUSB0")


class SerialLine:
    """A line to a device; its owner calls one method at a time, save `close`."""

    def __init__(self, port: str, settings: SerialSettings) -> None:
        check_port(port)
        self._where = port
        self._settings = settings
        self._port: serial.Serial | None = None
        self._worker: ThreadPoolExecutor | None = None
        self._closing = threading.Event()
        self._rest = bytearray()  # came behind the end of a reply

    async def open(self) -> None:
        """Open the port for this process alone and set its modem lines."""
        self._closing.clear()
        self._rest.clear()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=f"line {self._where}")
        await self._run(self._open)

    async def close(self) -> None:
        """Give the port back; never fails."""
        self._closing.set()
        worker, self._worker = self._worker, None
        if worker is None:
            return
        closed = asyncio.wrap_future(worker.submit(self._close))
        worker.shutdown(wait=False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await asyncio.shield(closed)

    async def write(self, data: bytes) -> None:
        """Send bytes; returns once the system has taken them."""
        await self._run(lambda port: port.write(data))

    async def read(self, count: int, within: float) -> bytes:
        """Wait for `count` bytes; returns what came within so many seconds, maybe none."""
        return await self._run(lambda port: self._gather(port, within, count=count))

    async def read_until(self, end: bytes, within: float) -> bytes:
        """Wait for a reply and its end; a DeviceError tells silence and half replies apart."""
        reply = await self._run(lambda port: self._gather(port, within, end=end))
        if reply.endswith(end):
            return reply
        if reply:
            raise DeviceError(f"{self._where}: the reply was cut short: {reply!r}")
        raise DeviceError(f"{self._where}: no reply in {within:g} s")

    async def ask(self, request: bytes, end: bytes = b"\r", within: float = 1.0) -> bytes:
        """Send a request and wait for its whole reply; what lay in the line before is dropped."""

        def work(port: serial.Serial) -> bytes:
            port.reset_input_buffer()
            self._rest.clear()
            port.write(request)
            return self._gather(port, within, end=end)

        reply = await self._run(work)
        if reply.endswith(end):
            return reply
        what = f"the reply was cut short: {reply!r}" if reply else "no reply"
        raise DeviceError(f"{self._where}: {what} to {request!r} in {within:g} s")

    async def drain(self, quiet: float = STEP, longest: float = 2.0) -> bytes:
        """Read and return what comes until the line is `quiet` for so long (seconds).

        Late replies end up here, not in the next answer. DeviceError if it never falls silent.
        """

        def work(port: serial.Serial) -> bytes:
            found = b""
            deadline = time.monotonic() + longest
            while more := self._gather(port, quiet, count=1):
                found += more
                if time.monotonic() > deadline or len(found) > MAX_REPLY:
                    raise DeviceError(f"{self._where}: the line never falls silent")
            return found

        return await self._run(work)

    async def has_input(self) -> None:
        """Return when something has come unasked; nothing is consumed.

        Over RFC 2217 it never returns: what came is found at the next read.
        """
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()

        def arrived() -> None:
            if not ready.done():
                ready.set_result(None)

        try:
            descriptor = self._port.fileno()  # type: ignore[union-attr] # an OSError if closed
        except (AttributeError, OSError):
            await ready  # cancelled by the owner
            return
        loop.add_reader(descriptor, arrived)
        try:
            await ready
        finally:
            loop.remove_reader(descriptor)

    async def modem_lines(self) -> ModemLines:
        """Read the lines that the device drives."""
        return await self._run(lambda port: ModemLines(port.cts, port.dsr, port.cd, port.ri))

    async def set_modem_lines(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        """Drive our own lines; None leaves one as it is."""

        def work(port: serial.Serial) -> None:
            if dtr is not None:
                port.dtr = dtr
            if rts is not None:
                port.rts = rts

        await self._run(work)

    async def send_break(self, seconds: float) -> None:
        """Hold the transmit line in the break condition."""
        await self._run(lambda port: port.send_break(seconds))

    async def _run(self, work: Callable[[serial.Serial], _Result]) -> _Result:
        if self._worker is None:
            raise DeviceError(f"{self._where}: the line is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._guarded, work)

    def _guarded(self, work: Callable[[serial.Serial], _Result]) -> _Result:
        try:
            if self._port is None:
                self._port = self._opened()
            return work(self._port)
        except (OSError, ValueError) as error:  # SerialException is an OSError
            reason = getattr(error, "strerror", None) or str(error) or repr(error)
            where = "" if self._where in reason else f"{self._where}: "
            raise DeviceError(f"{where}{reason}") from error

    def _open(self, port: serial.Serial) -> None:
        port.reset_input_buffer()

    def _opened(self) -> serial.Serial:
        settings = self._settings
        port = serial.serial_for_url(
            self._where,
            do_not_open=True,
            baudrate=settings.baudrate,
            bytesize=settings.bytesize,
            parity=settings.parity,
            stopbits=settings.stopbits,
            timeout=STEP,
            write_timeout=WRITE_TIMEOUT,
            exclusive=None if self._where.startswith(_REMOTE) else True,
        )
        port.dtr, port.rts = settings.dtr, settings.rts
        port.open()
        return port

    def _close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(OSError):
                port.close()

    def _gather(
        self, port: serial.Serial, within: float, *, end: bytes = b"", count: int = 0
    ) -> bytes:
        """Take bytes up to the end mark or the count; what came beyond stays for the next."""
        deadline = time.monotonic() + within
        while (size := _size(self._rest, end, count)) == 0:
            if self._closing.is_set() or time.monotonic() >= deadline:
                break
            self._rest += port.read(max(1, port.in_waiting))
        found = bytes(self._rest[: size or len(self._rest)])
        del self._rest[: len(found)]
        return found


def _size(found: bytes | bytearray, end: bytes, count: int) -> int:
    """Say how long the reply at the start of `found` is, 0 if it is not whole yet."""
    if count:
        return count if len(found) >= count else 0
    at = found.find(end)
    return at + len(end) if at >= 0 else min(len(found), MAX_REPLY) // MAX_REPLY * MAX_REPLY
