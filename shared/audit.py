"""The audit log: who had what done to which device, from where, and what became of it.

One JSON object a line, appended and written through to the disk before the answer is given. Each
line has a digest of the one before it (`after`), so that a line that is missing or changed shows;
the last lines may be cut off unseen, and who can write the file can forge all of it: against that
send the lines to the syslog of another machine.
"""

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import json
import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

LONGEST_TEXT: Final = 1000  # characters of each text; what is longer is cut
TAIL: Final = 256 * 1024  # bytes at the end of the file that hold its last line
SEEN: Final = "seen"  # the outcome of what was done by others, and is noted once in each file
AUTHPRIV_INFO: Final = 10 * 8 + 6  # facility and severity (RFC 5424, section 6.2.1)
SYSLOG_PORT: Final = 514
SYSLOG_TIMEOUT: Final = 1.0
LOOKUP_PAUSE: Final = 60.0  # seconds; a resolver that does not answer takes many

_Remote = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody did or tried; `at` in seconds since the epoch.

    `action` is login, logout, primary, command, set, fsd, clear-fsd, stage, shutdown, killpower or
    wake. `outcome` is a word: ok, denied, refused, sent, seen, or the status of the result from the
    bus. `value` is what was written or given as a parameter, `id` that of the order on the bus.
    """

    at: float
    service: str
    user: str
    address: str
    action: str
    outcome: str
    device: str = ""
    name: str = ""
    value: str | None = None
    detail: str = ""
    id: str = ""


class AuditLog:
    """Appends deeds to a file and sends them to syslog.

    Without either, or when the file cannot be written, they are in our own log with the reason.
    """

    def __init__(self, path: Path | None, syslog: str | None = None) -> None:
        self._path = path
        self._syslog = syslog
        self._waiting: deque[Deed] = deque()
        self._noted = asyncio.Event()
        self._turn = threading.Lock()
        self._remote: _Remote | None = None
        self._ask_again_at = 0.0

    async def record(self, deed: Deed) -> None:
        """Note a deed and return when it is written; it never fails."""
        self.note(deed)
        await self.written()

    def note(self, deed: Deed) -> None:
        """Leave a deed for `keep`, or for whoever waits until all is written."""
        self._waiting.append(deed)
        self._noted.set()

    async def written(self) -> None:
        """Return when all deeds that were noted are written."""
        await asyncio.to_thread(self.flush)

    async def keep(self) -> None:
        """Write what is noted, until cancelled; then write the rest."""
        try:
            while True:
                await self._noted.wait()
                self._noted.clear()
                await self.written()
        finally:
            self.flush()

    def flush(self) -> None:
        """Write what is noted; waits for the disk."""
        with self._turn:  # who comes second returns when what the first took is written, too
            deeds = []
            while self._waiting:
                deeds.append(self._waiting.popleft())
            if deeds:
                self._write(deeds)

    def _write(self, deeds: list[Deed]) -> None:
        lines = self._kept(self._path, deeds) if self._path else [line_of(deed) for deed in deeds]
        if self._syslog is not None:
            self._send(self._syslog, lines)
        elif self._path is None:
            for line in lines:
                logger.info("%s", line)

    def _kept(self, path: Path, deeds: list[Deed]) -> list[str]:
        """Append to the file, or to our log if that fails; the lines as they were written."""
        try:
            return _append(path, deeds)
        except OSError as error:
            lines, reason = [line_of(deed) for deed in deeds], error.strerror or error
            for line in lines:
                logger.error("cannot write the audit log %s: %s: %s", path, reason, line)
            return lines

    def _send(self, target: str, lines: list[str]) -> None:
        try:
            with self._dialled(target) as line_to_syslog:
                for line in lines:
                    line_to_syslog.send(_syslog_message(line, local=target.startswith("/")))
        except OSError as error:
            reason = error.strerror or error
            logger.error("cannot send the audit log to %s: %s", target, reason)
            if self._path is None:
                for line in lines:
                    logger.error("not sent to syslog: %s", line)

    def _dialled(self, target: str) -> socket.socket:
        """Reach syslog: the socket of this machine by its path, another by HOST:PORT (UDP)."""
        if target.startswith("/"):
            line, where = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), target
        else:
            family, kind, protocol, _, where = self._looked_up(target)
            line = socket.socket(family, kind, protocol)
        try:
            line.settimeout(SYSLOG_TIMEOUT)
            line.connect(where)
        except OSError:
            line.close()
            raise
        return line

    def _looked_up(self, target: str) -> _Remote:
        """Look the name up once; who is answered waits for it, so one that fails has a pause."""
        if self._remote is None:
            if time.monotonic() < self._ask_again_at:
                raise OSError(errno.EHOSTUNREACH, "its name was not found a moment ago")
            try:
                host, port = syslog_address(target)
                self._remote = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            finally:
                self._ask_again_at = time.monotonic() + LOOKUP_PAUSE
        return self._remote


def line_of(deed: Deed) -> str:
    """Write a deed as one line of JSON; what is empty is left out, what is long is cut."""
    known = {key: _cut(value) for key, value in asdict(deed).items() if value not in ("", None)}
    return json.dumps(known, ensure_ascii=True)


def faults(lines: Iterable[bytes]) -> Iterator[str]:
    """Say what is wrong with the lines of an audit file, each with its number."""
    before, number = b"", 0
    for number, line in enumerate(lines, 1):
        try:
            deed = json.loads(line)
        except ValueError:
            deed = None
        if not isinstance(deed, dict):
            yield f"line {number}: no audit line; the writing of it may have been cut short"
        elif deed.get("after", "") != _digest(before):
            yield f"line {number}: the line before it is missing or was changed"
        before = line.rstrip(b"\n")
    if before and not line.endswith(b"\n"):
        yield f"line {number}: it has no end"


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}..."
    return value


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()[:16] if line else ""


def entrust(path: Path, owner: int, group: int) -> None:
    """Make the file, if it is not there, for a user who will write it; what fails shows later."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, how, 0o640)
        try:
            os.fchown(descriptor, owner, group)
        finally:
            os.close(descriptor)


