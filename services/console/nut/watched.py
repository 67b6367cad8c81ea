"""The devices that upslog writes about, and the files it writes to."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from services.console.nut.client import Client, ClientError
from services.console.nut.logformat import Piece, Subject, render
from services.console.nut.tool import Arguments, FatalError, device_named

STDOUT: Final = "-"


class LogFile:
    """A file that lines are appended to, or stdout."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._stream: TextIO = sys.stdout if path == STDOUT else self._opened()

    def write(self, line: str) -> None:
        """Append a line; raise FatalError if the file does not take it."""
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except OSError as error:
            raise FatalError(f"could not write to {self.path}: {error.strerror}") from error

    def reopen(self) -> None:
        """Begin a new file of that name, after another program has moved the old one away."""
        if self.path != STDOUT:
            stream = self._opened()
            self._stream.close()
            self._stream = stream

    def close(self) -> None:
        """Close the file, not stdout."""
        if self.path != STDOUT:
            self._stream.close()

    def _opened(self) -> TextIO:
        try:
            return Path(self.path).open("a")
        except OSError as error:
            message = f"could not open logfile {self.path}: {error.strerror}"
            raise FatalError(message) from error


class Watched:
    """A device that is logged; it keeps its connection from line to line."""

    def __init__(self, name: str, arguments: Arguments, log: LogFile) -> None:
        self.name = name
        self.log = log
        self._ups, self._address = device_named(name)
        self._arguments = arguments
        self._client: Client | None = None

    def connect(self) -> None:
        """Connect if not connected; raise ClientError."""
        if self._client is None or not self._client.is_open:
            self._client = self._arguments.connect(self._address)

    def disconnect(self) -> None:
        """Close the connection if there is one."""
        if self._client is not None:
            self._client.close()

    def sample(self, pieces: Sequence[Piece]) -> None:
        """Write a line about the device; what cannot be read is missing in it."""
        with contextlib.suppress(ClientError):
            self.connect()
        self.log.write(render(pieces, Subject(self.name, self._read)))

    def _read(self, variable: str) -> str | None:
        if self._client is None or not self._client.is_open:
            return None
        try:
            words = self._client.get("VAR", self._ups, variable)
        except ClientError:
            return None
        return words[3] if len(words) > 3 else None
