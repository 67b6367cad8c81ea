"""Targets: what comes over MQTT, to the embedded broker and to those who follow the bus."""

import asyncio
import json
from typing import Any

from services.broker import packets
from services.broker.connection import Connection
from services.broker.server import BrokerServer
from services.broker.settings import BrokerSettings
from services.broker.topictree import is_filter, is_topic
from services.driver.claims import Claims
from services.gateway.link import Link as GatewayLink
from services.homeassistant.link import Link as HomeAssistantLink
from services.homeassistant.metering import Metering
from services.homeassistant.settings import HomeAssistantSection
from services.monitor.supplies.bus import BusLink, Interests
from services.scheduler.link import Link as SchedulerLink
from services.web.mirror import Mirror
from shared import messages, service_messages
from shared.audit import AuditLog
from shared.errors import PayloadError, PowerError
from shared.fleet import Fleet
from shared.messages import Message, Publication
from shared.payloads import Packed, Payload, Written
from shared.topics import DiscoveryTopics, OfDevice, OfService
from tests.fuzz.lines import META, VARS, device_on_the_bus
from tests.fuzz.target import TOPICS, Target, Wire, done, heard, pieces

# --- payloads and topics ---------------------------------------------------------------------

DEVICE_PARTS = ("state", "meta", "availability", "fsd", "event", "result", "set/ups/id", "claim")
PAYLOADS: tuple[type[Any], ...] = tuple(
    kind
    for kind in (*vars(messages).values(), *vars(service_messages).values())
    if isinstance(kind, type)
    and issubclass(kind, Payload)
    and kind not in (Payload, Packed, Written)
    and hasattr(kind, "decode")
)


def payloads(data: bytes) -> None:
    """Have each kind of payload read them, and a fleet take them on each topic of a device."""
    for kind in PAYLOADS:
        try:
            messages.read(kind, Message("nut/device/ups/state", data, False))
        except PowerError:
            pass
    fleet = Fleet(TOPICS)
    fleet.begin_session(0.0)
    for part in DEVICE_PARTS:
        fleet.take(Message(f"nut/device/ups/{part}", data, True), 0.0)


