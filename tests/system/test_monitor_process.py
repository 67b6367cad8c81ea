"""The monitor as a process: two of them when root starts it, orders by signal, deaths, a split."""

import contextlib
import json
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.brokers import find_program
from tests.monitors import ROOT, Diary, MonitorProcess, our_monitor, until
from tests.ports import free_port
from tests.realnut import Dummy, RealNut

TIMEOUT = 40.0
ON_LINE = "ups.status: OL\n"
ON_BATTERY = "ups.status: OB\n"
LOW = "ups.status: OB LB\n"
USERS = "[first]\n    password = one\n    upsmon primary\n"

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root away"),
]


@pytest.fixture(scope="module")
def upsd(tmp_path_factory):
    # One for each test, since upsd never forgets FSD.
    names = ("ordered", "stopped", "reloaded", "orphaned", "flagged", "twice")
    devices = {"low": Dummy(LOW), **{name: Dummy(ON_LINE) for name in names}}
    with RealNut(tmp_path_factory.mktemp("upsd"), devices, users=USERS) as nut:
        yield nut


@pytest.fixture
def diary(tmp_path):
    return Diary(tmp_path)


def supply(upsd, device, role="primary"):
    address = f"{device}@{upsd.address}"
    return {"address": address, "username": "first", "password": "one", "role": role}


def monitor(folder: Path, diary: Diary, supplies, **more) -> MonitorProcess:
    more.setdefault("command", diary.command(folder.name))
    return our_monitor(folder, supplies=supplies, **more)


def until_said(host: MonitorProcess, text: str) -> None:
    until(lambda: text in host.log, lambda: f"never said {text!r}:\n{host.log}", TIMEOUT)


def ready(host: MonitorProcess, upsd, device: str) -> None:
    expected = f"NUMLOGINS {device} 1"
    until(lambda: upsd.ask(f"GET NUMLOGINS {device}") == expected, lambda: host.log, TIMEOUT)


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def users(pid: int) -> list[str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1:] for line in lines if line.startswith("Uid:"))


