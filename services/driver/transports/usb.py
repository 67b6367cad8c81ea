"""USB devices through pyusb and libusb: found, opened, claimed, and given back.

libusb blocks, so each line has a worker thread for transfers and, where a device speaks unasked,
another one that listens. Everything that goes wrong raises DeviceError naming the device.
"""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import libusb_package
import usb.backend.libusb1
import usb.core
import usb.util

from shared.errors import DeviceError

TIMEOUT = 5.0  # seconds for one transfer, as NUT has it
LISTEN_STEP = 0.25  # seconds of one wait for what comes unasked, so that a line closes soon
LOOK_INTERVAL = 0.5  # seconds between two looks for a device that is away
PATIENCE = 60.0  # seconds of looking before the reason is told anew
CLOSE_TIMEOUT = 3.0
LANGUAGE: Final = 0x0409  # of string descriptors; devices without languages have this one
_PERMISSION = 13
_GONE = (19, 5)  # ENODEV, EIO

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """What can be told of a device without opening it.

    The ids are four hexadecimal digits; `busport` is the way through the hubs, such as "1-2.3": it
    stays the same when the device is plugged in again, the `number` does not.
    """

    vendor: str
    product: str
    bus: str
    number: str
    busport: str


@dataclass(frozen=True, slots=True)
class UsbNames:
    """The texts of a device; None where it has none."""

    maker: str | None = None
    product: str | None = None
    serial: str | None = None


Chooses = Callable[[UsbAddress], bool]
Accepts = Callable[[UsbAddress, UsbNames], bool]


@functools.cache
def backend() -> Any:  # noqa: ANN401 -- pyusb has no types
    """Load libusb; SystemError-free: DeviceError says that it is missing."""
    found = usb.backend.libusb1.get_backend(find_library=libusb_package.find_library)
    if found is None:
        raise DeviceError("libusb cannot be loaded: install libusb-1.0")
    return found


def addresses() -> list[UsbAddress]:
    """List what is plugged in; it blocks for some milliseconds."""
    return [_address(device) for device in _devices()]


def names(address: UsbAddress) -> UsbNames:
    """Read the texts of a device; it blocks. DeviceError if it is gone or may not be opened."""
    for device in _devices():
        if _address(device) == address:
            with _translated(address.busport):
                try:
                    return _names(device)
                finally:
                    usb.util.dispose_resources(device)
    raise DeviceError(f"USB {address.busport}: the device is gone")


