"""What other clients ask gets the replies that they take, from the real upsd and from our server.

The replies of both servers are equal but for differences that docs/differences.md tells of.
"""

import json
import re
import subprocess
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncio_nutclient
import pytest

from shared.messages import Availability
from tests.brokers import find_program
from tests.clientplayer import Exchange, accepted, client
from tests.clientsequences import SEQUENCES, WINNUT_ERRORS, Sequence
from tests.ournut import OurNut
from tests.realnut import Dummy, RealNut, Scripted

pytestmark = pytest.mark.system

DOCUMENT = Path(__file__).parents[2] / "docs" / "differences.md"
TOOL = Path(__file__).parents[2] / "tools" / "npm-package"
NODE_NUT = ("node-nut", "1.0.3")
USERS = """
[monitor]
    password = watch
    upsmon secondary
[chief]
    password = chief
    upsmon primary
[all]
    password = all
    actions = SET FSD
    instcmds = ALL
    upsmon primary
"""
DUMP = """\
battery.charge: 100
battery.charge.low: 20
battery.charge.warning: 50
battery.runtime: 1234
battery.runtime.low: 300
battery.type: PbAc
battery.voltage: 27.10
battery.voltage.nominal: 24
device.mfr: EXAMPLE & SONS
device.model: Smart-UPS (1500)
device.serial: 000000000000
device.type: ups
input.frequency: 50.0
input.sensitivity: medium
input.transfer.high: 253
input.transfer.low: 208
input.voltage: 231.8
input.voltage.nominal: 230
outlet.1.desc: Main Outlet
outlet.1.switchable: no
output.frequency: 50.0
output.voltage: 231.8
ups.beeper.status: enabled
ups.delay.shutdown: 20
ups.delay.start: 30
ups.firmware: 01.2c/D
ups.id: rack
ups.load: 7
ups.mfr: EXAMPLE & SONS
ups.model: Smart-UPS (1500)
ups.power.nominal: 1500
ups.realpower: 63
ups.serial: 000000000000
ups.status: OL CHRG
ups.test.result: No test initiated
ups.timer.shutdown: -1
"""
WRITABLE = (
    'SETINFO ups.id "x"',
    "SETFLAGS ups.id RW STRING",
    "SETAUX ups.id 16",
    'SETINFO input.sensitivity "low"',
    "SETFLAGS input.sensitivity RW STRING",
    "SETAUX input.sensitivity 12",
    'ADDENUM input.sensitivity "low"',
    'ADDENUM input.sensitivity "not too low"',
    'SETINFO input.transfer.low "190.5"',
    "SETFLAGS input.transfer.low RW NUMBER",
    "ADDRANGE input.transfer.low 180 200",
    "ADDRANGE input.transfer.low 210 220",
    'SETINFO ups.delay.start "60"',
    "SETFLAGS ups.delay.start RW NUMBER",
)
RACK = Scripted(
    (
        'SETINFO ups.status "OL"',
        'SETINFO ups.mfr "Example"',
        'SETINFO ups.load "12"',
        *WRITABLE,
        *(f"ADDCMD {name}" for name in ("test.battery.start", "beeper.mute", "load.on")),
    ),
    results={"ups.id": 0, "test.battery.start": 0, "beeper.mute": 0, "load.on": 0},
    desc="A rack",
)
VICTIM = Scripted(('SETINFO ups.status "OL"',), desc="Is shut down")
DEVICES: dict[str, str | Dummy | Scripted] = {
    "dump": Dummy(DUMP, desc="A recorded one"),
    "rack": RACK,
    "victim": VICTIM,
}
# What an intended difference is about, by the beginning of the line; the rest is to be equal.
INTENDED = (
    ("version", r"VER", r"upsd \S+ - .+"),
    ("help", r"HELP", r" PROTVER"),
    ("driver-variables", r"LIST (VAR|RW)", r"(?m)^(VAR|RW) \S+ driver\..*\n"),
    ("descriptions", r"GET (CMD)?DESC", r'".*"'),
    ("dummy-commands", r"LIST CMD dump", r"CMD .*\n"),
)
# Lines that only one of the servers is sent, since the other has no such variable or command.
OF_ONE = re.compile(r"\S+ \S+ \S+ driver\.|GET CMDDESC dump ")


