"""The kernel's usbfs for one USB device of tests/realusb.py: ioctls of real programs, answered.

umockdev's library hands on each ioctl of a program over a socket of the device's, and lets the
answer read and write the program's memory (umockdev: src/libumockdev-preload.c).
"""

import contextlib
import errno
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

BUS = 1
_REQUEST = struct.Struct("=QQQ")  # a kind and two arguments, both ways
_URB = struct.Struct("BBxxiI4xQiiiiiI")  # usbdevfs_urb up to its user context
_SETUP = struct.Struct("<BBHHH")
_IOCTL, _DONE, _READ_MEMORY, _WRITE_MEMORY = 1, 3, 5, 6
_NOT_OURS = -100 & (2**64 - 1)
_CONTROL_URB = 2
_IN = 0x80
_REAP = 13  # the number of REAPURBNDELAY
# SETINTERFACE, SETCONFIGURATION, RESET; GETDRIVER: no driver of the kernel's has it.
_SIMPLE = {4: 0, 5: 0, 20: 0, 8: -errno.ENODATA}
_CAPABILITIES = 0x10  # URBs can still be reaped once the device is gone


class StallError(Exception):
    """The device does not take a request."""


class Peer(Protocol):
    """A USB device, as the bus sees it. Its methods are called from several threads, one by one.

    They raise StallError for what the device does not take, TimeoutError if it does not answer.
    A method `clear_halt`, if there is one, is told the endpoint whose stall the program has seen.
    """

    @property
    def descriptors(self) -> bytes:
        """The device descriptor and its configurations, one after the other."""

    def control(
        self, kind: int, request: int, value: int, index: int, data: bytes | int, /
    ) -> bytes:
        """Answer a control transfer: `data` is for the device, or how much it may send at most."""

    def read(self, endpoint: int, size: int, /) -> bytes | None:
        """Give a packet of an IN endpoint; None if there is none yet."""

    def write(self, endpoint: int, data: bytes, /) -> None:
        """Take a packet for an OUT endpoint."""


@dataclass
class _Urb:
    address: int
    kind: int
    endpoint: int
    buffer: int
    length: int
    data: bytes
    status: int | None = None
    actual: int = 0


@dataclass(eq=False)
class _Opened:
    """A program's open device node."""

    line: socket.socket
    urbs: list[_Urb] = field(default_factory=list)
    claimed: set[int] = field(default_factory=set)


