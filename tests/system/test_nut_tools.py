"""Our upsc, upscmd, upsrw and upslog against Debian's, both asking the real upsd."""

import os
import pwd
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from tests.realnut import Dummy, RealNut, Scripted, find_nut_program

ROOT = Path(__file__).parents[2]
RUN_TIMEOUT = 40

USERS = """
[admin]
    password = secret
    actions = SET
    instcmds = ALL
[spaced]
    password = "two \\"words\\" \\# here"
    actions = SET
    instcmds = ALL
[guest]
    password = guest
[monitor]
    password = watch
    upsmon secondary
"""
DEVICES: dict[str, str | Dummy | Scripted] = {
    "dummy": Dummy(
        "ups.status: OL\nups.load: 12\nbattery.charge: 99\nups.id: rack\noutlet.1.switch: on\n",
        desc='A "nice" # dummy',
    ),
    "choices": Scripted(
        (
            'SETINFO ups.status "OL CHRG"',
            'SETINFO device.model "Model \\# \\"one\\" \\\\ two"',
            'SETINFO input.sensitivity "low"',
            "SETFLAGS input.sensitivity RW STRING",
            "SETAUX input.sensitivity 8",
            'ADDENUM input.sensitivity "low"',
            'ADDENUM input.sensitivity "high"',
            'SETINFO input.transfer.low "190.5"',
            "SETFLAGS input.transfer.low RW NUMBER",
            "ADDRANGE input.transfer.low 180 200",
            "ADDRANGE input.transfer.low 210 220",
            'SETINFO input.transfer.high "500"',
            "SETFLAGS input.transfer.high RW",
            "ADDRANGE input.transfer.high 250 280",
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
            "ADDCMD test.battery.start",
            "ADDCMD load.off",
            "ADDCMD load.on",
            "ADDCMD beeper.mute",
            "ADDCMD vendor.special",
        ),
        results={
            "test.battery.start": 0,
            "beeper.mute": 1,
            "load.on": 2,
            "load.off": 3,
            "ups.id": 0,
            "input.sensitivity": 3,
        },
        desc="Scripted",
    ),
    "bare": Scripted(("SETINFO ups.status OL",)),
    "stale": Scripted(("SETINFO ups.status OL",)),
    "gone": Scripted(("SETINFO ups.status OL",)),
}


@pytest.fixture(scope="module")
def nut(tmp_path_factory: pytest.TempPathFactory) -> Generator[RealNut]:
    with RealNut(tmp_path_factory.mktemp("nut"), DEVICES, users=USERS) as server:
        server.scripted("stale").say("DATASTALE")
        server.await_answer("GET VAR stale ups.status", "ERR DATA-STALE")
        server.stop_driver("gone")
        server.await_answer("GET VAR gone ups.status", "ERR DRIVER-NOT-CONNECTED")
        yield server


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended, without the lines that NUT's libraries add on stderr."""

    status: int
    stdout: str
    stderr: str


# What the NSS of Debian's build says of itself, and a second line for what Error: says already.
NOISE = re.compile(r"^(Init SSL without certificate database|upscli_split\w+: .*)\n", re.MULTILINE)


def theirs(tool: str) -> list[str]:
    return [find_nut_program(tool)]


def ours(tool: str) -> list[str]:
    code = f"import sys; from services.console.nut.{tool} import main; sys.exit(main(sys.argv[1:]))"
    return [sys.executable, "-c", code]


def run(command: Sequence[str], typed: str = "", **environment: str) -> Outcome:
    # A session of its own has no terminal, so that passwords are asked for on stdin.
    done = subprocess.run(
        command,
        input=typed,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=RUN_TIMEOUT,
        start_new_session=True,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, NOISE.sub("", done.stderr))


