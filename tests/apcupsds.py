"""Debian's real apcupsd, fed by another one or by a serial port, for tests.

The package conflicts with NUT's, so `tools/debian-unpacked` lays it beside the virtual environment.
"""

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Self

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
STOP_TIMEOUT = 30.0
SETTINGS = """\
## apcupsd.conf v1.1 ##
UPSNAME second
UPSCABLE {cable}
UPSTYPE {type}
DEVICE {source}
POLLTIME 1
LOCKFILE {folder}
SCRIPTDIR {folder}
PWRFAILDIR {folder}
NOLOGINDIR {folder}
EVENTSFILE {folder}/events
ONBATTERYDELAY 1
NETSERVER on
NISIP 127.0.0.1
NISPORT {port}
UPSCLASS standalone
UPSMODE disable
"""


def unpacked() -> Path:
    """Return the folder that apcupsd lies in with the library that it needs."""
    tool = ROOT / "tools/debian-unpacked"
    command = (tool, "apcupsd", "libusb-0.1-4")
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, f"{tool}: {told.stderr}"
    return Path(told.stdout.strip())


class RealApcupsd:
    """An apcupsd that reads the UPS of another one; use it as an async context manager.

    `source` is the other's address, or a serial port: then `cable` is smart and `type` apcsmart.
    Whatever it wants to be done, such as a shutdown, is done by a script that does nothing.
    """

    def __init__(
        self, folder: Path, source: str, *, cable: str = "ether", type: str = "net"
    ) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        control = folder / "apccontrol"
        control.write_text("#!/bin/sh\nexit 0\n")
        control.chmod(0o755)
        text = SETTINGS.format(
            folder=folder, source=source, cable=cable, type=type, port=self._port
        )
        (folder / "apcupsd.conf").write_text(text)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it; it listens a moment later."""
        folder = await asyncio.to_thread(unpacked)
        libraries = sorted({path.parent for path in folder.rglob("*.so*")})
        self._process = await asyncio.create_subprocess_exec(
            *(folder / "sbin/apcupsd", "-b"),
            *("-f", self._folder / "apcupsd.conf", "-P", self._folder / "pid"),
            env={**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    async def stop(self) -> None:
        """Stop it."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