class UsbLine:
    """A line to one device; its owner calls one method at a time, save `close`.

    `chooses` looks at ids and places, `accepts` at the texts of what was chosen. `preferred` is a
    busport: of several devices that fit, the one there is taken.
    """

    def __init__(self, chooses: Chooses, accepts: Accepts, preferred: str | None = None) -> None:
        self._chooses = chooses
        self._accepts = accepts
        self._preferred = preferred
        self._worker: ThreadPoolExecutor | None = None
        self._device: Any = None
        self._interface = 0
        self._had_kernel_driver = False
        self._is_closing = False
        self.address: UsbAddress | None = None
        self.names = UsbNames()

    @property
    def where(self) -> str:
        """Name the device for people."""
        found = self.address
        return f"USB {found.busport} ({found.vendor}:{found.product})" if found else "USB"

    async def open(self, interface: int = 0) -> None:
        """Find the device, waiting for it for a while, and claim one interface of it."""
        self._is_closing = False
        self._interface = interface
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="usb")
        reason = DeviceError("no such USB device is plugged in")
        clock = asyncio.get_running_loop().time
        deadline = clock() + PATIENCE
        while clock() < deadline:
            try:
                await self._run(self._find)
            except DeviceError as error:
                reason = error
            else:
                return
            await asyncio.sleep(LOOK_INTERVAL)
        raise reason

    async def close(self) -> None:
        """Give the device back to the system; never fails."""
        self._is_closing = True
        worker, self._worker = self._worker, None
        if worker is None:
            return
        closed = asyncio.wrap_future(worker.submit(self._close))
        worker.shutdown(wait=False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await asyncio.shield(closed)

    async def control_in(
        self, kind: int, request: int, value: int, index: int, length: int
    ) -> bytes:
        """Ask for bytes by a control transfer."""
        return bytes(await self._transfer(kind, request, value, index, length))

    async def control_out(
        self, kind: int, request: int, value: int, index: int, data: bytes
    ) -> None:
        """Send bytes by a control transfer; DeviceError if they were not all taken."""
        sent = await self._transfer(kind, request, value, index, data)
        if sent != len(data):
            raise DeviceError(f"{self.where}: took {sent} of {len(data)} bytes")

    async def read(self, endpoint: int, size: int, within: float) -> bytes:
        """Read from an endpoint; nothing if nothing came in time."""

        def work(device: Any) -> bytes:  # noqa: ANN401 -- pyusb has no types
            try:
                return bytes(device.read(endpoint, size, int(within * 1000)))
            except usb.core.USBTimeoutError:
                return b""

        return await self._run(lambda: work(self._opened()))

    async def write(self, endpoint: int, data: bytes, within: float = TIMEOUT) -> None:
        """Write to an endpoint; DeviceError if not all was taken."""
        milliseconds = int(within * 1000)
        sent = await self._run(lambda: self._opened().write(endpoint, data, milliseconds))
        if sent != len(data):
            raise DeviceError(f"{self.where}: took {sent} of {len(data)} bytes")

    async def string(self, index: int) -> str:
        """Read a text of the device; empty if there is none of this number."""
        return await self._run(lambda: _string(self._opened(), index) or "")

    async def interface_extra(self) -> bytes:
        """Read the descriptors that stand behind that of the claimed interface."""
        return await self._run(lambda: bytes(self._setting().extra_descriptors))

    async def endpoints(self) -> tuple[tuple[int, int], ...]:
        """List the endpoints of the claimed interface: address and the longest packet."""

        def work() -> tuple[tuple[int, int], ...]:
            return tuple((each.bEndpointAddress, each.wMaxPacketSize) for each in self._setting())

        return await self._run(work)

    def listen(self, endpoint: int, size: int) -> "UsbListener":
        """Listen to what the device says unasked, in a thread of its own."""
        return UsbListener(self._opened(), self.where, endpoint, size)

    async def _transfer(self, kind: int, request: int, value: int, index: int, data: Any) -> Any:  # noqa: ANN401 -- pyusb takes and gives a length or bytes
        milliseconds = int(TIMEOUT * 1000)
        return await self._run(
            lambda: self._opened().ctrl_transfer(kind, request, value, index, data, milliseconds)
        )

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        if self._worker is None:
            raise DeviceError(f"{self.where}: the line is closed")

        def guarded() -> _Result:
            with _translated(self.where):
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._worker, guarded)

    def _opened(self) -> Any:  # noqa: ANN401 -- pyusb has no types
        if self._device is None:
            raise DeviceError(f"{self.where}: the line is closed")
        return self._device

    def _setting(self) -> Any:  # noqa: ANN401 -- pyusb has no types
        return self._opened().get_active_configuration()[(self._interface, 0)]

    def _find(self) -> None:
        reason = DeviceError("no such USB device is plugged in")
        fitting = [
            (address, device) for device in _devices() if self._chooses(address := _address(device))
        ]
        fitting.sort(key=lambda pair: pair[0].busport != self._preferred)
        for address, device in fitting:
            try:
                with _translated(f"USB {address.busport} ({address.vendor}:{address.product})"):
                    if self._is_taken(address, device):
                        return
            except DeviceError as error:
                reason = error
            usb.util.dispose_resources(device)
        raise reason

    def _is_taken(self, address: UsbAddress, device: Any) -> bool:  # noqa: ANN401 -- pyusb has no types
        names = _names(device)
        if not self._accepts(address, names):
            return False
        self._had_kernel_driver = _detach(device, self._interface)
        try:
            if device.backend.get_configuration(device._ctx.managed_open()) == 0:
                device.set_configuration()
            usb.util.claim_interface(device, self._interface)
        except usb.core.USBError:
            _attach(device, self._interface, self._had_kernel_driver)
            raise
        self.address, self.names, self._device = address, names, device
        return True

    def _close(self) -> None:
        device, self._device = self._device, None
        if device is None:
            return
        with contextlib.suppress(usb.core.USBError):
            usb.util.release_interface(device, self._interface)
        _attach(device, self._interface, self._had_kernel_driver)
        usb.util.dispose_resources(device)


