"""What APC's devices mean: dates in decimal digits, and firmware within the product's name."""

from collections.abc import Mapping

from services.driver.protocols.hid.conversions import date_of
from services.driver.protocols.hid.table import Known

_CENTURY_TURNS = 70  # years from here on are of the 20th century


def date(value: float, _known: Known) -> str | None:
    """Read a date whose decimal digits stand as hexadecimal ones: 0x102202 is 2002/10/22."""
    number = int(value)
    if number == 0:
        return "not set"
    month, day, year = (_decimal(number >> shift) for shift in (16, 8, 0))
    return f"{year + (1900 if year >= _CENTURY_TURNS else 2000):04d}/{month:02d}/{day:02d}"


def as_date(text: str | None, _known: Known) -> float | None:
    """Write a date like 2002/10/22 as 0x102202."""
    if not (found := date_of(text)):
        return None
    year, month, day = found
    if not 1900 + _CENTURY_TURNS <= year < 2000 + _CENTURY_TURNS:
        return None
    return float(_digits(month) << 16 | _digits(day) << 8 | _digits(year % 100))


def identify(known: Known, _answers: Mapping[str, str]) -> dict[str, str]:
    """Split the product's name: `Back-UPS CS 500 FW:808.q8.I USB FW:q8`."""
    model, _, rest = (known.identity.product or "unknown").partition("FW:")
    firmware, _, second = rest.partition("USB FW:")
    parts = {
        "ups.mfr": known.identity.maker or "APC",
        "ups.model": model[:-1] if rest else model,
        "ups.firmware": firmware[:-1] if second else firmware,
        "ups.firmware.aux": second,
        "ups.serial": known.identity.serial or "",
    }
    return {name: text for name, text in parts.items() if text}


def _decimal(byte: int) -> int:
    return (byte & 15) + 10 * (byte >> 4 & 15)


def _digits(number: int) -> int:
    return number // 10 << 4 | number % 10
