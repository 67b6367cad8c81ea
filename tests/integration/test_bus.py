"""The bus against every broker that the contract names."""

import asyncio
import contextlib
import re
import socket
from typing import Literal

import pytest

from shared import messages
from shared.bus import Bus, connect
from shared.errors import BusError
from shared.messages import Availability, Message, Publication
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.settings import BusSettings
from shared.topics import DeviceTopic, Topics

pytestmark = pytest.mark.integration

TOPICS = Topics("nut")
DRIVER = Identity("driver", "test")


@pytest.fixture
def bus_settings(any_broker) -> BusSettings:
    return BusSettings(broker=any_broker.url, keepalive=10)


async def first(bus: Bus, *filters: str) -> Message:
    async with asyncio.timeout(30):
        async for message in bus.listen(*filters):
            return message
    raise AssertionError(filters)


async def until(settings: BusSettings, topic: str, payload: bytes) -> None:
    """Wait until a newcomer finds the payload retained on the topic."""
    async with asyncio.timeout(30), connect(settings) as bus:
        async for message in bus.listen(topic):
            if message.payload == payload:
                return


async def test_a_retained_message_reaches_a_later_wildcard_subscriber(bus_settings):
    async with connect(bus_settings) as bus:
        await bus.publish(messages.variable(TOPICS, "ups1", "input.voltage", "230.0"))
        await bus.publish(Publication("nut/device/ups1/state", b"\x00\xff" * 3000, 1, retain=True))
    async with connect(bus_settings) as bus:
        variable = await first(bus, TOPICS.every_device(DeviceTopic.VARIABLE))
        assert variable == Message("nut/device/ups1/var/input/voltage", b"230.0", retained=True)
    async with connect(bus_settings) as bus:
        state = await first(bus, TOPICS.every_device(DeviceTopic.STATE))
        assert state == Message("nut/device/ups1/state", b"\x00\xff" * 3000, retained=True)


async def test_clearing_removes_what_was_retained(bus_settings):
    variables = TOPICS.every_device(DeviceTopic.VARIABLE)
    async with connect(bus_settings) as bus:
        await bus.publish(messages.variable(TOPICS, "ups1", "input.voltage", "230.0"))
        await bus.publish(messages.variable(TOPICS, "ups1", "ups.load", "7"))
        await bus.publish(messages.clearing("nut/device/ups1/var/input/voltage"))
    async with connect(bus_settings) as bus:
        assert (await first(bus, variables)).topic == "nut/device/ups1/var/ups/load"


async def test_messages_arrive_in_order_and_all_of_them(bus_settings):
    count = 2000
    topic = TOPICS.device("ups1", DeviceTopic.EVENT)
    async with connect(bus_settings) as listener, connect(bus_settings) as speaker:
        arrived = listener.listen(topic)
        await listener.subscribe(topic)

        async def speak() -> None:
            for number in range(count):
                qos: Literal[0, 1] = 1 if number % 2 else 0
                await speaker.publish(Publication(topic, str(number).encode(), qos, False))

        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            tasks.create_task(speak())
            seen = [int((await anext(arrived)).payload) for _ in range(count)]
    assert sorted(seen) == list(range(count))
    assert [n for n in seen if n % 2] == list(range(1, count, 2))


async def test_a_message_says_whether_it_was_retained(bus_settings):
    topic = TOPICS.device("ups1", DeviceTopic.STATE)
    async with connect(bus_settings) as bus:
        await bus.subscribe(topic)
        arrived = bus.listen("nut/none")  # a second subscription would deliver it as retained
        await bus.publish(Publication(topic, b"1", 1, retain=True))
        async with asyncio.timeout(30):
            assert not (await anext(arrived)).retained


async def test_a_service_is_online_inside_and_offline_after_an_orderly_leave(bus_settings):
    topic = "nut/service/driver/test/availability"
    async with connect(bus_settings, DRIVER) as bus:
        await bus.online()
        await until(bus_settings, topic, b"online")
    await until(bus_settings, topic, b"offline")


