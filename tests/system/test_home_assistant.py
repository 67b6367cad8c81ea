"""A real Home Assistant, its own MQTT and NUT integrations, and all of ours on a real broker."""

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncGenerator, Coroutine
from pathlib import Path
from typing import Any

import aionut
import pytest
import pytest_asyncio

from services.driver import app as driver
from services.driver.settings import DriverSettings
from services.gateway import app as gateway
from services.gateway.settings import GatewaySettings
from services.homeassistant import app as homeassistant
from services.homeassistant.settings import HomeAssistantSettings
from shared.bus import connect
from shared.latest import Latest
from shared.settings import BusSettings
from shared.topics import DeviceTopic
from tests.brokers import Mosquitto
from tests.homeassistants import UNAVAILABLE, VERSIONS, HomeAssistant
from tests.integration.watcher import Watcher
from tests.ports import free_port

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

RUNS: dict[str, Any] = {
    "driver": (driver.run, DriverSettings),
    "gateway": (gateway.run, GatewaySettings),
    "homeassistant": (homeassistant.run, HomeAssistantSettings),
}
# A PDU as its driver shows it: three outlets, of which one cannot be switched.
DUMPED = """\
device.mfr: EATON
device.model: ePDU MI 38U-A
device.type: pdu
input.voltage: 237.90
input.realpower: 96
outlet.count: 3
outlet.1.desc: Outlet A1
outlet.1.current: 0.26
outlet.1.realpower: 60
outlet.1.status: on
outlet.1.switchable: yes
outlet.2.desc: Outlet A2
outlet.2.realpower: 36
outlet.2.status: on
outlet.2.switchable: no
outlet.3.desc: Outlet A3
outlet.3.realpower: 0
outlet.3.status: off
outlet.3.switchable: yes
"""
DEVICES: dict[str, Any] = {
    "rack1": {"driver": "simulated", "desc": "Rack one", "speed": 20, "jitter": 0},
    "big": {"driver": "simulated", "power": 100_000, "realpower": 100_000, "load": 90, "jitter": 0},
    "pdu1": {"driver": "simulated", "kind": "pdu", "outlets": 4, "jitter": 0},
    "dumped": {"driver": "dummy-ups"},
}
USER, PASSWORD = "hass", "hidden"
SETTINGS = {
    "quiet_time": 0.3,
    "birth_delay": 0.5,
    "save_interval": 1,
    "allow_set": ["*"],
    "allow_power_off": ["outlet.*"],
}


