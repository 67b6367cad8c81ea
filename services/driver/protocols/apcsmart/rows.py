"""The shapes of the rows of the tables; a row holds nothing of a particular device."""

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """What a reply must look like, and what it becomes; see `values`."""

    TEXT = "text"
    PERCENT = "percent"
    VOLT = "volt"
    AMP = "amp"
    CELSIUS = "celsius"
    HEX = "hex"
    DECIMAL = "decimal"
    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    REASON = "reason"


@dataclass(frozen=True, slots=True)
class Row:
    """A variable and the bytes that ask for it.

    `is_polled` varies by itself, the others are read now and then. `is_string` can be written as
    text. The reply to a packed row holds values for `.1.`, `.2.` … in place of `.0.`, with commas
    between. Of rivals, rows that share a variable or a code, the first counts whose reply fits
    `pattern`.
    """

    variable: str
    code: bytes
    format: Format = Format.TEXT
    is_polled: bool = False
    is_string: bool = False
    is_packed: bool = False
    is_rival: bool = False
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """An instant command and its code; `value` is a pattern that its value must fit."""

    name: str
    code: bytes
    value: str = ""
    must_be_confirmed: bool = False
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """An old device that cannot list its codes: what it says to V or b, and the codes it has."""

    firmware: str
    codes: bytes
