"""The file that keeps the energy over a restart. It blocks: call it from a thread."""

import contextlib
import fcntl
import json
import logging
import math
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

from shared.errors import SettingsError

VERSION: Final = 1

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def alone(path: Path) -> Generator[None]:
    """Keep other services from this file meanwhile; SettingsError if one has it."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a")
    except OSError as error:
        raise _unusable(error, path) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"homeassistant.state_file: {path}: another Home Assistant service writes it;"
                " each needs a file of its own"
            ) from None
        yield


def load(path: Path) -> dict[str, float]:
    """Read the kWh of each device; a file that is damaged is kept aside, and we begin anew.

    SettingsError if the file cannot be read, or its folder not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _probe(path)
        return _read(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unusable(error, path) from None
    except (ValueError, RecursionError) as error:
        spoilt = path.with_name(f"{path.name}.spoilt")
        path.replace(spoilt)
        logger.error("%s: %s: it is kept as %s, and energy begins at 0", path, error, spoilt)
        return {}


def save(path: Path, energies: dict[str, float]) -> None:
    """Replace the file as a whole, on the disk when this returns; OSError if that fails."""
    body = json.dumps({"version": VERSION, "energy": energies}, indent=1).encode()
    beside = _beside(path)
    with beside.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unusable(error: OSError, path: Path) -> SettingsError:
    where = error.filename or path
    return SettingsError(f"homeassistant.state_file: {where}: {error.strerror or error}")


def _probe(path: Path) -> None:
    beside = _beside(path)
    beside.touch()
    beside.unlink()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _read(body: bytes) -> dict[str, float]:
    found: Any = json.loads(body)
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise ValueError("not a file of this version")
    energies = found.get("energy")
    if not isinstance(energies, dict) or not all(map(_is_energy, energies.values())):
        raise ValueError("no energies in it")
    return {name: float(value) for name, value in energies.items()}


def _is_energy(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value >= 0
