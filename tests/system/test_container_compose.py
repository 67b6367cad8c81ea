"""The compose file with `docker compose` 2, as docs/docker.md tells it, from a source tree only.

tests/system/test_containers.py tries the same containers much harder, with docker-compose 1.29.
"""

from collections.abc import Generator

import pytest

from tests.containers import FLEET, HOME, IMAGE, SEEN, Project, is_healthy
from tests.docker import COMPOSE_2, GRAFANA, MOSQUITTO, PROMETHEUS, PYTHON, Engine, engine, until

pytestmark = [pytest.mark.system, pytest.mark.nightly]


@pytest.fixture(scope="module")
def docker() -> Generator[Engine]:
    with engine() as running:
        running.provide(PYTHON, MOSQUITTO)
        with running.inside():
            yield running


@pytest.fixture(scope="module")
def home(docker: Engine) -> Project:
    project = Project(docker, "home", "home", version=COMPOSE_2)
    project.up(HOME)  # there is no image: it is built
    return project  # it ends with the engine


def command(home: Project, *arguments: str) -> str:
    """Run a command of docs/docker.md, which names no profile."""
    return Project(home.engine, home.name, version=COMPOSE_2).compose(*arguments)


def test_the_first_start_builds_the_image_once_and_upsc_reads_the_ups(home: Project):
    assert "2.26" in home.compose("version")
    images = {home.state(service)["Image"] for service in HOME if service != "broker"}
    assert images == {home.engine.inspect(IMAGE)["Id"]}

    def is_online() -> bool:
        return home.engine.run("upsc", "ups@127.0.0.1", "ups.status").strip() == "OL"

    until(is_online, "online")
    assert home.alarms() == []


def test_the_documented_commands_need_no_profile(home: Project):
    password = command(home, "run", "--rm", "secrets", "show", "admin").strip()
    assert len(password) >= 32
    assert "admin" in command(home, "run", "--rm", "secrets", "list").split()
    assert "ups" in command(home, "exec", "-T", "gateway", "nutbus", "list")
    assert command(home, "ps").count("(healthy)") == len(HOME)


def test_the_settings_are_read_again(home: Project):
    driver = home.container("driver")
    started = home.engine.inspect(driver)["State"]["StartedAt"]
    command(home, "kill", "--signal", "HUP", "driver")
    until(lambda: "settings reloaded" in home.logs("driver"), "read")
    assert home.engine.inspect(driver)["State"]["StartedAt"] == started
    command(home, "restart", "driver")
    until(lambda: is_healthy(home.engine.inspect(driver)), "healthy", 90)
    assert home.engine.inspect(driver)["State"]["StartedAt"] != started


def test_a_second_start_changes_nothing(home: Project):
    before = {service: home.container(service) for service in HOME}
    home.up(HOME)
    assert {service: home.container(service) for service in HOME} == before


def test_each_service_of_a_fleet_and_what_watches_it_is_healthy(docker: Engine, home: Project):
    docker.provide(PROMETHEUS, GRAFANA)
    ports = {"NUTBUS_GATEWAY_PORT": "127.0.0.1:13493", "NUTBUS_WEB_PORT": "127.0.0.1:18493"}
    profiles = ("fleet", "observability")
    fleet = Project(docker, "fleet", *profiles, environment=ports, version=COMPOSE_2)
    try:
        fleet.up((*FLEET, *SEEN))
        until(fleet.is_seen_by_prometheus, "seen by Prometheus", 90)
    finally:
        fleet.down()


@pytest.mark.parametrize("overlay", ["shutdown-dbus", "shutdown-ssh", "serial"])
def test_a_file_laid_over_is_taken_by_the_engine_too(docker: Engine, home: Project, overlay: str):
    own = {
        "NUTBUS_SSH": str(docker.folder),
        "NUTBUS_DBUS": str(docker.folder),
        "NUTBUS_GATEWAY_PORT": "127.0.0.1:13493",
        "NUTBUS_WEB_PORT": "127.0.0.1:18493",
    }
    files = (f"compose/{overlay}.yml",)
    project = Project(docker, overlay, "home", files=files, environment=own, version=COMPOSE_2)
    try:
        project.up(("broker", "driver", "monitor"), "monitor", "driver")
    finally:
        project.down()


def test_it_goes_without_a_trace(home: Project):
    home.down()
    left = ("--filter", "label=com.docker.compose.project=home", "--quiet")
    for what in ("container", "volume", "network"):
        every = ("--all",) if what == "container" else ()
        assert home.engine.docker(what, "ls", *every, *left) == ""
