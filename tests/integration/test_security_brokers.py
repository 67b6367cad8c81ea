"""What each user of deploy/ may read and write at the brokers, tried with all topics of the bus."""

import contextlib
import itertools
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from shared.topics import DeviceTopic, ServiceKind, ServiceTopic, Topics
from tests.shipped import PASSWORD, TESTER, USERS, Shipped, ShippedMosquitto, ShippedNats
from tests.simulators.mqtt_peer import Peer, publish

pytestmark = pytest.mark.integration

NUMBERS = itertools.count()  # two clients of one name would push each other out
END = "nut/device/rack1/meta"  # everybody may read it
TOPICS = (
    *("nut/device/rack1/state", "nut/device/rack1/meta", "nut/device/rack1/availability"),
    *("nut/device/rack1/var/ups/status", "nut/device/rack1/event", "nut/device/rack1/result"),
    *("nut/device/rack1/claim", "nut/device/rack1/fsd", "nut/device/rack1/set/ups/id"),
    *("nut/device/rack1/command/load/off", "nut/device/rack1/command/beeper/mute"),
    *("nut/device/rack1/command/test/battery/start", "nut/device/rack1/command/shutdown/return"),
    "nut/device/rack1/command/outlet/1/load/off",
    *("nut/device/rack2/state", "nut/device/rack2/meta", "nut/device/rack2/availability"),
    *("nut/device/rack2/var/ups/status", "nut/device/rack2/event", "nut/device/rack2/result"),
    *("nut/device/rack2/claim", "nut/device/rack2/fsd", "nut/device/rack2/set/ups/id"),
    *("nut/device/rack2/command/load/off", "nut/device/rack2/command/beeper/mute"),
    *("nut/service/driver/x/availability", "nut/service/driver/x/info"),
    *("nut/service/gateway/x/availability", "nut/service/gateway/x/info"),
    "nut/service/gateway/x/logins",
    *("nut/service/monitor/web1/availability", "nut/service/monitor/web1/info"),
    *("nut/service/monitor/web1/power", "nut/service/monitor/web1/stage"),
    *("nut/service/monitor/web2/availability", "nut/service/monitor/web2/power"),
    "nut/service/monitor/web2/stage",
    *("nut/service/scheduler/x/availability", "nut/service/scheduler/x/info"),
    "nut/service/scheduler/x/timers",
    *("nut/service/homeassistant/x/availability", "nut/service/homeassistant/x/info"),
    *("nut/service/homeassistant/x/energy/rack1", "nut/service/homeassistant/x/standing/rack1"),
    "nut/service/homeassistant/x/switch/rack1/beeper",
    *("nut/service/web/x/availability", "nut/service/web/x/info"),
    *("homeassistant/device/nutbus_rack1/config", "homeassistant/light/kitchen/config"),
    *("homeassistant/status", "kitchen/light"),
)
ORDERS = ("/command/", "/set/", "/fsd")


def writes(*beginnings: str) -> frozenset[str]:
    """Choose the topics that begin so, or that are so."""
    return frozenset(one for one in TOPICS if any(one.startswith(start) for start in beginnings))


def orders(*parts: str) -> frozenset[str]:
    """Choose the topics of all devices with one of these parts."""
    return frozenset(
        one for one in TOPICS if "/device/rack" in one and any(p in one for p in parts)
    )


