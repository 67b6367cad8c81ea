"""Charts of the past: axes of round numbers, nothing drawn where nothing is known."""

import json
import math
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from services.web.history.outages import Outage
from services.web.history.reader import Series
from services.web.history.samples import Point
from services.web.pages.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart, scale, times
from services.web.pages.past import DAY, RANGES, stretch

BERLIN = ZoneInfo("Europe/Berlin")
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


def drawn(*runs, step=0, begin=0.0, end=100.0, outages=()):
    series = Series("rack1", "x", begin, end, step, tuple(tuple(run) for run in runs))
    return chart(series, "X", "V", outages, UTC)


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.e+]+) (-?[\d.e+]+)", path)]


def test_each_run_is_a_line_of_its_own():
    shown = drawn([Point(0, 10, 1, 1, 1), Point(10, 20, 3, 3, 3)], [Point(50, 60, 2, 2, 2)])
    assert shown.line.count("M") == 2
    assert (shown.low, shown.mean, shown.high) == (1, 2, 3)


def test_more_is_higher_and_later_is_further_right():
    (x, y), (later, higher) = places(drawn([Point(0, 10, 1, 1, 1), Point(50, 60, 9, 9, 9)]).line)
    assert later > x
    assert higher < y


def test_a_band_shows_what_a_mean_hides():
    shown = drawn([Point(0, 10, -5, 1, 7), Point(10, 20, 0, 2, 4)], step=10)
    assert shown.band.endswith("Z")
    assert drawn([Point(0, 10, 1, 1, 1)]).band == ""


def test_a_chart_of_nothing_has_no_line():
    shown = drawn()
    assert (shown.line, shown.points, shown.mean) == ("", "[]", None)


def test_outages_are_shaded_also_one_that_lasts():
    lasting = Outage("rack1", began=50.0, seen=60.0)
    past = Outage("rack1", began=-50.0, seen=0.0, ended=20.0)
    shades = drawn(outages=[lasting, past]).shades
    assert shades[1][0] == LEFT
    assert all(width >= 1 for _, width in shades)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), min_size=1, max_size=20))
def test_whatever_the_values_all_is_inside_the_drawing(values):
    run = [Point(5.0 * at, 5.0 * at + 5, *three) for at, three in enumerate(values)]
    shown = drawn(run, step=5)
    for x, y in places(shown.line) + places(shown.band):
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1
    assert all(math.isfinite(each) for row in json.loads(shown.points) for each in row)


@given(NUMBERS, NUMBERS)
def test_the_upright_axis_has_few_round_steps_around_all(one, other):
    low, high = sorted((one, other))
    bottom, top, step = scale([low], [high])
    slack = 1e-6 * max(1.0, abs(low), abs(high))
    assert bottom <= low + slack
    assert top >= high - slack
    assert 1 <= round((top - bottom) / step) <= 7


@given(st.floats(0, 4e9), st.floats(1, 6e8))
def test_there_are_few_lines_across_and_all_within(begin, length):
    found = list(times(begin, begin + length, BERLIN))
    assert len(found) <= 10
    assert all(begin <= at < begin + length for at, _ in found)


def test_lines_across_are_at_round_times_of_the_zone():
    begin = datetime(2026, 3, 1, 10, 7, tzinfo=BERLIN).timestamp()
    assert [text for _, text in times(begin, begin + DAY, BERLIN)][:4] == [
        "12:00", "15:00", "18:00", "21:00",
    ]  # fmt: skip
    assert "02 Mar" in [text for _, text in times(begin, begin + DAY, BERLIN)]
    assert [text for _, text in times(begin, begin + 366 * DAY, BERLIN)][-1] == "Mar 2027"


@pytest.mark.parametrize("name", RANGES)
def test_every_range_ends_now(name):
    found = stretch(QueryParams(f"range={name}"), 1e9)
    assert (found.range, found.end) == (name, 1e9)


@pytest.mark.parametrize(
    "query",
    ["", "range=no", "begin=x&end=1", "begin=5&end=1", "begin=nan&end=nan", "begin=1&end=inf",
     "begin=-1&end=5", "begin=2e9&end=3e9", "begin=0&end=1e300"],
)  # fmt: skip
def test_a_stretch_that_makes_no_sense_is_the_last_day(query):
    assert stretch(QueryParams(query), 1e9).range == "1d"


def test_a_stretch_may_be_chosen():
    found = stretch(QueryParams("begin=100&end=200"), 1e9)
    assert (found.range, found.begin, found.end) == ("", 100, 200)
