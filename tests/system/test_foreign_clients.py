"""Clients that others wrote, unmodified, do with our server what they do with the real upsd.

Debian's upsc, upscmd, upsrw, upslog and upsmon, and PyNUTClient and aionut from PyPI.
"""

import os
import pwd
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aionut
import pytest
from PyNUTClient.PyNUT import PyNUTClient, PyNUTError

from shared.messages import Availability
from tests.ournut import OurNut
from tests.realnut import Dummy, RealNut, Scripted, find_nut_program
from tests.system.test_nut_tools import DEVICES as TOOL_DEVICES
from tests.system.test_nut_tools import INVOCATIONS, Outcome, run, theirs
from tests.system.test_nut_tools import USERS as TOOL_USERS

pytestmark = pytest.mark.system
TIMEOUT = 30.0

USERS = TOOL_USERS + "[chief]\n    password = chief\n    upsmon primary\n"
FEEDS = Scripted(('SETINFO ups.status "OL"',), desc="Feeds two hosts")
DUMMY = Dummy(
    "ups.status: OL\nups.load: 12\nbattery.charge: 99\n", desc="PyNUT takes no quotes here"
)
DEVICES: dict[str, str | Dummy | Scripted] = {
    **TOOL_DEVICES,
    "dummy": DUMMY,
    "feeds": FEEDS,
    "pynut": FEEDS,
}

Server = RealNut | OurNut


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Server]]:
    folder = tmp_path_factory.mktemp("nut")
    scripted = {name: device for name, device in DEVICES.items() if isinstance(device, Scripted)}
    with (
        RealNut(folder, DEVICES, users=USERS) as upsd,
        OurNut(folder, scripted=scripted) as gateway,
    ):
        upsd.scripted("stale").say("DATASTALE")
        upsd.stop_driver("gone")
        for name in DEVICES:
            gateway.await_readable(name)
        gateway.do(gateway.scripted.declare("stale", Availability.STALE))
        gateway.do(gateway.scripted.declare("gone", Availability.OFFLINE))
        for server in (upsd, gateway):
            server.await_answer("GET VAR stale ups.status", "ERR DATA-STALE")
            server.await_answer("GET VAR gone ups.status", "ERR DRIVER-NOT-CONNECTED")
        yield {"upsd": upsd, "gateway": gateway}


# What docs/differences.md tells of: descriptions, and what is said of our driver.
DIFFERENCES = (
    (re.compile(r"^driver\..*\n", re.MULTILINE), ""),
    (re.compile(r"^\[driver\.[^\[]*", re.MULTILINE), ""),
    (re.compile(r"^(\[.*\])\n.*$", re.MULTILINE), r"\1"),
    (re.compile(r"^([a-z.0-9]+) - .*$", re.MULTILINE), r"\1"),
)
OUR_COMMANDS = "upscmd -l dummy{at}"  # dummy-ups has no commands, our dummy driver has
AT_A_SERVER = [
    line for line in INVOCATIONS if "{a" in line and line != OUR_COMMANDS and "upslog" not in line
]


@pytest.mark.parametrize("invocation", AT_A_SERVER)
def test_nuts_own_tools_get_the_same_from_both(servers: dict[str, Server], invocation: str):
    outcomes = []
    for server in servers.values():
        line, _, typed = invocation.partition(" < ")
        filled = line.replace("{at}", "@" + server.address).replace("{address}", server.address)
        tool, *arguments = shlex.split(filled)
        outcome = run([*theirs(tool), *arguments], typed.replace("\\n", "\n"))
        outcomes.append(Outcome(outcome.status, *map(shown, (outcome.stdout, outcome.stderr))))
    assert outcomes[0] == outcomes[1]


