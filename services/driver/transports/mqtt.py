"""Devices that are MQTT brokers themselves: what they say is gathered until it is taken.

The connection is a task of its own, begun by `open` and ended by `close`. What goes wrong raises
DeviceError naming the broker; the line is of no more use then.
"""

import asyncio

from shared.bus import connect
from shared.dialling import Manner
from shared.errors import BusError, DeviceError, first_error
from shared.messages import Message
from shared.settings import BusSettings

CLOSE_TIMEOUT = 3.0
MAX_TOPICS = 10_000  # that may wait to be taken; no device has so many


class MqttLine:
    """Listens to a device; of each topic only the latest message waits."""

    def __init__(self, settings: BusSettings, manner: Manner, filters: tuple[str, ...]) -> None:
        self.where = str(settings.address)
        self._settings = settings
        self._manner = manner
        self._filters = filters
        self._waiting: dict[str, Message] = {}
        self._heard = 0.0
        self._lost: DeviceError | None = None
        self._is_open = False
        self._changed = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect and subscribe."""
        self._heard = _now()
        self._following = asyncio.create_task(self._follow(), name=f"line {self.where}")
        while not self._is_open:
            await self.news()

    async def close(self) -> None:
        """Hang up; never fails."""
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            await asyncio.wait({following}, timeout=CLOSE_TIMEOUT)

    @property
    def silence(self) -> float:
        """Say for how many seconds the device has said nothing."""
        return _now() - self._heard

    async def news(self) -> None:
        """Return when something has come since the last call."""
        await self._changed.wait()
        self._changed.clear()
        self._check()

    def taken(self) -> list[Message]:
        """Take what has come, in the order in which the topics were first heard of."""
        self._check()
        taken = list(self._waiting.values())
        self._waiting.clear()
        return taken

    def _check(self) -> None:
        if self._lost is not None:
            raise self._lost

    async def _follow(self) -> None:
        try:
            async with connect(self._settings, manner=self._manner) as bus:
                await bus.subscribe(*self._filters)
                self._is_open = True
                self._changed.set()
                async for message in bus.listen():
                    self._take(message)
        except* BusError as lost:
            self._lost = DeviceError(str(first_error(lost)))
        finally:
            self._lost = self._lost or DeviceError(f"{self.where}: the line is closed")
            self._changed.set()

    def _take(self, message: Message) -> None:
        self._heard = _now()
        if len(self._waiting) >= MAX_TOPICS:
            raise BusError(f"{self.where}: more than {MAX_TOPICS} topics")
        self._waiting[message.topic] = message
        self._changed.set()


def _now() -> float:
    return asyncio.get_running_loop().time()
