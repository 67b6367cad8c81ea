"""What NUT's servers and drivers say of variables and commands, as our drivers report it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from services.driver.contract import Reading
from shared.messages import Writable
from shared.status import words

STATUS: Final = "ups.status"
WAIT: Final = "WAIT"  # what upsd says while it has heard nothing of a driver
# Of what a driver of NUT tells of itself, this belongs to the device and to nothing of ours.
_KEPT: Final = frozenset({"driver.version.data", "driver.version.usb"})
_OF_SERVER: Final = "server."
_OF_DRIVER: Final = "driver."
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)\Z")


def reading(
    variables: Mapping[str, str], writable: Mapping[str, Writable], commands: Iterable[str]
) -> Reading:
    """Make a reading of all that is known; what concerns the other's process is left out."""
    told = {name: value for name, value in variables.items() if _is_of_device(name)}
    return Reading(
        variables={name: value for name, value in told.items() if name != STATUS},
        status=told.get(STATUS),
        writable={name: each for name, each in writable.items() if _is_of_device(name)},
        commands=tuple(name for name in commands if not name.startswith(_OF_DRIVER)),
    )


def is_waiting(variables: Mapping[str, str]) -> bool:
    """Tell whether a server has no data of the device yet."""
    return WAIT in words(variables.get(STATUS, ""))


def writable(
    length: int | None,
    enumeration: Sequence[str],
    ranges: Sequence[tuple[float, float]],
    value: str,
) -> Writable:
    """Say what may be written; `length` is the longest text, None for what NUT calls a number.

    NUT calls a number whatever a driver did not declare as text, and does not check it. So what
    has a value, or a choice, that is no number is a text here.
    """
    is_text = length is not None or not all(map(_NUMBER.match, (*enumeration, value)))
    return Writable(
        type="string" if is_text else "number",
        max_length=length,
        enum=list(enumeration),
        ranges=list(ranges),
    )


def _is_of_device(name: str) -> bool:
    return not name.startswith((_OF_DRIVER, _OF_SERVER)) or name in _KEPT
