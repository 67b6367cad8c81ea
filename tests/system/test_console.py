"""The command line as a new user meets it: real processes, in an empty folder of the test's own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from tests.ports import free_port
from tests.realnut import find_nut_program

pytestmark = pytest.mark.system

NUTBUS = Path(sys.executable).parent / "nutbus"
RUN_TIMEOUT = 30.0
START_TIMEOUT = 30.0  # the demo itself gives up when it is not ready after 10 s
STOP_TIMEOUT = 30.0
CHECK_INTERVAL = 0.05

RACK = """\
device.mfr: Example
device.model: Rack UPS
battery.charge: 100
input.voltage: 230.0
ups.load: 20
ups.status: OL
"""
SETTINGS = """\
[bus]
broker = "embedded://127.0.0.1:{broker}"

[devices.rack1]
driver = "dummy"
port = "rack1.dev"
desc = "Rack 1"

[gateway]
listen = ["127.0.0.1:{gateway}"]

[gateway.users.admin]
password_hash = "{hash}"
actions = ["SET"]
instcmds = ["ALL"]
"""


class Program:
    """A `nutbus` that runs until it is told to end; `output` has all it said."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        self.output = ""
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            # Where the tests run in the background, Ctrl-C may be ignored: not here.
            ["env", "--default-signal=INT", str(NUTBUS), *arguments],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,))
        self._reader.start()

    def until_said(self, text: str) -> None:
        """Wait until the output has this text."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: text in self.output or not self._reader.is_alive(), START_TIMEOUT
            )
        assert found, f"{text!r} is not in:\n{self.output}"
        assert text in self.output

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(how)
        try:
            return self.process.wait(STOP_TIMEOUT)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it in any case, with all that it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()

    @property
    def has_children(self) -> bool:
        """Tell whether a process that it started is still there."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    self.output += line
                    self._changed.notify_all()


@pytest.fixture
def started(tmp_path: Path) -> Generator[Callable[..., Program]]:
    """Start a program in the folder of the test; it is gone at the end in any case."""
    programs: list[Program] = []

    def start(*arguments: str, folder: Path = tmp_path) -> Program:
        programs.append(Program(arguments, folder))
        return programs[-1]

    yield start
    for program in programs:
        program.kill()


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with settings and a dummy device, and what is asked there."""

    folder: Path
    gateway: int

    def ask(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return nutbus(*arguments, folder=self.folder, given=given)

    def prints(self, *arguments: str) -> str:
        """Run a command that has to succeed."""
        result = self.ask(*arguments)
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""
        return result.stdout

    def complains(self, *arguments: str) -> str:
        """Run a command that has to fail with one line."""
        return one_line(self.ask(*arguments))

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.gateway}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[Home]:
    """`nutbus up` with one dummy device, as the quick start has it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "rack1.dev").write_text(RACK)
    digest = nutbus("passwd", folder=folder, given="secret\n").stdout.strip()
    ports = {"broker": free_port(), "gateway": free_port()}
    (folder / "nutbus.toml").write_text(SETTINGS.format(hash=digest, **ports))
    program = Program(["up"], folder)
    try:
        until_answered(ports["gateway"], "GET VAR rack1 ups.status", "VAR rack1 ups.status")
        yield Home(folder, ports["gateway"])
        assert program.end(signal.SIGTERM) == 0
        assert "Traceback" not in program.output
    finally:
        program.kill()


def test_the_demo_shows_a_power_cut_and_leaves_nothing_behind_on_ctrl_c(started, tmp_path):
    demo = started("demo", "--port", str(free_port()))
    demo.until_said("Ctrl-C ends it all.")
    port, broker_port = ports_of(demo.output)
    listed = nutbus("list", "--broker", f"mqtt://127.0.0.1:{broker_port}", folder=tmp_path)
    assert [line.split()[:2] for line in listed.stdout.splitlines()] == [
        ["ups1", "online"],
        ["ups2", "online"],
        ["pdu1", "online"],
    ]
    assert upsc(f"ups1@127.0.0.1:{port}", "ups.model") == "Simulated UPS 1500"
    pages = re.search(r"pages are at (http://127\.0\.0\.1:\d+/)", demo.output)
    assert pages
    with urllib.request.urlopen(pages[1], timeout=30) as page:
        assert b"Demo UPS of rack 1" in page.read()
    demo.until_said("ups1  ONBATT     UPS ups1 on battery")

    assert demo.end(signal.SIGINT) == 0
    assert demo.output.endswith("nothing is left behind.\n")
    assert "Traceback" not in demo.output
    assert not demo.has_children
    assert not is_open(port)
    assert not is_open(broker_port)
    assert list(tmp_path.iterdir()) == []