def order(host: MonitorProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.monitor"]
    settings = str(host.folder / "nutbus.toml")
    return subprocess.run(
        [*command, "--config", settings, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=TIMEOUT,
    )


def test_a_monitor_that_root_starts_talks_to_the_world_as_nobody(tmp_path, diary, upsd):
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    state = tmp_path / "state"
    settings = {"run_as_user": "nobody", "inside": ("env", f"STATE_DIRECTORY={state}")}
    with monitor(tmp_path / "host", diary, [supply(upsd, "ordered")], **settings) as host:
        ready(host, upsd, "ordered")
        (child,) = children(host.pid)
        assert users(host.pid) == ["0"] * 4
        assert "0" not in users(child)
        files = [str(each.readlink()) for each in Path(f"/proc/{host.pid}/fd").iterdir()]
        assert not [each for each in files if each.startswith("socket")], "root talks to nobody"
        assert order(host, "-K").returncode == 1
        assert order(host, "-c", "fsd").returncode == 0
        until(lambda: diary.who == ["host"], lambda: host.log, TIMEOUT)
        assert host.process.wait(TIMEOUT) == 0
        assert order(host, "-K").returncode == 0
        assert (host.folder / "killpower").stat().st_uid == 0
        assert not (host.folder / "monitor.pid").exists()
    assert order(host, "-c", "stop").stderr.startswith("nutbus: no monitor runs")
    assert (state / "audit.jsonl").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    noted = [json.loads(line) for line in (state / "audit.jsonl").read_text().splitlines()]
    assert [(line["action"], line["outcome"]) for line in noted] == [
        ("shutdown", "decided"),
        ("fsd", "sent"),
        ("killpower", "sent"),
        ("shutdown", "sent"),
    ]


def test_stop_ends_both_processes_and_shuts_nothing_down(tmp_path, diary, upsd):
    with monitor(tmp_path / "host", diary, [supply(upsd, "stopped")]) as host:
        ready(host, upsd, "stopped")
        (child,) = children(host.pid)
        assert order(host, "-c", "stop").returncode == 0
        assert host.process.wait(TIMEOUT) == 0
        assert not Path(f"/proc/{child}").exists()
    assert not diary.lines()
    assert "Traceback" not in host.log


def test_reload_brings_new_settings_and_bad_ones_are_refused(tmp_path, diary, upsd):
    with monitor(tmp_path / "host", diary, [supply(upsd, "reloaded")]) as host:
        ready(host, upsd, "reloaded")
        settings = host.folder / "nutbus.toml"
        settings.chmod(0o644)
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
        good = settings.read_text()
        settings.write_text(good.replace("[monitor]", "[monitor]\nmin_suplies = 1"))
        assert order(host, "-c", "stop").returncode == 1, "its own settings are read first"
        host.process.send_signal(signal.SIGHUP)
        until_said(host, "did you mean 'min_supplies'?")
        settings.write_text(good.replace(f"reloaded@{upsd.address}", f"low@{upsd.address}"))
        assert order(host, "-c", "reload").returncode == 0
        until(lambda: diary.who == ["host"], lambda: host.log, TIMEOUT)


def test_a_monitor_that_lost_its_parent_says_so_and_ends(tmp_path, diary, upsd):
    with monitor(tmp_path / "host", diary, [supply(upsd, "orphaned")]) as host:
        ready(host, upsd, "orphaned")
        (child,) = children(host.pid)
        os.kill(host.pid, signal.SIGKILL)
        host.process.wait(TIMEOUT)
        until_said(host, "NOPARENT")
        until(lambda: not Path(f"/proc/{child}").exists(), lambda: host.log, TIMEOUT)
    assert not diary.lines()
    assert "Traceback" not in host.log


def test_one_process_does_it_all_by_itself(tmp_path, diary, upsd):
    host = monitor(tmp_path / "host", diary, [supply(upsd, "low")], arguments=["-p"])
    with host:
        until(lambda: diary.who == ["host"], lambda: host.log, TIMEOUT)
        assert host.process.wait(TIMEOUT) == 0
    assert host.has_flag


@pytest.mark.parametrize("arguments", [[], ["-p"]])
def test_a_shutdown_command_that_fails_is_an_exit_code(tmp_path, diary, upsd, arguments):
    host = monitor(
        tmp_path / "host", diary, [supply(upsd, "low")], arguments=arguments, command="exit 7"
    )
    with host:
        assert host.process.wait(TIMEOUT) == 1
    assert "the shutdown command failed with exit code 7" in host.log


def test_a_flag_of_an_earlier_shutdown_is_removed_at_the_start(tmp_path, diary, upsd):
    host = monitor(tmp_path / "host", diary, [supply(upsd, "flagged")])
    host.flag.write_text("upsmon-shutdown-file")
    with host:
        ready(host, upsd, "flagged")
        assert not host.flag.exists()


def test_two_monitors_of_one_pid_file_do_not_run(tmp_path, diary, upsd):
    with monitor(tmp_path / "host", diary, [supply(upsd, "twice")]) as host:
        ready(host, upsd, "twice")
        second = order(host)
        assert second.returncode == 1
        assert second.stderr == (
            f"nutbus: a monitor runs already: process {host.pid} holds {host.folder}/monitor.pid\n"
        )


# Processes that die, and a network that falls apart.


class Site:
    """Mosquitto, our driver service with one dummy device, and hosts; each a process.

    `inside` is what stands before a command to run it in a network of its own.
    """

    def __init__(self, folder: Path, address: str = "127.0.0.1", inside: tuple[str, ...] = ()):
        self.folder = folder
        self.inside = inside
        self.port = free_port()
        self.broker = f"mqtt://{address}:{self.port}"
        self.file = folder / "ups.dev"
        self.diary = Diary(folder)
        self._address = address
        self._processes = contextlib.ExitStack()
        self.set(ON_LINE)

    def __enter__(self):
        (self.folder / "mosquitto.conf").write_text(
            f"user root\nlistener {self.port} {self._address}\nallow_anonymous true\n"
        )
        (self.folder / "driver.toml").write_text(
            f'[bus]\nbroker = "{self.broker}"\nkeepalive = 2\n'
            '[driver]\nid = "plant"\nheartbeat = 0.5\npoll_interval = 0.2\n'
            f'[devices.ups]\ndriver = "dummy"\nport = "{self.file}"\n'
        )
        self.mosquitto = self._start(
            "mosquitto",
            (find_program("mosquitto", "mosquitto"), "-c", f"{self.folder}/mosquitto.conf"),
        )
        self.driver = self._start(
            "driver",
            (sys.executable, "-m", "services.driver", "--config", f"{self.folder}/driver.toml"),
        )
        return self

    def __exit__(self, *_):
        self._processes.close()

    def set(self, text: str) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.replace(self.file)

    def host(self, name: str, role: str, inside: tuple[str, ...] = (), **section) -> MonitorProcess:
        host = our_monitor(
            self.folder / name,
            supplies=[{"device": "ups", "role": role}],
            command=self.diary.command(name),
            broker=self.broker,
            keepalive=2,
            inside=inside or self.inside,
            **section,
        )
        self._processes.enter_context(host)
        return host

    def _start(self, name: str, command: tuple[str, ...]) -> MonitorProcess:
        folder = self.folder / name
        folder.mkdir()
        return self._processes.enter_context(MonitorProcess(folder, (*self.inside, *command), {}))

    @property
    def log(self) -> str:
        logs = sorted(self.folder.glob("*/log"))
        return "\n".join(f"{log.parent.name}:\n{log.read_text()}" for log in logs)

    def await_down(self, *who: str) -> None:
        until(
            lambda: len(self.diary.lines()) >= len(who),
            lambda: f"only {self.diary.who} of {who}\n{self.log}",
            TIMEOUT,
        )
        assert tuple(self.diary.who) == who, self.log

    def await_heard(self, *hosts: MonitorProcess) -> None:
        """Wait until the hosts have seen the device on battery and back on line power."""
        self.set(ON_BATTERY)
        for host in hosts:
            until_said(host, "ONBATT")
        self.set(ON_LINE)
        for host in hosts:
            until_said(host, "ONLINE")


def kill(process: MonitorProcess) -> None:
    process.process.kill()
    process.process.wait(TIMEOUT)


def test_a_driver_that_is_killed_matters_on_battery_only(tmp_path):
    with Site(tmp_path) as site:
        idle = site.host("idle", "secondary", dead_time=0.5, no_comm_warn_time=0.5)
        site.await_heard(idle)
        kill(site.driver)
        until(lambda: idle.log.count("NOCOMM") >= 2, lambda: site.log, TIMEOUT)
        assert not site.diary.lines()
        site.set(ON_BATTERY)
        site.driver.start()
        until(lambda: idle.log.count("ONBATT") >= 2, lambda: site.log, TIMEOUT)
        section = {"host_sync": 0.5}
        primary = site.host("primary", "primary", dead_time=0.5, **section)
        until_said(primary, "ONBATT")
        kill(site.driver)
        site.await_down("idle", "primary")


def test_a_primary_that_is_killed_in_hostsync_leaves_the_order_behind(tmp_path):
    with Site(tmp_path) as site:
        primary = site.host("primary", "primary", host_sync=60.0)
        stubborn = site.host(
            "stubborn", "secondary", host_sync=60.0, dry_run=False, final_delay=60.0
        )
        second = site.host("second", "secondary", host_sync=60.0)
        site.await_heard(primary, stubborn, second)
        site.set(LOW)
        site.await_down("second")
        until_said(stubborn, "SHUTDOWN")
        (child,) = children(primary.pid)
        os.kill(child, signal.SIGKILL)
        assert primary.process.wait(TIMEOUT) == 1
        late = site.host("late", "secondary", host_sync=60.0)
        site.await_down("second", "late")
        until_said(late, "forced shutdown")


def test_a_secondary_without_a_primary_waits_hostsync_and_goes(tmp_path):
    with Site(tmp_path) as site:
        second = site.host("second", "secondary", host_sync=1.0)
        site.await_heard(second)
        site.set(LOW)
        site.await_down("second")


@pytest.fixture
def networks():
    """Two networks, joined by one cable that can be pulled."""
    names = (f"nutbus-a-{os.getpid()}", f"nutbus-b-{os.getpid()}")
    ip = find_program("ip", "iproute2")

    def run(*words: str) -> None:
        subprocess.run([ip, *words], check=True, capture_output=True)

    try:
        try:
            run("netns", "add", names[0])
            run("-n", names[0], "link", "set", "lo", "up")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this root may not make networks: {error.stderr.decode().strip()}")
        run("netns", "add", names[1])
        run("-n", names[1], "link", "set", "lo", "up")
        run(
            "-n",
            names[0],
            "link",
            "add",
            "cable",
            "type",
            "veth",
            "peer",
            "cable",
            "netns",
            names[1],
        )
        for number, name in enumerate(names, start=1):
            # Addresses for documentation: they exist in these two networks only.
            run("-n", name, "address", "add", f"192.0.2.{number}/24", "dev", "cable")
            run("-n", name, "link", "set", "cable", "up")
        yield (
            (ip, "netns", "exec", names[0]),
            (ip, "netns", "exec", names[1]),
            lambda state: run("-n", names[1], "link", "set", "cable", state),
        )
    finally:
        for name in names:
            subprocess.run([ip, "netns", "del", name], check=False, capture_output=True)


@pytest.mark.parametrize("status", [ON_LINE, ON_BATTERY])
def test_a_network_that_falls_apart_matters_on_battery_only(tmp_path, networks, status):
    here, there, cable = networks
    with Site(tmp_path, "192.0.2.1", here) as site:
        section = {"dead_time": 1.0, "host_sync": 1.0, "no_comm_warn_time": 1.0}
        primary = site.host("primary", "primary", **section)
        far = site.host("far", "secondary", inside=there, **section)
        site.await_heard(primary, far)
        site.set(status)
        if status == ON_BATTERY:
            until(lambda: far.log.count("ONBATT") == 2, lambda: site.log, TIMEOUT)
        cable("down")
        if status == ON_BATTERY:
            site.await_down("far")
            site.set(LOW)
            site.await_down("far", "primary")
        else:
            until(lambda: far.log.count("NOCOMM") >= 3, lambda: site.log, TIMEOUT)
            assert not site.diary.lines()
            cable("up")
            until_said(far, "COMMOK")
            site.set(LOW)
            site.await_down("far", "primary")
