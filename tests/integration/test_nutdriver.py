"""Drivers of NUT that we start or find running: Debian's own, and scripts that play one."""

import asyncio
import contextlib
import json
import logging
import os
import pwd
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from services.driver.contract import Site
from services.driver.drivers import DRIVERS
from services.driver.drivers import nutdriver as module
from services.driver.drivers import nutdriver_child as child_module
from services.driver.drivers.nutdriver import NutProgramDriver
from services.driver.drivers.nutdriver_child import Command
from services.driver.drivers.nutdriver_options import NutDriverOptions
from services.driver.drivers.nutdriver_programs import PROGRAMS
from services.driver.settings import DriverSettings
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError
from shared.nutconfig import nut_settings
from shared.topics import DeviceTopic
from tests.integration.gateways import until
from tests.integration.watcher import driver_settings, driving, watching
from tests.likenut import OurDriver, RealDriver, record
from tests.realnut import RealNut, Scripted, find_nut_program
from tests.simulators.qx import MEGATEC, SimulatedQx

pytestmark = pytest.mark.integration

COMMAND, SET = DeviceTopic.COMMAND, DeviceTopic.SET
DIFFERENCES = Path(__file__).parents[2] / "docs/differences/nut-driver.md"
FILE = "ups.status: OL\nups.load: 3\nups.id: x\ninput.transfer.low: 200\noutlet.1.desc: a b\n"
Q1 = {"protocol": "megatec", "pollinterval": "1"}


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """The folder where private folders are made; nothing of them may be left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "ups.dev"
    file.write_text(FILE)
    return file


@pytest.fixture
def qx():
    with SimulatedQx(MEGATEC, unknown=None) as ups:
        yield ups


def script(folder: Path, text: str) -> str:
    path = folder / "played-ups"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


# Plays a driver that can go stale but not power its device off; -k does what the test wants.
PLAY = """\
case "$*" in *-k*) echo "$*" >> "$0.off"; echo "error in -k"; exit $(cat "$0.code");; esac
NAME="$0" exec {python} -c '
import os, socketserver, sys
class Driver(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            words = line.decode().split()
            state = "DATASTALE" if os.path.exists(os.environ["NAME"] + ".stale") else "DATAOK"
            told = ["SETINFO ups.status OB", "ADDCMD test.stale", state, "DUMPDONE"]
            if words[0] == "INSTCMD":
                told = [state, f"TRACKING {{words[-1]}} 0"]
            self.wfile.write("".join(line + "\\n" for line in told).encode())
path = os.environ["NUT_STATEPATH"] + "/played-ups-" + sys.argv[2]
socketserver.ThreadingUnixStreamServer(path, Driver).serve_forever()
' "$@"
"""


@pytest.fixture
def playing_program(tmp_path):
    return script(tmp_path, PLAY.format(python=sys.executable))


@contextlib.asynccontextmanager
async def opened(port, device="played", **options):
    driver = NutProgramDriver(Site(device, str(port)), NutDriverOptions.model_validate(options))
    try:
        await driver.open()
        yield driver
    finally:
        await driver.close()


@contextlib.asynccontextmanager
async def running(started: RealNut | RealDriver):
    try:
        await asyncio.to_thread(started.start)
        yield
    finally:
        await asyncio.to_thread(started.stop)


async def failure(port="x", **options) -> str:
    with pytest.raises(DeviceError) as caught:
        async with opened(port, **options):
            pass
    return str(caught.value)


def pid_of(driver: NutProgramDriver) -> int:
    child = driver._child
    assert child is not None
    assert child._transport is not None
    return child._transport.get_pid()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def pids(device: str) -> list[int]:
    """Find the processes of drivers that run for a device."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = entry.read_bytes().split(b"\0")
            if b"-a" in words and device.encode() in words:
                found.append(int(entry.parent.name))
    return found


async def test_it_reports_what_the_driver_reports_of_a_file(tmp_path, file):
    real = RealDriver(tmp_path / "real", "dummy-ups", {"port": str(file), "mode": "dummy-once"})
    options = {"program": "dummy-ups", "arguments": {"mode": "dummy-once"}}
    async with running(real):
        theirs = await asyncio.to_thread(real.report)
        async with OurDriver("nut-driver", str(file), options) as ours:
            assert record("nut-driver", "dummy-ups", theirs, await ours.report()) == []


async def test_the_settings_are_gone_and_a_value_is_told_whatever_is_in_it(file, temporary):
    """NUT's drivers do not escape the values of changes."""
    async with opened(file, program="dummy-ups") as driver:
        (folder,) = temporary.iterdir()
        assert {each.name for each in folder.iterdir()} == {"dummy-ups-played"}
        assert folder.stat().st_mode & 0o777 == 0o700
        for value in ('a "b" \\ # c', '"', "\\", 'a " ', "x\\y", "#", '""', "plain"):
            await driver.set("ups.id", value)
            assert (await driver.poll()).variables["ups.id"] == value
            with pytest.raises(RefusedError) as refused:
                await driver.command("load.off", None)
            assert refused.value.status is ResultStatus.UNKNOWN
    assert list(temporary.iterdir()) == []


async def test_it_reports_what_the_driver_reports_of_a_serial_line(tmp_path, qx):
    with SimulatedQx(MEGATEC) as another:
        real = RealDriver(tmp_path / "real", "nutdrv_qx", {"port": another.port, **Q1})
        async with running(real):
            theirs = await asyncio.to_thread(real.report)
            options = {"program": "nutdrv_qx", "arguments": Q1}
            async with OurDriver("nut-driver", qx.port, options) as ours:
                assert record("nut-driver", "nutdrv_qx", theirs, await ours.report()) == []
                assert len(theirs.commands) >= 10
                await ours.command("test.battery.start.quick")
                assert b"T\r" in qx.requests


async def test_a_change_is_on_the_bus_without_a_poll(broker, tmp_path, file):
    device = {"driver": "nut-driver", "port": str(file), "program": "dummy-ups"}
    settings = driver_settings(broker.url, tmp_path, {"ups": device}, poll_interval=3600)
    async with watching(broker.url) as watcher, driving(settings):
        await watcher.available("ups")
        file.write_text(FILE.replace("OL", "OB LB"))
        os.utime(file, (2_000_000_000, 2_000_000_000))
        await watcher.variable("ups", "ups.status", "OB LB")
        assert (await watcher.ask("ups", SET, "ups.id", value="new")).status is ResultStatus.OK
        await watcher.variable("ups", "ups.id", "new")
        shown = watcher.variables("ups")
        assert shown["driver.name"] == "nut-driver"
        assert shown["driver.parameter.program"] == "dummy-ups"


async def test_a_killed_driver_is_started_anew(broker, tmp_path, file, temporary):
    device = {"driver": "nut-driver", "port": str(file), "program": "dummy-ups"}
    settings = driver_settings(broker.url, tmp_path, {"killed": device})
    async with watching(broker.url) as watcher, driving(settings):
        await watcher.available("killed")
        (pid,) = pids("killed")
        os.kill(pid, signal.SIGKILL)
        await watcher.available("killed", "stale")
        await watcher.available("killed")
        (again,) = pids("killed")
        assert again != pid
    assert pids("killed") == []
    assert list(temporary.iterdir()) == []


async def test_a_driver_that_hangs_is_ended_and_started_anew(
    broker, tmp_path, playing_program, monkeypatch, caplog
):
    monkeypatch.setattr(module, "QUIET_AFTER", 0.2)
    monkeypatch.setattr(module, "ALIVE_PATIENCE", 2.5)
    monkeypatch.setattr(child_module, "END_PATIENCE", 0.2)
    device = {"driver": "nut-driver", "port": "x", "program": playing_program}
    settings = driver_settings(broker.url, tmp_path, {"hanging": device})
    async with watching(broker.url) as watcher, driving(settings):
        await watcher.available("hanging")
        (pid,) = pids("hanging")
        os.kill(pid, signal.SIGSTOP)
        await watcher.available("hanging", "stale")
        await watcher.available("hanging")
        assert not is_alive(pid)
    assert "hanging: the driver is silent for 2.5 s" in caplog.text


async def test_a_driver_whose_device_is_away_is_left_in_peace(broker, tmp_path, qx):
    device = {"driver": "nut-driver", "port": qx.port, "program": "nutdrv_qx", "arguments": Q1}
    settings = driver_settings(broker.url, tmp_path, {"away": device})
    async with watching(broker.url) as watcher, driving(settings):
        await watcher.available("away")
        (pid,) = pids("away")
        qx.connected = False
        await watcher.available("away", "stale")
        qx.connected = True
        await watcher.available("away")
        assert pids("away") == [pid]
    assert pids("away") == []


async def left_in_peace(program: str) -> int:
    """Lose the device of a driver; return the process that is left."""
    pid = 0
    with contextlib.suppress(DeviceError):
        async with opened("x", "left", program=program) as driver:
            pid = pid_of(driver)
            Path(program + ".stale").touch()
            await driver.command("test.stale", None)
            await driver.poll()
    return pid


async def test_a_driver_that_was_left_in_peace_ends_where_it_is_not_wanted_any_more(
    playing_program, monkeypatch
):
    monkeypatch.setattr(module, "KEPT", 0.05)
    pid = await left_in_peace(playing_program)
    await until(lambda: not is_alive(pid))


async def test_a_driver_that_was_left_in_peace_is_taken_up_again(playing_program):
    pid = await left_in_peace(playing_program)
    assert is_alive(pid)
    Path(playing_program + ".stale").unlink()
    async with opened("x", "left", program=playing_program) as driver:
        assert pid_of(driver) == pid
        assert (await driver.poll()).status == "OB"
    assert not is_alive(pid)


@pytest.mark.parametrize("other", [{"arguments": {"a": "b"}}, {"port": "y"}])
async def test_a_driver_with_other_settings_takes_the_place_of_one_left_in_peace(
    playing_program, other
):
    pid = await left_in_peace(playing_program)
    Path(playing_program + ".stale").unlink()
    settings = {"port": "x", "device": "left", "program": playing_program, **other}
    async with opened(**settings) as driver:
        assert not is_alive(pid)
        assert (await driver.poll()).status == "OB"


OURSELVES = """\
import asyncio, sys, uvloop
from services.driver.contract import Site
from services.driver.drivers.nutdriver import NutProgramDriver
from services.driver.drivers.nutdriver_child import Command
from services.driver.drivers.nutdriver_options import NutDriverOptions

async def main():
    driver = NutProgramDriver(Site("orphan", sys.argv[1]), NutDriverOptions(program="dummy-ups"))
    await driver.open()
    print("open", flush=True)
    await asyncio.Event().wait()

uvloop.run(main())
"""


async def test_no_driver_outlives_us_even_if_we_are_killed(file, tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OURSELVES, str(file),
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(40):
        assert await process.stdout.readline() == b"open\n"
    (pid,) = pids("orphan")
    process.kill()
    await process.wait()
    await until(lambda: not is_alive(pid))


async def test_a_running_driver_is_adopted_beside_upsd_and_goes_on_without_us(tmp_path, file):
    nut = RealNut(tmp_path, {"ups": FILE})
    async with running(nut):
        path = tmp_path / "dummy-ups-ups"
        async with opened(path) as driver:
            reading = await driver.poll()
            assert reading.status == "OL"
            assert reading.variables["outlet.1.desc"] == "a b"
            await driver.set("ups.id", "from us")
            expected = 'VAR ups ups.id "from us"'
            await asyncio.to_thread(nut.await_answer, "GET VAR ups ups.id", expected)
        assert nut.ask("GET VAR ups ups.status") == 'VAR ups ups.status "OL"'
        async with opened(path) as driver:
            assert (await driver.poll()).variables["ups.id"] == "from us"
            await asyncio.to_thread(nut.stop_driver, "ups")
            with pytest.raises(DeviceError, match="the driver hung up"):
                await driver.poll()
        assert f"no driver at {path}: No such file" in await failure(path)


PLAYED = Scripted(
    (
        'SETINFO ups.status "FSD OL"',
        'SETINFO driver.version.data "Played 1"',
        'SETINFO driver.parameter.password "hush"',
        "ADDCMD test.good",
        "ADDCMD test.failed",
        "ADDCMD test.silent",
        "ADDCMD driver.reload",
    ),
    results={"test.good": 0, "test.failed": 3},
)


@pytest.fixture
def played(tmp_path):
    nut = RealNut(tmp_path, {"ups": PLAYED})
    nut.start_driver("ups")
    yield nut.scripted("ups"), tmp_path / "dummy-ups-ups"
    nut.stop()


async def test_an_adopted_driver_is_found_by_name_in_nut_s_folder(played, monkeypatch):
    monkeypatch.setenv("NUT_STATEPATH", str(played[1].parent))
    async with opened("dummy-ups-ups") as driver:
        assert (await driver.poll()).status == "FSD OL"
    assert "no driver at" in await failure("dummy-ups-none")


async def test_orders_end_as_the_driver_says(played, monkeypatch):
    scripted, path = played
    async with opened(path) as driver:
        await driver.command("test.good", "7")
        assert scripted.orders == [["INSTCMD", "test.good", "7"]]
        for name in ("test.failed", "test.silent"):
            if name == "test.silent":
                monkeypatch.setattr(module, "RESULT_PATIENCE", 0.2)
            with pytest.raises(RefusedError) as refused:
                await driver.command(name, None)
            assert refused.value.status is ResultStatus.FAILED
        reading = await driver.poll()
        assert reading.commands == ("test.good", "test.failed", "test.silent")
        assert reading.status == "FSD OL"
        assert reading.variables == {"driver.version.data": "Played 1"}
    for id in ("`variable:driver.*`", "`command:driver.*`"):
        assert id in DIFFERENCES.read_text()


async def test_a_change_comes_as_a_whole_and_wakes(played):
    scripted, path = played
    async with opened(path) as driver:
        before = await driver.poll()
        assert await driver.poll() is before
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(driver.wait())
            scripted.say("SETINFO ups.load 7")
            await waiting
        assert (await driver.poll()).variables["ups.load"] == "7"
        scripted.say("DATASTALE")
        async with asyncio.timeout(30):
            await driver.wait()
        with pytest.raises(DeviceError, match="its data is stale"):
            await driver.poll()


async def test_a_driver_that_has_nothing_to_say_is_asked_whether_it_is_alive(played, monkeypatch):
    monkeypatch.setattr(module, "QUIET_AFTER", 0.0)
    _, path = played
    async with opened(path) as driver:
        before = await driver.poll()
        assert await driver.poll() is before
        monkeypatch.setattr(module, "ALIVE_PATIENCE", 0.2)
        monkeypatch.setattr("tests.realnut._say", _without("PONG"))
        with pytest.raises(DeviceError, match=r"the driver is silent for 0\.2 s"):
            await driver.poll()


async def test_a_driver_that_talks_nonsense_is_not_listened_to(played):
    scripted, path = played
    async with opened(path) as driver:
        scripted.say("ADDRANGE ups.load")
        async with asyncio.timeout(30):
            await driver.wait()
        with pytest.raises(DeviceError, match=r"makes no sense: 'ADDRANGE ups\.load'"):
            await driver.poll()


async def test_a_driver_that_is_stale_is_waited_for(played, monkeypatch):
    monkeypatch.setattr(module, "OPEN_PATIENCE", 1.5)
    scripted, path = played
    scripted.device = Scripted(("DATASTALE",))
    monkeypatch.setattr("tests.realnut._say", _without("DATAOK"))
    assert await failure(path) == "the driver says that its data is stale"
    monkeypatch.setattr("tests.realnut._say", _without("DATAOK", "DUMPDONE"))
    assert await failure(path) == "the driver does not get ready"


def _without(*omitted: str):
    def say(connection, *lines: str) -> None:
        kept = [line for line in lines if line not in omitted]
        connection.wfile.write("".join(line + "\n" for line in kept).encode())

    return say


async def test_a_driver_that_does_not_start_says_why(tmp_path):
    text = await failure("auto", program="usbhid-ups")
    assert text.startswith("the driver usbhid-ups ended with 1")
    assert await failure("x", program=script(tmp_path, "echo fatal ERROR 7; exit 3")) == (
        "the driver played-ups ended with 3: fatal ERROR 7"
    )
    assert await failure("x", program=script(tmp_path, "kill -9 $$")) == (
        "the driver played-ups ended by signal 9"
    )
    broken = script(tmp_path, "").replace("played-ups", "broken")
    Path(broken).write_text("#!/nowhere/sh\n")
    Path(broken).chmod(0o755)
    assert "No such file" in await failure("x", program=broken)


async def test_what_a_driver_says_at_every_start_is_logged_once(tmp_path, caplog):
    number = tmp_path / "number"
    counting = f'echo x >> {number}; echo "start $(wc -l < {number})"'
    program = script(tmp_path, f"echo bad option; {counting}; echo a hint; exit 3")
    site = Site("played", "x")
    caplog.set_level(logging.INFO)
    for _ in range(3):
        driver = NutProgramDriver(site, NutDriverOptions(program=program))
        with pytest.raises(DeviceError, match="ended with 3"):
            await driver.open()
        await driver.close()
    said = [line.removeprefix("played: played-ups: ") for line in caplog.messages]
    assert said == ["bad option", "start 1", "a hint", "start 2", "start 3"]


async def test_what_a_driver_says_cannot_steer_a_terminal(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    program = script(tmp_path, r"printf 'error \033[2J\033]0;x\007\n'; exit 1")
    assert await failure(program=program) == (
        "the driver played-ups ended with 1: error ?[2J?]0;x?"
    )
    assert "\x1b" not in caplog.text


TELLING = """\
printf 'error {"argv": "%s", "modes": "%s", "ours": "%s", "conf": "%s"}\\n' \
  "$*" "$(stat -c %a "$NUT_CONFPATH" "$NUT_CONFPATH/ups.conf" | tr '\\n' ' ')" \
  "$(env | grep -c '^NUTBUS_\\|^NOTIFY_SOCKET')" \
  "$(tr '\\n\\t"' '| ~' < "$NUT_CONFPATH/ups.conf")"
exit 1
"""


async def test_secrets_are_in_a_private_file_alone(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("NUTBUS_BUS__PASSWORD", "ours")
    former = os.umask(0)
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    arguments = {"password": "not-to-be-told", "nolock": True, "authPassword": "x = y", "n": 5}
    try:
        text = await failure("/dev/x y", program=script(tmp_path, TELLING), arguments=arguments)
    finally:
        os.umask(former)
    told = json.loads(text.partition(": error ")[2])
    name = pwd.getpwuid(os.getuid()).pw_name
    assert told == {
        "argv": f"-a played -F -u {name}",
        "modes": "700 600 ",
        "ours": "0",
        "conf": "maxretry = 1|[played]|driver = played-ups|port = ~/dev/x y~|password = ***|"
        "nolock|authPassword = ~***~|n = 5|",
    }
    assert "not-to-be-told" not in caplog.text + text


async def test_it_runs_as_another_user_if_we_may(file, tmp_path, monkeypatch):
    with pytest.raises(SettingsError, match="user: there is no user no-such-user"):
        await failure(file, program="dummy-ups", user="no-such-user")
    if os.getuid() != 0:
        with pytest.raises(SettingsError, match="only root can run a driver as"):
            await failure(file, program="dummy-ups", user="root")
        return
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="nutbus-test-") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        Path(folder).chmod(0o755)
        program = script(Path(folder), PLAY.format(python="python3"))
        async with opened("x", program=program, user="nobody") as driver:
            nobody = pwd.getpwnam("nobody")
            running = Path(f"/proc/{pid_of(driver)}").stat()
            assert (running.st_uid, running.st_gid) == (nobody.pw_uid, nobody.pw_gid)
            assert (await driver.poll()).status == "OB"


async def test_a_driver_without_commands_powers_its_device_off_as_nut_does(
    broker, tmp_path, playing_program
):
    program = playing_program
    code, off = Path(program + ".code"), Path(program + ".off")
    code.write_text("0")
    device = {"driver": "nut-driver", "port": "x", "program": program, "allow_killpower": True}
    settings = driver_settings(broker.url, tmp_path, {"old": device})
    async with watching(broker.url) as watcher, driving(settings):
        await watcher.available("old")
        meta = await watcher.until(lambda: watcher.meta("old"))
        assert meta.commands[:1] == ["driver.killpower"]
        assert "shutdown.default" in meta.commands
        result = await watcher.ask("old", COMMAND, "driver.killpower")
        assert (result.status, result.detail) == (ResultStatus.OK, "")
        name = pwd.getpwuid(os.getuid()).pw_name
        assert off.read_text() == f"-a old -k -u {name}\n"
        await watcher.available("old", "stale")
        await watcher.available("old")
        code.write_text("7")
        result = await watcher.ask("old", COMMAND, "shutdown.default")
        assert result.status is ResultStatus.FAILED
        assert result.detail == "the driver played-ups ended with 7: error in -k"
        await watcher.until(lambda: watcher.now["nut/device/old/availability"] == b"online")


def test_every_driver_that_debian_ships_is_ours_or_left_to_nut():
    folder = Path(find_nut_program("usbhid-ups")).parent
    others = {"upsd", "upsmon", "upsdrvctl", "upssched-cmd", "nut-scanner"}
    installed = {each.name for each in folder.iterdir()} - others
    assert len(installed) > 40
    assert installed <= DRIVERS.keys() | PROGRAMS


async def test_a_driver_of_ups_conf_that_is_not_ours_runs_through_nut(
    broker, tmp_path, monkeypatch
):
    (tmp_path / "ups.conf").write_text(
        "[far]\ndriver = metasys\nport = /dev/nothing\nnovendor\nsdorder = 2\n"
        'desc = "A \\"far\\" one"\n'
        "pollinterval = 5\nserial = 12 # of ours\noverride.ups.mfr = Me\n"
    )
    tables = nut_settings(tmp_path)
    settings = DriverSettings.from_tables({"devices": tables["devices"]}, str(tmp_path))
    device = settings.devices["far"]
    assert (device.desc, device.sdorder, device.override) == ('A "far" one', 2, {"ups.mfr": "Me"})
    text = script(tmp_path, "tr '\\n' '|' < $NUT_CONFPATH/ups.conf; echo; exit 1")
    monkeypatch.setattr(module, "find_program", lambda _: Path(text))
    assert isinstance(device.options, NutDriverOptions)
    driver = NutProgramDriver(settings.site("far"), device.options)
    with pytest.raises(DeviceError) as error:
        await driver.open()
    await driver.close()
    assert str(error.value).partition(": ")[2] == (
        "maxretry = 1|[far]|driver = played-ups|port = /dev/nothing|pollinterval = 5|novendor|"
        "serial = 12|"
    )


def test_a_driver_that_is_not_installed_is_named(tmp_path):
    site = Site("far", "x")
    for program in ("no-such-ups", str(tmp_path / "none"), "../lib/nut/dummy-ups"):
        with pytest.raises(SettingsError, match=f"NUT's driver {program} is not installed"):
            NutProgramDriver(site, NutDriverOptions(program=program))
    with pytest.raises(SettingsError, match="arguments: a driver that runs already takes none"):
        NutProgramDriver(site, NutDriverOptions.model_validate({"arguments": {"a": "b"}}))


def test_every_option_of_every_driver_of_nut_can_be_handed_on():
    folder = Path(find_nut_program("usbhid-ups")).parent
    found = set()
    for program in sorted(PROGRAMS & {each.name for each in folder.iterdir()}):
        shown = subprocess.run(
            (folder / program, "-h"), check=False, capture_output=True, text=True
        ).stdout
        found |= set(re.findall(r" : -x ([^=\s]+)", shown))
    assert {"vendorid", "community", "ups.delay.start", "pollonly"} <= found
    assert len(found) > 150
    options = NutDriverOptions.model_validate({"arguments": dict.fromkeys(found, "7")})
    command = Command("ups", Path("/x/program"), dict.fromkeys(options.arguments, "7"))
    lines = command.text.splitlines()
    assert set(lines[2:]) == {f"{name} = 7" for name in found}
    assert command.secrets == ("7",) * 6
