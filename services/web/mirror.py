"""All of the bus that pages, metrics and history show: devices, services, hosts, clients. Pure.

`now` is always the receiver's monotonic clock, never another machine's time.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from shared.errors import PayloadError
from shared.fleet import EVERY, SETTLE_TIME, Device, Fleet
from shared.messages import Availability, DeviceEvent, Message, availability_of, read
from shared.payloads import text_of
from shared.service_messages import (
    EnergyReading,
    Logins,
    MonitorPower,
    ServiceInfo,
    StageOrder,
    Timers,
)
from shared.topics import (
    DeviceTopic,
    OfDevice,
    OfService,
    ServiceKind,
    ServiceTopic,
    Topics,
)

REASON: Final = "driver.state"  # a device that was never reached has no state to say it in

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service on the bus.

    `power` and `stage` are those of a monitor, `logins` a gateway's, `timers` a scheduler's, heard
    at the receiver's time `timers_heard`.
    """

    kind: str
    id: str
    availability: Availability = Availability.OFFLINE
    info: ServiceInfo | None = None
    power: MonitorPower | None = None
    stage: StageOrder | None = None
    logins: Logins | None = None
    timers: Timers | None = None
    timers_heard: float = 0.0


ServiceListener = Callable[[str, str, ServiceView | None], None]
EventListener = Callable[[str, DeviceEvent], None]


