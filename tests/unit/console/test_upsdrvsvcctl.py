"""`nutbus upsdrvsvcctl`: which services are begun and ended, and what is asked of systemd."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.console.upsdrvsvcctl import Change, SystemdError, app, changes
from shared.errors import SettingsError


@pytest.fixture
def settings(tmp_path: Path) -> str:
    file = tmp_path / "nutbus.toml"
    file.write_text(
        '[devices.rack1]\ndriver = "simulated"\n[devices.rack-2]\ndriver = "simulated"\n'
    )
    return str(file)


def run(*arguments: str) -> str:
    return CliRunner().invoke(app, arguments, catch_exceptions=False).output


def test_what_is_new_begins_what_is_gone_ends_and_the_rest_is_read_again():
    assert changes(["a", "b"], ["b", "c"]) == Change(begin=("a",), end=("c",), refresh=("b",))


def test_the_units_are_listed_with_their_devices(settings):
    assert run("list", "--config", settings) == (
        "nutbus-driver@rack1.service\track1\nnutbus-driver@rack-2.service\track-2\n"
    )
    assert run("list", "rack-2", "--config", settings) == "nutbus-driver@rack-2.service\n"


def test_a_dry_run_shows_what_systemd_would_be_told(settings):
    assert run("-t", "stop", "rack1", "--config", settings) == (
        "systemctl stop nutbus-driver@rack1.service\n"
    )
    assert run("-t", "start", "--config", settings) == (
        "systemctl start nutbus-driver@rack1.service nutbus-driver@rack-2.service\n"
    )


def test_without_systemd_another_way_is_named(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemdError, match="without systemd use nutbus upsdrvctl"):
        run("resync", "--config", settings)


def test_units_that_are_not_installed_are_said_to_be(settings, monkeypatch, tmp_path):
    systemctl = tmp_path / "systemctl"  # as the real one ends when nothing matches: without a word
    systemctl.write_text("#!/bin/sh\nexit 1\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(SystemdError, match="list-unit-files: exit code 1; are the units installed"):
        run("resync", "--config", settings)


def test_where_no_settings_are_found_no_service_is_ended(monkeypatch, tmp_path):
    # As while an editor puts the new file in the old one's place: resync runs whenever it changes.
    asked = tmp_path / "asked"
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >>{asked}\necho nutbus-driver@rack1.service\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("NUTBUS_CONFIG", raising=False)
    monkeypatch.setattr("shared.settings.DEFAULT_FILES", (tmp_path / "gone.toml",))
    with pytest.raises(SettingsError, match="no settings"):
        run("resync")
    assert not asked.exists()
