"""What agents answer: the types of SNMP that matter to power devices."""

from collections.abc import Mapping


class Ticks(int):
    """A TimeTicks: hundredths of a second."""


class Pointer(str):
    """An OBJECT IDENTIFIER as a value, in digits and without a leading dot."""

    __slots__ = ()


Answer = int | float | bytes | Ticks | Pointer
"""INTEGER, Counter and Gauge as int, OCTET STRING as bytes; what is missing is no answer."""

Answers = Mapping[str, Answer]
"""Answers by OID, in digits and without a leading dot; what an agent lacks is not in it."""
