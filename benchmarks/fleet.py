"""A thousand dummy devices in one driver service: how long they take to start, and their memory."""

import asyncio
import time
from collections.abc import Callable, Iterator

from benchmarks import nutbus, upsd
from benchmarks.programs import resident_kilobytes, running
from benchmarks.progress import say
from benchmarks.report import TIMES, Table, limit_row
from benchmarks.served import names
from shared.bus import connect
from shared.messages import Availability, availability_of
from shared.settings import BusSettings
from shared.topics import DeviceTopic, OfDevice, OfService, ServiceKind, ServiceTopic

MANY = 1000
ONE = "single"
SETTLED = 10.0  # seconds after the last device came online until memory is read
START_TIMEOUT = 60.0
DUMMIES = 3  # real dummy-ups that are started, one after the other
LIMIT_SECONDS, LIMIT_KB = 10.0, 100.0


def fleet() -> Iterator[Table]:
    """Measure the driver service with and without a topic for each variable."""
    seconds, kilobytes = _dummies()
    rows = []
    for variables in (True, False):
        ours = _driver_service(variables)
        how = f"publish_variables = {str(variables).lower()}"
        rows += [
            limit_row(f"{how}: start, s", seconds * MANY, ours[0], LIMIT_SECONDS),
            limit_row(f"{how}: memory of each, KB", kilobytes, ours[1], LIMIT_KB),
        ]
    header = (
        "1 000 dummy devices",
        f"1 000 {TIMES} dummy-ups",
        "one driver service",
        "to reach",
        "reached",
    )
    note = (
        f"dummy-ups: {DUMMIES} were started in turn; the seconds are a thousand times their mean."
    )
    yield Table("A thousand devices", header, tuple(rows), note)


def _dummies() -> tuple[float, float]:
    """Return the seconds that a dummy-ups takes to start, and its kilobytes."""
    devices = names(DUMMIES)
    with running() as programs:
        upsd.write_dummies(programs.folder, devices)
        began = time.perf_counter()
        processes = [upsd.start_dummy(programs, device) for device in devices]
        seconds = (time.perf_counter() - began) / DUMMIES
        kilobytes = sum(map(resident_kilobytes, processes)) / DUMMIES
    say(f"dummy-ups: {seconds:.2f} s, {kilobytes:.0f} KB")
    return seconds, kilobytes


def _driver_service(variables: bool) -> tuple[float, float]:
    """Return the seconds from the start until all are online, and the kilobytes of each."""
    with running() as programs:
        broker, _ = nutbus.start_mosquitto(programs)
        one = nutbus.start_driver(programs, broker, [ONE], id="one", variables=variables)
        many = []

        def start() -> None:
            devices = names(MANY)
            many.append(
                nutbus.start_driver(programs, broker, devices, id="many", variables=variables)
            )

        seconds = asyncio.run(_seconds_to_online(broker, start))
        say(f"driver service, publish_variables {variables}: all online after {seconds:.1f} s")
        time.sleep(SETTLED)
        kilobytes = (resident_kilobytes(many[0]) - resident_kilobytes(one)) / (MANY - 1)
    say(f"driver service, publish_variables {variables}: {kilobytes:.0f} KB a device")
    return seconds, kilobytes


async def _seconds_to_online(broker: str, start: Callable[[], None]) -> float:
    async with asyncio.timeout(START_TIMEOUT), connect(BusSettings(broker=broker)) as bus:
        await bus.subscribe(
            bus.topics.every_device(DeviceTopic.AVAILABILITY),
            bus.topics.every_service(ServiceTopic.AVAILABILITY, ServiceKind.DRIVER),
        )
        awaited = {*names(MANY), "many"}
        began = time.perf_counter()
        start()
        async for message in bus.listen():
            about = bus.topics.parse(message.topic)
            if availability_of(message.payload) is not Availability.ONLINE:
                continue
            if isinstance(about, OfDevice):
                awaited.discard(about.device)
            elif isinstance(about, OfService):
                awaited.discard(about.id)
            if not awaited:
                break
        return time.perf_counter() - began
