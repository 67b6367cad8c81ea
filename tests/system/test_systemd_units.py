"""The units of deploy/systemd as systemd's own tools judge them; none of them needs it to run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.brokers import find_program
from tests.shippedunits import DROP_INS, FOLDER

pytestmark = pytest.mark.system

SERVICES = sorted(FOLDER.glob("*.service"))
MOST_EXPOSED = 3.0


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the units, with a command that is there."""
    folder = tmp_path_factory.mktemp("units")
    for file in (*SERVICES, *FOLDER.glob("*.target"), *FOLDER.glob("*.path")):
        text = file.read_text().replace("ExecStart=nutbus ", f"ExecStart={sys.executable} ")
        (folder / file.name).write_text(text)
    return folder


def instance(file: Path) -> str:
    return file.name.replace("@.", "@rack1.")


def test_there_is_a_unit_for_each_service_and_each_driver():
    kinds = {file.stem.removeprefix("nutbus-") for file in SERVICES}
    assert kinds == {
        *("broker", "driver", "driver@", "gateway", "homeassistant", "monitor", "resync"),
        *("scheduler", "up", "web"),
    }


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.stem)
def test_systemd_has_nothing_to_say_against_a_unit(units, file):
    assert complaints(units, instance(file)) == []


def complaints(units: Path, name: str) -> list[str]:
    """What systemd says against a unit and its drop-ins."""
    checked = subprocess.run(
        [find_program("systemd-analyze", "systemd"), "verify", "--man=no", units / name],
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin"},
    )
    return [line for line in checked.stderr.splitlines() if "nutbus" in line]


@pytest.mark.parametrize(("unit", "lines"), DROP_INS, ids=[unit for unit, _ in DROP_INS])
def test_systemd_takes_each_drop_in_that_the_document_recommends(units, tmp_path, unit, lines):
    shutil.copytree(units, tmp_path, dirs_exist_ok=True)
    folder = tmp_path / f"{unit}.service.d"
    folder.mkdir()
    (folder / "override.conf").write_text(lines)
    assert complaints(tmp_path, f"{unit}.service") == []
    (folder / "override.conf").write_text(f"{lines}NoSuchKey=1\n")
    (complaint,) = complaints(tmp_path, f"{unit}.service")  # so it did read the others
    assert "NoSuchKey" in complaint


def test_the_document_has_a_drop_in_for_each_need():
    assert [unit for unit, _ in DROP_INS] == [
        *("nutbus-monitor", "nutbus-web", "nutbus-driver", "nutbus-scheduler"),
        *("nutbus-gateway", "nutbus-gateway"),
    ]


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.stem)
def test_no_service_is_more_exposed_than_it_should_be(units, file):
    said = subprocess.run(
        [
            *(find_program("systemd-analyze", "systemd"), "security", "--offline=true"),
            units / instance(file),
        ],
        capture_output=True,
        text=True,
        check=True,
        env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    ).stdout
    overall = re.search(r"exposure level for \S+: ([0-9.]+)", said)
    assert overall
    assert float(overall[1]) <= MOST_EXPOSED


def test_the_gateway_may_ask_for_the_addresses_that_it_announces():
    # getifaddrs(3) asks by netlink; systemd makes that fail where a unit does not name it.
    (families,) = re.findall(
        r"(?m)^RestrictAddressFamilies=(.*)", (FOLDER / "nutbus-gateway.service").read_text()
    )
    assert "AF_NETLINK" in families.split()


def test_the_users_and_folders_can_be_made(tmp_path):
    for program, source, target in (
        ("systemd-sysusers", "sysusers.conf", "usr/lib/sysusers.d/nutbus.conf"),
        ("systemd-tmpfiles", "tmpfiles.conf", "usr/lib/tmpfiles.d/nutbus.conf"),
    ):
        file = tmp_path / target
        file.parent.mkdir(parents=True)
        file.write_text((FOLDER / source).read_text())
        (tmp_path / "etc").mkdir(exist_ok=True)
        options = ["--create"] if program == "systemd-tmpfiles" else []
        subprocess.run(
            [find_program(program, "systemd"), f"--root={tmp_path}", *options], check=True
        )
    users = (tmp_path / "etc/passwd").read_text()
    for name in set(re.findall(r"(?m)^User=(\S+)", "".join(f.read_text() for f in SERVICES))):
        assert re.search(rf"(?m)^{name}:", users)
    assert (tmp_path / "etc/nutbus").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "var/lib/nutbus/monitor").stat().st_mode & 0o777 == 0o750


def test_every_user_named_in_a_command_is_made():
    named = {
        name
        for file in SERVICES
        for name in re.findall(r"(?m)^ExecStart=.* -u (\S+)", file.read_text())
    }
    made = set(re.findall(r"(?m)^u (\S+)", (FOLDER / "sysusers.conf").read_text()))
    assert named
    assert named <= made
