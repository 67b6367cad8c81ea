"""Contact closure: the cables, their definitions, and the options."""

import contextlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.driver.contract import Site
from services.driver.drivers import DRIVERS
from services.driver.drivers.genericups import GenericUps, GenericUpsOptions
from services.driver.protocols.genericups import (
    CABLES,
    INPUTS,
    OUTPUTS,
    Cable,
    incoming,
    outgoing,
    shutdown,
    status,
    wired,
)
from services.driver.tables import read_tables
from shared.errors import SettingsError
from shared.faults import faults

FACTS = Path(__file__).parents[4] / "shared" / "facts" / "genericups.json"


def test_the_cables_are_those_of_nut():
    if not FACTS.exists():
        pytest.skip("the facts about NUT's types are not beside the checkout")
    types = json.loads(FACTS.read_text())["types"]
    assert len(types) == len(CABLES) == 24
    for fact, cable in zip(types, CABLES, strict=True):
        found = wired(cable)
        assert (cable.mfr, cable.model, cable.desc) == (fact["mfr"], fact["model"], fact["desc"])
        assert _high(found.power) == set(fact["cable_power"])
        assert found.online == _fact(fact["online"])
        assert found.low_battery == _fact(fact["low_battery"])
        assert found.replace_battery == _fact(fact["replace_battery"])
        assert found.bypass == _fact(fact["bypass"])
        if fact["shutdown"] == -1:
            assert not found.can_shut_down
        elif fact["shutdown"] == ["ST"]:
            assert found.is_break
        else:
            assert found.shutdown is not None
            assert _high(found.shutdown) == set(fact["shutdown"])


def _high(lines):
    return {line for line, on in lines.items() if on}


def _fact(fact):
    """Say a fact as lines and whether they are high."""
    spelt = {"CD": "DCD"}
    return {spelt.get(line, line): line in fact["value"] for line in (fact["line"] if fact else ())}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("CTS", {"CTS": True}),
        ("-CTS", {"CTS": False}),
        (" DCD ", {"DCD": True}),
        ("CTS+-DCD", {"CTS": True, "DCD": False}),
        ("CTS-DCD", {"CTS": True, "DCD": False}),
        ("CTS, RNG", {"CTS": True, "RNG": True}),
        ("-RNG -DSR", {"RNG": False, "DSR": False}),
        ("CTS|DSR & DCD", {"CTS": True, "DSR": True, "DCD": True}),
        ("none", {}),
        ("NULL", {}),
    ],
)
def test_lines_of_the_device_are_spelt_as_nut_takes_them(text, lines):
    assert incoming(text) == lines


@pytest.mark.parametrize(
    ("read", "text", "reason"),
    [
        (incoming, "CTX", "'CTX' is none of CTS, DCD, RNG, DSR, none"),
        (incoming, "cts", "'cts' is none of CTS"),
        (incoming, "CD", "'CD' is none of CTS"),
        (incoming, "DTR", "'DTR' is none of CTS"),
        (incoming, "", "no line is named; `none` is the word for no line"),
        (incoming, "-", "'-' is none of CTS"),
        (incoming, "CTS+-CTS", "CTS cannot be high and low at once"),
        (outgoing, "CTS", "'CTS' is none of DTR, RTS, none"),
        (outgoing, "ST", "'ST' is none of DTR, RTS, none"),
        (shutdown, "ST+DTR", "ST goes alone"),
        (shutdown, "-ST", "ST goes alone"),
    ],
)
def test_what_names_no_line_is_refused(read, text, reason):
    with pytest.raises(ValueError, match=reason.replace("+", r"\+")):
        read(text)


def test_a_line_of_ours_that_is_not_named_is_low():
    cable = wired(Cable("", "", "", CP="DTR", OL="CTS", LB="DCD", SD="-DTR"))
    assert cable.power == {"DTR": True, "RTS": False}
    assert cable.shutdown == {"DTR": False, "RTS": False}


