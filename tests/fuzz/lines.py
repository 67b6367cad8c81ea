"""Targets: what speaks the lines of NUT, on either side, and what the scan asks."""

import asyncio
import json
import tomllib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from unittest import mock

from services.console.scan import forms, nis, nutserver, powerman
from services.console.scan.exchange import Target as Place
from services.console.scan.found import Findings, Found
from services.console.scan.netxml import _answered
from services.console.scan.ours import settings
from services.driver.contract import Site
from services.driver.drivers.nut import NutDriver, NutOptions
from services.driver.protocols import nutclient, nutsocket
from services.gateway.client import Client
from services.gateway.deeds import Deeds
from services.gateway.gateway import Gateway
from services.gateway.link import Link
from services.gateway.settings import GatewaySection
from services.monitor.supplies.nut import NutSupply, Server
from shared import messages, service_messages
from shared.audit import AuditLog
from shared.errors import PowerError
from shared.messages import Message
from shared.nutaddress import parse_device
from shared.nutline import LINE_LIMIT, Line
from shared.nutwire import LineReader, split
from tests.fuzz.target import TOPICS, Target, Wire, done, heard, pieces

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
RIGHTS = {"password": "b", "actions": ["SET", "FSD"], "instcmds": ["ALL"], "upsmon": "primary"}


def device_on_the_bus() -> list[Message]:
    """Give the messages of a device that is there."""
    state = messages.DeviceState(seq=1, at=0.0, vars=VARS)
    online = messages.Availability.ONLINE
    told = (
        service_messages.service_availability(TOPICS, "driver", "d", online),
        META.publication(TOPICS, "ups"),
        state.publication(TOPICS, "ups", urgent=False),
        messages.device_availability(TOPICS, "ups", online),
    )
    return [Message(each.topic, each.payload, True) for each in told]


# --- the gateway -----------------------------------------------------------------------------


