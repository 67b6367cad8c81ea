"""What a look at a real broker finds: strangers let in, no access rules, or nothing."""

from pathlib import Path

import pytest

from services.console.security_probe import probed
from shared.settings import BusSettings
from tests.brokers import Login, Mosquitto, TestBroker
from tests.ports import free_port
from tests.shipped import PASSWORD, USERS, ShippedMosquitto, ShippedNats

pytestmark = pytest.mark.integration


async def seen(url: str, user: str = "", password: str = "") -> list[str]:
    login = {"username": user, "password": password} if user else {}
    found = await probed(BusSettings.model_validate({"broker": url, **login}))
    return [f"{one.severity} {one.where}" for one in found]


async def test_a_broker_that_lets_in_everybody_to_do_everything(any_broker: TestBroker):
    assert await seen(any_broker.url) == ["high [bus] broker", "high [bus] prefix"]


async def test_a_broker_with_a_password_and_no_rules(tmp_path: Path):
    broker = Mosquitto(tmp_path, login=Login("me", "secret"))
    await broker.start()
    try:
        assert await seen(broker.url, "me", "secret") == ["high [bus] prefix"]
        assert await seen(broker.url, "me", "wrong") == ["low [bus] broker"]
    finally:
        await broker.stop()


@pytest.mark.parametrize("kind", [ShippedMosquitto, ShippedNats], ids=["mosquitto", "nats"])
async def test_nothing_is_found_at_the_brokers_that_are_shipped(
    kind: type[ShippedMosquitto] | type[ShippedNats], tmp_path: Path
):
    broker = kind(tmp_path)
    await broker.start()
    try:
        for user in USERS:
            assert await seen(broker.url, user, PASSWORD) == [], user
    finally:
        await broker.stop()


async def test_a_broker_that_is_not_there_could_not_be_tried():
    assert await seen(f"mqtt://127.0.0.1:{free_port()}") == ["low [bus] broker"]
