"""Play the drivers of many devices to upsd: `python -m benchmarks.playeddrivers FOLDER COUNT`.

A real driver is a process that needs about a second to start, so a thousand of them are played by
one program. It speaks what NUT's docs/sock-protocol.txt says, on the sockets that upsd looks for
in its state folder, and answers upsd's pings, as a real driver with an idle device does.
"""

import asyncio
import contextlib
import sys
from pathlib import Path

from benchmarks.served import VARIABLES, names
from shared.nutwire import join

DRIVER = "dummy-ups"
LINES = [f"SETINFO {join([name, value])}" for name, value in VARIABLES.items()]
DUMP = "".join(line + "\n" for line in (*LINES, "DATAOK", "DUMPDONE")).encode()
ANSWERS = {b"DUMPALL\n": DUMP, b"PING\n": b"PONG\n"}


def socket_of(folder: Path, device: str) -> Path:
    """Return where upsd looks for the driver of a device."""
    return folder / f"{DRIVER}-{device}"


async def play(folder: Path, count: int) -> None:
    """Serve the sockets of all devices until cancelled."""
    for device in names(count):
        await asyncio.start_unix_server(_serve, socket_of(folder, device))
    await asyncio.Event().wait()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async for line in reader:
        writer.write(ANSWERS.get(line, b""))
    writer.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(play(Path(sys.argv[1]), int(sys.argv[2])))
