"""What a driver of NUT says on its socket: every line, and anything else."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.nutsocket import _VERBS, Mirror, check_result, order
from shared.errors import DeviceError, RefusedError, ResultStatus
from shared.messages import Writable
from shared.nutwire import quote, split

DUMP = b"""\
DATASTALE
SETINFO ups.status "OL CHRG"
SETINFO ups.id "a \\"b\\" \\\\ \\# c"
SETAUX ups.id 8
SETFLAGS ups.id RW STRING
SETINFO ups.delay.start "30"
ADDRANGE ups.delay.start 0 60
ADDRANGE ups.delay.start 120 180
SETFLAGS ups.delay.start RW NUMBER IMMUTABLE
SETINFO input.sensitivity "high"
ADDENUM input.sensitivity "low"
ADDENUM input.sensitivity "high"
SETFLAGS input.sensitivity RW
SETINFO ups.load "7"
ADDCMD load.off
ADDCMD test.panel.start
DATAOK
DUMPDONE
"""
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)
WORDS = st.sampled_from([*_VERBS, "PONG", "a.b", "a.b", "c", '"x y"', '""', "1", "-1", "x", '"'])


def mirror(data: bytes = DUMP) -> Mirror:
    found = Mirror()
    found.receive(data)
    return found


def test_a_dump_is_all_that_is_known():
    found = mirror()
    assert found.is_complete
    assert found.is_fresh
    assert found.values() == {
        "ups.status": "OL CHRG",
        "ups.id": 'a "b" \\ # c',
        "ups.delay.start": "30",
        "input.sensitivity": "high",
        "ups.load": "7",
    }
    assert found.commands == ("load.off", "test.panel.start")
    assert found.writables() == {
        "ups.id": Writable(type="string", max_length=8),
        "ups.delay.start": Writable(type="number", ranges=[(0, 60), (120, 180)]),
        "input.sensitivity": Writable(type="string", enum=["low", "high"]),
    }


def test_what_comes_later_changes_it():
    found = mirror()
    found.receive(
        b"SETINFO ups.load 8\nDELINFO ups.id\nDELENUM input.sensitivity low\nDELCMD load.off\n"
        b"DELRANGE ups.delay.start 120 180\nDATASTALE\n"
    )
    assert found.values()["ups.load"] == "8"
    assert "ups.id" not in found.values()
    assert found.writables()["input.sensitivity"].enum == ["high"]
    assert found.writables()["ups.delay.start"].ranges == [(0, 60)]
    assert found.commands == ("test.panel.start",)
    assert not found.is_fresh
    found.receive(b"SETFLAGS ups.delay.start NUMBER\n")
    assert "ups.delay.start" not in found.writables()


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        (b"SETINFO ups.load 8\n", True),
        (b"SETINFO ups.load 7\n", False),
        (b"DATASTALE\n", True),
        (b"DATAOK\n", False),
        (b"ADDCMD load.off\n", False),
        (b"DELCMD load.on\n", False),
        (b"DELINFO no.such\n", False),
        (b"SETAUX no.such 7\n", False),
        (b"PONG\n", False),
        (b"TRACKING 1 0\n", False),
        (b"SOMETHING new\n", False),
        (b"\n", False),
    ],
)
def test_only_what_is_new_counts_as_a_change(line, counts):
    found = mirror()
    before = found.changes
    found.receive(line)
    assert (found.changes != before) is counts


@pytest.mark.parametrize(
    "line",
    [
        "SETINFO",
        "SETINFO ups.load",
        "SETINFO ups.load 7 8",
        'SETINFO "" 7',
        "DELINFO",
        "SETAUX ups.load x",
        "SETAUX ups.load -1",
        "ADDRANGE ups.load 1",
        "ADDRANGE ups.load a b",
        "ADDRANGE ups.load nan inf",
        "ADDRANGE ups.load 1_0 20",
        "SETFLAGS",
        "TRACKING x",
        "TRACKING x y",
        "DATAOK now",
        "DUMPDONE 1",
    ],
)
def test_a_line_of_another_shape_makes_no_sense(line):
    found = mirror(DUMP.removesuffix(b"DUMPDONE\n"))
    with pytest.raises(DeviceError, match="the driver says what makes no sense"):
        found.receive(line.encode() + b"\n")


@pytest.mark.parametrize("value", ['a "b"', '"', "a\\b", "\\", 'a " ', '"" x'])
def test_a_change_that_may_or_may_not_be_escaped_is_asked_for_again(value):
    found = mirror()
    found.receive(f'SETINFO ups.id "{value}"\nTRACKING 7 0\n'.encode())
    assert found.wants_dump
    assert not found.is_complete
    assert found.results == {"7": 0}
    found.receive(DUMP.replace(b"DATAOK", f"SETINFO ups.id {quote(value)}\nDATAOK".encode()))
    assert found.is_complete
    assert found.values()["ups.id"] == value


def test_a_value_in_a_dump_may_have_several_lines():
    assert mirror(b'SETINFO a.b "one\ntwo"\nSETINFO c.d "e"\n').values() == {
        "a.b": "onetwo",
        "c.d": "e",
    }


def test_a_line_without_end_makes_no_sense():
    with pytest.raises(DeviceError, match="makes no sense"):
        mirror().receive(b'SETINFO ups.load "' + b"x" * 70_000)


@given(st.lists(st.integers(1, len(DUMP) - 1), max_size=8))
def test_it_does_not_matter_how_it_comes_in_pieces(cuts):
    found = Mirror()
    for start, end in itertools.pairwise([0, *sorted(cuts), len(DUMP)]):
        found.receive(DUMP[start:end])
    assert (found.values(), found.writables()) == (mirror().values(), mirror().writables())


@given(PRINTABLE)
def test_every_value_comes_through_as_it_is(value):
    assert mirror(f"SETINFO a.b {quote(value)}\n".encode()).values() == {"a.b": value}


@given(st.binary(max_size=200) | st.lists(WORDS, max_size=6).map(lambda w: " ".join(w).encode()))
def test_any_bytes_are_taken_or_make_no_sense(data):
    found = mirror()
    with contextlib.suppress(DeviceError):
        found.receive(data + b"\n")
    assert all(isinstance(each, Writable) for each in found.writables().values())


@given(PRINTABLE, PRINTABLE)
def test_an_order_is_read_by_the_driver_as_it_was_meant(name, value):
    words = ("SET", name or "x", value)
    line = order(words, "id-1")
    assert line.endswith(b"\n")
    assert split(line[:-1]) == [*words, "TRACKING", "id-1"]


def test_results_are_told_by_their_numbers():
    found = mirror()
    found.receive(b"TRACKING one 0\nTRACKING two 3\n")
    assert found.results == {"one": 0, "two": 3}
    check_result(0)
    for code, status in (
        (1, ResultStatus.UNKNOWN),
        (2, ResultStatus.INVALID),
        (3, ResultStatus.FAILED),
        (4, ResultStatus.INVALID),
        (99, ResultStatus.FAILED),
        (-1, ResultStatus.FAILED),
    ):
        with pytest.raises(RefusedError) as refused:
            check_result(code)
        assert refused.value.status is status
