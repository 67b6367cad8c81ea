"""The file that keeps the energy."""

import pytest

from services.homeassistant import store
from shared.errors import SettingsError


def test_what_was_saved_is_loaded(tmp_path):
    file = tmp_path / "state" / "energy.json"
    assert store.load(file) == {}
    store.save(file, {"rack1": 1.25, "pdu-1": 0.0})
    assert store.load(file) == {"rack1": 1.25, "pdu-1": 0.0}
    assert [path.name for path in file.parent.iterdir()] == ["energy.json"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0" * 512,
        b"{",
        b"[]",
        b'{"version": 2, "energy": {}}',
        b'{"version": 1}',
        b'{"version": 1, "energy": {"rack1": "x"}}',
        b'{"version": 1, "energy": {"rack1": -1}}',
        b'{"version": 1, "energy": {"rack1": NaN}}',
        b'{"version": 1, "energy": {"rack1": true}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_kept_aside_with_one_warning(tmp_path, body, caplog):
    file = tmp_path / "energy.json"
    file.write_bytes(body)
    assert store.load(file) == {}
    assert (tmp_path / "energy.json.spoilt").read_bytes() == body
    assert len(caplog.records) == 1
    store.save(file, {"rack1": 1.0})
    assert store.load(file) == {"rack1": 1.0}


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"homeassistant\.state_file: .*file"):
        store.load(tmp_path / "file" / "energy.json")


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    file = tmp_path / "energy.json"
    store.save(file, {"rack1": 1.0})
    (tmp_path / ".energy.json.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        store.save(file, {"rack1": 2.0})
    (tmp_path / ".energy.json.new").rmdir()
    assert store.load(file) == {"rack1": 1.0}


def test_two_services_never_write_one_file(tmp_path):
    file = tmp_path / "state" / "energy.json"
    with (
        store.alone(file),
        pytest.raises(SettingsError, match="another Home Assistant service writes it"),
        store.alone(file),
    ):
        pass
    with store.alone(file):
        store.save(file, {"rack1": 1.0})
    (tmp_path / "file").touch()
    with (
        pytest.raises(SettingsError, match=r"homeassistant\.state_file: .*file"),
        store.alone(tmp_path / "file" / "energy.json"),
    ):
        pass