# One invocation a line: {at} is @ and the address of the server; after < comes what is typed.
INVOCATIONS = r"""
upsc -l {address}
upsc -L {address}
upsc -lL {address}
upsc -l {address} ignored
upsc -l 127.0.0.1:1
upsc -l 127.0.0.1:
upsc -l [::1
upsc -L 'no such host'
upsc dummy{at}
upsc DUMMY{at}
upsc dummy{at} ups.load
upsc dummy{at} UPS.load
upsc dummy{at} ups.load ignored
upsc -- dummy{at} ups.load
upsc dummy{at} no.such
upsc dummy{at} load
upsc dummy{at} ''
upsc dummy{at} 'ups. load'
upsc choices{at}
upsc choices{at} device.model
upsc bare{at}
upsc stale{at}
upsc stale{at} ups.status
upsc gone{at}
upsc gone{at} ups.status
upsc ghost{at}
upsc ghost{at} ups.status
upsc 'two words{at}'
upsc -c dummy{at}
upsc -c ghost{at}
upsc -c stale{at}
upsc
upsc ''
upsc dummy@
upsc dummy@127.0.0.1:
upsc dummy@127.0.0.1:0
upsc dummy@127.0.0.1:70000
upsc dummy@[::1
upsc dummy@127.0.0.1:1
upsc dummy@localhost:1
upsc dummy@[::1]:1
upsc 'dummy@no such host'
upscmd -l dummy{at}
upscmd -l choices{at}
upscmd -l bare{at}
upscmd -l ghost{at}
upscmd -l stale{at}
upscmd -l gone{at}
upscmd -l dummy@127.0.0.1:1
upscmd -l 'dummy@no such host'
upscmd -l dummy@127.0.0.1:
upscmd -u admin -p secret choices{at} test.battery.start
upscmd -u admin -p secret choices{at} test.battery.start 10
upscmd -uadmin -psecret -w choices{at} test.battery.start
upscmd -u admin -p secret -w choices{at} beeper.mute
upscmd -u admin -p secret -w choices{at} load.on
upscmd -u admin -p secret -wt 5 choices{at} load.off
upscmd -u admin -p secret -w -t 1 choices{at} vendor.special
upscmd -u admin -p secret -w -t 0 choices{at} load.off
upscmd -u admin -p secret -t soon choices{at} load.off
upscmd -u admin -p secret choices{at} no.such
upscmd -u admin -p secret -w choices{at} no.such
upscmd -u admin -p secret choices{at} off
upscmd -u admin -p secret ghost{at} load.off
upscmd -u admin -p secret stale{at} load.off
upscmd -u admin -p secret gone{at} load.off
upscmd -u admin -p wrong choices{at} load.off
upscmd -u nobody -p secret choices{at} load.off
upscmd -u guest -p guest choices{at} load.off
upscmd -u guest -p guest -w choices{at} load.off
upscmd -p secret choices{at} load.off < admin\n
upscmd choices{at} load.off < admin\nsecret\n
upscmd -u admin choices{at} load.off < wrong\n
upsrw dummy{at}
upsrw -l dummy{at}
upsrw choices{at}
upsrw bare{at}
upsrw ghost{at}
upsrw stale{at}
upsrw gone{at}
upsrw dummy@127.0.0.1:1
upsrw 'dummy@no such host'
upsrw dummy@127.0.0.1:
upsrw -s ups.id=left -u admin -p secret choices{at}
upsrw -s ups.id=left -u admin -p secret -w choices{at}
upsrw -s 'ups.id=a "\#b' -u admin -p secret -w choices{at}
upsrw -s ups.id=a=b -u admin -p secret -w choices{at}
upsrw -s UPS.ID=right -u admin -p secret choices{at}
upsrw -s ups.id -u admin -p secret -w choices{at} < typed\n
upsrw -s ups.id choices{at} < admin\nsecret\ntyped\n
upsrw -s ups.id=muchtoolong -u admin -p secret choices{at}
upsrw -s input.sensitivity=high -u admin -p secret choices{at}
upsrw -s input.sensitivity=high -u admin -p secret -w choices{at}
upsrw -s input.sensitivity=none -u admin -p secret choices{at}
upsrw -s input.transfer.low=195 -u admin -p secret choices{at}
upsrw -s input.transfer.low=205 -u admin -p secret choices{at}
upsrw -s ups.status=OB -u admin -p secret choices{at}
upsrw -s no.such=1 -u admin -p secret choices{at}
upsrw -s load=1 -u admin -p secret choices{at}
upsrw -s ups.id=x -u admin -p secret ghost{at}
upsrw -s ups.id=x -u admin -p secret stale{at}
upsrw -s ups.id=x -u admin -p wrong choices{at}
upsrw -s ups.id=x -u guest -p guest -w choices{at}
upsrw -s ups.id=x -t soon choices{at}
upsrw -s ups.id=x -u admin -p secret -w -t 0 choices{at}
upsrw -s ups.id=x -l bare{at}
upsrw -l -s ups.id=x -u admin -p secret choices{at}
upslog -s dummy{at}
upslog -l -
""".strip().splitlines()