def test_the_demo_takes_the_next_port_and_says_so_when_one_is_taken(started):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        demo = started("demo", "--port", str(port))
        demo.until_said("Ctrl-C ends it all.")
        assert f"Port {port} is taken; the NUT port of this demo is" in demo.output
        assert demo.end() == 0


def test_check_says_what_would_run_without_the_passwords(home):
    lines = home.prints("check").splitlines()
    assert lines[0] == "nutbus.toml: good"
    assert lines[1].startswith("broker: embedded, at mqtt://127.0.0.1:")
    assert lines[2] == f"device rack1: dummy on {home.folder / 'rack1.dev'}"
    assert lines[3] == f"gateway: {home.server}; users: admin"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (
            '[devices.a]\ndriver = "dummy"\nprot = "a.dev"',
            "devices.a: unknown key 'prot'; did you mean 'port'?",
        ),
        ('[device.a]\ndriver = "dummy"', "unknown section 'device'; did you mean 'devices'?"),
        ("[gateway]\nlisen = []", "gateway: unknown key 'lisen'; did you mean 'listen'?"),
        (
            '[gateway.users.x]\npasword = "hush"',
            "gateway.users.x: unknown key 'pasword'; did you mean 'password'?",
        ),
        ('[gateway.users.x]\npassword_file = "/no/such"', "cannot read /no/such"),
        ('[devices."rack 1"]\ndriver = "dummy"', "'rack 1' is no name: 1 to 63 of"),
        ('[bus]\nbroker = "mqt://hush"', "bus.broker: the broker is embedded"),
        ('[bus]\nbroker = "embedded"', "nothing to run"),
        ("x = [[[", "Invalid value"),
    ],
)
def test_check_names_the_file_the_key_and_the_cure(tmp_path, settings, complaint):
    (tmp_path / "mine.toml").write_text(settings)
    said = one_line(nutbus("check", "--config", "mine.toml", folder=tmp_path))
    assert said.startswith("nutbus: mine.toml: ")
    assert complaint in said
    assert "hush" not in said


def test_check_fails_for_a_device_without_a_driver(tmp_path):
    (tmp_path / "nutbus.toml").write_text(
        '[devices.a]\ndriver = "dumy"\n[devices.b]\ndriver = "simulated"\n'
    )
    result = nutbus("check", folder=tmp_path)
    assert result.returncode == 1
    assert "device a: unknown driver 'dumy'; did you mean 'dummy'?" in result.stdout
    assert result.stderr == "nutbus: a cannot run; everything else would start\n"


@pytest.mark.parametrize(
    ("device", "complaint"),
    [
        ('driver = "apcsmart"', "apcsmart: port: name the serial port, such as /dev/ttyUSB0"),
        ('driver = "qx"\nport = "ttyUSB0"', "qx: port 'ttyUSB0': write the whole path"),
        ('driver = "qx"\nport = "/dev/a"\nprotocol = "acne"', "qx: protocol: 'acne' is not known"),
        ('driver = "nut-driver"\nprogram = "no-such"', "nut-driver: NUT's driver no-such is not"),
        ('driver = "netxml"\nport = "http://me:hush@card"', "netxml: port: the address shows"),
    ],
)
def test_check_tries_the_port_and_the_options_on_the_driver(tmp_path, device, complaint):
    (tmp_path / "nutbus.toml").write_text(
        f'[devices.b]\ndriver = "simulated"\n[devices.a]\n{device}'
    )
    result = nutbus("check", folder=tmp_path)
    assert result.returncode == 1
    assert result.stdout.startswith("nutbus.toml: not all of it can run\n")
    assert f"\ndevice a: {complaint}" in result.stdout
    assert result.stderr == "nutbus: a cannot run; everything else would start\n"
    assert "hush" not in result.stdout


