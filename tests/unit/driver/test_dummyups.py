"""What a dummy device takes."""

import pytest

from services.driver.protocols.devfile import NEW, Board
from services.driver.protocols.dummyups import EFFECTS, carried_out, commands, writable
from shared import commands as catalogue

FULL = Board(
    {
        "battery.charge": "90",
        "ups.beeper.status": "enabled",
        "ups.test.result": "none",
        "input.voltage": "231",
        "input.voltage.maximum": "250",
        "input.bypass.voltage": "230",
        "outlet.1.status": "on",
        "outlet.12.switch": "on",
    },
    "OL",
)


def test_only_what_makes_sense_is_offered():
    assert commands(["ups.load"]) == ("load.off", "load.on")
    offered = commands(FULL.variables)
    assert {"outlet.1.load.off", "outlet.12.load.cycle", "beeper.toggle"} <= set(offered)
    assert "outlet.2.load.off" not in offered
    assert commands(["outlet.count", "outlet.1.id"]) == ("load.off", "load.on")


@pytest.mark.parametrize("command", commands(FULL.variables))
def test_every_offered_command_can_be_carried_out_and_is_in_the_catalogue(command):
    assert isinstance(carried_out(FULL, command), Board)
    assert catalogue.command(command)


def test_every_effect_is_offered_somewhere():
    offered = {name.replace(".12.", ".<n>.") for name in commands(FULL.variables)}
    assert set(EFFECTS) <= offered


@pytest.mark.parametrize(
    ("command", "variable", "value"),
    [
        ("beeper.disable", "ups.beeper.status", "disabled"),
        ("beeper.mute", "ups.beeper.status", "muted"),
        ("beeper.toggle", "ups.beeper.status", "disabled"),
        ("test.battery.start.quick", "ups.test.result", "Done and passed"),
        ("test.battery.stop", "ups.test.result", "Aborted"),
        ("reset.input.minmax", "input.voltage.maximum", "231"),
        ("outlet.1.load.off", "outlet.1.status", "off"),
        ("outlet.12.load.off", "outlet.12.switch", "off"),
    ],
)
def test_a_command_changes_one_variable(command, variable, value):
    after = carried_out(FULL, command)
    assert after == FULL.with_value(variable, value) != FULL


@pytest.mark.parametrize(
    ("there", "back", "word"),
    [
        ("load.off", "load.on", "OFF"),
        ("shutdown.stayoff", "shutdown.stop", "OFF"),
        ("calibrate.start", "calibrate.stop", "CAL"),
        ("bypass.start", "bypass.stop", "BYPASS"),
    ],
)
def test_a_command_adds_a_status_word_and_another_takes_it_away(there, back, word):
    after = carried_out(FULL, there)
    assert after.status == f"OL {word}"
    assert carried_out(after, there) == after
    assert carried_out(after, back) == FULL
    assert carried_out(FULL, back) == FULL


def test_a_beeper_is_toggled_back():
    assert carried_out(carried_out(FULL, "beeper.toggle"), "beeper.toggle") == FULL


def test_an_unknown_command_is_a_key_error():
    with pytest.raises(KeyError):
        carried_out(NEW, "no.such")


def test_lengths_are_those_of_nut():
    known = writable(
        ["ups.load", "ups.firmware", "input.quality", "input.sensitivity", "any.other"]
    )
    assert known["ups.load"].type == "number"
    assert [known[name].max_length for name in list(known)[1:]] == [16, 6, 1, 32]
