"""How the values of a card's objects become those of variables and flags."""

import re
from collections.abc import Callable

from services.driver.protocols.netxml.objects import SWITCHES, WORDS
from services.driver.protocols.netxml.rows import Flag
from shared.errors import DeviceError
from shared.variables import Kind, variable

# What cards write where they know no number.
NOTHING = frozenset({"none", "n/a", "na", "unknown", "not available", "-", "--"})
_OFF_WORDS = frozenset({"0", "1", "yes", "no"})
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?")
_CLOCK = re.compile(r"(\S+)\s+(?:-\s+)?(\S+)")
_MOMENTS = ("with_sensor", "shutdown_timer", "tenth", "tenth_unless_zero")


def number(name: str, text: str) -> float | None:
    """Read a number; None where the card says that it has none, DeviceError for anything else."""
    if text.lower() in NOTHING:
        return None
    if not _NUMBER.fullmatch(text):
        raise DeviceError(f"{name} is no number: {text[:80]!r}")
    return float(text)


def is_set(name: str, text: str, conversion: str) -> tuple[Flag, bool]:
    """Read an object that is a flag."""
    switch = SWITCHES[conversion]
    if text.lower() not in _OFF_WORDS:
        raise DeviceError(f"{name} is neither 0 nor 1: {text[:80]!r}")
    return switch.flag, text.lower() in {value.lower() for value in switch.values}


def plain(name: str, target: str, text: str) -> str | None:
    """Pass a value on; that of a variable which is a number has to be one."""
    known = variable(target)
    if known is not None and known.kind is Kind.NUMBER:
        return None if number(name, text) is None else text
    return text


def clock(text: str) -> tuple[str, str] | None:
    """Take date and time apart."""
    match = _CLOCK.fullmatch(text)
    return (match[1], match[2]) if match else None


def converted(name: str, target: str, text: str, conversion: str, *, tenths: bool) -> str | None:
    """Convert a value; None: it says nothing. `tenths` is NUT's do_convert_deci."""
    if conversion in WORDS:
        return WORDS[conversion].get(text)
    if conversion in _SCALES:
        found = number(name, text)
        return None if found is None else _SCALES[conversion](int(found))
    if conversion in ("", *_MOMENTS):
        return _moment(name, target, text, conversion, tenths=tenths)
    raise ValueError(f"no conversion {conversion!r}")


def _moment(name: str, target: str, text: str, conversion: str, *, tenths: bool) -> str | None:
    value = plain(name, target, text)
    if value is None or not conversion.startswith("tenth"):
        return value
    found = int(number(name, value) or 0)
    if conversion == "tenth_unless_zero" and found == 0:
        return None
    return f"{found / 10:.1f}" if tenths else value


_SCALES: dict[str, Callable[[int], str]] = {
    "ampere_hours": lambda seconds: f"{seconds / 3600:.2f}",
    "hundredth": lambda percent: f"{percent / 100:.2f}",
}