def test_without_a_line_it_is_always_on_line_and_nothing_else():
    cable = wired(Cable("", "", "", CP="none", OL="none", LB="none"))
    for high in (frozenset(), frozenset(INPUTS)):
        assert status(cable, high) == "OL"


def test_the_words_come_in_nuts_order():
    cable = wired(Cable("", "", "", CP="none", OL="CTS", LB="DCD", RB="RNG", BYPASS="DSR"))
    assert status(cable, frozenset(INPUTS)) == "LB OL RB BYPASS"
    assert status(cable, frozenset()) == "OB"


@given(st.text(alphabet="CTSDRNGP-+ ,noeUL", max_size=12))
def test_any_text_is_read_or_refused_with_a_reason(text):
    for read, lines in ((incoming, INPUTS), (outgoing, OUTPUTS), (shutdown, (*OUTPUTS, "ST"))):
        with contextlib.suppress(ValueError):
            assert set(read(text)) <= set(lines)


def options(**given):
    return GenericUpsOptions.model_validate(given)


def made(tables=None, **given):
    return GenericUps(Site("ups", "/dev/ttyS0", tables or {}), options(**given))


def test_a_number_may_be_written_as_a_number_or_as_text():
    assert options(upstype=7).cable({}) == options(upstype="07").cable({}) == CABLES[7]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "upstype: Field required"),
        ({"upstype": 24}, "upstype: there are the types 0 to 23"),
        ({"upstype": 1, "OL": "CTX"}, "OL: 'CTX' is none of"),
        ({"upstype": 1, "CP": "ST"}, "CP: 'ST' is none of"),
        ({"upstype": 1, "SD": "DCD"}, "SD: 'DCD' is none of"),
        ({"upstype": 1, "sdtime": -1}, "sdtime"),
        ({"upstype": 1, "LD": "DCD"}, "unknown key 'LD'"),
    ],
)
def test_wrong_options_are_refused_by_name(given, reason):
    with pytest.raises(ValidationError) as error:
        options(**given)
    assert reason in faults(error.value)


def test_an_unknown_type_is_told_with_those_that_there_are():
    with pytest.raises(SettingsError, match="'box' is unknown; there are 0 to 23, mine"):
        made({"file": {"mine": CABLES[0]}}, upstype="box")


CABLE = """\
driver = "genericups"
[cables.example500]
mfr = "Example"
model = "500"
CP = "DTR"
OL = "-CTS"
LB = "DCD"
SD = "ST"
"""


def tables(folder, text):
    (folder / "mine.toml").write_text(text)
    return read_tables(folder, [DRIVERS["genericups"]])["genericups"]


def test_a_table_file_adds_a_cable(tmp_path):
    cable = options(upstype="example500", model="501").cable(tables(tmp_path, CABLE))
    assert asdict(cable) == {
        "mfr": "Example",
        "model": "501",
        "desc": "",
        "CP": "DTR",
        "OL": "-CTS",
        "LB": "DCD",
        "SD": "ST",
        "RB": "none",
        "BYPASS": "none",
    }
    assert wired(cable).is_break


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"DCD"', '"DCX"', "cables.example500.LB: 'DCX' is none of CTS, DCD, RNG, DSR, none"),
        ('OL = "-CTS"\n', "", "cables.example500.OL: Field required"),
        ("model", "modell", "unknown key 'modell'; did you mean 'model'?"),
        ("example500", "500", "cables: 500: a name is no number"),
        ("[cables.example500]", "[cable]", "unknown key 'cable'; did you mean 'cables'?"),
    ],
)
def test_a_wrong_table_file_is_refused_with_row_and_reason(tmp_path, old, new, reason):
    with pytest.raises(SettingsError) as error:
        tables(tmp_path, CABLE.replace(old, new, 1))
    assert reason in str(error.value)
    assert str(error.value).startswith(f"{tmp_path}/mine.toml: ")
