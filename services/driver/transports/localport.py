"""A port of this machine: bytes in the event loop, what may block in a thread of its own."""

import asyncio
import contextlib
import errno
import fcntl
import os
import struct
import sys
import termios
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import serial

from services.driver.transports.ports import ModemLines, SerialSettings
from services.driver.transports.stream import Stream
from shared.errors import DeviceError

CLOSE_TIMEOUT = 3.0
LOOK = 0.25  # seconds between two looks at the modem lines, of which the system tells nothing
_NO_MODEM = (errno.ENOTTY, errno.EINVAL)  # of a pseudo-terminal
# Where termios keeps its settings, and what it does not name.
_CFLAG, _CHARACTERS = 2, 6
_BREAK = {True: 0x5427, False: 0x5428}  # TIOCSBRK and TIOCCBRK

_Result = TypeVar("_Result")


class LocalPort:
    """A port of this machine. What may block is done in a thread of its own."""

    def __init__(self, where: str, port: serial.Serial, worker: ThreadPoolExecutor) -> None:
        self.stream = Stream(where, port.fileno())
        self._where = where
        self._port = port
        self._worker = worker

    @classmethod
    async def opened(cls, where: str, settings: SerialSettings) -> "LocalPort":
        """Open a port for this process alone."""
        worker = ThreadPoolExecutor(1, thread_name_prefix=f"line {where}")
        opening = worker.submit(_open_local, where, settings)
        try:
            return cls(where, await asyncio.wrap_future(opening), worker)
        except (OSError, ValueError, termios.error) as error:
            worker.shutdown(wait=False)
            raise DeviceError(f"{where}: {_reason(where, error)}") from error
        except BaseException:
            worker.submit(_close_late, opening)
            worker.shutdown(wait=False)
            raise

    @property
    def modem(self) -> "LocalPort":
        """The modem lines."""
        return self

    async def send(self, data: bytes) -> None:
        """Send bytes to the device."""
        await self.stream.send(data)

    async def lines(self) -> ModemLines:
        """Read the lines that the device drives."""
        bits = await self._blocking(self._bits)
        return ModemLines(
            cts=bool(bits & termios.TIOCM_CTS),
            dsr=bool(bits & termios.TIOCM_DSR),
            dcd=bool(bits & termios.TIOCM_CAR),
            ri=bool(bits & termios.TIOCM_RNG),
        )

    async def change(self, known: ModemLines) -> None:
        """Return when the lines are other than known; they are looked at every LOOK seconds."""
        while await self.lines() == known:  # noqa: ASYNC110 -- TIOCMIWAIT cannot be given up
            await asyncio.sleep(LOOK)

    async def drive(self, dtr: bool | None, rts: bool | None) -> None:
        """Drive our own lines, both in one step."""
        wanted = {termios.TIOCM_DTR: dtr, termios.TIOCM_RTS: rts}

        def work() -> None:
            bits = self._bits()
            for line, on in wanted.items():
                if on is not None:
                    bits = bits | line if on else bits & ~line
            fcntl.ioctl(self._port.fileno(), termios.TIOCMSET, struct.pack("I", bits))

        await self._blocking(work)

    async def hold_break(self, on: bool) -> None:
        """Begin or end the break condition."""
        await self._blocking(lambda: fcntl.ioctl(self._port.fileno(), _BREAK[on]))

    async def close(self) -> None:
        """Give the port back; the system may first want to send what is left."""
        self.stream.end()
        closed = self._worker.submit(_close, self._port)
        self._worker.shutdown(wait=False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await asyncio.shield(asyncio.wrap_future(closed))

    def _bits(self) -> int:
        found = fcntl.ioctl(self._port.fileno(), termios.TIOCMGET, struct.pack("I", 0))
        return int.from_bytes(found, sys.byteorder)

    async def _blocking(self, work: Callable[[], _Result]) -> _Result:
        self.stream.check()
        try:
            return await asyncio.wrap_future(self._worker.submit(work))
        except OSError as error:
            reason = "it has no modem lines" if error.errno in _NO_MODEM else error.strerror
            raise DeviceError(f"{self._where}: {reason}") from error


def _open_local(where: str, settings: SerialSettings) -> serial.Serial:
    port = serial.Serial(
        None,
        baudrate=settings.baudrate,
        bytesize=settings.bytesize,
        parity=settings.parity,
        stopbits=settings.stopbits,
        exclusive=True,
    )
    port.port = where
    port.dtr, port.rts = settings.dtr, settings.rts
    port.open()
    try:
        _finish(port.fileno(), hang_up=settings.hang_up)
    except BaseException:
        port.close()
        raise
    return port


def _finish(descriptor: int, *, hang_up: bool) -> None:
    """Set what pyserial does not: reads that tell `nothing yet` from `gone`, and the last close."""
    attributes = termios.tcgetattr(descriptor)
    attributes[_CHARACTERS][termios.VMIN] = 1
    if hang_up:
        attributes[_CFLAG] |= termios.HUPCL
    else:
        attributes[_CFLAG] &= ~termios.HUPCL
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
    os.set_blocking(descriptor, False)


def _close(port: serial.Serial) -> None:
    with contextlib.suppress(OSError):
        port.close()


def _close_late(opening: "Future[serial.Serial]") -> None:
    """Close a port that nobody waited for."""
    if not opening.cancelled() and opening.exception() is None:
        _close(opening.result())


def _reason(where: str, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code in (errno.EAGAIN, errno.EBUSY):
        return "another program uses it"
    if code == errno.EACCES:
        return f"permission denied{_group(where)}"
    if code is None:  # of the calls that set a port
        return "it is no serial port, or nothing is behind it"
    return os.strerror(code)


def _group(where: str) -> str:
    with contextlib.suppress(OSError, KeyError):
        return f"; its group is {Path(where).group()}"
    return ""