def shown(text: str) -> str:
    text = re.sub(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", "ID", text)
    for pattern, replacement in DIFFERENCES:
        text = pattern.sub(replacement, text)
    return text


def test_upscmd_lists_and_gives_the_commands_of_our_dummy_driver(servers: dict[str, Server]):
    at = "dummy@" + servers["gateway"].address
    listed = run([*theirs("upscmd"), "-l", at])
    assert "load.on - " in listed.stdout
    order = [*theirs("upscmd"), "-u", "admin", "-p", "secret", "-w", at, "test.battery.start"]
    assert run(order) == Outcome(0, "", "SUCCESS\n")


def test_upslog_logs_the_same_line_from_both(servers: dict[str, Server], tmp_path: Path):
    lines = []
    for name, server in servers.items():
        file = tmp_path / f"{name}.log"
        layout = "%VAR ups.status% %VAR ups.load% %VAR no.such% %HOST%"
        command = [*theirs("upslog"), "-s", f"dummy@{server.address}", "-F", "-i", "1"]
        command += ["-l", str(file), "-f", layout, "-u", user(), "-p", str(tmp_path / name)]
        with background(command, tmp_path):
            until_logged(file, "OL 12 NA ")  # at first it has no connection yet: NA NA NA
        lines.append(file.read_text().splitlines()[-1])
    assert lines[0] == lines[1]


@pytest.mark.parametrize("name", ["upsd", "gateway"])
def test_upsmon_shuts_secondary_and_primary_down(
    servers: dict[str, Server], name: str, tmp_path: Path
):
    server = servers[name]
    with upsmon(tmp_path, server, "primary", "chief chief"):
        server.await_answer("GET NUMLOGINS feeds", "NUMLOGINS feeds 1")
        with upsmon(tmp_path, server, "secondary", "monitor watch"):
            server.await_answer("GET NUMLOGINS feeds", "NUMLOGINS feeds 2")
            at = f"feeds@{server.address}"
            assert run([*theirs("upsc"), "-c", at]).stdout == "127.0.0.1\n" * 2
            say_status(server, "OB DISCHRG")
            server.await_answer("GET VAR feeds ups.status", 'VAR feeds ups.status "OB DISCHRG"')
            say_status(server, "OB DISCHRG LB")
            server.await_answer(
                "GET VAR feeds ups.status", 'VAR feeds ups.status "FSD OB DISCHRG LB"'
            )
            until((tmp_path / "secondary" / "down").exists)
            until((tmp_path / "primary" / "down").exists)
    assert (tmp_path / "primary" / "killpower").exists()
    server.await_answer("GET NUMLOGINS feeds", "NUMLOGINS feeds 0")


def until_logged(file: Path, text: str) -> None:
    until(lambda: file.exists() and text in file.read_text())


def say_status(server: Server, status: str) -> None:
    if isinstance(server, RealNut):
        server.scripted("feeds").say(f'SETINFO ups.status "{status}"')
    else:
        server.do(server.scripted.change("feeds", "ups.status", status))


UPSMON_CONF = """\
MONITOR feeds@{address} 1 {login} {role}
MINSUPPLIES 1
SHUTDOWNCMD "/bin/touch {folder}/down"
POWERDOWNFLAG {folder}/killpower
POLLFREQ 1
POLLFREQALERT 1
HOSTSYNC 15
DEADTIME 15
FINALDELAY 0
RUN_AS_USER {user}
"""
PID_FOLDERS = (Path("/run/nut"), Path("/var/run/nut"), Path("/var/state/ups"))
NOTICES = ("ONLINE", "ONBATT", "LOWBATT", "FSD", "SHUTDOWN", "COMMOK", "COMMBAD", "NOPARENT")


@contextmanager
def upsmon(place: Path, server: Server, role: str, login: str) -> Iterator[None]:
    """Run Debian's upsmon as the current user, saying nothing to anybody's terminal."""
    folder = place / role
    folder.mkdir()
    settings = UPSMON_CONF.format(
        address=server.address, login=login, role=role, folder=folder, user=user()
    )
    silent = "".join(f"NOTIFYFLAG {notice} IGNORE\n" for notice in NOTICES)
    (folder / "upsmon.conf").write_text(settings + silent)
    # It looks for another of its name in a folder of the system, so each has a name of its own.
    name = f"upsmon-{role}-{os.getpid()}"
    command = [name, "-F", "-p", "-u", user()]
    try:
        with background(command, folder, executable=find_nut_program("upsmon")):
            yield
    finally:
        for place in PID_FOLDERS:
            (place / f"{name}.pid").unlink(missing_ok=True)


@contextmanager
def background(command: list[str], folder: Path, executable: str | None = None) -> Iterator[None]:
    places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH", "NUT_PIDPATH")
    environment = {**os.environ, **dict.fromkeys(places, str(folder))}
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(
            command, executable=executable, env=environment, stdout=output, stderr=output
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_pynut_reads_sets_commands_and_logs_in_alike(servers: dict[str, Server]):
    outcomes = {name: pynut_outcomes(server) for name, server in servers.items()}
    assert outcomes["gateway"] == outcomes["upsd"]
    assert outcomes["gateway"]["after fsd"] == {b"ups.status": b"FSD OL"}


def pynut_outcomes(server: Server) -> dict[str, Any]:
    with (
        pynut(server) as guest,
        pynut(server, "admin", "secret") as admin,
        pynut(server, "chief", "chief") as chief,
        pynut(server, "admin", "wrong") as liar,
    ):
        assert guest.ver().startswith(b"Network UPS Tools upsd 2.8.")
        assert guest.help().startswith(b"Commands: HELP VER")
        calls: dict[str, Callable[[], Any]] = {
            "names": lambda: sorted(guest.GetUPSNames()),
            "list": lambda: guest.GetUPSList()[b"feeds"],
            "variables": lambda: guest.GetUPSVars("choices"),
            "stale": lambda: guest.GetUPSVars("stale"),
            "gone": lambda: guest.GetUPSVars("gone"),
            "unknown": lambda: guest.GetUPSVars("ghost"),
            "available": lambda: [guest.CheckUPSAvailable(name) for name in DEVICES],
            "commands": lambda: sorted(guest.GetUPSCommands("choices")),
            "writable": lambda: guest.GetRWVars("choices"),
            "set": lambda: admin.SetRWVar("choices", "ups.id", "py"),
            "too long": lambda: admin.SetRWVar("choices", "ups.id", "much too long"),
            "read only": lambda: admin.SetRWVar("choices", "ups.status", "OB"),
            "denied": lambda: liar.SetRWVar("choices", "ups.id", "x"),
            "command": lambda: admin.RunUPSCommand("choices", "load.off"),
            "no command": lambda: admin.RunUPSCommand("choices", "no.such"),
            "anonymous": lambda: guest.RunUPSCommand("choices", "load.off"),
            "login": lambda: chief.DeviceLogin("pynut"),
            "login twice": lambda: chief.DeviceLogin("pynut"),
            "login denied": lambda: admin.DeviceLogin("pynut"),
            "clients": lambda: guest.ListClients("pynut"),
            "fsd denied": lambda: admin.FSD("pynut"),
            "fsd": lambda: chief.FSD("pynut"),
            "after fsd": lambda: guest.GetUPSVars("pynut"),
        }
        return {name: pynut_outcome(call) for name, call in calls.items()}


@contextmanager
def pynut(server: Server, login: str | None = None, password: str | None = None) -> Iterator[Any]:
    client = PyNUTClient(server.host, server.port, login=login, password=password)
    try:
        yield client
    finally:
        client._PyNUTClient__srv_handler.close()  # it never does so itself


def pynut_outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except PyNUTError as error:
        return str(error)


async def aionut_outcome(work: Any) -> Any:
    try:
        return await work
    except aionut.NUTError as error:
        return f"{type(error).__name__}: {error}"


async def test_aionut_reads_and_commands_alike(servers: dict[str, Server]):
    outcomes = []
    for server in servers.values():
        client = aionut.AIONUTClient(server.host, server.port, "admin", "secret")
        liar = aionut.AIONUTClient(server.host, server.port, "admin", "wrong")
        variables = await client.list_vars("dummy")
        outcomes.append(
            [
                await aionut_outcome(work)
                for work in (
                    client.list_ups(),
                    client.description("dummy"),
                    client.description("ghost"),
                    client.list_vars("choices"),
                    client.list_vars("stale"),
                    client.list_vars("gone"),
                    client.list_vars("ghost"),
                    client.list_commands("choices"),
                    client.run_command("choices", "load.off"),
                    client.run_command("choices", "load.on", "10"),
                    client.run_command("choices", "no.such"),
                    liar.run_command("choices", "load.off"),
                    liar.list_vars("choices"),
                )
            ]
            + [{name: text for name, text in variables.items() if not name.startswith("driver.")}]
        )
        client.shutdown()
        liar.shutdown()
    assert outcomes[1] == outcomes[0]
    assert (
        "NUTLoginError: Error running: INSTCMD choices load.off: ERR ACCESS-DENIED" in outcomes[1]
    )
