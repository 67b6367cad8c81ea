"""Templates give a value that fits or unknown, whatever comes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.homeassistant import templates
from shared.status import Status
from tests.unit.homeassistant.devices import rendered

texts = st.text(max_size=300)


@pytest.mark.parametrize(
    ("value", "said"),
    [("230.1", "230.1"), ("-5", "-5"), ("", "None"), ("low", "None"), ("nan", "None")],
)
def test_a_number_is_a_number_or_unknown(value, said):
    assert rendered(templates.NUMBER, value) == said


@given(texts)
def test_a_text_is_never_too_long_and_never_empty(value):
    assert 0 < len(rendered(templates.TEXT, value)) <= 255


@given(texts)
def test_a_number_between_bounds_never_leaves_them(value):
    said = rendered(templates.number_within(-1, 99.5), value)
    assert said == "None" or -1 <= float(said) <= 99.5


@given(st.lists(texts.filter(lambda text: text.strip() == text and text), min_size=1), texts)
def test_a_word_is_one_of_the_options_or_unknown(options, value):
    template = templates.one_of(options)
    assert rendered(template, options[0]) == options[0]
    assert rendered(template, value) in {*options, "None"}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("OB LB", "ON"),
        ("ob", "ON"),
        ("OL", "OFF"),
        ("OBX", "OFF"),
        ("", "None"),
        (" ", "None"),
        ("WAIT", "None"),
    ],
)
def test_a_status_word_is_on_or_off_or_unknown(status, said):
    assert rendered(templates.says_word("OB"), status) == said


def test_several_words_count_as_one():
    template = templates.says_word("TEST", "CAL")
    assert [rendered(template, status) for status in ("OL CAL", "OB TEST", "OL")] == [
        "ON",
        "ON",
        "OFF",
    ]


def test_a_status_is_said_in_words():
    template = templates.status_in_words()
    assert rendered(template, "OB LB XYZ") == "on battery, battery low, XYZ"
    assert rendered(template, "") == "None"
    assert len(rendered(template, " ".join(Status))) <= templates.MAX_STATE


@pytest.mark.parametrize(
    ("value", "said"), [("muted", "ON"), ("enabled", "ON"), ("disabled", "OFF"), ("", "None")]
)
def test_a_switch_shows_what_counts_as_on(value, said):
    assert rendered(templates.switched(("enabled", "muted"), ("disabled",)), value) == said


@pytest.mark.parametrize("value", ["online", "stale", "offline", "", "nonsense"])
def test_whatever_is_not_online_is_not_available(value):
    said = rendered(templates.AVAILABLE, value)
    assert said == ("online" if value == "online" else "offline")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{"energy":1.5,"estimated":false}', "1.5"),
        ('{"power":1}', "None"),
        ('{"energy":null}', "None"),
        ('{"energy":"much"}', "None"),
        ("[]", "None"),
        ("5", "None"),
        ("", "None"),
        ("{", "None"),
    ],
)
def test_a_key_is_a_number_or_unknown(value, said):
    assert rendered(templates.key_of("energy"), value) == said


def test_a_key_is_compared():
    template = templates.key_is("fsd", "true")
    said = [rendered(template, value) for value in ('{"fsd":true}', '{"fsd":false}', "{}", "")]
    assert said == ["ON", "OFF", "OFF", "None"]


@given(texts)
def test_what_is_sent_is_an_envelope_with_the_very_value(value):
    assert json.loads(rendered(templates.SENT, value)) == {"value": value, "by": "Home Assistant"}


@pytest.mark.parametrize("value", ["", "nonsense", "[1]", "{}", '{"type": "NEW"}', '{"type": []}'])
def test_what_is_no_event_says_nothing(value):
    assert rendered(templates.event(["ONBATT"]), value) == ""


def test_a_status_is_never_longer_than_what_is_stored():
    assert len(rendered(templates.status_in_words(), "X" * 999)) == templates.MAX_STATE


def test_an_event_has_its_type_where_home_assistant_looks():
    event = {"type": "ONBATT", "at": 1.0, "status": "OB", "text": 'UPS "x" on battery'}
    template = templates.event(["ONBATT"])
    assert json.loads(rendered(template, json.dumps(event))) == {
        "event_type": "ONBATT",
        "status": "OB",
        "text": 'UPS "x" on battery',
    }
