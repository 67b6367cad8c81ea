"""What was found out about one UPS, and how it is remembered for the next line to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.driver.protocols.apcsmart.rows import CommandRow, Row
from services.driver.protocols.apcsmart.tables import COMMANDS, DUAL_VARIABLES, VARIABLES
from services.driver.protocols.apcsmart.values import outline

# The replies by which a UPS is known again; without both of them nothing is remembered.
PROOFS = ("ups.serial", "ups.firmware")


@dataclass(frozen=True, slots=True)
class Known:
    """The rows that are answered, and how their first replies looked.

    `replies` are by variable, so that later ones can be compared; `choices` are by code.
    `is_sure`: no code stayed without an answer, which may have been the fault of the line.
    """

    rows: tuple[Row, ...] = ()
    replies: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[CommandRow, ...] = ()
    choices: Mapping[bytes, tuple[str, ...]] = field(default_factory=dict)
    model: str | None = None
    is_sure: bool = True

    def outlines(self) -> dict[str, str]:
        """Say how the replies must look from now on, by variable."""
        return {row.variable: outline(row, self.replies[row.variable]) for row in self.rows}

    def row(self, variable: str) -> Row | None:
        """Return the row of a variable."""
        return next((row for row in self.rows if row.variable == variable), None)


def written(known: Known) -> str | None:
    """Write down what is known; None if it is not sure or the UPS could not be known again."""
    if not known.is_sure or any(proof not in known.replies for proof in PROOFS):
        return None
    return json.dumps(
        {
            "rows": [[row.variable, row.code.decode("latin-1")] for row in known.rows],
            "replies": dict(known.replies),
            "commands": sorted({row.code.decode("latin-1") for row in known.commands}),
            "choices": {code.decode("latin-1"): each for code, each in known.choices.items()},
            "model": known.model,
        }
    )


def read(text: str) -> Known:
    """Read what `written` wrote."""
    data = json.loads(text)
    codes = {code.encode("latin-1") for code in data["commands"]}
    return Known(
        tuple(_row(variable, code.encode("latin-1")) for variable, code in data["rows"]),
        data["replies"],
        tuple(row for row in COMMANDS if row.code in codes),
        {code.encode("latin-1"): tuple(each) for code, each in data["choices"].items()},
        data["model"],
    )


def _row(variable: str, code: bytes) -> Row:
    """Return the row of the tables; that of a frequency may have got another variable."""
    rows = [row for row in (*VARIABLES, *DUAL_VARIABLES) if row.code == code]
    own = next((row for row in rows if row.variable == variable), None)
    return own or replace(rows[0], variable=variable)
