"""HID reports over SHUT on a serial line; see `services.driver.transports.reports.Reports`."""

import asyncio
from collections.abc import Mapping
from typing import Final

from services.driver.protocols import shut
from services.driver.protocols.hid.descriptor import Descriptor, Report, parse
from services.driver.protocols.hid.table import Identity, UsbId
from services.driver.protocols.shut import Event, Kind, Packet, Setup, Token
from services.driver.transports.reports import NoReportError, SilentError
from services.driver.transports.serial import SerialLine, SerialSettings
from shared.errors import DeviceError

SPEED = 2400
SYNC_TIMEOUT = 1.0  # seconds
SYNC_TRIES = 4
REPLY_TIMEOUT = 3.0  # seconds for an answer to begin
BYTE_TIMEOUT = 0.5  # seconds between two bytes of a packet
TRIES = 3  # of a packet, and of a request that is refused or garbled
SILENCES = 2  # after which a request is given up
MOST_EVENTS = 512  # in one exchange; a line of noise has more
MOST_KEPT = 64  # input reports that wait to be taken
QUIET = 0.1

STANDARD_IN: Final = 0x80
INTERFACE_IN: Final = 0x81
CLASS_IN: Final = 0xA1
CLASS_OUT: Final = 0x21
GET_DESCRIPTOR: Final = 0x06
GET_REPORT: Final = 0x01
SET_REPORT: Final = 0x09
DEVICE, TEXT, HID, REPORT_DESCRIPTOR = 0x01, 0x03, 0x21, 0x22
SIZES: Final = {DEVICE: 18, HID: 9}
LONGEST_TEXT = 128
LONGEST_DESCRIPTOR = 0x1800
KINDS: Final = {Report.INPUT: 1, Report.OUTPUT: 2, Report.FEATURE: 3}
# Devices whose good report descriptor is not the first: ids and release, and its index.
DESCRIPTOR_INDEXES: Final = {("0463", "0202"): 1}


class _GarbledError(NoReportError):
    """A response did not come as it was sent."""


