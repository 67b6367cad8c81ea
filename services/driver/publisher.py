"""Puts the devices on the bus, for one connection to it (bus contract, sections 2 to 4)."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from services.driver.claims import Claims
from services.driver.device import Device
from services.driver.features import View
from services.driver.outbox import Outbox
from services.driver.settings import VERSION, DriverSection
from shared.bus import Bus
from shared.events import Condition, between
from shared.messages import (
    Availability,
    DeviceEvent,
    DeviceMeta,
    DeviceState,
    Publication,
    Result,
    clearing,
    device_availability,
    variable,
)
from shared.retaining import RESTATE_INTERVAL
from shared.service_messages import ServiceInfo
from shared.topics import DeviceTopic, ServiceKind

SHORTEST_PAUSE = 0.2  # between two devices: with more than 300 it takes longer
QUIET = 2.0  # without a word of the one before us, after which he has said what he had left
AT_ONCE = 50  # devices that are announced at the same time
INSISTING = (2.0, 4.0, 8.0, 16.0)  # pauses before it is said again who took a device over
STATE, TRYING = "driver.state", "reconnect.trying"  # as NUT has them
STARTED = time.time()

_HOST = socket.gethostname()
# FSD is not a driver's to clear: gateways do, when they see the description go.
_STANDING = (DeviceTopic.META, DeviceTopic.STATE, DeviceTopic.AVAILABILITY)


@dataclass(slots=True)
class Told:
    """What the broker was told of one device over this connection.

    In `plain`, the variables on topics of their own, None stands for a value that is not known.
    """

    view: View | None = None
    meta: DeviceMeta | None = None
    availability: Availability | None = None
    plain: Mapping[str, str | None] = field(default_factory=dict)


class Publisher:
    """Tells the broker of every change, each device's in their order."""

    def __init__(
        self,
        bus: Bus,
        section: Callable[[], DriverSection],
        devices: Mapping[str, Device],
        outbox: Outbox,
        claims: Claims,
    ) -> None:
        self._bus = bus
        self._claims = claims
        self._topics = bus.topics
        self._settings = section
        self._devices = devices
        self._outbox = outbox
        self._told: dict[str, Told] = {}
        self._beats: dict[str, float] = {}  # when each state was said last, the oldest first
        self._first_beat = asyncio.Event()
        self._plain: dict[str, None] = {}  # devices whose plain variables are behind
        self._plain_filled = asyncio.Event()
        self._taken_over: asyncio.Queue[str] = asyncio.Queue()

    async def announce(self) -> None:
        """Tell of all devices, then say that the service is there."""
        self._outbox.changed.clear()
        names = list(self._devices)
        await self._bus.subscribe(*self._topics.requests())
        for start in range(0, len(names), AT_ONCE):
            async with asyncio.TaskGroup() as tasks:
                for name in names[start : start + AT_ONCE]:
                    if self._speaks_for(name):
                        tasks.create_task(self._tell(name))
        await self._publish_info()
        await self._bus.online()

    async def publish_changes(self) -> None:
        """Tell of each device that changes, and pass on what is left in the outbox."""
        while True:
            while self._outbox.changed or self._outbox.messages:
                await self._publish_next()
            await self._outbox.wait()

    async def repeat_states(self) -> None:
        """Repeat the state of each device that was silent for a heartbeat."""
        loop = asyncio.get_running_loop()
        while True:
            while not self._beats:
                self._first_beat.clear()
                await self._first_beat.wait()
            name, said_at = next(iter(self._beats.items()))
            await asyncio.sleep(max(0.0, said_at + self._section.heartbeat - loop.time()))
            if self._beats.get(name) != said_at:
                continue
            device = self._devices.get(name)
            is_there = device and device.availability is Availability.ONLINE
            if not (device and device.view and is_there):
                del self._beats[name]
            elif self._claims.works(name):
                await self._publish_state(device, device.view, urgent=False)
            else:  # for a moment perhaps: the broker is slow to confirm our claim
                self._note_beat(name)

    async def restate(self) -> None:
        """Say again, one after the other, what is retained: the broker may have lost it."""
        while True:
            await self._publish_info()
            pause = max(SHORTEST_PAUSE, RESTATE_INTERVAL / (len(self._told) + 1))
            for name in list(self._told):
                await asyncio.sleep(pause)
                await self._say_again(name)
            await asyncio.sleep(pause)

    async def contradict(self) -> None:
        """Tell anew of each device that the one before us still speaks for: now, and when he ends.

        What he had said before he was cut off comes late, and would stay with the broker.
        """
        late_words = self._claims.late_words
        while True:
            statuses: dict[str, str] = {}
            with suppress(TimeoutError):
                while True:
                    async with asyncio.timeout(QUIET if statuses else None):
                        name, status = await late_words.get()
                    if name not in statuses:
                        self._tell_all_anew((name,))
                    statuses[name] = status or statuses.get(name, "")
            self._tell_all_anew(statuses)
            for name, status in statuses.items():
                self._tell_events_since(name, status)

    async def insist(self) -> None:
        """Say again soon who took a device over.

        While a cluster elects a leader it may keep the word of the one before us.
        """
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._insist(await self._taken_over.get()))

    async def _insist(self, name: str) -> None:
        for pause in INSISTING:
            await asyncio.sleep(pause)
            await self._say_again(name)

    async def publish_variables(self) -> None:
        """Bring the plain variables up to date, after all that matters more."""
        while True:
            await self._plain_filled.wait()
            self._plain_filled.clear()
            while self._plain:
                name = next(iter(self._plain))
                del self._plain[name]
                await self._publish_plain(name)
                await asyncio.sleep(0)

    def found_variable(self, device: str, name: str) -> None:
        """Take note of a plain variable that the broker keeps, perhaps from an earlier life."""
        told = self._told.get(device)
        if told and name not in told.plain:
            told.plain = {**told.plain, name: None}
            self._want_plain(device)

    async def part(self) -> None:
        """Say that all devices are offline, and what is left in the outbox."""
        while self._outbox.messages:
            device, message = self._outbox.messages.popleft()
            await self._bus.publish(message.publication(self._topics, device))
        offline = Availability.OFFLINE
        async with asyncio.TaskGroup() as tasks:
            for name in self._devices:
                if self._claims.contends(name):
                    continue  # another goes on with it
                goodbye = device_availability(self._topics, name, offline)
                tasks.create_task(self._bus.publish(goodbye))

    @property
    def _section(self) -> DriverSection:
        return self._settings()

    async def _publish_next(self) -> None:
        outbox = self._outbox
        if outbox.changed:
            name = next(iter(outbox.changed))
            del outbox.changed[name]
            if name not in self._devices:
                await self._forget(name)
            elif self._speaks_for(name):
                await self._welcome(name)
                await self._tell(name)
            elif not self._claims.holds(name):
                self.tell_anew(name)
        else:
            device, message = outbox.messages[0]
            if self._claims.holds(device) or isinstance(message, Result):
                await self._bus.publish(message.publication(self._topics, device))
            outbox.messages.popleft()

    def tell_anew(self, name: str) -> None:
        """Forget what was told of a device: another service has spoken for it since."""
        self._told.pop(name, None)
        self._beats.pop(name, None)
        self._plain.pop(name, None)

    def _tell_all_anew(self, names: Iterable[str]) -> None:
        for name in names:
            if self._still_speaks_for(name):
                self.tell_anew(name)
                self._outbox.mark(name)

    def _tell_events_since(self, name: str, status: str) -> None:
        """Tell what changed since another service said the device was so; its events come late."""
        device = self._devices.get(name)
        if not (device and device.view and status and self._speaks_for(name)):
            return
        view = device.view
        old, new = Condition(status, view.alarm), Condition(view.status, view.alarm)
        for event in between(name, old, new):
            message = DeviceEvent(
                type=event.type, at=time.time(), status=view.status, text=event.text
            )
            self._outbox.say(name, message)

    def _speaks_for(self, name: str) -> bool:
        """Tell whether a device is ours to tell of, and there is something to tell."""
        if not self._claims.contends(name):
            return True
        return self._claims.holds(name) and self._devices[name].has_news

    def _still_speaks_for(self, name: str) -> bool:
        """Tell the same of a device that may have gone meanwhile."""
        return name in self._devices and self._speaks_for(name)

    async def _welcome(self, name: str) -> None:
        if name not in self._told:
            await self._publish_info()
            if self._claims.contends(name):
                self._claims.taken_over.put_nowait(name)
                self._taken_over.put_nowait(name)

    async def _tell(self, name: str) -> None:
        """Tell what changed of a device: what it is, its state, and only then that it is there."""
        device = self._devices[name]
        told = self._told.setdefault(name, Told())
        view, availability = device.view, device.availability
        if told.meta is None or view:
            await self._tell_meta(device, view, told)
        if self._is_over(device, view):
            return
        if view and availability is Availability.ONLINE:
            was, told.view = told.view, view
            is_silent = name not in self._beats
            if was != view or told.availability is not availability or is_silent:
                urgent = was is None or was.status != view.status
                await self._publish_state(device, view, urgent=urgent)
                self._want_plain(name)
        if self._is_over(device, view):
            return
        if availability is not told.availability:
            told.availability = availability
            await self._bus.publish(device_availability(self._topics, name, availability))
        if device.trouble and availability is not Availability.ONLINE:
            await self._tell_trouble(name, told, device.trouble)

    def _is_over(self, device: Device, view: View | None) -> bool:
        """Tell whether a view of a device with a standby is old: the broker was slow to answer."""
        return self._claims.contends(device.name) and device.view is not view

    async def _tell_trouble(self, name: str, told: Told, trouble: str) -> None:
        """Say on the topic of driver.state why a device is away; the next reading ends it."""
        state = f"{TRYING}: {trouble}"
        if self._section.publish_variables and told.plain.get(STATE) != state:
            told.plain = {**told.plain, STATE: state}
            await self._bus.publish(variable(self._topics, name, STATE, state))

    async def _tell_meta(self, device: Device, view: View | None, told: Told) -> None:
        kind = device.settings.kind
        meta = DeviceMeta.model_construct(
            desc=device.settings.desc,
            driver=kind.name if kind else device.settings.driver,
            service=self._section.id,
            commands=list(view.commands) if view else [],
            writable=view.writable if view else {},
            heartbeat=self._section.heartbeat,
            standby=self._claims.contends(device.name),
        )
        if meta != told.meta:
            told.meta = meta
            await self._bus.publish(meta.publication(self._topics, device.name))

    async def _say_again(self, name: str) -> None:
        told = self._told.get(name)
        if told and told.meta and self._still_speaks_for(name):
            await self._bus.publish(told.meta.publication(self._topics, name))
        if told and told.availability and self._still_speaks_for(name):
            await self._bus.publish(device_availability(self._topics, name, told.availability))

    async def _publish_state(self, device: Device, view: View, *, urgent: bool) -> None:
        device.sequence += 1
        state = DeviceState.model_construct(
            seq=device.sequence, at=device.read_at, vars=view.variables
        )
        self._note_beat(device.name)
        await self._bus.publish(state.publication(self._topics, device.name, urgent=urgent))

    def _note_beat(self, name: str) -> None:
        self._beats.pop(name, None)
        self._beats[name] = asyncio.get_running_loop().time()
        self._first_beat.set()

    async def _publish_plain(self, name: str) -> None:
        told, device = self._told.get(name), self._devices.get(name)
        if told is None or device is None or device.view is None:
            return
        before = told.plain
        told.plain = device.view.variables if self._section.publish_variables else {}
        for publication in list(self._plain_changes(name, before, told.plain)):
            if not self._speaks_for(name):  # no more: who knows what the broker has now
                told.plain = {**dict.fromkeys(before), **dict.fromkeys(told.plain)}
                return
            await self._bus.publish(publication)

    def _plain_changes(
        self, device: str, before: Mapping[str, str | None], now: Mapping[str, str | None]
    ) -> Iterable[Publication]:
        for name, value in now.items():
            if value and before.get(name) != value:
                yield variable(self._topics, device, name, value)
        for name in before:
            if not now.get(name):
                yield clearing(self._topics.device(device, DeviceTopic.VARIABLE, name))

    def _want_plain(self, device: str) -> None:
        self._plain[device] = None
        self._plain_filled.set()

    async def _forget(self, name: str) -> None:
        """Take a device from the bus that is no longer in the settings."""
        told = self._told.pop(name, None)
        self._beats.pop(name, None)
        if told is None:
            return
        if told.meta and told.meta.standby:  # another service may have it still
            await self._publish_info()
            return
        for variable_name in told.plain:
            topic = self._topics.device(name, DeviceTopic.VARIABLE, variable_name)
            await self._bus.publish(clearing(topic))
        for part in _STANDING:
            await self._bus.publish(clearing(self._topics.device(name, part)))
        await self._publish_info()

    async def _publish_info(self) -> None:
        info = ServiceInfo(
            version=VERSION, host=_HOST, started=STARTED, devices=list(self._devices)
        )
        await self._bus.publish(
            info.publication(self._topics, ServiceKind.DRIVER, self._section.id)
        )
