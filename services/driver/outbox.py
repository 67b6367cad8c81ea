"""What the devices have to tell; it waits here while there is no broker."""

import asyncio
from collections import deque

from shared.messages import DeviceEvent, Result

KEPT = 1000  # events and results that wait for the broker; older ones are lost


class Outbox:
    """The devices that changed, each once, and the messages about devices, in their order."""

    def __init__(self) -> None:
        self.changed: dict[str, None] = {}
        self.messages: deque[tuple[str, DeviceEvent | Result]] = deque(maxlen=KEPT)
        self._filled = asyncio.Event()

    def mark(self, device: str) -> None:
        """Note that a device changed, came or went."""
        self.changed[device] = None
        self._filled.set()

    def say(self, device: str, message: DeviceEvent | Result) -> None:
        """Leave a message about a device."""
        self.messages.append((device, message))
        self._filled.set()

    async def wait(self) -> None:
        """Return when there is something in it."""
        await self._filled.wait()
        self._filled.clear()
