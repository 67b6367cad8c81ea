"""Values of SNMP as agents give them: with their type, not yet understood."""

from enum import Enum, IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """The type of a value; the numbers are its BER tags (RFC 2578, RFC 3416)."""

    INTEGER = 0x02
    OCTETS = 0x04
    NULL = 0x05
    OID = 0x06
    ADDRESS = 0x40
    COUNTER = 0x41
    GAUGE = 0x42
    TICKS = 0x43
    OPAQUE = 0x44
    COUNTER64 = 0x46


class Missing(Enum):
    """Why an agent gives no value for an OID."""

    OBJECT = "no such object"
    INSTANCE = "no such instance"
    NAME = "no such name"  # version 1 does not tell the two apart
    REFUSED = "refused"  # genErr, noAccess and the like for this OID alone: it may come yet


class Value(NamedTuple):
    """A value: numbers as int, an OID as dotted text, anything else as its bytes."""

    kind: Kind
    content: int | bytes | str

    @property
    def number(self) -> int | None:
        """The number, None if the value is none."""
        return self.content if isinstance(self.content, int) else None

    @property
    def octets(self) -> bytes | None:
        """The bytes of OCTETS and OPAQUE, None if the value is something else."""
        is_octets = self.kind in (Kind.OCTETS, Kind.OPAQUE)
        return self.content if is_octets and isinstance(self.content, bytes) else None

    @property
    def oid(self) -> str | None:
        """The OID that the value names, without a leading dot, None if it names none."""
        return self.content if isinstance(self.content, str) else None
