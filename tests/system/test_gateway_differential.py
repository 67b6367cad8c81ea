r"""The real upsd and our gateway, on the same settings files, are asked the same on raw sockets.

Answers are equal byte for byte, but for the differences that docs/differences.md tells of.
"""

import re
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.messages import Availability
from tests.ournut import OurNut
from tests.realnut import Dummy, RealNut, Scripted

DOCUMENT = Path(__file__).parents[2] / "docs" / "differences.md"
REPLY_TIMEOUT = 2.0

pytestmark = pytest.mark.system

USERS = """
[admin]
    password = secret
    actions = SET FSD
    instcmds = ALL
[operator]
    password = "two \\"words\\" \\# here"
    instcmds = test.battery.start
    instcmds = beeper.mute
[guest]
    password = guest
[watch]
    password = watch
    upsmon secondary
[chief]
    password = chief
    upsmon primary
"""
DEVICES: dict[str, str | Dummy | Scripted] = {
    "dummy": Dummy(
        "ups.status: OL\n"
        "ups.load: 12\n"
        "battery.charge: 99\n"
        "battery.charge.low: 20\n"
        "ups.id: rack\n"
        "ups.mfr: Some Maker\n"
        "outlet.1.switch: on\n",
        desc='A "nice" \\# \\\\ dummy',
    ),
    "escaped": Dummy("ups.status: OL\nups.mfr: Some \\# Maker\n"),
    "Choices": Scripted(
        (
            'SETINFO ups.status "OL CHRG"',
            'SETINFO device.model "Model \\# \\"one\\" \\\\ two"',
            'SETINFO input.sensitivity "low"',
            "SETFLAGS input.sensitivity RW STRING",
            "SETAUX input.sensitivity 12",
            'ADDENUM input.sensitivity "low"',
            'ADDENUM input.sensitivity "high"',
            'ADDENUM input.sensitivity "not too low"',
            'SETINFO input.transfer.low "190.5"',
            "SETFLAGS input.transfer.low RW NUMBER",
            "ADDRANGE input.transfer.low 180 200",
            "ADDRANGE input.transfer.low 210 220",
            'SETINFO ups.delay.start "60"',
            "SETFLAGS ups.delay.start RW NUMBER",
            'ADDENUM ups.delay.start "60"',
            'ADDENUM ups.delay.start "120"',
            'SETINFO ups.id "x"',
            "SETFLAGS ups.id RW STRING",
            "SETAUX ups.id 8",
            'SETINFO vendor.thing "x"',
            "SETFLAGS vendor.thing RW STRING",
            "SETAUX vendor.thing 4",
            'SETINFO Vendor.Upper "y"',
            'SETINFO vendor.empty ""',
            'SETINFO ups.delay.off "20"',
            "SETFLAGS ups.delay.off RW NUMBER",
            'SETINFO vendor.choice "c"',
            "SETFLAGS vendor.choice RW STRING",
            "SETAUX vendor.choice 20",
            'ADDENUM vendor.choice "c"',
            'ADDENUM vendor.choice "a \\"b\\" \\\\\\#"',
            "ADDCMD test.battery.start",
            "ADDCMD load.off",
            "ADDCMD load.on",
            "ADDCMD beeper.mute",
            "ADDCMD Vendor.special",
        ),
        results={
            "vendor.choice": 0,
            "test.battery.start": 0,
            "beeper.mute": 1,
            "load.on": 2,
            "load.off": 3,
            "ups.id": 0,
            "input.sensitivity": 3,
        },
        desc="Scripted",
    ),
    "verbose": Scripted(("SETINFO ups.status OL", f'SETINFO vendor.long "{"long " * 60}"')),
    "healthy": Scripted(("SETINFO ups.status OL",)),
    "bare": Scripted(("SETINFO ups.status OL",)),
    "forced": Scripted(('SETINFO ups.status "FSD OB LB"',)),
    "stale": Scripted(("SETINFO ups.status OL",), desc="Stale"),
    "gone": Scripted(("SETINFO ups.status OL",), desc="Gone"),
    "sentinel": Scripted(("SETINFO ups.status OL",), desc="the end"),
}
SENTINEL = b"GET UPSDESC sentinel\n"
END = b'UPSDESC sentinel "the end"\n'

