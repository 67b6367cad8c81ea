"""`nutbus scan` against real servers, and against nut-scanner where both can find the same.

Everything is on loopback: NUT's own port on addresses of 127.0.0.0/8 that nothing else uses.
"""

import asyncio
import contextlib
import io
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import pytest
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from services.console.scan import announced, netxml
from services.console.scan.command import main, own_networks
from services.console.scan.exchange import Target
from services.console.scan.found import Found
from services.console.scan.nutserver import probe as ask_nut
from services.console.scan.ours import settings
from services.console.scan.ranges import Span
from services.console.scan.scanners import SCANNERS, Scope
from services.console.scan.serialports import probe as ask_line
from services.console.scan.sweep import Progress, sweep
from services.driver.protocols.snmpwire.values import Kind, Value
from shared.errors import PowerError
from tests.ournut import OurNut
from tests.ports import free_port
from tests.powermands import Powermand, pdu
from tests.realnut import Dummy, RealNut, find_nut_program
from tests.simulators.netxml import MINISLOT, VERSION_4, Card
from tests.simulators.nis import nis_server
from tests.simulators.snmp import Objects, SnmpSimulator

pytestmark = pytest.mark.integration

RUN_TIMEOUT = 30
CRASHES = 5  # that nut-scanner 2.8.0 may have in a row
ROOT = Path(__file__).parents[2]
# A network of this test's own, so that another run beside it does not get in the way.
NET = f"127.{100 + os.getpid() // 250 % 100}.{os.getpid() % 250}"
DEVICES = {
    "rack1": Dummy("ups.status: OL\n", desc="Rack 1"),
    "bureau": Dummy("ups.status: OB\n"),
}


THERE = ipaddress.IPv4Address("127.0.0.1")


class Upsd(NamedTuple):
    """The real upsd: on port 3493 of two addresses, on `port` of 127.0.0.1, on `port6` of ::1."""

    nut: RealNut
    port6: int

    @property
    def port(self) -> int:
        return self.nut.port


@pytest.fixture(scope="module")
def upsd(tmp_path_factory: pytest.TempPathFactory) -> Generator[Upsd]:
    port6 = free_port()
    listen = f"LISTEN {NET}.1 3493\nLISTEN {NET}.2 3493\nLISTEN ::1 {port6}\n"
    with RealNut(tmp_path_factory.mktemp("nut"), DEVICES, upsd_conf=listen) as nut:
        yield Upsd(nut, port6)


def scan(*arguments: str) -> str:
    """Run ours as the command does, in this process."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main(["-q", *arguments]) == 0
    return said.getvalue()


def nut_scanner(*arguments: str) -> str:
    """Run NUT's own; its threads trip over each other now and then, so it gets one at a time."""
    command = [find_nut_program("nut-scanner"), "-q", "-T", "1", *arguments]
    done = started(command)
    for _ in range(CRASHES):
        done = done if done.returncode >= 0 else started(command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def started(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=RUN_TIMEOUT, check=False, cwd=ROOT
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("-O", "-s", f"{NET}.1"),
        ("-O", "-e", f"{NET}.2"),
        ("-O", "-m", f"{NET}.1/32", "-N"),
        ("-O", "-s", f"{NET}.9", "-t", "1"),
        ("-O", "-m", f"{NET}.1/32", "-p", "3493"),
        ("-O", "-s", "localhost", "-p", "1"),
    ],
)
def test_one_server_is_printed_as_nut_scanner_prints_it(upsd: Upsd, arguments):
    assert scan(*arguments) == nut_scanner(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-O", "-s", f"{NET}.0", "-e", f"{NET}.3"),
        ("-O", "-P", "-s", f"{NET}.3", "-e", f"{NET}.0"),
        ("-O", "-m", f"{NET}.0/29", "-t", "2"),
    ],
)
def test_a_range_gives_what_nut_scanner_finds(upsd: Upsd, arguments):
    ours = scan(*arguments)
    assert ours == nut_scanner(*arguments)
    assert ours.count('"nutclient"') == 2 * len(DEVICES)


