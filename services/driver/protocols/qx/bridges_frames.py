r"""The shapes in which a USB bridge of Q1 devices is written down, and how its packets are made.

A bridge carries requests that end in `\r` to a serial device and its replies back, either in
packets or as texts of the device with chosen numbers. A row never holds what was read.

Facts: NUT, drivers/nutdrv_qx.c.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from services.driver.protocols.qx.table import END
from shared.errors import DeviceError

LONGEST = 512  # bytes of a reply
TEXT = 0x03  # the kind of a string descriptor
NO_ACK = "ups no ack"
_SHUTDOWN = re.compile(r"S(\d*\.?\d+)(?:R(\d+))?\r\Z")
_LETTER = re.compile(rb"[A-Z]")
_STATUS_BITS_AT = 38  # in a reply to Q1
_FUJI_COMMAND = 3  # bytes that fit into its packet


@dataclass(frozen=True, slots=True)
class Control:
    """A control transfer: the request's type, number and value; its index is 0."""

    kind: int
    request: int
    value: int


@dataclass(frozen=True, slots=True)
class Piece:
    """What a packet adds to a reply, and whether it ends it."""

    data: bytes
    is_last: bool = False


Packets = Callable[[bytes], tuple[bytes, ...] | None]
"""Cuts a request into packets; None: the bridge cannot carry it."""
Unpack = Callable[[bytes, int], Piece]
"""Takes the part of a reply out of a packet, given how many bytes came before it."""


class Ends(Enum):
    """When a reply is complete."""

    BY_RETURN = auto()
    WITH_PACKET = auto()  # it is all in one packet
    BY_SILENCE = auto()


def whole(request: bytes) -> tuple[bytes, ...]:
    """Send a request as it is."""
    return (request,)


def chunks(size: int) -> Packets:
    """Send a request in packets of one size, filled up with zeros."""

    def cut(request: bytes) -> tuple[bytes, ...]:
        places = range(0, len(request), size)
        return tuple(request[at : at + size].ljust(size, b"\0") for at in places)

    return cut


def counted(size: int, flags: int = 0) -> Packets:
    """Send a request in packets of one size; the first byte tells how many of the others count."""

    def cut(request: bytes) -> tuple[bytes, ...]:
        parts = (request[at : at + size - 1] for at in range(0, len(request), size - 1))
        return tuple((bytes([flags | len(part)]) + part).ljust(size, b"\0") for part in parts)

    return cut


def armac_packet(request: bytes) -> tuple[bytes, ...]:
    """Send a request in one packet of its own length."""
    return (bytes([0xA0 | len(request)]) + request,)


def ablerex_packet(request: bytes) -> tuple[bytes, ...]:
    """Send a request as the HID report 5."""
    return (bytes([0x05, 0, len(request)]) + request.ljust(44, b"\0"),)


def fuji_packet(request: bytes) -> tuple[bytes, ...] | None:
    """Send a request without its end, with the length of the reply; only three bytes have room.

    A shutdown that ends by itself loses its return delay: the device returns with the mains.
    """
    command = request.removesuffix(END)
    shutdown = _SHUTDOWN.match(request.decode("latin-1"))
    if shutdown and int(shutdown[2] or 0):
        command = command[:_FUJI_COMMAND]
    if len(command) > _FUJI_COMMAND:
        return None
    length = {b"Q1": 47, b"F": 22, b"I": 39}.get(command, 0)
    head = bytes([0x80, 0x06, len(command) + 1, 0x03])
    return (head + command.ljust(_FUJI_COMMAND, b"\0") + bytes([length]),)


def plain(packet: bytes, _before: int) -> Piece:
    """Take a packet as it is."""
    return Piece(packet)


def counted_part(packet: bytes, _before: int) -> Piece:
    """Take as many bytes as the first one tells, seven at most."""
    return Piece(packet[1 : 1 + min(packet[0], 7)]) if packet else Piece(b"")


def armac_part(packet: bytes, before: int) -> Piece:
    """Take as many bytes as the first one tells; none, or a zero, ends the reply.

    Some devices send zeros for status bits that they do not have.
    """
    data = bytearray()
    count = packet[0] & 0x3F if packet else 0
    for byte in packet[1 : 1 + count]:
        if byte or before + len(data) >= _STATUS_BITS_AT:
            data.append(byte or ord("0"))
        else:
            return Piece(bytes(data), is_last=True)
    return Piece(bytes(data), is_last=not count)


