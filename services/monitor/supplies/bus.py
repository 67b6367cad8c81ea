"""The monitor's side of the bus: its devices and the other monitors come in, its word goes out.

What is to be said is kept here, level and not edge: the bus may go and come, and a message that
could not be sent is sent with the next connection.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from services.monitor.sights import Reach, Sight, View
from services.monitor.supplies.others import Others, is_of_now
from services.monitor.supplies.readings import (
    ALARM,
    BUZZWORDS,
    CHARGE,
    RUNTIME,
    STATUS,
    TEMPERATURE,
    number,
)
from shared.bus import Bus
from shared.errors import PayloadError
from shared.fleet import Device, Fleet
from shared.latest import Latest
from shared.messages import Availability, ForcedShutdown, Message, Publication, clearing
from shared.retaining import Outbox, restate
from shared.service_messages import MonitorPower, ServiceInfo, StageOrder
from shared.topics import DeviceTopic, OfDevice, OfService, ServiceKind, ServiceTopic, Topics

# The state last, so that all is known by which it is judged.
PARTS: Final = (
    DeviceTopic.META,
    DeviceTopic.AVAILABILITY,
    DeviceTopic.FSD,
    DeviceTopic.STATE,
)

logger = logging.getLogger(__name__)


def _own_version() -> str:
    try:
        return version("nutbus")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


OWN_VERSION: Final = _own_version()  # asked while root may still read it


@dataclass(frozen=True, slots=True)
class Interests:
    """What a monitor wants to hear of: its devices, who waits for it or it for whom."""

    devices: tuple[str, ...] = ()
    has_followers: bool = False
    obeys: bool = False


class BusLink:
    """All that is known from the bus, and all that is to be said there.

    `changed` is called whenever what `view` gives has changed.
    """

    def __init__(
        self, id: str, topics: Topics, interests: Interests, changed: Callable[[], None]
    ) -> None:
        self.id = id
        self.topics = topics
        self.fleet = Fleet(topics, on_revived=self._clear_again)
        self.others = Others(topics, id)
        self._changed = changed
        self._interests = Latest(interests)
        self._began = time.monotonic()
        self._started = time.time()
        self._is_connected = False
        self._was_connected = False
        self._seen: set[str] = set()  # devices that were online since we started
        self._kept: set[str] = set()  # devices whose state the broker had when we came
        self._fresh_fsd: set[str] = set()  # devices whose FSD was set since we started
        self._outbox = Outbox()
        self._power: Publication | None = None
        self.fleet.follow(self._note)

    def view(self, extra: Mapping[str, Sight]) -> View:
        """Put together what is known; `extra` has the sights of supplies that are not here."""
        sights = {name: self._sight(name) for name in self._interests.value.devices}
        return View(
            sights={**sights, **extra},
            peers=self.others.peers,
            orders=self.others.orders,
            own_order=self.others.own_order,
        )

    def tick(self, now: float) -> None:
        """Let the clock run: heartbeats may be missing, services may be gone."""
        self.fleet.expire(now)
        if self.others.expire(now):
            self._changed()

    def change(self, interests: Interests) -> None:
        """Hear of something else from now on."""
        self._interests.set(interests)

    def announce(self, power: MonitorPower) -> None:
        """Say how this host stands; it is said again on each connection."""
        self._power = power.publication(self.topics, self.id)
        self.others.note_own_power(power.host, self._power.payload)
        self._outbox.put(self._power)

    def order_stage(self, order: StageOrder | None) -> None:
        """Say our stage order, or clear it."""
        topic = self.topics.service(ServiceKind.MONITOR, self.id, ServiceTopic.STAGE)
        self.others.own_order = order
        self._outbox.put(order.publication(self.topics, self.id) if order else clearing(topic))

    def force_shutdown(self, device: str, reason: str) -> str:
        """Set FSD for a device: here at once, on the bus as soon as it is there; name the order."""
        order = ForcedShutdown(by=self.id, at=time.time(), reason=reason)
        self._set_fsd(device, order.publication(self.topics, device))
        return order.digest

    def clear_shutdown(self, device: str) -> str:
        """Take FSD for a device back; name the order that it was, "" if there was none."""
        known = self.fleet.devices.get(device)
        order = known.fsd if known else None
        self._set_fsd(device, clearing(self.topics.device(device, DeviceTopic.FSD)))
        return order.digest if order else ""

    async def flushed(self) -> None:
        """Wait until all is said, or nobody is there to hear it."""
        await self._outbox.emptied(lambda: not self._is_connected)

    async def session(self, bus: Bus) -> None:
        """Hear and say all there is until the connection is lost."""
        now = time.monotonic()
        self.fleet.begin_session(now)
        self.others.begin_session(now)
        try:
            async with asyncio.TaskGroup() as tasks:
                filters = self._filters(self._interests.value)
                await bus.subscribe(*filters)
                self._is_connected = self._was_connected = True
                tasks.create_task(self._listen(bus))
                tasks.create_task(self._speak(bus))
                await self._follow_interests(bus, filters)
        finally:
            self._is_connected = False
            self.fleet.end_session()
            self.others.end_session()
            self._outbox.stir()
            self._changed()

    async def _listen(self, bus: Bus) -> None:
        async for message in bus.listen():
            about = self.topics.parse(message.topic)
            if isinstance(about, OfDevice) and about.part is DeviceTopic.FSD:
                self._note_fsd(about.device, message)
            elif isinstance(about, OfDevice) and message.retained:
                self._kept.add(about.device)
            if not self.fleet.take(message, time.monotonic()) and isinstance(about, OfService):
                self._take_other(about, message)

    def _take_other(self, about: OfService, message: Message) -> None:
        try:
            self.others.take(about, message)
        except PayloadError as error:
            logger.warning("dropped a bad payload: %s", error)
        self._changed()

    async def _speak(self, bus: Bus) -> None:
        info = ServiceInfo(
            version=OWN_VERSION,
            host=socket.gethostname(),
            started=self._started,
            devices=list(self._interests.value.devices),
        )
        await bus.publish(info.publication(self.topics, ServiceKind.MONITOR, self.id))
        if self._power:  # the broker may have forgotten it
            await bus.publish(self._power)
        await bus.online()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(restate(bus, lambda: self._power))
            await self._outbox.deliver(bus)

    async def _follow_interests(self, bus: Bus, filters: tuple[str, ...]) -> None:
        async for interests in self._interests.follow():
            wanted = self._filters(interests)
            await bus.unsubscribe(*(each for each in filters if each not in wanted))
            await bus.subscribe(*(each for each in wanted if each not in filters))
            filters = wanted

    def _filters(self, interests: Interests) -> tuple[str, ...]:
        # The others first: a battery that is low already must find them known.
        return (
            *self.others.filters(has_followers=interests.has_followers, obeys=interests.obeys),
            self.topics.every_service(ServiceTopic.AVAILABILITY, ServiceKind.DRIVER),
            *(self.topics.device(name, part) for name in interests.devices for part in PARTS),
        )

    def _set_fsd(self, device: str, publication: Publication) -> None:
        message = Message(publication.topic, publication.payload, False)
        self._note_fsd(device, message)
        self.fleet.take(message, time.monotonic())
        self._outbox.put(publication)

    def _clear_again(self, device: str) -> None:
        self._outbox.put(clearing(self.topics.device(device, DeviceTopic.FSD)))

    def _note(self, name: str, device: Device | None) -> None:
        if device and device.standing is Availability.ONLINE:
            self._seen.add(name)
        self._changed()

    def _note_fsd(self, device: str, message: Message) -> None:
        if not message.payload:
            self._fresh_fsd.discard(device)
        elif not message.retained:
            self._fresh_fsd.add(device)

    def _sight(self, name: str) -> Sight:
        device = self.fleet.devices.get(name) or Device(name)
        fsd, others = device.fsd, self.others.logins(name)
        sight = Sight(
            fsd=fsd is not None,
            fsd_by=fsd.by if fsd else "",
            fsd_at=fsd.at if fsd else 0.0,
            fsd_reason=fsd.reason if fsd else "",
            fsd_is_old=fsd is not None and name not in self._fresh_fsd and not is_of_now(fsd.at),
            # While the bus is away, who was there is still counted: nobody can be seen to leave.
            logins=1 + others if self._was_connected and others is not None else None,
        )
        if not self._is_known(device):
            return replace(sight, at=self._began)
        return _seen(device, sight, self._reach(device))

    def _is_known(self, device: Device) -> bool:
        """Tell whether a state tells of now, and not of the time before the last boot.

        One that is published before its driver says online is not yet what counts.
        """
        was_kept = device.name in self._kept
        return device.state is not None and (
            device.name in self._seen or (was_kept and is_of_now(device.state.at))
        )

    def _reach(self, device: Device) -> Reach:
        if not self._is_connected:
            return Reach.CUT
        if device.standing is Availability.ONLINE:
            return Reach.REACHED
        says_stale = device.availability is Availability.STALE
        return Reach.SILENT if says_stale and device.service_online else Reach.CUT


def _seen(device: Device, sight: Sight, reach: Reach) -> Sight:
    variables = device.state.vars if device.state else {}
    return replace(
        sight,
        reach=reach,
        at=device.heard,
        status=variables.get(STATUS, ""),
        alarm=variables.get(ALARM, ""),
        buzzwords=" ".join(variables.get(name, "") for name in BUZZWORDS).strip(),
        charge=number(variables.get(CHARGE)),
        runtime=number(variables.get(RUNTIME)),
        temperature=number(variables.get(TEMPERATURE)),
    )
