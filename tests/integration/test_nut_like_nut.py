"""The nut driver beside the server that it follows: what upsd shows, our gateway shows again."""

import asyncio
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shared.messages import Writable
from tests.integration.test_dummy_like_nut import ask_all
from tests.likenut import Report, record
from tests.ournut import OurNut
from tests.realnut import Dummy, RealNut, Scripted, find_nut_program

pytestmark = pytest.mark.integration

DUMPS = Path(__file__).parents[2] / "../shared/ddl"
DIFFERENCES = Path(__file__).parents[2] / "docs/differences/nut.md"
EVERY = 40  # one dump in so many
USERS = """
[upsadmin]
    password = "top secret"
    actions = SET
    instcmds = ALL
"""
RICH = Scripted(
    (
        'SETINFO ups.status "FSD OB LB"',
        'SETINFO ups.alarm "Replace battery! \\"now\\" \\\\ \\# 5"',
        'SETINFO ups.mfr "A = B"',
        'SETINFO device.type "pdu"',
        'SETINFO ups.empty ""',
        'SETINFO ups.id "x y"',
        "SETAUX ups.id 8",
        "SETFLAGS ups.id RW STRING",
        'SETINFO ups.delay.start "30"',
        "SETFLAGS ups.delay.start RW NUMBER",
        "ADDRANGE ups.delay.start 0 60",
        "ADDRANGE ups.delay.start 120 180",
        'SETINFO input.sensitivity "high"',
        "SETFLAGS input.sensitivity RW STRING",
        "SETAUX input.sensitivity 6",
        'ADDENUM input.sensitivity "low"',
        'ADDENUM input.sensitivity "high"',
        'SETINFO battery.charge.low "20"',
        'ADDENUM battery.charge.low "20"',
        'ADDENUM battery.charge.low "30"',
        "SETFLAGS battery.charge.low RW",
        'SETINFO outlet.1.switchable "yes"',
        "SETFLAGS outlet.1.switchable RW",
        'ADDENUM outlet.1.switchable "yes"',
        'ADDENUM outlet.1.switchable "no"',
        'SETINFO driver.name "usbhid-ups"',
        'SETINFO driver.version.data "MGE HID 1.46"',
        'SETINFO driver.parameter.port "auto"',
        "ADDCMD load.off",
        "ADDCMD beeper.mute",
        "ADDCMD driver.killpower",
        *(f'SETINFO outlet.{number}.name "socket {number}"' for number in range(2, 40)),
        *(f"SETFLAGS outlet.{number}.name RW STRING" for number in range(2, 40)),
        *(f"SETAUX outlet.{number}.name {number}" for number in range(2, 40)),
    )
)
# What NUT's own drivers have, and these played ones have not.
ADDED = {"rich": {"device.mfr: A = B"}, "bare": {"device.type: ups"}}
BARE = Scripted(('SETINFO ups.status "OL"',))


def dumps() -> dict[str, Path]:
    files = sorted(DUMPS.glob("**/*.dev"))[::EVERY]
    return {f"d{number}": file for number, file in enumerate(files)}


@pytest.fixture(scope="module")
def nut(tmp_path_factory):
    files = {name: Dummy(file.read_text(errors="replace")) for name, file in dumps().items()}
    devices: dict[str, Any] = {"rich": RICH, "bare": BARE, **files}
    with RealNut(tmp_path_factory.mktemp("nut"), devices, users=USERS) as nut:
        yield nut


