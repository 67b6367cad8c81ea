"""The units on a machine of their own: a Debian in a container with systemd as its first process.

It is made by debootstrap once and kept in the cache of the user; the code and its packages come
from here, read-only. Its network is its own.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import find_program
from tests.shippedunits import CHECKOUT, DROP_INS, FOLDER

pytestmark = [pytest.mark.system, pytest.mark.nightly]

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nutbus" / "machine"
MIRROR = [os.environ["DEBIAN_MIRROR"]] if "DEBIAN_MIRROR" in os.environ else []
PACKAGES = "systemd,systemd-sysv,dbus,python3,procps"
COMMAND = """\
#!/bin/sh
export PYTHONPATH=/opt/nutbus:/opt/site PYTHONDONTWRITEBYTECODE=1
exec python3 -m services.console "$@"
"""
SETTINGS = """\
[bus]
broker = "{broker}"
[devices.rack1]
driver = "simulated"
[devices.rack-2]
driver = "simulated"
[gateway]
[monitor]
shutdown_command = "/sbin/shutdown -h +0"
power_down_flag = "/run/nutbus/killpower"
final_delay = 0
supplies = [{{device = "rack1", role = "primary"}}]
[scheduler]
[homeassistant]
quiet_time = 0.5
[web]
"""
# At that time the folders from outside are gone; so it looks where `nutbus monitor -K` would.
HOOK = """\
#!/bin/sh
/usr/bin/grep -q upsmon-shutdown-file /run/nutbus/killpower && echo cut >/asked-to-cut
"""
SERVICES = ("broker", "driver", "gateway", "homeassistant", "monitor", "scheduler", "web")
TIMEOUT = 120.0


class Machine:
    """A container that boots; `run` runs a command in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._container: subprocess.Popen[bytes] | None = None

    def boot(self, *enabled: str) -> None:
        """Start it with these services, and wait until they all are up."""
        wants = self.root / "etc/systemd/system/multi-user.target.wants"
        for old in wants.glob("nutbus-*"):
            old.unlink()
        for name in enabled:
            (wants / name).symlink_to(f"/etc/systemd/system/{name}")
        with (self.root.parent / "boot.log").open("ab") as log:
            self._container = subprocess.Popen(
                [
                    *(find_program("systemd-nspawn", "systemd-container"), "--register=no"),
                    *("--keep-unit", "--private-network", "--console=pipe", "--quiet"),
                    *("-D", str(self.root), f"--bind-ro={CHECKOUT}:/opt/nutbus"),
                    *(f"--bind-ro={sysconfig.get_path('purelib')}:/opt/site", "-b"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        for name in enabled:
            self.until(f"systemctl is-active {name}", "active")

    def run(self, command: str) -> str:
        """Run a line for the shell inside; what it prints, or "" while it cannot."""
        leader = self._leader()
        if leader is None:
            return ""
        done = subprocess.run(
            [
                *("nsenter", "-t", leader, "-m", "-p", "-u", "-i", "-n", "-r", "-w"),
                *("env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                *("sh", "-c", command),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
        return (done.stdout + done.stderr).strip()

    def until(self, command: str, expected: str) -> None:
        """Wait until a command prints this."""
        deadline = time.monotonic() + TIMEOUT
        while (said := self.run(command)) != expected:
            assert time.monotonic() < deadline, f"{command}: {said}\n{self.log}"
            time.sleep(0.2)

    def ends(self) -> None:
        """Wait until it has switched itself off."""
        assert self._container
        self._container.wait(timeout=TIMEOUT)

    def destroy(self) -> None:
        """End it, whatever it does."""
        if self._container and self._container.poll() is None:
            if leader := self._leader():
                os.kill(int(leader), signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._container.wait(timeout=20)
            self._container.kill()

    @property
    def log(self) -> str:
        """What the services said."""
        return self.run("journalctl --no-pager -u 'nutbus*' -n 60")

    def _leader(self) -> str | None:
        assert self._container
        children = Path(f"/proc/{self._container.pid}/task/{self._container.pid}/children")
        with contextlib.suppress(OSError):
            return next(iter(children.read_text().split()), None)
        return None


@pytest.fixture(scope="module")
def debian() -> Path:
    root = CACHE / "root"
    if not (CACHE / "made").exists():
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.mkdir(parents=True)
        subprocess.run(
            [
                *(find_program("debootstrap", "debootstrap"), "--variant=minbase"),
                *(f"--include={PACKAGES}", "bookworm", str(root), *MIRROR),
            ],
            env={**os.environ, "LC_ALL": "C"},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (CACHE / "made").touch()
    return root


@pytest.fixture
def machine(debian: Path, tmp_path: Path) -> Iterator[Machine]:
    root = tmp_path / "root"
    subprocess.run(["cp", "-a", str(debian), str(root)], check=True)
    for kind in ("service", "target", "path"):
        for file in FOLDER.glob(f"*.{kind}"):
            shutil.copy(file, root / "etc/systemd/system" / file.name)
    for source, target in (
        ("sysusers.conf", "usr/lib/sysusers.d/nutbus.conf"),
        ("tmpfiles.conf", "usr/lib/tmpfiles.d/nutbus.conf"),
    ):
        shutil.copy(FOLDER / source, root / target)
    for name, text in (
        ("usr/local/bin/nutbus", COMMAND),
        ("usr/lib/systemd/system-shutdown/nutbus", HOOK),
    ):
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    (root / "etc/nutbus").mkdir()
    (root / "etc/hostname").write_text("machine\n")
    (root / "etc/nutbus/nutbus.toml").write_text(SETTINGS.format(broker="mqtt://127.0.0.1"))
    made = Machine(root)
    yield made
    made.destroy()


def units(names: tuple[str, ...]) -> list[str]:
    return [f"nutbus-{name}.service" for name in names]


def test_every_service_runs_under_its_own_user_and_serves(machine):
    machine.boot(*units(SERVICES))
    for name in SERVICES:
        machine.until(f"systemctl show -P StatusText nutbus-{name}", "serving")
    users = machine.run("ps -C python3 -o user:30= | sort").split()
    assert users == sorted([*(f"nutbus-{name}" for name in SERVICES), "root"])
    assert "online" in machine.run("nutbus list")
    assert machine.run("nutbus upsc rack1@127.0.0.1 ups.status") == "OL"
    for name in ("driver", "gateway", "monitor", "web"):
        assert machine.run(f"stat -c %U /var/lib/nutbus/{name}") == f"nutbus-{name}"
    machine.run("systemctl reload nutbus-gateway nutbus-monitor")
    machine.until("systemctl is-active nutbus-gateway nutbus-monitor", "active\nactive")


def test_services_of_devices_follow_the_settings(machine):
    machine.boot(*units(("broker", "driver")))
    assert machine.run("nutbus upsdrvsvcctl resync") == "2 begun, 0 ended, 0 read again"
    machine.until("systemctl is-active nutbus-driver", "inactive")
    file = machine.root / "etc/nutbus/nutbus.toml"
    file.write_text(file.read_text().replace("rack-2", "rack3"))
    assert machine.run("nutbus upsdrvsvcctl resync") == "1 begun, 1 ended, 1 read again"
    assert machine.run("nutbus upsdrvsvcctl status").splitlines()[1:] == [
        "nutbus-driver@rack1.service\track1\tloaded\tenabled\tactive\tserving",
        "nutbus-driver@rack3.service\track3\tloaded\tenabled\tactive\tserving",
    ]
    assert machine.run("nutbus upsdrvsvcctl stop rack1") == ""
    machine.until("systemctl is-active nutbus-driver@rack1", "inactive")
    assert machine.run("nutbus upsdrvsvcctl resync") == "0 begun, 0 ended, 2 read again"
    assert machine.run("systemctl is-active nutbus-driver@rack1") == "inactive"


def test_settings_that_change_are_followed_without_a_word(machine):
    machine.boot("nutbus-broker.service", "nutbus-resync.path")
    file = machine.root / "etc/nutbus/nutbus.toml"
    file.write_text(file.read_text().replace("rack-2", "rack3"))
    machine.until("systemctl is-active nutbus-driver@rack1 nutbus-driver@rack3", "active\nactive")


def test_a_service_that_hangs_is_started_again(machine):
    folder = machine.root / "etc/systemd/system/nutbus-driver.service.d"
    folder.mkdir()
    (folder / "soon.conf").write_text("[Service]\nWatchdogSec=4\nRestartSec=1\n")
    machine.boot(*units(("broker", "driver")))
    machine.run("kill -STOP $(systemctl show -P MainPID nutbus-driver)")
    machine.until("systemctl show -P NRestarts nutbus-driver", "1")
    machine.until("systemctl show -P StatusText nutbus-driver", "serving")


@pytest.mark.parametrize("kind", ["monitor", "up"])
def test_the_monitor_can_shut_the_machine_down(machine, kind):
    if kind == "up":
        file = machine.root / "etc/nutbus/nutbus.toml"
        file.write_text(SETTINGS.format(broker="embedded"))
        machine.boot("nutbus-up.service")
    else:
        machine.boot(*units(("broker", "driver", "monitor")))
    assert not (machine.root / "asked-to-cut").exists()
    machine.run("nutbus monitor -c fsd")
    machine.ends()
    assert (machine.root / "asked-to-cut").read_text() == "cut\n"
    state = machine.root / "var/lib/nutbus" / ("monitor" if kind == "monitor" else "")
    noted = [json.loads(line) for line in (state / "audit.jsonl").read_text().splitlines()]
    done = [(line["action"], line["outcome"]) for line in noted if "monitor@" in line["user"]]
    assert done[:2] == [("shutdown", "decided"), ("fsd", "sent")]
    assert done[-2:] == [("killpower", "sent"), ("shutdown", "sent")]
    assert (state / "audit.jsonl").stat().st_uid != 0


def test_the_drop_ins_of_the_document_do_what_they_are_for(machine):
    for number, (unit, lines) in enumerate(DROP_INS):
        folder = machine.root / f"etc/systemd/system/{unit}.service.d"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.conf").write_text(lines)
    for folder in ("srv/reports", "usr/local/var"):
        (machine.root / folder).mkdir(mode=0o777)
        (machine.root / folder).chmod(0o777)
    settings = SETTINGS.format(broker="mqtt://127.0.0.1")
    file = machine.root / "etc/nutbus/nutbus.toml"
    file.write_text(settings.replace("[web]", '[web]\nlisten = ["127.0.0.1:80"]'))
    other = settings.replace("[gateway]", '[gateway]\nlisten = ["127.0.0.1:3494"]')
    (machine.root / "etc/nutbus/gateway.toml").write_text(other)
    machine.boot(*units(SERVICES))
    for name in SERVICES:
        machine.until(f"systemctl show -P StatusText nutbus-{name}", "serving")
    assert machine.run("nutbus upsc rack1@127.0.0.1:3494 ups.status") == "OL"
    connect = "import socket; socket.create_connection(('127.0.0.1', 80)); print('open')"
    assert machine.run(f'python3 -c "{connect}"') == "open"
    for unit, path in (("scheduler", "/srv/reports"), ("monitor", "/usr/local/var")):
        within = f"nsenter -t $(systemctl show -P MainPID nutbus-{unit}) -m touch {path}/written"
        assert machine.run(within) == ""
    assert "char-ttyXRUSB" in machine.run("systemctl show -P DeviceAllow nutbus-driver")
    assert machine.run("chrt -p $(systemctl show -P MainPID nutbus-gateway)").splitlines() == [
        f"pid {machine.run('systemctl show -P MainPID nutbus-gateway')}'s current scheduling {is_}"
        for is_ in ("policy: SCHED_RR", "priority: 1")
    ]
