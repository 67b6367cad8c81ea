"""Containers for real: the Dockerfile and the compose file as they are, on Debian's engine.

No registry is reachable: tests/system/images makes stand-ins of the base images from Debian's
packages. All of it is nightly: building and starting takes minutes. test_container.py is the short
form.
"""

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from tests.containers import FLEET, HOME, IMAGE, SEEN, Project, is_healthy
from tests.docker import GRAFANA, MOSQUITTO, PROMETHEUS, PYTHON, Engine, engine, until
from tests.logind import logind, ssh_server

pytestmark = pytest.mark.system

OURS = tuple(service for service in HOME if service != "broker")
PAGES = "http://127.0.0.1:8493"
ON_GUARD = ("broker", "driver", "monitor")
POWER_OFF = (
    *("dbus-send", "--system", "--print-reply", "--dest=org.freedesktop.login1"),
    *("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PowerOff", "boolean:false"),
)


@pytest.fixture(scope="module")
def docker() -> Generator[Engine]:
    with engine() as running:
        running.provide(PYTHON, MOSQUITTO)
        running.build(IMAGE)
        with running.inside():
            yield running


@pytest.fixture(scope="module")
def home(docker: Engine) -> Project:
    project = Project(docker, "home", "home")
    project.up(HOME)
    return project  # it ends with the engine


def upsc(home: Project, *arguments: str) -> str:
    """Ask with Debian's upsc, from outside."""
    return home.engine.run("upsc", *arguments).strip()


def until_right(home: Project) -> None:
    """Wait until the UPS is there again with what it is known to have."""

    def is_right() -> bool:
        try:
            said = upsc(home, "ups@127.0.0.1")
        except AssertionError:  # nobody listens, or the device is stale
            return False
        assert "FSD" not in said
        return "ups.status: OL\n" in said and "device.model: Simulated UPS" in said

    until(is_right, "right again", 60)


@pytest.mark.nightly
def test_a_home_is_there_after_one_line_and_survives_a_crash(home: Project):
    until_right(home)
    assert upsc(home, "-l", "127.0.0.1") == "ups"
    page = httpx.get(f"{PAGES}/", trust_env=False)
    assert page.status_code == 200
    assert "Not a real UPS" in page.text
    starts = home.state("gateway")["RestartCount"]
    home.engine.crash(home.container("gateway"))
    home.until_again("gateway", starts)
    until_right(home)
    assert home.alarms() == []


@pytest.mark.nightly
def test_the_image_is_small_and_says_what_it_is(docker: Engine, capsys: pytest.CaptureFixture[str]):
    found = docker.inspect(IMAGE)
    ours = found["Size"] - docker.inspect(PYTHON)["Size"]
    with capsys.disabled():  # for docs/docker.md
        sys.stdout.write(f"\nimage {found['Size'] / 1e6:.0f} MB, ours {ours / 1e6:.0f} MB\n")
    assert ours < 200e6
    assert found["Config"]["User"] == "nutbus"
    assert found["Config"]["Labels"]["org.opencontainers.image.licenses"] == "GPL-2.0-or-later"
    tools = "for each in cc gcc g++ tcc make ld as; do command -v $each && exit 1; done; true"
    docker.docker("run", "--rm", "--entrypoint", "sh", IMAGE, "-c", tools)


@pytest.mark.nightly
@pytest.mark.parametrize("service", HOME)
def test_a_crash_of_any_container_is_survived(home: Project, service: str):
    starts = home.state(service)["RestartCount"]
    home.engine.crash(home.container(service))
    home.until_again(service, starts)
    home.until_healthy(HOME)
    until_right(home)
    assert home.alarms() == []


@pytest.mark.nightly
@pytest.mark.parametrize("service", HOME)
def test_docker_kill_of_any_container_is_survived(home: Project, service: str):
    # An order of the operator: Docker does not start the container again by itself.
    container = home.container(service)
    home.engine.docker("kill", container)
    others = [other for other in HOME if other not in (service, "broker")]
    if service != "broker":  # without the bus the others say so: they are not healthy
        home.until_healthy(others)
    running = [home.state(other)["State"]["Running"] for other in others]
    assert all(running)
    assert home.alarms() == []
    home.engine.docker("start", container)
    home.until_healthy(HOME)
    until_right(home)
    assert home.alarms() == []


@pytest.mark.nightly
@pytest.mark.parametrize("service", OURS)
def test_no_process_can_do_more_than_it_must(home: Project, service: str):
    status = home.script(service, "cat /proc/[0-9]*/status")
    processes = re.split(r"^Name:\s*", status, flags=re.MULTILINE)[1:]
    nutbus = [each for each in processes if each.startswith("nutbus")]
    assert len(nutbus) == (2 if service == "monitor" else 1)
    for each in nutbus:
        fields = dict(line.split(":\t", 1) for line in each.splitlines()[1:] if ":\t" in line)
        assert fields["NoNewPrivs"] == "1"
        if fields["Uid"].split()[1] != "0":
            assert int(fields["CapEff"], 16) == 0
    assert "Read-only file system" in home.script(service, "touch /etc/nutbus/x", fails=True)
    assert "Read-only file system" in home.script(service, "touch /opt/x", fails=True)