class World:
    """The broker, our services, Home Assistant, and one who watches the bus."""

    def __init__(self, folder: Path, version: str) -> None:
        for name in ("broker", "home"):
            (folder / name).mkdir()
        self.broker = Mosquitto(folder / "broker")
        self.home = HomeAssistant(folder / "home", version)
        dump = folder / "dumped.dev"
        dump.write_text(DUMPED)
        DEVICES["dumped"]["port"] = str(dump)
        self.gateway_port = free_port()
        self.tables: dict[str, Any] = {
            "bus": {"broker": self.broker.url, "keepalive": 10},
            "driver": {"id": "test", "poll_interval": 0.1, "heartbeat": 1.0},
            "homeassistant": {"id": "test", "state_file": str(folder / "energy.json"), **SETTINGS},
            "gateway": {
                "listen": [f"127.0.0.1:{self.gateway_port}"],
                "users": {USER: {"password": PASSWORD, "actions": ["SET"], "instcmds": ["ALL"]}},
            },
        }
        self.names: dict[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, service: str, devices: dict[str, Any] = DEVICES) -> None:
        """Start one of our services; `more` is another driver."""
        kind = "driver" if service == "more" else service
        run, settings = RUNS[kind]
        tables = {"bus": self.tables["bus"], kind: self.tables[service]}
        if kind == "driver":
            tables["devices"] = devices
        work: Coroutine[Any, Any, None] = run(Latest(settings.from_tables(tables, "test")))
        self._tasks[service] = asyncio.create_task(work)

    async def stop(self, service: str) -> None:
        """Stop one of our services; what it raised is raised."""
        task = self._tasks.pop(service, None)
        if task is None:
            return
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncGenerator[Watcher]:
        """Watch the bus inside the block."""
        async with connect(BusSettings(broker=self.broker.url)) as bus:
            watcher = Watcher(bus)
            task = asyncio.create_task(watcher.listen())
            try:
                yield watcher
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def ask(
        self, device: str, part: DeviceTopic, name: str, value: str | None = None
    ) -> None:
        """Set a variable or send a command, as any client of the bus."""
        async with self.watching() as watcher:
            result = await watcher.ask(device, part, name, value=value)
            assert result.status == "ok", result

    async def write(self, device: str, name: str, value: str) -> None:
        """Set a variable."""
        await self.ask(device, DeviceTopic.SET, name, value)

    async def variable(self, device: str, name: str, value: str) -> None:
        """Wait until the driver says that a variable has a value."""
        async with self.watching() as watcher:
            await watcher.variable(device, name, value)

    async def announced(self) -> dict[str, dict[str, Any]]:
        """Return the discovery messages that the broker keeps, by the ids in their topics."""
        found: dict[str, dict[str, Any]] = {}
        async with connect(BusSettings(broker=self.broker.url)) as bus, asyncio.timeout(60.0):
            await bus.subscribe("homeassistant/device/+/config", "nut/service/driver/test/info")
            async for message in bus.listen():
                if not message.topic.startswith("homeassistant/"):
                    return found  # it sorts behind the others
                found[message.topic.split("/")[2]] = json.loads(message.payload)
        return found

    async def learn(self) -> None:
        """Learn what the entities are called."""
        known = await self.home.entities()
        self.names = {id: each["entity_id"] for id, each in known.items()}

    async def until_entities(self, expected: set[str]) -> None:
        """Wait until these entities are registered and no others."""
        found: set[str] = set()
        try:
            async with asyncio.timeout(120.0):
                while found != expected:
                    await asyncio.sleep(0.5)
                    found = set(await self.home.entities())
        except TimeoutError:
            lacks, has = sorted(expected - found), sorted(found - expected)
            raise AssertionError(
                f"lacks {len(lacks)} {lacks[:9]}, has {len(has)} {has[:9]}"
            ) from None

    def id(self, unique: str) -> str:
        """Name an entity by its unique id without nutbus_ in front."""
        return self.names[unique if unique.startswith("nutbus") else f"nutbus_{unique}"]

    def state(self, unique: str) -> str | None:
        """Say the state of an entity."""
        return self.home.state(self.id(unique))

    async def until(self, unique: str, *wanted: str) -> None:
        """Wait until an entity has one of some states."""
        await self.home.until_state(self.id(unique), *wanted)

    async def act(self, service: str, unique: str, **data: Any) -> None:
        """Do something to an entity."""
        await self.home.act(service, self.id(unique), **data)


SENSITIVITY = "rack1_set-select-input_sensitivity"
OUTLET = "nutbus-outlet-1_pdu1_switch-power"
LEAST = 150  # of entities


async def until_shown(world: World) -> None:
    """Wait until all entities that our messages name are there, with those of every device."""
    async with asyncio.timeout(120.0):
        while True:
            named = {unique for unique, *_ in described(await world.announced())}
            await world.learn()
            devices = {unique.split("_")[1] for unique in named}
            if named <= world.names.keys() and devices == set(DEVICES) and len(named) > LEAST:
                break
            await asyncio.sleep(0.5)
    standing = [f"{device}_is-communicating" for device in DEVICES]
    await world.home.until(lambda: all(world.state(unique) == "on" for unique in standing))


def described(announced: dict[str, dict[str, Any]]) -> set[tuple[str, str, bool]]:
    """List the entities in discovery messages: unique id, kind, and whether they are on."""
    return {
        (each["uniq_id"], each["p"], each.get("en", True))
        for message in announced.values()
        for each in message["cmps"].values()
    }


OLDER = [pytest.param(version, marks=pytest.mark.nightly) for version in VERSIONS[:-1]]


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", name="world", params=[VERSIONS[-1], *OLDER]
)
async def a_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[World]:
    world = World(tmp_path_factory.mktemp("world"), request.param)
    try:
        await world.broker.start()
        for service in RUNS:
            world.start(service)
        await world.home.start()
        await world.home.set_up_mqtt(world.broker.port)
        await until_shown(world)
        yield world
    finally:
        await world.home.stop()
        for service in (*RUNS, "more"):
            await world.stop(service)
        await world.broker.stop()


