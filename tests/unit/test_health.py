"""The sign of life that containers are watched by."""

import os
from pathlib import Path

from shared.health import show_health


def test_the_file_that_is_named_gets_younger(tmp_path: Path):
    file = tmp_path / "health"
    show_health({"NUTBUS_HEALTH_FILE": str(file)})
    os.utime(file, (1, 1))
    show_health({"NUTBUS_HEALTH_FILE": str(file)})
    assert file.stat().st_mtime > 1


def test_without_a_name_there_is_no_file(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    show_health({})
    show_health({"NUTBUS_HEALTH_FILE": ""})
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_no_trouble(tmp_path: Path):
    show_health({"NUTBUS_HEALTH_FILE": str(tmp_path / "absent" / "health")})
