"""The election of a primary."""

import pytest

from services.driver.protocols.derived.failover import (
    ALARM_TIME,
    Candidate,
    Filters,
    Forces,
    Priority,
    Rules,
    alone,
    elected,
    forced,
    shown,
)
from shared.errors import RefusedError
from shared.messages import Writable


def ups(name, status="OL", fresh=True, **variables):
    found = {"ups.status": status, **{k.replace("_", "."): v for k, v in variables.items()}}
    return Candidate(name, found, is_fresh=fresh)


def primary(*candidates, rules=None, forces=None, now=0.0):
    choice = elected(candidates, rules or Rules(), forces or Forces(), now)
    return choice and (choice[0].name, choice[1])


@pytest.mark.parametrize(
    ("candidates", "name", "priority"),
    [
        ([ups("a"), ups("b")], "a", Priority.ONLINE),
        ([ups("a", "OB"), ups("b")], "b", Priority.ONLINE),
        ([ups("a", fresh=False), ups("b", "OB LB")], "b", Priority.FRESH),
        ([ups("a", fresh=False), ups("b", fresh=False)], "a", Priority.KNOWN),
        (
            [ups("a", "OB", battery_runtime="10"), ups("b", "OB", battery_runtime="20")],
            "b",
            Priority.FRESH,
        ),
        ([ups("a", "OB"), ups("b", "OB", battery_runtime="1")], "b", Priority.FRESH),
        (
            [ups("a", battery_runtime="10"), ups("b", battery_runtime="20")],
            "a",
            Priority.ONLINE,
        ),
    ],
)
def test_the_most_suitable_is_elected(candidates, name, priority):
    assert primary(*candidates) == (name, priority)


def test_a_device_that_never_said_anything_is_no_candidate():
    assert primary(Candidate("a", is_fresh=True)) is None


@pytest.mark.parametrize(
    ("filters", "status", "passes"),
    [
        (Filters(), "OL", False),
        (Filters(have_any=("OL",)), "OL CHRG", True),
        (Filters(have_any=("OL", "CHRG")), "OB", False),
        (Filters(have_all=("OL", "CHRG")), "OL", False),
        (Filters(have_all=("OL", "CHRG")), "CHRG OL", True),
        (Filters(nothave_any=("LB",)), "OB LB", False),
        (Filters(nothave_all=("OB", "LB")), "OB", True),
        (Filters(nothave_all=("OB", "LB")), "LB OB", False),
        (Filters(have_any=("OL",)), "", False),
    ],
)
def test_filters(filters, status, passes):
    assert filters.let_pass(status) is passes


def test_filters_prefer_and_strictness_excludes():
    filters = Filters(nothave_any=("ALARM",))
    both = ups("a", "ALARM OL"), ups("b", "OB")
    assert primary(*both, rules=Rules(filters)) == ("b", Priority.FILTERED)
    assert primary(both[0], rules=Rules(filters)) == ("a", Priority.ONLINE)
    assert primary(both[0], rules=Rules(filters, is_strict=True)) is None


@pytest.mark.parametrize(("compare", "name"), [(0, "a"), (1, "b"), (2, "a"), (3, "a")])
def test_what_lasts_longer(compare, name):
    one = Candidate(
        "a",
        {"ups.status": "OB", "battery.runtime": "10", "battery.runtime.low": "5"},
        is_fresh=True,
    )
    other = Candidate(
        "b",
        {"ups.status": "OB", "battery.runtime": "20", "battery.runtime.low": "5"},
        is_fresh=True,
    )
    assert primary(one, other, rules=Rules(compare=compare)) == (name, Priority.FRESH)


def test_the_operator_decides_for_a_time_or_for_good():
    forces = forced(Forces(), "b.force.primary", "10", 100)
    assert primary(ups("a"), ups("b", "OB"), forces=forces, now=109) == ("b", Priority.FORCED)
    assert primary(ups("a"), ups("b", "OB"), forces=forces, now=110) == ("a", Priority.ONLINE)
    forces = forced(Forces(), "a.force.ignore", "-1", 0)
    assert primary(ups("a"), ups("b"), forces=forces, now=1e9) == ("b", Priority.ONLINE)
    forces = forced(forces, "a.force.ignore", None, 5)
    assert primary(ups("a"), ups("b"), forces=forces, now=6) == ("a", Priority.ONLINE)
    with pytest.raises(RefusedError):
        forced(forces, "a.force.ignore", "soon", 0)


def test_the_primary_is_shown_with_its_driver_below_upstream():
    candidate = Candidate(
        "ups1",
        {"ups.status": "OL", "driver.name": "qx", "ups.mfr": "A"},
        {"ups.id": Writable(max_length=8), "driver.debug": Writable()},
        ("load.off", "driver.reload"),
        is_fresh=True,
    )
    reading = shown(candidate, Priority.ONLINE, ("ups1", "ups2"))
    assert reading.variables["upstream.driver.name"] == "qx"
    assert reading.variables["driver.primary.socketname"] == "ups1"
    assert set(reading.writable) == {"ups.id", "upstream.driver.debug"}
    assert {"load.off", "upstream.load.off", "upstream.driver.reload"} <= set(reading.commands)
    assert {"ups1.force.primary", "ups2.force.ignore"} <= set(reading.commands)
    assert "driver.reload" not in reading.commands


def test_without_a_primary_the_mode_decides():
    names = ("a",)
    assert alone(Rules(mode=0), names, 1) is None
    with_alarm = alone(Rules(mode=1), names, 1)
    assert with_alarm
    assert with_alarm.alarms
    assert alone(Rules(mode=1), names, ALARM_TIME) is None
    leaving = alone(Rules(mode=2), names, 1e6)
    assert leaving
    assert leaving.status == "FSD"
