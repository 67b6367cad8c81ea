"""The Home Assistant service with a real broker and a real driver service."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from services.homeassistant.app import run
from services.homeassistant.settings import HomeAssistantSettings
from shared.bus import Bus, connect
from shared.latest import Latest
from shared.messages import Publication
from shared.settings import BusSettings
from tests.integration.watcher import driver_settings, driving
from tests.unit.homeassistant.devices import rendered

pytestmark = pytest.mark.integration

TIMEOUT = 40.0
UPS = {"driver": "simulated", "port": "auto", "kind": "ups", "desc": "Rack 1"}
PDU = {"driver": "simulated", "port": "auto", "kind": "pdu", "outlets": 2}
AVAILABILITY = "nut/service/homeassistant/ha/availability"
FOREIGN = "homeassistant/device/0x00158d/config"


class House:
    """Stands where Home Assistant stands: hears discovery and states, renders, gives orders."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.now: dict[str, bytes] = {}
        self.heard: list[tuple[str, bytes]] = []
        self._new = asyncio.Event()

    async def listen(self) -> None:
        async for message in self.bus.listen("nut/#", "homeassistant/#"):
            self.heard.append((message.topic, message.payload))
            self.now[message.topic] = message.payload
            self._new.set()
            self._new = asyncio.Event()

    async def until(self, condition, what="came true"):
        try:
            async with asyncio.timeout(TIMEOUT):
                while not (value := condition()):
                    await self._new.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"never {what}; on the bus: {sorted(self.now)}") from None

    def message(self, id: str) -> dict[str, Any] | None:
        payload = self.now.get(f"homeassistant/device/{id}/config")
        return json.loads(payload) if payload else None

    async def found(self, *ids: str) -> None:
        await self.until(lambda: all(self.message(id) for id in ids), f"found {ids}")

    async def gone(self, id: str) -> None:
        topic = f"homeassistant/device/{id}/config"
        await self.until(lambda: self.now.get(topic) == b"", f"{id} gone")

    def entity(self, id: str, key: str) -> dict[str, Any]:
        message = self.message(id)
        assert message is not None
        found: dict[str, Any] = message["cmps"][key]
        return found

    def state(self, id: str, key: str) -> str:
        """Render the state of an entity as Home Assistant would show it."""
        entity = self.entity(id, key)
        payload = self.now.get(entity["stat_t"])
        return "" if payload is None else rendered(entity["val_tpl"], payload.decode())

    def is_available(self, id: str, key: str) -> bool:
        message = self.message(id)
        assert message is not None
        topics = message["cmps"][key].get("avty", message["avty"])
        said = [rendered(each["val_tpl"], self.now.get(each["t"], b"").decode()) for each in topics]
        return all(each == "online" for each in said)

    async def shows(self, id: str, key: str, state: str) -> None:
        await self.until(lambda: self.state(id, key) == state, f"{key} of {id} was {state}")

    async def orders(self, id: str, key: str, value: str) -> None:
        entity = self.entity(id, key)
        payload = rendered(entity["cmd_tpl"], value) if "cmd_tpl" in entity else value
        await self.says(entity["cmd_t"], payload)

    async def says(self, topic: str, payload: str, *, retain: bool = False) -> None:
        await self.bus.publish(Publication(topic, payload.encode(), 1, retain))

    def times(self, id: str) -> int:
        topic = f"homeassistant/device/{id}/config"
        return sum(1 for heard, _ in self.heard if heard == topic)