@dataclass(slots=True)
class Mirror:
    """Feeds on messages; whoever follows is told of each change once, after it was taken in.

    `fleet.follow` tells of devices, `follow_services` of services (None: it is gone),
    `follow_events` of the events that drivers tell, `follow_reasons` of driver.state, which is in
    `reasons`. `energies` are by the service that meters and the device; nobody is told of them.
    Devices that fit none of the `patterns` are passed over.
    """

    topics: Topics = field(default_factory=Topics)
    patterns: Sequence[str] = EVERY
    fleet: Fleet = field(init=False)
    services: dict[tuple[str, str], ServiceView] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    energies: dict[tuple[str, str], EnergyReading] = field(default_factory=dict)
    is_connected: bool = False
    _reason_listeners: list[Callable[[str], None]] = field(default_factory=list)
    _connection_listeners: list[Callable[[], None]] = field(default_factory=list)
    _service_listeners: list[ServiceListener] = field(default_factory=list)
    _event_listeners: list[EventListener] = field(default_factory=list)
    _announced: set[str] = field(default_factory=set)  # topics, until all that is retained is here
    _settled_at: float | None = None

    def __post_init__(self) -> None:
        self.fleet = Fleet(self.topics, self.patterns)

    @property
    def filters(self) -> tuple[str, ...]:
        """What to listen to on the bus."""
        of_services = (
            self.topics.every_service(ServiceTopic.AVAILABILITY),
            self.topics.every_service(ServiceTopic.INFO),
            self.topics.every_service(ServiceTopic.POWER, ServiceKind.MONITOR),
            self.topics.every_service(ServiceTopic.STAGE, ServiceKind.MONITOR),
            self.topics.every_service(ServiceTopic.LOGINS, ServiceKind.GATEWAY),
            self.topics.every_service(ServiceTopic.TIMERS, ServiceKind.SCHEDULER),
            self.topics.about_every_device(ServiceKind.HOMEASSISTANT, "+", ServiceTopic.ENERGY),
        )
        devices = tuple(
            each
            for each in self.fleet.filters
            if each.startswith(self.topics.every_device(DeviceTopic.STATE).partition("+")[0])
        )
        reasons = self.topics.device("+", DeviceTopic.VARIABLE, REASON)
        return (*devices, self.topics.every_device(DeviceTopic.EVENT), reasons, *of_services)

    def devices(self) -> list[Device]:
        """List the devices that are described, in the order of the settings."""
        return [self.fleet.devices[name] for name in self.fleet.names()]

    def device(self, name: str) -> Device | None:
        """Find a device that is described."""
        device = self.fleet.devices.get(name)
        return device if device and device.meta else None

    def powers(self) -> Mapping[str, MonitorPower]:
        """Give what each monitor that is online says of its host's supply, by monitor id."""
        return {
            view.id: view.power
            for view in self.services.values()
            if view.power and view.availability is Availability.ONLINE
        }

    def clients(self, device: str) -> list[str]:
        """List the addresses of the clients that are logged in to a device, at all gateways."""
        return sorted(
            client
            for view in self.services.values()
            if view.logins and view.availability is Availability.ONLINE
            for client in view.logins.logins.get(device, ())
        )

    def begin_session(self, now: float) -> None:
        """Note that a new connection to the bus delivers everything that is retained again."""
        self.fleet.begin_session(now)
        self._announced.clear()
        self._settled_at = now + SETTLE_TIME

    def end_session(self) -> None:
        """Note that the connection is lost: what did not arrive is not gone, but unheard."""
        self.fleet.end_session()
        self._settled_at = None

    def expire(self, now: float) -> None:
        """Take in that time passes; call it about once a second."""
        self.fleet.expire(now)
        if self._settled_at is not None and now >= self._settled_at:
            self._settled_at = None
            for topic in [each for each in self._topics_held() if each not in self._announced]:
                self.take(Message(topic, b"", False), now)
            self._announced.clear()

    def connect(self, is_connected: bool) -> None:
        """Note that the bus is there, or that it is not: then all here is what was true before."""
        self.is_connected = is_connected
        for listener in self._connection_listeners:
            listener()

    def follow_connection(self, listener: Callable[[], None]) -> None:
        """Call the listener when the bus comes and goes."""
        self._connection_listeners.append(listener)

    def follow_services(self, listener: ServiceListener) -> None:
        """Call the listener at each change of a service."""
        self._service_listeners.append(listener)

    def follow_events(self, listener: EventListener) -> None:
        """Call the listener with each event that a driver tells."""
        self._event_listeners.append(listener)

    def follow_reasons(self, listener: Callable[[str], None]) -> None:
        """Call the listener with the name of each device whose driver.state changed."""
        self._reason_listeners.append(listener)

    def take(self, message: Message, now: float) -> None:
        """Take a message in; a bad payload is dropped with a warning."""
        self.fleet.take(message, now)
        if self._settled_at is not None and message.payload:
            self._announced.add(message.topic)
        about = self.topics.parse(message.topic)
        if about and about.device and not self.fleet.shows(about.device):
            return
        try:
            if isinstance(about, OfService) and about.part is ServiceTopic.ENERGY:
                self._take_energy(about, message)
            elif isinstance(about, OfService):
                self._take_service(about, message, now)
            elif isinstance(about, OfDevice) and about.part is DeviceTopic.EVENT:
                self._take_event(about, message)
            elif isinstance(about, OfDevice) and about.name == REASON:
                self._take_reason(about, message)
        except PayloadError as error:
            logger.warning("dropped a bad payload: %s", error)

    def _topics_held(self) -> Iterator[str]:
        """Name the topics of what is known beside the devices."""
        for (kind, id), view in self.services.items():
            for part in _SERVICE_PARTS:
                if getattr(view, part) not in (None, Availability.OFFLINE):
                    yield self.topics.service(kind, id, part)
        for id, device in self.energies:
            yield self.topics.about_device(
                ServiceKind.HOMEASSISTANT, id, ServiceTopic.ENERGY, device
            )
        for device in self.reasons:
            yield self.topics.device(device, DeviceTopic.VARIABLE, REASON)

    def _take_event(self, about: OfDevice, message: Message) -> None:
        if message.retained or not message.payload:
            return
        event = read(DeviceEvent, message)
        for listener in self._event_listeners:
            listener(about.device, event)

    def _take_reason(self, about: OfDevice, message: Message) -> None:
        reason = text_of(message.payload)
        if self.reasons.get(about.device, "") == reason:
            return
        if reason:
            self.reasons[about.device] = reason
        else:
            del self.reasons[about.device]
        for listener in self._reason_listeners:
            listener(about.device)

    def _take_energy(self, about: OfService, message: Message) -> None:
        key = (about.id, about.device)
        if message.payload:
            self.energies[key] = read(EnergyReading, message)
        else:
            self.energies.pop(key, None)

    def _take_service(self, about: OfService, message: Message, now: float) -> None:
        key = (about.kind, about.id)
        before = self.services.get(key) or ServiceView(*key)
        after = _with(before, about.part, message)
        if about.part is ServiceTopic.TIMERS:
            after = replace(after, timers_heard=now if after.timers else 0.0)
        if after == before and key in self.services:
            return
        is_gone = after == ServiceView(*key)
        if is_gone:
            self.services.pop(key, None)
        else:
            self.services[key] = after
        for listener in self._service_listeners:
            listener(about.kind, about.id, None if is_gone else after)


# Each is also the name of what it becomes in a view.
_SERVICE_PARTS: Final = (
    ServiceTopic.AVAILABILITY,
    ServiceTopic.INFO,
    ServiceTopic.POWER,
    ServiceTopic.STAGE,
    ServiceTopic.LOGINS,
    ServiceTopic.TIMERS,
)


def _with(view: ServiceView, part: ServiceTopic, message: Message) -> ServiceView:
    """Give the view with what a message says of it; an empty payload takes the part away."""
    is_there = bool(message.payload)
    match part:
        case ServiceTopic.AVAILABILITY:
            online = availability_of(message.payload) if is_there else Availability.OFFLINE
            return replace(view, availability=online)
        case ServiceTopic.INFO:
            return replace(view, info=read(ServiceInfo, message) if is_there else None)
        case ServiceTopic.POWER:
            return replace(view, power=read(MonitorPower, message) if is_there else None)
        case ServiceTopic.STAGE:
            return replace(view, stage=read(StageOrder, message) if is_there else None)
        case ServiceTopic.LOGINS:
            return replace(view, logins=read(Logins, message) if is_there else None)
        case ServiceTopic.TIMERS:
            return replace(view, timers=read(Timers, message) if is_there else None)
    return view
