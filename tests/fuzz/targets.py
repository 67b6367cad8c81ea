"""Every parser that faces a network or a device, as a function of any bytes.

A target returns or raises one of its `errors`; anything else is a mistake of ours. tools/fuzz runs
them for minutes under coverage, test_fuzz.py for a moment in the suite.
"""

import asyncio
import functools
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.broker import packets
from services.broker.topictree import is_filter, is_topic
from services.console.scan.netxml import _answered
from services.driver.protocols import (
    apcupsd,
    devfile,
    eatonmqtt,
    nutclient,
    nutsocket,
    powerman,
    rfc2217,
    shut,
)
from services.driver.protocols.hid import descriptor
from services.driver.protocols.hid import values as hid_values
from services.driver.protocols.netxml import decode as netxml
from services.driver.protocols.netxml import documents
from services.driver.protocols.qx.decoding import decode
from services.driver.protocols.qx.registry import DIALECTS
from services.driver.protocols.qx.table import Knowledge
from services.driver.protocols.snmpwire import message as snmp
from services.driver.protocols.snmpwire import security as snmp_security
from services.driver.protocols.snmpwire.ber import MalformedError
from services.gateway import requests
from services.gateway.answers import Session
from services.gateway.logins import Logins as GatewayLogins
from services.gateway.mirror import Mirror
from services.gateway.replies import Replies
from services.gateway.tracking import Tracking
from services.web.access import safe_target
from services.web.compatibility import queries, scales
from services.web.compatibility.directory import Host
from services.web.compatibility.drawings import drawing
from services.web.compatibility.hosts import hosts_file
from services.web.compatibility.page import Setting
from services.web.compatibility.png import png
from services.web.compatibility.svg import svg
from services.web.compatibility.templates import render
from shared import messages
from shared.audit import faults
from shared.errors import PowerError
from shared.fleet import Fleet
from shared.messages import Message
from shared.nutaddress import parse_device
from shared.nutconfig import nut_settings
from shared.nutconfig.statements import statements
from shared.nutwire import LineReader, split
from shared.topics import DiscoveryTopics, Topics
from shared.users import Users, UserSettings

PIECE = 7  # bytes that come at once, where a parser takes a stream


@dataclass(frozen=True, slots=True)
class Target:
    """What is tried with any bytes; `seeds` are sound ones to begin with."""

    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    errors: tuple[type[Exception], ...] = (PowerError,)


def pieces(data: bytes) -> list[bytes]:
    return [data[at : at + PIECE] for at in range(0, len(data), PIECE)]


# --- NUT clients -----------------------------------------------------------------------------

VARS = {"ups.status": "OL", "ups.id": "x", "outlet.1.status": "on", "battery.charge.low": "20"}
META = messages.DeviceMeta(
    driver="dummy",
    service="d",
    commands=["load.off", "test.battery.start"],
    writable={
        "ups.id": messages.Writable(max_length=8),
        "battery.charge.low": messages.Writable(type="number", ranges=[(10, 50)]),
    },
)
TOPICS = Topics("nut")
USERS = Users(
    {"a": UserSettings(password="b", actions=["SET", "FSD"], instcmds=["ALL"], upsmon="primary")}
)


@functools.cache
def view() -> Mirror:
    fleet = Fleet(TOPICS)
    fleet.begin_session(0.0)
    state = messages.DeviceState(seq=1, at=0.0, vars=VARS)
    online = messages.Availability.ONLINE
    for publication in (
        messages.service_availability(TOPICS, "driver", "d", online),
        META.publication(TOPICS, "ups"),
        state.publication(TOPICS, "ups", urgent=False),
        messages.device_availability(TOPICS, "ups", online),
    ):
        fleet.take(Message(publication.topic, publication.payload, True), 0.0)
    return Mirror(fleet, GatewayLogins(), Tracking(), Replies())


def gateway(data: bytes) -> None:
    reader, session = LineReader(16 * 1024), Session("127.0.0.1")
    for piece in pieces(data):
        for line in reader.feed(piece):
            gateway_line(line, session)


