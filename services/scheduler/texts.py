"""Templates: `{device}`, `{battery.charge}` and so on in messages and arguments; pure.

Nothing but names can stand between the braces, so no template reaches into objects. A name with a
dot is a variable of the device.
"""

import re
from collections.abc import Mapping
from typing import Final

from shared.faults import unknown_key
from shared.topics import is_dotted_name

FIELDS: Final = ("device", "type", "text", "status", "rule", "count", "time", "host")
MISSING: Final = "n/a"

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def checked(template: str) -> str:
    """Pass a template; ValueError names the field that nobody knows, or the stray brace."""
    for match in _PIECE.finditer(template):
        name = match[1]
        if match[0] in "{}":
            raise ValueError(f"a single {match[0]!r}: write {match[0] * 2!r}")
        if name is None or name in FIELDS or ("." in name and is_dotted_name(name)):
            continue
        known = f"; there are {', '.join(FIELDS)} and variables such as battery.charge"
        raise ValueError(unknown_key(name, FIELDS, "field") + known)
    return template


def filled(template: str, fields: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """Fill a template in; a variable that the device does not have is `n/a`."""

    def piece(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        return fields[name] if name in fields else variables.get(name, MISSING)

    return _PIECE.sub(piece, template)


def one_line(text: str) -> str:
    """Put a text on one line: a device's words must not break a header or a log."""
    return _CONTROL.sub(" ", text).strip()


def printable(text: str) -> str:
    """Keep line breaks and tabs, drop other control characters."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]+", " ", text)
