"""The dummy driver: a device that is a file of NUT's dummy-ups, or repeats one of a server."""

import asyncio
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from services.driver.contract import Driver, Reading, Site
from services.driver.drivers.nut import NutDriver, NutOptions
from services.driver.protocols import dummyups
from services.driver.protocols.devfile import NEW, STATUS, Board, Step, parse, play
from shared.errors import DeviceError
from shared.messages import Writable
from shared.settings import Section

CYCLE = 1.0  # how often the file is looked at, and the shortest pass through a loop

Signature = tuple[int, int, int]


class DummyOptions(Section):
    """Options of the dummy driver."""

    mode: Literal["dummy-once", "dummy-loop", "dummy", "repeater"] | None = Field(
        default=None,
        description="Play the file once or in a loop (dummy is a loop); by default *.dev once. "
        "repeater: the port is ups@host of a NUT server, as it is without a mode too.",
    )
    authconf: str | None = Field(default=None, description="Of NUT's repeater; not used.")
    repeater_disable_strict_start: bool = Field(
        default=False, description="Of NUT's repeater; not used."
    )


def dummy_driver(site: Site, options: DummyOptions) -> Driver:
    """Make the driver that mode and port ask for: one of a file, or one of another NUT server."""
    if options.mode == "repeater" or (options.mode is None and "@" in site.port):
        # A port without a server was taken for a file, and counted from the settings' folder.
        port = site.port if "@" in site.port else Path(site.port).name
        return NutDriver(replace(site, port=port), NutOptions())
    return DummyDriver(site, options)


class DummyDriver:
    """Plays the file of one device; a change of the file counts at once and begins it anew."""

    def __init__(self, site: Site, options: DummyOptions) -> None:
        port = site.port
        self._file = Path(port)
        self._loops = not (options.mode == "dummy-once" or (not options.mode and _is_once(port)))
        self._signature: Signature | None = None
        self._steps: tuple[Step, ...] = ()
        self._position = 0
        self._due: float | None = None  # when the next step is, on the clock of the loop
        self._board = NEW
        self._shown: tuple[Board, Reading] = (NEW, _reading(NEW))

    async def open(self) -> None:
        """Read the file."""
        self._signature = None
        await self._refresh()

    async def close(self) -> None:
        """Nothing stays open."""

    async def poll(self) -> Reading:
        """Look whether the file changed, and play the steps that are due."""
        await self._refresh()
        now = asyncio.get_running_loop().time()
        if self._due is not None and now >= self._due:
            self._play(now)
        if self._shown[0] is not self._board:
            self._shown = (self._board, _reading(self._board, self._shown[1]))
        return self._shown[1]

    async def wait(self) -> None:
        """Return when a step is due or the file should be looked at again."""
        pause = CYCLE * random.uniform(0.8, 1.0)  # noqa: S311 -- spreads many devices, no secret
        if self._due is not None:
            pause = min(pause, self._due - asyncio.get_running_loop().time())
        await asyncio.sleep(max(0.0, pause))

    async def command(self, name: str, value: str | None) -> None:  # noqa: ARG002 -- no command of ours takes a value
        """Change what the device shows."""
        self._board = dummyups.carried_out(self._board, name)

    async def set(self, name: str, value: str) -> None:
        """Show another value; an empty one removes the variable."""
        self._board = self._board.with_value(name, value)

    async def _refresh(self) -> None:
        signature = await asyncio.to_thread(_signature, self._file)
        if signature == self._signature:
            return
        text = await asyncio.to_thread(_text, self._file)
        self._steps = parse(text, str(self._file))
        self._signature = signature
        self._board, self._position = NEW, 0
        self._play(asyncio.get_running_loop().time())

    def _play(self, now: float) -> None:
        self._board, self._position, pause = play(self._board, self._steps, self._position)
        if pause is None and self._loops:
            self._position, pause = 0, CYCLE
        self._due = None if pause is None else now + pause


def _is_once(port: str) -> bool:
    return port.endswith(".dev")


def _reading(board: Board, before: Reading | None = None) -> Reading:
    variables = board.variables
    writable: dict[str, Writable]
    if before and variables.keys() == before.variables.keys():
        writable, commands = dict(before.writable), before.commands
    else:
        writable = dummyups.writable((*variables, STATUS))
        commands = dummyups.commands(variables)
    return Reading(variables, board.status, board.alarms, writable, commands)


def _signature(file: Path) -> Signature:
    try:
        status = os.stat(file)  # noqa: PTH116 -- called once a second for each device
    except OSError as error:
        raise DeviceError(f"{file}: {error.strerror}") from None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError) as error:
        raise DeviceError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
