"""Put many idle devices on the bus: `python -m benchmarks.busdevices BROKER COUNT`.

The other side of `benchmarks.playeddrivers`: the same devices, published as a driver service does,
with their heartbeats, spread evenly over time.
"""

import asyncio
import contextlib
import itertools
import sys
import time

from benchmarks.served import VARIABLES, names
from shared.bus import Bus, connect
from shared.messages import Availability, DeviceMeta, DeviceState, device_availability
from shared.presence import Identity
from shared.service_messages import ServiceInfo
from shared.settings import BusSettings
from shared.topics import ServiceKind

SERVICE = "benchmark"
HEARTBEAT = 5.0


async def publish(broker: str, count: int) -> None:
    """Announce the devices and repeat their states until cancelled."""
    devices = names(count)
    async with connect(BusSettings(broker=broker), Identity(ServiceKind.DRIVER, SERVICE)) as bus:
        meta = DeviceMeta(driver="benchmark", service=SERVICE, heartbeat=HEARTBEAT)
        for device in devices:
            await bus.publish(meta.publication(bus.topics, device))
            await bus.publish(_state(1).publication(bus.topics, device, urgent=True))
            await bus.publish(device_availability(bus.topics, device, Availability.ONLINE))
        info = ServiceInfo(version="1.0", host="benchmark", started=time.time(), devices=devices)
        await bus.publish(info.publication(bus.topics, ServiceKind.DRIVER, SERVICE))
        await bus.online()
        await _repeat(bus, devices)


async def _repeat(bus: Bus, devices: list[str]) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    for sequence in itertools.count(2):
        state = _state(sequence)
        for device in devices:
            due += HEARTBEAT / len(devices)
            await asyncio.sleep(due - loop.time())
            await bus.publish(state.publication(bus.topics, device, urgent=False))


def _state(sequence: int) -> DeviceState:
    return DeviceState(seq=sequence, at=time.time(), vars=VARIABLES)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(publish(sys.argv[1], int(sys.argv[2])))
