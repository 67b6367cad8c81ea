"""The functions of the dialects by their names, for tables that are no Python."""

from collections.abc import Callable, Iterator
from typing import Any

from services.driver.protocols.qx import blazer, scales
from services.driver.protocols.qx.registry import DIALECTS
from services.driver.protocols.qx.table import Dialect

Function = Callable[..., Any]

# What tables of the user may want though it may be that no shipped one has it.
_SHARED: dict[str, tuple[Function, ...]] = {
    "convert": (blazer.status_bits, scales.pack_voltage, scales.thousands, scales.minutes),
    "ask": (
        blazer.whole_steps,
        blazer.shutdown_return,
        blazer.shutdown_stayoff,
        blazer.battery_test,
    ),
}


def name_of(function: Function) -> str:
    """Name a function of a dialect: module.function."""
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def named(column: str, name: str) -> Function:
    """Find the function of a name that a column may have; else ValueError lists those."""
    known = FUNCTIONS[column]
    if name not in known:
        raise ValueError(f"there is no {name!r}; there are {', '.join(sorted(known))}")
    return known[name]


def _used(dialect: Dialect) -> Iterator[tuple[str, Function]]:
    """List the functions of a dialect with the columns that have them."""
    rows: list[Any] = [*dialect.queries, *dialect.settings, *dialect.commands]
    rows += [field for query in dialect.queries for field in query.fields]
    rows += [row.answer for row in dialect.settings]
    rows += [row.answer for row in dialect.commands]
    for row in rows:
        for column in ("convert", "ask", "frame", "repair", "when", "limits"):
            value = getattr(row, column, None)
            if callable(value):
                yield column, value


def _functions() -> dict[str, dict[str, Function]]:
    found: dict[str, dict[str, Function]] = {
        column: {} for column in ("convert", "ask", "frame", "repair", "when", "limits")
    }
    for column, shared in _SHARED.items():
        found[column] |= {name_of(function): function for function in shared}
    for dialect in DIALECTS:
        for column, function in _used(dialect):
            found[column][name_of(function)] = function
    return found


FUNCTIONS = _functions()
"""The functions by the column that may have them, then by name."""
