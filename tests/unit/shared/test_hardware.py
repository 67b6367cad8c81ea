"""The hardware list and its search."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.hardware import models as hardware
from shared.hardware.models import Transport, models
from shared.hardware.search import find

FACTS = Path(__file__).parents[3] / "../shared/facts/hcl.json"
FIRST_LINE = (Path(hardware.__file__).parent / hardware.FILE).read_text().split("\n", 1)[0]


def names(text: str) -> list[str]:
    return [f"{hit.model.manufacturer} {hit.model.name}" for hit in find(text, models())]


def test_every_row_can_be_read():
    assert tuple(FIRST_LINE.split("\t")) == hardware.COLUMNS
    for model in models():
        assert model.manufacturer
        assert model.type in ("ups", "pdu", "ats", "scd")
        assert model.level in hardware.LEVELS
        assert model.ways
        assert all(way.driver for way in model.ways)


def test_the_transport_fits_the_name_of_the_driver():
    for model in models():
        for way in model.ways:
            assert (way.transport is Transport.USB) or not way.driver.endswith("_usb")
            assert (way.transport is Transport.SERIAL) or not way.driver.endswith("_ser")


@pytest.mark.skipif(not FACTS.exists(), reason="the facts are not beside the checkout")
def test_it_is_the_whole_list():
    entries = json.loads(FACTS.read_text())["entries"]
    told = [
        (each["manufacturer"], each["type"], each["level"], each["model"], each["extra"])
        for each in entries
    ]
    assert told == [
        (each.manufacturer, each.type, each.level, each.name, each.extra) for each in models()
    ]
    assert [tuple(each["drivers"]) for each in entries] == [each.drivers for each in models()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Smart-UPS 1500", "APC Smart-UPS 1500 (SMT1500I, USB)"),
        ("smart ups 1500", "APC Smart-UPS 1500 (SMT1500I, USB)"),
        ("SMARTUPS1500", "APC Smart-UPS 1500 (SMT1500I, USB)"),
        ("smt1500i", "APC Smart-UPS 1500 (SMT1500I, USB)"),
        ("eaton 5px", "Eaton 5 PX"),
        ("Elipse Eco", "Eaton Ellipse ECO 650/800/1200/1600 VA"),
        ("cp1500pfc", "Cyber Power Systems CP1500PFCLCD"),
        ("microdowel b.box", "MicroDowell B.Box BP  500"),
    ],
)
def test_a_model_is_found_by_what_people_call_it(text, expected):
    assert expected in names(text)[:8]


def test_what_nothing_is_like_is_not_found():
    assert names("zzzzzz") == []
    assert names("--- !!") == []
    assert names("") == []


def test_every_model_finds_itself():
    for model in models()[::7]:
        hits = find(f"{model.manufacturer} {model.name}", models())
        assert model in [hit.model for hit in hits]
        assert hits[0].score == 1


@settings(max_examples=30)
@given(st.text(max_size=30))
def test_whatever_is_asked_gets_hits_with_scores(text: str):
    assert all(0 < hit.score <= 1 for hit in find(text, models()))
