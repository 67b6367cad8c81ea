"""The pid file: one monitor at a time, found by those who want to tell it something."""

import contextlib
import fcntl
import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Final

from shared.errors import PowerError

SIGNALS: Final = {"fsd": signal.SIGUSR1, "reload": signal.SIGHUP, "stop": signal.SIGTERM}


DEFAULT_FILE: Final = Path("/run/nutbus/monitor.pid")


class InstanceError(PowerError):
    """A monitor runs already, or none does; the text says which and where that is written."""


def pid_file(chosen: Path | None) -> Path | None:
    """Say where the pid file is: where the settings say, or at root's own place if we are root."""
    return chosen or (DEFAULT_FILE if os.geteuid() == 0 else None)


def held_pid_file(chosen: Path | None) -> contextlib.AbstractContextManager[None]:
    """Hold the pid file inside the block, if there is to be one."""
    file = pid_file(chosen)
    return only_one(file) if file else contextlib.nullcontext()


@contextlib.contextmanager
def only_one(file: Path) -> Generator[None]:
    """Hold the pid file inside the block; InstanceError if another process does.

    The lock on it is what counts, so a file that a crash left behind means nothing. The process
    that made the file removes it; a child that was forked inside the block does not.
    """
    owner = os.getpid()
    descriptor = _locked(file)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{owner}\n".encode())
        yield
    finally:
        if os.getpid() == owner:
            with contextlib.suppress(OSError):
                file.unlink()
        os.close(descriptor)


def tell(file: Path, order: str) -> None:
    """Send fsd, reload or stop to the monitor that holds the pid file."""
    pid = _holder(file)
    try:
        os.kill(pid, SIGNALS[order])
    except PermissionError:
        raise InstanceError(f"the monitor (process {pid}) belongs to another user") from None
    except ProcessLookupError:
        raise InstanceError(f"no monitor runs: process {pid} of {file} is gone") from None


def _opened(file: Path) -> int:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise InstanceError(f"cannot write the pid file {file}: {error.strerror}") from None


def _locked(file: Path) -> int:
    descriptor = _opened(file)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(descriptor, 32).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise InstanceError(f"a monitor runs already: process {pid} holds {file}") from None
    return descriptor


def _holder(file: Path) -> int:
    try:
        with file.open("rb") as opened:
            try:
                fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(opened.read(32))
    except (FileNotFoundError, ValueError):
        pass
    except OSError as error:
        raise InstanceError(f"cannot read the pid file {file}: {error.strerror}") from None
    raise InstanceError(f"no monitor runs: nobody holds {file}")
