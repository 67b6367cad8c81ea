"""USB devices through pyusb and libusb: opened, claimed, and given back.

libusb blocks, so each line has a worker thread for transfers and, where a device speaks unasked,
another one that listens. Everything that goes wrong raises DeviceError naming the device:
NoReportError where only this transfer was refused and the device is still there.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import usb.core
import usb.util

from services.driver import fence
from services.driver.transports import usbfinding as finding
from services.driver.transports.reports import SilentError
from services.driver.transports.usbfinding import UsbAddress, UsbNames, translated
from services.driver.transports.usblistener import CLOSE_TIMEOUT, UsbListener
from shared.errors import AbsentError, DeviceError

TIMEOUT = 5.0  # seconds for one transfer, as NUT has it
LOOK_INTERVAL = 0.5  # seconds between two looks for a device that is away
FLEETING = 2.0  # seconds that another reason must last: rights come a moment after the device
PATIENCE = 15.0  # seconds of looking before the reason is told anew
SETTLE = 5.0  # seconds in which a device that was here before must come back to its own port
PORT_HINT = "usb port"
SERIAL_HINT = "usb serial"
MODEL_HINT = "usb model"
REASON_HINT = "usb reason"

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Claim:
    """What to take of a device: the interface; None leaves the configuration or setting alone.

    `configuration` is an index, as NUT's usb_config_index; `setting` an alternate setting.
    """

    interface: int = 0
    configuration: int | None = None
    setting: int | None = None


Chooses = Callable[[UsbAddress], bool]
"""Looks at ids and places only: what it declines is never opened."""
Accepts = Callable[[UsbAddress, UsbNames], Claim | None]
"""Looks at the texts too, and says what to claim; None declines."""


class UsbLine:
    """A line to one device; its owner calls one method at a time, save `close`.

    `hints` is kept from line to line: a device that was found is found again by its serial number
    wherever it is, and by its port where it has none; only after `SETTLE` seconds one without a
    serial number is looked for on other ports. One with other ids is never taken for it.
    """

    def __init__(self, chooses: Chooses, accepts: Accepts, hints: MutableMapping[str, str]) -> None:
        self._chooses = chooses
        self._accepts = accepts
        self._hints = hints
        self._worker: ThreadPoolExecutor | None = None
        self._device: Any = None
        self._claim = Claim()
        self._had_kernel_driver = False
        self._listeners: list[UsbListener] = []
        self._texts: dict[UsbAddress, UsbNames] = {}  # of devices that were looked at
        self.address: UsbAddress | None = None
        self.names = UsbNames()

    @property
    def where(self) -> str:
        """Name the device for people."""
        return str(self.address) if self.address else "USB"

    @property
    def interface(self) -> int:
        """Number of the interface that is claimed."""
        return self._claim.interface

    async def open(self) -> None:
        """Find the device and claim its interface.

        A reason why that cannot be is told at once when it is the first one, and another when it
        lasts; else the device is waited for, so that it is served as soon as it comes.
        """
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="usb")
        clock = asyncio.get_running_loop().time
        begin = since = clock()
        seen = ""
        while True:
            try:
                await self._run(partial(self._find, has_settled=clock() - begin >= SETTLE))
            except DeviceError as error:
                now, told = clock(), self._hints.get(REASON_HINT)
                if str(error) != seen:
                    seen, since = str(error), now
                if told is None or (told != seen and now - since >= FLEETING):
                    self._hints[REASON_HINT] = seen
                    raise
                if now - begin >= PATIENCE:
                    raise AbsentError(told) from error
                await asyncio.sleep(LOOK_INTERVAL)
            else:
                self._hints.pop(REASON_HINT, None)
                return

    async def close(self) -> None:
        """Give the device back to the system, even if nobody waits for it; never fails."""
        for each in self._listeners:
            each.stop()
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
        self._check_sent(data, await self._transfer(kind, request, value, index, data))

    async def read(self, endpoint: int, size: int, within: float) -> bytes:
        """Read from an endpoint; nothing if nothing came in time."""
        milliseconds = int(within * 1000)
        try:
            return await self._run(lambda: bytes(self._opened().read(endpoint, size, milliseconds)))
        except SilentError:
            return b""

    async def write(self, endpoint: int, data: bytes, within: float = TIMEOUT) -> None:
        """Write to an endpoint; DeviceError if not all was taken."""
        fence.check()
        milliseconds = int(within * 1000)
        sent = await self._run(lambda: self._opened().write(endpoint, data, milliseconds))
        self._check_sent(data, sent)

    async def clear_halt(self, endpoint: int) -> None:
        """End the stall of an endpoint."""
        await self._run(lambda: self._opened().clear_halt(endpoint))

    async def string(self, index: int) -> str:
        """Read a text of the device; empty if there is none of this number."""
        return await self._run(lambda: finding.string_of(self._opened(), index) or "")

    async def interface_extra(self) -> bytes:
        """Read the descriptors that stand behind that of the claimed interface."""
        return await self._run(lambda: bytes(self._setting().extra_descriptors))

    async def endpoints(self) -> tuple[tuple[int, int], ...]:
        """List the endpoints of the claimed interface: address and the longest packet."""

        def work() -> tuple[tuple[int, int], ...]:
            return tuple((each.bEndpointAddress, each.wMaxPacketSize) for each in self._setting())

        return await self._run(work)

    def listen(self, endpoint: int, size: int, *, is_vital: bool = False) -> UsbListener:
        """Listen to what the device says unasked, until the line is closed."""
        listener = UsbListener(self._opened(), self.where, endpoint, size, is_vital=is_vital)
        self._listeners.append(listener)
        return listener

    async def _transfer(self, kind: int, request: int, value: int, index: int, data: Any) -> Any:  # noqa: ANN401 -- pyusb takes and gives a length or bytes
        fence.check()
        milliseconds = int(TIMEOUT * 1000)
        return await self._run(
            lambda: self._opened().ctrl_transfer(kind, request, value, index, data, milliseconds)
        )

    def _check_sent(self, data: bytes, sent: int) -> None:
        if sent != len(data):
            raise DeviceError(f"{self.where}: took {sent} of {len(data)} bytes")

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        if self._worker is None:
            raise DeviceError(f"{self.where}: the line is closed")

        def guarded() -> _Result:
            with translated(self.where):
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._worker, guarded)

    def _opened(self) -> Any:  # noqa: ANN401 -- pyusb has no types
        if self._device is None:
            raise DeviceError(f"{self.where}: the line is closed")
        return self._device

    def _setting(self) -> Any:  # noqa: ANN401 -- pyusb has no types
        place = self._claim.interface, self._claim.setting or 0
        return self._opened().get_active_configuration()[place]

    def _find(self, *, has_settled: bool) -> None:
        reason = DeviceError("no such USB device is plugged in")
        port = self._hints.get(PORT_HINT)
        found = [
            (address, device)
            for device in finding.devices()
            if self._chooses(address := finding.address_of(device))
        ]
        found.sort(key=lambda pair: pair[0].busport != port)
        for address, device in found:
            try:
                with translated(str(address)):
                    if self._is_taken(address, device, has_settled=has_settled):
                        self._remember([each for each in found if each[1] is not device])
                        return
            except DeviceError as error:
                reason = error
            usb.util.dispose_resources(device)
        raise reason

    def _is_taken(self, address: UsbAddress, device: Any, *, has_settled: bool) -> bool:  # noqa: ANN401 -- pyusb has no types
        names = self._names_of(address, device)
        claim = self._accepts(address, names)
        familiar = is_familiar(self._hints, address, names)
        if claim is None or not (has_settled if familiar is None else familiar):
            return False
        self._had_kernel_driver = _detach(device, claim.interface)
        try:
            _take(device, claim)
        except usb.core.USBError:
            _attach(device, claim.interface, self._had_kernel_driver)
            raise
        self.address, self.names, self._device, self._claim = address, names, device, claim
        return True

    def _names_of(self, address: UsbAddress, device: Any) -> UsbNames:  # noqa: ANN401 -- pyusb has no types
        """Read the texts of a device once, if it gives them all: it may be at work for others."""
        found = self._texts.get(address) or finding.names_of(device)
        if finding.is_complete(device, found):
            self._texts[address] = found
        return found

    def _remember(self, others: list[tuple[UsbAddress, Any]]) -> None:
        """Note the serial number, unless another device has the same one."""
        serials = set()
        for address, device in others:
            with contextlib.suppress(DeviceError), translated(str(address)):
                serials.add(self._names_of(address, device).serial)
            usb.util.dispose_resources(device)
        serial = self.names.serial or ""
        self._hints[SERIAL_HINT] = "" if serial in serials else serial
        self._hints[PORT_HINT] = self.address.busport if self.address else ""
        self._hints[MODEL_HINT] = _model(self.address) if self.address else ""

    def _close(self) -> None:
        device, self._device = self._device, None
        if device is None:
            return
        for each in self._listeners:
            each.join()
        with contextlib.suppress(usb.core.USBError):
            usb.util.release_interface(device, self._claim.interface)
        _attach(device, self._claim.interface, self._had_kernel_driver)
        usb.util.dispose_resources(device)


def is_familiar(
    hints: MutableMapping[str, str], address: UsbAddress, names: UsbNames
) -> bool | None:
    """Tell whether this is the device that was found before; None if nothing speaks against it.

    A serial number tells more than a port, unless it is one that makers give to all their devices.
    """
    if PORT_HINT not in hints:
        return True
    if hints.get(MODEL_HINT, _model(address)) != _model(address):
        return False
    serial, known = names.serial or "", hints.get(SERIAL_HINT, "")
    if _is_real(known) and _is_real(serial):
        return serial == known
    return True if address.busport == hints[PORT_HINT] else None


def _model(address: UsbAddress) -> str:
    return f"{address.vendor}:{address.product}"


def _is_real(serial: str) -> bool:
    return bool(serial.strip("0 "))


def _take(device: Any, claim: Claim) -> None:  # noqa: ANN401 -- pyusb has no types
    if claim.configuration is not None:
        device.set_configuration(device[claim.configuration].bConfigurationValue)
    elif device.backend.get_configuration(device._ctx.managed_open()) == 0:
        device.set_configuration()
    usb.util.claim_interface(device, claim.interface)
    if claim.setting is not None:
        device.set_interface_altsetting(claim.interface, claim.setting)


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
