"""The line of the driver qx over USB: a bridge in the device carries its requests and replies."""

import asyncio
import contextlib
from collections.abc import Mapping, MutableMapping
from typing import Final

from services.driver.drivers.qx_options import QxOptions
from services.driver.protocols.qx import bridges
from services.driver.protocols.qx.bridges_frames import (
    LONGEST,
    Bridge,
    Control,
    PacketBridge,
    TextBridge,
    text_of,
)
from services.driver.protocols.qx.table import END
from services.driver.transports.reports import NoReportError
from services.driver.transports.usb import Claim, UsbLine
from services.driver.transports.usbfinding import LANGUAGE, UsbAddress, UsbNames
from services.driver.transports.usbmatch import UsbMatch
from shared.errors import DeviceError, SettingsError

AUTO = "auto"
SETTLE = 0.3  # seconds without a packet after which a device is silent
MOST_PACKETS = LONGEST // 4  # of one reply
SHORT = 2  # bytes of a packet after which some devices need time
VENDOR_TEXT = 12  # the text that holds maker and model
# Asking for a text of a device (USB 2.0, section 9.4.3).
STANDARD_IN: Final = 0x80
GET_DESCRIPTOR: Final = 0x06
STRING: Final = 0x0300


class QxUsbLine:
    """A line to a device; see `services.driver.drivers.qx_line.QxLine`."""

    def __init__(self, options: QxOptions, hints: MutableMapping[str, str]) -> None:
        given = options.given()
        self._match = UsbMatch.of(given)
        self._forced = _forced(given)
        self._language = int(options.langid_fix, 16) if options.langid_fix else None
        self._skipped = (VENDOR_TEXT,) if options.novendor else ()
        self._claim = Claim(
            options.usb_hid_rep_index or 0, options.usb_config_index, options.usb_set_altinterface
        )
        self._line = UsbLine(self._chooses, self._accepts, hints)
        self._bridge: Bridge | None = None
        self._step = 0  # of the texts that are asked for before others
        self._may_lag = False  # something may still come in answer to what was asked

    @property
    def constants(self) -> Mapping[str, str]:
        """Variables that the line itself tells of the device."""
        found = self._line.address
        return {"ups.vendorid": found.vendor, "ups.productid": found.product} if found else {}

    async def open(self) -> None:
        """Find the device and its bridge; drop what an earlier line asked for."""
        await self._line.open()
        address = self._line.address
        assert address is not None
        bridge = self._bridge_of(address, self._line.names)
        if isinstance(bridge, PacketBridge) and bridge.variant:
            endpoints = await self._line.endpoints()
            if frozenset(endpoints) == bridge.variant_endpoints:
                bridge = bridge.variant
        self._bridge = bridge
        self._step = 0
        await self.drain()

    async def close(self) -> None:
        """Give the device back; never fails."""
        await self._line.close()

    async def drain(self) -> None:
        """Drop what comes until the device is silent; DeviceError if it never is."""
        bridge = self._bridge
        if isinstance(bridge, PacketBridge):
            await self._silence(bridge)
        self._may_lag = False

    async def ask(self, request: bytes, within: float, length: int = 0) -> bytes | None:
        r"""Send a request; return its reply, None if the device says nothing in so many seconds.

        With a length the reply goes on to the first `\r` at or behind it. DeviceError if a reply
        makes no sense. A request that the bridge cannot carry comes back as it is.
        """
        match self._bridge:
            case TextBridge() as bridge:
                return await self._ask_text(bridge, request)
            case PacketBridge() as bridge:
                return await self._ask_packets(bridge, request, within, length)
            case _:
                raise DeviceError(f"{self._line.where}: the line is closed")

    def _chooses(self, address: UsbAddress) -> bool:
        is_possible = self._forced or bridges.is_known(address.vendor, address.product)
        return bool(is_possible) and self._match.chooses(address)

    def _accepts(self, address: UsbAddress, names: UsbNames) -> Claim | None:
        if self._bridge_of(address, names) is None or not self._match.accepts(names):
            return None
        return self._claim

    def _bridge_of(self, address: UsbAddress, names: UsbNames) -> Bridge | None:
        return self._forced or bridges.bridge_of(
            address.vendor, address.product, names.maker, names.product
        )

    async def _ask_packets(
        self, bridge: PacketBridge, request: bytes, within: float, length: int
    ) -> bytes | None:
        packets = None if request in bridge.echoed else bridge.packets(request)
        if packets is None:
            return request
        if self._may_lag and not bridge.flushes:
            await self.drain()
        reply = None
        wanted = bridge.lengths.get(request)  # an order is never repeated
        for _ in range(bridge.tries if wanted else 1):
            await self._flush(bridge, bridge.flushes, bridge.flush_within)
            self._may_lag = True
            for packet in packets:
                await self._send(bridge, packet)
            if not bridge.has_reply(request):
                return None
            await asyncio.sleep(bridge.pause)
            reply = bridge.reply(await self._received(bridge, within, length), length)
            if reply and len(reply) == wanted:
                break
        self._may_lag = reply is None
        return reply

    async def _received(self, bridge: PacketBridge, within: float, length: int) -> bytes:
        """Read packets until a reply is complete, or nothing more comes."""
        found = b""
        for _ in range(MOST_PACKETS):
            packet = await self._receive(bridge, within)
            if not packet:
                return found
            piece = bridge.unpack(packet, len(found))
            found += piece.data
            if bridge.ends_with(piece, found, length):
                return found
            if len(piece.data) <= SHORT:
                await asyncio.sleep(bridge.short_pause)
            within = bridge.read_within
        raise DeviceError(f"{self._line.where}: the reply has no end: {found[:80]!r}")

    async def _silence(self, bridge: PacketBridge) -> None:
        if isinstance(bridge.source, Control):
            return
        if await self._flush(bridge, MOST_PACKETS, SETTLE) == MOST_PACKETS:
            raise DeviceError(f"{self._line.where}: the device never falls silent")

    async def _flush(self, bridge: PacketBridge, most: int, within: float) -> int:
        """Drop packets until nothing comes; tell how many there were."""
        for count in range(most):
            try:
                packet = await self._receive(bridge, within)
            except NoReportError:
                return count
            if not packet:
                return count
        return most

    async def _send(self, bridge: PacketBridge, packet: bytes) -> None:
        out = bridge.out
        if isinstance(out, Control):
            await self._line.control_out(out.kind, out.request, out.value, 0, packet)
        else:
            await self._line.write(out, packet)

    async def _receive(self, bridge: PacketBridge, within: float) -> bytes:
        source, size = bridge.source, bridge.size
        if isinstance(source, Control):
            return await self._line.control_in(source.kind, source.request, source.value, 0, size)
        try:
            return await self._line.read(source, size, within)
        except NoReportError:
            await self._line.clear_halt(source)
            raise

    async def _ask_text(self, bridge: TextBridge, request: bytes) -> bytes | None:
        index = bridge.index(request)
        if index is None:
            return request
        await self._prepare(bridge, index)
        trouble: DeviceError | None = None
        for _ in range(bridge.tries):
            try:
                descriptor, is_exact = await self._descriptor(bridge, index)
            except NoReportError:
                return None
            try:
                reply = bridge.reply(request, text_of(descriptor, is_exact=is_exact))
            except DeviceError as error:
                trouble = error
                continue
            if reply is not None:
                return reply if reply != END else None
        if trouble is not None:
            raise trouble
        return None

    async def _prepare(self, bridge: TextBridge, index: int) -> None:
        """Do what a device needs before it tells a text."""
        if bridge.read_before:
            with contextlib.suppress(NoReportError):
                await self._line.read(0x81, bridge.read_before, 1.0)
        asked = bridge.asked_before(self._step, index, self._skipped)
        pause = 0.0 if self._step else bridge.pause
        self._step += 1
        for number, length in asked:
            with contextlib.suppress(NoReportError):
                await self._text(number, self._language or LANGUAGE, length)
        await asyncio.sleep(pause)

    async def _descriptor(self, bridge: TextBridge, index: int) -> tuple[bytes, bool]:
        """Read a text in the language that is meant; tell whether a language was named."""
        language = self._language or bridge.language
        if language is not None:
            return await self._text(index, language, bridge.length), True
        found = b""
        with contextlib.suppress(NoReportError):
            found = await self._text(0, 0, bridge.length)
        first = int.from_bytes(found[2:4], "little")
        return await self._text(index, first or LANGUAGE, bridge.length), False

    async def _text(self, index: int, language: int, length: int) -> bytes:
        return await self._line.control_in(
            STANDARD_IN, GET_DESCRIPTOR, STRING | index, language, length
        )


def is_usb(port: str, given: Mapping[str, str]) -> bool:
    """Tell whether the settings mean a device on USB."""
    return port.lower() == AUTO or any(name in given for name in QxOptions.usb)


def _forced(given: Mapping[str, str]) -> Bridge | None:
    """Find the bridge that the settings name; SettingsError if that cannot work."""
    name = given.get("subdriver")
    if name is None:
        return None
    found = bridges.named(name)
    if found is None:
        known = ", ".join(each.name for each in bridges.BRIDGES)
        raise SettingsError(f"subdriver: {name!r} is not known; there are {known}")
    if "vendorid" not in given or "productid" not in given:
        raise SettingsError("subdriver: say which device, with vendorid and productid")
    return found
