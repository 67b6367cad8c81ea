"""Serial UPSes that speak Q1: `python -m benchmarks.serialdevices COUNT FILE`.

Each is a pseudo-terminal; their paths are written into the file, a line for each. Replies come as
fast as at 2400 baud through a USB adapter: some bytes at a time.
"""

import os
import selectors
import sys
import time
import tty
from collections import deque
from pathlib import Path

REPLIES = {
    b"Q1\r": b"(226.0 195.0 226.0 014 49.0 27.5 30.0 00001000\r",
    b"F\r": b"#230.0 002 024.0 50.0\r",
    b"I\r": b"#Example Power   Line 1500  1.0       \r",
}
PIECE = 4  # bytes
PAUSE = PIECE * 10 / 2400  # seconds


def serve(count: int, file: Path) -> None:
    """Answer until killed; a request that is unknown is echoed, as such devices do."""
    ready = selectors.DefaultSelector()
    paths = []
    for _ in range(count):
        ours, theirs = os.openpty()  # we keep the other end open, so that devices never vanish
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        paths.append(os.ttyname(theirs))
        ready.register(ours, selectors.EVENT_READ, bytearray())
    written = file.with_suffix(".new")
    written.write_text("".join(f"{path}\n" for path in paths))
    written.replace(file)
    due: deque[tuple[float, int, bytes]] = deque()  # when, where and what to say
    while True:
        now = time.monotonic()
        while due and due[0][0] <= now:
            _, descriptor, rest = due.popleft()
            os.write(descriptor, rest[:PIECE])
            if rest[PIECE:]:
                due.append((now + PAUSE, descriptor, rest[PIECE:]))  # the last one in time
        for key, _ in ready.select(due[0][0] - now if due else None):
            for reply in _replies(key.data, os.read(key.fd, 4096)):
                due.append((time.monotonic() + PAUSE, key.fd, reply))


def _replies(heard: bytearray, more: bytes) -> list[bytes]:
    heard += more
    *requests, rest = bytes(heard).split(b"\r")
    heard[:] = rest
    return [REPLIES.get(request + b"\r", request + b"\r") for request in requests]


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
