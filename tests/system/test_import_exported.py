"""What `nutbus export` writes, judged by NUT's own programs: upsd, driver, upsmon, upssched."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from services.console.importing.nutfiles import nut_files
from tests.monitors import NOBODY
from tests.ports import free_port
from tests.realnut import RealNut, find_nut_program

pytestmark = pytest.mark.system

SETTINGS = """
[devices.rack1]
driver = "dummy-ups"
port = "rack1.dev"
desc = 'Rack 1, "left"'
sdorder = 2
poll_interval = 1.0
[devices.rack1.override]
"ups.mfr" = "Ours"
[gateway]
listen = ["127.0.0.1:{port}"]
max_age = 20
[gateway.users.admin]
password = "not-public"
actions = ["SET"]
instcmds = ["ALL"]
[monitor]
shutdown_command = "true"
power_down_flag = "{folder}/killpower"
notify_command = "/sbin/upssched"
[[monitor.supplies]]
device = "rack1"
role = "primary"
[monitor.notify.ONBATT]
message = 'The UPS %s is "on battery"'
flags = ["SYSLOG", "EXEC"]
[scheduler.upssched]
script = ["/bin/true"]
[[scheduler.upssched.at]]
type = "ONBATT"
verb = "START-TIMER"
name = "early"
seconds = 30
"""


class Exported(RealNut):
    """NUT's own server and driver on what we have written for them."""

    def _write_settings(self) -> None:
        text = SETTINGS.format(port=self.port, folder=self.directory)
        (self.directory / "rack1.dev").write_text("ups.status: OL\nbattery.charge: 77\n")
        files, self.lost = nut_files(tomllib.loads(text), self.directory)
        for name, content in files.items():
            self._write(name, content)


@pytest.fixture
def nut(tmp_path: Path):
    tmp_path.chmod(0o755)
    with Exported(tmp_path, {"rack1": ""}) as running:
        yield running


def run(nut: RealNut, program: str, *arguments: str) -> str:
    done = subprocess.run(
        [find_nut_program(program), *arguments],
        env=nut.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout + done.stderr


def test_nothing_is_lost_that_nut_can_say(nut):
    assert nut.lost == []


def test_upsd_and_the_driver_serve_what_ours_would(nut):
    nut.await_answer("GET VAR rack1 battery.charge", 'VAR rack1 battery.charge "77"')
    assert nut.ask("GET VAR rack1 ups.mfr") == 'VAR rack1 ups.mfr "Ours"'
    assert nut.ask("GET UPSDESC rack1") == r'UPSDESC rack1 "Rack 1, \"left\""'


def test_upsd_knows_the_users_and_what_they_may(nut):
    login = ("-u", "admin", "-p", "not-public")
    place = f"rack1@{nut.address}"
    assert "OK" in run(nut, "upsrw", "-s", "battery.charge=50", *login, place)
    assert "ERR ACCESS-DENIED" in run(
        nut, "upsrw", "-s", "battery.charge=50", "-u", "admin", "-p", "x", place
    )


def test_upsmon_takes_its_file_and_logs_in(nut):
    # The supply is on the port that NUT's programs expect; here it is another.
    file = nut.directory / "upsmon.conf"
    file.write_text(file.read_text().replace("rack1@localhost", f"rack1@{nut.address}"))
    with (nut.directory / "upsmon.log").open("wb") as log:
        upsmon = subprocess.Popen(
            [find_nut_program("upsmon"), "-D", "-p", "-P", NOBODY],
            env=nut.environment,
            stdout=log,
            stderr=log,
        )
    try:
        nut.await_answer("GET NUMLOGINS rack1", "NUMLOGINS rack1 1")
    finally:
        upsmon.terminate()
        upsmon.wait(timeout=15)
    said = (nut.directory / "upsmon.log").read_text()
    assert "unknown" not in said.lower()
    assert "UPS: rack1@" in said


def test_upssched_takes_its_file(nut):
    done = subprocess.run(
        [find_nut_program("upssched")],
        env={**nut.environment, "NOTIFYTYPE": "ONLINE", "UPSNAME": "rack1@localhost"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_commands_do_the_same_as_a_user_runs_them(tmp_path):
    (tmp_path / "nutbus.toml").write_text(SETTINGS.format(port=free_port(), folder=tmp_path))
    command = (sys.executable, "-m", "services.console")
    config = ("--config", str(tmp_path / "nutbus.toml"))
    back = tmp_path / "nut"
    done = subprocess.run(
        [*command, "export", str(back), *config], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in back.iterdir())
    again = subprocess.run(
        [*command, "import", str(back)], capture_output=True, text=True, check=True
    )
    assert tomllib.loads(again.stdout)["devices"]["rack1"]["desc"] == 'Rack 1, "left"'
