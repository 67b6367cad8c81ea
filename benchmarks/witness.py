"""Notes when a shutdown command begins; the commands themselves shut nothing down."""

import os
import shlex
import threading
import time
from pathlib import Path
from typing import Self

READ_SIZE = 4096
END = "-"


class Witness:
    """A pipe with a name, on which each command tells whose it is; use it as a context manager.

    The command is one line for the shell, which a monitor of either kind runs with `sh -c`. The
    time noted is that at which the line was read here, so it includes the start of the shell.
    """

    def __init__(self, pipe: Path) -> None:
        self._path = pipe
        self._seen: dict[str, float] = {}
        self._arrival = threading.Condition()
        self._thread = threading.Thread(target=self._watch)
        os.mkfifo(pipe, 0o600)
        self._pipe = os.open(pipe, os.O_RDWR)  # with both ends open here, nobody has to wait

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._pipe, f"{END}\n".encode())
        self._thread.join()
        os.close(self._pipe)

    def command(self, name: str) -> str:
        """Return a shutdown command that does nothing but tell that `name` goes down."""
        return f"echo {name} > {shlex.quote(str(self._path))}"

    def await_down(self, name: str, patience: float) -> float:
        """Return when the command of `name` began (`time.perf_counter`); RuntimeError if late."""
        with self._arrival:
            if not self._arrival.wait_for(lambda: name in self._seen, patience):
                raise RuntimeError(f"{name} is not shut down after {patience:g} s")
            return self._seen[name]

    def _watch(self) -> None:
        names: list[str] = []
        while END not in names:
            names = os.read(self._pipe, READ_SIZE).decode().split()
            now = time.perf_counter()
            with self._arrival:
                for name in names:
                    self._seen.setdefault(name, now)
                self._arrival.notify_all()