class UsbListener:
    """Yields what a device says unasked; `stop` it before the line is closed.

    Only the newest `limit` packets are kept: an endless stream does no harm.
    """

    def __init__(
        self,
        device: Any,  # noqa: ANN401 -- pyusb has no types
        where: str,
        endpoint: int,
        size: int,
        limit: int = 256,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._device, self._where, self._endpoint, self._size = device, where, endpoint, size
        self._limit = limit
        self._packets: list[bytes] = []
        self._changed = asyncio.Event()
        self._lost: DeviceError | None = None
        self._is_stopped = False
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="usb listener")
        self._ended = self._worker.submit(self._listen)

    async def packets(self) -> list[bytes]:
        """Wait for packets and take them all; DeviceError once the device is gone."""
        await self.arrival()
        found, self._packets = self._packets, []
        self._changed.clear()
        if not found and self._lost:
            raise self._lost
        return found

    async def arrival(self) -> None:
        """Return when there is something to take, or the device is gone."""
        await self._changed.wait()
        if self._lost:
            self._changed.set()

    async def stop(self) -> None:
        """End the thread."""
        self._is_stopped = True
        self._worker.shutdown(wait=False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await asyncio.shield(asyncio.wrap_future(self._ended))

    def _listen(self) -> None:
        milliseconds = int(LISTEN_STEP * 1000)
        while not self._is_stopped:
            try:
                with _translated(self._where):
                    packet = bytes(self._device.read(self._endpoint, self._size, milliseconds))
            except _QuietError:
                continue
            except DeviceError as error:
                self._tell(b"", error)
                return
            self._tell(packet, None)

    def _tell(self, packet: bytes, lost: DeviceError | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._note, packet, lost)

    def _note(self, packet: bytes, lost: DeviceError | None) -> None:
        if packet:
            self._packets = [*self._packets[1 - self._limit :], packet]
        self._lost = lost or self._lost
        self._changed.set()


class _QuietError(DeviceError):
    """A transfer took too long."""


@contextlib.contextmanager
def _translated(where: str) -> Iterator[None]:
    try:
        yield
    except usb.core.USBTimeoutError as error:
        raise _QuietError(f"{where}: no answer") from error
    except usb.core.USBError as error:
        if error.errno == _PERMISSION:
            cure = "not permitted; install the udev rules of nutbus (see docs/usb.md)"
            raise DeviceError(f"{where}: {cure}") from error
        gone = "the device is gone" if error.errno in _GONE else error.strerror or str(error)
        raise DeviceError(f"{where}: {gone}") from error
    except (usb.core.NoBackendError, NotImplementedError, ValueError) as error:
        raise DeviceError(f"{where}: {error or 'not possible here'}") from error


def _devices() -> list[Any]:
    with _translated("USB"):
        return list(usb.core.find(find_all=True, backend=backend()) or ())


def _address(device: Any) -> UsbAddress:  # noqa: ANN401 -- pyusb has no types
    ports = ".".join(map(str, device.port_numbers or ()))
    return UsbAddress(
        f"{device.idVendor:04x}",
        f"{device.idProduct:04x}",
        f"{device.bus or 0:03d}",
        f"{device.address or 0:03d}",
        f"{device.bus or 0}-{ports}" if ports else f"{device.bus or 0}",
    )


def _names(device: Any) -> UsbNames:  # noqa: ANN401 -- pyusb has no types
    indexes = (device.iManufacturer, device.iProduct, device.iSerialNumber)
    return UsbNames(*(_string(device, index) if index else None for index in indexes))


def _string(device: Any, index: int) -> str | None:  # noqa: ANN401 -- pyusb has no types
    """Read a text; a device that stalls has none there."""
    try:
        languages = device.langids or (LANGUAGE,)
        text: str = usb.util.get_string(device, index, languages[0])
    except (ValueError, UnicodeError, usb.core.USBError) as error:
        if getattr(error, "errno", None) in (*_GONE, _PERMISSION):
            raise
        return None
    return text.split("\0", maxsplit=1)[0].strip() if text else None


def _detach(device: Any, interface: int) -> bool:  # noqa: ANN401 -- pyusb has no types
    try:
        if not device.is_kernel_driver_active(interface):
            return False
        device.detach_kernel_driver(interface)
    except NotImplementedError:
        return False
    return True


def _attach(device: Any, interface: int, had: bool) -> None:  # noqa: ANN401 -- pyusb has no types
    if had:
        with contextlib.suppress(usb.core.USBError, NotImplementedError):
            device.attach_kernel_driver(interface)
