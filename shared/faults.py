"""What is wrong with settings, in a sentence."""

import difflib
from collections.abc import Iterable

from pydantic import ValidationError


def unknown_key(key: str, known: Iterable[str], kind: str = "key", likeness: float = 0.5) -> str:
    """Say that a key is unknown, and the nearest right one if it is that much like it (0 to 1)."""
    near = difflib.get_close_matches(key, list(known), n=1, cutoff=likeness)
    return f"unknown {kind} {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def faults(error: ValidationError) -> str:
    """Say where and what is wrong, a sentence a fault; never what the value was."""
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        where = ".".join(str(step) for step in fault["loc"])
        table = fault["type"] in ("model_type", "dict_type")
        what = "has to be a table" if table else fault["msg"].removeprefix("Value error, ")
        lines.append(f"{where}: {what}" if where else what)
    return "; ".join(lines)
