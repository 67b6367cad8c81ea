"""Further names of devices, on a real broker: every verb takes them, and parts are small."""

import asyncio
import contextlib
import logging
from collections.abc import Generator

import aionut
import pytest

from tests.brokers import Mosquitto
from tests.integration.gateways import NutClient, playing, serving, until
from tests.realnut import Scripted

pytestmark = pytest.mark.integration

OUTLETS = range(1, 901)
PDU = Scripted(
    (
        'SETINFO ups.status "OL"',
        'SETINFO device.model "plain"',
        'SETINFO ups.id "x"',
        "SETFLAGS ups.id RW STRING",
        "SETAUX ups.id 8",
        *(f'SETINFO outlet.{number}.desc "socket {number} of the rack"' for number in OUTLETS),
        *(f'SETINFO outlet.{number}.status "on"' for number in OUTLETS),
        "ADDCMD load.off",
        "ADDCMD outlet.1.load.off",
    ),
    results={"ups.id": 0, "load.off": 0, "outlet.1.load.off": 0},
    desc="A large one",
)
FLEET = {"pdu1": PDU, "ups9": Scripted(("SETINFO ups.status OB",))}
ALIASES = {
    "ups": "pdu1",
    "pdu1-a": {"device": "pdu1", "show": ["device.*", "outlet.?.*", "outlet.1??.*"]},
}


async def test_every_verb_takes_a_further_name_and_echoes_it(broker: Mosquitto):
    async with (
        playing(broker, FLEET) as scripted,
        serving(broker, aliases=ALIASES) as server,
        await NutClient.connect(server.port, "admin") as client,
    ):
        ask = client.ask
        assert await ask("GET VAR ups ups.status") == 'VAR ups ups.status "OL"'
        assert await ask("GET VAR UPS ups.id") == 'VAR UPS ups.id "x"'
        assert await ask("GET UPSDESC ups") == 'UPSDESC ups "A large one"'
        assert await ask("GET TYPE ups ups.id") == "TYPE ups ups.id RW STRING:8"
        assert len(await client.rows("LIST VAR ups")) == 3 + 2 * len(OUTLETS)
        assert await client.rows("LIST RW ups") == ['RW ups ups.id "x"']
        assert await client.rows("LIST CMD ups") == [
            "CMD ups load.off",
            "CMD ups outlet.1.load.off",
        ]
        assert await client.rows("LIST UPS") == [
            'UPS pdu1 "A large one"',
            'UPS pdu1-a "A large one"',
            'UPS ups9 "Description unavailable"',
        ]
        assert await ask("LOGIN ups") == "OK"
        assert await ask("GET NUMLOGINS pdu1") == "NUMLOGINS pdu1 1"
        assert await ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1"
        assert await client.rows("LIST CLIENT ups") == ["CLIENT ups 127.0.0.1"]
        assert await client.rows("LIST CLIENT PDU1") == ["CLIENT pdu1 127.0.0.1"]
        assert await ask("SET VAR ups ups.id new") == "OK"
        assert await ask("INSTCMD ups load.off") == "OK"
        await until(lambda: len(scripted.orders) == 2)
        assert scripted.orders == [("pdu1", "ups.id", "new"), ("pdu1", "load.off", None)]
        await until_answer(client, "GET VAR ups ups.id", 'VAR ups ups.id "new"')
        assert await ask("PRIMARY ups") == "OK PRIMARY-GRANTED"
        assert await ask("FSD ups") == "OK FSD-SET"
        for name in ("ups", "pdu1", "pdu1-a"):
            assert await ask(f"GET VAR {name} ups.status") == f'VAR {name} ups.status "FSD OL"'


async def until_answer(client: NutClient, question: str, answer: str) -> None:
    async def is_so() -> bool:
        return await client.ask(question) == answer

    await until(is_so)


async def test_what_a_part_hides_can_be_neither_read_nor_set_nor_commanded(broker: Mosquitto):
    async with (
        playing(broker, FLEET) as scripted,
        serving(broker, aliases=ALIASES) as server,
        await NutClient.connect(server.port, "admin") as client,
    ):
        assert await client.ask("GET VAR pdu1-a ups.id") == "ERR VAR-NOT-SUPPORTED"
        assert await client.ask("SET VAR pdu1-a ups.id x") == "ERR VAR-NOT-SUPPORTED"
        assert await client.ask("INSTCMD pdu1-a load.off") == "ERR CMD-NOT-SUPPORTED"
        assert await client.rows("LIST CMD pdu1-a") == ["CMD pdu1-a outlet.1.load.off"]
        assert await client.ask("INSTCMD pdu1-a outlet.1.load.off") == "OK"
        await until(lambda: scripted.orders == [("pdu1", "outlet.1.load.off", None)])


