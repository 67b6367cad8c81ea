"""The Dockerfile and the compose file of deploy/, as far as no engine is needed to judge them."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml  # type: ignore[import-untyped] # PyYAML comes with amqtt

from tests.containers import HOME, SEEN
from tests.docker import COMPOSE_1, COMPOSE_2, DEBIAN_FIRST, DEPLOY, ROOT, compose
from tests.wheels import dependencies, without_wheel, without_wheel_of_these_versions

pytestmark = pytest.mark.system

PROFILES = ("home", "fleet", "observability")
OVERLAYS = ("compose/serial.yml", "compose/shutdown-dbus.yml", "compose/shutdown-ssh.yml")
# The only ones that are given any capability, and which.
CAPABILITIES = {"secrets": ["CHOWN"], "monitor": ["SETUID", "SETGID", "KILL"]}
PUBLISHED = {
    "gateway": "127.0.0.1:3493:3493",
    "web": "127.0.0.1:8493:8493",
    "grafana": "127.0.0.1:3000:3000",
}


class Reader(Protocol):
    """Reads the compose file as one version of compose understands it, with all profiles."""

    def __call__(self, *overlays: str, **environment: str) -> dict[str, Any]: ...


@pytest.fixture(params=[COMPOSE_1, pytest.param(COMPOSE_2, marks=pytest.mark.nightly)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Reader:
    program = compose(request.param, tmp_path)
    profiles = [part for profile in PROFILES for part in ("--profile", profile)]

    def read(*overlays: str, **environment: str) -> dict[str, Any]:
        files = [f"--file={DEPLOY / name}" for name in ("docker-compose.yml", *overlays)]
        done = subprocess.run(
            [*program, *files, *profiles, "config"],
            env={"PATH": DEBIAN_FIRST, "HOME": str(tmp_path), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "warn" not in done.stderr.lower(), done.stderr
        found = yaml.safe_load(done.stdout)
        assert isinstance(found, dict)
        return found

    return read


def ports(service: dict[str, Any]) -> list[str]:
    """Give what a service publishes, in the words of the compose file."""
    return [
        port.removesuffix("/tcp")
        if isinstance(port, str)
        else f"{port['host_ip']}:{port['published']}:{port['target']}"
        for port in service["ports"]
    ]


def mounts(service: dict[str, Any]) -> list[str]:
    """Give what is mounted into a service, in the words of the compose file."""
    return [
        each
        if isinstance(each, str)
        else f"{each['source']}:{each['target']}:{'ro' if each.get('read_only') else 'rw'}"
        for each in service["volumes"]
    ]


def test_each_service_has_only_what_it_needs(settings: Reader):
    services = settings()["services"]
    assert set(services) == {"secrets", *HOME, *SEEN}
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service.get("cap_add", []) == CAPABILITIES.get(name, []), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.fullmatch(r"[0-9]+:[0-9]+", service["user"]), name
        assert not {"privileged", "pid", "ipc", "devices"} & set(service), name
    root = [name for name, service in services.items() if service["user"].startswith("0:")]
    assert sorted(root) == ["monitor", "secrets"]
    users = [service["user"] for service in services.values() if service["user"][:2] != "0:"]
    assert len(set(users)) == len(users)


def test_only_what_is_for_people_is_published_and_only_to_this_host(settings: Reader):
    services = settings()["services"]
    published = {name: ports(each) for name, each in services.items() if "ports" in each}
    assert published == {name: [port] for name, port in PUBLISHED.items()}
    outside = [name for name, each in services.items() if "outside" in each.get("networks", {})]
    assert "broker" not in outside
    assert settings()["networks"]["bus"]["internal"] is True


def test_each_service_reaches_a_broker_elsewhere_and_keeps_what_it_writes(settings: Reader):
    read = settings(NUTBUS_BROKER="mqtts://broker.example.org")
    ours = {
        name: service
        for name, service in read["services"].items()
        if "NUTBUS_BUS__BROKER" in service.get("environment", {})
    }
    assert set(ours) == set(HOME) - {"broker"}
    kept = {mount.split(":")[0].split("_")[-1] for mount in mounts(read["services"]["secrets"])}
    for name, service in ours.items():
        assert service["environment"]["NUTBUS_BUS__BROKER"] == "mqtts://broker.example.org"
        assert "outside" in service["networks"], name  # the other network leads nowhere
        assert any(re.match(rf"{name}:/var/lib/nutbus\b", each) for each in mounts(service)), name
        assert name in kept, name  # where its folder is given to it


def rules(file: Path) -> dict[str, set[str]]:
    """Read what each user may do by the access rules of Mosquitto."""
    found: dict[str, set[str]] = {}
    user = ""
    for line in file.read_text().splitlines():
        if line.startswith("user "):
            user = line.removeprefix("user ")
        elif line.startswith("topic "):
            found.setdefault(user, set()).add(line)
    return found


def test_each_user_of_the_broker_may_do_what_it_may_without_containers():
    shipped = rules(DEPLOY / "mosquitto.acl")
    shipped["driver"] = {line.replace("/rack1/", "/+/") for line in shipped["driver"]}
    del shipped["monitor-web1"]  # a model for hosts of a fleet
    assert rules(DEPLOY / "compose/mosquitto.acl") == {
        **shipped,
        "health": {"topic read $SYS/broker/uptime"},
    }


def test_other_ports_and_settings_are_taken_from_the_environment(settings: Reader):
    services = settings(NUTBUS_GATEWAY_PORT="0.0.0.0:3493", NUTBUS_SETTINGS="/etc/own.toml")
    assert ports(services["services"]["gateway"]) == ["0.0.0.0:3493:3493"]
    assert "/etc/own.toml:/etc/nutbus/nutbus.toml:ro" in mounts(services["services"]["driver"])


def test_every_variable_has_its_line_in_the_example():
    texts = [(DEPLOY / name).read_text() for name in ("docker-compose.yml", *OVERLAYS)]
    used = set(re.findall(r"\$\{(NUTBUS_[A-Z_]+)", "".join(texts)))
    example = (DEPLOY / "compose" / "example.env").read_text()
    assert used <= set(re.findall(r"^#(\w+)=", example, re.MULTILINE))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_file_to_be_laid_over_fits(settings: Reader, overlay: str):
    plain, laid = settings()["services"], settings(overlay)["services"]
    assert plain != laid
    assert laid["driver"]["group_add"] == ["10001", "20"]
    for name, service in laid.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["user"] == plain[name]["user"]


def test_the_image_is_made_from_the_sources_without_a_compiler_on_any_architecture():
    text = (DEPLOY / "Dockerfile").read_text()
    stages = text.split("\nFROM ")[1:]
    assert len(stages) == 2
    last = stages[-1]
    assert re.search(r"^USER nutbus$", last, re.MULTILINE)
    assert re.search(r'^ENTRYPOINT \["nutbus"\]$', last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert "pip install" not in last
    assert not re.search(r"gcc|build-essential|-dev\b", text)
    assert not re.search(r"amd64|arm64|x86_64|aarch64", text)


@pytest.mark.parametrize("file", ["nutbus.toml", "try.toml"])
def test_its_settings_are_sound(file: str, tmp_path: Path):
    text = (DEPLOY / "compose" / file).read_text()
    for name in re.findall(r'"/run/secrets/(\w+)"', text):
        (tmp_path / name).write_text("a secret of sixteen characters")
    own = tmp_path / file
    own.write_text(text.replace("/run/secrets", str(tmp_path)))
    command = (sys.executable, "-m", "services.console", "check", "--config", str(own))
    environment = {**os.environ, "NUTBUS_MONITOR__DRY_RUN": "true"}  # as in the compose file
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_dependency_as_it_is_here_is_there_as_a_wheel_for_arm64():
    assert without_wheel_of_these_versions("aarch64") == ""


@pytest.mark.nightly
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_dependency_in_its_newest_version_is_there_as_a_wheel(machine: str):
    assert without_wheel(dependencies(), machine) == ""
