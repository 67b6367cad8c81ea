"""What the operator asks of devices on the bus: data in, data out; text is made in `render`."""

import time
from typing import Literal

from services.console.live import view, who
from shared.errors import PowerError, ResultStatus
from shared.fleet import Device, Fleet
from shared.messages import ForcedShutdown, Result, clearing
from shared.retaining import retain
from shared.settings import BusSettings
from shared.topics import DeviceTopic


class NotFoundError(PowerError):
    """What was asked for is not on the bus."""


async def devices(settings: BusSettings) -> list[Device]:
    """List the devices that are announced on the bus."""
    async with view(settings) as seen:
        return [seen.fleet.devices[name] for name in seen.fleet.names()]


async def device(settings: BusSettings, name: str) -> Device:
    """Find one device by its name."""
    async with view(settings) as seen:
        return found(seen.fleet, name)


async def request(
    settings: BusSettings,
    name: str,
    part: Literal[DeviceTopic.COMMAND, DeviceTopic.SET],
    target: str,
    value: str | None,
    timeout: float,  # noqa: ASYNC109 -- handed on to the wait for the result
) -> Result:
    """Send a command or a setting to a device and bring its result."""
    async with view(settings, DeviceTopic.RESULT) as seen:
        device = found(seen.fleet, name)
        if not device.service_online:
            service = device.meta.service if device.meta else "?"
            raise NotFoundError(f"{name}: its driver service {service} is not running")
        return await seen.request(name, part, target, value, timeout)


async def force_shutdown(settings: BusSettings, name: str, reason: str, *, clear: bool) -> str:
    """Set or clear the FSD of a device; say what was done."""
    async with view(settings) as seen:
        device = found(seen.fleet, name)
        topics = seen.bus.topics
        if clear:
            await seen.bus.publish(clearing(topics.device(name, DeviceTopic.FSD)))
            return "cleared" if device.fsd else "there was none"
        order = ForcedShutdown(by=who(), at=time.time(), reason=reason)
        await retain(seen.bus, order.publication(topics, name))
        return "set: the hosts that it feeds shut down now"


def variable(device: Device, name: str) -> str:
    """Read one variable of a device."""
    if name not in device.variables:
        raise NotFoundError(f"{device.name} has no variable {name}; see: nutbus get {device.name}")
    return device.variables[name]


def found(fleet: Fleet, name: str) -> Device:
    """Find a device that is announced; the error names those that are."""
    if name in fleet.devices and fleet.devices[name].meta:
        return fleet.devices[name]
    known = ", ".join(fleet.names()[:10]) or "none at all"
    raise NotFoundError(f"no device {name} on the bus; there are: {known}")


def succeeded(result: Result) -> bool:
    """Tell whether the device did what it was asked."""
    return result.status is ResultStatus.OK
