"""Debian's real powermand with PDUs that exist only as programs, for tests."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.brokers import find_program
from tests.ports import free_port
from tests.simulators import powerman_pdu

START_TIMEOUT = 30.0
STOP_TIMEOUT = 30.0
CHECK_INTERVAL = 0.02


def pdu(*words: str) -> str:
    """Return the command of a PDU, as powermand's settings name it."""
    return " ".join([sys.executable, powerman_pdu.__file__, *words]) + " |&"


class Powermand:
    """A powermand on a port that it keeps over a restart; use it as an async context manager.

    `lines` are those of its settings that name devices and nodes.
    """

    def __init__(self, folder: Path, lines: Sequence[str]) -> None:
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        self._settings = folder / "powerman.conf"
        self._log = folder / "powermand.log"
        specification = folder / "pdu.dev"
        specification.write_text(powerman_pdu.SPECIFICATION)
        text = [f'include "{specification}"', f'listen "127.0.0.1:{self.port}"', *lines, ""]
        self._settings.write_text("\n".join(text))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Everything that powermand said, for the text of a failure."""
        return self._log.read_text(errors="replace")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until it listens."""
        program = find_program("powermand", "powerman")
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(program, "-f", "-c", self._settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        async with asyncio.timeout(START_TIMEOUT):
            while not await self._listens():
                assert self._process.returncode is None, self.log
                await asyncio.sleep(CHECK_INTERVAL)

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

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True