def gateway_line(line: bytes, session: Session) -> None:
    try:
        words = split(line)
    except PowerError:
        return
    row = requests.verb(words)
    if isinstance(row, str) or requests.lacks(row, session) is not None:
        return
    reply = requests.answer(row, view(), session, words)
    assert reply


def nut_client(data: bytes) -> None:
    reader, rows = LineReader(16 * 1024), []
    for piece in pieces(data):
        rows += [split(line) for line in reader.feed(piece)]
    nutclient.variables(rows)
    nutclient.names(rows)
    for row in rows:
        nutclient.type_of(row)


def nut_socket(data: bytes) -> None:
    mirror = nutsocket.Mirror()
    for piece in pieces(data):
        mirror.receive(piece)
    mirror.values()
    mirror.writables()


# --- the bus ---------------------------------------------------------------------------------

DEVICE_PARTS = ("state", "meta", "availability", "fsd", "event", "result", "set/ups/id", "claim")
PAYLOADS: tuple[type[Any], ...] = tuple(
    kind
    for kind in vars(messages).values()
    if isinstance(kind, type)
    and issubclass(kind, messages.Payload)
    and kind not in (messages.Payload, messages.Packed, messages.Written)
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


LOOP = asyncio.new_event_loop()


def broker(data: bytes) -> None:
    """Read as the embedded broker does what comes from anybody who can connect."""
    frames = packets.FrameReader(64 * 1024)
    for piece in (data[:1], data[1:]):
        for frame in frames.feed(piece):
            LOOP.run_until_complete(packet(frame))


async def packet(frame: packets.Frame) -> None:
    match frame.kind:
        case packets.Kind.CONNECT:
            if packets.is_supported(frame):
                await packets.read_connect(frame)
        case packets.Kind.PUBLISH:
            message, _ = packets.read_publish(frame)
            if is_topic(message.topic):
                packets.publish_packet(message)
        case packets.Kind.SUBSCRIBE:
            await packets.read_subscribe(frame)
        case packets.Kind.UNSUBSCRIBE:
            await packets.read_unsubscribe(frame)
        case _:
            packets.read_packet_id(frame)


CONNECT = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04fuzz"
SAID = b"\x30\x05\x00\x01ahi\x82\x06\x00\x01\x00\x01#\x01"
WILL = b"\x10\x1e\x00\x04MQTT\x04\xc6\x00\x3c\x00\x01f\x00\x01w\x00\x01m\x00\x01u\x00\x01p"

# --- devices ---------------------------------------------------------------------------------


def snmp_wire(data: bytes) -> None:
    number, _, _ = snmp.version(data)
    if number == snmp.V3:
        snmp_security.plain_pdu(snmp_security.read_header(data))
    else:
        snmp.read_message(data)


SNMP_PDU = snmp.request(snmp.Operation.GET, 1, (("1.3.6.1.2.1.1.1.0", None),))
SNMP_SEEDS = (
    snmp.message(0, b"public", SNMP_PDU),
    snmp.message(1, b"public", SNMP_PDU),
    snmp.message(3, b"public", SNMP_PDU),
)


def netxml_pages(data: bytes) -> None:
    """Read them as a page of objects of a card, and as its product page."""
    card = documents.product(PRODUCT)
    for read in (documents.product, documents.timers):
        try:
            read(data)
        except PowerError:
            pass
    netxml.reading(card, documents.objects(data), netxml.Choices())


def netxml_search(data: bytes) -> None:
    _answered(data, "http://192.0.2.1")


PRODUCT = (
    b'<PRODUCT_INFO name="N" type="T" version="1" protocol="XML.V3"><SUMMARY>'
    b'<XML_SUMMARY_PAGE url="p.xml"/></SUMMARY></PRODUCT_INFO>'
)
OBJECTS = (
    b'<GET_OBJECT><OBJECT name="UPS.PowerSummary.RemainingCapacity" access="RO">99</OBJECT>'
    b'<OBJECT name="UPS.PowerSummary.PresentStatus.ACPresent" access="RO">1</OBJECT></GET_OBJECT>'
)


def hid(data: bytes) -> None:
    """Take the first half for a report descriptor and the rest for reports."""
    middle = len(data) // 2
    found = descriptor.parse(data[:middle] if middle > 64 else data)
    for field in found.fields[:50]:
        try:
            value = hid_values.raw(field, data[middle:])
            hid_values.physical(field, value)
        except PowerError:
            pass
        except (IndexError, ValueError):
            if len(data) - middle >= 64:
                raise


# Usage page Power Device, UPS, a report with one battery voltage.
DESCRIPTOR = bytes.fromhex(
    "0584 0904 a101 8501 0924 a102 0530 0584 0930 75 10 95 01 67 21d1f000 55 05 15 00 26 ffff b1 22"
    "c0 c0".replace(" ", "")
)


def qx(data: bytes) -> None:
    """Take the first byte for the dialect, the second for the query and the rest for the reply."""
    if len(data) < 2:
        return
    dialect = DIALECTS[data[0] % len(DIALECTS)]
    query = dialect.queries[data[1] % len(dialect.queries)]
    decode(query, dialect, data[2:], Knowledge(), range(len(query.fields)))


QX_SEEDS = tuple(
    bytes((number, place)) + query.example
    for number, dialect in enumerate(DIALECTS)
    for place, query in enumerate(dialect.queries[:3])
    if query.example
)


def nis(data: bytes) -> None:
    """Read a report of apcupsd's; each line has its length before it."""
    lines, at = [], 0
    while at + 2 <= len(data) and (size := int.from_bytes(data[at : at + 2], "big")):
        lines.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    apcupsd.decode(apcupsd.fields(lines), 0)


NIS = b"".join(
    len(line).to_bytes(2, "big") + line
    for line in (
        b"APC      : 001,018,0461\n",
        b"DATE     : 2026-01-01 00:00:00 +0000  \n",
        b"STATUS   : ONLINE \n",
        b"LINEV    : 230.0 Volts\n",
        b"STATFLAG : 0x05000008\n",
        b"END APC  : 2026-01-01 00:00:01 +0000  \n",
    )
)


def powermand(data: bytes) -> None:
    told = powerman.answer(data)
    for read in (powerman.nodes, powerman.reachable, lambda one: powerman.states(one, ("n1",))):
        try:
            read(told)
        except PowerError:
            pass


def eaton(data: bytes) -> None:
    card = eatonmqtt.Card()
    for topic in (
        "mbdetnrs/1.0/powerDistributions/1/status",
        "mbdetnrs/1.0/powerDistributions/1/inputs/1/measures",
        "mbdetnrs/1.0/powerDistributions/1/outputs/1/measures",
        "mbdetnrs/1.0/powerDistributions/1/backupSystem/powerBank/status",
        "mbdetnrs/1.0/powerDistributions/1/backupSystem/powerBank/measures",
    ):
        card.take(topic, data)
    card.reading()


def serial_line(data: bytes) -> None:
    """Take them for the stream of a terminal server, and for packets of SHUT."""
    codec = rfc2217.Codec()
    for piece in pieces(data):
        codec.receive(piece)
    rest = data
    while rest:
        _, used = shut.first_event(rest)
        if not used:
            break
        rest = rest[used:]


def dev_file(data: bytes) -> None:
    steps = devfile.parse(data.decode("utf-8", "replace"), "fuzz")
    devfile.play(devfile.NEW, steps)


# --- settings and the web --------------------------------------------------------------------

NUT_FILES = ("ups.conf", "upsd.conf", "upsd.users", "upsmon.conf", "upssched.conf", "hosts.conf")


@functools.cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="nutbus-fuzz-"))


