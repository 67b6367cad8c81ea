"""A live mirror of all devices on the bus: state, description, availability, FSD as one Device.

`Fleet` is pure: messages and the receiver's own monotonic clock go in, devices come out, and
whoever follows is told of each change. It stands on level, not edge: a lost message heals itself
with the next.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from shared.errors import PayloadError
from shared.messages import (
    Availability,
    DeviceMeta,
    DeviceState,
    ForcedShutdown,
    Message,
    availability_of,
    read,
)
from shared.service_messages import ServiceInfo
from shared.status import with_fsd
from shared.topics import DeviceTopic, OfDevice, OfService, ServiceKind, ServiceTopic, Topics

HEARTBEATS_MISSED = 3
SETTLE_TIME = 10.0  # after a new session began: what was not announced again by then is gone
DEFAULT_HEARTBEAT = 5.0
EVERY = ("*",)
HANDOVER_TIME = 5.0  # in which another driver service takes a device over that has a standby
ORDERS_REMEMBERED = 8  # forced shutdowns of a device that were cleared

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of one device; replaced as a whole at each change.

    `heard` is the receiver's monotonic time of the last state, `overdue` that three heartbeats did
    not come. `service_online` is the availability of the driver service that `meta` names.
    """

    name: str
    meta: DeviceMeta | None = None
    state: DeviceState | None = None
    availability: Availability = Availability.OFFLINE
    service_online: bool = False
    fsd: ForcedShutdown | None = None
    heard: float = 0.0
    overdue: bool = False

    @property
    def standing(self) -> Availability:
        """Whether the device can be relied on, from its own topic, its service's and our clock."""
        if self.meta is None or not self.service_online:
            return Availability.OFFLINE
        if self.availability is Availability.ONLINE and (self.overdue or self.state is None):
            return Availability.STALE
        return self.availability

    @property
    def status(self) -> str:
        """ups.status as it is to be shown: FSD first where it is set."""
        status = self.state.vars.get("ups.status", "") if self.state else ""
        return with_fsd(status) if self.fsd else status

    @property
    def variables(self) -> Mapping[str, str]:
        """All variables as they are to be shown."""
        variables = self.state.vars if self.state else {}
        return {**variables, "ups.status": self.status} if self.fsd else variables

    @property
    def heartbeat(self) -> float:
        """How often the state is repeated, in seconds."""
        return self.meta.heartbeat if self.meta else DEFAULT_HEARTBEAT


Listener = Callable[[str, Device | None], None]


