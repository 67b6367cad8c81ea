"""A driver of NUT as a child process of ours: it ends with us, however we end."""

import asyncio
import contextlib
import logging
import os
import pwd
import shutil
import signal
import sys
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, cast

from services.driver.drivers.nutdriver_link import Link
from services.driver.drivers.nutdriver_options import SECRET
from shared.errors import DeviceError, SettingsError
from shared.nutwire import join

FOLDERS: Final = (
    "/lib/nut",
    "/usr/lib/nut",
    "/usr/libexec/nut",
    "/usr/lib/ups/driver",
    "/usr/local/libexec/nut",
    "/usr/local/lib/nut",
    "/usr/local/ups/bin",
    "/opt/nut/bin",
    "/usr/sbin",
    "/sbin",
)
END_PATIENCE: Final = 5.0  # seconds that a driver gets to end in good order
_TRY_PAUSE: Final = 0.05  # seconds between two tries to connect to a driver that starts
_KEPT: Final = 50  # lines of a start that are known again at the next one
_LONGEST: Final = 300  # characters of a line that is logged
_MASK: Final = "***"
# Ours alone, or for whom the service manager started: not for the driver.
_PRIVATE = ("NUTBUS_", "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_")

# Runs before the driver, in its process: it asks Linux to kill it when we die. That has to come
# after the user is changed, which would undo it, and we may be dead already by then.
_LAUNCHER: Final = """\
import ctypes, os, signal, sys
parent, user, *command = sys.argv[1:]
if user:
    import pwd
    entry = pwd.getpwnam(user)
    os.initgroups(entry.pw_name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() == int(parent):
    os.execv(command[0], command)
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be run: the program, its section of ups.conf (None is a flag), and as whom.

    `mode` is -F for a driver that stays, or -k for one that powers its device off.
    """

    device: str
    program: Path
    section: Mapping[str, str | None]
    user: str | None = None
    mode: str = "-F"

    @property
    def text(self) -> str:
        """The ups.conf for this driver alone."""
        lines = [
            key if value is None else f"{key} = {join([value])}"
            for key, value in self.section.items()
        ]
        return "\n".join(("maxretry = 1", f"[{self.device}]", *lines, ""))

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be logged."""
        values = (value for key, value in self.section.items() if SECRET.search(key) and value)
        return tuple(sorted(cast("tuple[str, ...]", tuple(values)), key=len, reverse=True))


def installed(program: str) -> Path | None:
    """Find a driver of NUT by its name, in the folders where NUT may have it."""
    found = shutil.which(program, path=os.pathsep.join(FOLDERS))
    return Path(found) if found else None


def find_program(program: str) -> Path:
    """Find a driver by its name or absolute path; SettingsError says where it was looked for."""
    if "/" not in program:
        found, where = installed(program), f"in {', '.join(FOLDERS[:3])} and the like"
    else:
        path = Path(program)
        usable = path.is_absolute() and path.is_file() and os.access(path, os.X_OK)
        found, where = path if usable else None, "at this absolute path"
    if found is None:
        raise SettingsError(f"NUT's driver {program} is not installed: there is none {where}")
    return found


class Child(asyncio.SubprocessProtocol):
    """A running driver, in a private folder with its settings, its socket and its lock file."""

    def __init__(self, command: Command, folder: Path, known: frozenset[str]) -> None:
        self.said = known  # until it is ready: its lines, and those of the start before this one
        self._known = known
        self._is_ready = False
        self._command = command
        self._folder = folder
        self._secrets = command.secrets
        self._rest = b""
        self._last = self._complaint = ""  # the newest line, and the newest one with an error
        self._code: int | None = None
        self._ended = asyncio.Event()
        self._transport: asyncio.SubprocessTransport | None = None
        # Also where nobody comes to end it: then it goes with us.
        self._remove_folder = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    @classmethod
    async def start(cls, command: Command, known: frozenset[str] = frozenset()) -> Self:
        """Start a driver; DeviceError says why that cannot be.

        Lines that are `known` from the start before this one are not logged again.
        """
        user = _other_user(command.user)
        try:
            folder = await asyncio.to_thread(_settings_folder, command.text, user)
        except OSError as error:
            raise DeviceError(f"no folder for the driver: {error.strerror or error}") from None
        child = cls(command, folder, known)
        await child._run(user)
        return child

    async def connect(self) -> Link:
        """Connect to it as soon as it is ready, which may take minutes; DeviceError if it ends."""
        path = self._folder / f"{self._command.program.name}-{self._command.device}"
        while not self._ended.is_set():
            # Nothing tells that a socket is there but the try.
            with contextlib.suppress(OSError):
                return await Link.connect(str(path))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TRY_PAUSE):
                    await self._ended.wait()
        raise DeviceError(self.last_words)

    async def settle(self) -> None:
        """Take it as ready: it has read its settings, which go, as there may be secrets in them."""
        self._is_ready = True
        self._known = frozenset()
        await asyncio.to_thread((self._folder / "ups.conf").unlink, missing_ok=True)

    @property
    def is_running(self) -> bool:
        """Tell whether it still runs."""
        return not self._ended.is_set()

    async def finish(self, within: float) -> int | None:
        """Wait until it ends by itself; return its exit code, None if it took too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._ended.wait()
        return self._code

    @property
    def last_words(self) -> str:
        """Say how it ended."""
        name, code = self._command.program.name, self._code
        how = f"by signal {-code}" if code is not None and code < 0 else f"with {code}"
        why = self._complaint or self._last
        return f"the driver {name} ended {how}" + (f": {why}" if why else "")

    async def end(self) -> None:
        """End it, by force if it does not end in good order, and remove its folder."""
        transport = self._transport
        if transport is not None:
            with contextlib.suppress(ProcessLookupError):
                transport.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_PATIENCE):
                    await self._ended.wait()
            self.kill()
        await asyncio.to_thread(self._remove_folder)

    def kill(self) -> None:
        """End it at once, with all that it may have started."""
        if self._transport is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._transport.get_pid(), signal.SIGKILL)
            self._transport.close()

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        """Log what it says."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_LONGEST:]
        for line in lines:
            text = line.decode("ascii", "replace").strip()[:_LONGEST]
            self._log("".join(each if each.isprintable() else "?" for each in text))

    def process_exited(self) -> None:
        """Note how it ended."""
        if self._transport is not None:  # else it has ended before it was known to us
            self._code = self._transport.get_returncode()
        self._ended.set()

    async def _run(self, user: str | None) -> None:
        command = self._command
        name = user or _own_name()
        arguments = (str(command.program), "-a", command.device, command.mode, "-u", name)
        launcher = (sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), user or "")
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.subprocess_exec(
                lambda: self,
                *launcher,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                env=_environment(self._folder),
            )
        except OSError as error:
            raise DeviceError(f"cannot start {command.program}: {error.strerror}") from None
        self._transport = transport

    def _log(self, text: str) -> None:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        if not text:
            return
        is_known = text == self._last or text in self._known
        level = logging.DEBUG if is_known else logging.INFO
        logger.log(level, "%s: %s: %s", self._command.device, self._command.program.name, text)
        self._last = text
        if not self._is_ready and len(self.said) < _KEPT:
            self.said |= {text}
        if "error" in text.casefold():
            self._complaint = text


def _other_user(user: str | None) -> str | None:
    """Pass the name of another user, as whom root alone can run; SettingsError if we are not."""
    if user is None:
        return None
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise SettingsError(f"user: there is no user {user}") from None
    if entry.pw_uid == os.getuid():
        return None
    if os.getuid() != 0:
        raise SettingsError(f"user: only root can run a driver as {user}")
    return user


def _own_name() -> str:
    """Name the user that the driver shall run as; who is not root stays whoever he is."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a number, but NUT wants a name that exists
        return "root"


def _settings_folder(text: str, user: str | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="nutbus-"))  # nobody else may look inside
    file = folder / "ups.conf"
    file.touch(mode=0o600)
    file.write_text(text, encoding="ascii")
    if user is not None:
        shutil.chown(folder, user)
        shutil.chown(file, user)
    return folder


def _environment(folder: Path) -> dict[str, str]:
    own = {key: each for key, each in os.environ.items() if not key.startswith(_PRIVATE)}
    places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH", "NUT_PIDPATH")
    return {**own, **dict.fromkeys(places, str(folder)), "NUT_QUIET_INIT_UPSNOTIFY": "true"}
