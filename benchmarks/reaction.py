"""How long it takes from a change of status until the host's shutdown command runs."""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator
from statistics import fmean

from benchmarks import nutbus
from benchmarks.playeddrivers import LINES
from benchmarks.programs import Programs, running
from benchmarks.progress import say
from benchmarks.report import Table, limit_row, percentile
from benchmarks.served import VARIABLES, names
from benchmarks.upsmon import POLL_INTERVAL, USERS, start_upsmon
from benchmarks.witness import Witness
from shared.bus import Bus, connect
from shared.messages import (
    Availability,
    DeviceMeta,
    DeviceState,
    availability_of,
    device_availability,
)
from shared.presence import Identity
from shared.service_messages import service_availability
from shared.settings import BusSettings
from shared.topics import ServiceKind, ServiceTopic, Topics
from tests.realnut import RealNut, Scripted

STATUS, LOW = "ups.status", "OB LB"
UPSMONS = 40
SLOT = POLL_INTERVAL / UPSMONS  # each change has its own, so that no part of a poll is missed
BATCHES, MONITORS = 4, 25
LONGEST_PAUSE = 0.2  # between the end of a monitor and the next change
SETTLED = 0.5  # seconds after the last monitor of a batch came online
START_TIMEOUT = 60.0
GIVE_UP = 30.0
LIMIT_MS = 50.0
SERVICE = "benchmark"
HEARTBEAT = 5.0


def reaction() -> Iterator[Table]:
    """Measure upsmon with upsd, and our monitor with Mosquitto, in simulated power cuts."""
    theirs = _theirs()
    say(f"upsmon: {fmean(theirs):.0f} ms on average until the shutdown command ran")
    ours = _ours()
    say(f"nutbus: p99 {percentile(ours, 99):.1f} ms until the shutdown command ran")
    header = ("milliseconds until it runs", "upsmon", "nutbus", "to reach", "reached")
    rows = (
        limit_row("mean", fmean(theirs), fmean(ours), None),
        limit_row("p50", percentile(theirs, 50), percentile(ours, 50), None),
        limit_row("p99", None, percentile(ours, 99), LIMIT_MS),
        limit_row("worst", max(theirs), max(ours), None),
    )
    title = f"From OB LB to the shutdown command ({len(theirs)} and {len(ours)} changes)"
    yield Table(title, header, rows)


def _theirs() -> list[float]:
    """Cut the power of many upsmon at random moments; return the milliseconds of each."""
    with running() as programs, Witness(programs.folder / "down") as witness:
        devices = names(UPSMONS)
        place = programs.folder / "upsd"
        place.mkdir()
        with RealNut(place, dict.fromkeys(devices, Scripted(LINES)), users=USERS) as nut:
            for device in devices:
                start_upsmon(programs, f"{device}@{nut.address}", witness.command(device))
            programs.until(lambda: _all_logged_in(nut), "not every upsmon logs in")
            say(f"{UPSMONS} upsmon are logged in")
            began = _cut_in_slots(nut)
            return [_milliseconds(witness, device, since) for device, since in began.items()]


def _cut_in_slots(nut: RealNut) -> dict[str, float]:
    """Cut the power of each device, in any order; return when."""
    began = {}
    slot_begins = time.perf_counter()
    for device in random.sample(list(nut.devices), len(nut.devices)):
        moment = slot_begins + random.uniform(0, SLOT)
        time.sleep(max(0.0, moment - time.perf_counter()))
        began[device] = time.perf_counter()
        nut.scripted(device).say(f'SETINFO {STATUS} "{LOW}"')
        slot_begins += SLOT
    return began


def _all_logged_in(nut: RealNut) -> bool:
    return all(nut.ask(f"GET NUMLOGINS {name}") == f"NUMLOGINS {name} 1" for name in nut.devices)


def _milliseconds(witness: Witness, name: str, since: float) -> float:
    milliseconds = (witness.await_down(name, GIVE_UP) - since) * 1000
    if milliseconds < 0:
        raise RuntimeError(f"{name} was shut down before its power was cut")
    return milliseconds