@dataclass(slots=True)
class Fleet:
    """All devices by name; `follow` is told the name and the new Device (None: it is gone).

    Devices whose name fits none of the `patterns` are passed over. `on_revived` is called with the
    name of a device for which a broker that was killed still has a forced shutdown that was heard
    to be cleared: it does not count, and who may should clear it again.
    """

    topics: Topics = field(default_factory=Topics)
    patterns: Sequence[str] = EVERY
    devices: dict[str, Device] = field(default_factory=dict)
    on_revived: Callable[[str], None] = lambda _: None
    _listeners: list[Listener] = field(default_factory=list)
    _services: dict[str, Availability] = field(default_factory=dict)
    _infos: dict[str, ServiceInfo] = field(default_factory=dict)
    _announced: set[tuple[str, DeviceTopic]] = field(default_factory=set)
    _announced_services: set[tuple[str, ServiceTopic]] = field(default_factory=set)
    _settled_at: float | None = None
    _handed_over: dict[str, float] = field(default_factory=dict)  # devices, and since when
    _fitting: dict[str, bool] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)  # of states that services told in turn
    _over: dict[str, deque[ForcedShutdown]] = field(default_factory=dict)  # cleared orders

    @property
    def filters(self) -> tuple[str, ...]:
        """What to listen to on the bus."""
        return (
            *(self.topics.every_device(part) for part in _DEVICE_PARTS),
            self.topics.every_service(ServiceTopic.AVAILABILITY, ServiceKind.DRIVER),
            self.topics.every_service(ServiceTopic.INFO, ServiceKind.DRIVER),
        )

    def shows(self, name: str) -> bool:
        """Tell whether a device is one of those that this fleet is about."""
        if self.patterns == EVERY:
            return True
        fits = self._fitting.get(name)
        if fits is None:
            fits = any(fnmatchcase(name, pattern) for pattern in self.patterns)
            self._fitting[name] = fits
        return fits

    def follow(self, listener: Listener) -> None:
        """Call the listener at each change of a device."""
        self._listeners.append(listener)

    def names(self) -> list[str]:
        """List the devices that are described: by driver service, there in the settings' order."""
        described = [name for name, device in self.devices.items() if device.meta]
        ranks = {
            (service, device): rank
            for service, info in self._infos.items()
            for rank, device in enumerate(info.devices)
        }
        return sorted(described, key=lambda name: self._rank(name, ranks))

    def begin_session(self, now: float) -> None:
        """Note that a new connection to the bus delivers everything that is retained again."""
        self._announced.clear()
        self._announced_services.clear()
        self._counts.clear()
        self._settled_at = now + SETTLE_TIME

    def end_session(self) -> None:
        """Note that the connection is lost: what did not arrive is not gone, but unheard.

        What cannot be relied on now cannot be by what a broker kept, only by its next heartbeat.
        """
        self._settled_at = None
        for device in list(self.devices.values()):
            if device.state and device.standing is not Availability.ONLINE:
                self._put(replace(device, overdue=True))

    def take(self, message: Message, now: float) -> bool:
        """Take a message in, or say False; a bad payload is dropped with one warning."""
        about = self.topics.parse(message.topic)
        if isinstance(about, OfDevice) and about.part in _DEVICE_PARTS:
            if not self.shows(about.device):
                return True
            if message.payload:
                self._announced.add((about.device, about.part))
            act: Callable[[Any, Message, float], None] = _DEVICE_PARTS[about.part].__get__(self)
        elif isinstance(about, OfService) and about.kind == ServiceKind.DRIVER:
            if message.payload:
                self._announced_services.add((about.id, about.part))
            act = self._take_service
        else:
            return False
        try:
            act(about, message, now)
        except PayloadError as error:
            logger.warning("dropped a bad payload: %s", error)
        return True

    def expire(self, now: float) -> None:
        """Mark devices whose heartbeats stopped; call it about once a second."""
        for device in list(self.devices.values()):
            late = now - device.heard > HEARTBEATS_MISSED * device.heartbeat
            if late and not device.overdue and device.state:
                self._put(replace(device, overdue=True))
        for name, since in list(self._handed_over.items()):
            if now - since > HANDOVER_TIME:
                self._judge_service(name)
        if self._settled_at is not None and now >= self._settled_at:
            self._settled_at = None
            self._settle(now)

    def _settle(self, now: float) -> None:
        self._settle_services(now)
        for device in list(self.devices.values()):
            gone: dict[str, Any] = {
                part: nothing
                for part, nothing in _NOTHING.items()
                if (device.name, part) not in self._announced
            }
            if DeviceTopic.META in gone:
                gone["service_online"] = False
            if gone:
                self._put_or_remove(replace(device, **gone))
        self._warn_of_missing_states()

    def _settle_services(self, now: float) -> None:
        for id in list(self._services):
            if (id, ServiceTopic.AVAILABILITY) not in self._announced_services:
                self._set_service(id, Availability.OFFLINE, now)
        for id in list(self._infos):
            if (id, ServiceTopic.INFO) not in self._announced_services:
                del self._infos[id]

    def _warn_of_missing_states(self) -> None:
        # A device that its driver has never reached has no state; one that is online has.
        awaited = [
            name
            for name, device in self.devices.items()
            if not device.state
            and device.availability is Availability.ONLINE
            and device.standing is not Availability.OFFLINE
        ]
        if awaited:
            logger.warning(
                "no state of %s after %s; does the broker drop messages (max_queued_messages)?",
                ", ".join(sorted(awaited)[:5]),
                f"{SETTLE_TIME:.0f} s",
            )

    def _take_state(self, about: OfDevice, message: Message, now: float) -> None:
        device = self._device(about.device)
        if not message.payload:
            self._put_or_remove(replace(device, state=None))
            return
        state = read(DeviceState, message)
        if message.retained and device.state and not _is_newer(state, device.state):
            return  # heard already; or from before that, as a broker has it that was killed
        if not message.retained and not self._count(device, state):
            return  # of a driver service that was cut off and replaced: it comes late
        if message.retained and device.overdue:  # the broker had it; the driver is not heard yet
            self._put(replace(device, state=state))
        else:
            self._put(replace(device, state=state, heard=now, overdue=False))

    def _count(self, device: Device, state: DeviceState) -> bool:
        """Note how far a device with a standby has counted, or say False: this is from before that.

        Who takes a device over counts on. A service that lost the count is believed when the
        device is overdue.
        """
        if device.meta is None or not device.meta.standby:
            self._counts.pop(device.name, None)
            return True
        if state.seq < self._counts.get(device.name, 0) and not device.overdue:
            return False
        self._counts[device.name] = state.seq
        return True

    def _take_meta(self, about: OfDevice, message: Message, _now: float) -> None:
        device = self._device(about.device)
        if not message.payload:
            self._put_or_remove(replace(device, meta=None, service_online=False))
            return
        meta = read(DeviceMeta, message)
        self._handed_over.pop(device.name, None)
        online = self._services.get(meta.service) is Availability.ONLINE
        self._put(replace(device, meta=meta, service_online=online))

    def _take_availability(self, about: OfDevice, message: Message, _now: float) -> None:
        device = self._device(about.device)
        value = _availability(message)
        self._put_or_remove(replace(device, availability=value))

    def _take_fsd(self, about: OfDevice, message: Message, _now: float) -> None:
        device = self._device(about.device)
        fsd = read(ForcedShutdown, message) if message.payload else None
        if fsd and message.retained and not device.fsd and self._is_over(device.name, fsd):
            logger.warning("%s: the broker has an FSD again that was cleared: ignored", device.name)
            self.on_revived(device.name)
            return
        self._note_orders(device, fsd)
        self._put_or_remove(replace(device, fsd=fsd))

    def _is_over(self, name: str, fsd: ForcedShutdown) -> bool:
        return fsd in self._over.get(name, ())

    def _note_orders(self, device: Device, fsd: ForcedShutdown | None) -> None:
        """Remember an order that is cleared or replaced; one that is given anew counts again."""
        if device.fsd and device.fsd != fsd:
            over = self._over.setdefault(device.name, deque(maxlen=ORDERS_REMEMBERED))
            over.append(device.fsd)
        if fsd and self._is_over(device.name, fsd):
            self._over[device.name].remove(fsd)

    def _take_service(self, about: OfService, message: Message, now: float) -> None:
        if about.part is ServiceTopic.AVAILABILITY:
            self._set_service(about.id, _availability(message), now)
        elif about.part is ServiceTopic.INFO and message.payload:
            self._infos[about.id] = read(ServiceInfo, message)
        elif about.part is ServiceTopic.INFO:
            self._infos.pop(about.id, None)

    def _set_service(self, id: str, value: Availability, now: float) -> None:
        """Take note; a device with a standby counts on, for as long as it may be handed over."""
        self._services[id] = value
        for device in list(self.devices.values()):
            if device.meta is None or device.meta.service != id:
                continue
            if device.meta.standby and device.service_online and value is not Availability.ONLINE:
                self._handed_over.setdefault(device.name, now)
            else:
                self._judge_service(device.name)

    def _judge_service(self, name: str) -> None:
        self._handed_over.pop(name, None)
        device = self.devices.get(name)
        if device and device.meta:
            online = self._services.get(device.meta.service) is Availability.ONLINE
            self._put(replace(device, service_online=online))

    def _device(self, name: str) -> Device:
        return self.devices.get(name) or Device(name)

    def _put(self, device: Device) -> None:
        if self.devices.get(device.name) == device:
            return
        self.devices[device.name] = device
        for listener in self._listeners:
            listener(device.name, device)

    def _put_or_remove(self, device: Device) -> None:
        nothing_left = not (device.meta or device.state or device.fsd)
        if nothing_left and device.availability is Availability.OFFLINE:
            self._remove(device.name)
        else:
            self._put(device)

    def _remove(self, name: str) -> None:
        self._counts.pop(name, None)
        if self.devices.pop(name, None):
            for listener in self._listeners:
                listener(name, None)

    def _rank(self, name: str, ranks: Mapping[tuple[str, str], int]) -> tuple[str, int, str]:
        meta = self.devices[name].meta
        service = meta.service if meta else ""
        return (service, ranks.get((service, name), len(ranks)), name)


def _is_newer(state: DeviceState, known: DeviceState) -> bool:
    """Compare by both: clocks are set back, and drivers that start anew count anew."""
    is_other = (state.at, state.seq) != (known.at, known.seq)
    return is_other and state.at >= known.at and state.seq >= known.seq


def _availability(message: Message) -> Availability:
    if not message.payload:
        return Availability.OFFLINE
    try:
        return availability_of(message.payload)
    except PayloadError as error:
        raise PayloadError(f"{message.topic}: {error}") from None


# What a part of a device is when nothing is retained for it.
_NOTHING = {
    DeviceTopic.META: None,
    DeviceTopic.STATE: None,
    DeviceTopic.AVAILABILITY: Availability.OFFLINE,
    DeviceTopic.FSD: None,
}

_DEVICE_PARTS: dict[DeviceTopic, Any] = {
    DeviceTopic.STATE: Fleet._take_state,
    DeviceTopic.META: Fleet._take_meta,
    DeviceTopic.AVAILABILITY: Fleet._take_availability,
    DeviceTopic.FSD: Fleet._take_fsd,
}
