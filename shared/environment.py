"""The NUTBUS_* environment variables as settings."""

import os
from collections.abc import Collection
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource
from pydantic_settings import SettingsError as UnreadableVariableError

from shared.errors import SettingsError
from shared.faults import unknown_key

PREFIX = "NUTBUS_"


class Environment(EnvSettingsSource):
    """The NUTBUS_* variables; names of devices and the like are spelt as in the file."""

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        file: PydanticBaseSettingsSource,
        sections: Collection[str],
    ) -> None:
        super().__init__(settings_cls)
        self._file = file
        self._sections = sections

    def __call__(self) -> dict[str, Any]:
        """Read them; SettingsError names the variable that is wrong."""
        for name in variables(self._sections):
            section = section_of(name)
            if section not in self._sections:
                raise SettingsError(f"{name}: {unknown_key(section, self._sections, 'section')}")
        try:
            tables = super().__call__()
        except UnreadableVariableError as error:
            names = [
                name
                for name in variables(self._sections, alone=True)
                if f'"{section_of(name)}"' in str(error)
            ]
            raise SettingsError(
                f"{', '.join(names)}: a list or a table is written as JSON"
            ) from None
        return _spelt_as(self._file(), tables)

    def decode_complex_value(
        self,
        field_name: str,
        field: FieldInfo | None,
        value: Any,  # noqa: ANN401 -- pydantic-settings passes what the environment holds
    ) -> Any:  # noqa: ANN401 -- and so it is handed on
        """Read a list or a table; a number stays text, which pydantic converts where it is due."""
        decoded = super().decode_complex_value(field_name, field, value)  # type: ignore[arg-type]
        if not isinstance(decoded, dict | list | None):
            raise ValueError("neither a list nor a table")
        return decoded


def variables(sections: Collection[str], *, alone: bool = False) -> list[str]:
    """Name the environment variables below a section; `alone` adds those of a whole one."""
    prefixed = [name for name in os.environ if name.upper().startswith(PREFIX)]
    return [name for name in prefixed if "__" in name or (alone and section_of(name) in sections)]


def section_of(variable: str) -> str:
    """Name the section that an environment variable is about."""
    return variable[len(PREFIX) :].partition("__")[0].lower()


def _spelt_as(file: dict[str, Any], environment: dict[str, Any]) -> dict[str, Any]:
    """Give the keys of the environment, which are lower case, the spelling of the file."""
    spelling = {key.lower(): key for key in file}
    spelt = {}
    for key, value in environment.items():
        name = key if key in file else spelling.get(key, key)
        below = file.get(name)
        both = isinstance(below, dict) and isinstance(value, dict)
        spelt[name] = _spelt_as(below, value) if both else value  # type: ignore[arg-type] # narrowed by both
    return spelt
