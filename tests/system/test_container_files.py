"""The Dockerfile and the compose file of deploy/, as far as no engine is needed to judge them."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # PyYAML comes with amqtt

from tests.containers import HOME, SEEN
from tests.docker import DEPLOY, ROOT, find_debian

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


def settings(*overlays: str, **environment: str) -> dict[str, Any]:
    """Read the compose file as docker-compose understands it, with all profiles."""
    files = [f"--file={DEPLOY / name}" for name in ("docker-compose.yml", *overlays)]
    profiles = [part for profile in PROFILES for part in ("--profile", profile)]
    done = subprocess.run(
        [find_debian("docker-compose", "docker-compose"), *files, *profiles, "config"],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)
    assert isinstance(found, dict)
    return found


def ports(service: dict[str, Any]) -> list[str]:
    return [port.removesuffix("/tcp") for port in service["ports"]]


def test_each_service_has_only_what_it_needs():
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


def test_only_what_is_for_people_is_published_and_only_to_this_host():
    services = settings()["services"]
    published = {name: ports(each) for name, each in services.items() if "ports" in each}
    assert published == {name: [port] for name, port in PUBLISHED.items()}
    outside = [name for name, each in services.items() if "outside" in each.get("networks", {})]
    assert "broker" not in outside
    assert settings()["networks"]["bus"]["internal"] is True


def test_other_ports_and_settings_are_taken_from_the_environment():
    services = settings(NUTBUS_GATEWAY_PORT="0.0.0.0:3493", NUTBUS_SETTINGS="/etc/own.toml")
    assert ports(services["services"]["gateway"]) == ["0.0.0.0:3493:3493"]
    mounts = services["services"]["driver"]["volumes"]
    assert "/etc/own.toml:/etc/nutbus/nutbus.toml:ro" in mounts


def test_every_variable_has_its_line_in_the_example():
    texts = [(DEPLOY / name).read_text() for name in ("docker-compose.yml", *OVERLAYS)]
    used = set(re.findall(r"\$\{(NUTBUS_[A-Z_]+)", "".join(texts)))
    example = (DEPLOY / "compose" / "example.env").read_text()
    assert used <= set(re.findall(r"^#(\w+)=", example, re.MULTILINE))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_file_to_be_laid_over_fits(overlay: str):
    plain, laid = settings()["services"], settings(overlay)["services"]
    assert plain != laid
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


@pytest.mark.nightly
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_dependency_is_there_as_a_wheel(machine: str, tmp_path: Path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    platforms = [f"manylinux{version}_{machine}" for version in ("2014", "_2_28", "_2_34")]
    command = (
        *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
        *("--only-binary=:all:", "--python-version=3.11", f"--target={tmp_path}"),
        *(f"--platform={platform}" for platform in platforms),
        *project["dependencies"],
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
