"""Several brokers for one service, one that only seems to work, and words in our name."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import pytest

from shared.bus import Bus, connect
from shared.errors import BusError
from shared.messages import Publication
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.settings import BusSettings
from tests.brokers import Mosquitto
from tests.ports import free_port

pytestmark = pytest.mark.integration

TIMEOUT = 30.0
WHO = Identity("gateway", "here")
TOPIC = "nut/service/gateway/here/availability"
CONNECT, PING = 1, 12


async def only_greets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be a broker that lets in and answers pings, and acknowledges nothing else."""
    with contextlib.suppress(OSError, EOFError):
        while True:
            kind, length = await reader.readexactly(2)  # no packet of the test is longer than 127
            await reader.readexactly(length)
            if kind >> 4 == CONNECT:
                writer.write(b"\x20\x02\x00\x00")
            elif kind >> 4 == PING:
                writer.write(b"\xd0\x00")
    writer.close()


@pytest.fixture
async def silent() -> AsyncGenerator[str]:
    port = free_port()
    server = await asyncio.start_server(only_greets, "127.0.0.1", port)
    async with server:
        yield f"mqtt://127.0.0.1:{port}"


async def test_a_broker_that_acknowledges_nothing_is_given_up(silent: str):
    with pytest.raises(ExceptionGroup) as lost:
        async with (
            asyncio.timeout(TIMEOUT),
            connect(BusSettings(broker=silent, keepalive=2)) as bus,
        ):
            await bus.publish(Publication("nut/x", b"1", 1, retain=False))
    assert [str(each) for each in lost.value.exceptions] == [
        f"the broker at {silent} acknowledged nothing for 2 s"
    ]


async def test_one_that_goes_on_acknowledging_is_not(broker: Mosquitto):
    async with connect(BusSettings(broker=broker.url, keepalive=2), WHO) as bus:
        await bus.online()
        for _ in range(4):
            await asyncio.sleep(0.8)
            await bus.publish(Publication("nut/x", b"1", 1, retain=False))


async def test_a_service_goes_to_the_next_broker_and_tries_the_lost_one_last(tmp_path, silent: str):
    nodes = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        nodes.append(Mosquitto(tmp_path / name))
    places: asyncio.Queue[str] = asyncio.Queue()

    async def session(bus: Bus) -> None:
        await bus.online()
        await places.put(bus._where)
        async for _ in bus.listen("nut/#"):
            pass

    for node in nodes:
        await node.start()
    urls = [silent, *(node.url for node in nodes)]
    settings = BusSettings(broker=", ".join(urls), keepalive=2)
    try:
        async with asyncio.timeout(TIMEOUT), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(stay_connected(settings, WHO, session))
            assert await places.get() == urls[1]
            await nodes[0].kill()
            assert await places.get() == urls[2]
            await nodes[0].start()
            await nodes[1].kill()
            assert await places.get() == urls[1]  # by way of the one that only greets
            task.cancel()
    finally:
        for node in nodes:
            await node.stop()


async def test_if_none_of_them_lets_us_in_each_is_named():
    urls = [f"mqtt://127.0.0.1:{free_port()}" for _ in range(2)]
    with pytest.raises(BusError) as error:
        async with connect(BusSettings(broker=", ".join(urls))):
            pass
    for url in urls:
        assert f"cannot reach the broker at {url}: Connection refused" in str(error.value)


async def test_who_says_offline_in_our_name_is_contradicted(broker: Mosquitto):
    settings = BusSettings(broker=broker.url)
    async with connect(settings) as other, connect(settings, WHO) as bus:
        await bus.online()
        async with asyncio.timeout(TIMEOUT):
            heard = other.listen(TOPIC)
            assert (await anext(heard)).payload == b"online"
            await other.publish(Publication(TOPIC, b"offline", 1, retain=True))
            assert (await anext(heard)).payload == b"offline"
            assert (await anext(heard)).payload == b"online"
    async with connect(settings) as other, asyncio.timeout(TIMEOUT):
        assert (await anext(other.listen(TOPIC))).payload == b"offline", "we said so when we left"
