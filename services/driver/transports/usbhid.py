"""HID reports over USB (USB HID 1.11, section 7): a line that is found by ids, texts and place."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from services.driver.protocols.hid.descriptor import Report
from services.driver.protocols.hid.table import Identity, Quirks, UsbId
from services.driver.transports.reports import NoReportError
from services.driver.transports.usb import UsbLine
from services.driver.transports.usbfinding import UsbNames
from services.driver.transports.usblistener import UsbListener
from shared.errors import DeviceError

# Request types: direction, kind and recipient (USB 2.0, section 9.3).
STANDARD_IN: Final = 0x81
CLASS_IN: Final = 0xA1
CLASS_OUT: Final = 0x21
GET_DESCRIPTOR: Final = 0x06
GET_REPORT: Final = 0x01
SET_REPORT: Final = 0x09
HID_DESCRIPTOR: Final = 0x21
REPORT_DESCRIPTOR: Final = 0x22
KINDS: Final = {Report.INPUT: 1, Report.OUTPUT: 2, Report.FEATURE: 3}

ENDPOINT_IN: Final = 0x80
FULL_SIZE: Final = 512  # what devices are asked for that want the greatest length
SHORTEST = 9  # bytes of a HID descriptor
# Devices whose good report descriptor is not the one that their HID descriptor names: ids and
# release, and the index of the good one (known from NUT: Eaton).
DESCRIPTOR_INDEXES: Final = {("0463", "0202"): 1}


def identity_of(id: UsbId, names: UsbNames) -> Identity:
    """Say who a device is."""
    return Identity(id, names.maker, names.product, names.serial)


class UsbReports:
    """The reports of one device on USB; see `services.driver.transports.reports.Reports`."""

    def __init__(
        self,
        line: UsbLine,
        quirks_of: Callable[[Identity], Quirks],
        descriptor_index: int | None = None,
    ) -> None:
        self._line = line
        self._quirks_of = quirks_of
        self._quirks = Quirks()
        self._descriptor_index = descriptor_index
        self._listener: UsbListener | None = None

    @property
    def where(self) -> str:
        """Name the device for people."""
        return self._line.where

    @property
    def identity(self) -> Identity:
        """Tell the ids and texts of the device."""
        address = self._line.address
        if address is None:
            raise DeviceError("USB: the line is closed")
        return identity_of(UsbId(address.vendor, address.product), self._line.names)

    @property
    def place(self) -> Mapping[str, str]:
        """Tell where the device is."""
        found = self._line.address
        if found is None:
            return {}
        return {"bus": found.bus, "device": found.number, "busport": found.busport}

    async def open(self) -> None:
        """Find the device and claim its interface."""
        await self._line.open()
        self._quirks = self._quirks_of(self.identity)
        self._listener = await self._listening()

    async def close(self) -> None:
        """Give the device back; never fails."""
        await self._line.close()

    async def descriptor(self) -> bytes:
        """Read the report descriptor, as long as the HID descriptors say it is.

        The one behind the interface's is believed more than the one that the device gives when it
        is asked for it, as in NUT; what is cut short is read as far as it goes.
        """
        number = self._descriptor_index
        address = self._line.address
        if number is None and address is not None:
            number = DESCRIPTOR_INDEXES.get((address.vendor, address.release))
        lengths = [_length(await self._line.interface_extra()), await self._asked_length(number)]
        if number:
            lengths.reverse()
        found = b""
        for length in lengths:
            if length and len(found) < length:
                found = max(found, await self._described(number, length), key=len)
            if length and len(found) >= length:
                break
        if not found:
            raise DeviceError(f"{self.where}: the device has no report descriptor")
        return found

    async def get(self, report: Report, id: int, length: int) -> bytes:
        """Ask for a report."""
        size = FULL_SIZE if self._wants_full_size() else length
        value = KINDS[report] << 8 | id
        found = await self._line.control_in(CLASS_IN, GET_REPORT, value, self._line.interface, size)
        if not found:
            raise NoReportError(f"{self.where}: the report {id} is empty")
        return found

    async def set(self, report: Report, id: int, data: bytes) -> None:
        """Write a report."""
        value = KINDS[report] << 8 | id
        await self._line.control_out(CLASS_OUT, SET_REPORT, value, self._line.interface, data)

    async def string(self, index: int) -> str:
        """Read a text of the device; empty if there is none of this number."""
        return await self._line.string(index)

    @property
    def has_inputs(self) -> bool:
        """Tell whether `inputs` would return at once."""
        return self._listener is not None and self._listener.has_packets

    async def inputs(self) -> list[bytes]:
        """Wait for input reports and take them."""
        if self._listener is None:
            await asyncio.Event().wait()
            return []
        return await self._listener.packets()

    async def _listening(self) -> UsbListener | None:
        if not self._quirks.has_interrupts:
            return None
        wanted = self._quirks.endpoint_in
        for endpoint, size in await self._line.endpoints():
            number = endpoint & ~ENDPOINT_IN
            if endpoint & ENDPOINT_IN and wanted in (None, number):
                longest = self._quirks.interrupt_size or max(size, 8)
                is_vital = self._quirks.is_interrupt_only
                return self._line.listen(endpoint, longest, is_vital=is_vital)
        return None

    def _wants_full_size(self) -> bool:
        products = self._quirks.full_size_products
        product = self.identity.product or ""
        return self._quirks.is_full_size and (not products or product.startswith(products))

    async def _asked_length(self, number: int | None) -> int | None:
        value = HID_DESCRIPTOR << 8 | (number or 0)
        try:
            asked = await self._line.control_in(
                STANDARD_IN, GET_DESCRIPTOR, value, self._line.interface, SHORTEST
            )
        except NoReportError:
            return None
        return _length(asked)

    async def _described(self, number: int | None, length: int) -> bytes:
        value = REPORT_DESCRIPTOR << 8 | (number or 0)
        try:
            return await self._line.control_in(
                STANDARD_IN, GET_DESCRIPTOR, value, self._line.interface, length
            )
        except NoReportError:
            return b""


def _length(descriptors: bytes) -> int | None:
    """Find the HID descriptor among others, and in it the length of the report descriptor."""
    at = 0
    while at + SHORTEST <= len(descriptors) and descriptors[at]:
        size, kind = descriptors[at], descriptors[at + 1]
        if size >= SHORTEST and kind == HID_DESCRIPTOR:
            return int.from_bytes(descriptors[at + 7 : at + 9], "little")
        at += size
    return None
