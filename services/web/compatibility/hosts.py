"""NUT's hosts.conf: which systems may be asked for, and which templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.nutconfig.statements import Statement, statements

FILE_NAME: Final = "hosts.conf"
DIRECTIVES: Final = ("MONITOR", "CUSTOM_TEMPLATE_LIST", "CUSTOM_TEMPLATE_SINGLE")


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


def read_hosts_file(path: Path) -> HostsFile | None:
    """Read a hosts.conf, None if there is none; SettingsError if it cannot be read."""
    return hosts_file(statements(path)) if path.exists() else None


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
