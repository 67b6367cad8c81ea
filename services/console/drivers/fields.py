"""The options of a driver as people read them, from the class that checks them."""

import typing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

_CLASSES: Final[dict[type, str]] = {
    int: "whole number",
    float: "number",
    bool: "boolean",
    Path: "file",
    SecretStr: "secret",
}


@dataclass(frozen=True, slots=True)
class Option:
    """An option: its name, what kind of value it takes, its default ("" if none), its meaning."""

    name: str
    kind: str
    default: str
    description: str


def options(model: type[BaseModel]) -> list[Option]:
    """List the options of a driver."""
    return [
        Option(name, kind_of(field.annotation), default(field), field.description or "")
        for name, field in model.model_fields.items()
        if not field.exclude
    ]


def default(field: FieldInfo) -> str:
    """Write the default as TOML would have it, roughly."""
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ({}, [], ()):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return str(value)


def kind_of(annotation: object) -> str:
    """Name a type in the words of TOML."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return _class_name(annotation)
    arguments = [each for each in typing.get_args(annotation) if each is not type(None)]
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return kind_of(arguments[0])
    if origin is typing.Literal:
        return " or ".join(
            f'"{each}"' if isinstance(each, str) else str(each) for each in arguments
        )
    if origin in (list, tuple, set, frozenset):
        return f"list of {kind_of(arguments[0])}"
    if origin is dict:
        return "table"
    return " or ".join(dict.fromkeys(map(kind_of, arguments))) or "text"


def _class_name(kind: type) -> str:
    if issubclass(kind, BaseModel):
        return "table"
    if issubclass(kind, StrEnum):
        return " or ".join(f'"{each}"' for each in kind)
    return _CLASSES.get(kind, "text")
