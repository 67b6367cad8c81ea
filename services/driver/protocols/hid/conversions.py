"""Conversions that many vendors share: values of reports into text and back."""

import re

from services.driver.protocols.hid.table import Known, Read

_WORD = 1 << 64
_DATE = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")


def bit(mask: int, word: str) -> Read:
    """Give a word where any bit of a mask is set, and its contrary where none is."""

    def read(value: float, _known: Known) -> str:
        return word if int(value) & mask else contrary(word)

    return read


def pattern(mask: int, equals: int, word: str) -> Read:
    """Give a word where the bits of a mask are just these, and its contrary elsewhere."""

    def read(value: float, _known: Known) -> str:
        return word if int(value) & mask == equals else contrary(word)

    return read


def flag(word: str) -> Read:
    """Give a word where a value is not 0, and its contrary where it is."""

    def read(value: float, _known: Known) -> str:
        return word if value else contrary(word)

    return read


def contrary(word: str) -> str:
    """Turn `online` into `!online` and back."""
    return word[1:] if word.startswith("!") else f"!{word}"


def scaled(factor: float, form: str) -> Read:
    """Multiply, then write."""

    def read(value: float, _known: Known) -> str:
        return form % (value * factor)

    return read


def factored(name: str, form: str) -> Read:
    """Multiply with one of the factors that the device's quirks hold, or with 1."""

    def read(value: float, known: Known) -> str:
        return form % (value * known.quirks.factors.get(name, 1.0))

    return read


def masked(mask: int, texts: tuple[tuple[int, str], ...], otherwise: str | None) -> Read:
    """Look up what the bits of a mask stand for."""

    def read(value: float, _known: Known) -> str | None:
        return dict(texts).get(int(value) & mask, otherwise)

    return read


def named(texts: tuple[tuple[int, str], ...], otherwise: str) -> Read:
    """Look up what a value stands for."""

    def read(value: float, _known: Known) -> str:
        return dict(texts).get(int(value), otherwise)

    return read


def shifted(bits: int) -> Read:
    """Drop the lowest bits."""

    def read(value: float, _known: Known) -> str:
        return str(int(value) >> bits)

    return read


def at_most(limit: float, form: str) -> Read:
    """Cut a value off above a limit."""

    def read(value: float, _known: Known) -> str:
        return form % min(value, limit)

    return read


def percent(value: float, _known: Known) -> str:
    """Write a value with the sign of percent."""
    return f"{value:.0f}%"


def hexadecimal(value: float, _known: Known) -> str:
    """Write eight hexadecimal digits or more."""
    return f"{int(value) % _WORD:08x}"


def indexed(value: float, known: Known) -> str | None:
    """Give the text of the device with this index."""
    return known.strings.get(int(value))


def celsius(value: float, _known: Known) -> str:
    """Write a temperature; only what can be in kelvin is taken for kelvin."""
    return f"{value - 273.15 if 273 <= value <= 373 else value:.1f}"


def packed_date(value: float, _known: Known) -> str | None:
    """Read a date packed into 16 bits (HID PDC 1.1, section 4.2.6: ManufacturerDate)."""
    number = int(value)
    if number == 0:
        return "not set"
    return f"{1980 + (number >> 9):04d}/{number >> 5 & 15:02d}/{number & 31:02d}"


def as_packed_date(text: str | None, _known: Known) -> float | None:
    """Pack a date like 2024/12/31 into 16 bits."""
    if not (date := date_of(text)):
        return None
    year, month, day = date
    if not 1980 <= year <= 1980 + 127:
        return None
    return float((year - 1980) << 9 | month << 5 | day)


def date_of(text: str | None) -> tuple[int, int, int] | None:
    """Read a date like 2024/12/31; None if it cannot be one."""
    if not (found := _DATE.fullmatch(text or "")):
        return None
    year, month, day = (int(part) for part in found.groups())
    return (year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None
