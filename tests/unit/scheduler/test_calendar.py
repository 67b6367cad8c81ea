"""Clocks, dates and reports."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from services.scheduler import calendar
from services.scheduler.battery import with_age
from services.scheduler.book import Outage
from services.scheduler.clock import Clock
from services.scheduler.report import report
from services.scheduler.rules import Reading
from shared.events import Condition
from tests.unit.scheduler.stage import BEGIN


class Clocks:
    """The two clocks of a machine."""

    def __init__(self):
        self.day, self.monotonic = 1e9, 50.0

    def turn(self, day, monotonic):
        self.day += day
        self.monotonic += monotonic


def test_the_clock_runs_evenly_and_tells_jumps():
    clocks = Clocks()
    clock = Clock(lambda: clocks.day, lambda: clocks.monotonic)
    clocks.turn(10, 10)
    assert (clock.now(), clock.jumped()) == (1e9 + 10, 0)
    clocks.turn(3600, 5)
    assert clock.now() == 1e9 + 15
    assert clock.jumped() == 3595
    assert (clock.now(), clock.jumped()) == (1e9 + 3610, 0)
    clocks.turn(-100, 1)
    assert clock.jumped() == -101


def test_drift_is_no_jump():
    clocks = Clocks()
    clock = Clock(lambda: clocks.day, lambda: clocks.monotonic)
    clocks.turn(101, 100)
    assert (clock.now(), clock.jumped()) == (1e9 + 100, 0)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(0, 0), (0.5, 0), (59.9, 0), (60, 60), (61, 60), (-0.1, -60)],
)
def test_the_latest_date_is_not_after_the_moment(moment, expected):
    assert calendar.latest("* * * * *", BEGIN + moment, UTC) == BEGIN + expected


def test_the_next_date_is_after_the_moment():
    assert calendar.after("* * * * *", BEGIN, UTC) == BEGIN + 60


def test_the_time_zone_is_the_one_of_the_environment():
    assert calendar.local_zone({"TZ": ":Europe/Berlin"}) == ZoneInfo("Europe/Berlin")
    assert calendar.local_zone({"TZ": "CET-1CEST,M3.5.0"}) is not None


def test_a_machine_without_data_on_time_zones_is_in_utc(monkeypatch):
    def no_such_zone(name: str) -> ZoneInfo:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(calendar, "ZoneInfo", no_such_zone)
    zone = calendar.local_zone({"TZ": "Europe/Berlin"})
    assert calendar.latest("30 * * * *", 3600.0 + 45 * 60, zone) == 3600.0 + 30 * 60


@pytest.mark.parametrize(
    ("variables", "age"),
    [
        ({"battery.date": "2023/12/31"}, "1"),
        ({"battery.date": "2023-12-01"}, "31"),
        ({"battery.date": "12/31/23"}, "1"),
        ({"battery.date": "12/31/2023"}, "1"),
        ({"battery.date": "31.12.2023"}, "1"),
        ({"battery.mfr.date": "20231231"}, "1"),
        ({"battery.date": "not set", "battery.mfr.date": "2023/12/31"}, "1"),
        ({"battery.date": "2024/06/01"}, None),
        ({"battery.date": "soon"}, None),
        ({"battery.age": "7", "battery.date": "2023/12/31"}, "7"),
        ({}, None),
    ],
)
def test_the_age_of_a_battery(variables, age):
    assert with_age(variables, date(2024, 1, 1)).get("battery.age") == age


def test_a_report_tells_outages_and_batteries():
    def reading(device, status, communicating=True, **variables):
        told = {name.replace("_", "."): value for name, value in variables.items()}
        return Reading(device, Condition(status, "", communicating), told)

    readings = {
        "b": reading("b", "OL RB", battery_charge="90", battery_age="1200"),
        "a": reading("a", "OL", battery_charge="100", battery_runtime="1800"),
        "c": reading("c", "OL", communicating=False),
    }
    outages = [Outage("a", BEGIN + 60, BEGIN + 185, 70.5), Outage("b", BEGIN, BEGIN + 9, None)]
    until = datetime(2024, 1, 8, tzinfo=UTC).timestamp()
    assert report(readings, outages, BEGIN, until, UTC).splitlines() == [
        "From 2024-01-01 00:00 to 2024-01-08 00:00",
        "",
        "Outages:",
        "  a: 2024-01-01 00:01, 2 min 5 s on battery, down to 70.5 %",
        "  b: 2024-01-01 00:00, 9 s on battery",
        "",
        "Batteries:",
        "  a: charge 100 %, runtime 1800 s",
        "  b: NEEDS TO BE REPLACED, charge 90 %, age 1200 days",
        "  c: silent; last known:",
    ]
    assert "  none" in report({}, [], BEGIN, until, UTC)
