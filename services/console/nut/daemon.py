"""Living in the background as NUT's daemons do: another user, no terminal, a file with the pid."""

import contextlib
import os
import pwd
import sys
import syslog
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

from services.console.nut.tool import FatalError, complain

DEFAULT_USER: Final = "nut"
DEFAULT_PID_FOLDER: Final = "/run/nut"
PID_FOLDER_VARIABLE: Final = "NUT_PIDPATH"

Note = Callable[[str], None]


def user_to_become(name: str | None) -> pwd.struct_passwd | None:
    """Look up the user to switch to, or without a name NUT's own if root started this.

    None is to stay who we are. Raise FatalError if the user named does not exist.
    """
    if name is None and os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(name or DEFAULT_USER)
    except KeyError:
        if name is None:
            return None
        raise FatalError(f"user {name} not found") from None
    return user if os.geteuid() == 0 else None


def become(user: pwd.struct_passwd) -> None:
    """Give up root's rights for good."""
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def go_to_background(name: str) -> Note:
    """Go on in a child without a terminal; the caller's process ends here with exit code 0.

    Return where notes go from then on: the system log, under `name`.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork() != 0:
        os._exit(0)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    if nothing > 2:
        os.close(nothing)
    syslog.openlog(name, syslog.LOG_PID, syslog.LOG_DAEMON)
    return syslog.syslog


def note_on_stderr(text: str) -> None:
    """Tell whoever watches the terminal."""
    complain(text)


def pid_path(base: str) -> Path:
    """Return where the pid belongs: `base` itself if absolute, else `base.pid` in NUT's folder."""
    folder = os.environ.get(PID_FOLDER_VARIABLE) or DEFAULT_PID_FOLDER
    return Path(base) if base.startswith("/") else Path(folder) / f"{base}.pid"


@contextlib.contextmanager
def pid_file(path: Path, note: Note | None) -> Generator[None]:
    """Keep our pid in a file meanwhile; if that cannot be, say so to `note` and go on."""
    try:
        path.write_text(f"{os.getpid()}\n")
    except OSError as error:
        if note is not None:
            note(f"cannot write the pid file {path}: {error.strerror}")
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
