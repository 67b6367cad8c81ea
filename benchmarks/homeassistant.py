"""How long it takes from a change at a device until Home Assistant shows it, and to show many."""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import mqttframes, nutbus
from benchmarks.programs import Programs, running
from benchmarks.progress import say
from benchmarks.report import Table, figure, limit_row, percentile
from benchmarks.served import VARIABLES, names
from shared.bus import connect
from shared.settings import BusSettings
from shared.topics import DeviceTopic, DiscoveryTopics, ServiceKind, ServiceTopic, Topics
from tests.homeassistants import NEWEST, HomeAssistant

CHANGES = 300
LONGEST_PAUSE = 0.1  # between two changes, at random, so that no cycle is met at one point only
GIVE_UP = 10.0
LIMIT_MS = 200.0
DEVICES = 500
PATIENCE = 600.0
CHECK_INTERVAL = 2.0
LONG_INTERVAL = 10.0  # to list all entities is work for it
VARIABLE = "battery.charge"
ENTITY = "battery_charge"
INITIAL = VARIABLES[VARIABLE]
DRIVER = "many"


@dataclass(frozen=True, slots=True)
class Shown:
    """What Home Assistant has of many devices, what our messages name, and after how long."""

    found: int
    expected: int
    seconds: float


def homeassistant() -> Iterator[Table]:
    """Measure the delay with one device, then how many more appear."""
    with running() as programs:
        delays, shown = asyncio.run(_measured(programs))
    rows = [
        limit_row(
            f"from a change to state_changed, ms: {name}", None, percentile(delays, part), most
        )
        for name, part, most in (("p50", 50, None), ("p99", 99, LIMIT_MS), ("worst", 100, None))
    ]
    lost = shown.expected - shown.found
    rows += [
        limit_row(f"entities of {DEVICES} devices that are missing", None, lost, 0),
        limit_row("seconds until all of them are there", None, shown.seconds, None),
    ]
    title = f"Home Assistant {NEWEST} by MQTT ({CHANGES} changes; {DEVICES} devices)"
    note = f"Those devices have {figure(shown.expected)} entities."
    yield Table(title, ("", "upsd", "nutbus", "to reach", "reached"), tuple(rows), note)


async def _measured(programs: Programs) -> tuple[list[float], Shown]:
    broker, _ = nutbus.start_mosquitto(programs)
    first, *others = names(DEVICES + 1)
    nutbus.start_driver(programs, broker, [first])
    section = {"id": "benchmark", "state_file": str(programs.folder / "energy.json")}
    nutbus.start_service(
        programs, "homeassistant", {"bus": {"broker": broker}, "homeassistant": section}
    )
    folder = programs.folder / "home"
    folder.mkdir()
    home = HomeAssistant(folder)
    home.patience = PATIENCE / 2
    try:
        await home.start()
        await home.set_up_mqtt(int(broker.rpartition(":")[2]))
        say(f"Home Assistant {NEWEST} has started")
        delays = await _delays(home, broker, first)
        say(f"p99 {percentile(delays, 99):.1f} ms until Home Assistant showed a change")
        nutbus.start_driver(programs, broker, others, id=DRIVER)
        shown = await _shown(home, broker, others)
        say(f"{shown.found} of {shown.expected} entities after {shown.seconds:.0f} s")
    finally:
        await home.kill()  # to say good-bye to so many takes it long
    return delays, shown


async def _delays(home: HomeAssistant, broker: str, device: str) -> list[float]:
    """Change a variable again and again; return the milliseconds until its entity changed."""
    unique = f"nutbus_{device}_{ENTITY}"
    async with asyncio.timeout(PATIENCE):
        while unique not in (entities := await home.entities()):
            await asyncio.sleep(CHECK_INTERVAL)
    entity = entities[unique]["entity_id"]
    await home.until_state(entity, INITIAL)
    topic = Topics().device(device, DeviceTopic.SET, VARIABLE)
    home.changes = asyncio.Queue()
    found = []
    with mqttframes.connected(broker) as line:
        for number in range(CHANGES):
            await asyncio.sleep(random.uniform(0, LONGEST_PAUSE))
            value = str(number % 80 + 10)
            began = time.perf_counter()
            line.sendall(mqttframes.publish(topic, value.encode()))
            found.append((await _seen(home.changes, entity, value) - began) * 1000)
    home.changes = None
    return found


async def _seen(
    changes: asyncio.Queue[tuple[float, dict[str, dict[str, str]]]], entity: str, value: str
) -> float:
    """Wait for the change of an entity to a value and say when it came."""
    async with asyncio.timeout(GIVE_UP):
        while True:
            at, change = await changes.get()
            new = change["new_state"]
            if new and new["entity_id"] == entity and new["state"] == value:
                return at


async def _shown(home: HomeAssistant, broker: str, devices: list[str]) -> Shown:
    """Wait until all that is announced of some devices is there, or does not get more."""
    began = time.monotonic()
    wanted = set(devices)
    found: set[str] = set()
    expected: set[str] = set()
    grown = began
    while time.monotonic() - grown < PATIENCE / 5:
        await asyncio.sleep(LONG_INTERVAL)
        announced = await _announced(broker)
        expected = {unique for unique in announced if _device(unique) in wanted}
        now = {unique for unique in await home.entities() if _device(unique) in wanted}
        if len(now) > len(found):
            grown, found = time.monotonic(), now
        if expected == found and wanted == {_device(unique) for unique in expected}:
            return Shown(len(found), len(expected), time.monotonic() - began)
    return Shown(len(found), len(expected), grown - began)


def _device(unique: str) -> str:
    return unique.split("_")[1] if unique.startswith("nutbus") else ""


async def _announced(broker: str) -> set[str]:
    """Return the unique ids in all discovery messages that the broker keeps."""
    topics, found = DiscoveryTopics(), set()
    last = Topics().service(ServiceKind.DRIVER, DRIVER, ServiceTopic.INFO)
    async with connect(BusSettings(broker=broker)) as bus, asyncio.timeout(PATIENCE):
        await bus.subscribe(topics.every_device)
        await bus.subscribe(last)  # what the broker keeps comes in the order of the filters
        async for message in bus.listen():
            if message.topic == last:
                break
            components = json.loads(message.payload)["cmps"].values()
            found |= {each["uniq_id"] for each in components}
    return found
