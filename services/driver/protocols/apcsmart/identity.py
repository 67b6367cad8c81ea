"""What a device is able to: from its firmware, its own list of codes (reply to `a`), or its age.

The list is `version.alerts.codes`, and for some devices `.` with codes of two bytes: a first byte,
a colon and the second bytes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.driver.protocols.apcsmart.rows import CommandRow, Model, Row
from services.driver.protocols.apcsmart.tables import (
    COMMANDS,
    DUAL_VARIABLES,
    MODELS,
    UNLISTED,
    VARIABLES,
)

CAPABILITIES = b"\x1a"
STRINGS_LENGTH = 8

_LIST = re.compile(r"[0-9]\.([^.]*)\.([^.]+)(?:\.([^.]+))?")
_VOLTAGE = re.compile(r"[0-9A-Fa-f]{2}")  # what some devices of about 1994 reply to b
_UNNAMED = "set\x01"
_COLON = ord(":")
# Of devices that have no list; most of them never reply to the last four.
_ANCIENT = b"CPLOfB\x01nbV/"


@dataclass(frozen=True, slots=True)
class Abilities:
    """The rows to try, the commands, whether ^Z is answered, and a model that is known already.

    `is_ancient`: the device says nothing of itself.
    """

    rows: tuple[Row, ...]
    commands: tuple[CommandRow, ...] = ()
    has_capabilities: bool = False
    model: str | None = None
    is_ancient: bool = False


def of_firmware(firmware: str, models: Iterable[Model] = ()) -> Abilities | None:
    """Return what an old device with this reply to V or b is able to; None if it has a list."""
    name = _UNNAMED if _VOLTAGE.fullmatch(firmware) else firmware
    for model in (*models, *MODELS):
        if model.firmware == name:
            family = "Matrix-UPS" if name[0] in "05" else "Smart-UPS"
            return replace(_of_codes(model.codes), has_capabilities=False, model=family)
    return None


def of_list(reply: str) -> Abilities | None:
    """Return what a device with this reply to `a` is able to; None if that is no list."""
    found = _LIST.fullmatch(reply)
    if found is None:
        return None
    abilities = _of_codes(found[2].encode("latin-1"))
    pairs = _pairs((found[3] or "").encode("latin-1"))
    dual = tuple(row for row in DUAL_VARIABLES if row.code in pairs)
    return replace(abilities, rows=(*_renamed(abilities.rows, dual), *dual))


def of_ancient() -> Abilities:
    """Return what a device may be able to that says nothing of itself."""
    rows = tuple(row for row in VARIABLES if row.code in _codes(_ANCIENT))
    return Abilities(rows, is_ancient=True)


def ancient_model(variables: Iterable[str]) -> str:
    """Name the family of a device without a list by what it has."""
    return "Matrix-UPS" if "output.current" in variables else "Smart-UPS"


def without_rivals(rows: Iterable[Row], winner: Row) -> tuple[Row, ...]:
    """Drop the rows that share a variable or a code with the one that was found."""
    return tuple(row for row in rows if row.variable != winner.variable and row.code != winner.code)


def _of_codes(codes: bytes) -> Abilities:
    wanted = [code for code in _codes(codes) if code not in UNLISTED]
    plain = (row for code in wanted for row in VARIABLES if row.code == code and not row.is_rival)
    rivals = (row for row in VARIABLES if row.code in wanted and row.is_rival)
    rows = (*plain, *rivals)
    commands = tuple(row for row in COMMANDS if row.code in wanted)
    return Abilities(rows, commands, CAPABILITIES in codes)


def _codes(codes: bytes) -> list[bytes]:
    return list(dict.fromkeys(bytes([code]) for code in codes))


def _pairs(codes: bytes) -> set[bytes]:
    found, first = set(), None
    for at, code in enumerate(codes):
        if codes[at + 1 : at + 2] == b":":
            first = code
        elif code != _COLON and first is not None:
            found.add(bytes([first, code]))
    return found


def _renamed(rows: tuple[Row, ...], dual: tuple[Row, ...]) -> tuple[Row, ...]:
    """Let the plain frequency be that of the output where there is another for the input."""
    if not any(row.variable == "input.frequency" for row in dual):
        return rows
    return tuple(
        replace(row, variable="output.frequency") if row.variable == "input.frequency" else row
        for row in rows
    )
