"""What a key of NUT's files is called here, how its value is read, and what is right."""

import contextlib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from shared.nutconfig.statements import Statement

_NUMBER: Final = re.compile(r"\s*([+-]?[0-9]{1,15})")

Table = dict[str, Any]
"""One table of the settings, as TOML gives it."""


class NutDevice(dict[str, Any]):
    """The table of a device that ups.conf has: what is wrong in it shall concern it alone.

    So NUT's drivers do: each is a process that starts or does not.
    """


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: its name here, how its value is read, and what is expected of it."""

    name: str
    read: Callable[[str], object] = str
    expected: str = "text"

    def value(self, statement: Statement, text: str) -> object:
        """Read the value; SettingsError names the line and what is right, not the value.

        Of a forgiving line the number in front counts, as NUT reads it.
        """
        with contextlib.suppress(ValueError):
            return self.read(text)
        if statement.is_forgiving and (number := number_in_front(text)):
            with contextlib.suppress(ValueError):
                value = self.read(number)
                statement.warn(f"only the number in front counts, as for NUT: {number}")
                return value
        raise statement.error(f"{statement.key} must be {self.expected}")


def number_in_front(text: str) -> str:
    """Cut out the whole number that NUT reads from a text; empty if there is none."""
    found = _NUMBER.match(text)
    return found[1] if found else ""


def seconds(text: str) -> float:
    """Read a duration; this and the following raise ValueError for what is none."""
    duration = float(text)
    if not (math.isfinite(duration) and duration > 0):
        raise ValueError
    return duration


def count(text: str) -> int:
    """Read a whole number above 0."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def switch(text: str) -> bool:
    """Read yes or no in any of NUT's spellings."""
    words = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}
    word = text.lower()
    return words[word] if word in words else int(text) != 0


def names(text: str) -> list[str]:
    """Read names set apart by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def certificate_request(text: str) -> str:
    """Read whether clients are asked for certificates, in NUT's numbers or words."""
    words = ["no", "request", "require"]
    numbers = {str(number): word for number, word in enumerate(words)}
    return words[words.index(numbers.get(text, text.lower()))]


SECONDS: Final = "a number of seconds above 0"
SWITCH: Final = "yes or no, or 1 or 0"