MAY_WRITE = {
    "driver": writes("nut/device/rack1/", "nut/service/driver/") - orders(*ORDERS),
    "gateway": orders(*ORDERS) | writes("nut/service/gateway/"),
    "monitor": orders("/fsd") | writes("nut/service/monitor/"),
    "monitor-web1": orders("/fsd") | writes("nut/service/monitor/web1/"),
    "scheduler": orders("/command/", "/set/") | writes("nut/service/scheduler/"),
    "operator": orders(*ORDERS),
    "homeassistant": orders("/command/beeper/", "/command/test/")
    | writes("nut/service/homeassistant/x/switch/", "homeassistant/"),
    "homeassistant-service": orders("/command/beeper/")
    | writes("nut/service/homeassistant/", "homeassistant/device/"),
    "web": orders(*ORDERS) | writes("nut/service/web/"),
    "viewer": frozenset[str](),
}
OF_NUT = writes("nut/")
MAY_READ = {
    **dict.fromkeys(USERS, OF_NUT),
    "homeassistant": OF_NUT | writes("homeassistant/"),
    "homeassistant-service": OF_NUT | writes("homeassistant/"),
}
# NATS refuses a subscription as a whole, and the driver asks for all of a device that it had.
DRIVER_MAY_READ = {
    ShippedMosquitto: orders("/command/", "/set/", "/meta", "/claim", "/var/")
    | writes("nut/service/driver/x/availability"),
    ShippedNats: writes("nut/device/", "nut/service/driver/x/availability"),
}


@pytest.fixture(params=[ShippedMosquitto, ShippedNats], ids=["mosquitto", "nats"])
async def shipped(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Shipped]:
    broker: Shipped = request.param(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


def test_all_topics_of_the_bus_are_tried_for_all_users():
    parsed = [Topics().parse(topic) for topic in TOPICS]
    parts = {about.part for about in parsed if about}
    kinds = {topic.split("/")[2] for topic in TOPICS if topic.startswith("nut/service/")}
    assert parts == {*DeviceTopic, *ServiceTopic}
    assert kinds == set(ServiceKind)
    assert MAY_WRITE.keys() == MAY_READ.keys() == set(USERS)


async def test_each_user_may_write_what_its_service_has_to_and_no_more(shipped: Shipped):
    async with user(shipped, TESTER) as tester:
        await tester.subscribe("nut/#", "homeassistant/#", "kitchen/#", "end/#")
        for name in USERS:
            written = [topic for topic in TOPICS if topic in MAY_WRITE[name]]
            assert await arrivals(shipped, tester, name) == written, name


async def arrivals(broker: Shipped, tester: Peer, name: str) -> list[str]:
    """Publish to each topic as a user; which of them arrive."""
    for topic in TOPICS:
        async with user(broker, name) as peer:  # a broker may end the connection for it
            with contextlib.suppress(EOFError, OSError):
                await peer.send(publish(topic, name.encode(), 1, qos=1))
                await peer.synchronise()
    end = f"end/{name}"
    await tester.publish(end, qos=1)
    arrived = []
    while (message := await tester.receive()).topic != end:
        assert message.payload == name.encode()
        arrived.append(message.topic)
    return arrived


async def test_each_user_may_read_what_its_service_has_to_and_no_more(shipped: Shipped):
    allowed = {**MAY_READ, "driver": DRIVER_MAY_READ[type(shipped)]}
    async with user(shipped, TESTER) as tester:
        for name in USERS:
            async with user(shipped, name) as reader:
                for filter_ in (*TOPICS, "#", "nut/#"):
                    with contextlib.suppress(AssertionError):
                        await reader.subscribe(filter_, qos=0)
                read = await heard(tester, reader)
            assert read == allowed[name], name


async def heard(tester: Peer, reader: Peer) -> set[str]:
    """Publish everything; what of it a reader gets."""
    for topic in TOPICS:
        if topic != END:
            await tester.publish(topic, b"said", qos=1)
    await tester.publish(END, b"end", qos=1)
    read: set[str] = set()
    while (message := await reader.receive()).payload != b"end":
        read.add(message.topic)
    return {*read, END}


@contextlib.asynccontextmanager
async def user(broker: Shipped, name: str) -> AsyncGenerator[Peer]:
    """Be connected as one of the users."""
    async with Peer.connected(
        broker.port, f"{name}-{next(NUMBERS)}", login=(name, PASSWORD)
    ) as peer:
        assert peer.return_code == 0
        yield peer
