"""The catalogue of commands: every row, the families, and names from outside."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.commands import COMMANDS, command

NAMES = Path(__file__).parents[3] / "../shared" / "facts" / "names.json"

STANDARD = [
    "load.off",
    "load.on",
    "load.off.delay",
    "load.on.delay",
    "shutdown.default",
    "shutdown.return",
    "shutdown.stayoff",
    "shutdown.stop",
    "shutdown.reboot",
    "shutdown.reboot.graceful",
    "test.panel.start",
    "test.panel.stop",
    "test.failure.start",
    "test.failure.stop",
    "test.battery.start",
    "test.battery.start.quick",
    "test.battery.start.low",
    "test.battery.start.deep",
    "test.battery.stop",
    "test.system.start",
    "calibrate.start",
    "calibrate.stop",
    "bypass.start",
    "bypass.stop",
    "reset.input.minmax",
    "reset.watchdog",
    "beeper.enable",
    "beeper.disable",
    "beeper.mute",
    "beeper.toggle",
    "outlet.1.shutdown.return",
    "outlet.1.load.off",
    "outlet.1.load.on",
    "outlet.1.load.cycle",
    "experimental.ecomode.start",
    "experimental.ecomode.stop",
    "experimental.bypass.ecomode.start",
    "experimental.bypass.ecomode.stop",
    "experimental.essmode.start",
    "experimental.essmode.stop",
    "clear.fault.record",
    "experimental.test.beeper.start",
    "experimental.test.beeper.stop",
    "driver.killpower",
    "driver.reload",
    "driver.reload-or-exit",
    "driver.reload-or-error",
    "driver.exit",
]

MEMBERS = [
    f"{place}.{action}"
    for place in (
        "outlet.3",
        "outlet.0",
        "outlet.group.2",
        "device.2",
        "device.0",
        "device.2.outlet.3",
    )
    for action in ("load.off", "load.on", "load.cycle", "load.off.delay", "shutdown.return")
]
EVERY = {name: command(name) for name in (*COMMANDS, *MEMBERS, *STANDARD)}


@pytest.mark.parametrize("name", EVERY)
def test_every_row_keeps_the_rules_of_the_wire(name: str):
    row = EVERY[name]
    assert row is not None
    assert row.name == name
    for text in (row.description, row.parameter):
        assert text.isascii()
        assert text.isprintable()
        assert not set(text) & set('"\\#{}')
    assert row.description[0].isupper()
    assert not row.description.endswith(".")


@pytest.mark.skipif(not NAMES.exists(), reason="../shared/facts is not here")
def test_every_name_that_nut_lists_is_in_the_catalogue():
    names = json.loads(NAMES.read_text(encoding="utf-8"))["commands"]
    assert len(names) == 52
    assert [name for name in names if command(name) is None] == []


@pytest.mark.parametrize("name", EVERY)
def test_what_switches_off_is_dangerous(name: str):
    row = EVERY[name]
    assert row is not None
    if "load.off" in name or "load.cycle" in name:
        assert row.dangerous
    if "shutdown." in name:
        assert row.dangerous == (not name.endswith("shutdown.stop"))
    if name.endswith((".stop", "load.on", "load.on.delay")) or "beeper" in name:
        assert not row.dangerous


@pytest.mark.parametrize(
    "name",
    ["bypass.start", "calibrate.start", "driver.killpower", "test.failure.start", "standby.on"],
)
def test_what_leaves_the_load_without_a_full_battery_is_dangerous(name: str):
    assert COMMANDS[name].dangerous


@pytest.mark.parametrize(
    "name", ["test.battery.start", "test.battery.start.quick", "driver.reload"]
)
def test_what_leaves_the_load_alone_is_not_dangerous(name: str):
    assert not COMMANDS[name].dangerous


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("load.off", "Cut the power of the load at once"),
        ("outlet.3.load.off", "Cut the power of outlet 3 at once"),
        ("outlet.0.load.off", "Cut the power of all outlets at once"),
        ("outlet.group.2.load.off", "Cut the power of outlet group 2 at once"),
        ("device.2.load.off", "Cut the power of the load at once (device 2 of the chain)"),
        ("device.0.load.off", "Cut the power of the load at once (whole chain)"),
        ("device.2.outlet.3.load.on", "Give power to outlet 3 at once (device 2 of the chain)"),
    ],
)
def test_the_description_names_what_is_switched(name: str, description: str):
    row = command(name)
    assert row is not None
    assert row.description == description


def test_a_delay_is_a_parameter_and_carries_over_to_outlets():
    assert COMMANDS["load.off.delay"].parameter == "delay in seconds"
    assert COMMANDS["load.off"].parameter == ""
    outlet = command("outlet.8.load.off.delay")
    assert outlet is not None
    assert outlet.parameter == "delay in seconds"


def test_an_unknown_trial_command_is_dangerous():
    row = command("experimental.unheard.of")
    assert row is not None
    assert row.dangerous


@pytest.mark.parametrize(
    "name",
    [
        "",
        "load",
        "LOAD.OFF",
        "load.off ",
        "load.off\n",
        "load.explode",
        "outlet.n.load.off",
        "outlet.01.load.off",
        "outlet.12345.load.off",
        "outlet.1.beeper.mute",
        "outlet.group.load.off",
        "device.1.device.2.load.off",
        "device.1.nonsense",
        "experimental.",
        'experimental."',
        "experimental." + "x" * 200,
    ],
)
def test_what_is_no_command_is_none(name: str):
    assert command(name) is None


words = st.sampled_from(
    [
        "device",
        "outlet",
        "group",
        "load",
        "off",
        "on",
        "experimental",
        "shutdown",
        "return",
        "0",
        "1",
        "17",
    ]
)


@given(st.text() | st.lists(words | st.text(max_size=4)).map(".".join))
@example("{}.{}")
@example("experimental.{0}")
def test_any_text_is_a_command_or_none(name: str):
    row = command(name)
    assert row is None or row.name == name
    assert row is None or not set(row.description) & set('"\\#\n')