def _append(path: Path, deeds: list[Deed]) -> list[str]:
    """Append whole lines or nothing, chained to what other processes wrote meanwhile.

    What another has noted as seen is passed over.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        tail = os.pread(descriptor, min(size, TAIL), max(0, size - TAIL))
        begun = b"" if not tail or tail.endswith(b"\n") else b"\n"
        before = tail.rstrip(b"\n").rpartition(b"\n")[2]
        chained = list(_chained((line_of(deed) for deed in _untold(deeds, tail)), before))
        _write_whole(descriptor, begun + "".join(f"{line}\n" for line in chained).encode(), size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return chained


def _untold(deeds: list[Deed], tail: bytes) -> Iterator[Deed]:
    """Leave out what was seen by others already, as the last that was seen of that device."""
    is_needed = any(deed.outcome == SEEN for deed in deeds)
    last = dict(_seen_in(tail)) if is_needed else {}
    for deed in deeds:
        what = (deed.action, deed.id)
        if deed.outcome == SEEN and last.get(deed.device) == what:
            continue
        if deed.outcome == SEEN:
            last[deed.device] = what
        yield deed


def _seen_in(tail: bytes) -> Iterator[tuple[str, tuple[str, str]]]:
    """Find what was noted as seen: the device, and the action with its id."""
    for line in tail.split(b"\n"):
        if b'"seen"' not in line:
            continue
        with contextlib.suppress(ValueError, AttributeError):
            known = json.loads(line)
            if known.get("outcome") == SEEN:
                yield known.get("device", ""), (known.get("action", ""), known.get("id", ""))


def _chained(lines: Iterable[str], before: bytes) -> Iterator[str]:
    for line in lines:
        after = _digest(before)
        chained = f'{line[:-1]}, "after": "{after}"}}' if after else line
        yield chained
        before = chained.encode()


def _write_whole(descriptor: int, data: bytes, size: int) -> None:
    """Write all of it; what a full disk took of it is taken back, and OSError says why."""
    rest = data
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        if len(rest) < len(data):
            os.ftruncate(descriptor, size)
        raise


def syslog_address(target: str) -> tuple[str, int]:
    """Take `HOST:PORT` or `HOST` apart, an IPv6 address in brackets; ValueError if it is none."""
    host, colon, port = target.rpartition(":")
    if not colon or target.endswith("]"):
        host, port = target, str(SYSLOG_PORT)
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("/dev/log, or HOST:PORT of another machine")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _syslog_message(line: str, *, local: bool) -> bytes:
    if local:
        return f"<{AUTHPRIV_INFO}>nutbus[{os.getpid()}]: {line}".encode()
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    head = f"<{AUTHPRIV_INFO}>1 {at} {socket.gethostname()} nutbus {os.getpid()} audit -"
    return f"{head} {line}".encode()