# Said otherwise than by Debian's 2.8.0 and why: how each ended must be equal all the same.
SAID_OTHERWISE = {
    "upslog -s dummy{at}": "the banner has another version",
    "upslog -l -": "2.8.5 and we have -m too and say so",
}


@pytest.mark.parametrize("invocation", INVOCATIONS)
def test_our_tool_does_what_the_real_one_does(nut: RealNut, invocation: str) -> None:
    line, _, typed = invocation.partition(" < ")
    filled = line.replace("{at}", "@" + nut.address).replace("{address}", nut.address)
    tool, *arguments = shlex.split(filled)
    typed = typed.replace("\\n", "\n")
    expected = run([*theirs(tool), *arguments], typed)
    outcome = run([*ours(tool), *arguments], typed)
    if invocation in SAID_OTHERWISE:
        assert outcome.status == expected.status
        assert outcome.stderr
    else:
        assert outcome == expected


@pytest.mark.parametrize(
    "line",
    [
        "upsc -Z",
        "upsc -h",
        "upscmd",
        "upscmd -h",
        "upscmd -Z",
        "upscmd -u",
        "upscmd dummy{at}",
        "upsrw",
        "upsrw -h",
        "upsrw -Z",
        "upslog -h",
        "upslog one two",
    ],
)
def test_help_comes_when_the_real_tool_gives_it_with_the_same_exit_code(
    nut: RealNut, line: str
) -> None:
    tool, *arguments = line.replace("{at}", "@" + nut.address).split()
    expected = run([*theirs(tool), *arguments])
    outcome = run([*ours(tool), *arguments])
    assert "usage:" in expected.stdout
    assert "usage:" in outcome.stdout
    assert outcome.status == expected.status
    assert outcome.stderr == expected.stderr.replace(find_nut_program(tool), tool)


@pytest.mark.parametrize("tool", ["upsc", "upscmd", "upsrw", "upslog"])
def test_version_and_every_option_are_told(tool: str) -> None:
    for option in ("-V", "--version"):
        outcome = run([*ours(tool), option])
        assert (outcome.status, outcome.stderr) == (0, "")
        assert re.fullmatch(rf"Network UPS Tools {tool} \(nutbus \S+\)\n", outcome.stdout)
    told = run([*ours(tool), "--help"]).stdout
    for option in ("-W", "-D", "-V", "-h", "--tls", "--ca-file", "--cert-file", "--insecure"):
        assert f" {option}" in told


def test_clients_that_are_logged_in_are_listed(nut: RealNut) -> None:
    with socket.create_connection((nut.host, nut.port), timeout=RUN_TIMEOUT) as connection:
        connection.sendall(b"USERNAME monitor\nPASSWORD watch\nLOGIN dummy\n")
        with connection.makefile() as replies:
            assert [replies.readline() for _ in range(3)] == ["OK\n"] * 3
        arguments = ["-c", f"dummy@{nut.address}"]
        expected = run([*theirs("upsc"), *arguments])
        assert expected.stdout == "127.0.0.1\n"
        assert run([*ours("upsc"), *arguments]) == expected
        assert run([*ours("upsc"), "-j", *arguments]).stdout == '[\n  "127.0.0.1"\n]\n'


