"""Values in reports: what was written is read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.hid.descriptor import Field, Report
from services.driver.protocols.hid.values import fits, logical, physical, raw, with_raw
from shared.errors import DeviceError

VOLT = 0x00F0D121


def a_field(**parts) -> Field:
    usual = {"offset": 0, "size": 8, "minimum": 0, "maximum": 255}
    return Field(path=(1,), report=Report.FEATURE, id=1, **(usual | parts))


@st.composite
def fields(draw) -> Field:
    """Fields whose ranges need as many bits as they have."""
    size = draw(st.integers(1, 32))
    minimum = draw(st.sampled_from((0, -(1 << (size - 1)))))
    maximum = (1 << size) - 1 + minimum
    return a_field(offset=draw(st.integers(0, 70)), size=size, minimum=minimum, maximum=maximum)


@given(fields(), st.binary(min_size=13, max_size=20), st.data())
def test_what_is_written_is_read_and_the_rest_stays(field, report, data):
    value = data.draw(st.integers(field.minimum, field.maximum))
    written = with_raw(field, report, value)
    assert raw(field, written) == value
    mask = ((1 << field.size) - 1) << field.offset
    before, after = (int.from_bytes(each, "little") & ~mask for each in (report, written))
    assert before == after
    assert len(written) == len(report)


@given(fields(), st.integers(-16, 7), st.sampled_from((0, VOLT, 0x1001, 0x10001)), st.data())
def test_a_scaled_value_is_scaled_back(field, exponent, unit, data):
    scaled = a_field(
        size=field.size,
        minimum=field.minimum,
        maximum=field.maximum,
        exponent=exponent,
        unit=unit,
    )
    value = data.draw(st.integers(field.minimum, field.maximum))
    assert logical(scaled, physical(scaled, value)) == value
    assert fits(scaled, value)


@given(st.integers(0, 255), st.integers(-1000, 1000), st.integers(256, 100000))
def test_a_physical_range_is_scaled_back(value, low, width):
    field = a_field(physical=(low, low + width))
    assert low <= physical(field, value) <= low + width
    assert logical(field, physical(field, value)) == value


@given(st.binary(max_size=12), fields())
def test_any_report_is_a_value_in_range_or_a_device_error(report, field):
    if len(report) * 8 >= field.offset + field.size:
        assert field.minimum <= raw(field, report) <= field.maximum
        return
    with pytest.raises(DeviceError, match="cut short"):
        raw(field, report)


def test_a_short_report_cannot_be_written():
    with pytest.raises(DeviceError, match="no room"):
        with_raw(a_field(offset=4), b"\0", 1)


def test_values_count_in_volts_and_seconds():
    assert physical(a_field(unit=VOLT, exponent=5, maximum=65535, size=16), 1370) == pytest.approx(
        13.7
    )
    assert physical(a_field(unit=VOLT, exponent=7), 230) == 230
    assert physical(a_field(unit=0x1001), 120) == 120
    assert logical(a_field(unit=VOLT, exponent=6), 13.7) == 137
    assert logical(a_field(unit=VOLT, exponent=7), 13.7) == 13


def test_bits_beyond_the_range_are_dropped_and_the_rest_is_put_into_it():
    assert raw(a_field(maximum=100), b"\xe4") == 100
    assert raw(a_field(maximum=100), b"\x7f") == 100
    assert raw(a_field(minimum=-1, maximum=100), b"\xff") == -1
    assert raw(a_field(minimum=10, maximum=100), b"\x01") == 10


def test_never_fits_where_the_range_begins_at_zero():
    assert fits(a_field(), -1)
    assert fits(a_field(), 255)
    assert not fits(a_field(), 256)
    assert not fits(a_field(), -129)
    assert raw(a_field(), with_raw(a_field(), b"\0", -1)) == 255