async def test_it_makes_all_the_entities_that_our_messages_name_and_no_others(world: World):
    announced = await world.announced()
    expected = described(announced)
    listed = (await world.home.entities()).values()
    found = {
        (each["unique_id"], each["entity_id"].partition(".")[0], each["disabled_by"] is None)
        for each in listed
        if each["platform"] == "mqtt"
    }
    assert found == expected
    assert len(found) > LEAST
    devices = await world.home.ask("config/device_registry/list")
    ids = [identifier for device in devices for identifier in device["identifiers"]]
    shown = {id for domain, id in ids if domain == "mqtt"}
    assert shown == set(announced)
    by_id = {device["id"]: device for device in devices}
    behind = {
        device["name"]: by_id[device["via_device_id"]]["name"]
        for device in devices
        if device["via_device_id"]
    }
    assert behind["dumped Outlet A1"] == "dumped"


async def test_every_entity_that_is_on_has_the_value_that_the_driver_says(world: World):
    async with world.watching() as watcher:
        for device in DEVICES:
            await watcher.available(device)
        assert await world.home.until(lambda: shown(world) == said(watcher))
    # Buttons and events have no state until something happened; a text may be that word.
    without = ("button", "event", "text")
    unknown = {
        unique: world.state(unique)
        for unique, entity in world.names.items()
        if unique.startswith("nutbus")
        and entity.partition(".")[0] not in without
        and not unique.endswith("_ups_alarm")  # there is none
        and world.state(unique) in ("unknown", UNAVAILABLE)
    }
    assert not unknown


SAME = {
    "dumped_input_voltage": "input.voltage",
    "big_battery_runtime": "battery.runtime",
    "big_ups_load": "ups.load",
    "pdu1_input_voltage": "input.voltage",
}


def shown(world: World) -> dict[str, float]:
    return {unique: number(world.state(unique)) for unique in SAME}


def said(watcher: Watcher) -> dict[str, float]:
    found = {}
    for unique, variable in SAME.items():
        heard = watcher.variables(unique.partition("_")[0])
        found[unique] = float(heard.get(variable, "nan"))  # equal to nothing
    return found


async def test_it_follows_a_power_cut_and_tells_of_the_event(world: World):
    assert world.state("rack1_is-on-battery") == "off"
    await world.write("rack1", "input.voltage", "0")
    await world.until("rack1_is-on-battery", "on")
    await world.home.until(lambda: event(world) == "ONBATT")
    await world.until("rack1_input_voltage", "0", "0.0")
    await world.write("rack1", "input.voltage", "230")
    await world.until("rack1_is-on-battery", "off")
    await world.home.until(lambda: event(world) == "ONLINE")


def event(world: World) -> str:
    state = world.home.states[world.id("rack1_event")]
    return str(state["attributes"].get("event_type"))


async def test_its_button_begins_a_battery_test(world: World):
    await world.act("button.press", "rack1_command-test_battery_start_quick")
    await world.until("rack1_is-test", "on")
    await world.until("rack1_is-test", "off")


async def test_its_switch_turns_an_outlet_off_and_on(world: World):
    for service, status in (("switch.turn_off", "off"), ("switch.turn_on", "on")):
        await world.act(service, OUTLET)
        await world.variable("pdu1", "outlet.1.status", status)
        await world.until(OUTLET, status)


async def test_its_fields_set_numbers_words_and_texts(world: World):
    await world.act("number.set_value", "rack1_set-number-battery_charge_low", value=33)
    await world.variable("rack1", "battery.charge.low", "33")
    await world.home.until(lambda: number(world.state("rack1_set-number-battery_charge_low")) == 33)
    for service, data, unique, variable, value in (
        ("select.select_option", {"option": "low"}, SENSITIVITY, "input.sensitivity", "low"),
        ("text.set_value", {"value": "Ann"}, "rack1_set-text-ups_id", "ups.id", "Ann"),
        ("switch.turn_off", {}, "rack1_switch-beeper", "ups.beeper.status", "disabled"),
    ):
        await world.act(service, unique, **data)
        await world.variable("rack1", variable, value)
        await world.until(unique, "off" if value == "disabled" else value)


async def test_its_nut_integration_reads_our_gateway_and_sends_commands(world: World):
    address = {"host": "127.0.0.1", "port": world.gateway_port}
    login = {"username": USER, "password": PASSWORD}
    await world.home.set_up("nut", {**address, **login}, {"alias": "rack1"})
    entities = await world.home.ask("config/entity_registry/list")
    nut = {
        each["unique_id"].rpartition("_")[2]: each for each in entities if each["platform"] == "nut"
    }
    assert {"input.voltage", "ups.load", "ups.status", "battery.charge"} <= nut.keys()
    voltage = nut["input.voltage"]["entity_id"]
    await world.home.until(lambda: number(world.home.state(voltage)) == 230.0)
    words = nut["ups.status.display"]["entity_id"]
    await world.home.until(lambda: str(world.home.state(words)).startswith("Online"))
    for action, status in (("beeper_disable", "disabled"), ("beeper_enable", "enabled")):
        device = nut["ups.load"]["device_id"]
        sequence = [{"domain": "nut", "device_id": device, "type": action}]
        await world.home.ask("execute_script", sequence=sequence)
        await world.variable("rack1", "ups.beeper.status", status)


