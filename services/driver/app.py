"""The driver service: one side faces the devices, the other the bus; neither waits for it."""

import asyncio
import logging
import resource
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from functools import partial

from services.driver.claims import Claims
from services.driver.device import Device, Reload
from services.driver.leftovers import Leftovers
from services.driver.orders import Order
from services.driver.outbox import Outbox
from services.driver.publisher import Publisher
from services.driver.settings import DeviceSettings, DriverSettings
from shared.bus import Bus
from shared.errors import BusError, PayloadError, ResultStatus
from shared.latest import Latest
from shared.messages import DeviceMeta, Message, Request, read
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.topics import DeviceTopic, OfDevice, ServiceKind, Topics

PARTING_TIME = 5.0
RELEASE_TIME = 5.0  # how long a device that goes may take to close its line

logger = logging.getLogger(__name__)


async def run(settings: Latest[DriverSettings], reload: Reload | None = None) -> None:
    """Serve the devices until cancelled, and follow the settings.

    `reload` reads the settings again when a driver.reload command asks for it, and hands them to
    `settings`; without it there is no such command.
    """
    _raise_file_limit()
    first = settings.value
    async with asyncio.TaskGroup() as tasks:
        host = Host(first, tasks, reload)
        tasks.create_task(host.follow(settings))
        tasks.create_task(host.keep_audit())
        identity = Identity(ServiceKind.DRIVER, first.driver.id)
        tasks.create_task(stay_connected(first.bus, identity, host.session))