class ShutReports:
    """The reports of one device on a serial line.

    `levels` are the bytes that ask for notifications, the wanted one first.
    """

    def __init__(
        self, port: str, levels: tuple[bytes, ...], descriptor_index: int | None = None
    ) -> None:
        self._port = port
        self._levels = levels
        self._descriptor_index = descriptor_index
        # The line is fed by RTS.
        self._line = SerialLine(port, SerialSettings(baudrate=SPEED, dtr=False, rts=True))
        self._buffer = b""
        self._part = b""  # of an input report
        self._inputs: list[bytes] = []
        self._identity: Identity | None = None
        self._release = ""
        self._descriptor: Descriptor | None = None

    @property
    def where(self) -> str:
        """Name the device for people."""
        return self._port

    @property
    def identity(self) -> Identity:
        """Tell the ids and texts of the device."""
        if self._identity is None:
            raise DeviceError(f"{self._port}: the line is closed")
        return self._identity

    @property
    def place(self) -> Mapping[str, str]:
        """Tell where the device is: its port says it."""
        return {}

    async def open(self) -> None:
        """Open the port, agree on notifications and ask who the device is."""
        await self._line.open()
        self._buffer, self._part, self._inputs = b"", b"", []
        await self._line.drain(QUIET)
        await self._synchronize()
        device = await self._descriptor_of(DEVICE, 0, SIZES[DEVICE])
        vendor, product, release = (
            f"{int.from_bytes(device[at : at + 2], 'little'):04x}" for at in (8, 10, 12)
        )
        texts = [await self.string(index) or None for index in device[14:17]]
        self._release = release
        self._identity = Identity(UsbId(vendor, product), *texts)

    async def close(self) -> None:
        """Give the port back; never fails."""
        await self._line.close()

    async def descriptor(self) -> bytes:
        """Read the report descriptor."""
        index = self._descriptor_index
        if index is None:
            index = DESCRIPTOR_INDEXES.get((self.identity.id.vendor, self._release), 0)
        head = await self._descriptor_of(HID, index, SIZES[HID])
        length = int.from_bytes(head[7:9], "little")
        if not 0 < length <= LONGEST_DESCRIPTOR:
            raise DeviceError(f"{self._port}: a report descriptor of {length} bytes")
        setup = _described(REPORT_DESCRIPTOR, index, length)
        found = await self._ask(setup)
        if len(found) != length:
            raise DeviceError(f"{self._port}: {len(found)} of {length} bytes of the descriptor")
        self._descriptor = parse(found)
        return found

    async def get(self, report: Report, id: int, length: int) -> bytes:
        """Ask for a report."""
        found = await self._ask(Setup(CLASS_IN, GET_REPORT, KINDS[report] << 8 | id, length=length))
        if not found:
            raise NoReportError(f"{self._port}: the report {id} is empty")
        has_ids = self._descriptor is None or self._descriptor.has_ids
        if has_ids and found[0] != id:
            raise DeviceError(f"{self._port}: asked for the report {id}, got {found!r}")
        return found

    async def set(self, report: Report, id: int, data: bytes) -> None:
        """Write a report."""
        setup = Setup(CLASS_OUT, SET_REPORT, KINDS[report] << 8 | id, length=len(data))
        await self._catch_up()
        for packet in shut.telling(setup, data):
            await self._send(packet)

    async def string(self, index: int) -> str:
        """Read a text of the device; empty if it has none of this number."""
        if not index:
            return ""
        try:
            found = await self._ask(_described(TEXT, index, LONGEST_TEXT))
        except SilentError:
            raise
        except NoReportError:
            return ""
        if len(found) < 2 or found[0] > len(found) or found[1] != TEXT or any(found[found[0] :]):
            return ""  # cut short, or a packet came twice
        text = found[2 : found[0]].decode("utf-16-le", "replace")
        return text.split("\0", maxsplit=1)[0].strip()

    @property
    def has_inputs(self) -> bool:
        """Tell whether an input report waits."""
        return bool(self._inputs)

    async def inputs(self) -> list[bytes]:
        """Wait for input reports and take them."""
        while not self._inputs:
            if not self._buffer:
                await self._line.has_input()
            event = await self._event(BYTE_TIMEOUT)
            if isinstance(event, Packet):
                await self._take_unasked(event)
        found, self._inputs = self._inputs, []
        return found

    async def _synchronize(self) -> None:
        for level in self._levels:
            for _ in range(SYNC_TRIES):
                await self._line.write(level)
                if await self._until_token(level):
                    return
        raise DeviceError(f"{self._port}: no device answers")

    async def _until_token(self, level: bytes) -> bool:
        """Wait until the device repeats a level; what else comes is dropped."""
        end = _now() + SYNC_TIMEOUT
        for _ in range(MOST_EVENTS):
            event = await self._event(end - _now())
            if event is None or event == Token(level):
                return event is not None
        return False

    async def _descriptor_of(self, kind: int, index: int, size: int) -> bytes:
        found = await self._ask(_described(kind, index, size))
        if len(found) < size or found[1] != kind:
            raise DeviceError(f"{self._port}: no descriptor of the kind {kind:#x}: {found!r}")
        return found

    async def _ask(self, setup: Setup) -> bytes:
        """Make a control transfer that asks; once more if it goes wrong on the way."""
        silences = 0
        trouble = NoReportError("")
        await self._catch_up()
        for _ in range(TRIES):
            try:
                (request,) = shut.asking(setup)
                await self._send(request)
                return await self._response(setup.length)
            except SilentError as error:
                silences += 1
                if silences >= SILENCES:
                    raise
                trouble = error
            except _GarbledError as error:
                trouble = error
            await self._settle()
        raise trouble

    async def _send(self, packet: Packet) -> None:
        """Send a packet until the device confirms it; responses before that are late ones."""
        for _ in range(TRIES):
            await self._line.write(shut.framed(packet))
            if await self._is_confirmed():
                return
        raise NoReportError(f"{self._port}: the device does not take {packet.data!r}")

    async def _is_confirmed(self) -> bool:
        for _ in range(MOST_EVENTS):
            answer = await self._answer()
            if not isinstance(answer, Packet):
                return answer == shut.OK
            await self._take_unasked(answer)
        raise DeviceError(f"{self._port}: nothing but late responses")

    async def _answer(self) -> bytes | Packet:
        """Wait for `OK`, `NOT_OK` or a packet of a response; notifications are noted on the way."""
        end = _now() + REPLY_TIMEOUT
        for _ in range(MOST_EVENTS):
            match await self._event(end - _now()):
                case None:
                    raise SilentError(f"{self._port}: no answer")
                case Token(shut.OK | shut.NOT_OK as byte):
                    return byte
                case Packet(Kind.RESPONSE) as packet:
                    return packet
                case Packet(Kind.NOTIFICATION) as packet:
                    await self._take_unasked(packet)
                    end = _now() + REPLY_TIMEOUT
        raise DeviceError(f"{self._port}: nothing but noise")

    async def _response(self, length: int) -> bytes:
        """Read the packets of a response and confirm each; garbled ones are asked for again."""
        found = b""
        faults = 0
        while True:
            packet = await self._next_packet()
            if packet.is_sound:
                await self._line.write(shut.OK)
                found += packet.data
                if len(found) > length:  # a packet whose confirmation was lost came twice
                    raise _GarbledError(f"{self._port}: more than {length} bytes: {found!r}")
                if packet.is_last:
                    return found
                continue
            faults += 1
            if faults >= TRIES:
                raise _GarbledError(f"{self._port}: the line garbles what it carries")
            await self._settle()
            await self._line.write(shut.NOT_OK)

    async def _next_packet(self) -> Packet:
        """Wait for a packet of a response."""
        for _ in range(MOST_EVENTS):
            answer = await self._answer()
            if isinstance(answer, Packet):
                return answer
            if answer == shut.NOT_OK:
                break
        raise _GarbledError(f"{self._port}: no response behind a confirmation")

    async def _catch_up(self) -> None:
        """Take what came unasked meanwhile, and drop late responses."""
        for _ in range(MOST_EVENTS):
            event = await self._event(0.0)
            if event is None:
                return
            if isinstance(event, Packet):
                await self._take_unasked(event)
        raise DeviceError(f"{self._port}: nothing but noise")

    async def _take_unasked(self, packet: Packet) -> None:
        """Confirm a packet that came unasked; keep an input report of the declared shape."""
        if not packet.is_sound:
            await self._line.write(shut.NOT_OK)
            return
        if packet.kind is Kind.NOTIFICATION:
            self._part += packet.data
            if packet.is_last:
                whole, self._part = self._part, b""
                if self._is_input(whole):
                    self._inputs = [*self._inputs, whole][-MOST_KEPT:]
            elif len(self._part) > LONGEST_DESCRIPTOR:
                self._part = b""
        await self._line.write(shut.OK)

    def _is_input(self, data: bytes) -> bool:
        descriptor = self._descriptor
        if not data or descriptor is None:
            return False
        id = data[0] if descriptor.has_ids else 0
        length = descriptor.lengths.get((Report.INPUT, id))
        return length is not None and len(data) == length + descriptor.has_ids

    async def _settle(self) -> None:
        """Drop what still comes, so that the next packet is read from its beginning."""
        self._buffer = b""
        await self._line.drain(QUIET)

    async def _event(self, within: float) -> Event | None:
        """Read the next thing on the line; None if nothing comes, or half a packet."""
        end = _now() + within
        while True:
            event, size = shut.first_event(self._buffer)
            if event is not None:
                self._buffer = self._buffer[size:]
                return event
            left = BYTE_TIMEOUT if self._buffer else max(end - _now(), 0.0)
            more = await self._line.read(1, left)
            if not more:
                self._buffer = b""
                return None
            self._buffer += more


def _described(kind: int, index: int, length: int) -> Setup:
    whose = INTERFACE_IN if kind in (HID, REPORT_DESCRIPTOR) else STANDARD_IN
    return Setup(whose, GET_DESCRIPTOR, kind << 8 | index, length=length)


def _now() -> float:
    return asyncio.get_running_loop().time()