def test_without_settings_it_says_what_to_do(tmp_path):
    for command in ("up", "check"):
        assert "try: nutbus demo" in one_line(nutbus(command, folder=tmp_path))


@pytest.mark.parametrize(("given", "complaint"), [("", "empty"), ("\n", "empty")])
def test_passwd_refuses_an_empty_password(tmp_path, given, complaint):
    assert complaint in one_line(nutbus("passwd", folder=tmp_path, given=given))


def test_list_has_a_line_for_each_device(home):
    assert home.prints("list") == "rack1  online  OL  Rack 1\n"
    (device,) = json.loads(home.prints("list", "--json"))
    assert (device["name"], device["availability"], device["driver"]) == (
        "rack1",
        "online",
        "dummy",
    )
    assert device["variables"]["device.mfr"] == "Example"


def test_get_prints_one_variable_or_all_of_them(home):
    assert home.prints("get", "rack1", "device.model") == "Rack UPS\n"
    assert json.loads(home.prints("get", "rack1", "device.model", "--json")) == "Rack UPS"
    everything = home.prints("get", "rack1")
    assert "input.voltage: 230.0\n" in everything
    as_data = json.loads(home.prints("get", "rack1", "--json"))
    assert everything.splitlines() == [f"{k}: {v}" for k, v in as_data["variables"].items()]


def test_set_changes_a_variable(home):
    assert home.prints("set", "rack1", "ups.load", "33") == "ok\n"
    assert home.prints("get", "rack1", "ups.load") == "33\n"
    result = json.loads(home.prints("set", "rack1", "ups.load", "20", "--json"))
    assert (result["status"], result["request"], result["name"]) == ("ok", "set", "ups.load")


def test_fsd_is_set_seen_and_cleared(home):
    assert nutbus("fsd", "rack1", "--reason", "test", folder=home.folder).returncode == 0
    shown = nutbus("get", "rack1", "ups.status", folder=home.folder).stdout
    assert shown.startswith("FSD ")
    assert nutbus("fsd", "rack1", "--clear", folder=home.folder).stdout == "cleared\n"
    shown = nutbus("get", "rack1", "ups.status", folder=home.folder).stdout
    assert "FSD" not in shown


