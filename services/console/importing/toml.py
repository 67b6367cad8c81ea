"""Writes tables as TOML; `tomllib` reads the same from it."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_DELETE = "\x7f"  # JSON leaves it as it is, TOML forbids it


def toml(tables: Mapping[str, Any]) -> str:
    """Write text, numbers, switches, lists and tables; a list of tables becomes [[blocks]]."""
    return "\n".join(_table(tables, ())).strip("\n") + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    below = {key: value for key, value in table.items() if _is_block(value)}
    if path and (len(below) < len(table) or not table):
        yield f"\n[{_dotted(path)}]"
    yield from _pairs(table)
    for key, value in below.items():
        if isinstance(value, Mapping):
            yield from _table(value, (*path, key))
        else:
            for each in value:
                yield f"\n[[{_dotted((*path, key))}]]"
                yield from _pairs(each, blocks=True)


def _pairs(table: Mapping[str, Any], *, blocks: bool = False) -> Iterator[str]:
    for key, value in table.items():
        if blocks or not _is_block(value):
            yield f"{_key(key)} = {_value(value)}"


def _is_block(value: object) -> bool:
    is_list = isinstance(value, list) and bool(value)
    return isinstance(value, Mapping) or (
        is_list and all(isinstance(each, Mapping) for each in value)  # type: ignore[attr-defined] # a list, see above
    )


def _value(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return f"[{', '.join(_value(each) for each in value)}]"
    if isinstance(value, Mapping):
        pairs = (f"{_key(key)} = {_value(each)}" for key, each in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    return str(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace(_DELETE, "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.match(key) else _text(key)


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(_key(key) for key in path)
