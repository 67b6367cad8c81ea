"""Several gateways and driver services on one bus: logins counted together, names used twice."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from shared import bus, presence
from shared.messages import Message
from tests.brokers import Mosquitto
from tests.integration.gateways import playing, serving
from tests.integration.watcher import driver_settings, driving, watching
from tests.monitors import Diary, upsmon

pytestmark = [pytest.mark.system]

TIMEOUT = 40.0
HOST_SYNC = 30
AVAILABILITY = "nut/service/{kind}/same/availability"


async def ask(port: int, question: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"{question}\n".encode())
        return (await reader.readline()).decode().strip()
    finally:
        writer.close()


async def until(condition: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(TIMEOUT):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"never {what}") from None


async def until_answer(port: int, question: str, expected: str) -> None:
    async with asyncio.timeout(TIMEOUT):
        while await ask(port, question) != expected:
            await asyncio.sleep(0.05)


async def test_a_primary_waits_for_a_secondary_that_is_at_another_gateway(
    tmp_path: Path, broker: Mosquitto
):
    diary = Diary(tmp_path)
    async with (
        playing(broker) as player,
        serving(broker, "one") as one,
        serving(broker, "two") as two,
    ):
        hosts = [
            upsmon(
                tmp_path / role,
                ups="ups",
                server=f"127.0.0.1:{port}",
                user=user,
                password=password,
                role=role,
                command=diary.command(role),
                host_sync=HOST_SYNC,
            )
            for role, user, password, port in (
                ("primary", "admin", "secret", one.port),
                ("secondary", "watch", "watch", two.port),
            )
        ]
        try:
            for host in hosts:
                host.start()
            for gateway in (one, two):
                await until_answer(gateway.port, "GET NUMLOGINS ups", "NUMLOGINS ups 2")
            await player.change("ups", "ups.status", "OB LB")
            await until(lambda: len(diary.lines()) == 2, "shut down both")
        finally:
            for host in hosts:
                await asyncio.to_thread(host.stop)
    first, second = diary.lines()
    assert [first.who, second.who] == ["secondary", "primary"]
    assert second.at - first.at < HOST_SYNC / 2, "it waited for nobody"


async def test_a_gateway_may_serve_some_devices_only(broker: Mosquitto):
    async with playing(broker), serving(broker, "some", devices=["p*"]) as some:
        await until_answer(some.port, "GET VAR pdu ups.status", 'VAR pdu ups.status "OL"')
        assert await ask(some.port, "GET VAR ups ups.status") == "ERR UNKNOWN-UPS"
        assert await ask(some.port, "LIST UPS") == "BEGIN LIST UPS"
        assert await ask(some.port, "GET UPSDESC pdu") == 'UPSDESC pdu "Unavailable"'


async def test_two_gateways_of_one_name_say_so_and_the_one_that_stays_is_there(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    let_words_be_told_apart(monkeypatch)
    topic = AVAILABILITY.format(kind="gateway")
    async with watching(broker.url) as watcher, playing(broker), serving(broker, "same") as one:
        async with serving(broker, "same") as two:
            said = "another gateway service on the bus has the id 'same' too"
            await until(lambda: said in caplog.text, "said that there are two")
            for each in (one, two):
                assert await ask(each.port, "GET VAR ups ups.id") == 'VAR ups ups.id "x"'
        await until(lambda: b"offline" in words(watcher.messages, topic), "gone")
        await watcher.payload(topic, b"online")
        assert await ask(one.port, "GET VAR ups ups.id") == 'VAR ups ups.id "x"'


async def test_two_driver_services_of_one_name_say_so_and_neither_clears_the_others_devices(
    broker: Mosquitto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    let_words_be_told_apart(monkeypatch)
    (tmp_path / "a.dev").write_text("ups.status: OL\n")
    devices = {"driver": "dummy-ups", "port": "a.dev"}
    tables = [driver_settings(broker.url, tmp_path, {name: devices}) for name in ("ups1", "ups2")]
    async with watching(broker.url) as watcher, driving(tables[0]):
        await watcher.available("ups1")
        async with driving(tables[1]):
            await watcher.available("ups2")
            said = "another driver service on the bus has the id 'test' too"
            await until(lambda: said in caplog.text, "said that there are two")
        await watcher.available("ups2", "offline")
        await watcher.online()
        assert watcher.meta("ups1")
        assert watcher.meta("ups2")
        assert watcher.now["nut/device/ups1/availability"] == b"online"


def let_words_be_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let services say often that they are there, and seldom so soon after each other."""
    monkeypatch.setattr(presence, "INTERVAL", 1.6)
    monkeypatch.setattr(presence, "ECHO_TIME", 0.3)
    # It is looked so often whether a word is due: with the usual second both would say it each two
    # seconds, and who began just after the other would for ever be taken for its echo.
    monkeypatch.setattr(bus, "MISC_INTERVAL", 0.1)


def words(messages: list[Message], topic: str) -> list[bytes]:
    return [each.payload for each in messages if each.topic == topic]
