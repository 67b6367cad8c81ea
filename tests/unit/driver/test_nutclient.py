"""What a NUT server replies: tables and decisions."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols import nutclient, nutvariables
from services.driver.protocols.nutclient import Type
from shared.errors import DeviceError, ResultStatus
from shared.messages import Writable

# Every word that upsd sends for an order (its server/neterr.h), and the results of tracking.
WORDS = {
    "ACCESS-DENIED": "refused",
    "UNKNOWN-UPS": "stale",
    "VAR-NOT-SUPPORTED": "unknown",
    "CMD-NOT-SUPPORTED": "unknown",
    "INVALID-ARGUMENT": "invalid",
    "INSTCMD-FAILED": "failed",
    "SET-FAILED": "failed",
    "READONLY": "readonly",
    "TOO-LONG": "too-long",
    "INVALID-VALUE": "invalid",
    "DRIVER-NOT-CONNECTED": "stale",
    "DATA-STALE": "stale",
    "USERNAME-REQUIRED": "refused",
    "PASSWORD-REQUIRED": "refused",
    "UNKNOWN-COMMAND": "failed",
    "UNKNOWN": "unknown",
    "FAILED": "failed",
    "SOMETHING-NEW": "failed",
}


@pytest.mark.parametrize(("word", "status"), WORDS.items())
def test_every_word_of_the_server_has_a_status_and_is_told(word, status):
    refused = nutclient.refused("host:1", word)
    assert refused.status is ResultStatus(status)
    assert str(refused).startswith("the NUT server at host:1: ")
    assert f"({word})" in str(refused)
    assert word in str(nutclient.no_data("host:1", word))


@pytest.mark.parametrize(
    ("words", "type"),
    [
        ("RW STRING:12", Type(12)),
        ("RW ENUM STRING:0", Type(0, has_enumeration=True)),
        ("RW ENUM RANGE NUMBER", Type(None, has_enumeration=True, has_ranges=True)),
        ("RW NUMBER", Type()),
        ("RW", Type()),
        ("RW UNKNOWN SOMETHING:7", Type()),
    ],
)
def test_types_are_read(words, type):
    assert nutclient.type_of(words.split()) == type


def test_a_length_that_no_text_has_makes_no_sense():
    with pytest.raises(DeviceError, match="no length of a text: 'RW STRING:9"):
        nutclient.type_of(["RW", "STRING:99999999999999999999"])


def test_what_may_be_written_is_put_together():
    types = {
        "a": Type(8),
        "b": Type(None, has_enumeration=True),
        "c": Type(None, has_ranges=True),
        "d": Type(None, has_enumeration=True),
        "e": Type(),
        "f": Type(),
    }
    assert nutclient.details(types) == [("ENUM", "b"), ("ENUM", "d"), ("RANGE", "c")]
    lists = {
        ("ENUM", "b"): [["10"], ["20"]],
        ("ENUM", "d"): [["on"], ["off"]],
        ("RANGE", "c"): [["0", "60"], ["90", "120"]],
    }
    values = {"a": "x", "b": "10", "c": "5", "d": "on", "e": "1.5", "f": "yes"}
    assert nutclient.writables(values, types, lists) == {
        "a": Writable(type="string", max_length=8),
        "b": Writable(type="number", enum=["10", "20"]),
        "c": Writable(type="number", ranges=[(0, 60), (90, 120)]),
        "d": Writable(type="string", enum=["on", "off"]),
        "e": Writable(type="number"),
        "f": Writable(type="string"),
    }


@pytest.mark.parametrize(
    "row", [["1"], [], ["a", "b"], ["1", "2", "3"], ["nan", "1"], ["0", "1e400"]]
)
def test_what_is_no_range_is_no_range(row):
    with pytest.raises(DeviceError, match="no range"):
        nutclient.writables({}, {"a": Type(None, has_ranges=True)}, {("RANGE", "a"): [row]})


@given(st.lists(st.lists(st.text(max_size=5), max_size=4), max_size=4))
def test_any_rows_are_variables_or_one_error(rows):
    for read in (nutclient.variables, nutclient.names):
        with contextlib.suppress(DeviceError):
            assert all(read(rows))


def test_what_concerns_another_process_is_left_out():
    writable = {"driver.debug": Writable(), "ups.id": Writable()}
    found = nutvariables.reading(
        {
            "ups.status": "OB",
            "ups.id": "x",
            "driver.name": "usbhid-ups",
            "driver.parameter.password": "hush",
            "driver.version.data": "HID 1",
            "server.info": "upsd",
        },
        writable,
        ("load.off", "driver.reload"),
    )
    assert found.variables == {"ups.id": "x", "driver.version.data": "HID 1"}
    assert found.status == "OB"
    assert set(found.writable) == {"ups.id"}
    assert found.commands == ("load.off",)


@pytest.mark.parametrize(("status", "is_waiting"), [("WAIT", True), ("OL", False), (None, False)])
def test_a_server_that_waits_for_its_driver_has_no_data(status, is_waiting):
    variables = {} if status is None else {"ups.status": status}
    assert nutvariables.is_waiting(variables) is is_waiting
