"""How much memory everything for one device takes, after it was idle for a while."""

import time
from collections.abc import Iterator

from benchmarks import nutbus, upsd
from benchmarks.programs import resident_kilobytes, running
from benchmarks.progress import say
from benchmarks.report import Table, limit_row
from benchmarks.server import Server

IDLE = 10.0
LIMIT_MB = 100.0


def size() -> Iterator[Table]:
    """Measure `nutbus up` beside upsd with dummy-ups."""
    with running() as theirs, running() as ours:
        there, here = upsd.start_with_dummy(theirs), nutbus.start_up(ours)
        say(f"upsd with dummy-ups and nutbus up are left alone for {IDLE:.0f} s")
        time.sleep(IDLE)
        row = limit_row("one device, MB", _megabytes(there), _megabytes(here), LIMIT_MB)
    header = ("resident memory", "upsd + dummy-ups", "nutbus up", "to reach", "reached")
    yield Table("Memory of everything for one device", header, (row,))


def _megabytes(server: Server) -> float:
    return sum(map(resident_kilobytes, server.processes)) / 1024
