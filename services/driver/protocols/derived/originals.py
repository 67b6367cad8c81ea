"""What a derived device takes over from its originals."""

import re
from collections.abc import Mapping

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?")


def passed_on(original: Mapping[str, str], without: tuple[str, ...] = ()) -> dict[str, str]:
    """Copy the variables, save those that begin with one of the texts."""
    return {
        name: value
        for name, value in original.items()
        if name != "ups.status" and not name.startswith((*without, "driver."))
    }


def number(text: str | None) -> float | None:
    """Read a number, None if it is none."""
    return float(text) if text and _NUMBER.fullmatch(text) else None
