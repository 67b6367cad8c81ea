"""The classic set-ups: the example settings, each with its own processes, in a power cut.

Only what belongs to a machine is replaced, by the environment: where the broker and the devices
are, passwords, and above all the shutdown command.
"""

import contextlib
import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services.driver.poweroff import in_order
from services.driver.settings import DriverSettings
from tests.monitors import QUIET, ROOT, Diary, MonitorProcess, until
from tests.ports import free_port

pytestmark = pytest.mark.system

SETTINGS = ROOT / "deploy" / "settings"
SERVICES = {"devices": "driver", "gateway": "gateway", "monitor": "monitor"}
PASSWORD = "for-the-test"
TIMEOUT = 60.0


class Setup:
    """The computers of one set-up, each with the services that its settings name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.diary = Diary(folder)
        self.port = free_port()
        self.monitors: dict[str, MonitorProcess] = {}
        self._processes = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._processes.close()

    def start(self, name: str, file: str, **environment: str) -> None:
        """Start a computer with these settings; `environment` is added to each service's."""
        path = SETTINGS / file
        tables = tomllib.loads(path.read_text())
        for device in tables.get("devices", {}):
            self.say(device, "OL")
        has_broker = tables.get("bus", {}).get("broker", "embedded").startswith("embedded")
        variables = {**self._replaced(name, tables, is_server=has_broker), **environment}
        if has_broker:
            self._run(name, "broker", path, variables)
        for section in tables:
            if section in SERVICES:
                self._run(name, SERVICES[section], path, variables)

    def say(self, device: str, status: str, **more: str) -> None:
        """Let a device show this status."""
        texts = {"ups.status": status, **{key.replace("_", "."): more[key] for key in more}}
        new = self.folder / f"{device}.new"
        new.write_text("".join(f"{key}: {value}\n" for key, value in texts.items()))
        new.replace(self._file(device))

    def await_said(self, name: str, text: str) -> None:
        monitor = self.monitors[name]
        until(lambda: text in monitor.log, lambda: f"{name} never said {text!r}:{self}", TIMEOUT)

    def await_known(self, *names: str, device: str) -> None:
        """Wait until these computers follow a device: they see it go on battery and back."""
        self.say(device, "OB")
        for name in names:
            self.await_said(name, f"ONBATT: UPS {device}")
        self.say(device, "OL")
        for name in names:
            self.await_said(name, f"ONLINE: UPS {device}")

    def await_down(self, *names: str) -> None:
        until(lambda: len(self.diary.lines()) >= len(names), lambda: f"{self}", TIMEOUT)
        assert tuple(self.diary.who) == names, f"{self}"

    def __str__(self) -> str:
        logs = sorted(self.folder.glob("*/log"))
        return f"\n{self.diary.who}\n" + "\n".join(
            f"{log.parent.name}:\n{log.read_text()}" for log in logs
        )

    def _replaced(self, name: str, tables: Mapping[str, Any], *, is_server: bool) -> dict[str, str]:
        scheme = "embedded" if is_server else "mqtt"
        variables = {
            "NUTBUS_BUS__BROKER": f"{scheme}://127.0.0.1:{self.port}",
            "NUTBUS_BROKER__LISTEN": json.dumps([f"127.0.0.1:{self.port}"]),
            "NUTBUS_GATEWAY__LISTEN": json.dumps([f"127.0.0.1:{free_port()}"]),
            "NUTBUS_DRIVER__POLL_INTERVAL": "0.2",
            "NUTBUS_DRIVER__HEARTBEAT": "0.5",
            # Nothing here may ever be shut down in earnest.
            "NUTBUS_MONITOR__SHUTDOWN_COMMAND": self.diary.command(name),
            "NUTBUS_MONITOR__POWER_DOWN_FLAG": str(self.folder / f"{name}.killpower"),
            "NUTBUS_MONITOR__PID_FILE": str(self.folder / f"{name}.pid"),
            "NUTBUS_MONITOR__FINAL_DELAY": "0",
        }
        # Written as JSON, since a key in the name of a variable would come out in lower case.
        variables["NUTBUS_MONITOR__NOTIFY"] = json.dumps(
            {type_: {"flags": ["SYSLOG"]} for type_ in QUIET}
        )
        users = [
            f"{key}__USERS__{user}" for key in ("broker", "gateway") for user in _users(tables, key)
        ]
        variables |= {f"NUTBUS_{user.upper()}__PASSWORD": PASSWORD for user in users}
        if _users(tables, "broker"):  # `nutbus up` lets its own services in by itself
            variables["NUTBUS_BUS__USERNAME"] = _users(tables, "broker")[0]
        if _users(tables, "broker") or "password_file" in tables.get("bus", {}):
            variables["NUTBUS_BUS__PASSWORD"] = PASSWORD
        if not is_server:
            variables["NUTBUS_BUS__USERNAME"] = tables["bus"]["broker"].split("/")[2].split("@")[0]
        for device in tables.get("devices", {}):
            variables[f"NUTBUS_DEVICES__{device.upper()}__DRIVER"] = "dummy"
            variables[f"NUTBUS_DEVICES__{device.upper()}__PORT"] = str(self._file(device))
        return variables

    def _run(self, name: str, service: str, path: Path, variables: dict[str, str]) -> None:
        folder = self.folder / f"{name}-{service}"
        folder.mkdir()
        command = (sys.executable, "-m", f"services.{service}", "--config", str(path))
        if service == "monitor":
            assert variables["NUTBUS_MONITOR__SHUTDOWN_COMMAND"].startswith(str(self.folder))
        process = MonitorProcess(folder, command, variables)
        self._processes.enter_context(process)
        if service == "monitor":
            self.monitors[name] = process

    def _file(self, device: str) -> Path:
        return self.folder / f"{device}.dev"


