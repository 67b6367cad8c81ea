"""The audit log: who had what done to which device, from where, and what became of it.

One JSON object a line, appended and written through to the disk before the answer is given.
"""

import asyncio
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody did or tried; `at` in seconds since the epoch.

    `action` is login, logout, command, set, fsd or clear-fsd; `outcome` is a word (ok, denied, or
    the status of the result from the bus). `value` is what was written or given as a parameter.
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


class AuditLog:
    """Appends deeds to a file; without a file, or when it cannot be written, to our own log."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._turn = asyncio.Lock()

    async def record(self, deed: Deed) -> None:
        """Note a deed; it never fails: what cannot be written is logged with the reason."""
        line = line_of(deed)
        if self._path is None:
            logger.info("%s", line)
            return
        try:
            async with self._turn:
                await asyncio.to_thread(_append, self._path, line)
        except OSError as error:
            reason = error.strerror or error
            logger.error("cannot write the audit log %s: %s: %s", self._path, reason, line)


def line_of(deed: Deed) -> str:
    """Write a deed as one line of JSON; what is empty is left out."""
    known = {key: value for key, value in asdict(deed).items() if value not in ("", None)}
    return json.dumps(known, ensure_ascii=True)


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(descriptor, f"{line}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