@pytest.mark.nightly
def test_a_service_can_read_its_own_secrets_only(home: Project):
    seen = {}
    for service in OURS:
        test = "for each in *; do test -r $each && test -f $each && echo $each; done; true"
        seen[service] = home.script(service, f"cd /run/secrets && {test}").split()
    del seen["monitor"]  # its parent is root, which owns them all
    assert seen == {
        "driver": ["bus-driver"],
        "gateway": ["admin", "bus-gateway", "monuser"],
        "scheduler": ["bus-scheduler"],
        "homeassistant": ["bus-homeassistant-service"],
        "web": ["admin", "bus-web", "monuser"],
    }


@pytest.mark.nightly
def test_passwords_are_random_kept_and_nowhere_to_be_seen(home: Project):
    names = home.compose("run", "--rm", "secrets", "list").split()
    passwords = {name: home.secret(name) for name in names}
    assert len(set(passwords.values())) == len(names)
    assert all(len(password) >= 32 for password in passwords.values())
    home.compose("up", "--detach")
    assert {name: home.secret(name) for name in ("admin", "bus-driver")}.items() <= (
        passwords.items()
    )
    said = home.compose("logs", "--no-color") + home.compose("config")
    said += "".join(json.dumps(home.state(service)) for service in HOME)
    said += "".join(home.script(each, "cat /proc/[0-9]*/cmdline /proc/1/environ") for each in OURS)
    assert [name for name, password in passwords.items() if password in said] == []


@pytest.mark.nightly
def test_who_has_the_password_may_write_and_who_has_none_may_not(home: Project):
    write = ("upsrw", "-s", "battery.charge.low=25", "-u", "admin")
    home.engine.run(*write, "-p", home.secret("admin"), "ups@127.0.0.1")
    until(lambda: upsc(home, "ups@127.0.0.1", "battery.charge.low") == "25", "written")
    refused = home.engine.run(*write, "-p", "admin", "ups@127.0.0.1", fails=True)
    assert "ACCESS-DENIED" in refused
    for service in ("driver", "gateway"):
        assert '"name": "battery.charge.low"' in home.script(service, "cat /var/lib/nutbus/*.jsonl")
    assert "cannot write" not in home.logs("monitor")
    assert "ups" in home.inside("gateway", "nutbus", "list")


@pytest.mark.nightly
def test_nobody_gets_to_the_broker_but_the_services(home: Project):
    assert "not authori" in home.inside(
        *("broker", "mosquitto_sub", "-t", "#", "-C", "1", "-u", "driver", "-P", "driver"),
        fails=True,
    )
    address = home.state("broker")["NetworkSettings"]["Networks"]
    assert list(address) == ["home_bus"]
    outside = ("run", "--rm", "--network", "home_outside", "--entrypoint", "python", IMAGE)
    knock = "import socket; socket.create_connection(('broker', 1883), 3)"
    assert "gaierror" in home.engine.docker(*outside, "-c", knock, fails=True)  # no such name


@pytest.mark.nightly
def test_a_ups_that_is_plugged_in_again_can_be_opened_and_nothing_else(home: Project):
    # A device file made after the start; the number says USB. Behind it is nothing: so no such
    # device is what the kernel says to who may open it.
    made = home.usb / "001"
    made.mkdir()
    for name, number in (("002", ("189", "1")), ("003", ("4", "64"))):
        subprocess.run(["mknod", "-m", "666", made / name, "c", *number], check=True)
    opened = "python -c \"open('/dev/bus/usb/001/{}', 'r+b', 0)\""
    assert "No such device" in home.script("driver", opened.format("002"), fails=True)
    assert "Operation not permitted" in home.script("driver", opened.format("003"), fails=True)
    assert "FileNotFound" in home.script("gateway", opened.format("002"), fails=True)


@pytest.mark.nightly
@pytest.mark.parametrize("service", [*OURS, "broker"])
def test_it_stops_in_good_order_and_at_once(home: Project, service: str):
    container = home.container(service)
    home.engine.docker("stop", "--time", "15", container)
    state = home.state(service)["State"]
    assert state["ExitCode"] == 0, home.logs(service)[-2000:]
    home.engine.docker("start", container)
    home.until_healthy(HOME)


@pytest.mark.nightly
def test_a_service_that_is_not_on_the_bus_is_not_healthy(home: Project):
    broker = home.container("broker")
    home.engine.docker("stop", broker)

    def is_told() -> bool:
        return bool(home.state("gateway")["State"]["Health"]["Status"] == "unhealthy")

    until(is_told, "told", 90)
    home.engine.docker("start", broker)
    home.until_healthy(HOME)
    until_right(home)


