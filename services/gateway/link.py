"""The gateway's side of the bus: the fleet comes in, orders, logins and FSD go out.

The bus may go and come; clients outlive it. An FSD that could not be published waits here.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence

from services.gateway.answers import Order
from services.gateway.logins import Logins
from services.gateway.mirror import own_version
from services.gateway.tracking import Tracking
from shared.bus import Bus
from shared.errors import BusError, PayloadError
from shared.fleet import EVERY, Fleet
from shared.messages import (
    Availability,
    ForcedShutdown,
    Message,
    Publication,
    Request,
    Result,
    availability_of,
    clearing,
    read,
)
from shared.retaining import Outbox, restate
from shared.service_messages import Logins as LoginsMessage
from shared.service_messages import MonitorPower, ServiceInfo
from shared.topics import (
    DeviceTopic,
    OfDevice,
    OfService,
    ServiceKind,
    ServiceTopic,
    Topics,
    is_dotted_name,
)

QUIET = 0.25  # the retained messages have all come when none came for so long
PUBLISH_TIMEOUT = 5.0  # upsmon gives a reply 10 s
REQUEST_LIFETIME = 30.0
BY_LIMIT = 256

logger = logging.getLogger(__name__)


class Link:
    """What the gateway hears and says on the bus; `session` is run for each connection to it."""

    def __init__(self, id: str, topics: Topics, devices: Sequence[str] = EVERY) -> None:
        self.id = id
        self.topics = topics
        self.fleet = Fleet(topics, devices, on_revived=self._clear_shutdown)
        self.logins = Logins()
        self.tracking = Tracking()
        self.on_order: Callable[[], None] = lambda: None  # the order of devices may have changed
        self.on_result: Callable[[Result], None] = lambda _: None
        self._bus: Bus | None = None
        self._started = time.time()
        self._shutdowns = Outbox()
        self._is_subscribed = asyncio.Event()
        self._retained = asyncio.Event()

    async def session(self, bus: Bus) -> None:
        """Hear and say all there is until the connection is lost."""
        self.fleet.begin_session(_now())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._announce(bus))
                tasks.create_task(self._shutdowns.deliver(bus))
                tasks.create_task(restate(bus, self._own_logins))
                await self._listen(bus)
        finally:
            self._bus = None
            self.fleet.end_session()

    async def settled(self) -> None:
        """Wait until the bus has told what it knows."""
        await self._is_subscribed.wait()
        while True:
            self._retained.clear()
            try:
                async with asyncio.timeout(QUIET):
                    await self._retained.wait()
            except TimeoutError:
                return

    async def has_device(self) -> None:
        """Wait until at least one device is described."""
        described = asyncio.Event()
        self.fleet.follow(lambda _name, device: described.set() if device and device.meta else None)
        if not self.fleet.names():
            await described.wait()

    async def order(self, order: Order, by: str, id: str, *, tracked: bool) -> str:
        """Hand an order to the driver; `tracked` if the client wants to hear of the result."""
        if tracked:
            self.tracking.add(id, _now())  # before the result can come
        if not await self._is_published(order, by, id):
            return order.failure
        return f"OK TRACKING {id}" if tracked else "OK"

    def force_shutdown(self, device: str, order: ForcedShutdown) -> None:
        """Set FSD for a device: here at once, on the bus as soon as it is there."""
        publication = order.publication(self.topics, device)
        self.fleet.take(Message(publication.topic, publication.payload, False), _now())
        self._shutdowns.put(publication)

    def _forget_shutdown(self, device: str) -> None:
        """Clear the FSD of a device that leaves the bus, as upsd forgets both together."""
        leaving = self.fleet.devices.get(device)
        if leaving and leaving.fsd:
            self._clear_shutdown(device)

    def _clear_shutdown(self, device: str) -> None:
        self._shutdowns.put(clearing(self.topics.device(device, DeviceTopic.FSD)))

    async def _is_published(self, order: Order, by: str, id: str) -> bool:
        bus = self._bus
        if bus is None or not is_dotted_name(order.name):
            return False
        expires = time.time() + REQUEST_LIFETIME
        request = Request(value=order.value, id=id, by=by[:BY_LIMIT], expires=expires)
        publication = request.publication(
            self.topics,
            order.device,
            DeviceTopic.COMMAND if order.is_command else DeviceTopic.SET,
            order.name,
        )
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT):
                await bus.publish(publication)
        except (BusError, TimeoutError) as error:
            why = str(error) or "the broker does not answer"
            logger.warning("cannot hand on an order for %s: %s", order.device, why)
            return False
        return True

    async def _listen(self, bus: Bus) -> None:
        filters = (
            *self.fleet.filters,
            self.topics.every_device(DeviceTopic.RESULT),
            self.topics.every_service(ServiceTopic.LOGINS, ServiceKind.GATEWAY),
            self.topics.every_service(ServiceTopic.AVAILABILITY, ServiceKind.GATEWAY),
            self.topics.every_service(ServiceTopic.POWER, ServiceKind.MONITOR),
            self.topics.every_service(ServiceTopic.AVAILABILITY, ServiceKind.MONITOR),
        )
        await bus.subscribe(*filters)
        self._bus = bus
        self._is_subscribed.set()
        async for message in bus.listen():
            if message.retained:
                self._retained.set()
            about = self.topics.parse(message.topic)
            if (
                isinstance(about, OfDevice)
                and about.part is DeviceTopic.META
                and not message.payload
            ):
                self._forget_shutdown(about.device)
            if not self.fleet.take(message, _now()):
                self._take(about, message)
            elif isinstance(about, OfService):
                self.on_order()

    def _take(self, about: OfDevice | OfService | None, message: Message) -> None:
        try:
            if isinstance(about, OfDevice):
                self._take_result(message)
            elif isinstance(about, OfService) and not self._is_own(about):
                self._take_other(about, message)
        except PayloadError as error:
            logger.warning("dropped a bad payload: %s", error)

    def _take_result(self, message: Message) -> None:
        result = read(Result, message)
        if result.id is not None:
            self.tracking.conclude(result.id, result.status)
            self.on_result(result)

    def _is_own(self, about: OfService) -> bool:
        return about.kind == ServiceKind.GATEWAY and about.id == self.id

    def _take_other(self, about: OfService, message: Message) -> None:
        """Note who is logged in at another gateway, or that a monitor is, on the bus."""
        who = f"{about.kind}/{about.id}"
        if about.part is ServiceTopic.LOGINS:
            logins = read(LoginsMessage, message).logins if message.payload else {}
            self.logins.take_others(who, logins)
        elif about.part is ServiceTopic.POWER:
            power = read(MonitorPower, message) if message.payload else None
            devices = {name: [power.host] for name in power.roles} if power else {}
            self.logins.take_others(who, devices)
        elif about.part is ServiceTopic.AVAILABILITY:
            self.logins.take_availability(who, _availability(message))

    async def _announce(self, bus: Bus) -> None:
        info = ServiceInfo(version=own_version(), host=socket.gethostname(), started=self._started)
        await bus.publish(info.publication(self.topics, ServiceKind.GATEWAY, self.id))
        is_online = False
        async for logins in self.logins.own.follow():
            await bus.publish(LoginsMessage(logins=logins).publication(self.topics, self.id))
            if not is_online:
                is_online = True
                await bus.online()

    def _own_logins(self) -> Publication:
        return LoginsMessage(logins=self.logins.own.value).publication(self.topics, self.id)


def _availability(message: Message) -> Availability:
    if not message.payload:
        return Availability.OFFLINE
    try:
        return availability_of(message.payload)
    except PayloadError as error:
        raise PayloadError(f"{message.topic}: {error}") from None


def _now() -> float:
    return asyncio.get_running_loop().time()
