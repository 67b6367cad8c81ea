"""Lines of NUT's files, and the list of what they cannot say."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shared.errors import SettingsError
from shared.nutwire import join, spell

_SECRET: Final = re.compile("passw|secret|community|(?:^|_)(?:token|pin)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lost:
    """What NUT has no word for, as sentences."""

    sentences: list[str] = field(default_factory=list)

    def add(self, place: str, why: str) -> None:
        """Note one thing; never its value."""
        self.sentences.append(f"{place}: {why}")

    def rest(self, place: str, table: Mapping[str, Any]) -> None:
        """Note all that is left of a table."""
        for key in table:
            self.add(f"{place}.{key}", "NUT has no word for it")


def line(*words: str) -> str:
    """Build a line of these words; SettingsError for what NUT's files cannot hold."""
    for word in words:
        if spell(word) != word:
            raise SettingsError(f"{words[0]}: NUT's files hold printable ASCII only")
    return join(words)


def number(value: object) -> str:
    """Write a value as NUT reads it: whole numbers, rounded up, and 1 or 0 for a switch."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(math.ceil(value))
    return str(value)


def opened(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Put the secrets in that `<key>_file` names."""
    result: dict[str, Any] = {}
    for key, value in table.items():
        name = key.removesuffix("_file")
        if name != key and _SECRET.search(name):
            result[name] = (folder / str(value)).read_text(encoding="utf-8").rstrip("\r\n")
        else:
            result[key] = value
    return result