class Node:
    """A device that is plugged in: its node, and the programs that have it open.

    The node is a pipe, since a USB device can be written to for poll(2) when an URB is done: the
    pipe is kept full until then.
    """

    def __init__(self, machine: Path, busport: str, number: int, peer: Peer) -> None:
        self.peer, self.busport, self.number = peer, busport, number
        self.name = f"bus/usb/{BUS:03d}/{number:03d}"
        self._path = machine / "dev" / self.name
        self._socket_path = machine / "ioctl/dev" / self.name
        self._lock = threading.RLock()
        self._opened: list[_Opened] = []
        self._threads: list[threading.Thread] = []
        self._is_gone = False
        for path in (self._path, self._socket_path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._socket_path))
        self._listener.listen(16)
        os.mkfifo(self._path)
        self._pipe = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        self._size = fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, 4096)
        os.write(self._pipe, bytes(self._size))
        self._is_full = True
        self._start(self._accept)

    @property
    def is_claimed(self) -> bool:
        """Tell whether a program has claimed an interface."""
        with self._lock:
            return any(each.claimed for each in self._opened)

    def unplug(self) -> None:
        """Fail every transfer from now on, as the kernel does; no program can open it any more."""
        with self._lock:
            self._is_gone = True
            # Its socket stays: a program that has just opened the node would be ended without it.
            self._path.unlink(missing_ok=True)
            for urb in (urb for opened in self._opened for urb in opened.urbs):
                if urb.status is None:
                    urb.status = -errno.ESHUTDOWN
            self._show()

    def close(self) -> None:
        """End the threads."""
        self.unplug()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for opened in self._opened:
                with contextlib.suppress(OSError):
                    opened.line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        os.close(self._pipe)

    def look(self) -> None:
        """Give what the device has to tell to the transfers that wait for it."""
        with self._lock:
            for opened in self._opened:
                for urb in opened.urbs:
                    if urb.status is None and urb.endpoint & _IN:
                        self._try_read(urb)
            self._show()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=f"usb {self.busport}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            opened = _Opened(line)
            with self._lock:
                self._opened.append(opened)
            self._start(lambda opened=opened: self._serve(opened))  # type: ignore[misc]

    def _serve(self, opened: _Opened) -> None:
        with opened.line, contextlib.suppress(OSError, EOFError):
            while True:
                kind, request, argument = _REQUEST.unpack(_exactly(opened.line, _REQUEST.size))
                if kind != _IOCTL:
                    opened.line.sendall(_REQUEST.pack(_DONE, _NOT_OURS, 0))
                    continue
                with self._lock:
                    problem = self._answer(opened, request & 0xFF, argument)
                    self._show()
                result = problem if problem >= 0 else 2**64 - 1
                opened.line.sendall(_REQUEST.pack(_DONE, result, max(-problem, 0)))
        with self._lock:
            self._opened.remove(opened)
            self._show()

    def _show(self) -> None:
        """Let poll(2) tell whether there is an URB to reap."""
        wanted = not any(urb.status is not None for o in self._opened for urb in o.urbs)
        if wanted and not self._is_full:
            os.write(self._pipe, bytes(self._size))
        elif self._is_full and not wanted:
            os.read(self._pipe, self._size)
        self._is_full = wanted

    def _answer(self, opened: _Opened, number: int, argument: int) -> int:
        """Carry out an ioctl; return its result, or the number of an error, negative."""
        if number == _REAP:
            return self._reap(opened, argument)
        if self._is_gone:
            return -errno.ENODEV
        known: dict[int, Callable[[_Opened, int], int]] = {
            10: self._submit,
            11: self._discard,
            15: self._claim,
            16: self._release,
            21: self._clear_halt,
            26: self._tell_capabilities,
        }
        if number in known:
            return known[number](opened, argument)
        return _SIMPLE.get(number, -errno.ENOTTY)

    def _tell_capabilities(self, opened: _Opened, argument: int) -> int:
        _put(opened.line, argument, struct.pack("I", _CAPABILITIES))
        return 0

    def _claim(self, opened: _Opened, argument: int) -> int:
        (interface,) = struct.unpack("I", _get(opened.line, argument, 4))
        if any(interface in each.claimed for each in self._opened if each is not opened):
            return -errno.EBUSY
        opened.claimed.add(interface)
        return 0

    def _release(self, opened: _Opened, argument: int) -> int:
        opened.claimed.discard(*struct.unpack("I", _get(opened.line, argument, 4)))
        return 0

    def _clear_halt(self, opened: _Opened, argument: int) -> int:
        (endpoint,) = struct.unpack("I", _get(opened.line, argument, 4))
        if hasattr(self.peer, "clear_halt"):
            self.peer.clear_halt(endpoint)
        return 0

    def _submit(self, opened: _Opened, address: int) -> int:
        kind, endpoint, _, _, buffer, length, *_ = _URB.unpack(
            _get(opened.line, address, _URB.size)
        )
        is_in = kind != _CONTROL_URB and endpoint & _IN
        data = b"" if is_in else _get(opened.line, buffer, length)
        urb = _Urb(address, kind, endpoint, buffer, length, data)
        opened.urbs.append(urb)
        if kind == _CONTROL_URB:
            self._control(opened, urb)
        elif is_in:
            self._try_read(urb)
        else:
            self._write(urb)
        return 0

    def _control(self, opened: _Opened, urb: _Urb) -> None:
        kind, request, value, index, length = _SETUP.unpack_from(urb.data)
        is_in = kind & _IN
        payload = urb.data[_SETUP.size : _SETUP.size + length]

        def work() -> int:
            data = length if is_in else payload
            answer = self.peer.control(kind, request, value, index, data)[:length]
            if is_in:
                _put(opened.line, urb.buffer + _SETUP.size, answer)
            return len(answer) if is_in else length

        _finish(urb, work)

    def _try_read(self, urb: _Urb) -> None:
        def work() -> int | None:
            packet = self.peer.read(urb.endpoint, urb.length)
            if packet is None:
                return None
            urb.data = packet[: urb.length]
            return len(urb.data)

        _finish(urb, work)

    def _write(self, urb: _Urb) -> None:
        def work() -> int:
            self.peer.write(urb.endpoint, urb.data)
            return len(urb.data)

        _finish(urb, work)

    def _discard(self, opened: _Opened, address: int) -> int:
        for urb in opened.urbs:
            if urb.address == address and urb.status is None:
                urb.status = -errno.ENOENT
                return 0
        return -errno.EINVAL

    def _reap(self, opened: _Opened, argument: int) -> int:
        for urb in opened.urbs:
            if urb.status is not None:
                opened.urbs.remove(urb)
                if urb.endpoint & _IN and urb.actual and urb.kind != _CONTROL_URB:
                    _put(opened.line, urb.buffer, urb.data)
                _put(opened.line, urb.address + 4, struct.pack("i", urb.status))
                _put(opened.line, urb.address + 28, struct.pack("i", urb.actual))
                _put(opened.line, argument, struct.pack("Q", urb.address))
                return 0
        return -errno.ENODEV if self._is_gone else -errno.EAGAIN


def _finish(urb: _Urb, work: Callable[[], int | None]) -> None:
    """Let the device do its part; what it gives is the length, or None if it has nothing yet."""
    try:
        actual = work()
    except StallError:
        urb.status = -errno.EPIPE
    except TimeoutError:
        pass  # the program gives up some time
    else:
        if actual is not None:
            urb.status, urb.actual = 0, actual


def _exactly(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = line.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _get(line: socket.socket, address: int, size: int) -> bytes:
    """Read a program's memory."""
    if not size:
        return b""
    line.sendall(_REQUEST.pack(_READ_MEMORY, address, size))
    return _exactly(line, size)


def _put(line: socket.socket, address: int, data: bytes) -> None:
    """Write to a program's memory."""
    if data:
        line.sendall(_REQUEST.pack(_WRITE_MEMORY, address, len(data)) + data)
