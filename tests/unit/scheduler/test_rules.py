"""Triggers and templates."""

import pytest

from services.scheduler.rules import EVENT_TYPES, Holds, Reading, stands, trigger
from services.scheduler.texts import checked, filled
from shared.events import Condition, between


def holds(when, variables, communicating=True):
    condition = Condition(variables.get("ups.status", ""), "", communicating)
    return trigger(when).holds(Reading("a", condition, variables))


@pytest.mark.parametrize(
    ("when", "value", "expected"),
    [
        ("x.y < 50", "49.9", True),
        ("x.y < 50", "50", False),
        ("x.y<=50", "50", True),
        ("x.y > -3", "-2", True),
        ("x.y >= 10", "9", False),
        ("x.y < 50", "n/a", None),
        ("x.y < 50", "inf", None),
        ("x.y == 5.0", "5", True),
        ("x.y == 'on battery'", "on battery", True),
        ("x.y != enabled", "disabled", True),
        ("x.y has LB", "OB LB", True),
        ("x.y has LB", "OB LBX", False),
        ("x.y lacks OL", "OB LB", True),
        ("x.y lacks OL", "ol chrg", False),
    ],
)
def test_a_comparison(when, value, expected):
    assert holds(when, {"x.y": value}) is expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"a.b": "1", "c.d": "1"}, True),
        ({"a.b": "1", "c.d": "9"}, False),
        ({"a.b": "1"}, None),
        ({"c.d": "9"}, False),
        ({}, None),
    ],
)
def test_parts_that_nobody_knows_leave_it_open_unless_another_is_false(variables, expected):
    assert holds("a.b < 5 and c.d < 5", variables) is expected


def test_of_a_silent_device_nobody_knows():
    assert holds("ups.status has OB", {"ups.status": "OB"}, communicating=False) is None
    assert holds("ONBATT", {"ups.status": "OB"}, communicating=False) is None


def test_upper_and_lower_case_of_an_event_type_are_the_same():
    assert trigger("onbatt") == trigger("ONBATT")
    assert isinstance(trigger("ups.status has OB"), Holds)


@pytest.mark.parametrize(
    "status", ["OL", "OB LB", "OL BYPASS", "OL CAL TRIM", "ALARM OL X1", "OFF"]
)
def test_after_each_event_what_it_announces_stands(status):
    old, new = Condition("OL ECO OVER BOOST RB X2", "", False), Condition(status, "a", True)
    for event in between("a", old, new):
        assert stands(event.type, new) is True


@pytest.mark.parametrize("type_", EVENT_TYPES)
def test_every_event_type_can_be_asked_for(type_):
    answers = {
        stands(type_, Condition(status, "", communicating))
        for status in ("OL CAL ALARM BYPASS X", "OB LB RB FSD OFF ECO OVER TRIM BOOST", "OL")
        for communicating in (True, False)
    }
    assert {True, False} <= answers


def test_a_template_reaches_names_only():
    template = checked("{device} {{x}} {a.b} {c.__class__}")
    assert filled(template, {"device": "{text}"}, {"a.b": "1"}) == "{text} {x} 1 n/a"
