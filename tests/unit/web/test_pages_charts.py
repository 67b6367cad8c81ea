"""Charts of the past on a page, and the stretch of time that is asked for."""

import json
import math
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from services.web.history.outages import Outage
from services.web.history.reader import Series
from services.web.history.samples import Point
from services.web.pages.charts import shown
from services.web.pages.past import RANGES, stretch
from tests.unit.web.pages_bus import NASTY

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


def drawn(*runs, label="X", unit="V", outages=()):
    series = Series("rack1", "x", 0.0, 100.0, 0, tuple(tuple(run) for run in runs))
    return shown(series, label, unit, outages, UTC)


def test_what_a_reader_asks_of_a_chart_is_weighted_by_time():
    found = drawn([Point(0, 10, 1, 1, 1), Point(10, 40, 2, 5, 7)])
    assert found
    assert (found.low, found.mean, found.high) == (1, 4, 7)
    assert json.loads(found.points) == [[0, 10, 1, 1, 1], [10, 40, 5, 2, 7]]


def test_there_is_no_chart_of_nothing():
    assert drawn() is None


def test_outages_are_shaded_also_one_that_lasts():
    lasting = Outage("rack1", began=50.0, seen=60.0)
    past = Outage("rack1", began=-50.0, seen=0.0, ended=20.0)
    found = drawn([Point(0, 10, 1, 1, 1)], outages=[lasting, past])
    assert found
    assert found.picture.count("picture-shade") == 2


def test_hostile_labels_stay_texts():
    found = drawn([Point(0, 10, 1, 1, 1)], label=NASTY, unit=NASTY)
    assert found
    assert "<script" not in found.picture


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), min_size=1, max_size=20))
def test_whatever_the_values_they_can_be_read(values):
    found = drawn([Point(5.0 * at, 5.0 * at + 5, *three) for at, three in enumerate(values)])
    assert found
    assert all(math.isfinite(each) for row in json.loads(found.points) for each in row)
    assert "nan" not in found.picture
    assert found.low <= found.high


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