def test_command_is_carried_out_and_commands_are_listed(home):
    assert home.prints("command", "rack1", "test.battery.start.quick") == "ok\n"
    assert "test.battery.start.quick  Run a battery self-test" in home.prints("command", "rack1")
    assert "load.off" in json.loads(home.prints("command", "rack1", "--json"))
    result = json.loads(home.prints("command", "rack1", "load.on", "--json"))
    assert (result["status"], result["request"], result["name"]) == ("ok", "command", "load.on")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("get", "rack1", "no.such"), "nutbus: rack1 has no variable no.such; see: nutbus get"),
        (("get", "rack9"), "nutbus: no device rack9 on the bus; there are: rack1"),
        (("command", "rack9", "load.off"), "nutbus: no device rack9 on the bus"),
        (("command", "rack1", "no.such"), "unknown: the device has no command no.such"),
        (("set", "rack1", "driver.name", "x"), "readonly: driver.name cannot be written"),
        (("set", "rack1", "no.such", "x"), "unknown: the device has no variable no.such"),
        (("set", "rack1", "ups.load", "much"), "invalid: a number such as 20"),
        (("list", "--config", "no.toml"), "nutbus: no.toml: No such file"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(home, arguments, complaint):
    assert home.complains(*arguments).startswith(complaint)


def test_a_refused_request_is_json_too(home):
    result = home.ask("set", "rack1", "driver.name", "x", "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["status"] == "readonly"
    assert result.stderr == ""


def test_without_a_broker_it_says_where_it_looked_and_what_to_do(tmp_path):
    where = f"mqtt://127.0.0.1:{free_port()}"
    said = one_line(nutbus("list", "--broker", where, folder=tmp_path))
    assert said.startswith(f"nutbus: cannot reach the broker at {where}: ")
    assert "nutbus up" in said


async def test_a_device_whose_driver_has_gone_is_told_from_one_that_is_there(
    broker, started, tmp_path
):
    (tmp_path / "nutbus.toml").write_text(
        f'[bus]\nbroker = "{broker.url}"\n[driver]\nid = "here"\n'
        '[devices.ups1]\ndriver = "simulated"\n'
    )
    driver = started("driver")
    deadline = time.monotonic() + START_TIMEOUT
    while nutbus("list", folder=tmp_path).stdout.split() != ["ups1", "online", "OL"]:
        assert time.monotonic() < deadline
    assert driver.end(signal.SIGTERM) == 0

    assert nutbus("list", folder=tmp_path).stdout.split() == ["ups1", "offline", "OL"]
    got = nutbus("get", "ups1", "ups.status", folder=tmp_path)
    assert (got.returncode, got.stdout) == (0, "OL\n")
    assert got.stderr == "ups1 is offline: this is the last that was known\n"
    said = one_line(nutbus("command", "ups1", "load.off", folder=tmp_path))
    assert said == "nutbus: ups1: its driver service here is not running"


def test_watch_without_a_terminal_prints_one_table(home):
    heading, row = home.prints("watch").splitlines()
    assert heading.split() == [
        "device", "status", "charge", "runtime", "load", "input", "output", "description",
    ]  # fmt: skip
    assert row.split()[:2] == ["rack1", "OL"]
    assert row.rstrip().endswith("Rack 1")


def test_events_come_as_they_happen(home, started):
    text, as_json = (
        started("events", folder=home.folder),
        started("events", "--json", folder=home.folder),
    )
    try:
        # The programs do not say when they are listening: so the event is made until it came.
        deadline = time.monotonic() + START_TIMEOUT
        while not ("  OVER " in text.output and '"OVER"' in as_json.output):
            for status in ("OL OVER", "OL"):
                assert time.monotonic() < deadline
                home.prints("set", "rack1", "ups.status", status)
    finally:
        home.prints("set", "rack1", "ups.status", "OL")
    assert "rack1  OVER       UPS rack1: overloaded  [OL OVER]" in text.output
    event = json.loads(as_json.output.splitlines()[0])
    assert event["device"] == "rack1"
    assert event["type"] in ("OVER", "NOTOVER")
    for program in (text, as_json):
        program.end(signal.SIGINT)
        assert "Traceback" not in program.output


def test_nut_tools_are_there(home):
    at = f"rack1@{home.server}"
    assert home.prints("upsc", "-L", home.server) == "rack1: Rack 1\n"
    assert (
        home.prints("upsc", at, "device.model") == "Rack UPS\n" == upsc(at, "device.model") + "\n"
    )
    login = ("-u", "admin", "-p", "secret")
    assert home.ask("upscmd", *login, at, "test.battery.start.quick").returncode == 0
    assert home.ask("upsrw", "-s", "ups.load=44", *login, at).returncode == 0
    assert home.prints("upsc", at, "ups.load") == "44\n"
    denied = home.ask("upscmd", "-u", "admin", "-p", "wrong", at, "load.off")
    assert denied.returncode == 1
    assert "ACCESS-DENIED" in denied.stderr


@pytest.mark.parametrize("tool", ["upsc", "upscmd", "upsrw", "upslog"])
def test_nut_tools_have_their_own_help(home, tool):
    assert f"usage: {tool} " in home.ask(tool, "-h").stdout


def test_nut_settings_run_as_they_are_save_for_a_driver_that_is_not_there(started, tmp_path):
    port = free_port()
    (tmp_path / "rack1.dev").write_text(RACK)
    (tmp_path / "ups.conf").write_text(
        "maxretry = 3\n[rack1]\n driver = dummy-ups\n port = rack1.dev\n"
        '[rack2]\n driver = no-such-driver\n port = auto\n desc = "Rack 2"\n'
    )
    (tmp_path / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {port}\n")
    (tmp_path / "upsd.users").write_text("[admin]\n password = secret\n instcmds = ALL\n")
    # The broker is no part of NUT's files: a small file beside them says where it is.
    (tmp_path / "bus.toml").write_text(f'[bus]\nbroker = "embedded://127.0.0.1:{free_port()}"\n')
    options = ("--nut-config", ".", "--config", "bus.toml")

    checked = nutbus("check", *options, folder=tmp_path)
    assert checked.returncode == 1
    assert f"gateway: 127.0.0.1:{port}; users: admin\n" in checked.stdout
    assert "rack2 cannot run" in checked.stderr

    up = started("up", *options)
    until_answered(port, "GET VAR rack1 ups.status", 'VAR rack1 ups.status "OL"')
    assert upsc(f"rack1@127.0.0.1:{port}", "device.model") == "Rack UPS"
    assert ask(port, "GET VAR rack2 ups.status") == "ERR DRIVER-NOT-CONNECTED"
    login = ("-u", "admin", "-p", "secret")
    command = ("upscmd", *login, f"rack1@127.0.0.1:{port}", "load.off")
    assert nutbus(*command, folder=tmp_path).returncode == 0
    assert up.end(signal.SIGTERM) == 0
    about_rack2 = [line for line in up.output.splitlines() if "rack2" in line]
    assert len(about_rack2) == 1
    assert "unknown driver 'no-such-driver'" in about_rack2[0]


def test_it_says_its_version_and_its_commands(tmp_path):
    assert nutbus("--version", folder=tmp_path).stdout.startswith("nutbus 0.")
    told = nutbus("-h", folder=tmp_path)
    assert told.returncode == 0
    for command in ("up", "demo", "check", "passwd", "list", "watch", "upsc", "gateway"):
        assert f" {command} " in told.stdout


def test_a_command_that_there_is_not_is_exit_code_2(tmp_path):
    result = nutbus("lst", folder=tmp_path)
    assert result.returncode == 2
    assert "No such command 'lst'" in result.stderr
    assert "list" in result.stderr


def test_bash_completes_the_name_of_a_command(tmp_path):
    script = (
        'eval "$(nutbus --show-completion bash)"\n'
        "complete -p nutbus\n"
        "COMP_WORDS=(nutbus ev) COMP_CWORD=1\n"
        "_nutbus_completion nutbus\n"
        'echo "${COMPREPLY[@]}"\n'
    )
    done = run(["bash", "-c", script], tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "complete -o default -F _nutbus_completion nutbus",
        "events",
    ]


def environment(folder: Path) -> dict[str, str]:
    """What a new user has: nothing of ours is set, and all files are in the folder."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("NUTBUS_")}
    path = f"{NUTBUS.parent}:{os.environ.get('PATH', '')}"
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(folder))
    return {**own, **places, "PATH": path, "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}


def run(command: Sequence[str], folder: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        input=given,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT,
        check=False,
    )


def nutbus(*arguments: str, folder: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return run([str(NUTBUS), *arguments], folder, given)


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """Return what a failed command said: nothing but one line on stderr, with exit code 1."""
    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def upsc(device: str, variable: str) -> str:
    """Ask Debian's own upsc."""
    program = find_nut_program("upsc")
    done = subprocess.run(
        [program, device, variable], capture_output=True, text=True, timeout=RUN_TIMEOUT, check=True
    )
    return done.stdout.strip()


def ports_of(introduction: str) -> tuple[int, int]:
    """Read the ports of gateway and broker from what the demo says."""
    found = re.search(r"mqtt://127\.0\.0\.1:(\d+) and on the NUT port (\d+)\.", introduction)
    assert found
    return int(found[2]), int(found[1])


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=30).close()
    except OSError:
        return False
    return True


def ask(port: int, question: str) -> str:
    """Send one line to a NUT server and return the first line back."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(question.encode() + b"\n")
        with connection.makefile() as replies:
            return replies.readline().rstrip("\n")


def until_answered(port: int, question: str, beginning: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    answer = "no answer"
    while not answer.startswith(beginning):
        assert time.monotonic() < deadline, f"{question}: {answer}"
        time.sleep(CHECK_INTERVAL)
        try:
            answer = ask(port, question)
        except OSError as error:
            answer = str(error)
