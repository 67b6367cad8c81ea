"""Simulated UPSes of the qx dialects, on a pseudo terminal or a TCP port.

They answer in a thread of their own, so that NUT's driver and ours can be pointed at `port`. The
replies are those of a table's examples or of a recording; a test edits `replies` and `fault`.
"""

import contextlib
import json
import os
import select
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from services.driver.protocols.qx.detection import framed
from services.driver.protocols.qx.table import Dialect, Knowledge

RECORDINGS = Path(__file__).parents[3] / "shared/fixtures/qx"
END = b"\r"
STEP = 0.02

Fault = Callable[[bytes, bytes], Iterable[bytes | float]]
"""Takes a request and its reply; yields what comes over the line instead, and pauses in seconds."""

STATUS = b"(226.0 195.0 226.0 014 49.0 27.5 30.0 00001000\r"
RATINGS = b"#220.0 000 024.0 50.0\r"
VENDOR = b"#-------------   ------     VT12046Q  \r"
MEGATEC = {b"Q1\r": STATUS, b"F\r": RATINGS, b"I\r": VENDOR}


def recorded(file: str) -> Any:
    """Return a file of recordings; skip where there are none."""
    path = RECORDINGS / file
    if not path.exists():
        pytest.skip(f"the recordings are not beside the checkout: {path}")
    return json.loads(path.read_text())


def examples(dialect: Dialect) -> dict[bytes, bytes]:
    """Return the replies of a device that answers as the table of a dialect shows."""
    known = Knowledge(variables={"ups.id": "00"})  # its address, where it has one
    replies: dict[bytes, bytes] = {}
    for query in dialect.queries:
        if query.example:
            replies.setdefault(framed(query, known), query.example)
    return replies


class SimulatedQx:
    """One device; use it as a context manager.

    `replies` are by request. What is not there gets `unknown`: bytes, None for silence, or "echo".
    `requests` lists what came. A device that is not `connected` hears and says nothing.
    """

    def __init__(
        self, replies: Mapping[bytes, bytes], unknown: bytes | str | None = "echo"
    ) -> None:
        self.replies = dict(replies)
        self.unknown = unknown
        self.requests: list[bytes] = []
        self.fault: Fault | None = None
        self.connected = True
        self.port = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._descriptor = -1
        self._rest = b""

    def __enter__(self) -> Self:
        self._open()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._close()

    def say(self, data: bytes) -> None:
        """Say something unasked."""
        with contextlib.suppress(OSError):
            os.write(self._descriptor, data)

    def _open(self) -> None:
        self._descriptor, self._other = os.openpty()
        tty.setraw(self._other)
        self.port = os.ttyname(self._other)

    def _close(self) -> None:
        os.close(self._descriptor)
        os.close(self._other)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            if select.select([self._descriptor], [], [], STEP)[0]:
                with contextlib.suppress(OSError):
                    self._take(os.read(self._descriptor, 1024))

    def _take(self, data: bytes) -> None:
        if not self.connected:
            self._rest = b""
            return
        *requests, self._rest = (self._rest + data).split(END)
        for request in requests:
            self._answer(request + END)

    def _answer(self, request: bytes) -> None:
        self.requests.append(request)
        unknown = request if isinstance(self.unknown, str) else self.unknown
        reply = self.replies.get(request, unknown or b"")
        for part in self.fault(request, reply) if self.fault else (reply,):
            if isinstance(part, bytes):
                self.say(part)
            else:
                time.sleep(part)


class SimulatedQxServer(SimulatedQx):
    """The same behind a terminal server, for `socket://`."""

    def _open(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = f"socket://127.0.0.1:{self._server.getsockname()[1]}"

    def _close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        self._server.settimeout(STEP)
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._server.accept()
                with client:
                    self._descriptor = client.fileno()
                    self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        while not self._stopping.is_set():
            if select.select([client], [], [], STEP)[0]:
                try:
                    data = client.recv(1024)
                except OSError:
                    return
                if not data:
                    return
                self._take(data)
