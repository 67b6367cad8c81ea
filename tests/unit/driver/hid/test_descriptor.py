"""Report descriptors: recorded ones, made-up ones, and any bytes at all."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.driver.protocols.hid.descriptor import (
    MAX_BITS,
    MAX_DEPTH,
    MAX_FIELDS,
    MAX_LENGTH,
    MAX_USAGES,
    Report,
    find,
    parse,
)
from services.driver.protocols.hid.paths import Usages
from services.driver.protocols.hid.usages import USAGES
from shared.errors import DeviceError
from tests.unit.driver.hid.recorded import recordings

NAMES = Usages.of(USAGES)
# A UPS with a PowerSummary that holds the remaining capacity as input 1 and feature 1, and two bits
# of a present status.
SMALL = bytes.fromhex(
    "0584 0904 A101"  # page of power devices, usage UPS, collection (application)
    "0924 A100 8501"  # usage PowerSummary, collection (physical), report 1
    "7508 9501 1500 2664 00"  # one value of 8 bits, 0 to 100
    "0585 0966 8182 0966 B182"  # battery system, RemainingCapacity: input, feature
    "8502 7501 9502 2501"  # report 2: two values of one bit
    "0984 0902 A102 09D0 0944 B1A2 C0"
    "C0 C0"
)


def test_a_small_descriptor_is_read():
    descriptor = parse(SMALL)
    assert descriptor.has_ids
    assert descriptor.faults == ()
    first, second, present, charging = descriptor.fields
    assert NAMES.text(first.path) == "UPS.PowerSummary.RemainingCapacity"
    assert (first.report, second.report) == (Report.INPUT, Report.FEATURE)
    assert (first.id, first.offset, first.size, first.minimum, first.maximum) == (1, 0, 8, 0, 100)
    assert (present.id, present.offset, charging.offset) == (2, 0, 1)
    assert descriptor.lengths == {
        (Report.INPUT, 1): 1,
        (Report.FEATURE, 1): 1,
        (Report.FEATURE, 2): 1,
    }


def test_recorded_descriptors_hold_what_another_parser_found():
    """Each recording lists the fields; maxima below the minimum were left so there."""
    kinds = {"Input": Report.INPUT, "Output": Report.OUTPUT, "Feature": Report.FEATURE}
    for recording in recordings():
        descriptor = recording.descriptor
        if not descriptor:
            continue
        ours = {(each.report, each.id, each.offset): each for each in descriptor.fields}
        last = None
        for told in recording.fields:
            key = kinds[told["type"]], int(told["report_id"], 16), told["offset"]
            if key not in ours:  # more values of the usage before
                assert (told["path"], told["type"]) == last, (recording.name, told)
                continue
            last = told["path"], told["type"]
            field = ours.pop(key)
            assert NAMES.path(told["path"]) == field.path, (recording.name, told)
            assert field.size == told["size"]
            assert field.unit == (told["unit"] or 0)
            assert field.minimum == (told["logical_min"] or 0)
            if not field.is_assumed:
                assert field.maximum == (told["logical_max"] or 0)
        assert ours == {}, recording.name
        for kind, lengths in recording.lengths.items():
            for report, length in lengths.items():
                key_length = descriptor.lengths[kinds[kind.title()], int(report, 16)]
                assert key_length + descriptor.has_ids == length


@settings(deadline=None)
@given(st.binary(max_size=400))
@example(b"")
@example(SMALL[:-1])
def test_any_bytes_are_fields_or_a_device_error(data: bytes):
    try:
        descriptor = parse(data)
    except DeviceError:
        return
    assert 0 < len(descriptor.fields) < MAX_FIELDS + MAX_USAGES
    for field in descriptor.fields:
        assert len(field.path) <= 2 * MAX_DEPTH + 1
        assert field.offset + field.size <= MAX_BITS
        assert field.offset + field.size <= 8 * descriptor.lengths[field.report, field.id]
        assert field.minimum <= field.maximum or field.is_assumed or field.maximum == 0
        assert find(descriptor.fields, field.path, field.report) is not None


@given(st.data())
def test_a_descriptor_with_wrong_bytes_is_fields_or_a_device_error(data: st.DataObject):
    damaged = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(SMALL) - 1))] = data.draw(st.integers(0, 255))
    del damaged[data.draw(st.integers(0, len(SMALL))) :]
    try:
        parse(bytes(damaged))
    except DeviceError:
        return


def test_the_greatest_descriptors_end():
    """What makes most of few bytes: usages by the range, values by the count, pushes, depth."""
    head = bytes.fromhex("0584 0904 7501 95FF")
    for repeated in ("190129FF", "190129FF8102", "190129FFB102", "A4", "B4", "A100", "C0", "FEFF"):
        piece = bytes.fromhex(repeated)
        data = (head + piece * (MAX_LENGTH // len(piece)) + bytes.fromhex("8102"))[: MAX_LENGTH + 9]
        try:
            assert len(parse(data).fields) < MAX_FIELDS + MAX_USAGES
        except DeviceError:
            continue


def test_a_maximum_below_the_minimum_counts_without_a_sign():
    wrong = SMALL.replace(bytes.fromhex("2664 00"), bytes.fromhex("25FF 15 00"))
    field = parse(wrong).fields[0]
    assert (field.minimum, field.maximum, field.is_assumed) == (0, 255, True)


def test_what_is_wrong_is_told():
    assert parse(SMALL[:-1]).faults == ("1 collections are not closed",)
    assert "ends within the item" in parse(SMALL + b"\x26").faults[0]
    assert "that was not opened" in parse(SMALL + b"\xc0").faults[0]
    assert "popped" in parse(SMALL + b"\xb4").faults[0]


def test_a_field_is_found_by_the_beginning_of_its_path():
    fields = parse(SMALL).fields
    path = NAMES.path("UPS.PowerSummary.RemainingCapacity")
    assert path
    assert find(fields, path, Report.FEATURE) is fields[1]
    assert find(fields, path[:2], Report.INPUT) is fields[0]
    assert find(fields, path, Report.OUTPUT) is None


def test_paths_are_read_and_written():
    text = "UPS.Flow.[4].ff860060"
    path = NAMES.path(text)
    assert path == (0x00840004, 0x0084001E, 0x00FF0004, 0xFF860060)
    assert NAMES.text(path) == text
    assert NAMES.path("UPS.nonsense") is None
    assert NAMES.path("ups.POWERSUMMARY") == (0x00840004, 0x00840024)