@dataclass(frozen=True, slots=True)
class Servers:
    theirs: RealNut
    ours: OurNut

    def declare(self, device: str, availability: Availability) -> None:
        """Let a device be stale, or fresh again, on both."""
        fresh = availability is Availability.ONLINE
        self.theirs.scripted(device).say("DATAOK" if fresh else "DATASTALE")
        self.ours.do(self.ours.scripted.declare(device, availability))
        expected = f'VAR {device} ups.status "OL"' if fresh else "ERR DATA-STALE"
        for server in (self.theirs, self.ours):
            server.await_answer(f"GET VAR {device} ups.status", expected)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[Servers]:
    folder = tmp_path_factory.mktemp("nut")
    scripted = {name: device for name, device in DEVICES.items() if isinstance(device, Scripted)}
    with RealNut(folder, DEVICES, users=USERS) as theirs, OurNut(folder, scripted=scripted) as ours:
        for name in DEVICES:
            ours.await_readable(name)
        yield Servers(theirs, ours)


def compared(exchange: Exchange) -> tuple[str, str]:
    """Return a line and what of its reply is to be equal."""
    reply = exchange.reply
    for _, about, mask in INTENDED:
        if re.match(about, exchange.line):
            reply = re.sub(mask, "", reply)
    return exchange.line, reply


@pytest.mark.parametrize("sequence", SEQUENCES, ids=str)
def test_a_client_gets_what_it_takes_and_the_same_from_both(servers: Servers, sequence: Sequence):
    both = []
    for server in (servers.theirs, servers.ours):
        with client(server, sequence) as player:
            player.play(sequence.steps, {"ups": "rack"})
            assert [each for each in player.said if not accepted(sequence, each)] == []
            if player.said[-1].line == "LOGOUT":
                assert player.is_closed()
        both.append([compared(each) for each in player.said if not OF_ONE.match(each.line)])
    assert both[1] == both[0]


def test_the_differences_stand_in_the_document():
    documented = re.findall(r"^### `([a-z0-9-]+)`$", DOCUMENT.read_text(), re.MULTILINE)
    assert {name for name, _, _ in INTENDED} <= set(documented)


def sequences(*clients: str) -> pytest.MarkDecorator:
    mine = [each for each in SEQUENCES if each.client in clients]
    return pytest.mark.parametrize("sequence", mine, ids=str)


@sequences("node-nut", "PeaNUT")
def test_node_nut_and_peanut_get_each_reply_in_one_piece(servers: Servers, sequence: Sequence):
    """node-nut takes a piece that ends with a line feed for the whole, PeaNUT one with the END."""
    with client(servers.ours, sequence) as player:
        player.play(sequence.steps, {"ups": "rack"})
    assert [each for each in player.said if len(each.pieces) != 1] == []


WINNUT, *_ = (each for each in SEQUENCES if each.client == "WinNUT")


@contextmanager
def stale(servers: Servers, device: str) -> Iterator[None]:
    servers.declare(device, Availability.STALE)
    try:
        yield
    finally:
        servers.declare(device, Availability.ONLINE)


def test_winnut_is_not_hung_up_on_while_data_is_stale(servers: Servers):
    for server in (servers.theirs, servers.ours):
        with client(server, WINNUT) as idle, client(server, WINNUT) as player:
            with stale(servers, "rack"):
                player.play(WINNUT.steps, {"ups": "rack"})
                polled = [each for each in player.said if each.line.startswith("GET VAR")]
                assert {each.reply for each in polled} == {"ERR DATA-STALE\n"}
                assert len(polled) >= 15
            assert player.ask("GET VAR rack ups.status").reply == 'VAR rack ups.status "OL"\n'
            assert idle.ask("VER").reply.startswith("Network UPS Tools")


def test_every_client_is_told_of_stale_data_in_one_line_and_goes_on(servers: Servers):
    asked = ("LIST VAR", "LIST RW", "GET VAR", "LIST CMD", "LIST CLIENT", "GET NUMLOGINS")
    outcomes = []
    with stale(servers, "rack"):
        for server in (servers.theirs, servers.ours):
            with client(server, WINNUT) as player:
                for line in asked:
                    player.ask(f"{line} rack" + (" ups.status" if line == "GET VAR" else ""))
                player.ask("LIST UPS")
            outcomes.append([compared(each) for each in player.said])
    assert outcomes[1] == outcomes[0]
    assert [reply for _, reply in outcomes[1][:3]] == ["ERR DATA-STALE\n"] * 3


ERRONEOUS = """
GET VAR nobody ups.status
GET VAR rack no.such
LIST VAR nobody
LOGIN
LOGIN nobody
USERNAME
USERNAME again
PASSWORD again
INSTCMD rack no.such
SET VAR rack ups.status OB
SET VAR rack no.such 1
SET VAR rack ups.id 123456789012345678901234567890
SET VAR rack input.sensitivity none
STARTTLS
LIST NOTHING
NO.SUCH
"""


