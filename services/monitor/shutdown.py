"""How this host is shut down: by the privileged parent, or by this process itself."""

import asyncio
import logging
from dataclasses import dataclass, replace

from services.monitor.privileged import Orders, PowerDown

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ByParent:
    """The parent does it; it knows since its start whether the flag file is to be written."""

    orders: Orders

    async def shut_down(self, *, writes_flag: bool) -> None:  # noqa: ARG002 -- see above
        """Say the one byte."""
        try:
            self.orders.shut_down()
        except OSError as error:
            logger.critical("cannot shut down: the privileged parent is gone (%s)", error.strerror)


@dataclass(frozen=True, slots=True)
class Ourselves:
    """Without a parent: this process does it, with the rights that it has."""

    power_down: PowerDown

    async def shut_down(self, *, writes_flag: bool) -> None:
        """Write the flag if so wanted, run the command and wait for its end."""
        power_down = self.power_down if writes_flag else replace(self.power_down, flag=None)
        await asyncio.to_thread(power_down.carry_out)