@pytest.fixture(scope="module")
def ours(nut, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ours")
    (folder / "password").write_text("top secret\n")
    lines = ("driver = nut", "username = upsadmin", f"password_file = {folder / 'password'}")
    (folder / "ups.conf").write_text(
        "".join(
            "\n".join((f"[{name}]", *lines, f"port = {name}@{nut.address}", ""))
            for name in nut.devices
        )
    )
    with OurNut(folder) as ours:
        for name in nut.devices:
            ours.await_readable(name)
        yield ours


def report(server: RealNut | OurNut, name: str) -> Report:
    """Ask a server all that it knows of a device."""
    writable = {row[2]: None for row in ask_all(server.address, f"LIST RW {name}")}
    return Report(
        {row[2]: row[3] for row in ask_all(server.address, f"LIST VAR {name}")},
        {variable: writable_of(server, name, variable) for variable in writable},
        tuple(row[2] for row in ask_all(server.address, f"LIST CMD {name}")),
        is_fresh=True,
    )


def writable_of(server: RealNut | OurNut, name: str, variable: str) -> Writable:
    words = server.ask(f"GET TYPE {name} {variable}").split()[3:]
    length = re.fullmatch(r"STRING:(\d+)", words[-1])
    enum = ask_all(server.address, f"LIST ENUM {name} {variable}") if "ENUM" in words else []
    ranges = ask_all(server.address, f"LIST RANGE {name} {variable}") if "RANGE" in words else []
    return Writable(
        type="string" if length else "number",
        max_length=int(length[1]) if length else None,
        enum=[row[3] for row in enum],
        ranges=[(float(row[3]), float(row[4])) for row in ranges],
    )


def upsc(device: str) -> list[str]:
    command = (find_nut_program("upsc"), device)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [row for row in done.stdout.splitlines() if not row.startswith("driver.")]


async def test_upsc_shows_the_same_of_every_device(nut, ours):
    def shown(name: str) -> tuple[list[str], list[str]]:
        return upsc(f"{name}@{nut.address}"), upsc(f"{name}@{ours.address}")

    found = await asyncio.gather(*(asyncio.to_thread(shown, name) for name in nut.devices))
    for name, (theirs, again) in zip(nut.devices, found, strict=True):
        ours_alone = [row for row in again if row not in theirs]
        assert set(ours_alone) <= ADDED.get(name, set()), dumps().get(name, name)
        assert [row for row in again if row not in ours_alone] == theirs, dumps().get(name, name)
    assert "`variable:device.*`" in DIFFERENCES.read_text()


async def test_all_that_upsd_tells_of_a_device_is_told_again(nut, ours):
    for name in nut.devices:
        theirs = await asyncio.to_thread(report, nut, name)
        again = await asyncio.to_thread(report, ours, name)
        case = dumps()[name].stem if name in dumps() else name
        assert record("nut", case, theirs, again) == [], case


def test_types_are_told_again_word_for_word_but_for_texts_that_upsd_calls_numbers(nut, ours):
    names = [row[2] for row in ask_all(nut.address, "LIST RW rich")]
    assert len(names) > 40
    other = {
        name: ours.ask(f"GET TYPE rich {name}")
        for name in names
        if ours.ask(f"GET TYPE rich {name}") != nut.ask(f"GET TYPE rich {name}")
    }
    assert other == {"outlet.1.switchable": "TYPE rich outlet.1.switchable RW ENUM STRING:512"}
    assert "`type:text-as-number`" in DIFFERENCES.read_text()


def test_what_concerns_the_driver_there_is_not_told_but_for_the_version_of_its_data(nut, ours):
    theirs = {row[2] for row in ask_all(nut.address, "LIST VAR rich") if "driver." in row[2]}
    again = {row[2]: row[3] for row in ask_all(ours.address, "LIST VAR rich")}
    assert again["driver.name"] == "nut"
    assert again["driver.version.data"] == "MGE HID 1.46"
    assert theirs - again.keys() == set()
    assert again["driver.parameter.port"] == f"rich@{nut.address}"
    assert "upsadmin" in again["driver.parameter.username"]
    assert "top secret" not in str(again)
    assert "driver.killpower" not in {row[2] for row in ask_all(ours.address, "LIST CMD rich")}
    assert "`command:driver.*`" in DIFFERENCES.read_text()


def test_forced_shutdown_there_is_seen_here(nut, ours):
    assert ours.ask("GET VAR rich ups.status") == 'VAR rich ups.status "FSD OB LB"'