def test_winnut_knows_the_name_of_every_error(servers: Servers):
    with client(servers.ours, WINNUT) as player:
        player.ask("USERNAME all")
        player.ask("PASSWORD all")
        replies = [player.ask(line).reply for line in ERRONEOUS.strip().split("\n")]
    assert [each for each in replies if not re.fullmatch(r"ERR [A-Z-]+\n", each)] == []
    assert {each.split()[1] for each in replies} <= set(WINNUT_ERRORS)


# The real client of npm: what each of its calls tells its callback, as JSON.
NODE_NUT_CALLS = """
const Nut = require(process.argv[2]);
const nut = new Nut(Number(process.argv[3]), "127.0.0.1");
const calls = [
    ["GetUPSList"],
    ["GetUPSVars", "dump"],
    ["GetUPSVars", "nobody"],
    ["GetUPSCommands", "rack"],
    ["GetRWVars", "rack"],
    ["GetEnumsForVar", "rack", "input.sensitivity"],
    ["GetRangesForVar", "rack", "input.transfer.low"],
    ["GetVarType", "rack", "ups.id"],
    ["GetVarDescription", "rack", "no.such"],
    ["netVer"],
    ["RunUPSCommand", "rack", "load.on"],
    ["SetUsername", "all"],
    ["SetPassword", "all"],
    ["SetRWVar", "rack", "ups.id", "real"],
    ["SetRWVar", "rack", "ups.status", "OB"],
    ["RunUPSCommand", "rack", "load.on"],
    ["Master", "rack"],
];
const told = value => Array.isArray(value) && !value.length ? Object.assign({}, value) : value;
nut.on("error", error => { console.error(error); process.exit(1); });
nut.on("ready", async () => {
    const outcomes = [];
    for (const [call, ...given] of calls)
        outcomes.push(await new Promise(resolve => {
            nut[call](...given, (...values) => resolve([call, ...values.map(told)]));
        }));
    console.log(JSON.stringify(outcomes));
    nut.close();
});
nut.start();
"""


def node_nut(server: RealNut | OurNut, folder: Path) -> list[list[Any]]:
    """Run the real node-nut and return what its calls gave."""
    where = subprocess.run([TOOL, *NODE_NUT], capture_output=True, text=True, check=False)
    assert where.returncode == 0, where.stderr
    script = folder / "calls.js"
    script.write_text(NODE_NUT_CALLS)
    library = f"{where.stdout.strip()}/node_modules/node-nut"
    ran = subprocess.run(
        [find_program("node", "nodejs"), script, library, str(server.port)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ran.returncode == 0, ran.stderr
    return list(json.loads(ran.stdout))


def without_driver(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: text for name, text in variables.items() if not name.startswith("driver")}


def test_the_real_node_nut_reads_sets_and_commands(servers: Servers, tmp_path: Path):
    outcomes = []
    for server in (servers.theirs, servers.ours):
        called = node_nut(server, tmp_path)
        called[1][1] = without_driver(called[1][1])
        outcomes.append(called)
    assert outcomes[1] == outcomes[0]
    ours = outcomes[1]
    assert ours[1][1]["ups.status"] == "OL CHRG"
    assert ["GetUPSVars", None, "UNKNOWN-UPS"] in ours
    assert ["RunUPSCommand", "USERNAME-REQUIRED\n"] in ours
    assert ["SetRWVar", "READONLY\n"] in ours
    assert ours[-3:] == [["SetRWVar", "READONLY\n"], ["RunUPSCommand", None], ["Master", None]]
    assert ("rack", "ups.id", "real") in servers.ours.scripted.orders


async def test_the_real_asyncio_nutclient_reads(servers: Servers):
    outcomes = []
    for server in (servers.theirs, servers.ours):
        real = asyncio_nutclient.NutClient(server.host, server.port)
        await real.connect()
        try:
            outcomes.append(
                (
                    await real.list_ups(),
                    without_driver(await real.list_var("dump")),
                    await real.username("monitor"),
                    await real.password("watch"),
                    await real.get("NUMLOGINS", "rack"),
                    await real.get_status("rack"),
                    str(await real.list_var("nobody")),
                )
            )
        finally:
            assert real.writer is not None
            real.writer.close()  # it never does so itself
            await real.writer.wait_closed()
    assert outcomes[1] == outcomes[0]
    assert outcomes[1][1]["battery"]["charge"]["value"] == '"100"'
    assert outcomes[1][2:] == (True, True, ["0"], asyncio_nutclient.UpsStatus.OnLine, "UNKNOWN-UPS")
