"""Requests and answers: the PDUs of all versions, and the messages of versions 1 and 2c."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, NamedTuple

from services.driver.protocols.snmpwire.ber import (
    SEQUENCE,
    MalformedError,
    bindings,
    element,
    expected,
    integer,
    oid_text,
    read_bindings,
    read_integer,
    read_octets,
    tagged,
)
from services.driver.protocols.snmpwire.values import Kind, Missing, Value

V1: Final = 0
V2C: Final = 1
V3: Final = 3


class Operation(IntEnum):
    """What a PDU is; the numbers are its tags."""

    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3
    TRAP_V1 = 0xA4
    GET_BULK = 0xA5
    INFORM = 0xA6
    TRAP = 0xA7
    REPORT = 0xA8


class Status(IntEnum):
    """What an agent says of a request (RFC 3416, section 3)."""

    NO_ERROR = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2
    BAD_VALUE = 3
    READ_ONLY = 4
    GENERAL_ERROR = 5
    NO_ACCESS = 6
    WRONG_TYPE = 7
    WRONG_LENGTH = 8
    WRONG_ENCODING = 9
    WRONG_VALUE = 10
    NO_CREATION = 11
    INCONSISTENT_VALUE = 12
    RESOURCE_UNAVAILABLE = 13
    COMMIT_FAILED = 14
    UNDO_FAILED = 15
    AUTHORIZATION_ERROR = 16
    NOT_WRITABLE = 17
    INCONSISTENT_NAME = 18


class Pdu(NamedTuple):
    """A PDU; `bindings` are encoded OIDs with their values.

    `place` tells which of them, from 1, the `status` is about. A trap of version 1 has neither.
    """

    operation: Operation
    request: int
    status: int
    place: int
    bindings: tuple[tuple[bytes, Value | Missing], ...]


class Message(NamedTuple):
    """A message of version 1 or 2c."""

    version: int
    community: bytes
    pdu: Pdu


def request(
    operation: Operation,
    identity: int,
    pairs: Iterable[tuple[str, Value | None]],
    repetitions: int = 0,
) -> bytes:
    """Encode a PDU; repetitions are for GET_BULK."""
    content = integer(identity) + integer(0) + integer(repetitions) + bindings(pairs)
    return tagged(operation, content)


def message(version: int, community: bytes, pdu: bytes) -> bytes:
    """Encode a message of version 1 or 2c."""
    return tagged(SEQUENCE, integer(version) + tagged(Kind.OCTETS, community) + pdu)


def version(data: bytes) -> tuple[int, int, int]:
    """Read the version of a message, and where what follows starts and stops."""
    start, end = expected(data, 0, len(data), SEQUENCE)
    if end != len(data):
        raise MalformedError("something follows the message")
    number, start = read_integer(data, start, end)
    return number, start, end


def read_message(data: bytes) -> Message:
    """Decode a message of version 1 or 2c."""
    number, start, end = version(data)
    if number not in (V1, V2C):
        raise MalformedError(f"the message is of version {number}")
    community, start = read_octets(data, start, end)
    return Message(number, community, read_pdu(data, start, end))


def read_pdu(data: bytes, at: int, end: int) -> Pdu:
    """Decode the PDU that fills the rest of a message."""
    tag, start, stop = element(data, at, end)
    if stop != end:
        raise MalformedError("something follows the request")
    try:
        operation = Operation(tag)
    except ValueError:
        raise MalformedError(f"no request has the type {tag:#04x}") from None
    if operation is Operation.TRAP_V1:
        return _trap_v1(data, start, stop)
    identity, start = read_integer(data, start, stop)
    status, start = read_integer(data, start, stop)
    place, start = read_integer(data, start, stop)
    return Pdu(operation, identity, status, place, tuple(read_bindings(data, start, stop)))


def _trap_v1(data: bytes, start: int, end: int) -> Pdu:
    """Read past enterprise, address, the two kinds and the time (RFC 1157, section 4.1.6)."""
    _, start = expected(data, start, end, Kind.OID)
    _, start = expected(data, start, end, Kind.ADDRESS)
    _, start = read_integer(data, start, end)
    _, start = read_integer(data, start, end)
    _, start = expected(data, start, end, Kind.TICKS)
    return Pdu(Operation.TRAP_V1, 0, 0, 0, tuple(read_bindings(data, start, end)))


def accepted(found: Message) -> bytes:
    """Encode the answer to an inform of version 2c: it says the same."""
    return message(found.version, found.community, answer_to(found.pdu))


def answer_to(inform: Pdu) -> bytes:
    """Encode the answer to an inform, without a message around it."""
    pairs = [
        (oid_text(name), given if isinstance(given, Value) else None)
        for name, given in inform.bindings
    ]
    return request(Operation.RESPONSE, inform.request, pairs)
