"""The part of BER that SNMP uses (RFC 1157, RFC 3417 section 8), read strictly."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from services.driver.protocols.snmpwire.values import Kind, Missing, Value

SEQUENCE: Final = 0x30
MOST_NUMBERS = 128  # of an OID (RFC 2578, section 3.5)
_KEPT = 16384  # OIDs whose bytes are remembered; a model has some hundreds

_UNSIGNED = {Kind.COUNTER: 4, Kind.GAUGE: 4, Kind.TICKS: 4, Kind.COUNTER64: 8}
_UINTEGER = 0x47  # RFC 1442; a gauge to us
_MISSING = {0x80: Missing.OBJECT, 0x81: Missing.INSTANCE, 0x82: Missing.INSTANCE}
_BYTES = (Kind.OCTETS, Kind.OPAQUE)


class MalformedError(ValueError):
    """The bytes are no message of SNMP."""


def tagged(tag: int, content: bytes) -> bytes:
    """Put a tag and a length before a content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets + content


def integer(number: int, tag: int = Kind.INTEGER) -> bytes:
    """Encode a number, in as few bytes as it takes."""
    spare = number if number >= 0 else -number - 1
    return tagged(tag, number.to_bytes(spare.bit_length() // 8 + 1, signed=True))


@lru_cache(_KEPT)
def numbers(oid: str) -> tuple[int, ...]:
    """Read a dotted OID; MalformedError if it is none."""
    try:
        found = tuple(map(int, oid.split(".")))
    except ValueError:
        raise MalformedError(f"{oid!r} is no OID") from None
    is_sound = 2 <= len(found) <= MOST_NUMBERS and found[0] <= 2 and min(found) >= 0
    if not is_sound or max(found) >= 1 << 32 or (found[0] < 2 and found[1] > 39):
        raise MalformedError(f"{oid!r} is no OID")
    return found


@lru_cache(_KEPT)
def oid_bytes(oid: str) -> bytes:
    """Encode a dotted OID, without tag and length."""
    first, second, *rest = numbers(oid)
    return b"".join(map(_base128, (first * 40 + second, *rest)))


@lru_cache(_KEPT)
def oid_text(content: bytes) -> str:
    """Decode an OID into dotted numbers."""
    if not content or content[-1] & 0x80 or len(content) > 5 * MOST_NUMBERS:
        raise MalformedError("an OID is cut off or too long")
    found, number = [], 0
    for byte in content:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            found.append(number)
            number = 0
    is_long = len(found) >= MOST_NUMBERS or max(found[1:], default=0) >= 1 << 32
    if is_long or found[0] >= 80 + (1 << 32):
        raise MalformedError("an OID is too long")
    first = min(found[0] // 40, 2)
    return ".".join(map(str, (first, found[0] - 40 * first, *found[1:])))


def element(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Find the element at a place before `end`: its tag, where its content starts and stops."""
    if at + 2 > end:
        raise MalformedError("the message is cut off")
    tag, size, start = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4 or start + count > end:
            raise MalformedError("a length cannot be")
        size = int.from_bytes(data[start : start + count])
        start += count
    if start + size > end:
        raise MalformedError("the message is cut off")
    return tag, start, start + size


def expected(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """Find the element of that tag at a place: where its content starts and stops."""
    found, start, stop = element(data, at, end)
    if found != tag:
        raise MalformedError(f"an element of type {found:#04x} where {tag:#04x} belongs")
    return start, stop


def read_integer(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Read an INTEGER of 32 bits: the number, and where the next element starts."""
    start, stop = expected(data, at, end, Kind.INTEGER)
    return _signed(data[start:stop]), stop


def read_octets(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    """Read an OCTET STRING: its bytes, and where the next element starts."""
    start, stop = expected(data, at, end, Kind.OCTETS)
    return data[start:stop], stop


def value(tag: int, content: bytes) -> Value | Missing:
    """Decode a value; NULL, which no agent should answer, is a missing one."""
    if tag == Kind.INTEGER:
        return Value(Kind.INTEGER, _signed(content))
    if tag in _BYTES:
        return Value(Kind(tag), content)
    if tag == _UINTEGER:
        tag = Kind.GAUGE
    if tag in _UNSIGNED:
        return Value(Kind(tag), _unsigned(content, _UNSIGNED[Kind(tag)]))
    return _rarer(tag, content)


def value_bytes(value: Value) -> bytes:
    """Encode a value; MalformedError if its content does not fit its kind."""
    content = value.content
    if value.kind is Kind.NULL:
        return b"\x05\x00"
    if isinstance(content, int):
        return integer(content, value.kind)
    if isinstance(content, str):
        content = oid_bytes(content)
    return tagged(value.kind, content)


def bindings(pairs: Iterable[tuple[str, Value | None]]) -> bytes:
    """Encode a list of OIDs with their values, None where a value is asked for."""
    return tagged(
        SEQUENCE,
        b"".join(
            _question(oid)
            if given is None
            else tagged(SEQUENCE, tagged(Kind.OID, oid_bytes(oid)) + value_bytes(given))
            for oid, given in pairs
        ),
    )


def read_bindings(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, Value | Missing]]:
    """Read a list of encoded OIDs and values that fills the rest."""
    start, stop = expected(data, at, end, SEQUENCE)
    if stop != end:
        raise MalformedError("something follows the values")
    while start < stop:
        start, next_start = expected(data, start, stop, SEQUENCE)
        name, name_end = expected(data, start, next_start, Kind.OID)
        tag, content, content_end = element(data, name_end, next_start)
        if content_end != next_start:
            raise MalformedError("something follows a value")
        yield data[name:name_end], value(tag, data[content:content_end])
        start = next_start


@lru_cache(_KEPT)
def _question(oid: str) -> bytes:
    return tagged(SEQUENCE, tagged(Kind.OID, oid_bytes(oid)) + b"\x05\x00")


def _base128(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(number & 0x7F | 0x80)
    return bytes(reversed(octets))


def _signed(content: bytes) -> int:
    number = int.from_bytes(content[:6], signed=True)
    if not 1 <= len(content) <= 5 or not -(1 << 31) <= number < 1 << 31:
        raise MalformedError("an INTEGER is not of 32 bits")
    return number


def _unsigned(content: bytes, size: int) -> int:
    # Many agents leave out the zero before a number whose first bit is set.
    if len(content) == size + 1 and content[0] == 0:
        content = content[1:]
    if not 1 <= len(content) <= size:
        raise MalformedError(f"a number is not of {8 * size} bits")
    return int.from_bytes(content)


def _rarer(tag: int, content: bytes) -> Value | Missing:
    if tag == Kind.OID:
        return Value(Kind.OID, oid_text(content))
    if tag in _MISSING or tag == Kind.NULL:
        return _MISSING.get(tag, Missing.INSTANCE)
    if tag == Kind.ADDRESS and len(content) == 4:
        return Value(Kind.ADDRESS, content)
    raise MalformedError(f"a value of type {tag:#04x} in {len(content)} bytes")