# One script a row: its lines are set apart by semicolons, @name logs in as this user. What stands
# in brackets is the difference that it shows.
SCRIPTS = r"""
[version] VER
VER x
NETVER
PROTVER
netver
[help] HELP
HELP x
LIST UPS
list ups
LIST UPS x
[driver-variables] LIST VAR dummy
LIST VAR Choices
LIST VAR choices
LIST VAR CHOICES extra
LIST VAR stale
LIST VAR gone
LIST VAR nosuch
LIST VAR
LIST
LIST FOO
LIST FOO dummy
LIST FOO dummy x
[driver-variables] LIST RW dummy
LIST RW Choices
LIST RW bare
LIST RW stale
LIST RW gone
LIST RW nosuch
[dummy-commands] LIST CMD dummy
LIST CMD Choices
LIST CMD bare
LIST CMD stale
LIST CMD gone
LIST ENUM Choices input.sensitivity
LIST ENUM Choices INPUT.Sensitivity
LIST ENUM Choices ups.id
LIST ENUM Choices nosuch
LIST ENUM Choices
LIST ENUM nosuch x
LIST ENUM stale ups.status
LIST ENUM gone ups.status
LIST RANGE Choices input.transfer.low
LIST RANGE Choices ups.id
LIST RANGE Choices nosuch
LIST RANGE Choices
LIST RANGE gone ups.status
LIST CLIENT dummy
LIST CLIENT DUMMY
LIST CLIENT stale
LIST CLIENT gone
LIST CLIENT nosuch
LIST CLIENT
LIST CLIENTS dummy
GET
GET FOO
GET FOO dummy
GET FOO dummy x
GET VAR
GET VAR dummy
GET VAR dummy ups.status
get var dummy ups.status
GET VAR DUMMY Ups.Status
GET VAR dummy ups.status extra
GET VAR dummy nosuch
GET VAR dummy ups.mfr
GET VAR dummy device.mfr
GET VAR nosuch ups.status
GET VAR stale ups.status
GET VAR gone ups.status
GET VAR Choices device.model
GET VAR Choices vendor.upper
GET VAR Choices vendor.empty
GET VAR forced ups.status
[version] GET VAR dummy server.info
[version] GET VAR nosuch server.version
GET VAR dummy server.nosuch
GET VAR dummy SERVER.nosuch
GET VAR stale server.nosuch
GET TYPE dummy ups.status
GET TYPE dummy ups.id
GET TYPE dummy battery.charge.low
GET TYPE dummy outlet.1.switch
GET TYPE dummy driver.name
GET TYPE Choices input.sensitivity
GET TYPE Choices input.transfer.low
GET TYPE Choices ups.delay.start
GET TYPE Choices UPS.ID
GET TYPE Choices device.model
GET TYPE Choices nosuch
GET TYPE Choices
GET TYPE nosuch ups.id
GET TYPE stale ups.status
GET TYPE gone ups.status
[descriptions] GET DESC dummy ups.status
GET DESC dummy nosuch.variable
GET DESC dummy "no such \"thing\""
GET DESC nosuch ups.status
GET DESC stale ups.status
GET DESC stale nosuch.variable
GET DESC gone nosuch.variable
GET DESC dummy
[descriptions] GET CMDDESC dummy load.off
GET CMDDESC dummy nosuch.command
GET CMDDESC nosuch load.off
GET CMDDESC stale nosuch.command
GET CMDDESC gone nosuch.command
GET UPSDESC dummy
GET UPSDESC Choices
GET UPSDESC bare
GET UPSDESC stale
GET UPSDESC gone
GET UPSDESC nosuch
GET UPSDESC
GET NUMLOGINS dummy
GET NUMLOGINS Dummy x
GET NUMLOGINS stale
GET NUMLOGINS gone
GET NUMLOGINS nosuch
GET NUMLOGINS
GET TRACKING
GET TRACKING 1234
GET TRACKING 1234 5678
FOO
foo bar

{blank}
# comment
[version] VER # comment
[version] "VER"
""
"" VER
GET=VAR dummy ups.status
G\ET VAR dummy ups.status
GET VAR dummy "ups.status"
GET VAR dummy ups\.status
GET VAR dummy ups.id#x
[hash-in-quotes] GET VAR dummy "ups.id#x"
USERNAME
USERNAME a b
USERNAME admin;USERNAME admin
USERNAME "";USERNAME x;LOGIN dummy
PASSWORD
PASSWORD a b
PASSWORD secret;PASSWORD secret
PASSWORD secret;LOGIN dummy
LOGIN
LOGIN dummy
USERNAME watch;LOGIN dummy
@watch;LOGIN
@watch;LOGIN dummy x
@watch;LOGIN nosuch
@watch;LOGIN dummy;LIST CLIENT dummy;GET NUMLOGINS dummy;LOGIN dummy;LOGIN nosuch
@watch;LOGIN DUMMY;LIST CLIENT DUMMY;GET NUMLOGINS DUMMY
@watch;LOGIN stale;LIST CLIENT stale;GET NUMLOGINS stale
@watch;LOGIN gone;LIST CLIENT gone
USERNAME watch;PASSWORD wrong;LOGIN dummy;LOGIN dummy
USERNAME WATCH;PASSWORD watch;LOGIN dummy
USERNAME nobody;PASSWORD watch;LOGIN dummy
@guest;LOGIN dummy
USERNAME admin;PASSWORD secret;LOGIN dummy
@watch;PRIMARY dummy;MASTER dummy;FSD dummy
@chief;PRIMARY dummy;MASTER dummy;primary Dummy
@chief;PRIMARY;PRIMARY a b;PRIMARY nosuch;PRIMARY stale;PRIMARY gone;MASTER
@chief;FSD;FSD a b;FSD nosuch
PRIMARY dummy
PRIMARY
MASTER dummy
FSD dummy
FSD
USERNAME chief;FSD dummy
SET
SET VAR
SET FOO
INSTCMD
INSTCMD dummy
USERNAME x;SET
@admin;SET
@admin;SET VAR
@admin;SET VAR dummy
@admin;SET VAR dummy ups.id
@admin;SET FOO x
@admin;SET FOO x y z
@admin;SET VAR nosuch ups.id x
@admin;SET VAR stale ups.id x
@admin;SET VAR gone ups.id x
@admin;SET VAR dummy nosuch x
@admin;SET VAR dummy ups.status OB
@admin;SET VAR Choices device.model x
@admin;SET VAR Choices ups.status x
@admin;SET VAR Choices ups.id 123456789
@admin;SET VAR Choices vendor.thing 1234
@admin;SET VAR Choices vendor.thing 12345
@admin;SET VAR choices VENDOR.THING "a b"
@admin;SET VAR Choices vendor.thing a b
@admin;SET VAR Choices vendor.thing ""
@admin;SET VAR Choices input.sensitivity high
@admin;SET VAR Choices input.sensitivity HIGH
@admin;SET VAR Choices input.sensitivity "not too low"
@admin;SET VAR Choices input.sensitivity medium
@admin;SET VAR Choices input.sensitivity "much too long a value"
@admin;SET VAR Choices input.transfer.low 190
@admin;SET VAR Choices input.transfer.low 205
@admin;SET VAR Choices input.transfer.low 220
[number-ranges] @admin;SET VAR Choices input.transfer.low 190abc
@admin;SET VAR Choices input.transfer.low abc
[number-ranges] @admin;SET VAR Choices input.transfer.low 220.9
@admin;SET VAR Choices ups.delay.start 60
@admin;SET VAR Choices ups.delay.start 61
@admin;SET server.info x y z
@guest;SET VAR dummy ups.id x
@guest;SET VAR nosuch ups.id x
@guest;SET VAR stale ups.id x
@guest;SET VAR dummy nosuch x
USERNAME admin;PASSWORD wrong;SET VAR dummy ups.id x
USERNAME x;PASSWORD y;SET TRACKING ON;GET TRACKING;SET TRACKING OFF;GET TRACKING
USERNAME x;PASSWORD y;SET TRACKING on;GET TRACKING;GET TRACKING 1234
USERNAME x;PASSWORD y;SET TRACKING;SET TRACKING MAYBE;SET TRACKING ON OFF
SET TRACKING ON
@admin;INSTCMD
@admin;INSTCMD Choices
@admin;INSTCMD nosuch load.off
@admin;INSTCMD stale load.off
@admin;INSTCMD gone load.off
@admin;INSTCMD Choices nosuch
@admin;INSTCMD dummy nosuch
@admin;INSTCMD Choices load.off
@admin;INSTCMD CHOICES LOAD.OFF
@admin;INSTCMD Choices load.on 10
@admin;INSTCMD Choices load.on 10 20
@admin;INSTCMD Choices vendor.special
@operator;INSTCMD Choices load.off
@operator;INSTCMD Choices nosuch
@operator;INSTCMD Choices test.battery.start
@operator;INSTCMD Choices Beeper.Mute
@operator;SET VAR Choices ups.id x
@operator;LOGIN dummy
USERNAME operator;PASSWORD two;INSTCMD Choices beeper.mute
@guest;INSTCMD Choices load.off
@guest;INSTCMD stale load.off
STARTTLS
STARTTLS x
LOGOUT x
LOGOUT
[after-logout] LOGOUT;VER
logout
@watch;LOGIN dummy;LOGOUT
[rfc-9271] ATTACH dummy
[rfc-9271] DETACH
[rfc-9271] GET NUMATTACH dummy
[version] VER;NETVER;FOO;LIST UPS
[numbers] @admin;SET VAR Choices ups.delay.off abc
[enumerations-with-quotes] @admin;SET VAR Choices vendor.choice "a \"b\" \\#"
[long-replies] GET VAR verbose vendor.long
[escaped-twice] GET VAR escaped device.mfr
"""
LOGINS = {
    "@admin": "USERNAME admin;PASSWORD secret",
    "@operator": r'USERNAME operator;PASSWORD "two \"words\" \# here"',
    "@guest": "USERNAME guest;PASSWORD guest",
    "@watch": "USERNAME watch;PASSWORD watch",
    "@chief": "USERNAME chief;PASSWORD chief",
}
BYTES = (
    b"GET VAR dummy ups.status\r\n",
    b"NET\x00VER\n",
    b"GET VAR dummy ups.st\xc3\xa9atus\n",
    b"GET\tVAR\x0bdummy\x0cups.status\n",
    b"\xff\n",
    b"NETV\\\nER\n",
    b"GET VAR dummy \\\nups.status\n",
    b'GET VAR dummy "ups\n.status"\n',
    b"NETVER\rHELP\n",
    b"GET VAR dummy " + b"x" * 600 + b"\n",
    b"GET DESC dummy " + b"x" * 200 + b"\n",
    b" ".join([b"NETVER"] * 50) + b"\n",
    b"GET VAR dummy ups.status" + b" x" * 50 + b"\n",
    b"FOO\x7f\n",
    b"GET DESC dummy a\x7fb\n",
    b"NETVER\nGET VAR dummy ups.id\nFOO\n\n" * 10,
    b"x" * 3000 + b"\n",
    b"\x00\x01\x02\n",
    b'GET VAR dummy ups.status"\n',
    b'GET VAR dummy u"ps.id"\n',
    b'GET DESC dummy "a\nb"\n',
    b'SET "unfinished\nUSERNAME "\n',
)
# What a difference is about; the rest of the answer is to be equal.
MASKS = {
    "version": rb"upsd 2\S+ - [^\n\"]+|(?<=server\.version \")[^\"]+",
    "driver-variables": rb"(VAR|RW) \S+ driver\..*\n",
    "dummy-commands": rb"CMD .*\n",
    "descriptions": rb"(?<= )\"[^\"]*\"",
    "help": rb" PROTVER",
    "escaped-twice": rb"\\",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A script, and the difference that it shows."""

    script: bytes
    difference: str | None = None


def cases(text: str) -> list[Case]:
    found = []
    for row in text[1:-1].split("\n"):
        tag = re.match(r"\[([a-z0-9-]+)\] ", row)
        lines = (row[tag.end() :] if tag else row).replace("{blank}", "   ")
        for name, login in LOGINS.items():
            lines = lines.replace(name, login)
        script = "".join(line + "\n" for line in lines.split(";")).encode()
        found.append(Case(script, tag[1] if tag else None))
    return [*found, *(Case(script) for script in BYTES)]


CASES = cases(SCRIPTS)


@dataclass(frozen=True, slots=True)
class Servers:
    theirs: RealNut
    ours: OurNut


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[Servers]:
    folder = tmp_path_factory.mktemp("nut")
    scripted = {name: device for name, device in DEVICES.items() if isinstance(device, Scripted)}
    with RealNut(folder, DEVICES, users=USERS) as theirs, OurNut(folder, scripted=scripted) as ours:
        theirs.scripted("stale").say("DATASTALE")
        theirs.stop_driver("gone")
        for name in DEVICES:
            ours.await_readable(name)
        ours.do(ours.scripted.declare("stale", Availability.STALE))
        ours.do(ours.scripted.declare("gone", Availability.OFFLINE))
        for server in (theirs, ours):
            server.await_answer("GET VAR stale ups.status", "ERR DATA-STALE")
            server.await_answer("GET VAR gone ups.status", "ERR DRIVER-NOT-CONNECTED")
        yield Servers(theirs, ours)


def answers(server: RealNut | OurNut, script: bytes) -> bytes:
    """Send a script on a connection of its own and return what comes before the sentinel's."""
    received = b""
    with socket.create_connection((server.host, server.port), timeout=REPLY_TIMEOUT) as connection:
        connection.sendall(script + SENTINEL)
        try:
            while not received.endswith(END) and (data := connection.recv(65536)):
                received += data
        except TimeoutError:
            received += b"(nothing more)"
    return received.removesuffix(END)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.script[:60].decode("latin-1"))