async def test_the_will_says_offline_when_the_connection_breaks(bus_settings):
    topic = "nut/service/driver/test/availability"
    async with connect(bus_settings, DRIVER) as bus:
        await bus.online()
        line = bus._client.socket()
        assert isinstance(line, socket.socket)
        line.shutdown(socket.SHUT_RDWR)  # the cable, not a goodbye
        with pytest.raises(BusError):
            async for _ in bus.listen("nut/none"):
                pass
    await until(bus_settings, topic, b"offline")


async def test_losing_the_broker_ends_listening_and_publishing(bus_settings, any_broker):
    lost = pytest.RaisesGroup(BusError, allow_unwrapped=True, flatten_subgroups=True)
    with lost:
        async with connect(bus_settings) as bus:
            await bus.subscribe("nut/#")
            await any_broker.kill()
            async with asyncio.timeout(30):
                async for _ in bus.listen("nut/#"):
                    pass
    told = ""
    async with asyncio.timeout(30):  # a broker that was killed may accept for a moment yet
        while not re.search(r"cannot reach the broker at mqtt://127\.0\.0\.1", told):
            with pytest.raises(BusError) as caught:
                async with connect(bus_settings):
                    pass
            told = str(caught.value)


async def test_a_session_begins_anew_when_the_broker_returns(bus_settings, any_broker):
    sessions: asyncio.Queue[int] = asyncio.Queue()

    async def session(bus: Bus) -> None:
        await bus.online()
        sessions.put_nowait(1)
        async for _ in bus.listen("nut/nothing"):
            pass

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        staying = tasks.create_task(stay_connected(bus_settings, DRIVER, session))
        await sessions.get()
        await any_broker.stop()
        await any_broker.start()
        await sessions.get()
        await until(bus_settings, "nut/service/driver/test/availability", b"online")
        staying.cancel()
    await until(bus_settings, "nut/service/driver/test/availability", b"offline")


async def test_a_session_that_waits_for_its_tasks_begins_anew_too(bus_settings, any_broker):
    sessions: asyncio.Queue[int] = asyncio.Queue()

    async def listen(bus: Bus) -> None:
        async for _ in bus.listen("nut/nothing"):
            pass

    async def session(bus: Bus) -> None:
        sessions.put_nowait(1)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen(bus))
            tasks.create_task(asyncio.Event().wait())

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        staying = tasks.create_task(stay_connected(bus_settings, DRIVER, session))
        await sessions.get()
        await any_broker.stop()
        await any_broker.start()
        await sessions.get()
        staying.cancel()


async def test_an_idle_session_ends_when_the_broker_goes(bus_settings, any_broker):
    with pytest.RaisesGroup(BusError, flatten_subgroups=True):
        async with connect(bus_settings):
            await any_broker.kill()
            async with asyncio.timeout(30):
                await asyncio.Event().wait()


async def test_cancelling_under_load_always_ends_the_session(bus_settings):
    topic = TOPICS.device("ups1", DeviceTopic.EVENT)

    async def session(bus: Bus) -> None:
        while True:
            await bus.publish(Publication(topic, b"x", 1, retain=False))

    for _ in range(5):
        staying = asyncio.create_task(stay_connected(bus_settings, None, session))
        async with connect(bus_settings) as bus:
            await first(bus, topic)
        staying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            async with asyncio.timeout(30):
                await staying
        assert staying.cancelled()


async def test_a_subscription_to_the_requests_of_all_devices_is_taken(bus_settings):
    filters = TOPICS.requests()
    async with connect(bus_settings) as bus:
        await bus.subscribe(*filters)
        arrived = bus.listen("nut/none")
        request = messages.Request(value="1")
        await bus.publish(request.publication(TOPICS, "ups299", DeviceTopic.COMMAND, "load.off"))
        async with asyncio.timeout(30):
            message = await anext(arrived)
        assert message.topic == "nut/device/ups299/command/load/off"
        await bus.unsubscribe(*filters)


def test_publications_of_availability_are_what_the_contract_says():
    assert messages.device_availability(TOPICS, "a", Availability.STALE) == (
        "nut/device/a/availability",
        b"stale",
        1,
        True,
    )