@dataclass(frozen=True, slots=True)
class PacketBridge:
    r"""A bridge that carries bytes in packets.

    `out` and `source` are a control transfer or the address of an endpoint. `read_within` is how
    long the next part of a reply may take, in seconds; a device may need a `pause` before its reply
    is read, and a `short_pause` after a packet of one or two bytes. Before a request up to
    `flushes` packets are read and dropped, each within `flush_within`. A reply of another length
    than that in `lengths` is asked for again, `tries` times in all. Requests in `unanswered` get no
    reply, those in `echoed` are known to be none for these devices. Where `adds_end` a reply may
    lack its `\r`. `variant` is what the bridge is if its endpoints are those of
    `variant_endpoints` (address and longest packet).
    """

    name: str
    out: Control | int
    packets: Packets
    source: Control | int = 0x81
    size: int = 8
    unpack: Unpack = plain
    ends: Ends = Ends.BY_RETURN
    read_within: float = 1.0
    pause: float = 0.0
    short_pause: float = 0.0
    flushes: int = 0
    flush_within: float = 1.0
    adds_end: bool = False
    tries: int = 1
    lengths: Mapping[bytes, int] = field(default_factory=dict)
    unanswered: tuple[bytes, ...] = ()
    echoed: tuple[bytes, ...] = ()
    variant: "PacketBridge | None" = None
    variant_endpoints: frozenset[tuple[int, int]] = frozenset()

    def has_reply(self, request: bytes) -> bool:
        """Tell whether the device answers a request at all."""
        return not any(
            request.startswith(name) and not _LETTER.match(request[len(name) :])
            for name in self.unanswered
        )

    def ends_with(self, piece: Piece, found: bytes, length: int) -> bool:
        """Tell whether a piece was the last one of what was found so far, itself included."""
        is_last = piece.is_last or self.ends is Ends.WITH_PACKET
        return is_last or self.is_complete(found, length)

    def is_complete(self, found: bytes, length: int) -> bool:
        r"""Tell whether a reply has its end; one of a length goes on to the first `\r` behind."""
        return self.ends is Ends.BY_RETURN and _end(found, length) > 0

    def reply(self, found: bytes, length: int) -> bytes | None:
        """Cut the reply out of what came; None: the device said nothing. DeviceError if cut short.

        What stands behind its end fills a packet up.
        """
        if not found.strip(b"\0\r") and found[:1] != END:
            return None
        end = _end(found, length)
        if end:
            return found[:end]
        if not self.adds_end:
            raise DeviceError(f"the reply was cut short: {found[:80]!r}")
        return found.partition(b"\0")[0] + END


@dataclass(frozen=True, slots=True)
class TextBridge:
    """A bridge that tells replies, and takes commands, as texts of the device with chosen numbers.

    `indexes` has the number for each request, `leads` what the first byte of a reply is replaced
    with. With `has_shutdowns` the numbers of shutdowns are computed. A device may need its endpoint
    to be read before (`read_before` bytes), and other texts to be asked for: `first` once for a
    line, with a `pause` behind, and one of `between` before each further request, number and length
    each. `language` is that of all texts where the settings name none; None: the device's first
    one. A reply that says that there is none is asked for `tries` times.
    """

    name: str
    indexes: Mapping[bytes, int]
    leads: Mapping[bytes, bytes] = field(default_factory=dict)
    has_shutdowns: bool = False
    length: int = 255
    read_before: int = 0
    first: tuple[tuple[int, int], ...] = ()
    pause: float = 0.0
    between: tuple[tuple[int, int], ...] = ()
    language: int | None = None
    tries: int = 1

    def index(self, request: bytes) -> int | None:
        """Say which text to ask for; None: the bridge cannot carry the request."""
        found = self.indexes.get(request)
        if found is None and self.has_shutdowns:
            return shutdown_index(request)
        return found

    def asked_before(
        self, step: int, index: int, skipped: tuple[int, ...]
    ) -> tuple[tuple[int, int], ...]:
        """Say which texts to ask for before the request number `step` of a line."""
        if step == 0:
            return self.first
        if not self.between:
            return ()
        each = self.between[(step - 1) % len(self.between)]
        return () if each[0] == index or each[0] in skipped else (each,)

    def reply(self, request: bytes, text: bytes) -> bytes | None:
        r"""Make a reply of a text; None: the device says that there is none, `\r`: it obeyed."""
        line = text.partition(END)[0]
        if not line or line.decode("latin-1").lower() == NO_ACK:
            return None
        lead = self.leads.get(request)
        if lead == END:
            return END
        return (lead + line[1:] if lead else line) + END


Bridge = PacketBridge | TextBridge


def shutdown_index(request: bytes) -> int | None:
    """Say which text switches a fabula off; None: the request is no shutdown.

    16 for half a minute, 16 more for each tenth and then for each whole minute up to ten; 8 more
    if the device shall return.
    """
    found = _SHUTDOWN.match(request.decode("latin-1"))
    if not found:
        return None
    minutes = min(max(float(found[1]), 0.5), 10.0)
    steps = round((minutes - 0.5) * 10) * 16 + 16 if minutes < 1 else int(96 + (minutes - 1) * 16)
    stays_off = found[2] is not None and int(found[2]) == 0
    return steps if stays_off else steps + 8


def text_of(descriptor: bytes, *, is_exact: bool) -> bytes:
    """Read a string descriptor; DeviceError if its length and kind are not those of one.

    `is_exact`: nothing may stand behind it.
    """
    length = descriptor[0] if descriptor else 0
    fits = length == len(descriptor) if is_exact else length <= len(descriptor)
    if not fits or length < 2 or length % 2 or descriptor[1] != TEXT:
        raise DeviceError(f"the text was cut short: {descriptor[:80]!r}")
    low, high = descriptor[2:length:2], descriptor[3:length:2]
    return bytes(ord("?") if above else byte for byte, above in zip(low, high, strict=True))


def _end(found: bytes, length: int) -> int:
    """Tell where a reply ends, 0 if it does not."""
    return found.find(END, max(length - 1, 0)) + 1
