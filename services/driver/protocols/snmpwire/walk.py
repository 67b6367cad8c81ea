"""Columns of a table read side by side: what to ask next, and when an agent goes in circles."""

from collections.abc import Sequence
from typing import Final

from services.driver.protocols.snmpwire.ber import MalformedError, numbers, oid_bytes, oid_text
from services.driver.protocols.snmpwire.message import Pdu
from services.driver.protocols.snmpwire.values import Value

MOST_ROWS: Final = 20_000  # of all columns together
MOST_REPETITIONS: Final = 24  # rows that are asked for at once


class Walk:
    """Reads columns to their ends; `rows` are what was found, keyed by column and row."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.rows: dict[str, dict[str, Value]] = {column: {} for column in columns}
        self.repetitions = MOST_REPETITIONS
        self._last = {column: column for column in columns}  # those at their end are taken out
        self._count = 0

    def pending(self, most: int) -> list[tuple[str, str]]:
        """Tell which columns to go on with in the next packet, and after which OIDs."""
        return list(self._last.items())[:most]

    def repeat(self, columns: int, most: int) -> int:
        """Tell how many rows to ask for, so that an answer has at most so many values."""
        return max(1, min(self.repetitions, most // columns))

    def take(self, pending: Sequence[tuple[str, str]], answer: Pdu) -> None:
        """Add the rows of an answer; MalformedError if the agent does not get on."""
        columns = [column for column, _ in pending]
        for place, (name, value) in enumerate(answer.bindings):
            column = columns[place % len(columns)]
            if column not in self._last:
                continue
            if not isinstance(value, Value) or not name.startswith(oid_bytes(column)):
                self.end(column)
            else:
                self._add(column, oid_text(name), value)

    def end(self, column: str) -> None:
        """Take a column as read to its end."""
        self._last.pop(column, None)

    def _add(self, column: str, oid: str, value: Value) -> None:
        if numbers(oid) <= numbers(self._last[column]):
            raise MalformedError(f"the agent goes in circles at {oid}")
        self._count += 1
        if self._count > MOST_ROWS:
            raise MalformedError(f"no end below {column}")
        self._last[column] = oid
        self.rows[column][oid[len(column) + 1 :]] = value