# The JSON of NUT 2.8.5, written down from its clients/upsc.c and common/strjson.c.
JSON = {
    "-l": '[\n  "dummy",\n  "choices",\n  "bare",\n  "stale",\n  "gone"\n]\n',
    "-L": (
        '{\n  "dummy": "A \\"nice\\" # dummy",\n  "choices": "Scripted",\n'
        '  "bare": "Description unavailable",\n  "stale": "Description unavailable",\n'
        '  "gone": "Description unavailable"\n}\n'
    ),
    "bare": '{\n  "ups.status": "OL"\n}\n',
    "dummy ups.load": '"12"\n',
    "choices device.model": '"Model # \\"one\\" \\\\ two"\n',
    "-c dummy": "[\n\n]\n",
}
JSON_ERRORS = {
    "ghost": ('{\n  "error": "Unknown UPS"\n}\n', "Unknown UPS"),
    "stale": ('{\n  "error": "Data stale"\n}\n', "Data stale"),
    "gone ups.status": ('{"error": "Driver not connected"}\n', "Driver not connected"),
    "-c ghost": ('{"error": "Unknown UPS"}\n', "Unknown UPS"),
    "dummy no.such": (
        '{"error": "Variable not supported by UPS"}\n',
        "Variable not supported by UPS",
    ),
    "dummy load": (
        '{"error": "old-style variable names are not supported"}\n',
        "old-style variable names are not supported",
    ),
}


def json_arguments(nut: RealNut, question: str) -> list[str]:
    words = question.split()
    at = 1 if words[0].startswith("-") else 0
    words[at:] = (
        [nut.address] if at == len(words) else [f"{words[at]}@{nut.address}", *words[at + 1 :]]
    )
    return [*ours("upsc"), "-j", *words]


@pytest.mark.parametrize("question", JSON)
def test_json_is_laid_out_as_by_upsc_2_8_5(nut: RealNut, question: str) -> None:
    assert run(json_arguments(nut, question)) == Outcome(0, JSON[question], "")


@pytest.mark.parametrize("question", JSON_ERRORS)
def test_a_json_error_is_on_stdout_and_its_text_on_stderr(nut: RealNut, question: str) -> None:
    stdout, text = JSON_ERRORS[question]
    assert run(json_arguments(nut, question)) == Outcome(1, stdout, f"Error: {text}\n")


def test_json_says_what_went_wrong_before_a_server_was_found() -> None:
    refused = "Connection failure: Connection refused"
    outcome = run([*ours("upsc"), "-j", "dummy@127.0.0.1:1"])
    assert outcome == Outcome(1, f'{{"error": "{refused}"}}\n', f"Error: {refused}\n")
    text = "invalid UPS definition.\nRequired format: upsname[@hostname[:port]]"
    quoted = text.replace("\n", "\\n")
    outcome = run([*ours("upsc"), "-j"])
    assert outcome == Outcome(1, f'{{"error": "{quoted}"}}\n', f"Error: {text}\n")


def test_the_connect_timeout_is_a_number(nut: RealNut) -> None:
    assert run([*ours("upsc"), "-W", "2.5", "-l", nut.address]).status == 0
    for bad in ("soon", "-1", "inf", "nan", "1e300"):
        outcome = run([*ours("upsc"), "-W", bad, "-l", nut.address])
        assert outcome == Outcome(1, "", f"Error: invalid network timeout: {bad}\n")


def test_a_password_can_come_from_a_file_or_the_environment(nut: RealNut, tmp_path: Path) -> None:
    order = ["choices@" + nut.address, "test.battery.start"]
    file = tmp_path / "password"
    file.write_text("secret\n")
    command = [*ours("upscmd"), "-u", "admin"]
    assert run([*command, "--password-file", str(file), *order]) == Outcome(0, "", "OK\n")
    assert run([*command, *order], NUTBUS_NUT_PASSWORD="secret") == Outcome(0, "", "OK\n")
    missing = run([*command, "--password-file", str(tmp_path / "none"), *order])
    assert missing.status == 1
    assert missing.stderr.startswith("Error: cannot read the password file ")


def test_a_password_with_spaces_and_quotes_arrives(nut: RealNut) -> None:
    order = ["choices@" + nut.address, "test.battery.start"]
    login = ["-u", "spaced", "-p", 'two "words" # here']
    assert run([*ours("upscmd"), *login, *order]) == Outcome(0, "", "OK\n")


@pytest.mark.parametrize("value", ["two words", 'a "b" c', "back\\slash", "#1", "a=b", "'"])
def test_a_value_reaches_the_driver_as_it_was_given(nut: RealNut, value: str) -> None:
    login = ["-u", "admin", "-p", "secret", "-w", "choices@" + nut.address]
    assert run([*ours("upsrw"), "-s", f"ups.id={value}"[:15], *login]).stderr == "SUCCESS\n"
    assert nut.scripted("choices").orders[-1] == ["SET", "ups.id", value[:8]]