async def test_rights_go_by_the_devices_own_name(broker: Mosquitto):
    users = {"one": {"password": "x", "upsmon": "secondary", "devices": ["ups*"]}}
    async with (
        playing(broker, FLEET),
        serving(broker, aliases={"ups": "pdu1", "other": "ups9"}, users=users) as server,
        await NutClient.connect(server.port) as client,
    ):
        await client.log_in("one", "x")
        assert await client.ask("LOGIN ups") == "ERR ACCESS-DENIED"
        assert await client.ask("LOGIN other") == "OK"


async def test_a_change_is_seen_under_every_name_and_settings_take_a_name_back(broker: Mosquitto):
    async with (
        playing(broker, FLEET) as scripted,
        serving(broker, aliases=ALIASES) as server,
        await NutClient.connect(server.port) as client,
    ):
        for name in ("ups", "pdu1-a", "pdu1"):
            question = f"GET VAR {name} ups.status"
            assert await client.ask(question) == f'VAR {name} ups.status "OL"'
        await scripted.change("pdu1", "ups.status", "OB")
        for name in ("ups", "pdu1-a", "pdu1"):
            question = f"GET VAR {name} ups.status"
            await until_answer(client, question, f'VAR {name} ups.status "OB"')
        server.reload(aliases={"ups": "ups9", "pdu1": {"device": "pdu1", "hide": ["outlet.*"]}})
        await until_answer(client, "GET VAR pdu1-a ups.status", "ERR UNKNOWN-UPS")
        assert await client.rows("LIST VAR ups") == ['VAR ups ups.status "OB"']
        assert len(await client.rows("LIST VAR pdu1")) == 3


@contextlib.contextmanager
def home_assistant(port: int) -> Generator[aionut.AIONUTClient]:
    """Home Assistant's client."""
    client = aionut.AIONUTClient("127.0.0.1", port)
    try:
        yield client
    finally:
        client.shutdown()


async def test_home_assistants_client_needs_parts_of_a_large_device(
    broker: Mosquitto, caplog: pytest.LogCaptureFixture
):
    """Its reader takes 64 KiB; a warning names the device, and parts are the way round."""
    caplog.set_level(logging.WARNING)
    async with playing(broker, FLEET), serving(broker, aliases=ALIASES) as server:
        for _ in range(2):
            with home_assistant(server.port) as client, pytest.raises(asyncio.LimitOverrunError):
                await client.list_vars("pdu1")
        (warning,) = [record.message for record in caplog.records if "bytes" in record.message]
        assert warning.startswith("list var pdu1 has a reply of ")
        with home_assistant(server.port) as client:
            assert list(await client.list_ups()) == ["pdu1", "pdu1-a", "ups9"]
            part = await client.list_vars("pdu1-a")
        assert len(part) == 2 + 2 * (9 + 100)
        assert part["ups.status"] == "OL"

        server.reload(aliases={"pdu1": {"device": "pdu1", "hide": ["outlet.*.desc"]}})
        with home_assistant(server.port) as client:
            assert len(await client.list_vars("pdu1")) == 3 + len(OUTLETS)


async def test_what_no_ascii_spells_reaches_home_assistants_client_all_the_same(
    broker: Mosquitto,
):
    async with (
        playing(broker, FLEET) as scripted,
        serving(broker) as server,
        await NutClient.connect(server.port) as raw,
    ):
        await scripted.change("ups9", "device.model", 'Größe\r\n5 µΩ “x” \u4e2d "y"')
        spelt = r"Grosse  5 uOhm \"x\" ? \"y\""
        await until_answer(raw, "GET VAR ups9 device.model", f'VAR ups9 device.model "{spelt}"')
        with home_assistant(server.port) as client:
            model = (await client.list_vars("ups9"))["device.model"]
        assert f'{model}"' == spelt  # it takes quotes from the end, wherever they belong
        raw.send(b"LIST VAR ups9\n")
        said = await raw.reader.readuntil(b"END LIST VAR ups9\n")
        assert said.isascii()
        assert b"\r" not in said
