"""What a NUT server replies to a client that looks after one device: tables and decisions.

The protocol is that of NUT's docs/net-protocol.txt; the words of a reply are split already.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.driver.protocols.nutvariables import writable
from shared.errors import DeviceError, RefusedError, ResultStatus
from shared.messages import Writable

# What the server says instead of data, and what that means.
_NO_DATA: Final = {
    "UNKNOWN-UPS": "it has no device of this name",
    "DRIVER-NOT-CONNECTED": "the driver of the device does not run there",
    "DATA-STALE": "the data of the device is stale there",
    "ACCESS-DENIED": "it denies us access",
}
_REFUSED: Final = {
    "ACCESS-DENIED": (
        ResultStatus.REFUSED,
        "it denies this to our user: wrong username or password, or no right to it",
    ),
    "USERNAME-REQUIRED": (ResultStatus.REFUSED, "it wants a username: set username"),
    "PASSWORD-REQUIRED": (ResultStatus.REFUSED, "it wants a password: set password"),
    "VAR-NOT-SUPPORTED": (ResultStatus.UNKNOWN, "the device has no such variable"),
    "CMD-NOT-SUPPORTED": (ResultStatus.UNKNOWN, "the device has no such command"),
    "UNKNOWN": (ResultStatus.UNKNOWN, "the device does not know it"),
    "READONLY": (ResultStatus.READ_ONLY, "it cannot be written"),
    "TOO-LONG": (ResultStatus.TOO_LONG, "the value is too long"),
    "INVALID-VALUE": (ResultStatus.INVALID, "the device does not take this value"),
    "INVALID-ARGUMENT": (ResultStatus.INVALID, "the device does not take this value"),
    "DATA-STALE": (ResultStatus.STALE, _NO_DATA["DATA-STALE"]),
    "DRIVER-NOT-CONNECTED": (ResultStatus.STALE, _NO_DATA["DRIVER-NOT-CONNECTED"]),
    "UNKNOWN-UPS": (ResultStatus.STALE, _NO_DATA["UNKNOWN-UPS"]),
}
_FAILED: Final = (ResultStatus.FAILED, "the device did not do it")
_LENGTH = re.compile(r"STRING:([0-9]+)\Z")
_MOST_DIGITS = 9  # of the length of a text
_ENUM, _RANGE = "ENUM", "RANGE"


@dataclass(frozen=True, slots=True)
class Type:
    """What GET TYPE says of a variable; `length` is None if it is no text."""

    length: int | None = None
    has_enumeration: bool = False
    has_ranges: bool = False


def no_data(server: str, word: str) -> DeviceError:
    """Say why a server gave no data."""
    meaning = _NO_DATA.get(word)
    return DeviceError(f"the NUT server at {server}: {meaning} ({word})" if meaning else
                       f"the NUT server at {server} answered {word}")  # fmt: skip


def refused(server: str, word: str) -> RefusedError:
    """Say why a server declined an order, or how the device ended it."""
    status, meaning = _REFUSED.get(word, _FAILED)
    return RefusedError(status, f"the NUT server at {server}: {meaning} ({word})")


def variables(rows: Iterable[Sequence[str]]) -> dict[str, str]:
    """Read the rows of LIST VAR or LIST RW; DeviceError if one is none."""
    found: dict[str, str] = {}
    for row in rows:
        if len(row) != 2 or not row[0]:
            raise DeviceError(f"no name and value of a variable: {' '.join(row)[:80]!r}")
        found[row[0]] = row[1]
    return found


def names(rows: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Read the rows of LIST CMD."""
    found = []
    for row in rows:
        if len(row) != 1 or not row[0]:
            raise DeviceError(f"no name of a command: {' '.join(row)[:80]!r}")
        found.append(row[0])
    return tuple(found)


def type_of(words: Sequence[str]) -> Type:
    """Read what follows the name in the reply to GET TYPE; unknown words are passed over.

    DeviceError if the length of a text makes no sense.
    """
    found = [match[1] for match in map(_LENGTH.match, words) if match]
    if any(len(length) > _MOST_DIGITS for length in found):
        raise DeviceError(f"no length of a text: {' '.join(words)[:80]!r}")
    lengths = [int(length) for length in found]
    return Type(lengths[0] if lengths else None, _ENUM in words, _RANGE in words)


def details(types: Mapping[str, Type]) -> list[tuple[str, str]]:
    """List what is to be asked beside the types: pairs of `ENUM` or `RANGE` and the variable."""
    wanted = [(_ENUM, name) for name, each in types.items() if each.has_enumeration]
    return wanted + [(_RANGE, name) for name, each in types.items() if each.has_ranges]


def writables(
    values: Mapping[str, str],
    types: Mapping[str, Type],
    lists: Mapping[tuple[str, str], Sequence[Sequence[str]]],
) -> dict[str, Writable]:
    """Say what may be written; `lists` has the rows for each of `details`."""
    return {
        name: writable(
            kind.length,
            [row[0] for row in lists.get((_ENUM, name), ()) if row],
            [_range(row) for row in lists.get((_RANGE, name), ())],
            values.get(name, ""),
        )
        for name, kind in types.items()
    }


def _range(row: Sequence[str]) -> tuple[float, float]:
    try:
        low, high = map(float, row)
        if not math.isfinite(low) or not math.isfinite(high):
            raise ValueError
    except ValueError:
        raise DeviceError(f"no range: {' '.join(row)[:80]!r}") from None
    return low, high