def topics(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    about = TOPICS.parse(text)
    TOPICS.parse(f"nut/device/{text}")
    TOPICS.parse(f"nut/service/{text}")
    DiscoveryTopics("homeassistant").parse(text)
    is_topic(text)
    is_filter(text)
    assert about is None or text.startswith("nut/")


# --- the embedded broker ---------------------------------------------------------------------

SETTINGS = BrokerSettings()
HEARER = b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03ear"
ALL = b"\x82\x06\x00\x01\x00\x01#\x01"
CONNECT = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04fuzz"
SAID = b"\x30\x05\x00\x01ahi\x82\x06\x00\x01\x00\x01#\x01"
WILL = b"\x10\x1e\x00\x04MQTT\x04\xc6\x00\x3c\x00\x01f\x00\x01w\x00\x01m\x00\x01u\x00\x01p"
RETAINED = b"\x31\x08\x00\x03a/bold\x32\x07\x00\x01a\x00\x07hi\x34\x06\x00\x01a\x00\x08h"
LEFT = b"\xa2\x05\x00\x02\x00\x01#\x40\x02\x00\x01\x62\x02\x00\x08\xc0\x00\xe0\x00"


def broker(data: bytes) -> None:
    """Serve who sends this, beside a client that hears everything."""
    assert _frames([data]) == _frames(pieces(data))
    done(_served(data))


def _frames(parts: list[bytes]) -> list[packets.Frame] | None:
    reader = packets.FrameReader(64 * 1024)
    found: list[packets.Frame] = []
    try:
        for part in parts:
            found += reader.feed(part)
    except packets.ProtocolError:
        return None
    return found


async def _served(data: bytes) -> None:
    server = BrokerServer(SETTINGS)
    listening, reader = Wire(), asyncio.StreamReader()
    reader.feed_data(HEARER + ALL)
    other = Connection(SETTINGS, server, reader, listening)  # type: ignore[arg-type]
    hearing = asyncio.ensure_future(other.serve())
    for _ in range(3):
        await asyncio.sleep(0)
    await Connection(SETTINGS, server, heard(data), Wire()).serve()  # type: ignore[arg-type]
    reader.feed_eof()
    await hearing
    assert _is_whole(b"".join(listening.sent))


def _is_whole(sent: bytes) -> bool:
    """Tell whether what a client was sent is packets, each as long as it says."""
    at = 0
    while at < len(sent):
        size = shift = 0
        while (byte := sent[at := at + 1]) & 0x80:
            size, shift = size | (byte & 0x7F) << shift, shift + 7
        at += 1 + (size | byte << shift)
    return at == len(sent)


# --- who follows the bus ---------------------------------------------------------------------

SEPARATOR = b"\x1e"
HEARD = (
    *(f"nut/device/ups/{part}" for part in DEVICE_PARTS),
    "nut/device/ups/var/driver/state",
    "nut/device/other/meta",
    "nut/device/other/state",
    *(f"nut/service/driver/d/{part}" for part in ("availability", "info")),
    *(f"nut/service/gateway/g/{part}" for part in ("availability", "logins", "info")),
    *(f"nut/service/monitor/m/{part}" for part in ("availability", "power", "stage")),
    "nut/service/monitor/fuzz/power",
    "nut/service/scheduler/s/timers",
    "nut/service/homeassistant/fuzz/energy/ups",
    "nut/service/homeassistant/fuzz/standing/ups",
    "nut/service/homeassistant/fuzz/switch/ups/beeper",
    "homeassistant/device/nut_ups/config",
    "homeassistant/status",
)
RETAIN = 0x80


class Nowhere:
    """A connection to the bus on which only what is published is looked at."""

    topics = TOPICS

    async def publish(self, publication: Publication) -> None:
        assert isinstance(publication.payload, bytes)


def followers(data: bytes) -> None:
    """Take each part for a message, its first byte for the topic, to all who follow the bus."""
    done(_follow([message_of(part) for part in data.split(SEPARATOR) if part]))


def message_of(part: bytes) -> Message:
    topic = HEARD[(part[0] & ~RETAIN) % len(HEARD)]
    return Message(topic, part[1:], bool(part[0] & RETAIN))


async def _follow(come: list[Message]) -> None:
    section = HomeAssistantSection.model_validate(
        {"id": "fuzz", "allow_power_off": ["*"], "allow_set": ["*"]}
    )
    homeassistant = HomeAssistantLink(section, TOPICS, Metering(section.rules))
    gateway, mirror = GatewayLink("fuzz", TOPICS), Mirror(TOPICS)
    monitor = BusLink("fuzz", TOPICS, Interests(("ups",), True, True), lambda: None)
    claims = Claims("fuzz", TOPICS, lambda _name, _works: None)
    claims.add("ups", 0, preempts=True, told=lambda: (0, ""))
    scheduler = SchedulerLink("fuzz", TOPICS, None, lambda: 0.0, AuditLog(None))  # type: ignore[arg-type]
    scheduler._is_settled = True
    for fleet in (homeassistant._fleet, gateway.fleet, monitor.fleet, scheduler._fleet, mirror):
        fleet.begin_session(0.0)
    for message in (*device_on_the_bus(), *come):
        about = TOPICS.parse(message.topic)
        mirror.take(message, 1.0)
        if not gateway.fleet.take(message, 1.0):
            gateway._take(about, message)
        if not scheduler._fleet.take(message, 1.0):
            scheduler._take_result(message)
        _tell_monitor(monitor, message, about)
        if about:
            claims.note(about, message)
        await homeassistant._take(Nowhere(), message)  # type: ignore[arg-type]
    monitor.view({})
    while due := homeassistant._ledger.take_due(1e12):
        assert not due[1] or isinstance(json.loads(due[1]), dict)


def _tell_monitor(monitor: BusLink, message: Message, about: OfDevice | OfService | None) -> None:
    monitor.fleet.take(message, 1.0)
    if isinstance(about, OfService):
        try:
            monitor.others.take(about, message)
        except PayloadError:
            pass


def told(*parts: tuple[str, bytes]) -> bytes:
    return SEPARATOR.join(
        bytes([HEARD.index(topic) | RETAIN]) + payload for topic, payload in parts
    )


HOST = service_messages.MonitorPower(
    host="h",
    roles={"ups": service_messages.Role.PRIMARY},
    present=1,
    needed=1,
    phase=service_messages.Phase.FINAL,
).encode()
LOGINS = service_messages.Logins(logins={"ups": ["192.0.2.1"]}).encode()
FOLLOWED = (
    told(("nut/device/ups/meta", META.encode()), ("nut/device/ups/fsd", b'{"by":"x","at":1}')),
    told(
        ("nut/device/ups/state", messages.DeviceState(seq=2, at=1.0, vars=VARS).encode()),
        ("nut/device/ups/var/driver/state", b"x"),
        ("nut/device/ups/claim", b'{"service":"d","term":"a","beat":1}'),
    ),
    told(
        ("nut/service/gateway/g/availability", b"online"),
        ("nut/service/gateway/g/logins", LOGINS),
        ("nut/service/monitor/m/power", HOST),
        ("nut/service/monitor/fuzz/power", HOST),
        ("homeassistant/status", b"online"),
        ("nut/service/homeassistant/fuzz/switch/ups/beeper", b"on"),
    ),
    told(
        (
            "homeassistant/device/nut_ups/config",
            b'{"o":{"name":"nutbus nut/fuzz"},"cmps":{"a":{"p":"b"}}}',
        )
    ),
    told(("homeassistant/device/nut_ups/config", b"[" * 3000)),
)

TARGETS = {
    "payloads": Target(
        payloads,
        (
            META.encode(),
            messages.DeviceState(seq=1, at=1.0, vars=VARS).encode(),
            b'{"value":"1","id":"a","by":"b","expires":1e9}',
            b'{"by":"x","at":1,"reason":"y"}',
            b"online",
            b'{"service":"d","term":"a","beat":1}',
        ),
    ),
    "topics": Target(topics, (b"nut/device/ups/var/ups/status", b"service/monitor/x/power")),
    "broker": Target(
        broker, (CONNECT, WILL, CONNECT + SAID, CONNECT + SAID + RETAINED + LEFT), rounds=200
    ),
    "followers": Target(followers, FOLLOWED, rounds=50),
}
