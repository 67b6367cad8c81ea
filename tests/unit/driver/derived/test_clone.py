"""An outlet as a UPS: its timers, its limits and what it shows."""

import pytest

from services.driver.protocols.derived.clone import (
    Design,
    Outlet,
    commanded,
    looked,
    shown,
    shown_outlet,
    written,
)
from shared.errors import RefusedError

DESIGN = Design(offdelay=60, ondelay=30, off="outlet.1.load.off", on="outlet.1.load.on")
ON_LINE = {"ups.status": "OL", "battery.charge": "90", "battery.runtime": "900"}
ON_BATTERY = {"ups.status": "OB", "battery.charge": "40", "battery.runtime": "300"}


def look(outlet, original, now, design=DESIGN):
    return looked(outlet, design, original, now)


def test_a_shutdown_sets_fsd_and_switches_off_when_its_time_is_over():
    outlet = commanded(Outlet(at=100), DESIGN, "shutdown.stayoff")
    assert shown(outlet, DESIGN, ON_BATTERY).status == "FSD OB"
    outlet, due = look(outlet, ON_BATTERY, 160)
    assert (due, outlet.shutdown) == (None, 0)
    outlet, due = look(outlet, ON_BATTERY, 161)
    assert due == "outlet.1.load.off"
    assert shown(outlet, DESIGN, ON_BATTERY).status == "OFF OB"
    assert look(outlet, ON_LINE, 1000)[1] is None


def test_it_comes_back_after_mains_for_long_enough():
    outlet = commanded(Outlet(at=0), DESIGN, "shutdown.return")
    outlet, _ = look(outlet, ON_BATTERY, 61)
    outlet, due = look(outlet, ON_BATTERY, 500)
    assert (due, outlet.start) == (None, 30)
    outlet, due = look(outlet, ON_LINE, 520)
    assert (due, outlet.start) == (None, 10)
    outlet, due = look(outlet, ON_BATTERY, 525)
    assert outlet.start == 30
    outlet, due = look(outlet, ON_LINE, 556)
    assert due == "outlet.1.load.on"
    assert outlet.is_on


@pytest.mark.parametrize(
    ("limits", "original", "leaves"),
    [
        ({"charge_low": 50}, ON_BATTERY, True),
        ({"charge_low": 40}, ON_BATTERY, False),
        ({"runtime_low": 301}, ON_BATTERY, True),
        ({"charge_low": 50}, ON_LINE, False),
        ({"charge_low": 95}, ON_LINE, False),
        ({"charge_low": 50}, {"ups.status": "OB"}, False),
        ({"charge_low": 50, "is_on": False}, ON_BATTERY, False),
    ],
)
def test_a_limit_counts_on_battery_alone_and_only_if_it_is_measured(limits, original, leaves):
    outlet, due = look(Outlet(**limits), original, 1)
    assert (outlet.is_leaving, due) == (leaves, None)


def test_the_original_knows_best_whether_the_outlet_is_on():
    design = Design(off="outlet.1.load.off", status="outlet.1.status", offdelay=0)
    outlet = commanded(Outlet(at=0), design, "shutdown.stayoff")
    outlet, due = look(outlet, {**ON_BATTERY, "outlet.1.status": "on"}, 1, design)
    assert due == "outlet.1.load.off"
    assert outlet.is_on
    outlet, _ = look(outlet, {**ON_BATTERY, "outlet.1.status": "off"}, 2, design)
    assert not outlet.is_on


def test_a_command_of_an_outlet_that_is_off_starts_only_the_return():
    outlet = commanded(Outlet(is_on=False), DESIGN, "shutdown.return")
    assert (outlet.shutdown, outlet.start) == (-1, 30)


def test_an_unknown_command_is_refused():
    with pytest.raises(RefusedError, match="no command load"):
        commanded(Outlet(), DESIGN, "load.off")


def test_limits_are_shown_and_written_where_they_are_measured():
    outlet = written(Outlet(), "battery.charge.low", "35")
    reading = shown(outlet, DESIGN, {**ON_LINE, "driver.name": "x", "ups.timer.start": "7"})
    assert reading.variables["battery.charge.low"] == "35"
    assert reading.variables["ups.timer.start"] == "-1"
    assert "driver.name" not in reading.variables
    assert set(reading.writable) == {"battery.charge.low", "battery.runtime.low"}
    assert not shown(outlet, DESIGN, {"ups.status": "OL"}).writable
    with pytest.raises(RefusedError):
        written(outlet, "battery.charge.low", "much")


@pytest.mark.parametrize(
    ("timer", "delay", "status", "words"),
    [
        ("-1", "120", "on", "OL"),
        ("120", "120", "on", "FSD OL"),
        ("121", "120", "on", "OL"),
        ("0", "120", "on", "FSD OL"),
        ("-1", "120", "off", "OFF OL"),
        ("10", None, "off", "OFF OL"),
    ],
)
def test_a_watched_outlet_is_judged_by_its_own_timer(timer, delay, status, words):
    original = {"ups.status": "OL", "outlet.1.timer.shutdown": timer, "outlet.1.status": status}
    if delay:
        original["outlet.1.delay.shutdown"] = delay
    assert shown_outlet("outlet.1", original).status == words