def test_ipv6_is_scanned_and_unlike_nut_2_8_0_the_port_is_kept(upsd: Upsd):
    arguments = ("-O", "-P", "-s", "::1", "-p", str(upsd.port6))
    ours, theirs = scan(*arguments), nut_scanner(*arguments)
    whole = f"@[::1]:{upsd.port6}"
    assert theirs.count('@::1"') == len(DEVICES)
    assert ours == theirs.replace("@::1", whole)
    for name in DEVICES:
        assert started([find_nut_program("upsc"), f"{name}{whole}", "ups.status"]).returncode == 0


def test_the_address_of_another_port_can_be_read_too(upsd: Upsd):
    found = scan("-O", "-P", "-s", "127.0.0.1", "-p", str(upsd.port))
    assert found == "".join(
        f'NUT:driver="nutclient",port="{name}@127.0.0.1:{upsd.port}"\n' for name in DEVICES
    )


def test_our_gateway_is_found_as_upsd_is(upsd: Upsd):
    with OurNut(upsd.nut.directory) as ours:
        for name in DEVICES:
            ours.await_readable(name)
        found = asyncio.run(ask_nut(Target("127.0.0.1", ours.port, 5)))
    assert sorted(device.name for device in found) == sorted(DEVICES)
    facts = {device.name: device.facts.get("description") for device in found}
    assert facts == {"rack1": "Rack 1", "bureau": None}


def test_a_whole_network_is_asked_though_one_host_does_not_answer(upsd: Upsd):
    with socket.create_server((f"{NET}.77", 3493)):
        found = scan("-O", "--nis_scan", "--powerman_scan", "-M", "-m", f"{NET}.0/24", "-t", "8")
    assert found.count("[nutdev") == 2 * len(DEVICES)


async def swept(name: str, port: int, patience: float = 5.0) -> list[Found]:
    steps: list[int] = []

    def tell(progress: Progress) -> None:
        steps.append(progress.done)

    where = (Span(THERE, THERE),)
    scope = Scope(where, timeout=patience, ports={name: port})
    found = await sweep([each for each in SCANNERS if each.name == name], scope, tell, pytest.fail)
    assert steps == [1]
    return found


async def test_apcupsd_is_found_with_its_model():
    async with nis_server() as server:
        port = int(server.address.rpartition(":")[2])
        (found,) = await swept("NIS", port)
    assert (found.driver, found.port) == ("apcupsd-ups", f"127.0.0.1:{port}")
    assert found.name == "rack1"
    assert found.facts["model"] == "Smart-UPS X 1500"


async def test_powerman_is_found_by_its_greeting(tmp_path: Path):
    async with Powermand(
        tmp_path, [f'device "pdu" "pdu" "{pdu("1")}"', 'node "rack" "pdu" "1"']
    ) as daemon:
        (found,) = await swept("POWERMAN", daemon.port)
    assert (found.driver, found.port) == ("powerman-pdu", daemon.address)
    assert found.facts["server"].startswith("powerman 2")


async def test_a_card_is_found_wherever_it_has_its_page():
    for layout in (MINISLOT, Card().layout):
        with Card(layout=layout) as card:
            port = int(card.url.rpartition(":")[2])
            (found,) = await asyncio.create_task(swept("XML", port))
        assert (found.driver, found.port) == ("netxml-ups", card_url(port))
        assert found.options == (("desc", layout.type),)


def card_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


async def test_a_card_that_no_driver_can_read_is_not_offered():
    with Card(layout=VERSION_4) as card:
        assert await swept("XML", int(card.url.rpartition(":")[2])) == []