@contextlib.asynccontextmanager
async def running(work: Any) -> AsyncGenerator[None]:
    """Run a coroutine inside the block; what it raises is raised."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def housing(url: str) -> AsyncGenerator[House]:
    async with connect(BusSettings(broker=url)) as bus:
        house = House(bus)
        async with running(house.listen()):
            yield house


@pytest.fixture
async def house(broker) -> AsyncGenerator[House]:
    async with housing(broker.url) as house:
        yield house


def written(url: str, folder: Path, **section: Any) -> dict[str, Any]:
    """Settings as a file would say them."""
    usual = {
        "id": "ha",
        "state_file": str(folder / "state" / "energy.json"),
        "quiet_time": 0.3,
        "birth_delay": 0.1,
        "rate": 1000,
    }
    return {"bus": {"broker": url, "keepalive": 10}, "homeassistant": usual | section}


@pytest.fixture
def tables(broker, tmp_path):
    def write(**section: Any) -> dict[str, Any]:
        return written(broker.url, tmp_path, **section)

    return write


def serving(tables: dict[str, Any]) -> Any:
    return running(run(Latest(HomeAssistantSettings.from_tables(tables, "test"))))


@pytest.fixture
def drivers(broker, tmp_path):
    def settings(**devices: dict[str, Any]) -> Any:
        return driver_settings(broker.url, tmp_path, devices)

    return settings


@pytest.fixture
def soon_settled(monkeypatch):
    """What is retained arrives at once here: do not wait for it as long as in the field."""
    monkeypatch.setattr("services.homeassistant.link.SETTLE_TIME", 1.0)


async def test_a_ups_appears_and_its_power_cut_is_seen(house, drivers, tables):
    async with driving(drivers(rack1=UPS)), serving(tables()):
        await house.found("nutbus_rack1")
        await house.shows("nutbus_rack1", "is-on-battery", "OFF")
        assert house.state("nutbus_rack1", "status-words") == "on line power"
        assert house.is_available("nutbus_rack1", "battery_charge")
        await house.says("nut/device/rack1/set/input/voltage", "0")
        await house.shows("nutbus_rack1", "is-on-battery", "ON")
        event = house.entity("nutbus_rack1", "event")
        payload = await house.until(lambda: house.now.get(event["stat_t"]))
        assert json.loads(rendered(event["val_tpl"], payload.decode()))["event_type"] == "ONBATT"


async def test_every_broker_does(any_broker, tmp_path):
    url = any_broker.url
    settings = written(url, tmp_path, allow_power_off=["outlet.*"])
    driver = driver_settings(url, tmp_path, {"pdu1": PDU})
    async with driving(driver), serving(settings), housing(url) as house:
        await house.found("nutbus_pdu1", "nutbus-outlet-1_pdu1")
        await house.shows("nutbus-outlet-1_pdu1", "switch-power", "ON")
        await house.orders("nutbus-outlet-1_pdu1", "switch-power", "off")
        await house.shows("nutbus-outlet-1_pdu1", "switch-power", "OFF")


async def test_a_button_starts_a_battery_test(house, drivers, tables):
    async with driving(drivers(rack1=UPS)), serving(tables()):
        await house.found("nutbus_rack1")
        button = house.entity("nutbus_rack1", "command-test_battery_start_quick")
        await house.says(button["cmd_t"], button["pl_prs"])
        result = await house.until(lambda: house.now.get("nut/device/rack1/result"))
        assert json.loads(result).items() >= {"status": "ok", "by": "Home Assistant"}.items()
        await house.shows("nutbus_rack1", "is-test", "ON")


async def test_the_beeper_is_switched(house, drivers, tables):
    async with driving(drivers(rack1=UPS)), serving(tables()):
        await house.found("nutbus_rack1")
        await house.shows("nutbus_rack1", "switch-beeper", "ON")
        await house.orders("nutbus_rack1", "switch-beeper", "off")
        await house.shows("nutbus_rack1", "switch-beeper", "OFF")


async def test_an_outlet_is_switched_once_that_is_allowed(house, drivers, tables):
    async with driving(drivers(pdu1=PDU)), serving(tables(allow_power_off=["outlet.*"])):
        await house.found("nutbus_pdu1", "nutbus-outlet-1_pdu1", "nutbus-outlet-2_pdu1")
        await house.shows("nutbus-outlet-1_pdu1", "switch-power", "ON")
        await house.orders("nutbus-outlet-1_pdu1", "switch-power", "off")
        await house.shows("nutbus-outlet-1_pdu1", "switch-power", "OFF")
        assert house.state("nutbus-outlet-2_pdu1", "switch-power") == "ON"


async def test_an_outlet_is_not_switched_by_what_is_not_allowed(house, drivers, tables, caplog):
    topic = "nut/service/homeassistant/ha/switch/pdu1/outlet/1"
    await house.says(topic, "off", retain=True)
    async with driving(drivers(pdu1=PDU)):
        async with serving(tables()):
            await house.found("nutbus-outlet-1_pdu1", "nutbus-outlet-2_pdu1")
            await house.says(topic, "off")
            await house.until(lambda: "no such switch" in caplog.text)
        async with serving(tables(allow_power_off=["outlet.*"])):
            await house.until(
                lambda: all(
                    "switch-power" in (house.message(f"nutbus-outlet-{n}_pdu1") or {})["cmps"]
                    for n in (1, 2)
                )
            )
            for wrong in ("toggle", "", "{}"):
                await house.says(topic, wrong)
            await house.orders("nutbus-outlet-2_pdu1", "switch-power", "off")
            await house.shows("nutbus-outlet-2_pdu1", "switch-power", "OFF")
            assert house.state("nutbus-outlet-1_pdu1", "switch-power") == "ON"


async def test_a_number_is_set_once_that_is_allowed(house, drivers, tables):
    async with driving(drivers(rack1=UPS)), serving(tables(allow_set=["battery.charge.low"])):
        await house.found("nutbus_rack1")
        key = "set-number-battery_charge_low"
        await house.orders("nutbus_rack1", key, "35")
        await house.shows("nutbus_rack1", key, "35")


async def test_energy_grows_and_survives_a_restart(house, drivers, tables):
    big = {**UPS, "power": 100_000, "realpower": 100_000, "load": 100}

    def energy() -> float:
        said = house.state("nutbus_rack1", "energy")
        return 0.0 if said in ("", "None") else float(said)

    async with driving(drivers(rack1=big)):
        async with serving(tables()):
            await house.found("nutbus_rack1")
            await house.until(lambda: energy() >= 0.08, "grew")
            assert house.is_available("nutbus_rack1", "energy")
        await house.until(lambda: not house.is_available("nutbus_rack1", "energy"), "off")
        before = energy()
        house.now.pop("nut/service/homeassistant/ha/energy/rack1")
        async with serving(tables()):
            first = await house.until(energy, "there again")
            assert before <= first < 2 * before
            await house.until(lambda: energy() > first, "grew on")


async def test_a_damaged_file_costs_the_energy_and_nothing_else(
    house, drivers, tables, tmp_path, caplog
):
    file = tmp_path / "state" / "energy.json"
    file.parent.mkdir()
    file.write_bytes(b"\0\0\0")
    async with driving(drivers(rack1=UPS)), serving(tables()):
        await house.found("nutbus_rack1")
    assert "begins at 0" in caplog.text
    assert "rack1" in json.loads(file.read_text())["energy"]


async def test_a_device_that_is_taken_from_the_settings_is_removed(house, drivers, tables):
    async with driving(drivers(rack1=UPS, pdu1=PDU)) as latest, serving(tables()):
        await house.found("nutbus_rack1", "nutbus_pdu1", "nutbus-outlet-1_pdu1")
        await house.until(lambda: house.now.get("nut/service/homeassistant/ha/energy/pdu1"))
        latest.set(drivers(rack1=UPS))
        for id in ("nutbus_pdu1", "nutbus-outlet-1_pdu1", "nutbus-outlet-2_pdu1"):
            await house.gone(id)
        for part in ("energy", "standing"):
            topic = f"nut/service/homeassistant/ha/{part}/pdu1"
            await house.until(lambda topic=topic: house.now[topic] == b"", f"{topic} empty")
        assert house.message("nutbus_rack1")


async def test_what_went_while_the_service_was_away_is_removed_and_nothing_else(
    house, drivers, tables, soon_settled
):
    foreign = json.dumps({"o": {"name": "zigbee2mqtt"}, "cmps": {}})
    await house.says(FOREIGN, foreign, retain=True)
    other = json.dumps({"o": {"name": "nutbus nut/other"}, "cmps": {}})
    await house.says("homeassistant/device/nutbus_theirs/config", other, retain=True)
    async with driving(drivers(rack1=UPS, pdu1=PDU)) as latest:
        async with serving(tables()):
            await house.found("nutbus_rack1", "nutbus_pdu1", "nutbus-outlet-2_pdu1")
        latest.set(drivers(rack1=UPS))
        await house.until(lambda: house.now["nut/device/pdu1/meta"] == b"")
        count = house.times("nutbus_rack1")
        async with serving(tables()):
            for id in ("nutbus_pdu1", "nutbus-outlet-1_pdu1", "nutbus-outlet-2_pdu1"):
                await house.gone(id)
            topic = "nut/service/homeassistant/ha/standing/pdu1"
            await house.until(lambda: house.now[topic] == b"", "standing empty")
    assert house.times("nutbus_rack1") == count
    assert house.now[FOREIGN] == foreign.encode()
    assert house.message("nutbus_theirs")


async def test_home_assistant_is_told_again_when_it_starts(house, drivers, tables):
    async with driving(drivers(rack1=UPS)), serving(tables()):
        await house.found("nutbus_rack1")
        await house.says("homeassistant/status", "offline")
        count = house.times("nutbus_rack1")
        await house.says("homeassistant/status", "online")
        await house.until(lambda: house.times("nutbus_rack1") > count, "told again")


async def test_a_broker_that_forgot_everything_is_told_again(broker, drivers, tables):
    async with driving(drivers(rack1=UPS)), serving(tables()):
        async with housing(broker.url) as house:
            await house.found("nutbus_rack1")
        await broker.kill()
        await broker.start()
        async with housing(broker.url) as house:
            await house.found("nutbus_rack1")
            await house.shows("nutbus_rack1", "is-communicating", "ON")


async def test_a_driver_that_ends_is_seen(house, drivers, tables):
    async with serving(tables()):
        async with driving(drivers(rack1=UPS)):
            await house.found("nutbus_rack1")
            await house.shows("nutbus_rack1", "is-communicating", "ON")
        await house.shows("nutbus_rack1", "is-communicating", "OFF")
        assert house.is_available("nutbus_rack1", "is-communicating")
        assert not house.is_available("nutbus_rack1", "battery_charge")
        assert house.message("nutbus_rack1")


async def test_a_restart_of_the_service_is_no_news_of_a_device(house, drivers, tables):
    standing = "nut/service/homeassistant/ha/standing/rack1"
    async with driving(drivers(rack1=UPS)):
        await house.says("nut/device/rack1/fsd", '{"by":"test","at":1}', retain=True)
        for _ in range(3):
            async with serving(tables()):
                await house.until(lambda: house.now.get(AVAILABILITY) == b"online", "online")
                await house.until(lambda: house.now.get(standing), "standing")
            await house.until(lambda: house.now[AVAILABILITY] == b"offline", "offline")
    said = {payload for topic, payload in house.heard if topic == standing}
    assert said == {b'{"availability":"online","fsd":true}'}


async def test_a_forced_shutdown_is_seen(house, drivers, tables):
    async with driving(drivers(rack1=UPS)), serving(tables()):
        await house.found("nutbus_rack1")
        await house.shows("nutbus_rack1", "is-fsd", "OFF")
        await house.says("nut/device/rack1/fsd", '{"by":"test","at":1}', retain=True)
        await house.shows("nutbus_rack1", "is-fsd", "ON")
        await house.says("nut/device/rack1/fsd", "", retain=True)
        await house.shows("nutbus_rack1", "is-fsd", "OFF")


async def test_other_settings_are_followed(house, drivers, tables):
    latest = Latest(HomeAssistantSettings.from_tables(tables(allow_set=["*"]), "test"))
    async with driving(drivers(rack1=UPS, pdu1=PDU)), running(run(latest)):
        await house.found("nutbus_rack1", "nutbus_pdu1")
        key = "set-number-battery_charge_low"
        assert key in house.message("nutbus_rack1")["cmps"]
        latest.set(HomeAssistantSettings.from_tables(tables(devices=["rack1"]), "test"))
        await house.gone("nutbus_pdu1")
        await house.until(lambda: key not in house.message("nutbus_rack1")["cmps"], "left out")
    removed = [json.loads(p)["cmps"].get(key) for t, p in house.heard if t.endswith("rack1/config")]
    assert {"p": "number"} in removed


async def test_a_second_service_that_tells_of_the_same_devices_is_warned_of_once(
    house, drivers, tables, tmp_path, caplog
):
    file = str(tmp_path / "state" / "other.json")
    async with driving(drivers(rack1=UPS, pdu1=PDU)), serving(tables()):
        await house.found("nutbus_rack1", "nutbus_pdu1", "nutbus-outlet-1_pdu1")
        async with serving(tables(id="other", state_file=file)):
            for id in ("nutbus_rack1", "nutbus_pdu1", "nutbus-outlet-1_pdu1"):
                await house.until(
                    lambda id=id: house.message(id)["o"]["name"] == "nutbus nut/other",
                    f"{id} was the other's",
                )
            await house.found("nutbus_rack1")
    said = [each for each in caplog.records if "another service" in each.getMessage()]
    assert 1 <= len(said) <= 2  # by each of the two at most once


async def test_what_changes_with_a_restart_only_stays_however_often_settings_change(
    house, drivers, tables
):
    latest = Latest(HomeAssistantSettings.from_tables(tables(), "test"))
    async with driving(drivers(rack1=UPS, pdu1=PDU)), running(run(latest)):
        await house.found("nutbus_rack1", "nutbus_pdu1")
        other = tables(id="other", devices=["rack1"])
        latest.set(HomeAssistantSettings.from_tables(other, "test"))
        await house.gone("nutbus_pdu1")
        latest.set(HomeAssistantSettings.from_tables(tables(id="other"), "test"))
        await house.until(lambda: house.message("nutbus_pdu1"), "found pdu1 again")
        topics = [each["t"] for each in house.entity("nutbus_pdu1", "is-communicating")["avty"]]
        assert topics == [AVAILABILITY]
        assert not [topic for topic in house.now if "homeassistant/other" in topic]


async def test_the_process_says_goodbye_and_keeps_the_energy(house, drivers, tables, tmp_path):
    file = tmp_path / "nutbus.toml"
    lines = []
    for section, keys in tables().items():
        lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]
    file.write_text("\n".join(lines))
    async with driving(drivers(rack1=UPS)):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.console", "homeassistant", "--config", str(file))
        )
        try:
            await house.found("nutbus_rack1")
            topic = "nut/service/homeassistant/ha/energy/rack1"
            await house.until(lambda: house.now.get(topic), "energy")
        finally:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(TIMEOUT):
                code = await process.wait()
        await house.until(lambda: house.now[AVAILABILITY] == b"offline", "offline")
    assert code == 0
    assert "rack1" in json.loads((tmp_path / "state" / "energy.json").read_text())["energy"]
