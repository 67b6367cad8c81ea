"""Dialects as TOML: how a user's table is read and checked, and how a shipped one is written down.

The columns are those of `table`; functions are named as module.function, of those that the shipped
dialects use. Texts of requests and replies are Latin-1.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any

from pydantic import ValidationError

from services.driver.protocols.qx import functions
from services.driver.protocols.qx.decoding import decode
from services.driver.protocols.qx.forms import DialectForm
from services.driver.protocols.qx.table import (
    STATUS,
    Dialect,
    Field,
    Knowledge,
    Limits,
    Query,
    Setting,
)
from services.driver.protocols.qx.words import KNOWN as WORDS
from shared.errors import DeviceError

NAME = re.compile(r"[a-z][a-z0-9]*(?:[.-][A-Za-z0-9-]+)+\Z")
FORM = re.compile(r"[^%]*%0?\d{0,2}(?:\.\d{1,2})?l?[dfs][^%]*\Z")
END = "\r"
NESTED = ("queries", "settings", "commands")
HIDDEN = ("name", "by_name")  # of a file of the user: it is the file's name, and taken by it


def read_table(name: str, content: Mapping[str, Any]) -> Dialect:
    """Make a dialect of the content of a file; ValueError names the row and the reason."""
    try:
        form = DialectForm.model_validate(dict(content))
    except ValidationError as error:
        raise ValueError("; ".join(_complaints(error, content))) from None
    dialect = form.dialect(name)
    for complaint in _mistakes(dialect):
        raise ValueError(complaint)
    return dialect


def as_toml(dialect: Dialect) -> str:
    """Write a dialect in the form that `read_table` reads."""
    lines = ['driver = "qx"']
    lines += [
        f"{key} = {_text(value)}"
        for key, value in _said(dialect)
        if key not in NESTED and key not in HIDDEN
    ]
    for part in NESTED:
        for row in getattr(dialect, part):
            lines += ["", f"[[{part}]]", *_row(row)]
    return "\n".join(lines) + "\n"


def _row(row: object) -> Iterator[str]:
    for key, value in _said(row):
        if key == "fields":
            yield "fields = ["
            yield from (f"  {_text(each)}," for each in value)
            yield "]"
        else:
            yield f"{key} = {_text(value)}"


def _said(row: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 -- any of the rows
    """List the columns of a row that are not as they are by default."""
    for column in fields(row):
        value = getattr(row, column.name)
        default = column.default
        if default is MISSING and column.default_factory is not MISSING:
            default = column.default_factory()
        if value is not None and (default is MISSING or value != default):
            yield column.name, value


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return _quoted(value.decode("latin-1"))
    if isinstance(value, Enum):
        return _quoted(value.name.lower())
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    if is_dataclass(value):
        return f"{{ {', '.join(f'{key} = {_text(each)}' for key, each in _said(value))} }}"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_quoted(k)} = {_text(each)}' for k, each in value.items())} }}"
    if callable(value):
        return _quoted(functions.name_of(value))
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f")


def _complaints(error: ValidationError, content: Mapping[str, Any]) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_context=False):
        path = [part for part in fault["loc"] if part not in ("str", "function")]
        message = fault["msg"].removeprefix("Value error, ")
        yield f"{_place(path, content)}: {message}"


def _place(path: list[int | str], content: object) -> str:
    """Write where a fault is: queries[1].fields[3] 'ups.load': end."""
    place, name = "", ""
    for part in path:
        place += f"[{part}]" if isinstance(part, int) else f"{'.' if place else ''}{part}"
        content = _inside(content, part)
        if isinstance(content, Mapping):
            called = content.get("variable") or content.get("name") or content.get("request")
            name = f" {called!r}" if called else name
    return f"{place}{name}"


def _inside(content: object, part: int | str) -> object:
    if isinstance(content, list) and isinstance(part, int):
        return content[part] if part < len(content) else None
    return content.get(part) if isinstance(content, Mapping) else None


def _mistakes(dialect: Dialect) -> Iterator[str]:
    """Name what is wrong though it has the right form."""
    known = {field.variable for query in dialect.queries for field in query.fields}
    for number, probe in enumerate(dialect.probes):
        if probe.variable not in known:
            yield f"probes[{number}] {probe.variable!r}: no query reads this variable"
    for number, query in enumerate(dialect.queries):
        yield from _query_mistakes(f"queries[{number}]", query, dialect)
    for number, command in enumerate(dialect.commands):
        place = f"commands[{number}] {command.name!r}"
        yield from _request_mistakes(place, command.request, has_value=command.ask is not None)
    for number, setting in enumerate(dialect.settings):
        place = f"settings[{number}] {setting.variable!r}"
        yield from _setting_mistakes(place, setting)


def _setting_mistakes(place: str, setting: Setting) -> Iterator[str]:
    if setting.request is not None:
        yield from _request_mistakes(place, setting.request, has_value=setting.ask is not None)
    elif not setting.default:
        yield f"{place}: without a request the driver keeps it, and needs a default"
    if isinstance(setting.limits, Limits):
        yield from _limits_mistakes(place, setting.limits)


def _request_mistakes(place: str, request: str, *, has_value: bool) -> Iterator[str]:
    if not has_value and not request.endswith(END):
        yield f"{place}: the request {request!r} does not end in \\r"
    if not has_value and "%" in request:
        yield f"{place}: the request has a place for a value, but no `ask` that makes one"
    if has_value and request.count("%") > 1:
        yield f"{place}: the request {request!r} has more than one place for a value"


def _limits_mistakes(place: str, limits: Limits) -> Iterator[str]:
    for low, high in limits.ranges:
        if low > high:
            yield f"{place}: limits: nothing is from {low:g} to {high:g}"


def _query_mistakes(place: str, query: Query, dialect: Dialect) -> Iterator[str]:
    if not query.request.endswith(END):
        yield f"{place}: the request {query.request!r} does not end in \\r"
    try:
        example = query.repair(query.example) if query.repair else query.example
        decode(query, dialect, query.example, Knowledge(), ())
    except DeviceError as error:
        yield f"{place} {query.request!r}: the example does not do: {error}"
        return
    for number, field in enumerate(query.fields):
        at = f"{place}.fields[{number}] {field.variable!r}"
        yield from (f"{at}: {complaint}" for complaint in _field_mistakes(field, len(example) - 1))
        if field.convert is None:
            read = decode(query, dialect, query.example, Knowledge(), (number,))
            yield from (f"{at}: in the example {told}" for told in read.unreadable.values())


def _field_mistakes(field: Field, size: int) -> Iterator[str]:
    if field.end is not None and field.end <= field.start:
        yield f"end {field.end} is not behind start {field.start}"
    if field.end is not None and field.end > size:
        yield f"end {field.end} is beyond the example reply"
    if field.start >= size and not field.convert:
        yield f"start {field.start} is beyond the example reply"
    yield from _meaning_mistakes(field)
    if not field.private and not NAME.match(field.variable):
        yield "this is no name of a variable"


def _meaning_mistakes(field: Field) -> Iterator[str]:
    if field.form and not FORM.match(field.form):
        yield f"the form {field.form!r} is none such as %.1f, %.0f, %d or %s"
    if not field.form and field.convert is None and not field.says:
        yield "without a form it needs `says` or a `convert`"
    if field.says and field.convert:
        yield "it has `says` and a `convert`, and only one can be"
    if field.variable == STATUS:
        yield from _word_mistakes(field)


def _word_mistakes(field: Field) -> Iterator[str]:
    """Name words that ups.status would never show: a device on battery has no OL."""
    words = {word.removeprefix("!") for said in field.says.values() for word in said.split()}
    for word in sorted(words - WORDS):
        known = ", ".join(sorted(WORDS))
        yield f"{word!r} is no word for ups.status; there are {known}, and !OL for on battery"