async def test_a_card_answers_a_scan_request_by_udp():
    asked: list[bytes] = []

    class Answering(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.DatagramTransport", transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            asked.append(data)
            self.transport.sendto(b'<SCAN class="DEV.UPS" type="Mosaic 4M" x="1"><A/></SCAN>', addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Answering, local_addr=("127.0.0.1", 0))
    try:
        port = transport.get_extra_info("sockname")[1]
        (found,) = await netxml.broadcast(0.3, "127.0.0.1", port)
    finally:
        transport.close()
    assert asked == [b"<SCAN_REQUEST/>"]
    assert (found.driver, found.port) == ("netxml-ups", "http://127.0.0.1")
    assert found.options == (("desc", "Mosaic 4M"),)


NONSENSE = {
    "nothing": b"",
    "noise": bytes(range(256)) * 400,
    "no end": b"x" * 200_000,
    "web": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "list without end": b"Network UPS Tools\nBEGIN LIST UPS\n" + b'UPS a "b"\n' * 5,
    "list of others": b"Network UPS Tools\nBEGIN LIST UPS\nVAR a b c\nEND LIST UPS\n",
    "open quote": b'Network UPS Tools\nBEGIN LIST UPS\nUPS "a\nEND LIST UPS\n',
    "long message": b"\xff\xff" + b"x" * 65535,
    "endless messages": b"\x00\x01x" * 5000,
    "xml bomb": b"HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE a [<!ENTITY b 'bb'>]><a type='&b;'/>",
    "other greeting": b"001 2.3.27\r\nelse> ",
    "cut greeting": b"001 2.3.27\r\npo",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("hangs_up", [False, True], ids=["waits", "hangs up"])
@pytest.mark.parametrize("said", NONSENSE.values(), ids=NONSENSE.keys())
async def test_who_talks_nonsense_is_not_found_and_stops_nobody(said: bytes, hangs_up: bool):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(said)
            await writer.drain()
            if not hangs_up:
                await reader.read()
        except OSError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        names = ("OLDNUT", "NIS", "POWERMAN", "XML")
        found = await asyncio.gather(*(swept(name, port, patience=0.4) for name in names))
    assert found == [[]] * len(names)


async def test_names_of_strangers_stay_names(tmp_path: Path):
    """A quote in a name is quoted; what is no printable ASCII never arrives."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"me\n", b'BEGIN LIST UPS\nUPS "a\\"b" "x\x1b[2J"\nEND LIST UPS\n'):
            await reader.readline()
            writer.write(answer)
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        (found,) = await swept("OLDNUT", server.sockets[0].getsockname()[1])
    assert found.name == 'a"b'
    assert "\x1b" not in found.facts["description"]


@contextlib.asynccontextmanager
async def announcing(*services: tuple[str, str, int, dict[str, str]]) -> AsyncGenerator[None]:
    """Announce NUT servers (kind, host, port, text record) on the loopback interface."""
    async with AsyncZeroconf(interfaces=["127.0.0.1"]) as zeroconf:

        async def announce(kind: str, host: str, port: int, properties: dict[str, str]) -> None:
            info = AsyncServiceInfo(
                kind,
                f"{host}.{kind}",
                port=port,
                properties=properties,
                server=f"{host}.local.",
                parsed_addresses=["127.0.0.1"],
            )
            await (await zeroconf.async_register_service(info))

        async with asyncio.TaskGroup() as tasks:
            for service in services:
                tasks.create_task(announce(*service))
        yield


async def test_servers_that_announce_themselves_are_found(upsd: Upsd):
    """One tells its devices, one has to be asked for them, and one does not answer."""
    gone = free_port()
    async with announcing(
        ("_upsd._tcp.local.", "teller", 3493, {"device_list": "one;two"}),
        ("_nut._tcp.local.", "asked", upsd.port, {}),
        ("_nut._tcp.local.", "gone", gone, {}),
    ):
        found = await announced.search(3.0, ["127.0.0.1"])
    ports = {device.port: device for device in found}
    assert ports["one@teller.local"].options == (("desc", "IPv4"),)
    assert "two@teller.local" in ports
    assert {f"{name}@127.0.0.1:{upsd.port}" for name in DEVICES} <= set(ports)
    assert f"gone.local:{gone}" in ports


@contextlib.contextmanager
def on_a_line(answer: Callable[[bytes], bytes]) -> Generator[str]:
    """A serial line with somebody on its other end, who answers what was said so far."""
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)

    def talk() -> None:
        said = b""
        try:
            while data := os.read(ours, 100):
                said += data
                if reply := answer(said):
                    os.write(ours, reply)
                    said = b""
        except OSError:
            pass

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield name
    finally:
        os.close(theirs)
        thread.join(5)
        os.close(ours)


def smart(said: bytes) -> bytes:
    return b"SM\r\n" if said.endswith(b"Y") else b""


def shut(said: bytes) -> bytes:
    return b"\x16" if said.endswith(b"\x16") else b""


def q1(said: bytes) -> bytes:
    """Answer a line; what was asked before it makes no sense to this UPS, which then says so."""
    if not said.endswith(b"\r"):
        return b""
    return b"(226.0 195.0 226.0 014 49.0 27.5 30.0 00001000\r" if said == b"Q1\r" else said


def echo(said: bytes) -> bytes:
    return said


def silence(said: bytes) -> bytes:
    return b""


def noise(said: bytes) -> bytes:
    return b"\x00\xff(garbage SM 226.0\r\n"


@pytest.mark.parametrize(
    ("answer", "driver"),
    [
        (smart, "apcsmart"),
        (shut, "mge-shut"),
        (q1, "blazer_ser"),
        (echo, None),
        (silence, None),
        (noise, None),
    ],
)
def test_a_serial_device_tells_by_its_answers_what_it_is(answer, driver):
    with on_a_line(answer) as port:
        found = ask_line(port, 2.0 if driver else 0.2)
    assert [device.driver for device in found] == ([driver] if driver else [])
    assert all(device.port == port for device in found)


def test_a_port_that_cannot_be_opened_is_named(tmp_path: Path):
    with pytest.raises(PowerError, match="nothing"):
        ask_line(str(tmp_path / "nothing"))
    nothing = str(tmp_path / "nothing")
    done = started([sys.executable, "-m", "services.console", "scan", "-E", nothing])
    assert (done.returncode, done.stdout) == (0, "")
    assert str(tmp_path / "nothing") in done.stderr


def test_the_networks_of_this_host_are_known():
    assert ("127.0.0.1", 8) in [(each.address, each.prefix) for each in own_networks()]


def test_ctrl_c_ends_it_at_once_with_one_line():
    # Where the tests run in the background, Ctrl-C may be ignored: not here.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "services.console", "scan"]
    command += ["-O", "-s", f"{NET}.88"]
    with (
        socket.create_server((f"{NET}.88", 3493)) as silent,
        subprocess.Popen(
            [*command, "-t", "60"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as process,
    ):
        silent.settimeout(RUN_TIMEOUT)
        asked, _ = silent.accept()  # now it waits for an answer that never comes
        with asked:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=RUN_TIMEOUT)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines() == ["scanning for NUT servers", "nutbus scan: interrupted"]


def test_progress_goes_to_a_terminal_only(upsd: Upsd):
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "services.console", "scan", "-O", "-s", f"{NET}.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, cwd=ROOT) as process:
        os.close(theirs)
        out, _ = process.communicate(timeout=RUN_TIMEOUT)
    shown = os.read(ours, 4096)
    os.close(ours)
    assert b"asked 1 of 1, found 2" in shown
    assert shown.endswith(b"\r\x1b[K")
    assert b"\x1b" not in out


async def test_an_snmp_agent_is_found_with_its_mapping():
    objects = Objects(
        {
            "1.3.6.1.2.1.1.1.0": Value(Kind.OCTETS, b"A  card"),
            "1.3.6.1.2.1.1.2.0": Value(Kind.OID, "1.3.6.1.2.1.33"),
            "1.3.6.1.2.1.33.1.1.1.0": Value(Kind.OCTETS, b"Example"),
            "1.3.6.1.2.1.33.1.1.2.0": Value(Kind.OCTETS, b"UPS 1000"),
        }
    )
    async with SnmpSimulator(objects) as agent:
        (found,) = await swept("SNMP", agent.port)
    assert (found.driver, found.port) == ("snmp-ups", f"127.0.0.1:{agent.port}")
    assert dict(found.options) == {"mibs": "ietf", "community": "public"}
    assert found.facts["description"] == "A card"
    assert settings(found) == {"driver": "snmp", "port": found.port}


async def test_where_no_snmp_agent_is_nothing_is_found():
    assert await swept("SNMP", free_port(), patience=0.4) == []
