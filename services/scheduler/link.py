"""The scheduler's side of the bus: readings of devices come in, commands and settings go out.

Losing the bus is no event of a device: what was known stays until the bus is back. Then good news
is taken at once, silence only after everything that is retained had time to arrive.
"""

import asyncio
import contextlib
import logging
import socket
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from typing import Final

from services.scheduler.battery import with_age
from services.scheduler.jobs import DeviceRequest
from services.scheduler.outlook import MOST
from services.scheduler.rules import Reading
from services.scheduler.store import Database, Store, Task
from services.scheduler.texts import one_line
from shared.audit import AuditLog, Deed
from shared.bus import Bus
from shared.errors import BusError, PayloadError, ResultStatus
from shared.events import Condition
from shared.fleet import SETTLE_TIME, Device, Fleet
from shared.messages import Availability, Message, Request, Result, read
from shared.service_messages import ServiceInfo, Timer, Timers
from shared.topics import DeviceTopic, OfDevice, ServiceKind, Topics

REQUEST_LIFETIME: Final = 30.0
PATIENCE: Final = 10.0  # a result may come as much later than the request is good for
TICK: Final = 1.0
REPEAT: Final = 5.0  # seconds after which what is due is told again
_PARTS: Final = {"command": DeviceTopic.COMMAND, "set": DeviceTopic.SET}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removed:
    """A device that was taken from the bus in good order."""

    device: str


@dataclass(frozen=True, slots=True)
class Settled:
    """All that is retained had time to arrive: what has not been heard of is not there."""


News = Reading | Removed | Settled


