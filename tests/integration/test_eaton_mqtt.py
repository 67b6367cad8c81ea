"""The driver eaton-mqtt against a real MQTT server that plays a card, with TLS on both sides."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from services.driver.contract import Reading, Site
from services.driver.drivers import eatonmqtt
from services.driver.drivers.eatonmqtt import EatonMqttDriver, EatonMqttOptions
from shared.bus import connect
from shared.dialling import Manner
from shared.errors import BusError, DeviceError, RefusedError, SettingsError
from shared.settings import BusSettings
from shared.variables import variable
from tests.simulators.eaton import BANK, UPS, EatonCard
from tests.simulators.eaton_certificates import make_certificates

pytestmark = pytest.mark.integration

TIMEOUT = 30.0
RECORDINGS = Path(__file__).parents[3] / "shared" / "fixtures" / "eaton"
RECORDED = {
    "mqtt_data_5px_g2": (
        "1.0",
        {
            "ups.model": "Eaton 5PX 1500i RT2U G2",
            "ups.serial": "GFHJ7XVG0FN9",
            "ups.load": "17",
            "ups.realpower": "174",
            "ups.status": "OL",
            "battery.charge": "99",
            "battery.runtime": "15636",
            "battery.runtime.low": "900",
            "battery.date": "2021-10-26",
            "input.voltage": "230.8",
            "input.transfer.low": "160",
            "output.voltage": "231.9",
            "output.current.nominal": "6.522",
            "outlet.2.desc": "GROUP 1",
            "outlet.2.realpower": "58",
            "outlet.3.status": "on",
            "ups.type": "line interactive",
        },
    ),
    "mqtt_data_5px_2200_g2_m3": (
        "2.0",
        {
            "ups.model": "Eaton 5PX 2200i RT3U G2",
            "ups.load": "40",
            "ups.status": "OL",
            "ups.beeper.status": "enabled",
            "input.phases": "1",
            "output.phases": "1",
            "outlet.count": "3",
            "ambient.count": "1",
            "ambient.1.present": "yes",
            "ambient.1.temperature": "27.9",
            "ambient.1.humidity": "14.3",
            "ambient.1.contacts.2.name": "C1",
            "ambient.1.contacts.2.status": "inactive",
        },
    ),
}


@pytest.fixture(autouse=True)
def soon_settled(monkeypatch):
    monkeypatch.setattr(eatonmqtt, "SETTLE_TIME", 0.25)  # the simulated card has a cycle of 0.05 s


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return make_certificates(folder, "card", "client", "stranger", "localhost")


@pytest.fixture
async def card(tmp_path, certificates) -> AsyncGenerator[EatonCard]:
    async with EatonCard.made(tmp_path, certificates) as card:
        yield card


def driver(card: EatonCard, us: str = "client", them: str = "card", **options: Any):
    folder = card.broker.certificates
    files = {
        "certificate_file": str(folder / f"{us}.pem"),
        "key_file": str(folder / f"{us}.key"),
        "server_certificate_file": str(folder / f"{them}.pem"),
    }
    known = {key: value for key, value in {**files, **options}.items() if value is not None}
    return EatonMqttDriver(Site("ups", card.port), EatonMqttOptions.model_validate(known))


@contextlib.asynccontextmanager
async def line(card: EatonCard, **options: Any) -> AsyncGenerator[EatonMqttDriver]:
    made = driver(card, **options)
    try:
        async with asyncio.timeout(TIMEOUT):
            await made.open()
        yield made
    finally:
        await made.close()


async def until(made: EatonMqttDriver, holds: Callable[[Reading], bool]) -> Reading:
    async with asyncio.timeout(TIMEOUT):
        while not holds(reading := await made.poll()):
            await asyncio.sleep(0.02)
    return reading


async def waited(made: EatonMqttDriver, longest: float) -> None:
    async with asyncio.timeout(longest):
        await made.wait()


@pytest.mark.parametrize("recording", RECORDED)
async def test_a_recorded_card_gives_its_variables(card, recording):
    file = RECORDINGS / f"{recording}.json"
    if not file.is_file():
        pytest.skip("the recordings are not beside this checkout")
    content = json.loads(file.read_text())
    card.topics = content.get("data", content)
    card.version, expected = RECORDED[recording]
    names = {name for name in expected if name != "ups.status"}
    async with line(card) as made:
        reading = await until(made, lambda reading: names <= reading.variables.keys())
    shown = {**reading.variables, "ups.status": reading.status}
    assert {name: shown[name] for name in expected} == expected
    assert [name for name in reading.variables if variable(name) is None] == []
    assert (reading.alarms, reading.commands, reading.writable) == ((), (), {})


async def test_a_power_cut_is_told_at_once(card):
    async with line(card) as made:
        before = await made.poll()
        assert (before.status, before.variables["input.voltage"]) == ("OL", "230.8")
        card.change(f"{UPS}/inputs/1/status", supplied=False, supply=False, voltageOutOfRange=True)
        card.change(f"{BANK}/status", supply=True)
        async with asyncio.timeout(TIMEOUT):
            while (await made.poll()).status != "OB DISCHRG":
                await made.wait()
        card.change(f"{BANK}/status", lowStateOfCharge=True)
        card.change(f"{UPS}/status", shutdownImminent=True)
        async with asyncio.timeout(TIMEOUT):
            while (reading := await made.poll()).status != "OB DISCHRG LB FSD":
                await made.wait()
        assert reading.alarms == ("Shutdown imminent!",)
        assert reading.variables["input.transfer.reason"] == "input voltage out of range"


async def test_measurements_wait_for_the_next_poll(card):
    async with line(card) as made:
        first = await made.poll()
        card.change(f"{UPS}/outputs/1/measures", percentLoad=18)
        with pytest.raises(TimeoutError):
            await waited(made, 0.5)
        await until(made, lambda reading: reading.variables["ups.load"] == "18")
        assert await made.poll() is await made.poll()
        assert first.variables["ups.load"] == "17"


async def test_a_card_that_falls_silent_is_lost_and_comes_back(card):
    async with line(card, timeout="2") as made:
        await made.poll()
        await card.be_silent()
        with pytest.raises(DeviceError, match=rf"mqtts://{card.port}: silent for 2 s"):
            await until(made, lambda _: False)
    await card.talk()
    async with line(card, timeout="2") as made:
        assert (await made.poll()).status == "OL"


async def test_a_card_that_restarts_is_one_clear_error_and_comes_back(card):
    async with line(card) as made:
        before = await made.poll()
        await card.stop()
        with pytest.raises(DeviceError, match=f"the broker at mqtts://{card.port} was lost"):
            await waited(made, TIMEOUT)
        with pytest.raises(DeviceError, match="was lost"):
            await made.poll()
    gone = driver(card)
    with pytest.raises(DeviceError, match=f"cannot reach the broker at mqtts://{card.port}"):
        await gone.open()
    await gone.close()
    await card.start()
    async with line(card) as made:
        assert (await made.poll()).variables == before.variables


@pytest.mark.parametrize(
    ("name", "payload", "reason"),
    [
        (f"{UPS}/status", b'{"mode": ', "no JSON"),
        (f"{UPS}/status", b"[1]", "no JSON object"),
        (f"{BANK}/status", b'{"supply": "yes"}', "supply is not what it should be: 'yes'"),
        (f"{BANK}/measures", b'{"stateOfCharge": "99"}', "stateOfCharge is not what it should be"),
        (f"{BANK}/measures", b'{"stateOfCharge": NaN}', "stateOfCharge is not what it should be"),
        (f"{BANK}/measures", b"", "has not said"),
        (f"{UPS}/status", b'{"communicationFault": true}', "the card has no contact with its UPS"),
        (f"{UPS}/status", b'{"a": "' + b"x" * 70_000 + b'"}', "bytes are too many"),
        ("sensors/devices", b'{"members": [1]}', "members is not what it should be"),
    ],
)
async def test_nonsense_is_one_clear_error_and_the_next_line_works(card, name, payload, reason):
    async with line(card) as made:
        before = await made.poll()
        await card.be_silent()
        await card.say(name, payload)
        with pytest.raises(DeviceError, match=rf"^mqtts://{card.port}: .*{reason}"):
            await until(made, lambda _: False)
    await card.talk()
    async with line(card) as made:
        assert (await made.poll()).variables == before.variables


async def test_topics_of_an_unknown_version_are_named(card, monkeypatch):
    monkeypatch.setattr(eatonmqtt, "START_TIMEOUT", 1.5)
    card.version = "3.0"
    with pytest.raises(DeviceError, match=r"of version 3\.0; known are 1\.0, 2\.0"):
        async with line(card):
            pass


async def test_a_card_that_does_not_say_enough_is_no_device(card, monkeypatch):
    monkeypatch.setattr(eatonmqtt, "START_TIMEOUT", 1.5)
    del card.topics[f"{BANK}/status"]
    with pytest.raises(DeviceError, match=f"the card has not said {BANK}/status"):
        async with line(card):
            pass
    card.topics = {}
    with pytest.raises(DeviceError, match="the card says nothing; is it an Eaton"):
        async with line(card):
            pass


async def test_both_sides_have_to_know_each_other(card, certificates):
    for options, reason in (
        ({"us": "stranger"}, "cannot reach|lost"),
        ({"them": "stranger"}, "certificate is not trusted"),
        ({"server_certificate_file": None}, "certificate is not trusted"),
        ({"them": "none"}, r"cannot use .*none\.pem"),
    ):
        with pytest.raises(DeviceError, match=reason):
            async with line(card, **options):
                pass
    authority = {"server_certificate_file": None, "ca_file": str(certificates / "card.pem")}
    with pytest.raises(DeviceError, match="certificate is not trusted"):
        async with line(card, **authority):  # it names no address
            pass


async def test_nothing_is_told_to_a_card(card):
    async with line(card) as made:
        with pytest.raises(RefusedError):
            await made.command("load.off", None)
        with pytest.raises(RefusedError):
            await made.set("battery.charge.low", "20")


async def test_a_foreign_broker_is_spoken_to_in_its_manner(card, certificates):
    settings = BusSettings(
        broker=f"mqtts://{card.port}",
        ca_file=certificates / "card.pem",
        certificate_file=certificates / "client.pem",
        key_file=certificates / "client.key",
    )
    with pytest.raises(BusError, match="certificate is not trusted"):
        async with connect(settings):
            pass
    for is_old, qos in ((True, 0), (False, 1)):
        async with connect(settings, manner=Manner(is_old, qos, any_name=True)) as bus:
            async with asyncio.timeout(TIMEOUT):
                async for message in bus.listen(f"mbdetnrs/+/{UPS}/status"):
                    assert json.loads(message.payload)["operating"] == "in service"
                    break
        log = card.broker.log
        assert f"p{1 if is_old else 2}, c1" in log
        assert f"mbdetnrs/+/{UPS}/status (QoS {qos})" in log


@pytest.mark.parametrize("port", ["", "mqtt://card", "user@card", "card:0", "card:x", "[::1"])
def test_a_port_has_to_be_the_address_of_the_card(port):
    options = EatonMqttOptions(certificate_file=Path("a"), key_file=Path("b"))
    with pytest.raises(SettingsError, match="name the address of the card"):
        EatonMqttDriver(Site("ups", port), options)


def test_the_card_has_one_kind_of_certificate():
    with pytest.raises(ValueError, match="exclude each other"):
        EatonMqttOptions.model_validate(
            dict.fromkeys(
                ("certificate_file", "key_file", "ca_file", "server_certificate_file"), "x"
            )
        )