def nut_files(data: bytes) -> None:
    """Take the first byte for the file that has the rest."""
    for name in NUT_FILES:
        (folder() / name).write_bytes(b"")
    chosen = folder() / NUT_FILES[data[0] % len(NUT_FILES) if data else 0]
    chosen.write_bytes(data[1:])
    nut_settings(folder())
    hosts_file(statements(chosen))


HOST = Host("ups@localhost", "<b>&", {**VARS, "battery.charge": "50", "input.voltage": "230"})


def query_strings(data: bytes) -> None:
    queries.stats_query(data)
    query = queries.picture_query(data)
    safe_target(data.decode("latin-1"))
    name = query.display or "input.voltage"
    drawn = drawing(scales.bar(name, HOST.variables or {}, query.numbers), query.numbers)
    if drawn.width * drawn.height <= 200 * 350:
        png(drawn)
    svg(drawn, "fuzz")


def templates(data: bytes) -> None:
    setting = Setting((HOST,), is_single=False, version="1", now=time.gmtime(0))
    render(data.decode("utf-8", "replace"), setting)


def addresses(data: bytes) -> None:
    parse_device(data.decode("utf-8", "replace"))


def audit_file(data: bytes) -> None:
    list(faults(data.splitlines(keepends=True)))


TARGETS = {
    "gateway": Target(
        gateway,
        (
            b'GET VAR ups ups.status\nLIST VAR ups\nSET VAR ups ups.id "a b"\nNETVER\n',
            b"USERNAME a\nPASSWORD b\nLOGIN ups\nINSTCMD ups load.off\nFSD ups\nLIST UPS\n",
            b"GET TYPE ups battery.charge.low\nLIST RANGE ups battery.charge.low\nHELP\nVER\n",
        ),
    ),
    "nut-client": Target(nut_client, (b'ups.status "OL"\nRW STRING:8\n',)),
    "nut-socket": Target(
        nut_socket, (b'SETINFO ups.status "OL"\nSETFLAGS ups.id RW STRING\nSETAUX ups.id 8\n',)
    ),
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
    "broker": Target(broker, (CONNECT, WILL, CONNECT + SAID)),
    "snmp": Target(
        snmp_wire, SNMP_SEEDS, (PowerError, MalformedError, snmp_security.ForgedError)
    ),
    "netxml": Target(netxml_pages, (OBJECTS, PRODUCT)),
    "netxml-search": Target(netxml_search, (b'<SCAN class="DEV.UPS" type="x"/>',)),
    "hid": Target(hid, (DESCRIPTOR, DESCRIPTOR * 4)),
    "qx": Target(qx, QX_SEEDS),
    "nis": Target(nis, (NIS,)),
    "powerman": Target(
        powermand,
        (b"102 Command done\r\npowerman> ", b"303 n1: on\r\n103 Query complete\r\npowerman> "),
    ),
    "eaton-mqtt": Target(eaton, (b'{"voltage":230.1,"supply":true,"communicationFault":false}',)),
    "serial": Target(
        serial_line,
        (b"\xff\xfd\x2c\xff\xfb\x00\xff\xfa\x2c\x65\x00\xff\xf0", b"\x84\x11a\x61"),
    ),
    "dev-file": Target(dev_file, (b"ups.status: OL\nTIMER 5\nALARM [x]\nups.load: 20\n",)),
    "nut-files": Target(
        nut_files,
        (
            b'\x00maxretry = 3\n[ups]\n driver = dummy-ups\n port = "a b"\n desc = "x"\n',
            b"\x01LISTEN 0.0.0.0 3493\nMAXAGE 15\n",
            b"\x02[admin]\npassword = x\nactions = SET\ninstcmds = ALL\nupsmon primary\n",
            b'\x03MONITOR ups@localhost 1 u p primary\nSHUTDOWNCMD "/bin/true"\n'
            b"NOTIFYFLAG ONLINE EXEC\n",
            b"\x04CMDSCRIPT /x\nPIPEFN /p\nLOCKFN /l\nAT ONBATT * START-TIMER t 30\n",
            b'\x05MONITOR ups@localhost "x"\n',
        ),
    ),
    "queries": Target(
        query_strings,
        (b"host=ups%40localhost&display=input.voltage&width=200&format=svg&treemode",),
    ),
    "templates": Target(
        templates, (b"@FOREACHUPS@\n@VAR ups.status@ @IFSUPP x@a@ELSE@b@ENDIF@\n@ENDFOR@\n",)
    ),
    "addresses": Target(addresses, (b"ups@[::1]:3493", b"ups@localhost")),
    "audit": Target(audit_file, (b'{"at": 1}\n{"at": 2, "after": "0123456789abcdef"}\n',)),
}  # fmt: skip
