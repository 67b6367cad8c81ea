"""What only root may do: a parent that knows two bytes, and a child that has given root away.

The child asks for the shutdown by writing `SHUT_DOWN` to a pipe. The parent then writes the flag
file and runs the shutdown command, both fixed before the fork; for `SHUT_DOWN_ONLY` it leaves the
flag file out. Any other byte means nothing, and the end of the pipe ends the parent. It answers by
`STARTED`, and when the command has ended by `DONE` or `FAILED`.
"""

import contextlib
import encodings.idna  # noqa: F401 -- a child that may not read Python's own files needs it later
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from shared.errors import SettingsError

SHUT_DOWN: Final = b"\x01"
SHUT_DOWN_ONLY: Final = b"\x02"
STARTED: Final = b"\x01"
DONE: Final = b"\x02"
FAILED: Final = b"\x03"
MAGIC: Final = "upsmon-shutdown-file"
FALLBACK_USERS: Final = ("nut", "nobody")

_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


@dataclass(frozen=True, slots=True)
class PowerDown:
    """How this host is shut down: the command (a string is for the shell) and the flag file."""

    command: str | Sequence[str]
    flag: Path | None = None

    def carry_out(self, started: Callable[[], object] = lambda: None) -> int:
        """Write the flag and run the command to its end; return its exit code.

        `started` is called once the command runs, or cannot. A flag that cannot be written does
        not keep the host from being shut down. It is removed again when the command says that it
        failed: this host stays up, and its next shutdown may be any. A command that was killed
        says nothing; a shutdown that is under way may have done it.
        """
        if self.flag:
            try:
                write_flag(self.flag)
            except OSError as error:
                _complain(f"cannot write {self.flag}: {error.strerror}")
        code = self._run(started)
        if code:
            _complain(f"the shutdown command failed with exit code {code}")
        if code > 0:
            clear_flag(self.flag)
        return code

    def _run(self, started: Callable[[], object]) -> int:
        line = isinstance(self.command, str)
        try:
            process = subprocess.Popen(  # noqa: S603 -- the settings' own command
                self.command or "false", shell=line, stdin=subprocess.DEVNULL
            )
        except OSError as error:
            _complain(f"cannot run the shutdown command: {error.strerror}")
            started()
            return 127
        started()
        return process.wait()


@dataclass(frozen=True, slots=True)
class Orders:
    """The child's ends of the pipes to its privileged parent.

    `life` gives the parent's answers, and its end when the parent is dead.
    """

    pipe: int
    life: int

    def shut_down(self, *, writes_flag: bool = True) -> None:
        """Ask for the shutdown; OSError if the parent is dead."""
        os.write(self.pipe, SHUT_DOWN if writes_flag else SHUT_DOWN_ONLY)


def separate(power_down: PowerDown, user: str) -> Orders:
    """Fork: return in a child that runs as `user`; the parent stays root and never returns.

    To be called before there are threads or an event loop. Signals to the parent reach the child;
    the parent ends as the child does. SettingsError if there is no such user.
    """
    account = account_of(user)
    order_read, order_write = os.pipe()
    life_read, life_write = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)  # until somebody can take them
    child = os.fork()
    if child:
        os.close(order_write)
        os.close(life_read)
        _serve(order_read, life_write, power_down, child)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
    os.close(order_read)
    os.close(life_write)
    _become(account)
    return Orders(order_write, life_read)


def become(user: str) -> None:
    """Give root away for good, before there are threads; SettingsError if there is no such user."""
    _become(account_of(user))


def default_user() -> str:
    """Name whom to run as: nut if there is such a user, else nobody."""
    for name in FALLBACK_USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise SettingsError(f"monitor: there is no user {' or '.join(FALLBACK_USERS)}; set run_as_user")


def account_of(user: str) -> pwd.struct_passwd:
    """Find the user that is to be; SettingsError if there is none, or if it is root."""
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise SettingsError(f"monitor: there is no user {user!r} (run_as_user)") from None
    if account.pw_uid == 0:
        raise SettingsError(
            f"monitor: run_as_user {user!r} is root; name another user, or use one process (-p)"
        )
    return account


def write_flag(flag: Path) -> None:
    """Leave the sign that this host was shut down to have its power cut; it survives a crash."""
    descriptor = os.open(flag, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(MAGIC)
        file.flush()
        os.fsync(file.fileno())


def has_flag(flag: Path | None) -> bool:
    """Tell whether the flag file is there and is one."""
    try:
        return flag is not None and flag.read_bytes()[: len(MAGIC)] == MAGIC.encode()
    except OSError:
        return False


def clear_flag(flag: Path | None) -> None:
    """Remove the flag file of an earlier shutdown; a file that is none is left alone.

    One that cannot be removed is complained of: without a monitor it would be no better.
    """
    if flag is None or not has_flag(flag):
        return
    try:
        flag.unlink(missing_ok=True)
    except OSError as error:
        _complain(
            f"cannot remove {flag}: {error.strerror}; remove it, for with it the next shutdown of "
            "this host cuts the power, whatever the reason"
        )


def _become(account: pwd.struct_passwd) -> None:
    os.initgroups(account.pw_name, account.pw_gid)
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)


def _serve(pipe: int, life: int, power_down: PowerDown, child: int) -> NoReturn:
    def answer(word: bytes) -> None:
        with contextlib.suppress(OSError):  # the child may be gone
            os.write(life, word)

    def forward(number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    for number in _FORWARDED:
        signal.signal(number, forward)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the child as well
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
    failed = 0
    kinds = {SHUT_DOWN: power_down, SHUT_DOWN_ONLY: replace(power_down, flag=None)}
    while order := os.read(pipe, 1):
        if order in kinds:
            failed = kinds[order].carry_out(lambda: answer(STARTED))
            answer(FAILED if failed else DONE)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1
    sys.exit(1 if failed else ended)  # a host that stays up needs its monitor again


def _complain(sentence: str) -> None:
    # The parent has neither a log nor an event loop; standard error is where the child's log goes.
    os.write(2, f"nutbus monitor: {sentence}\n".encode())