def _ours() -> list[float]:
    """Cut the power of our monitors, some at a time; return the milliseconds of each."""
    found = []
    devices = iter(names(BATCHES * MONITORS))
    with running() as programs:
        url, _ = nutbus.start_mosquitto(programs)
        with Witness(programs.folder / "down") as witness:
            while batch := list(itertools.islice(devices, MONITORS)):
                found += asyncio.run(Batch(programs, url, witness, batch).cut_each())
    return found


class Batch:
    """Some monitors, each with a UPS of its own, whose driver we play.

    Each pair has a prefix of its own, as if it were alone at the broker, so that a monitor which
    goes down is not heard, and slowed down, by all the others.
    """

    def __init__(self, programs: Programs, url: str, witness: Witness, devices: list[str]) -> None:
        self._programs = programs
        self._url = url
        self._witness = witness
        self._states = dict.fromkeys(devices, VARIABLES)
        self._topics = {device: Topics(device) for device in devices}
        self._sequence = itertools.count(1)

    async def cut_each(self) -> list[float]:
        """Start the monitors and cut the power of one after the other."""
        identity = Identity(ServiceKind.DRIVER, SERVICE)
        async with connect(BusSettings(broker=self._url), identity) as bus:
            await self._announce(bus)
            await self._start(bus)
            await asyncio.sleep(SETTLED)
            async with asyncio.TaskGroup() as tasks:
                heartbeats = tasks.create_task(self._repeat(bus))
                order = random.sample(list(self._states), len(self._states))
                found = [await self._cut(bus, device) for device in order]
                heartbeats.cancel()
        say(f"nutbus: {len(found)} monitors, worst {max(found):.1f} ms")
        return found

    async def _announce(self, bus: Bus) -> None:
        meta = DeviceMeta(driver="benchmark", service=SERVICE, heartbeat=HEARTBEAT)
        online = Availability.ONLINE
        for device, topics in self._topics.items():
            await bus.publish(meta.publication(topics, device))
            await self._say_state(bus, device, urgent=True)
            await bus.publish(device_availability(topics, device, online))
            await bus.publish(service_availability(topics, ServiceKind.DRIVER, SERVICE, online))

    async def _start(self, bus: Bus) -> None:
        """Start the monitors, and return when all of them hear their devices."""
        for device in self._states:
            command = self._witness.command(device)
            nutbus.start_monitor(self._programs, self._url, device, command)
        awaited = {
            topics.service(ServiceKind.MONITOR, device, ServiceTopic.AVAILABILITY)
            for device, topics in self._topics.items()
        }
        try:
            async with asyncio.timeout(START_TIMEOUT):
                async for message in bus.listen(*awaited):
                    if availability_of(message.payload) is Availability.ONLINE:
                        awaited.discard(message.topic)
                    if not awaited:
                        return
        except TimeoutError:
            complaint = f"{len(awaited)} monitors do not come online"
            raise self._programs.failure(complaint) from None

    async def _cut(self, bus: Bus, device: str) -> float:
        await asyncio.sleep(random.uniform(0, LONGEST_PAUSE))
        self._states[device] = {**VARIABLES, STATUS: LOW}
        began = time.perf_counter()
        await self._say_state(bus, device, urgent=True)
        milliseconds = await asyncio.to_thread(_milliseconds, self._witness, device, began)
        await asyncio.to_thread(self._programs.await_end, nutbus.monitor_name(device))
        return milliseconds

    async def _repeat(self, bus: Bus) -> None:
        while True:
            for device in self._states:
                await asyncio.sleep(HEARTBEAT / len(self._states))
                await self._say_state(bus, device, urgent=False)

    async def _say_state(self, bus: Bus, device: str, *, urgent: bool) -> None:
        values = self._states[device]
        state = DeviceState(seq=next(self._sequence), at=time.time(), vars=values)
        await bus.publish(state.publication(self._topics[device], device, urgent=urgent))