class Tasks:
    """A group of tasks that nobody waits for at the end: a wrong password is answered late."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[Any]] = []

    def create_task(self, work: Coroutine[Any, Any, Any]) -> None:
        self._tasks.append(asyncio.ensure_future(work))

    async def end(self) -> None:
        await asyncio.sleep(0)  # what has not begun cannot be ended cleanly
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


def gateway(data: bytes) -> None:
    done(_gateway(data))


async def _gateway(data: bytes) -> None:
    tasks, link = Tasks(), Link("fuzz", TOPICS)
    link.fleet.begin_session(0.0)
    section = GatewaySection.model_validate({"id": "fuzz", "users": {"a": RIGHTS}})
    host = Gateway(link, tasks, section, Deeds(AuditLog(None), "fuzz"))  # type: ignore[arg-type]
    host.apply(section, None)
    for message in device_on_the_bus():
        link.fleet.take(message, 0.0)
    client, wire = Client(host), Wire()
    client.connection_made(wire)  # type: ignore[arg-type]
    for piece in pieces(data):
        client.data_received(piece)
        if b"\n" in piece:
            await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)
    client.connection_lost(None)
    await tasks.end()
    assert not wire.sent or b"".join(wire.sent).endswith(b"\n")


# --- clients ---------------------------------------------------------------------------------


def nut_client(data: bytes) -> None:
    reader, rows = LineReader(16 * 1024), []
    for piece in pieces(data):
        rows += [split(line) for line in reader.feed(piece)]
    nutclient.variables(rows)
    nutclient.names(rows)
    for row in rows:
        nutclient.type_of(row)


def nut_line(data: bytes) -> None:
    """Take the first byte for who asks; the rest is what a server answers."""
    ask = ASKING[data[0] % len(ASKING)] if data else _lists
    done(ask(Line(heard(data[1:], LINE_LIMIT), Wire(), "far")))  # type: ignore[arg-type]


async def _lists(line: Line) -> None:
    for reply in await line.list_all([("VAR", "ups"), ("CMD", "ups"), ("UPS",)]):
        assert isinstance(reply, PowerError | list)
    await line.get(("VAR", "ups", "ups.status"), ("NUMLOGINS", "ups"))
    await line.ask("LOGIN", "ups")


async def _driver(line: Line) -> None:
    options = NutOptions.model_validate({"username": "a", "password": "b"})
    driver = NutDriver(Site("ups", "ups@far"), options)
    driver._line = line
    reading = await driver.poll()
    assert all(isinstance(value, str) for value in reading.variables.values())
    await driver.set("ups.id", "y")


async def _monitor(line: Line) -> None:
    supply = NutSupply("ups", Server("ups", "far", 3493, has_conditions=True), 5.0, lambda: None)
    supply.pace(5.0, counts_logins=True)
    await supply._look(line)


ASKING: tuple[Callable[[Line], Awaitable[None]], ...] = (_lists, _driver, _monitor)
LISTED = (
    b'BEGIN LIST VAR ups\nVAR ups ups.status "OL"\nVAR ups ups.id "x"\nEND LIST VAR ups\n'
    b"BEGIN LIST CMD ups\nCMD ups load.off\nEND LIST CMD ups\n"
    b'BEGIN LIST UPS\nUPS ups "a b"\nEND LIST UPS\n'
    b'VAR ups ups.status "OL"\nNUMLOGINS ups 1\nOK\n'
)
POLLED = (
    b'BEGIN LIST VAR ups\nVAR ups ups.status "OL"\nVAR ups ups.id "x"\nEND LIST VAR ups\n'
    b'BEGIN LIST RW ups\nRW ups ups.id "x"\nEND LIST RW ups\n'
    b"BEGIN LIST CMD ups\nCMD ups load.off\nEND LIST CMD ups\n"
    b"TYPE ups ups.id RW ENUM RANGE STRING:8\n"
    b'BEGIN LIST ENUM ups ups.id\nENUM ups ups.id "y"\nEND LIST ENUM ups ups.id\n'
    b'BEGIN LIST RANGE ups ups.id\nRANGE ups ups.id "1" "9"\nEND LIST RANGE ups ups.id\nOK\n'
)
LOOKED = b"".join(
    b'VAR ups %s "%s"\n' % pair
    for pair in (
        (b"ups.status", b"OB LB"),
        (b"ups.alarm", b"x"),
        (b"ups.mode.buzzwords", b""),
        (b"experimental.ups.mode.buzzwords", b""),
        (b"battery.charge", b"20"),
        (b"battery.runtime", b"1e3"),
        (b"battery.temperature", b"nan"),
    )
)


def nut_socket(data: bytes) -> None:
    mirror = nutsocket.Mirror()
    for piece in pieces(data):
        mirror.receive(piece)
    mirror.values()
    mirror.writables()


def addresses(data: bytes) -> None:
    parse_device(data.decode("utf-8", "replace"))


# --- the scan --------------------------------------------------------------------------------

PLACE = Place("192.0.2.1", 1, 5.0)
PROBES = (nutserver, nis, powerman)


def scan(data: bytes) -> None:
    """Take the first byte for what was asked, and the rest for the answer."""

    @asynccontextmanager
    async def conversation(_: Place) -> AsyncGenerator[tuple[asyncio.StreamReader, Wire]]:
        yield heard(data[1:]), Wire()

    asked = PROBES[data[0] % len(PROBES)] if data else nis
    with mock.patch.object(asked, "conversation", conversation):
        printed(done(asked.probe(PLACE)))


def netxml_search(data: bytes) -> None:
    printed(_answered(data, "http://192.0.2.1"))


def printed(found: list[Found]) -> None:
    """Print what was found in all forms; what a stranger says stays within its place."""
    devices = tuple(found)
    findings = Findings(devices)
    read = tomllib.loads(forms.toml(findings, settings))
    ports = [each["port"] for each in read.get("devices", {}).values()]
    assert ports == [each.port for each in devices]
    assert len(json.loads(forms.as_json(findings, settings))["devices"]) == len(devices)
    assert len(forms.parsable(devices).split("\n")) == len(devices) + 1
    lines = forms.ups_conf(devices).split("\n")
    assert sum(line.startswith("[") for line in lines) == len(devices)


SCANNED = (
    b'\0Network UPS Tools upsd 2.8.0\nBEGIN LIST UPS\nUPS a"b\nEND LIST UPS\n',
    b'\0NUT\nBEGIN LIST UPS\nUPS ups "Rack"\nEND LIST UPS\n',
    b"\1\0\x0aAPC : 001\n\0\x10STATUS : ONLINE\n\0\x0cUPSNAME : a\n\0\0",
    b"\x02001 powerman 2.3.27\r\npowerman> ",
)

TARGETS = {
    "gateway": Target(
        gateway,
        (
            b'GET VAR ups ups.status\nLIST VAR ups\nSET VAR ups ups.id "a b"\nNETVER\n',
            b"USERNAME a\nPASSWORD b\nLOGIN ups\nINSTCMD ups load.off\nFSD ups\nLIST UPS\n",
            b"GET TYPE ups battery.charge.low\nLIST RANGE ups battery.charge.low\nHELP\nVER\n",
            b'USERNAME a\nPASSWORD b\nSET TRACKING ON\nSET VAR ups ups.id "c"\nGET TRACKING 1\n',
            b"STARTTLS\nUSERNAME a\nPASSWORD c\nPRIMARY ups\nLOGOUT\n",
        ),
        rounds=200,
    ),
    "nut-client": Target(nut_client, (b'ups.status "OL"\nRW STRING:8\n',)),
    "nut-line": Target(
        nut_line, (b"\0" + LISTED, b"\1" + POLLED, b"\2" + LOOKED + b"NUMLOGINS ups 1\n")
    ),
    "nut-socket": Target(
        nut_socket, (b'SETINFO ups.status "OL"\nSETFLAGS ups.id RW STRING\nSETAUX ups.id 8\n',)
    ),
    "addresses": Target(addresses, (b"ups@[::1]:3493", b"ups@localhost")),
    "scan": Target(scan, SCANNED, (PowerError, EOFError)),
    "netxml-search": Target(netxml_search, (b'<SCAN class="DEV.UPS" type="x"/>',)),
}
