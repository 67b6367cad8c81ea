"""How this host is shut down: by the privileged parent, or by this process itself."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Final

from services.monitor.privileged import DONE, FAILED, STARTED, Orders, PowerDown
from shared.errors import PowerError

START_PATIENCE: Final = 2.0  # seconds

logger = logging.getLogger(__name__)


class ShutDownError(PowerError):
    """The host could not be shut down."""


class ByParent:
    """The parent does it; it knows since its start which the flag file is, if there is one."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._started = asyncio.Event()
        self._ended = asyncio.Event()
        self._has_failed = False

    @contextlib.contextmanager
    def watching(self, lost: Callable[[], None]) -> Generator[None]:
        """Listen to the parent inside the block; `lost` is called when it is dead."""
        loop, life = asyncio.get_running_loop(), self._orders.life

        def hear() -> None:
            word = os.read(life, 1)
            self._hear(word)
            if not word:
                loop.remove_reader(life)
                lost()

        loop.add_reader(life, hear)
        try:
            yield
        finally:
            loop.remove_reader(life)

    async def shut_down(self, *, writes_flag: bool) -> None:
        """Say the one byte that means it, and wait until the command was started."""
        self._started.clear()
        self._ended.clear()
        try:
            self._orders.shut_down(writes_flag=writes_flag)
            async with asyncio.timeout(START_PATIENCE):
                await self._started.wait()
        except TimeoutError:
            logger.critical("the privileged parent does not start the shutdown command")
        except OSError as error:
            logger.critical("cannot shut down: the privileged parent is gone (%s)", error.strerror)
            self._ended.set()

    def check(self) -> None:
        """Raise ShutDownError if the command failed: this host stays up and needs its monitor."""
        if self._has_failed:
            raise ShutDownError("the shutdown command failed; its parent has said how")

    async def ended(self) -> None:
        """Wait until the command that was started has ended; ShutDownError if it failed."""
        await self._ended.wait()
        self.check()

    def _hear(self, word: bytes) -> None:
        self._has_failed = self._has_failed or word == FAILED
        if word == STARTED:
            self._started.set()
        elif word in (DONE, FAILED, b""):
            self._ended.set()


@dataclass(frozen=True, slots=True)
class Ourselves:
    """Without a parent: this process does it, with the rights that it has."""

    power_down: PowerDown

    def watching(self, lost: Callable[[], None]) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002 -- there is nobody to lose
        """Listen to nobody."""
        return contextlib.nullcontext()

    async def shut_down(self, *, writes_flag: bool) -> None:
        """Write the flag if so wanted, run the command and wait for its end.

        ShutDownError if it failed: this host stays up and needs its monitor again.
        """
        power_down = self.power_down if writes_flag else replace(self.power_down, flag=None)
        if code := await asyncio.to_thread(power_down.carry_out):
            raise ShutDownError(f"the shutdown command failed with exit code {code}")

    def check(self) -> None:
        """Do nothing: who waited for the end knows how it was."""

    async def ended(self) -> None:
        """Return: the end was waited for."""
