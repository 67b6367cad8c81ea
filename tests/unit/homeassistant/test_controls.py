"""Which control a writable variable and a pair of commands become."""

import pytest

from services.homeassistant.controls import field, switch_pairs
from services.homeassistant.rules import Rules
from shared.messages import Writable
from tests.unit.homeassistant.devices import rendered

TOPICS = ("said", "set")
ALL = Rules(commands=("*",), allow_power_off=("*",))


@pytest.mark.parametrize(
    ("name", "writable", "platform"),
    [
        ("ups.start.auto", Writable(enum=["yes", "no"]), "switch"),
        ("ups.start.auto", Writable(), "switch"),
        ("ups.start.auto", Writable(enum=["yes", "no", "maybe"]), "select"),
        ("outlet.1.switch", Writable(enum=["off", "on"]), "switch"),
        ("input.sensitivity", Writable(enum=["low", "high"]), "select"),
        ("battery.charge.low", Writable(type="number", ranges=[(10, 50)]), "number"),
        ("battery.charge.low", Writable(max_length=10), "number"),
        ("output.voltage.nominal", Writable(ranges=[(220, 220), (230, 230)]), "select"),
        ("input.transfer.low", Writable(ranges=[(160, 170), (180, 200)]), "number"),
        ("ups.id", Writable(max_length=8), "text"),
        ("nobody.knows", Writable(type="number"), "number"),
        ("nobody.knows", Writable(), "text"),
    ],
)
def test_a_variable_is_written_by_what_it_takes(name, writable, platform):
    made = field(name, name, writable, TOPICS)
    assert made is not None
    assert made.platform == platform
    assert made.key.startswith(f"set-{platform}-")


@pytest.mark.parametrize(
    ("name", "writable"),
    [
        ("ups.id", Writable(max_length=0)),
        ("ups.id", Writable(enum=["", "a"])),
        ("ups.id", Writable(enum=["x" * 300])),
        ("ups.id", Writable(enum=[str(number) for number in range(1000)])),
        ("ups.delay.start", Writable(ranges=[(50, 10)])),
        ("ups.delay.start", Writable(ranges=[(0, 1e300)])),
    ],
)
def test_a_variable_that_takes_nothing_that_fits_has_no_control(name, writable):
    assert field(name, name, writable, TOPICS) is None


def test_several_ranges_are_one_field_from_the_lowest_to_the_highest():
    made = field("input.transfer.low", "x", Writable(ranges=[(180, 200), (160, 170.5)]), TOPICS)
    assert made is not None
    assert (made.fields["min"], made.fields["max"], made.fields["step"]) == (160, 200, 0.1)
    assert rendered(made.fields["val_tpl"], "159") == "None"


def test_a_text_is_cut_to_what_its_editor_takes():
    made = field("ups.id", "ups.id", Writable(max_length=4), TOPICS)
    assert made is not None
    assert made.fields["max"] == 4
    assert rendered(made.fields["val_tpl"], "abcdef") == "abcd"


def test_a_switch_needs_both_commands():
    commands = ["beeper.enable", "beeper.disable", "outlet.1.load.on", "outlet.1.load.off"]
    assert set(switch_pairs(commands, ALL)) == {"beeper", "outlet.1"}
    for missing in commands:
        left = [command for command in commands if command != missing]
        assert len(switch_pairs(left, ALL)) == 1


def test_old_names_of_the_beeper_do_too():
    [pair] = switch_pairs(["beeper.on", "beeper.off"], ALL).values()
    assert (pair.on, pair.off) == ("beeper.on", "beeper.off")


def test_a_switch_that_could_cut_the_power_has_to_be_allowed():
    commands = ["outlet.1.load.on", "outlet.1.load.off"]
    assert not switch_pairs(commands, Rules(commands=("*",)))
    assert switch_pairs(commands, Rules(allow_power_off=("outlet.1.load.off",)))
    assert not switch_pairs(commands, Rules(allow_power_off=("outlet.2.*",)))
    assert not switch_pairs(commands, Rules(commands=("*",), allow_power_off=("*.on",)))
