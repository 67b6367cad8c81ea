"""`nutbus upsdrvctl`: what it says instead of doing harm."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.console.upsdrvctl import app
from shared.errors import PowerError, SettingsError


def run(*arguments: str) -> str:
    return CliRunner().invoke(app, arguments, catch_exceptions=False).output


@pytest.fixture
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUTBUS_CONFIG", raising=False)
    monkeypatch.setattr("shared.settings.DEFAULT_FILES", (tmp_path / "nutbus.toml",))


@pytest.fixture
def settings(tmp_path: Path) -> str:
    file = tmp_path / "nutbus.toml"
    file.write_text('[devices.rack1]\ndriver = "simulated"\n')
    return str(file)


@pytest.mark.parametrize("command", ["list", "status", "start", "shutdown"])
def test_without_settings_it_says_so_and_does_nothing(no_settings: None, command: str):
    with pytest.raises(SettingsError, match=r"no settings: there is no nutbus"):
        run(command)


def test_a_program_that_got_the_number_of_a_driver_service_is_left_alone(tmp_path: Path):
    pid_file = tmp_path / "driver.pid"
    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            pid_file.write_text(f"{other.pid}\n")
            with pytest.raises(PowerError, match=r"no driver service runs that .* knows of"):
                run("stop", "--pid-file", str(pid_file))
            assert other.poll() is None
        finally:
            other.kill()


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_started(
    settings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").touch()
    monkeypatch.setattr(subprocess, "Popen", None)  # nobody may be called
    with pytest.raises(PowerError, match=r"cannot write .*/file.*; --pid-file names another place"):
        run("start", "--config", settings, "--pid-file", str(tmp_path / "file" / "driver.pid"))
