"""NUT's hosts.conf: which systems may be asked for, and which templates."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.errors import SettingsError
from shared.nutconfig.statements import Statement, statements

FILE_NAME: Final = "hosts.conf"
DIRECTIVES: Final = ("MONITOR", "CUSTOM_TEMPLATE_LIST", "CUSTOM_TEMPLATE_SINGLE")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Monitored:
    """A line MONITOR: `ups[@host[:port]]` and what people call it."""

    system: str
    description: str


@dataclass(frozen=True, slots=True)
class HostsFile:
    """What a hosts.conf says, in its order."""

    monitored: tuple[Monitored, ...] = ()
    list_templates: frozenset[str] = frozenset()
    single_templates: frozenset[str] = frozenset()


class HostsReader:
    """Reads a hosts.conf anew when it has changed; what is wrong with it is logged once."""

    def __init__(self) -> None:
        self._known: tuple[Path, object] | None = None
        self._read: HostsFile | SettingsError | None = None

    def read(self, path: Path) -> HostsFile | None:
        """Give what the file says, None if there is none; SettingsError if it cannot be read."""
        found = (path, _state(path))
        if found != self._known:
            self._read = _content(path) if found[1] else None
            self._known = found
        if isinstance(self._read, SettingsError):
            raise SettingsError(str(self._read))
        return self._read


def _state(path: Path) -> object:
    """Say what changes when the file does, None if there is no file."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.errno
    return state.st_mtime_ns, state.st_size, state.st_ino


def _content(path: Path) -> HostsFile | SettingsError:
    try:
        return hosts_file(statements(path))
    except SettingsError as error:
        logger.error("no list of hosts: %s", error)
        return error


def hosts_file(lines: Sequence[Statement]) -> HostsFile:
    """Understand the lines of a hosts.conf; what is unknown or too short is passed over."""
    found: dict[str, list[tuple[str, ...]]] = {directive: [] for directive in DIRECTIVES}
    for line in lines:
        if line.key not in found:
            line.warn_unknown(DIRECTIVES)
        elif len(line.words) < (3 if line.key == "MONITOR" else 2):
            line.warn(f"{line.key} lacks a word and is passed over")
        else:
            found[line.key].append(line.words)
    monitored, of_lists, of_singles = found.values()
    return HostsFile(
        tuple(Monitored(words[1], words[2]) for words in monitored),
        frozenset(words[1] for words in of_lists),
        frozenset(words[1] for words in of_singles),
    )