def _raise_file_limit() -> None:
    """Allow as many files as may be: each device has one or two, and the usual 1024 are few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Host:
    """Holds the devices, and serves each connection to the bus."""

    def __init__(
        self, settings: DriverSettings, tasks: asyncio.TaskGroup, reload: Reload | None
    ) -> None:
        self._settings = settings
        self._tasks = tasks
        self._owner = asyncio.current_task()  # of `tasks`
        self._reload = reload
        self._outbox = Outbox(settings.audit.log(), f"driver@{settings.driver.id}")
        self._claims = Claims(settings.driver.id, Topics(settings.bus.prefix), self._turn)
        self._devices: dict[str, Device] = {}
        self._lines: dict[str, asyncio.Task[None]] = {}
        self._warned: set[tuple[str, str]] = set()
        self._refused: set[str] = set()
        for name, device in settings.devices.items():
            self._start(name, device)

    async def follow(self, latest: Latest[DriverSettings]) -> None:
        """Bring the devices in line with the settings whenever these change."""
        async for settings in latest.follow():
            if settings is not self._settings:
                await self._apply(settings)

    async def keep_audit(self) -> None:
        """Note each request that was carried out or refused, before its result is told."""
        await self._outbox.keep_audit()

    async def session(self, bus: Bus) -> None:
        """Serve one connection: announce everything, then publish changes and take orders."""
        publisher = Publisher(
            bus, lambda: self._settings.driver, self._devices, self._outbox, self._claims
        )
        leftovers = Leftovers(
            bus,
            self._id,
            self._devices,
            self._claims.contends,
            publisher.found_variable,
            self._warned,
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                self._claims.begin()
                await bus.subscribe(*leftovers.filters())
                tasks.create_task(self._listen(bus, publisher, leftovers))
                await publisher.announce()
                tasks.create_task(self._claims.session(bus))
                tasks.create_task(publisher.publish_changes())
                tasks.create_task(publisher.repeat_states())
                tasks.create_task(publisher.restate())
                tasks.create_task(publisher.contradict())
                tasks.create_task(publisher.insist())
                tasks.create_task(publisher.publish_variables())
                tasks.create_task(leftovers.clear_orphans())
                await leftovers.ask_for_variables(list(self._devices))
                while True:
                    await leftovers.ask_for_variables([await self._claims.taken_over.get()])
        except asyncio.CancelledError:
            await self._hand_over(bus)
            await _part(publisher)
            raise
        finally:
            self._claims.cut()

    async def _hand_over(self, bus: Bus) -> None:
        """Give up the devices that have a standby, once the lines to them are closed."""
        lines = [line for name, line in self._lines.items() if self._claims.contends(name)]
        for line in lines:
            line.cancel()
        if lines:
            await asyncio.wait(lines, timeout=RELEASE_TIME)
        if all(line.done() for line in lines):
            await _said(self._claims.release(bus))

    @property
    def _is_ending(self) -> bool:
        """Whether everything is being cancelled; what hears the bus is, a few steps later."""
        return self._owner is not None and self._owner.cancelling() > 0

    @property
    def _id(self) -> str:
        return self._settings.driver.id

    async def _apply(self, settings: DriverSettings) -> None:
        old, self._settings = self._settings, settings
        fixed = (old.bus, old.audit, old.driver.id)
        if (settings.bus, settings.audit, settings.driver.id) != fixed:
            logger.warning("[bus], [audit] and the id of [driver] count only after a restart")
            driver = settings.driver.model_copy(update={"id": old.driver.id})
            self._settings = settings.model_copy(update={"driver": driver})
        await self._release([name for name in self._devices if not self._stays(name)])
        for name, device in settings.devices.items():
            await self._bring(name, device, old)
        ordered = {name: self._devices[name] for name in settings.devices}
        self._devices.clear()
        self._devices.update(ordered)

    async def _bring(self, name: str, wanted: DeviceSettings, old: DriverSettings) -> None:
        """Start a device, change it in place or restart it; leave it alone if nothing changed."""
        section = self._settings.driver
        device = self._devices.get(name)
        if device is None or not self._stays(name):
            await self._release([name])
            self._start(name, wanted)
        elif device.settings != wanted or section.poll_interval != old.driver.poll_interval:
            device.configure(wanted, section.poll_interval)
        elif section != old.driver:
            self._outbox.mark(name)

    def _stays(self, name: str) -> bool:
        """Tell whether a device that is there can go on as the settings want it now."""
        wanted, device = self._settings.devices.get(name), self._devices[name]
        if wanted is None or not device.can_work_at(self._settings.site(name)):
            return False
        return device.settings == wanted or device.can_take(wanted)

    def _start(self, name: str, settings: DeviceSettings) -> None:
        interval = self._settings.driver.poll_interval
        site = self._settings.site(name)
        permit = partial(self._claims.works, name) if settings.standby else None
        device = Device(site, settings, interval, self._outbox, self._reload, permit)
        self._devices[name] = device
        if settings.standby:
            told = partial(_told, device)
            preempts = settings.preempt
            self._claims.add(name, settings.priority, preempts=preempts, told=told)
        else:
            self._lines[name] = self._tasks.create_task(device.keep(), name=f"device {name}")

    def _turn(self, name: str, works: bool) -> None:
        """Begin or end to work with a device that has a standby."""
        device, line = self._devices[name], self._lines.get(name)
        if works and self._is_ending:
            return
        if works:
            work = self._work(device, line)
            self._lines[name] = self._tasks.create_task(work, name=f"device {name}")
        else:
            if line:
                line.cancel()
            device.rest()
        self._outbox.mark(name)

    async def _work(self, device: Device, before: "asyncio.Task[None] | None") -> None:
        if before:
            await asyncio.wait({before})
        device.begin(self._claims.before(device.name))
        await device.keep()

    async def _release(self, names: Iterable[str]) -> None:
        """Let go of devices, all at once: one that takes its time keeps none waiting."""
        gone = [name for name in names if name in self._devices]
        lines = {name: self._lines.pop(name) for name in gone if name in self._lines}
        for line in lines.values():
            line.cancel()
        if lines:
            await asyncio.wait(lines.values(), timeout=RELEASE_TIME)
        for name in gone:
            self._claims.remove(name)
            if name in self._lines:  # begun anew meanwhile
                self._lines.pop(name).cancel()
            del self._devices[name]
            self._outbox.mark(name)

    async def _listen(self, bus: Bus, publisher: Publisher, leftovers: Leftovers) -> None:
        async for message in bus.listen():
            about = bus.topics.parse(message.topic)
            if isinstance(about, OfDevice) and about.part in (DeviceTopic.COMMAND, DeviceTopic.SET):
                self._take_request(about, message)
            elif about:
                self._claims.note(about, message)
                leftovers.note(about, message)
                if isinstance(about, OfDevice) and about.part is DeviceTopic.META:
                    self._contradict(about.device, message, publisher)

    def _contradict(self, device: str, message: Message, publisher: Publisher) -> None:
        """Tell anew of a device of which another service says that it works with it."""
        if not (self._claims.contends(device) and self._claims.works(device) and message.payload):
            return
        with suppress(PayloadError):
            if read(DeviceMeta, message).service != self._id:
                publisher.tell_anew(device)
                self._outbox.mark(device)

    def _take_request(self, about: OfDevice, message: Message) -> None:
        device = self._devices.get(about.device)
        if device is None:
            return
        is_retained = self._is_retained(message)
        if not self._claims.holds(about.device):
            return  # for another to answer
        try:
            order = Order(about.part, about.name, read(Request, message))
        except PayloadError as error:
            logger.warning("dropped a bad payload: %s", error)
            device.refuse(
                Order(about.part, about.name, Request()), ResultStatus.INVALID, str(error)
            )
            return
        if is_retained:
            logger.warning("%s: a retained request is never carried out", message.topic)
            device.refuse(order, ResultStatus.REFUSED, "a retained request is never carried out")
        elif self._settings.driver.require_expiry and order.request.expires is None:
            device.refuse(order, ResultStatus.REFUSED, "it does not say when it expires")
        else:
            device.take(order)

    def _is_retained(self, message: Message) -> bool:
        """Tell whether a request was stored by the broker, or ends the storing of one.

        Who clears a retained command sends an empty message that looks like the command itself.
        """
        if message.retained:
            self._refused.add(message.topic)
            return True
        if message.topic in self._refused and not message.payload:
            self._refused.discard(message.topic)
            return True
        return False


def _told(device: Device) -> tuple[int, str]:
    return device.sequence, device.view.status if device.view else ""


async def _part(publisher: Publisher) -> None:
    await _said(publisher.part())


async def _said(words: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(PARTING_TIME):
            await words
    except* (BusError, TimeoutError) as errors:
        logger.warning("could not say goodbye to the bus: %s", errors.exceptions[0])
