r"""SHUT, the serial twin of USB HID: control transfers and input reports in packets of eight bytes.

A packet is its kind, its length twice in one byte, up to eight bytes of data, and their exclusive
or. The receiver answers `OK`, or `NOT_OK` to have it once more. `SYNC_*` bytes begin a line and set
what the device may say unasked; it repeats the one that it accepts.

Facts: NUT, drivers/libshut.c.
"""

import functools
import operator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

OK: Final = b"\x06"
NOT_OK: Final = b"\x15"
SYNC_COMPLETE: Final = b"\x16"
SYNC_LIGHT: Final = b"\x17"
SYNC_OFF: Final = b"\x18"
SYNCS: Final = (SYNC_COMPLETE, SYNC_LIGHT, SYNC_OFF)

LONGEST = 8  # bytes of data in a packet
_LAST = 0x80
_TOKENS = frozenset(token[0] for token in (OK, NOT_OK, *SYNCS))
_FRAME = 3  # bytes of a packet that are no data


class Kind(IntEnum):
    """What a packet is about."""

    REQUEST = 0x01
    RESPONSE = 0x04
    NOTIFICATION = 0x05


@dataclass(frozen=True, slots=True)
class Token:
    """A byte that stands alone: `OK`, `NOT_OK` or one of `SYNCS`."""

    byte: bytes


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet; `is_sound` tells whether its sum fits its data."""

    kind: Kind
    data: bytes
    is_last: bool = True
    is_sound: bool = True


@dataclass(frozen=True, slots=True)
class Noise:
    """A byte that begins nothing."""

    byte: int


Event = Token | Packet | Noise


@dataclass(frozen=True, slots=True)
class Setup:
    """The eight bytes that begin a control transfer (USB 2.0, table 9-2)."""

    kind: int
    request: int
    value: int
    index: int = 0
    length: int = 0

    def __bytes__(self) -> bytes:
        words = (each.to_bytes(2, "little") for each in (self.value, self.index, self.length))
        return bytes((self.kind, self.request)) + b"".join(words)


def framed(packet: Packet) -> bytes:
    """Write a packet as it goes over the line."""
    first = packet.kind | (_LAST if packet.is_last else 0)
    length = len(packet.data)
    return bytes((first, length << 4 | length)) + packet.data + bytes((checksum(packet.data),))


def packets(kind: Kind, data: bytes) -> tuple[Packet, ...]:
    """Cut data into packets, of which the last one says so."""
    parts = [data[at : at + LONGEST] for at in range(0, len(data), LONGEST)] or [b""]
    return tuple(Packet(kind, part, at == len(parts) - 1) for at, part in enumerate(parts))


def asking(setup: Setup) -> tuple[Packet, ...]:
    """Make the packet of a control transfer that asks."""
    return packets(Kind.REQUEST, bytes(setup))


def telling(setup: Setup, data: bytes) -> tuple[Packet, ...]:
    """Make the packets of a control transfer that tells: its beginning, then the data."""
    return packets(Kind.REQUEST, bytes(setup) + data)


def first_event(found: bytes) -> tuple[Event | None, int]:
    """Read what came first, and tell how many bytes it takes; None and 0: more must come."""
    if not found:
        return None, 0
    first = found[0]
    if first in _TOKENS:
        return Token(found[:1]), 1
    kind = _KINDS.get(first & ~_LAST)
    if kind is None:
        return Noise(first), 1
    if len(found) < 2:
        return None, 0
    length = found[1] & 0x0F
    if found[1] >> 4 != length or length > LONGEST:
        return Noise(first), 1
    if len(found) < length + _FRAME:
        return None, 0
    data = found[2 : 2 + length]
    is_sound = found[2 + length] == checksum(data)
    return Packet(kind, data, bool(first & _LAST), is_sound), length + _FRAME


def checksum(data: bytes) -> int:
    """Sum up the data of a packet."""
    return functools.reduce(operator.xor, data, 0)


_KINDS: Final = {kind.value: kind for kind in Kind}
