"""Reads the user's tables: files that teach a driver devices it does not know yet."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.driver.contract import Kind
from shared.errors import SettingsError
from shared.faults import faults, unknown_key
from shared.settings import read_toml

Tables = Mapping[str, Mapping[str, Any]]
"""Tables by kind of driver, then by name."""


def read_tables(folder: Path, kinds: Iterable[Kind]) -> Tables:
    """Read every *.toml file of a folder; the first bad one is refused with its row and reason.

    A file says which driver it is for (`driver = "qx"`); its name without .toml is the table's.
    """
    readers = {kind.name: kind for kind in kinds if kind.has_tables}
    found: dict[str, dict[str, Any]] = {}
    for file in _files(folder):
        content = read_toml(file)
        driver = content.pop("driver", None)
        if driver not in readers:
            told = unknown_key(str(driver), readers, "driver", 0.7) if driver else "driver: missing"
            raise SettingsError(f"{file}: {told}; drivers with tables are {', '.join(readers)}")
        found.setdefault(driver, {})[file.stem] = _table(readers[driver], file, content)
    return found


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise SettingsError(f"[driver] tables: {folder} is not a folder")
    try:
        return sorted(folder.glob("*.toml"))
    except OSError as error:
        raise SettingsError(f"[driver] tables: {folder}: {error.strerror}") from None


def _table(kind: Kind, file: Path, content: Mapping[str, Any]) -> object:
    assert kind.read_table is not None
    try:
        return kind.read_table(file.stem, content)
    except ValidationError as error:
        raise SettingsError(f"{file}: {faults(error)}") from None
    except ValueError as error:
        raise SettingsError(f"{file}: {error}") from None