def _users(tables, section: str) -> list[str]:
    return [*tables.get(section, {}).get("users", {})]


@pytest.fixture
def setup(tmp_path):
    with Setup(tmp_path) as setup:
        yield setup


def test_simple_one_ups_and_one_computer(setup):
    setup.start("desk", "simple.toml")
    setup.await_known("desk", device="ups")
    setup.say("ups", "OB LB")
    setup.await_down("desk")
    assert (setup.folder / "desk.killpower").exists()


def test_advanced_one_ups_and_several_computers(setup):
    setup.start("server", "advanced/server.toml")
    for client in ("one", "two"):
        setup.start(client, "advanced/client.toml", NUTBUS_MONITOR__ID=client)
    setup.await_known("server", "one", "two", device="ups")
    setup.say("ups", "OB LB")
    until(lambda: len(setup.diary.lines()) == 3, lambda: f"{setup}", TIMEOUT)
    assert setup.diary.who[-1] == "server"
    assert sorted(setup.diary.who[:2]) == ["one", "two"]


def test_big_box_a_server_that_can_lose_one_of_its_supplies(setup):
    setup.start("box", "big-box.toml")
    for device in ("left", "middle", "right"):
        setup.await_known("box", device=device)
    setup.say("left", "OB LB")
    setup.await_said("box", "left counts as lost")
    setup.await_known("box", device="right")
    assert not setup.diary.lines(), "two are left"
    setup.say("right", "OB LB")
    setup.await_down("box")


def test_bizarre_the_cable_is_on_a_computer_that_another_ups_feeds(setup):
    setup.start("cable", "bizarre/cable.toml")
    setup.start("fed", "bizarre/fed.toml")
    setup.await_known("cable", "fed", device="far")
    setup.await_known("cable", device="near")
    setup.say("far", "OB LB")
    setup.await_down("fed")
    setup.await_said("cable", "LOWBATT: UPS far")
    setup.say("near", "OB LB")
    setup.await_down("fed", "cable")


def test_school_rooms_go_with_their_own_ups_and_the_server_last(setup):
    setup.start("school", "school/server.toml")
    rooms = {"library-1": "library", "lab-1": "lab"}
    for name, device in rooms.items():
        supplies = json.dumps([{"device": device, "role": "secondary"}])
        setup.start(
            name, "school/room.toml", NUTBUS_MONITOR__ID=name, NUTBUS_MONITOR__SUPPLIES=supplies
        )
    for name, device in rooms.items():
        setup.await_known("school", name, device=device)
    setup.await_known("school", device="server-room")
    setup.say("library", "OB", battery_runtime="299")
    setup.await_down("library-1")
    setup.say("server-room", "OB LB")
    setup.await_down("library-1", "lab-1", "school")


def test_no_computer_powers_off_a_ups_that_feeds_others():
    """Those may be up still: the shutdown of this one says nothing of their UPS."""
    for path in SETTINGS.rglob("*.toml"):
        tables = tomllib.loads(path.read_text())
        ours = [s["device"] for s in tables["monitor"]["supplies"] if s["role"] == "primary"]
        only_devices = {"devices": tables.get("devices", {})}
        settings = DriverSettings.from_tables(only_devices, str(path))
        assert set(in_order(settings)) <= set(ours), path


def test_no_set_up_is_forgotten():
    used = Path(__file__).read_text()
    files = [str(file.relative_to(SETTINGS)) for file in SETTINGS.rglob("*.toml")]
    assert files
    assert not [file for file in files if f'"{file}"' not in used]