async def test_aionut_reads_the_same_as_the_bus_has(world: World):
    client = aionut.AIONUTClient("127.0.0.1", world.gateway_port, USER, PASSWORD)
    try:
        names = await client.list_ups()
        assert set(names) == set(DEVICES)
        variables = await client.list_vars("dumped")
        assert variables["outlet.1.desc"] == "Outlet A1"
        assert "test.battery.start.quick" in await client.list_commands("rack1")
        await client.run_command("rack1", "beeper.disable")
    finally:
        client.shutdown()
    await world.variable("rack1", "ups.beeper.status", "disabled")


async def test_entities_are_unavailable_while_the_driver_is_gone(world: World):
    await world.stop("driver")
    await world.until("rack1_is-on-battery", UNAVAILABLE)
    await world.until("pdu1_input_voltage", UNAVAILABLE)
    await world.until("rack1_is-communicating", "off")
    world.start("driver")
    await world.until("rack1_is-on-battery", "off")
    await world.until("rack1_is-communicating", "on")
    await world.until("pdu1_input_voltage", "230.0")


async def test_entities_come_back_after_the_broker_does(world: World):
    await world.broker.stop()
    await world.until("rack1_is-on-battery", UNAVAILABLE)
    await world.broker.start()
    await world.until("rack1_is-on-battery", "off")
    await world.write("rack1", "input.voltage", "0")
    await world.until("rack1_is-on-battery", "on")
    await world.write("rack1", "input.voltage", "230")
    await world.until("rack1_is-on-battery", "off")


async def test_energy_grows_and_is_kept_over_a_restart_of_our_service(world: World):
    before = energy(world)
    await world.home.until(lambda: energy(world) > before)
    await world.stop("homeassistant")
    await world.until("big_energy", UNAVAILABLE)
    await world.until("big_ups_load", "90")  # only what our service itself says is gone
    world.start("homeassistant")
    await world.home.until(lambda: energy(world) > before)
    assert energy(world) < before + 10


def energy(world: World) -> float:
    return number(world.state("big_energy"))


def number(state: str | None) -> float:
    """Read the state of a sensor; what is not known equals, and is greater than, nothing."""
    with contextlib.suppress(TypeError, ValueError):
        return float(state)  # type: ignore[arg-type]  # None is no number either
    return math.nan


async def test_all_is_as_it_was_after_home_assistant_itself_was_restarted(world: World):
    before = await world.home.entities()
    states = set(world.home.states)
    await world.home.stop()
    await world.write("rack1", "input.voltage", "0")
    await world.home.start()
    await world.until("rack1_is-on-battery", "on")
    await world.home.until(lambda: states <= set(world.home.states), "all entities")
    assert set(await world.home.entities()) == set(before)
    await world.write("rack1", "input.voltage", "230")
    await world.until("rack1_is-on-battery", "off")
    assert energy(world) > 0


@pytest.mark.parametrize("count", [12, pytest.param(60, marks=pytest.mark.nightly)])
async def test_many_devices_appear_at_once_and_go_again(world: World, count: int):
    before = set(await world.home.entities())
    many = {f"many{number}": DEVICES["dumped"] for number in range(count)}
    world.tables["more"] = {**world.tables["driver"], "id": "more"}
    world.start("more", many)
    expected = before | {
        unique.replace("dumped", name)
        for unique in before
        if unique.startswith("nutbus") and unique.split("_")[1] == "dumped"
        for name in many
    }
    await world.until_entities(expected)
    await world.stop("more")
    world.start("more", {"many0": many["many0"]})
    await world.until_entities(before | {unique for unique in expected if "_many0_" in unique})
    await world.stop("more")
    world.start("more", {})
    await world.until_entities(before)
    await world.stop("more")


async def test_it_had_nothing_to_complain_of(world: World):
    lost = "homeassistant.components.mqtt.client: Error returned from MQTT server: "
    said = [line for line in world.home.complaints("mqtt") if not line.startswith(lost)]
    assert not said
    assert not world.home.complaints("nut")
    assert not world.home.complaints("template")
