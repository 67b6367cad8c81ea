"""The capability string (reply to ^Z): which settings the EEPROM offers, and their values.

    #uD43132135138uM43229234239s441HMLL
     | |||'--'--'-- the values, each as long as said
     | ||'-- length of a value
     | |'-- number of values
     | '-- for which region: the last letter of the firmware, or 4 for all
     '-- the code of the setting

A Matrix-UPS writes ## before each setting.
"""

from collections.abc import Iterable
from dataclasses import dataclass

ANYWHERE = "4"
_HEAD = 4  # characters before the values of a setting


@dataclass(frozen=True, slots=True)
class Capability:
    """A setting and the values that it can take in one region, as the device writes them."""

    code: bytes
    region: str
    values: tuple[str, ...]


def capabilities(text: str) -> tuple[Capability, ...]:
    """Read a capability string; ValueError if it is not whole.

    A setting whose number or length of values is out of range has no values.
    """
    if not text.startswith("#"):
        raise ValueError(f"a capability string begins with #: {text!r}")
    mark = "##" if text.startswith("##") else ""
    rest = text if mark else text[1:]
    found = []
    while rest:
        if not rest.startswith(mark) or len(rest) < len(mark) + _HEAD:
            raise ValueError(f"a setting is cut short: {rest!r}")
        capability, rest = _first(rest[len(mark) :])
        found.append(capability)
    return tuple(found)


def choices(offered: Iterable[Capability], region: str) -> dict[bytes, tuple[str, ...]]:
    """Return the values by code for a region, without those that the EEPROM has twice."""
    found: dict[bytes, tuple[str, ...]] = {}
    for each in offered:
        if each.region in (region, ANYWHERE) and each.values:
            found[each.code] = tuple(dict.fromkeys((*found.get(each.code, ()), *each.values)))
    return found


def _first(text: str) -> tuple[Capability, str]:
    code, region = text[0].encode("latin-1"), text[1]
    number, length = ord(text[2]) - ord("0"), ord(text[3]) - ord("0")
    if number < 0 or length < 0:
        return Capability(code, region, ()), text[_HEAD:]
    end = _HEAD + number * length
    if len(text) < end:
        raise ValueError(f"a setting is cut short: {text!r}")
    values = tuple(text[at : at + length] for at in range(_HEAD, end, length)) if length else ()
    return Capability(code, region, values), text[end:]
