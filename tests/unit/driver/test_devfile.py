"""The language of .dev and .seq files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.devfile import (
    NEW,
    Alarm,
    Assignment,
    Board,
    Timer,
    parse,
    play,
)
from shared.errors import DeviceError

VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126)).map(str.strip)


def only(line):
    (step,) = parse(line, "ups.dev")
    return step


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("ups.id: 230.0", "230.0"),
        ("ups.id:230.0", "230.0"),
        ("ups.id = 230.0", "230.0"),
        ("ups.id 230.0", "230.0"),
        ("  ups.id :  two  words \t", "two  words"),
        ('ups.id: "two words"', "two words"),
        ('ups.id: "a # b" and more # remark', "a # b and more"),
        ("ups.id: value#remark", "value"),
        (r"ups.id: Rack \#5", "Rack #5"),
        (r'ups.id: "say \"yes\" \\"', r'say "yes" ' + "\\"),
        ('ups.id: "Exide', '"Exide'),
        ('ups.id: 19" rack', '19" rack'),
        ("ups.id: 79<><>/\\", "79<><>/\\"),
        ("ups.id: UPS \\ 500i", "UPS \\ 500i"),
        ("ups.id: UPS / ID=18", "UPS / ID=18"),
        ("ups.id: ID: 5", "ID: 5"),
        ("ups.id: 2 °C", "2 °C"),
        ("ups.id:", ""),
        ("ups.id: # masked", ""),
        ('ups.id: ""', ""),
    ],
)
def test_a_value_is_what_follows_the_name_without_remarks(line, value):
    assert only(line) == Assignment("ups.id", value)


@pytest.mark.parametrize("line", ["", "   ", "# remark", "  # TIMER 5", "driver.name: x\r"])
def test_a_line_may_say_nothing(line):
    assert parse(line, "ups.dev") == ()


def test_status_words_are_set_apart_by_one_space():
    assert only("ups.status:  OL   CHRG ") == Assignment("ups.status", "OL CHRG")


def test_lines_may_end_as_on_windows():
    steps = parse("ups.id: 1\r\nTIMER 2\r\n", "ups.seq")
    assert steps == (Assignment("ups.id", "1"), Timer(2.0))


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("TIMER 5", Timer(5.0)),
        ("TIMER 0.25 # quick", Timer(0.25)),
        ("ALARM", Alarm("")),
        ("ALARM [Replace battery!]", Alarm("[Replace battery!]")),
        ('ALARM "a # b"', Alarm("a # b")),
    ],
)
def test_timer_and_alarm_are_no_variables(line, step):
    assert only(line) == step


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("TIMER", "TIMER takes a number of seconds"),
        ("TIMER soon", "TIMER takes a number of seconds"),
        ("TIMER -1", "TIMER takes a number of seconds"),
        ("TIMER 1e9", "TIMER takes a number of seconds"),
        ("ups.load", "'ups.load' has no value; `ups.load:` would remove it"),
        (": 5", "a line begins with a variable, TIMER or ALARM"),
        ("ups/load: 5", "'ups/load' is no name of a variable"),
        ("ups..load: 5", "'ups..load' is no name of a variable"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_line(line, reason):
    with pytest.raises(DeviceError) as error:
        parse(f"ups.id: 1\n\n{line}\n", "x.dev")
    assert str(error.value) == f"x.dev, line 3: {reason}"


@given(st.text())
def test_any_text_is_steps_or_one_error(text):
    try:
        steps, fault = parse(text, "x.dev"), "x.dev, line "
    except DeviceError as error:
        steps, fault = (), str(error)
    assert fault.startswith("x.dev, line ")
    assert len(steps) <= text.count("\n") + 1
    play(NEW, steps)


@given(VALUES)
def test_a_plain_value_comes_back_as_it_was(value):
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    assert only(f'ups.id: "{quoted}"') == Assignment("ups.id", value)


@given(VALUES.filter(lambda value: not set(value) & set('"#\\')))
def test_a_value_needs_no_quotes_without_special_characters(value):
    assert only(f"ups.id: {value}") == Assignment("ups.id", value)


def test_playing_stops_at_each_timer_and_ends():
    steps = parse("ups.load: 1\nTIMER 3\nups.load: 2\nups.status: OB\n", "x.seq")
    board, position, wait = play(NEW, steps)
    assert (board.variables["ups.load"], board.status, wait) == ("1", "OL", 3.0)
    board, position, wait = play(board, steps, position)
    assert (board.variables["ups.load"], board.status, wait) == ("2", "OB", None)
    assert position == len(steps)


def test_alarms_add_up_until_they_are_ended_and_end_with_the_file():
    steps = parse("ALARM one\nALARM two\nTIMER 1\nTIMER 1\nALARM\nALARM three", "x.seq")
    board, position, _ = play(NEW, steps)
    assert board.alarms == ("one", "two")
    board, position, _ = play(board, steps, position)
    assert board.alarms == ("one", "two")
    board, _, _ = play(board, steps, position)
    assert board.alarms == ("three",)
    assert play(board, parse("ups.id: 1", "x.seq"))[0].alarms == ()


def test_an_empty_value_removes_a_variable_but_only_empties_the_status():
    board, _, _ = play(NEW, parse("ups.mfr:\nups.status:\nups.none:", "x.dev"))
    assert board == Board({"ups.model": "Dummy UPS"}, "")


def test_a_pass_that_changes_nothing_shows_the_same_board():
    steps = parse("ups.load: 1", "x.seq")
    board, _, _ = play(NEW, steps)
    assert play(board, steps)[0] is board
    assert board.with_value("ups.load", "1") is board
    assert board.with_value("no.such", "") is board


def test_a_value_changes_nothing_that_was_shown_before():
    before = NEW.with_value("ups.load", "1")
    assert before.with_value("ups.load", "2").variables["ups.load"] == "2"
    assert before.with_value("ups.load", "").variables == NEW.variables
    assert before.with_value("ups.status", "OB").status == "OB"
    assert before.variables["ups.load"] == "1"
