"""How this host is shut down: by the privileged parent, or by this process itself."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Final

from services.monitor.privileged import Orders, PowerDown
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

    @contextlib.contextmanager
    def watching(self, lost: Callable[[], None]) -> Generator[None]:
        """Listen to the parent inside the block; `lost` is called when it is dead."""
        loop, life = asyncio.get_running_loop(), self._orders.life

        def hear() -> None:
            if os.read(life, 1):
                self._started.set()
            else:
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
        try:
            self._orders.shut_down(writes_flag=writes_flag)
            async with asyncio.timeout(START_PATIENCE):
                await self._started.wait()
        except TimeoutError:
            logger.critical("the privileged parent does not start the shutdown command")
        except OSError as error:
            logger.critical("cannot shut down: the privileged parent is gone (%s)", error.strerror)


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
