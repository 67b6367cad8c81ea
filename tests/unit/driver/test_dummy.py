"""The dummy driver and its file."""

import asyncio
import os

import pytest

from services.driver.contract import Site
from services.driver.drivers.dummy import CYCLE, DummyDriver, DummyOptions, dummy_driver
from services.driver.drivers.nut import NutDriver
from shared.errors import DeviceError, SettingsError


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ups.seq"


async def opened(file, text, **options):
    file.write_text(text)
    driver = DummyDriver(Site("ups", str(file)), DummyOptions(**options))
    await driver.open()
    return driver


def let_pass(monkeypatch, seconds):
    """Let the clock of the loop run ahead."""
    loop = asyncio.get_running_loop()
    ahead = loop.time() + seconds
    monkeypatch.setattr(loop, "time", lambda: ahead, raising=False)


async def load_after(driver, monkeypatch, seconds):
    with monkeypatch.context() as patch:
        let_pass(patch, seconds)
        return (await driver.poll()).variables["ups.load"]


SEQUENCE = "ups.load: 1\nTIMER 100\nups.load: 2\nTIMER 100\nups.load: 3\n"


async def test_a_sequence_goes_on_when_its_time_has_come(file, monkeypatch):
    driver = await opened(file, SEQUENCE)
    assert (await driver.poll()).variables["ups.load"] == "1"
    assert await load_after(driver, monkeypatch, 99) == "1"
    assert await load_after(driver, monkeypatch, 101) == "2"
    assert await load_after(driver, monkeypatch, 203) == "3"


@pytest.mark.parametrize(
    ("name", "mode", "last"),
    [
        ("x.seq", None, "1"),
        ("x", None, "1"),
        ("x.dev", None, "3"),
        ("x.dev", "dummy-loop", "1"),
        ("x.dev", "dummy", "1"),
        ("x.seq", "dummy-once", "3"),
    ],
)
async def test_a_loop_begins_again_and_a_dev_file_does_not(tmp_path, name, mode, last, monkeypatch):
    driver = await opened(tmp_path / name, SEQUENCE, mode=mode)
    assert await load_after(driver, monkeypatch, 101) == "2"
    assert await load_after(driver, monkeypatch, 203) == "3"
    assert await load_after(driver, monkeypatch, 203 + CYCLE + 1) == last


async def test_what_was_set_stays_until_the_loop_sets_it_again(file, monkeypatch):
    driver = await opened(file, "ups.load: 1\n")
    await driver.set("ups.load", "9")
    await driver.set("ups.id", "mine")
    assert (await driver.poll()).variables["ups.load"] == "9"
    assert await load_after(driver, monkeypatch, CYCLE + 0.1) == "1"
    assert (await driver.poll()).variables["ups.id"] == "mine"


async def test_a_reading_is_the_same_object_while_nothing_changes(file):
    driver = await opened(file, "ups.load: 1\n", mode="dummy-once")
    reading = await driver.poll()
    assert await driver.poll() is reading
    await driver.set("ups.load", "2")
    changed = await driver.poll()
    assert (reading.variables["ups.load"], changed.variables["ups.load"]) == ("1", "2")
    assert changed.commands == reading.commands


async def test_a_changed_file_begins_anew(file):
    driver = await opened(file, "ups.load: 1\nups.id: a\n", mode="dummy-once")
    await driver.set("ups.load", "9")
    file.write_text("ups.load: 2\nups.ab: c\n")
    os.utime(file, ns=(1, 1))
    reading = await driver.poll()
    assert reading.variables["ups.load"] == "2"
    assert "ups.id" not in reading.variables


async def test_waiting_ends_when_a_step_is_due(file):
    driver = await opened(file, "ups.load: 1\nTIMER 0\nups.load: 2\nTIMER 3600\n")
    async with asyncio.timeout(30):
        await driver.wait()
    assert (await driver.poll()).variables["ups.load"] == "2"


async def test_a_folder_or_a_missing_file_is_one_error(tmp_path):
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "no", "No such file")):
        with pytest.raises(DeviceError, match=f"{path}: {reason}"):
            await DummyDriver(Site("ups", str(path)), DummyOptions()).open()


async def test_a_file_that_is_not_utf8_is_read_all_the_same(file):
    file.write_bytes(b"ups.id: caf\xe9\n")
    driver = DummyDriver(Site("ups", str(file)), DummyOptions())
    await driver.open()
    assert (await driver.poll()).variables["ups.id"] == "caf\ufffd"


@pytest.mark.parametrize(
    ("port", "mode"), [("ups@host", None), ("ups@host", "repeater"), ("/etc/nut/ups", "repeater")]
)
def test_a_device_of_another_server_is_repeated(port, mode):
    driver = dummy_driver(Site("ups", port), DummyOptions(mode=mode))
    assert isinstance(driver, NutDriver)


def test_a_mode_of_files_takes_any_name_for_a_file():
    driver = dummy_driver(Site("ups", "ups@host"), DummyOptions(mode="dummy-once"))
    assert isinstance(driver, DummyDriver)


def test_a_server_that_is_none_is_refused():
    with pytest.raises(SettingsError, match="port: 'host:x': the port after"):
        dummy_driver(Site("ups", "ups@host:x"), DummyOptions())
