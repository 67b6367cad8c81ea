"""Put busy devices on the bus: `python -m benchmarks.busychanges BROKER COUNT`.

As `benchmarks.busdevices`, but what is measured changes with each state, as it does in life.
"""

import asyncio
import contextlib
import itertools
import random
import sys
import time

from benchmarks.served import VARIABLES, names
from shared.bus import connect
from shared.messages import Availability, DeviceMeta, DeviceState, device_availability
from shared.presence import Identity
from shared.service_messages import ServiceInfo
from shared.settings import BusSettings
from shared.topics import ServiceKind

SERVICE = "busy"
INTERVAL = 5.0
WANDERING = {
    "input.voltage": (225.0, 235.0),
    "output.voltage": (229.0, 231.0),
    "battery.voltage": (27.0, 27.4),
    "ups.load": (28.0, 32.0),
    "ups.temperature": (28.0, 30.0),
    "battery.runtime": (1500.0, 1600.0),
}


async def publish(broker: str, count: int) -> None:
    """Announce the devices and say their states until cancelled."""
    devices = names(count)
    async with connect(BusSettings(broker=broker), Identity(ServiceKind.DRIVER, SERVICE)) as bus:
        meta = DeviceMeta(driver="benchmark", service=SERVICE, heartbeat=INTERVAL)
        for device in devices:
            await bus.publish(meta.publication(bus.topics, device))
            await bus.publish(_state(1).publication(bus.topics, device, urgent=True))
            await bus.publish(device_availability(bus.topics, device, Availability.ONLINE))
        info = ServiceInfo(version="1.0", host="benchmark", started=time.time(), devices=devices)
        await bus.publish(info.publication(bus.topics, ServiceKind.DRIVER, SERVICE))
        await bus.online()
        due = asyncio.get_running_loop().time()
        for sequence in itertools.count(2):
            for device in devices:
                due += INTERVAL / count
                await asyncio.sleep(due - asyncio.get_running_loop().time())
                await bus.publish(_state(sequence).publication(bus.topics, device, urgent=False))


def _state(sequence: int) -> DeviceState:
    measured = {name: f"{random.uniform(*ends):.1f}" for name, ends in WANDERING.items()}
    return DeviceState(seq=sequence, at=time.time(), vars=VARIABLES | measured)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(publish(sys.argv[1], int(sys.argv[2])))