@pytest.mark.nightly
def test_a_fleet_and_what_watches_it_come_up(docker: Engine):
    docker.provide(PROMETHEUS, GRAFANA)
    ports = {"NUTBUS_GATEWAY_PORT": "127.0.0.1:13493", "NUTBUS_WEB_PORT": "127.0.0.1:18493"}
    fleet = Project(docker, "fleet", "fleet", "observability", environment=ports)
    try:
        fleet.up((*FLEET, *SEEN))
        until(fleet.is_seen_by_prometheus, "seen by Prometheus", 90)
        grafana = httpx.get("http://127.0.0.1:3000/api/health", trust_env=False).json()
        assert grafana["has_password"]
        assert len(grafana["dashboards"]) == 1
        assert "url: http://prometheus:9090" in "".join(grafana["datasources"])
    finally:
        fleet.down()


def force_shutdown(project: Project) -> None:
    """Tell the monitor in its container to shut the host down."""
    project.inside("monitor", "nutbus", "monitor", "-c", "fsd")


@pytest.mark.nightly
def test_without_leave_the_host_is_not_shut_down(docker: Engine):
    project = Project(docker, "dry", "home")
    try:
        project.up(ON_GUARD, "monitor", "driver")
        force_shutdown(project)
        until(lambda: "dry run: this host would be shut down" in project.logs("monitor"), "told")
    finally:
        project.down()


@pytest.mark.nightly
def test_the_host_is_shut_down_over_dbus(docker: Engine, tmp_path: Path):
    tmp_path.chmod(0o755)
    own = {"NUTBUS_DBUS": str(tmp_path)}
    project = Project(docker, "dbus", "home", files=("compose/shutdown-dbus.yml",), environment=own)
    with logind(tmp_path) as told:
        try:
            project.up(ON_GUARD, "monitor", "driver")
            assert " PowerOff" not in told.read_text()
            # Only the parent is root: what talks to the network may not say it.
            child = ("exec", "--user", "10000:10000", project.container("monitor"))
            docker.docker(*child, *POWER_OFF, fails=True)  # the host does not even know that user
            assert " PowerOff" not in told.read_text()
            force_shutdown(project)
            until(lambda: " PowerOff False" in told.read_text(), "told to power off")
        finally:
            project.down()


@pytest.mark.nightly
def test_the_host_is_shut_down_over_ssh(docker: Engine, tmp_path: Path):
    done, port = tmp_path / "done", 2222
    with ssh_server(tmp_path, port, f"touch {done}") as client:
        own = {"NUTBUS_SSH": str(client), "NUTBUS_SSH_PORT": str(port)}
        project = Project(
            docker, "ssh", "home", files=("compose/shutdown-ssh.yml",), environment=own
        )
        try:
            project.up(ON_GUARD, "monitor", "driver")
            assert not done.exists()
            force_shutdown(project)
            until(done.exists, "shut down")
        finally:
            project.down()


@pytest.mark.nightly
def test_one_container_can_hold_it_all(docker: Engine, tmp_path: Path):
    settings = tmp_path / "nutbus.toml"
    settings.write_text(
        '[devices.ups]\ndriver = "simulated"\n[gateway]\nlisten = ["0.0.0.0:3493"]\n'
    )
    tmp_path.chmod(0o755)
    docker.docker(
        *("run", "--detach", "--name", "alone", "--read-only", "--tmpfs", "/tmp"),
        *("--cap-drop", "ALL", "--volume", f"{settings}:/etc/nutbus/nutbus.toml:ro"),
        *("--publish", "127.0.0.1:23493:3493", IMAGE),
    )
    try:
        until(lambda: is_healthy(docker.inspect("alone")), "healthy", 90)
        assert docker.run("upsc", "ups@127.0.0.1:23493", "ups.status").strip() == "OL"
        docker.docker("stop", "alone")
        assert docker.inspect("alone")["State"]["ExitCode"] == 0
    finally:
        docker.docker("rm", "--force", "alone")


@pytest.mark.nightly
def test_testcontainers_runs_a_broker_and_services_from_the_image(
    docker: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DOCKER_HOST", docker.url)
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)  # an image of a registry
    (tmp_path / "mosquitto.conf").write_text("listener 1883\nallow_anonymous true\n")
    (tmp_path / "nutbus.toml").write_text(
        '[bus]\nbroker = "mqtt://broker"\n[devices.ups]\ndriver = "simulated"\n'
        '[gateway]\nlisten = ["0.0.0.0:3493"]\nallow_no_device = true\n'
    )
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Network())

        def container(image: str, file: str, place: str) -> DockerContainer:
            made = DockerContainer(image).with_network(network)
            return made.with_volume_mapping(str(tmp_path / file), place, "ro")

        broker = container(MOSQUITTO, "mosquitto.conf", "/mosquitto/config/mosquitto.conf")
        stack.enter_context(broker.with_network_aliases("broker"))
        ours = {
            name: container(IMAGE, "nutbus.toml", "/etc/nutbus/nutbus.toml").with_command(name)
            for name in ("driver", "gateway")
        }
        stack.enter_context(ours["driver"])
        gateway = stack.enter_context(ours["gateway"].with_exposed_ports(3493))
        address = f"{gateway.get_container_host_ip()}:{gateway.get_exposed_port(3493)}"

        def is_online() -> bool:
            with contextlib.suppress(AssertionError):
                return docker.run("upsc", f"ups@{address}", "ups.status").strip() == "OL"
            return False

        until(is_online, "online")