def test_the_answers_are_equal_save_what_the_document_tells(servers: Servers, case: Case):
    theirs, ours = answers(servers.theirs, case.script), answers(servers.ours, case.script)
    if case.difference is None:
        assert ours == theirs
    else:
        assert ours != theirs, f"{case.difference} is no difference any more"
        if mask := MASKS.get(case.difference):
            assert re.sub(mask, b"", ours) == re.sub(mask, b"", theirs)


SHOWN_BELOW = {"command-parameters", "fsd-twice", "letter-case"}
SHOWN_ELSEWHERE = {  # in tests of the gateway alone
    "after-starttls",
    "endless-lines",
    "fsd-for-all",
    "letters",
    "limits",
    "long-values",
    "other-gateways",
    "require-tls",
    "results",
    "rights-by-device",
    "slow-refusals",
    "tls-floor",
}


def conversation(server: RealNut | OurNut, user: str) -> "Conversation":
    made = Conversation(server)
    for line in LOGINS[user].split(";"):
        assert made.ask(line) == "OK"
    return made


class Conversation:
    """One connection, a line for a line."""

    def __init__(self, server: RealNut | OurNut) -> None:
        self._socket = socket.create_connection((server.host, server.port), timeout=30)
        self._replies = self._socket.makefile("r")

    def __enter__(self) -> "Conversation":
        return self

    def __exit__(self, *_: object) -> None:
        self._replies.close()
        self._socket.close()

    def ask(self, line: str) -> str:
        self._socket.sendall(line.encode() + b"\n")
        return self._replies.readline().rstrip("\n")

    def await_answer(self, line: str, is_it: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + 30
        while not is_it(answer := self.ask(line)):
            assert time.monotonic() < deadline, f"{line}: {answer}"
            time.sleep(0.02)
        return answer


TRACKED = (
    ("INSTCMD Choices test.battery.start", "SUCCESS"),
    ("INSTCMD Choices beeper.mute", "ERR UNKNOWN"),
    ("INSTCMD Choices load.on", "ERR INVALID-ARGUMENT"),
    ("INSTCMD Choices load.off", "ERR FAILED"),
    ("SET VAR Choices ups.id tracked", "SUCCESS"),
    ("SET VAR Choices input.sensitivity high", "ERR FAILED"),
)


@pytest.mark.parametrize(("request_line", "result"), TRACKED)
def test_the_result_of_a_request_can_be_followed(servers: Servers, request_line: str, result: str):
    for server in (servers.theirs, servers.ours):
        with conversation(server, "@admin") as client:
            assert client.ask("SET TRACKING ON") == "OK"
            word, tracking, id = client.ask(request_line).split(" ")
            assert (word, tracking) == ("OK", "TRACKING")
            assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", id)
            client.await_answer(f"GET TRACKING {id}", lambda answer: answer == result)
            assert client.ask(f"GET TRACKING {id.lower()}") == result


def test_a_request_without_a_result_stays_pending(servers: Servers):
    for server in (servers.theirs, servers.ours):
        with conversation(server, "@admin") as client:
            assert client.ask("SET TRACKING ON") == "OK"
            id = client.ask("INSTCMD Choices Vendor.special").split(" ")[2]
            assert client.ask(f"GET TRACKING {id}") == "PENDING"


def test_a_parameter_of_several_words_reaches_only_our_driver(servers: Servers):
    for server in (servers.theirs, servers.ours):
        with conversation(server, "@admin") as client:
            assert client.ask("INSTCMD Choices load.on one  two") == "OK"
            assert client.ask('INSTCMD Choices load.on "one two"') == "OK"
    theirs = servers.theirs.scripted("Choices").orders
    ours = servers.ours.scripted.orders
    wait_until(lambda: ours.count(("Choices", "load.on", "one two")) == 2)
    wait_until(
        lambda: theirs[-2:] == [["INSTCMD", "load.on"], ["INSTCMD", "load.on", "one", "two"]]
    )


def test_a_change_of_letter_case_is_seen_only_by_us(servers: Servers):
    for server in (servers.theirs, servers.ours):
        with conversation(server, "@admin") as client:
            for value in ("lower", "LOWER", "end"):
                assert client.ask(f"SET VAR Choices ups.id {value}") == "OK"
                shown = f'VAR Choices ups.id "{value}"'
                if value == "LOWER" and server is servers.theirs:
                    time.sleep(0.2)
                    assert client.ask("GET VAR Choices ups.id") == shown.lower().replace(
                        "var choices", "VAR Choices"
                    )
                else:
                    client.await_answer("GET VAR Choices ups.id", lambda reply: reply == shown)  # noqa: B023 -- called at once


def test_a_forced_shutdown_is_shown_first_and_once(servers: Servers):
    statuses = {}
    for server in (servers.theirs, servers.ours):
        with conversation(server, "@chief") as client:
            assert client.ask("FSD Healthy") == "OK FSD-SET"
            assert client.ask("FSD forced") == "OK FSD-SET"
            assert client.ask("FSD gone") == "OK FSD-SET"
            assert client.ask("FSD stale") == "OK FSD-SET"
        assert server.ask("GET VAR healthy ups.status") == 'VAR healthy ups.status "FSD OL"'
        assert server.ask("GET VAR gone ups.status") == "ERR DRIVER-NOT-CONNECTED"
        assert server.ask("GET VAR stale ups.status") == "ERR DATA-STALE"
        statuses[server] = server.ask("GET VAR forced ups.status")
        assert b'VAR healthy ups.status "FSD OL"\n' in answers(server, b"LIST VAR healthy\n")
    assert statuses == {
        servers.theirs: 'VAR forced ups.status "FSD FSD OB LB"',
        servers.ours: 'VAR forced ups.status "FSD OB LB"',
    }


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_there_are_enough_scripts_and_each_is_another():
    scripts = [case.script for case in CASES]
    assert len(set(scripts)) == len(scripts) >= 120


def test_each_difference_stands_in_the_document():
    documented = set(re.findall(r"^### `([a-z0-9-]+)`$", DOCUMENT.read_text(), re.MULTILINE))
    shown = {case.difference for case in CASES if case.difference} | SHOWN_BELOW | SHOWN_ELSEWHERE
    assert shown == documented
