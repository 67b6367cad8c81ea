"""A HID power device on a serial line: a model of tests/simulators/usbmodel.py behind SHUT.

It answers in a thread of its own, on a pseudo terminal, so that NUT's driver and ours can be
pointed at `port`. Nothing here is made of the driver's own code.
"""

import contextlib
import os
import select
import threading
import tty
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from operator import xor
from typing import Self

from tests.simulators.usbmodel import Model, StallError

OK, NOT_OK = 0x06, 0x15
SYNCS = (0x16, 0x17, 0x18)
OFF = 0x18
REQUEST, RESPONSE, NOTIFICATION = 0x01, 0x04, 0x05
LAST = 0x80
STEP = 0.02

Fault = Callable[[bytes], Iterable[bytes]]
"""Takes what the device wants to say; yields what comes over the line instead."""


class SimulatedShut:
    """One device; use it as a context manager.

    `levels` are the synchronisation bytes that it knows, `level` is the one that was asked for
    last. `fault` changes what it says, one packet or token at a time. A device that `is_deaf` takes
    nothing. `packets` are those that came.
    """

    def __init__(self, model: Model, levels: tuple[int, ...] = SYNCS) -> None:
        self.model = model
        self.levels = levels
        self.level: int | None = None
        self.fault: Fault | None = None
        self.is_deaf = False
        self.packets: list[bytes] = []
        self.port = ""
        self._request = b""
        self._waiting: list[bytes] = []  # packets to send, the first one is not confirmed yet
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        self._descriptor, self._other = os.openpty()
        tty.setraw(self._other)
        self.port = os.ttyname(self._other)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        os.close(self._descriptor)
        os.close(self._other)

    def notify(self, report: bytes) -> None:
        """Tell an input report unasked, if that is wanted."""
        if self.level not in (None, OFF):
            with self._lock:
                for packet in _packets(NOTIFICATION, report):
                    self._say(packet)

    def say(self, data: bytes) -> None:
        """Put bytes on the line."""
        with contextlib.suppress(OSError):
            os.write(self._descriptor, data)

    def _say(self, data: bytes) -> None:
        for part in self.fault(data) if self.fault else (data,):
            self.say(part)

    def _serve(self) -> None:
        found = b""
        while not self._stopping.is_set():
            if not select.select([self._descriptor], [], [], STEP)[0]:
                continue
            with contextlib.suppress(OSError):
                found += os.read(self._descriptor, 1024)
            with self._lock:
                found = b"" if self.is_deaf else self._take(found)

    def _take(self, found: bytes) -> bytes:
        """Act on what came; return what is not whole yet."""
        while found:
            first = found[0]
            if first & ~LAST != REQUEST:
                found = found[1:]
                self._token(first)
                continue
            if len(found) < 3 or len(found) < (found[1] & 0x0F) + 3:
                return found
            size = (found[1] & 0x0F) + 3
            packet, found = found[:size], found[size:]
            self._packet(packet)
        return found

    def _token(self, token: int) -> None:
        if token in self.levels:
            self.level = token
            self._request, self._waiting = b"", []
            self._say(bytes((token,)))
        elif token == OK and self._waiting:
            self._waiting.pop(0)
            if self._waiting:
                self._say(self._waiting[0])
        elif token == NOT_OK and self._waiting:
            self._say(self._waiting[0])

    def _packet(self, packet: bytes) -> None:
        self.packets.append(packet)
        data = packet[2:-1]
        if packet[1] >> 4 != len(data) or packet[-1] != reduce(xor, data, 0):
            self._say(bytes((NOT_OK,)))
            return
        self._request += data
        if not packet[0] & LAST:
            self._say(bytes((OK,)))
            return
        request, self._request = self._request, b""
        try:
            answer = self._answer(request)
        except StallError:
            self._say(bytes((NOT_OK,)))
            return
        except TimeoutError:
            return
        self._say(bytes((OK,)))
        self._waiting = [] if answer is None else list(_packets(RESPONSE, answer))
        if self._waiting:
            self._say(self._waiting[0])

    def _answer(self, request: bytes) -> bytes | None:
        kind, number = request[:2]
        value, index, length = (int.from_bytes(request[at : at + 2], "little") for at in (2, 4, 6))
        if kind & 0x80:
            return self.model.control(kind, number, value, index, length)
        self.model.control(kind, number, value, index, request[8 : 8 + length])
        return None


def _packets(kind: int, data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), 8):
        part = data[at : at + 8]
        last = LAST if at + 8 >= len(data) else 0
        yield bytes((kind | last, len(part) << 4 | len(part))) + part + bytes((reduce(xor, part),))


def padded(descriptor: bytes) -> bytes:
    """Lengthen a report descriptor by items that say nothing until its length has two equal bytes.

    NUT's mge-shut 2.8.0 takes the lower byte of the length for the higher one as well.
    """
    lack = -len(descriptor) % 0x0101
    tail = b"\x26\xff\x00" if lack % 2 else b""  # a maximum, or a page: both count for later fields
    return descriptor + tail + b"\x05\x84" * ((lack - len(tail)) // 2)