class Link:
    """What the scheduler hears and says on the bus; `session` is run for each connection to it."""

    def __init__(
        self, id: str, topics: Topics, store: Store, now: Callable[[], float], audit: AuditLog
    ) -> None:
        self.id = id
        self.news: deque[News] = deque()
        self.arrival = asyncio.Event()
        self._topics = topics
        self._store = store
        self._now = now
        self._audit = audit
        self._fleet = Fleet(topics)
        self._fleet.follow(self._note)
        self._started = time.time()
        self._settled_at = 0.0
        self._is_settled = False
        self._is_clearing = False
        self._orders: asyncio.Queue[tuple[Task, DeviceRequest]] = asyncio.Queue()
        self._awaited: dict[str, tuple[float, str, Deed]] = {}
        self._due: list[Timer] = []
        self._due_changed = asyncio.Event()

    def has(self, device: str) -> bool:
        """Tell whether there is anything of a device on the bus."""
        return device in self._fleet.devices

    def submit(self, task: Task, request: DeviceRequest) -> None:
        """Send a request as soon as there is a bus, if that is soon enough."""
        self._orders.put_nowait((task, request))

    def announce(self, due: list[Timer]) -> None:
        """Tell on the bus what will be done, the earliest first."""
        if due != self._due:
            self._due = due
            self._due_changed.set()

    async def session(self, bus: Bus) -> None:
        """Hear and say all there is until the connection is lost."""
        self._fleet.begin_session(_monotonic())
        self._settled_at = _monotonic() + SETTLE_TIME
        self._is_settled = False
        try:
            results = self._topics.every_device(DeviceTopic.RESULT)
            await bus.subscribe(*self._fleet.filters, results)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._announce(bus))
                tasks.create_task(self._tick())
                tasks.create_task(self._send(bus))
                tasks.create_task(self._tell_timers(bus))
                await self._listen(bus)
        finally:
            self._fleet.end_session()

    async def _announce(self, bus: Bus) -> None:
        info = ServiceInfo(
            version=version("nutbus"), host=socket.gethostname(), started=self._started
        )
        await bus.publish(info.publication(self._topics, ServiceKind.SCHEDULER, self.id))
        await bus.online()

    async def _tell_timers(self, bus: Bus) -> None:
        while True:
            self._due_changed.clear()
            due = self._due
            timers = Timers(at=self._now(), timers=due[:MOST], more=max(0, len(due) - MOST))
            await bus.publish(timers.publication(self._topics, self.id))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPEAT if due else None):
                    await self._due_changed.wait()

    async def _listen(self, bus: Bus) -> None:
        async for message in bus.listen():
            self._is_clearing = not message.payload
            if not self._fleet.take(message, _monotonic()):
                self._take_result(message)
            self._is_clearing = False

    async def _tick(self) -> None:
        while True:
            now = _monotonic()
            is_first = not self._is_settled and now >= self._settled_at
            self._is_settled |= is_first
            self._fleet.expire(now)
            if is_first:
                for name, device in self._fleet.devices.items():
                    self._note(name, device)
                self._tell(Settled())
            self._miss_results(now)
            await asyncio.sleep(TICK)

    def _note(self, name: str, device: Device | None) -> None:
        """Make a reading of a change."""
        if device is None and self._is_clearing:
            self._tell(Removed(name))
            return
        is_online = device is not None and device.standing is Availability.ONLINE
        if not is_online and not self._is_settled:
            return
        variables = with_age(device.variables, date.today()) if device else {}
        alarm = variables.get("ups.alarm", "")
        condition = Condition(device.status if device else "", alarm, is_online)
        self._tell(Reading(name, condition, variables))

    def _tell(self, news: News) -> None:
        """Queue a piece of news; a newer reading in the same condition replaces the older."""
        last = self.news[-1] if self.news else None
        is_same = (
            isinstance(news, Reading)
            and isinstance(last, Reading)
            and (news.device, news.condition) == (last.device, last.condition)
        )
        if is_same:
            self.news.pop()
        self.news.append(news)
        self.arrival.set()

    async def _send(self, bus: Bus) -> None:
        while True:
            task, request = await self._orders.get()
            what = f"{request.kind} {request.name} for {request.device}"
            expires = task.created + REQUEST_LIFETIME
            if not await self._store.call(Database.claim, task.id):
                continue
            if self._now() >= expires:
                logger.warning("%s is not sent: there was no bus in time", what)
                continue
            try:
                await self._publish(bus, request, what, expires)
            except PayloadError as error:
                logger.error("%s is not sent: %s", what, error)
            except BusError as error:
                logger.error("%s may not have been sent: %s", what, error)
                raise

    async def _publish(self, bus: Bus, order: DeviceRequest, what: str, expires: float) -> None:
        id = str(uuid.uuid4())
        by = f"{ServiceKind.SCHEDULER}@{self.id}"
        request = Request(value=order.value, id=id, by=by, expires=expires)
        part = _PARTS[order.kind]
        assert part is DeviceTopic.COMMAND or part is DeviceTopic.SET
        publication = request.publication(self._topics, order.device, part, order.name)
        deed = Deed(
            at=time.time(),
            service=by,
            user=by,
            address="",
            action=order.kind,
            outcome="sent",
            device=order.device,
            name=order.name,
            value=order.value,
            id=id,
        )
        await self._audit.record(deed)
        self._awaited[id] = (_monotonic() + REQUEST_LIFETIME + PATIENCE, what, deed)
        await bus.publish(publication)

    def _take_result(self, message: Message) -> None:
        about = self._topics.parse(message.topic)
        if not (isinstance(about, OfDevice) and about.part is DeviceTopic.RESULT):
            return
        try:
            result = read(Result, message)
        except PayloadError as error:
            logger.warning("dropped a bad payload: %s", error)
            return
        awaited = self._awaited.pop(result.id or "", None)
        if awaited:
            _, what, deed = awaited
            ended = result.status.value
            self._audit.note(replace(deed, at=time.time(), outcome=ended, detail=result.detail))
            level = logging.INFO if result.status is ResultStatus.OK else logging.WARNING
            detail = f" ({one_line(result.detail)})" if result.detail else ""
            logger.log(level, "%s: %s%s", what, result.status, detail)

    def _miss_results(self, now: float) -> None:
        for id, (deadline, what, deed) in list(self._awaited.items()):
            if now >= deadline:
                del self._awaited[id]
                self._audit.note(replace(deed, at=time.time(), outcome="no answer"))
                logger.warning("%s: no answer", what)


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
