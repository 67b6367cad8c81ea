"""The diary of a soak: who was shut down, and when each host was booted."""

import subprocess
from collections import defaultdict
from pathlib import Path

from tests.monitors import Diary as PlainDiary
from tests.monitors import Down
from tests.soak.truth import now

_PROBE = ("unshare", "--time", "--boottime", "0", "true")


class Diary(PlainDiary):
    """The diary of hosts that each have an uptime of their own, as if they were machines.

    `booted` has the times of all boots of each host. Where the system lets nobody have a time
    namespace, no host has another uptime than the machine.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.booted: defaultdict[str, list[float]] = defaultdict(list)
        self.has_uptimes = _succeeds(_PROBE)

    def boot(self, who: str) -> tuple[str, ...]:
        """Note that a host boots now; return the words before a command that runs on it."""
        began = int(now()) if self.has_uptimes else 0
        self.booted[who].append(now())
        draft = self.folder / f"{who}.booted.draft"
        draft.write_text(f"{began}\n")
        draft.replace(self._began(who))
        return ("unshare", "--time", "--boottime", f"-{began}") if self.has_uptimes else ()

    def command(self, who: str) -> str:
        """Return the path of a program that notes that `who` is shut down."""
        program = self.folder / f"shut-down-{who}"
        program.write_text(
            f"#!/bin/sh\nread -r up _ < /proc/uptime\nread -r began < '{self._began(who)}'\n"
            f"echo {who} $up $began >> '{self.file}'\n"
        )
        program.chmod(0o755)
        return str(program)

    def lines(self) -> list[Down]:
        """Read who was shut down, in the order of the commands."""
        return [Down(who, float(up) + float(began)) for who, up, began in self.rows()]

    def _began(self, who: str) -> Path:
        return self.folder / f"{who}.booted"


def _succeeds(command: tuple[str, ...]) -> bool:
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0
