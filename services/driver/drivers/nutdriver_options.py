"""What the settings say of a driver of NUT that we run or find running."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, field_validator

from shared.settings import Section

SECRET: Final = re.compile(
    "passw|secret|community|^login$|^secname$|(?:^|_)(?:key|token|pin)$", re.IGNORECASE
)
"""Tells by the name of an option whether it is a secret, of those that NUT takes for one too."""

_KEY = re.compile(r"[A-Za-z0-9_.-]+\Z")
_OURS = frozenset({"driver", "port"})


class NutDriverOptions(Section):
    """Options of the nut-driver driver."""

    program: str | None = Field(
        default=None,
        description="Driver of NUT to start, such as usbhid-ups, or its path; without one, "
        "port is the socket of a driver that runs already.",
    )
    user: str | None = Field(
        default=None,
        description="User as whom root lets the driver run; by default the one that we run as.",
    )
    arguments: dict[str, SecretStr | None] = Field(
        default={},
        description="Options for the driver as in its section of ups.conf; true: a flag.",
    )

    @field_validator("arguments", mode="before")
    @classmethod
    def _as_texts(cls, arguments: object) -> object:
        if not isinstance(arguments, dict):
            raise ValueError("a table of the driver's options and their values")
        flat = dict(_flat(arguments))
        return dict(_argument(key, flat[key]) for key in flat if flat[key] is not False)


def _flat(table: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Spell what TOML takes for a nest of tables as NUT does, such as ups.delay.start."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _argument(key: str, value: object) -> tuple[str, SecretStr | None]:
    """Read an option for the driver; of a secret, `<key>_file` names a file that has it."""
    if not _KEY.match(key) or key in _OURS:
        raise ValueError(f"{key!r} is no option for the driver")
    if value is True or value is None:
        return key, None
    if isinstance(value, SecretStr):
        return key, value
    if not isinstance(value, str | int | float):
        raise ValueError(f"{key}: the value is a text, a number, or true for a flag")
    secret = key.removesuffix("_file")
    if secret != key and SECRET.search(secret):
        return secret, SecretStr(_content(key, Path(str(value))))
    return key, SecretStr(str(value))


def _content(key: str, file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"{key}: cannot read {file}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{key}: {file} is not plain ASCII, which NUT wants") from None