@pytest.mark.parametrize(
    "arguments", [["dummy{at}", "load.off"], ["-u", "admin", "dummy{at}", "load.off"]]
)
def test_nothing_to_read_is_a_clear_error(nut: RealNut, arguments: list[str]) -> None:
    filled = [word.replace("{at}", "@" + nut.address) for word in arguments]
    outcome = run([*ours("upscmd"), *filled])
    assert outcome.status == 1
    assert re.search(r"Error: no (user name|password) given: use -", outcome.stderr)


def test_debugging_shows_the_lines_but_no_password(nut: RealNut) -> None:
    order = ["-u", "admin", "-p", "secret", "choices@" + nut.address, "test.battery.start"]
    outcome = run([*ours("upscmd"), "-D", *order])
    assert "> INSTCMD choices test.battery.start\n< OK\n" in outcome.stderr
    assert "secret" not in outcome.stderr


def test_a_reader_that_has_enough_gets_no_traceback(nut: RealNut) -> None:
    program = subprocess.Popen(
        [*ours("upsc"), "dummy@" + nut.address],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    program.stdout.close()
    assert program.stderr is not None
    assert program.stderr.read() == ""
    program.stderr.close()
    assert program.wait(RUN_TIMEOUT) == 1


def test_an_ipv6_server_is_reached_by_its_literal(tmp_path: Path) -> None:
    with RealNut(tmp_path, {"bare": Scripted(("SETINFO ups.status OL",))}, host="::1") as nut:
        arguments = [f"bare@[::1]:{nut.port}"]
        expected = run([*theirs("upsc"), *arguments])
        assert expected.stdout == "ups.status: OL\n"
        assert run([*ours("upsc"), *arguments]) == expected
        assert run([*ours("upsc"), "-l", f"[::1]:{nut.port}"]).stdout == "bare\n"


# upslog


FORMATS = [
    "%UPSHOST% %VAR ups.load%",
    "%%,%VAR ups.status%,%VAR no.such%,%VAR load%,%VAR %,%VAR%,%VAR  ups.load%",
    "%BAD%%BAD x%% %upshost%|%hostNAME%|%VARIABLE ups.load%",
    "%TIME @Y@m@d% %time @Y%",
    "%",
    "100% of %VAR ups.load",
    "[%VAR battery.charge%] plain",
]


class Logger:
    """An upslog that runs, its lines on stdout being read one by one."""

    def __init__(self, command: Sequence[str], directory: Path, *arguments: str) -> None:
        self.pid_file = directory / "upslog.pid"
        user = pwd.getpwuid(os.getuid()).pw_name
        self.program = subprocess.Popen(
            [*command, "-p", str(self.pid_file), "-u", user, *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.program.stdout is not None
        self.stdout = self.program.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.program.poll() is None:
            self.program.kill()
            self.program.communicate()

    def line(self) -> str:
        return self.stdout.readline().rstrip("\n")

    def end(self, number: int = signal.SIGTERM) -> Outcome:
        self.program.send_signal(number)
        stdout, stderr = self.program.communicate(timeout=RUN_TIMEOUT)
        return Outcome(self.program.returncode, stdout, NOISE.sub("", stderr))


def first_line(command: Sequence[str], directory: Path, *arguments: str) -> tuple[str, str]:
    with Logger(command, directory, *arguments) as logger:
        assert logger.line().startswith("Network UPS Tools upslog ")
        lines = logger.line(), logger.line()
        assert logger.end().status == 0
        return lines


@pytest.mark.parametrize("layout", FORMATS)
def test_upslog_writes_the_line_the_real_one_writes(
    nut: RealNut, tmp_path: Path, layout: str
) -> None:
    arguments = ("-s", f"dummy@{nut.address}", "-l", "-", "-i", "20", "-f", layout)
    expected = first_line(theirs("upslog"), tmp_path, *arguments)
    assert first_line(ours("upslog"), tmp_path, *arguments) == expected


@pytest.mark.parametrize("device", ["ghost{at}", "stale{at}", "dummy@127.0.0.1:1"])
def test_upslog_writes_na_where_nothing_can_be_read(
    nut: RealNut, tmp_path: Path, device: str
) -> None:
    name = device.replace("{at}", "@" + nut.address)
    arguments = ("-s", name, "-l", "-", "-i", "20", "-f", "%VAR ups.load% %VAR ups.status%")
    expected = first_line(theirs("upslog"), tmp_path, *arguments)
    assert expected[1] == "NA NA"
    assert first_line(ours("upslog"), tmp_path, *arguments) == expected


def test_upslog_takes_its_old_arguments(nut: RealNut, tmp_path: Path) -> None:
    arguments = (f"dummy@{nut.address}", "-", "20", "%VAR ups.load%", "of", "100")
    expected = first_line(theirs("upslog"), tmp_path, *arguments)
    assert expected[1] == "12 of 100 "
    assert first_line(ours("upslog"), tmp_path, *arguments) == expected


def test_upslog_writes_the_default_format(nut: RealNut, tmp_path: Path) -> None:
    arguments = ("-s", f"dummy@{nut.address}", "-l", "-")
    _, line = first_line(ours("upslog"), tmp_path, *arguments)
    assert re.fullmatch(r"\d{8} \d{6} 99 NA 12 \[OL\] NA NA", line)


def test_upslog_ends_after_the_count_and_names_every_device(nut: RealNut, tmp_path: Path) -> None:
    file = tmp_path / "log"
    dummy, bare = f"dummy@{nut.address}", f"bare@{nut.address}"
    user = pwd.getpwuid(os.getuid()).pw_name
    options = ["-F", "-N", "-d", "1", "-p", str(tmp_path / "pid"), "-u", user]
    options += ["-f", "%VAR ups.status%%t%PID%"]
    targets = ["-m", f"{dummy},{file}", "-m", f"{bare},{file}", "-m", f"*@{nut.address},-"]
    outcome = run([*ours("upslog"), *options, *targets])
    assert (outcome.status, outcome.stderr) == (0, "")
    expected = [f"{dummy}\tOL", f"{bare}\tOL"]
    assert [line.rpartition("\t")[0] for line in file.read_text().splitlines()] == expected
    names = [f"{name}@{nut.address}" for name in DEVICES]
    lines = outcome.stdout.splitlines()
    told = [f"logging status of {name} to - (30s intervals)" for name in names]
    assert lines[3 : 3 + len(names)] == told
    assert [line.split("\t")[0] for line in lines[3 + len(names) :]] == names
    assert not (tmp_path / "pid").exists()


def test_upslog_logs_at_once_on_sigusr1_and_ends_on_sigterm(nut: RealNut, tmp_path: Path) -> None:
    arguments = ("-s", f"dummy@{nut.address}", "-l", "-", "-i", "3600", "-f", "%VAR ups.load%")
    with Logger(ours("upslog"), tmp_path, *arguments) as logger:
        assert [logger.line() for _ in range(3)][2] == "12"
        assert logger.pid_file.read_text() == f"{logger.program.pid}\n"
        logger.program.send_signal(signal.SIGUSR1)
        assert logger.line() == "12"
        assert logger.end() == Outcome(0, "", "Signal 15: exiting\n")
        assert not logger.pid_file.exists()


def test_upslog_opens_its_file_anew_on_sighup(nut: RealNut, tmp_path: Path) -> None:
    file, moved = tmp_path / "log", tmp_path / "log.1"
    arguments = ("-s", f"dummy@{nut.address}", "-l", str(file), "-F", "-i", "3600", "-f", "x")
    with Logger(ours("upslog"), tmp_path, *arguments) as logger:
        await_text(file, "x\n")
        file.rename(moved)
        logger.program.send_signal(signal.SIGUSR1)
        await_text(moved, "x\nx\n")
        logger.program.send_signal(signal.SIGHUP)
        await_text(file, "x\n")
        ended = logger.end(signal.SIGINT)
        assert (ended.status, ended.stderr) == (
            0,
            "Signal 1: reopening log file\nSignal 2: exiting\n",
        )
        assert moved.read_text() == "x\nx\n"


def test_upslog_goes_to_the_background_when_it_writes_to_a_file(
    nut: RealNut, tmp_path: Path
) -> None:
    file = tmp_path / "log"
    arguments = ("-s", f"dummy@{nut.address}", "-l", str(file), "-i", "3600", "-f", "%PID%")
    with Logger(ours("upslog"), tmp_path, *arguments) as logger:
        stdout, stderr = logger.program.communicate(timeout=RUN_TIMEOUT)
        assert (logger.program.returncode, stderr) == (0, "")
        assert stdout.splitlines()[1].startswith("logging status of dummy@")
        await_text(logger.pid_file)
        pid = int(logger.pid_file.read_text())
        try:
            await_text(file, f"{pid}\n")
            assert pid != logger.program.pid
            assert os.getsid(pid) == pid
        finally:
            os.kill(pid, signal.SIGTERM)
        await_absence(logger.pid_file)


def test_upslog_reconnects_when_the_server_returns(tmp_path: Path) -> None:
    devices = {"bare": Scripted(("SETINFO ups.status OL",))}
    with RealNut(tmp_path, devices) as nut:
        arguments = ("-s", f"bare@{nut.address}", "-l", "-", "-i", "3600", "-f", "%VAR ups.status%")
        with Logger(ours("upslog"), tmp_path, *arguments) as logger:
            assert [logger.line() for _ in range(3)][2] == "OL"
            nut.stop_server()
            logger.program.send_signal(signal.SIGUSR1)
            assert logger.line() == "NA"
            nut.start_server()
            nut.await_readable("bare")
            logger.program.send_signal(signal.SIGUSR1)
            assert logger.line() == "OL"
            assert logger.end().status == 0


@pytest.mark.parametrize(("interval", "is_kept"), [("30", True), ("31", False)])
def test_upslog_hangs_up_between_lines_that_are_far_apart(
    tmp_path: Path, interval: str, is_kept: bool
) -> None:
    question, reply = b"GET VAR ups ups.status\n", b'VAR ups ups.status "OL"\n'
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(RUN_TIMEOUT)
        name = f"ups@127.0.0.1:{server.getsockname()[1]}"
        arguments = ("-s", name, "-l", "-", "-i", interval, "-f", "%VAR ups.status%")
        with Logger(ours("upslog"), tmp_path, *arguments) as logger:
            connection, _ = server.accept()
            with connection, connection.makefile("rwb", buffering=0) as lines:
                connection.settimeout(RUN_TIMEOUT)
                assert lines.readline() == question
                lines.write(reply)
                assert [logger.line() for _ in range(3)][2] == "OL"
                logger.program.send_signal(signal.SIGUSR1)
                assert lines.readline() == (question if is_kept else b"LOGOUT\n")
                if not is_kept:
                    assert lines.readline() == b""
                    server.accept()[0].close()
                    assert logger.line() == "NA"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-m", "dummy"], "Argument '-m upsspec,logfile' requires exactly 2 components"),
        (["-m", "a,b,c"], "Argument '-m upsspec,logfile' requires exactly 2 components"),
        (["-m", "a,-", "-l", "-"], "No UPS defined for monitoring"),
        (["-m", "a,-", "-i", "0"], "Error: -i takes a whole number from 1 up, not '0'"),
        (["-m", "a,-", "-d", "x"], "Error: -d takes a whole number from 0 up, not 'x'"),
        (["-m", "a,-", "-i", "9" * 5000], "Error: -i takes a whole number"),
        (["-m", "a,-", "-u", "no-such-user"], "user no-such-user not found"),
        (["-m", "@,-"], "Error: invalid UPS definition."),
        (["-m", "*@127.0.0.1:1,-"], "Error: Connection failure: Connection refused"),
        (["-m", "a@127.0.0.1:1,/no/such/folder/log"], "could not open logfile /no/such"),
        (["-Z"], "upslog: invalid option -- 'Z'"),
    ],
)
def test_upslog_says_what_is_wrong_with_its_arguments(arguments: list[str], complaint: str) -> None:
    outcome = run([*ours("upslog"), *arguments])
    assert outcome.status == 1
    assert complaint in outcome.stderr


def await_text(file: Path, text: str | None = None) -> None:
    deadline = time.monotonic() + RUN_TIMEOUT
    while not (file.exists() and (file.read_text() if text is None else file.read_text() == text)):
        assert time.monotonic() < deadline, file.read_text() if file.exists() else file
        time.sleep(0.01)


def await_absence(file: Path) -> None:
    deadline = time.monotonic() + RUN_TIMEOUT
    while file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
