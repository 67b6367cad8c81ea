"""Other devices on the bus, for drivers that derive a device from them.

The connection is a task of its own, begun by `open` and ended by `close`: it outlives the broker,
as that of every service does, and what it hears is level, not edge.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Final, Literal

from services.driver.contract import Site
from shared.bus import Bus
from shared.errors import (
    BusError,
    DeviceError,
    PayloadError,
    RefusedError,
    ResultStatus,
    SettingsError,
)
from shared.fleet import Device, Fleet
from shared.messages import Availability, Message, Request, Result, read
from shared.reconnecting import stay_connected
from shared.settings import BusSettings
from shared.topics import (
    NAME_RULE,
    DeviceTopic,
    OfDevice,
    ServiceKind,
    ServiceTopic,
    Topics,
    is_name,
)

REPLY_TIMEOUT = 20.0
PATIENCE = 60.0  # how long a device may take to come
CLOSE_TIMEOUT = 3.0
_PARTS: Final = (
    DeviceTopic.META,
    DeviceTopic.AVAILABILITY,
    DeviceTopic.FSD,
    DeviceTopic.STATE,
    DeviceTopic.RESULT,
)


def check_names(site: Site, most: int) -> tuple[str, ...]:
    """Read the names of devices from a port, with commas; SettingsError says what is wrong."""
    names = tuple(name.strip() for name in site.port.split(","))
    for name in names:
        if not is_name(name):
            raise SettingsError(f"port: {name!r} is no device on the bus: {NAME_RULE}")
        if name == site.device:
            raise SettingsError("port: a device cannot stand on itself")
    if len(names) > most:
        raise SettingsError(f"port: names {len(names)} devices, at most {most} can be")
    return names


class Devices:
    """Follows some devices on the bus and asks them to do things."""

    def __init__(self, settings: BusSettings, names: tuple[str, ...], by: str) -> None:
        self._settings = settings
        self._names = names
        self._by = by
        self._fleet = Fleet(Topics(settings.prefix))
        self._fleet.follow(self._note)
        self._changed = asyncio.Event()
        self._bus: Bus | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._results: dict[str, asyncio.Future[Result]] = {}

    async def open(self) -> None:
        """Begin to follow."""
        session = stay_connected(self._settings, None, self._session)
        self._keeping = asyncio.create_task(session, name=f"bus of {self._by}")

    async def close(self) -> None:
        """Leave the bus; never fails."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            await asyncio.wait({keeping}, timeout=CLOSE_TIMEOUT)

    def device(self, name: str) -> Device | None:
        """Tell what is known of a device now; None if it is not on the bus."""
        self._fleet.expire(_now())
        return self._fleet.devices.get(name)

    def variables(self, name: str) -> Mapping[str, str]:
        """Read all variables of a device; DeviceError if it cannot be relied on now."""
        device = self.device(name)
        standing = device.standing if device else Availability.OFFLINE
        if device is None or standing is not Availability.ONLINE:
            raise DeviceError(f"{name} is {standing}")
        return device.variables

    async def online(self, name: str) -> None:
        """Wait until a device can be relied on; DeviceError if that takes long."""

        def is_online() -> bool:
            device = self.device(name)
            return device is not None and device.standing is Availability.ONLINE

        try:
            async with asyncio.timeout(PATIENCE):
                await self.until(is_online)
        except TimeoutError:
            device = self.device(name)
            what = device.standing if device else "not on the bus"
            raise DeviceError(f"{name} is {what}") from None

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds of the devices; it is looked at after each change."""
        while not holds():
            await self.change()

    async def change(self) -> None:
        """Return once something changed since the last call."""
        await self._changed.wait()
        self._changed.clear()

    async def ask(
        self,
        name: str,
        part: Literal[DeviceTopic.COMMAND, DeviceTopic.SET],
        target: str,
        value: str | None,
    ) -> None:
        """Pass a request on and wait for its result; RefusedError says why it was declined."""
        bus = self._bus
        if bus is None:
            raise RefusedError(ResultStatus.FAILED, "the bus is not there")
        id = str(uuid.uuid4())
        request = Request(value=value, id=id, by=self._by, expires=time.time() + REPLY_TIMEOUT)
        self._results[id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(REPLY_TIMEOUT):
                await bus.publish(request.publication(bus.topics, name, part, target))
                result = await self._results[id]
        except TimeoutError:
            raise DeviceError(f"{name}: no result of {target} in {REPLY_TIMEOUT:.0f} s") from None
        except BusError as error:
            raise DeviceError(f"{name}: {target} could not be sent: {error}") from error
        finally:
            del self._results[id]
        if result.status is not ResultStatus.OK:
            raise RefusedError(result.status, result.detail or f"{name} declined it")

    async def _session(self, bus: Bus) -> None:
        self._fleet.begin_session(_now())
        self._bus = bus
        topics = bus.topics
        filters = [topics.device(name, part) for name in self._names for part in _PARTS]
        for part in (ServiceTopic.AVAILABILITY, ServiceTopic.INFO):
            filters.append(topics.every_service(part, ServiceKind.DRIVER))
        try:
            async for message in bus.listen(*filters):
                self._take(bus, message)
        finally:
            self._bus = None
            self._fleet.end_session()

    def _take(self, bus: Bus, message: Message) -> None:
        about = bus.topics.parse(message.topic)
        if not isinstance(about, OfDevice) or about.part is not DeviceTopic.RESULT:
            self._fleet.take(message, _now())
            return
        with contextlib.suppress(PayloadError):  # not one of ours: those are well-formed
            result = read(Result, message)
            waiting = self._results.get(result.id or "")
            if waiting and not waiting.done():
                waiting.set_result(result)

    def _note(self, _name: str, _device: Device | None) -> None:
        self._changed.set()


def _now() -> float:
    return asyncio.get_running_loop().time()
