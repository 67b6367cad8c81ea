"""The web service's side of the bus: everything comes in; commands, settings and FSD go out."""

import asyncio
import socket
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final, Literal

from services.web.mirror import Mirror
from shared.bus import Bus
from shared.errors import BusError, PayloadError
from shared.fleet import EVERY
from shared.messages import ForcedShutdown, Message, Publication, Request, Result, clearing, read
from shared.retaining import retain
from shared.service_messages import ServiceInfo
from shared.topics import DeviceTopic, OfDevice, ServiceKind, Topics

REQUEST_LIFETIME: Final = 30.0
PUBLISH_TIMEOUT: Final = 5.0
TICK: Final = 1.0


class Link:
    """What the web service hears and says on the bus; `session` is run for each connection."""

    def __init__(self, id: str, topics: Topics, devices: Sequence[str] = EVERY) -> None:
        self.id = id
        self.mirror = Mirror(topics, devices)
        self._topics = topics
        self._started = time.time()
        self._bus: Bus | None = None
        self._awaited: dict[str, asyncio.Future[Result]] = {}

    async def session(self, bus: Bus) -> None:
        """Hear and say all there is until the connection is lost."""
        self.mirror.begin_session(_now())
        try:
            await bus.subscribe(*self.mirror.filters, self._topics.every_device(DeviceTopic.RESULT))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._announce(bus))
                self._bus = bus
                self.mirror.connect(True)
                async for message in bus.listen():
                    self._take(message)
        finally:
            self._bus = None
            self.mirror.end_session()
            self.mirror.connect(False)

    async def keep_time(self) -> None:
        """Let what is not heard any more become stale, whether there is a bus or not."""
        while True:
            self.mirror.expire(_now())
            await asyncio.sleep(TICK)

    async def request(
        self,
        device: str,
        part: Literal[DeviceTopic.COMMAND, DeviceTopic.SET],
        name: str,
        value: str | None,
        by: str,
        id: str,
    ) -> Result:
        """Have a driver carry out a command or write a variable, and wait for what became of it.

        `id` is a new one. Raises BusError if it cannot be handed on, PayloadError if it cannot be
        written, and TimeoutError when no result comes while the request is good.
        """
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._awaited[id] = answer
        request = Request(value=value, id=id, by=by, expires=time.time() + REQUEST_LIFETIME)
        try:
            async with asyncio.timeout(REQUEST_LIFETIME):
                await self._publish(request.publication(self._topics, device, part, name))
                return await answer
        finally:
            del self._awaited[id]

    async def force_shutdown(self, device: str, order: ForcedShutdown) -> None:
        """Set FSD for a device; BusError if it cannot be handed on, TimeoutError if not kept."""
        async with asyncio.timeout(REQUEST_LIFETIME):
            await retain(self._connected, order.publication(self._topics, device))

    async def clear_shutdown(self, device: str) -> None:
        """Clear the FSD of a device; BusError if it cannot be handed on."""
        await self._publish(clearing(self._topics.device(device, DeviceTopic.FSD)))

    async def _publish(self, publication: Publication) -> None:
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await self._connected.publish(publication)

    @property
    def _connected(self) -> Bus:
        if self._bus is None:
            raise BusError("there is no connection to the bus")
        return self._bus

    async def _announce(self, bus: Bus) -> None:
        info = ServiceInfo(
            version=version("nutbus"), host=socket.gethostname(), started=self._started
        )
        await bus.publish(info.publication(self._topics, ServiceKind.WEB, self.id))
        await bus.online()

    def _take(self, message: Message) -> None:
        about = self._topics.parse(message.topic)
        if isinstance(about, OfDevice) and about.part is DeviceTopic.RESULT:
            self._take_result(message)
        else:
            self.mirror.take(message, _now())

    def _take_result(self, message: Message) -> None:
        try:
            result = read(Result, message)
        except PayloadError:
            return  # somebody else's request: the one who asked will say so
        answer = self._awaited.get(result.id or "")
        if answer and not answer.done():
            answer.set_result(result)


def _now() -> float:
    return asyncio.get_running_loop().time()
