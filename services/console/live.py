"""The operator's view of the bus: a fleet mirror for as long as a command runs."""

import asyncio
import contextlib
import logging
import os
import pwd
import socket
import time
import uuid
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, Literal, TypeVar

from shared.bus import Bus, connect
from shared.errors import BusError, PayloadError, PowerError, first_error
from shared.fleet import Fleet
from shared.messages import DeviceEvent, Message, Request, Result, read
from shared.settings import BusSettings
from shared.topics import DeviceTopic, OfDevice

T = TypeVar("T")

QUIET = 0.25  # no retained message for so long: the broker has told all that it keeps
BURST_TIMEOUT = 5.0
HINT = "nutbus up starts the embedded broker, --broker or [bus] in the settings names another"

logger = logging.getLogger(__name__)


def who() -> str:
    """Say who gives an order: the user of this process at this machine, which is for the audit."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user of a container that has no name
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()} via nutbus"


class View:
    """A connection to the bus with a fleet mirror, and the events and results that arrive."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.fleet = Fleet(bus.topics)
        self.events: asyncio.Queue[tuple[str, DeviceEvent]] = asyncio.Queue()
        self._results: dict[str, asyncio.Future[Result]] = {}
        self._arrived = asyncio.Event()

    async def settle(self) -> None:
        """Wait until what is retained has arrived."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BURST_TIMEOUT):
                while await self._something_arrives():
                    pass

    async def _something_arrives(self) -> bool:
        self._arrived.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET):
                return await self._arrived.wait()
        return False

    async def follow(self, *more: str) -> None:
        """Keep the mirror up to date, and take in what comes on the other filters."""
        clock = asyncio.get_running_loop().time
        self.fleet.begin_session(clock())
        async for message in self.bus.listen(*self.fleet.filters, *more):
            if not self.fleet.take(message, clock()):
                self._take(message)
            self._arrived.set()

    async def expire(self) -> None:
        """Mark devices that fell silent, once a second."""
        while True:
            await asyncio.sleep(1.0)
            self.fleet.expire(asyncio.get_running_loop().time())

    async def request(
        self,
        device: str,
        part: Literal[DeviceTopic.COMMAND, DeviceTopic.SET],
        name: str,
        value: str | None,
        timeout: float,  # noqa: ASYNC109 -- the user's own, and an error of its own
    ) -> Result:
        """Send a request and wait for its result; BusError when none comes in time."""
        id = str(uuid.uuid4())
        order = Request(value=value, id=id, by=who(), expires=time.time() + timeout)
        waiting: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._results[id] = waiting
        await self.bus.publish(order.publication(self.fleet.topics, device, part, name))
        try:
            async with asyncio.timeout(timeout):
                return await waiting
        except TimeoutError:
            raise BusError(
                f"no result from {device} within {timeout:g} s; it may still carry out the request"
            ) from None
        finally:
            del self._results[id]

    def _take(self, message: Message) -> None:
        about = self.fleet.topics.parse(message.topic)
        if not isinstance(about, OfDevice):
            return
        try:
            if about.part is DeviceTopic.EVENT:
                self.events.put_nowait((about.device, read(DeviceEvent, message)))
            elif about.part is DeviceTopic.RESULT:
                self._hand_over(read(Result, message))
        except PayloadError as error:
            logger.warning("dropped a bad payload: %s", error)

    def _hand_over(self, result: Result) -> None:
        waiting = self._results.get(result.id or "")
        if waiting and not waiting.done():
            waiting.set_result(result)


@contextlib.asynccontextmanager
async def view(settings: BusSettings, *more: DeviceTopic) -> AsyncGenerator[View]:
    """See the bus inside the block, all that is retained included, and `more` parts of devices."""
    async with contextlib.AsyncExitStack() as stack:
        bus = await _connected(stack, settings)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        seen = View(bus)
        filters = [bus.topics.every_device(part) for part in more]
        following = tasks.create_task(seen.follow(*filters))
        expiring = tasks.create_task(seen.expire())
        await seen.settle()
        yield seen
        following.cancel()
        expiring.cancel()


async def _connected(stack: contextlib.AsyncExitStack, settings: BusSettings) -> Bus:
    try:
        return await stack.enter_async_context(connect(settings))
    except BusError as error:
        raise BusError(f"{error}; {HINT}") from None


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run one command to its end; raises the one PowerError that ended it."""
    try:
        return asyncio.run(main)
    except* PowerError as group:
        ended_by = first_error(group)
    # Not inside except*: there Python before 3.11.4 would wrap it in a group again.
    raise ended_by from None
