"""Modem lines for pseudo-terminals, by a library that is preloaded into the program under test."""

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
# As TIOCMGET has them.
BITS = {"DTR": 0x002, "RTS": 0x004, "CTS": 0x020, "DCD": 0x040, "RNG": 0x080, "DSR": 0x100}


def environment(folder: Path) -> dict[str, str]:
    """Build the library; return what makes a program see the modem lines kept in the folder."""
    compiler = shutil.which("tcc")
    if compiler is None:
        raise AssertionError("these tests need tcc: apt-get install tcc")
    library = folder / "modemlines.so"
    subprocess.run((compiler, "-shared", "-o", library, SOURCE), check=True)
    return {"LD_PRELOAD": str(library), "MODEMLINES": str(folder)}


class Terminal:
    """A pseudo-terminal whose modem lines are in the folder; `device` is its other end."""

    def __init__(self, folder: Path, path: str, device: int = -1) -> None:
        self.path = path
        self.device = device
        self._lines = folder / Path(path).name
        self._log = folder / f"{Path(path).name}.log"

    def clear(self) -> None:
        """Begin anew: the terminal's number may have been another's before."""
        self._log.unlink(missing_ok=True)
        self.set()

    def set(self, *high: str) -> None:
        """Let the device drive these lines and no others."""
        new = self._lines.with_suffix(".new")
        new.write_text(str(sum(BITS[line] for line in high)))
        new.replace(self._lines)

    def steps(self) -> list[tuple[str, int]]:
        """List what the program did: `get`, `lines`, `break` or `sendbreak`, and the number."""
        if not self._log.exists():
            return []
        lines = [line.split() for line in self._log.read_text().splitlines()]
        return [(line[0], int(line[1])) for line in lines if len(line) == 2]

    def driven(self) -> list[frozenset[str]]:
        """List the states into which the program put its own lines."""
        return [named(value) for step, value in self.steps() if step == "lines"]


@contextmanager
def terminal(folder: Path) -> Generator[Terminal]:
    """Open a pseudo-terminal for a program."""
    ours, theirs = os.openpty()
    try:
        line = Terminal(folder, os.ttyname(theirs), ours)
        line.clear()
        yield line
    finally:
        os.close(ours)
        os.close(theirs)


def named(bits: int) -> frozenset[str]:
    """Name the lines that are high."""
    return frozenset(line for line, bit in BITS.items() if bits & bit)
