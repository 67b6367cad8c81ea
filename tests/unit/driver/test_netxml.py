"""The protocol of Eaton's and MGE's cards: documents, tables, decisions."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.netxml import documents, orders
from services.driver.protocols.netxml.conversions import converted
from services.driver.protocols.netxml.decode import Choices, object_of, phases, reading
from services.driver.protocols.netxml.documents import Object, Product
from services.driver.protocols.netxml.objects import ROWS, SWITCHES, WORDS
from services.driver.protocols.netxml.rows import Flag
from shared.errors import DeviceError
from shared.variables import variable
from tests.simulators.netxml import TRANSVERSE, Card, values

ROOT = Path(__file__).parents[3]
FACTS = ROOT.parent / "shared" / "facts" / "netxml.json"
PLAIN = Product("Card/Type/1", "Type", "", "/objects", "", "", "")
BOMB = b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><SUMMARY>&b;</SUMMARY>'
FOREIGN = b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><SUMMARY>&a;</SUMMARY>'


def read(objects, product=PLAIN, choices=Choices()):  # noqa: B008 -- frozen
    return reading(product, [Object(name, value, "") for name, value in objects.items()], choices)


def page(objects: str) -> bytes:
    return f"<GET_OBJECT>{objects}</GET_OBJECT>".encode()


def test_every_variable_is_in_the_catalogue():
    assert [row.variable for row in ROWS if row.variable and not variable(row.variable)] == []


def test_every_conversion_is_known():
    for row in ROWS:
        if row.conversion not in (*SWITCHES, "clock", "time_to_shutdown"):
            converted(row.object, row.variable, "1", row.conversion, tenths=False)


def test_every_flag_but_two_is_set_by_an_object():
    set_by_rows = {SWITCHES[row.conversion].flag for row in ROWS if row.conversion in SWITCHES}
    assert set(Flag) - set_by_rows == {Flag.SHUTDOWNIMM, Flag.CALIB}


def test_the_table_is_what_the_tool_makes_of_the_facts(tmp_path):
    if not FACTS.is_file():
        pytest.skip("the facts about NUT are not beside this checkout")
    tool = ROOT / "tools" / "netxml-tables"
    made = subprocess.run([sys.executable, tool, FACTS], capture_output=True, check=True, text=True)
    namespace: dict[str, object] = {}
    exec(made.stdout, namespace)
    assert namespace["ROWS"] == ROWS
    assert namespace["SWITCHES"] == SWITCHES
    assert namespace["WORDS"] == WORDS
    assert len(ROWS) == 186


def test_a_product_page_says_where_everything_is():
    card = Card(layout=TRANSVERSE)
    found = documents.product((card.page(TRANSVERSE.product_page) or "").encode())
    assert found == Product(
        title="Network Management Card/Transverse/GB",
        type="Transverse",
        serial="49EH29101",
        objects_page="/getvalue.cgi",
        summary_page="/upsprop.xml",
        settings_page="/config.xml",
        subscription_page="/subscribe.cgi",
    )


def test_objects_come_in_their_order_without_the_empty_ones():
    text = (
        '<OBJECT name="A" access="RW"> 1 </OBJECT><object NAME="B">&lt;2&gt;</object>'
        '<OBJECT name="C"> </OBJECT><OBJECT>3</OBJECT><OTHER name="D">4</OTHER>'
    )
    assert documents.objects(page(text)) == (Object("A", "1", "RW"), Object("B", "<2>", ""))


def test_the_card_has_timers_for_its_clients():
    found = documents.timers((Card().page("/config.xml") or "").encode())
    assert found == {"driver.timer.shutdown": "NONE", "driver.delay.shutdown": "150"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not a whole XML document"),
        (b"<GET_OBJECT>", "not a whole XML document"),
        (b"<GET_OBJECT></GET_OBJECT><GET_OBJECT/>", "not a whole XML document"),
        (b"\xff\xfe\x00", "not a whole XML document"),
        (b'<?xml version="1.0" encoding="nonsense"?><SUMMARY/>', "not a whole XML document"),
        (b"<html><body>Please log in</body></html>", "<html> instead of <GET_OBJECT> or <SUMMARY>"),
        (BOMB, "defines entities"),
        (FOREIGN, "defines entities"),
        (BOMB.decode().encode("utf-16"), "defines entities"),
        (b"<a>" * 50 + b"</a>" * 50, "too many elements"),
        (page("<OBJECT/>" * 30_000), "too many elements"),
    ],
)
def test_what_is_no_page_of_objects_is_refused(body, reason):
    with pytest.raises(DeviceError, match=reason):
        documents.objects(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_refused(body):
    for read_page in (documents.objects, documents.product, documents.timers):
        try:
            read_page(body)
        except DeviceError:
            pass


@given(st.sampled_from([row.object for row in ROWS]), st.text(max_size=20))
def test_any_value_gives_a_reading_or_is_refused(name, value):
    try:
        found = read({name: value.strip() or "0"})
    except DeviceError:
        return
    for each, text in found.variables.items():
        known = variable(each)
        if known and known.kind == "number":
            float(text)


def test_a_half_page_is_never_a_reading():
    whole = (Card().page("/getvalue.cgi") or "").encode()
    for length in range(0, len(whole) - len("</GET_OBJECT>\n"), 97):
        with pytest.raises(DeviceError):
            documents.objects(whole[:length])


def test_a_device_that_never_speaks_of_the_mains_has_no_status():
    assert read({"PDU.OutletSystem.Outlet[1].iName": "Left"}).status is None
    assert read({"UPS.PowerSummary.PresentStatus.ACPresent": "0"}).status == "OB"


def test_a_flag_that_is_neither_on_nor_off_is_refused():
    with pytest.raises(DeviceError, match=r"ACPresent is neither 0 nor 1: 'maybe'"):
        read({"UPS.PowerSummary.PresentStatus.ACPresent": "maybe"})


def test_a_measurement_that_is_no_number_is_refused_but_none_is_none():
    with pytest.raises(DeviceError, match=r"RemainingCapacity is no number: '9O'"):
        read({"UPS.PowerSummary.RemainingCapacity": "9O"})
    others = {"UPS.PowerSummary.PercentLoad": "NONE", "UPS.PowerSummary.RemainingCapacity": "90"}
    assert read(others).variables.get("ups.load") is None


def test_pages_without_any_known_object_are_refused():
    with pytest.raises(DeviceError, match="no object that is known"):
        read({"UPS.Something.Else": "1"})


def test_the_later_value_of_an_object_counts():
    charge = "UPS.PowerSummary.RemainingCapacity"
    supply = "UPS.PowerSummary.PresentStatus.ACPresent"
    first, second = ((charge, "90"), (supply, "1")), ((charge, "80"), (supply, "0"))
    found = reading(PLAIN, [Object(*each, "") for each in (*first, *second)], Choices())
    assert (found.variables["battery.charge"], found.status) == ("80", "OB")


def test_a_fault_in_one_part_does_not_vanish_because_another_is_well():
    found = read(
        {
            "UPS.PowerConverter.Input[1].PresentStatus.InternalFailure": "1",
            "UPS.PowerSummary.PresentStatus.InternalFailure": "0",
        }
    )
    assert found.alarms == ("Internal UPS fault!",)


def test_only_what_the_card_has_and_does_not_forbid_can_be_written():
    low, delay = "System.RunTimeToEmptyLimit", "System.ShutdownDuration"
    objects = [Object(low, "180", "RO"), Object(delay, "120", "RW"), Object(delay, "120", "")]
    found = reading(PLAIN, objects, Choices())
    assert (list(found.writable), found.commands) == (["ups.delay.shutdown"], ())
    assert read({low: "180"}).commands == ("shutdown.default",)


def test_date_and_time_are_taken_apart():
    found = read({"System.LastAcquisition": "2008-03-01 15:23:26"}).variables
    assert (found["ups.date"], found["ups.time"]) == ("2008-03-01", "15:23:26")


@pytest.mark.parametrize(
    ("measured", "count"),
    [
        ({"voltage": "230"}, 1),
        ({"current": "1.5"}, 1),
        ({"L1.current": "1", "L2.current": "1"}, 2),
        ({"L1-N.voltage": "230", "L2-N.voltage": "229", "L3-N.voltage": "0"}, 2),
        ({"L1-L2.voltage": "400"}, 2),
        ({"L1-N.voltage": "230", "L2-N.voltage": "229", "L3-N.voltage": "231"}, 3),
        ({"L2-L3.voltage": "400"}, 3),
        ({"L1.current": "1", "L3.current": "1"}, 3),
        ({"voltage": "0"}, None),
        ({}, None),
    ],
)
def test_the_phases_follow_from_what_has_a_value(measured, count):
    assert phases({f"input.{name}": value for name, value in measured.items()}, "input") == count


def test_values_to_set_cannot_break_out_of_their_document():
    document = orders.setting("System.Contact", 'me</OBJECT><OBJECT name="x">&"')
    assert document.count(b"<OBJECT ") == 1
    assert b"me&lt;/OBJECT&gt;" in document


def test_every_writable_variable_has_its_object():
    for row in ROWS:
        if row.rw:
            assert object_of(row.variable) == row.object


@pytest.mark.parametrize(
    "reply", [b"", b"<Port>0\n<Secret>1", b"<Port>99999\n<Secret>1", b"<Port>7", b"<Secret>7"]
)
def test_a_subscription_without_port_or_secret_is_refused(reply):
    with pytest.raises(DeviceError, match="without port and secret"):
        orders.invitation(reply)


def test_the_simulated_card_has_a_value_for_every_object():
    assert set(values()) == {row.object for row in ROWS}
