"""Start the programs that are measured, each in the folder given, and end them in any case."""

import contextlib
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

START_TIMEOUT = 60.0
STOP_TIMEOUT = 10.0
CHECK_INTERVAL = 0.01
LOG_SHOWN = 2000


class Programs:
    """Programs that run until the end of the `with` block; what they say is in log files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Programs":
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self._running)):
            self.end(name)

    def start(self, name: str, *command: str, environment: Mapping[str, str] | None = None) -> int:
        """Start a program under a name of its own and return its process id."""
        with self._log(name).open("wb") as log:
            program = subprocess.Popen(
                command,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; we end them in their order
            )
        self._running[name] = program
        return program.pid

    def end(self, name: str) -> None:
        """End one program."""
        program = self._running.pop(name)
        program.terminate()
        try:
            program.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()

    def await_end(self, name: str) -> None:
        """Wait until a program has ended by itself."""
        try:
            self._running[name].wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise self.failure(f"{name} does not end") from None
        del self._running[name]

    def until(self, condition: Callable[[], bool], complaint: str) -> None:
        """Wait for a condition; RuntimeError with what the programs said if it does not come."""
        deadline = time.monotonic() + START_TIMEOUT
        while not condition():
            dead = any(program.poll() is not None for program in self._running.values())
            if dead or time.monotonic() > deadline:
                raise self.failure(complaint)
            time.sleep(CHECK_INTERVAL)

    def failure(self, complaint: str) -> RuntimeError:
        """Return an error with the end of what each program said."""
        return RuntimeError(f"{complaint}\n" + "\n".join(self._said()))

    def _said(self) -> Iterator[str]:
        for name, program in self._running.items():
            fate = "runs" if program.poll() is None else "ended"
            yield f"{name} ({fate}): {self._log(name).read_text(errors='replace')[-LOG_SHOWN:]}"

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


@contextlib.contextmanager
def running() -> Generator[Programs]:
    """Give a place for programs; at the end of the block they have ended and it is gone."""
    with (
        tempfile.TemporaryDirectory(prefix="nutbus-bench-") as folder,
        Programs(Path(folder)) as programs,
    ):
        yield programs


def give_real_time(*processes: int) -> None:
    """Let processes have the processor before all others, as `CPUSchedulingPolicy=rr` does."""
    for process in processes:
        for thread in Path(f"/proc/{process}/task").iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_RR, os.sched_param(1))


def resident_kilobytes(process: int) -> int:
    """Return how much memory of a process is resident (VmRSS), in KB of 1024 bytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields["VmRSS"].split()[0])


def is_accepting(port: int) -> bool:
    """Tell whether something listens on a port of 127.0.0.1."""
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    return False
