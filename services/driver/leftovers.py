"""What the broker keeps that should not be there, and who else claims what is ours.

Retained topics outlive the service that wrote them. Variables that a device no longer has are
cleared, and so are devices that were taken from the settings while the service was down: their
description names us. If another service of the same name still speaks for such a device, it stays.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Container, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from shared.bus import Bus
from shared.errors import PayloadError
from shared.messages import Availability, DeviceMeta, Message, clearing, read
from shared.topics import DeviceTopic, OfDevice, OfService, ServiceKind, ServiceTopic

QUIET = 1.0  # the retained messages of a subscription have come when this long none came
AT_ONCE = 20  # devices whose variables are asked for together; NATS takes some 30 filters
LONGEST_WATCH = 60.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Orphan:
    """A device that is said to be ours and is not in the settings."""

    heartbeat: float
    topics: set[str] = field(default_factory=set)
    is_alive: bool = False


class Leftovers:
    """Watches the bus for them, over one connection, and clears them."""

    def __init__(
        self,
        bus: Bus,
        id: str,
        devices: Container[str],
        shared: Callable[[str], bool],
        found_variable: Callable[[str, str], None],
        warned: set[tuple[str, str]],
    ) -> None:
        self._bus = bus
        self._id = id
        self._devices = devices
        self._is_shared = shared
        self._found_variable = found_variable
        self._orphans: dict[str, Orphan] = {}
        self._waiting: deque[str] = deque()
        self._filled = asyncio.Event()
        self._quiet: asyncio.Timeout | None = None
        self._claims: dict[str, str] = {}
        self._online: set[str] = set()
        self._warned = warned

    def filters(self) -> tuple[str, str]:
        """Name what must be listened to before the devices are announced."""
        topics = self._bus.topics
        return (
            topics.every_device(DeviceTopic.META),
            topics.every_service(ServiceTopic.AVAILABILITY, ServiceKind.DRIVER),
        )

    def note(self, about: OfDevice | OfService, message: Message) -> None:
        """Take a message in that is no request."""
        if isinstance(about, OfService):
            self._note_service(about, message)
            return
        if about.part is DeviceTopic.META and message.payload:
            self._note_claim(about.device, message)
        if about.device in self._orphans:
            self._note_orphan(self._orphans[about.device], about, message)
        elif about.part is DeviceTopic.VARIABLE and message.retained and message.payload:
            if self._quiet and not self._quiet.expired():
                self._quiet.reschedule(asyncio.get_running_loop().time() + QUIET)
            self._found_variable(about.device, about.name)

    async def clear_orphans(self) -> None:
        """Clear each device that is no longer ours to keep, once it has proved to be silent."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._waiting:
                name = self._waiting.popleft()
                await self._clear_orphan(name, self._orphans[name])
                del self._orphans[name]

    async def ask_for_variables(self, names: Iterable[str]) -> None:
        """Have the broker tell which plain variables of our devices it keeps."""
        filters = [self._bus.topics.variables(name) for name in names]
        loop = asyncio.get_running_loop()
        for start in range(0, len(filters), AT_ONCE):
            chunk = filters[start : start + AT_ONCE]
            await self._bus.subscribe(*chunk)
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIET) as self._quiet:
                    await loop.create_future()
            await self._bus.unsubscribe(*chunk)

    async def _clear_orphan(self, name: str, orphan: Orphan) -> None:
        everything = self._bus.topics.all_of_device(name)
        await self._bus.subscribe(everything)
        await asyncio.sleep(min(max(QUIET, 1.5 * orphan.heartbeat), LONGEST_WATCH))
        await self._bus.unsubscribe(everything)
        if orphan.is_alive:
            logger.warning(
                "%s is kept by another driver service that is called %r too: "
                "give each its own [driver] id",
                name,
                self._id,
            )
        elif name not in self._devices:
            logger.info("%s is no longer in the settings: cleared from the bus", name)
            for topic in orphan.topics:
                await self._bus.publish(clearing(topic))

    def _note_orphan(self, orphan: Orphan, about: OfDevice, message: Message) -> None:
        if message.retained and message.payload and about.part is not DeviceTopic.FSD:
            orphan.topics.add(message.topic)
        elif about.part is DeviceTopic.STATE and message.payload:
            orphan.is_alive = True

    def _note_claim(self, device: str, message: Message) -> None:
        try:
            meta = read(DeviceMeta, message)
        except PayloadError as error:
            logger.warning("dropped a bad payload: %s", error)
            return
        if device in self._devices:
            if meta.service != self._id and not self._is_shared(device):
                self._claims[device] = meta.service
                self._warn_of_rival(device, meta.service)
        elif meta.service == self._id and message.retained and device not in self._orphans:
            self._orphans[device] = Orphan(meta.heartbeat)
            self._waiting.append(device)
            self._filled.set()

    def _note_service(self, about: OfService, message: Message) -> None:
        if message.payload != Availability.ONLINE.encode():
            self._online.discard(about.id)
            return
        self._online.add(about.id)
        for device, service in self._claims.items():
            if service == about.id:
                self._warn_of_rival(device, service)

    def _warn_of_rival(self, device: str, service: str) -> None:
        if service in self._online and (device, service) not in self._warned:
            self._warned.add((device, service))
            logger.warning(
                "%s is claimed by the driver service %r too: "
                "take it from the settings of one of the two",
                device,
                service,
            )
