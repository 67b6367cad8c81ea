"""Charts as SVG: well-formed whatever the texts are, true to the values, with gaps."""

import math
import re
from datetime import UTC, datetime
from itertools import pairwise
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.web.history.samples import Point
from services.web.pictures.axes import COLUMNS, ROWS, scale, times
from services.web.pictures.chart import (
    COLOURS,
    TABLE_ROWS,
    Chart,
    Curve,
    Frame,
    described,
    svg,
    table,
)

SVG = "{http://www.w3.org/2000/svg}"
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 20, 12, tzinfo=UTC).timestamp()
HOSTILE = "<script>alert(1)</script>\"' onload=x &amp; ]]> \x00\x1b \ud800 \u202e"
texts = some.one_of(some.text(max_size=300), some.just(HOSTILE))
numbers = some.floats(-1e12, 1e12, allow_nan=False)


def chart(*curves, title="Load", unit="%", begin=NOON, end=NOON + 3600, zone=BERLIN, shades=()):
    return Chart(title, unit, curves, begin, end, zone, shades)


def line(*values, begin=NOON, each=60.0):
    return tuple(
        Point(begin + each * place, begin + each * (place + 1), value, value, value)
        for place, value in enumerate(values)
    )


def elements(picture, name):
    return list(ElementTree.fromstring(picture).iter(SVG + name))


def lines(picture):
    return [
        each.get("d")
        for each in elements(picture, "path")
        if each.get("class") == "picture-line" and each.get("d")
    ]


@settings(deadline=None)
@given(texts, texts, some.lists(texts, max_size=8), some.lists(numbers, max_size=30))
def test_a_picture_is_well_formed_and_its_texts_stay_texts(title, unit, labels, values):
    curves = [Curve(label, (line(*values),) if values else ()) for label in labels]
    found = chart(*curves, title=title, unit=unit)
    for markup in (svg(found), table(found)):
        tree = ElementTree.fromstring(markup)
        names = {each.tag.removeprefix(SVG) for each in tree.iter()}
        assert names <= {
            *("svg", "title", "desc", "rect", "path", "text", "g", "table", "caption"),
            *("thead", "tbody", "tr", "th", "td"),
        }
        for each in tree.iter():
            assert not {"style", "onload", "href"} & set(each.attrib)
            assert "nan" not in each.get("d", "")
            assert "inf" not in each.get("d", "")
        assert "style=" not in re.sub(r">[^<]*<", "><", markup)


def test_each_value_is_drawn_as_the_level_that_it_held():
    picture = svg(chart(Curve("load", (line(0.0, 100.0, each=1800.0),))))
    frame = Frame()
    (way,) = lines(picture)
    middle = frame.left + frame.across / 2
    bottom = frame.top + frame.down
    right = frame.width - frame.right
    assert way == f"M{frame.left:g} {bottom:g}H{middle:g}V{frame.top:g}H{right:g}"


def test_nothing_is_drawn_between_two_runs():
    runs = (line(1, 2, 3), line(4, 5, begin=NOON + 1800))
    (way,) = lines(svg(chart(Curve("load", runs))))
    assert way.count("M") == 2
    frame = Frame()
    first, second = way.split("M")[1:]
    assert float(first.rpartition("H")[2]) < float(second.split()[0])
    assert float(second.split()[0]) == pytest.approx(frame.left + frame.across / 2)
    assert "1 gap" in described(chart(Curve("load", runs)))
    assert "nothing known" in table(chart(Curve("load", runs)))


def test_values_that_are_summed_up_have_a_band_from_least_to_greatest():
    run = tuple(each._replace(low=each.mean - 5, high=each.mean + 5) for each in line(50, 55))
    picture = svg(chart(Curve("load", (run,))))
    (band,) = [each for each in elements(picture, "path") if each.get("class") == "picture-band"]
    assert band.get("d").endswith("Z")
    (plain,) = [
        each
        for each in elements(svg(chart(Curve("load", (line(50, 55),)))), "path")
        if each.get("class") == "picture-band"
    ]
    assert not plain.get("d")


def test_several_curves_have_a_legend_and_differ_by_more_than_colour():
    found = svg(chart(*(Curve(f"outlet {each}", (line(each),)) for each in range(4))))
    words = [each.text for each in elements(found, "text")]
    assert [word for word in words if word and word.startswith("outlet")] == [
        f"outlet {each}" for each in range(4)
    ]
    dashes = {each.get("stroke-dasharray") for each in elements(found, "path")} - {None}
    assert len(dashes) == 4


def test_a_chart_without_any_value_says_so():
    found = chart(Curve("load", ()))
    assert "nothing is known" in described(found)
    assert lines(svg(found)) == []


def test_a_long_table_is_thinned_out():
    found = table(chart(Curve("load", (line(*range(5000)),))))
    assert len(list(ElementTree.fromstring(found).iter("tr"))) <= TABLE_ROWS + 1


@given(some.lists(numbers, min_size=1, max_size=20))
def test_an_axis_has_all_values_between_round_ends(values):
    found = scale(values)
    little = (found.high - found.low) * 1e-6
    assert found.low - little <= min(values)
    assert found.high + little >= max(values)
    assert 2 <= len(found.ticks) <= ROWS + 3
    steps = [after.at - before.at for before, after in pairwise(found.ticks)]
    assert steps == pytest.approx([steps[0]] * len(steps), rel=1e-3)
    assert len({tick.text for tick in found.ticks}) == len(found.ticks)


@given(some.floats(1e9, 3e9), some.floats(1, 50 * 366 * 86400.0), some.sampled_from(
    ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"]
))  # fmt: skip
def test_the_axis_of_time_has_a_handful_of_round_times_in_order(begin, length, zone):
    found = times(begin, begin + length, ZoneInfo(zone))
    assert len(found) <= COLUMNS + 4
    moments = [tick.at for tick in found]
    assert moments == sorted(set(moments))
    assert all(begin <= at <= begin + length for at in moments)
    if length > 60:
        assert len(found) >= 1


def test_when_the_clocks_change_no_hour_is_left_out_or_told_twice():
    spring = datetime(2026, 3, 29, 0, tzinfo=BERLIN).timestamp()
    found = [tick.text for tick in times(spring, spring + 6 * 3600, BERLIN)]
    assert found == ["29 Mar", "01:00", "03:00", "04:00", "05:00", "06:00", "07:00"]
    autumn = datetime(2026, 10, 25, 0, tzinfo=BERLIN).timestamp()
    found = [tick.text for tick in times(autumn, autumn + 5 * 3600, BERLIN)]
    assert found == ["25 Oct", "01:00", "02:00", "02:00", "03:00", "04:00"]


def test_the_zone_stands_at_the_axis():
    words = [each.text for each in elements(svg(chart(Curve("load", (line(1),)))), "text")]
    assert "CET" in words
    assert not math.isnan(Frame().across)


@pytest.mark.parametrize("ground", ["#ffffff", "#1b211f"])
@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_can_be_seen_on_light_and_on_dark_ground(colour, ground):
    light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3  # WCAG 2.1, 1.4.11


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
