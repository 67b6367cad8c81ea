"""What is asked when, and what becomes of what the device says."""

import pytest

from services.driver.protocols.qx.blazer import status_bits
from services.driver.protocols.qx.picture import Picture, Walk
from services.driver.protocols.qx.registry import DIALECTS
from services.driver.protocols.qx.table import Cut, Field, Knowledge
from shared.errors import DeviceError
from tests.simulators.qx import MEGATEC, RATINGS, STATUS

BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
REPLIES = {request.decode(): reply for request, reply in MEGATEC.items()}


def picture(options=None, replies=REPLIES, dialect="megatec", **settings):
    found = Picture(BY_NAME[dialect], options or {}, **settings)
    for query in found.due(Walk.FIRST):
        try:
            found.take(query, replies[query.request], Walk.FIRST)
        except DeviceError:
            found.leave_out(query)
    return found


def status(**bits):
    """The reply to Q1 with other bits: b38="1"."""
    reply = bytearray(STATUS)
    for name, value in bits.items():
        reply[int(name[1:])] = ord(value)
    return bytes(reply)


def reading(reply, **given):
    return picture(replies={**REPLIES, "Q1\r": reply}, **given).reading(0.0)


@pytest.mark.parametrize(
    ("bits", "words", "alarms"),
    [
        ({}, "OL", ()),
        ({"b38": "1"}, "OB", ()),
        ({"b38": "1", "b39": "1"}, "OB LB", ()),
        ({"b40": "1"}, "OL BYPASS", ()),
        ({"b41": "1"}, "OL", ("UPS selftest failed!",)),
        ({"b43": "1"}, "OL CAL", ()),
        ({"b44": "1"}, "OL FSD", ("Shutdown imminent!",)),
    ],
)
def test_the_bits_of_the_status(bits, words, alarms):
    found = reading(status(**bits))
    assert (found.status, found.alarms) == (words, alarms)


@pytest.mark.parametrize(
    ("volts", "word"), [(b"195.0", "TRIM"), (b"226.0", "BYPASS"), (b"250.0", "BOOST")]
)
def test_the_regulator_is_told_by_the_voltages(volts, word):
    reply = status(b40="1").replace(b"226.0 014", volts + b" 014")
    assert reading(reply).status == f"OL {word}"


@pytest.mark.parametrize("volts", [b"100.0", b"400.0"])
def test_a_regulator_that_cannot_be_is_an_error(volts):
    reply = status(b40="1").replace(b"226.0 014", volts + b" 014")
    walked = picture()
    query = next(walked.due(Walk.QUICK))
    with pytest.raises(DeviceError):
        walked.take(query, reply, Walk.QUICK)


def test_dashes_are_no_temperature_and_no_error():
    assert "ups.temperature" not in reading(STATUS.replace(b"30.0", b"--.-")).variables


def test_a_temperature_that_is_no_number_is_left_out_from_the_first_walk_on():
    assert "ups.temperature" not in reading(STATUS.replace(b"30.0", b"3x.0")).variables


def test_a_temperature_that_is_no_number_later_is_an_error():
    walked = picture()
    query = next(walked.due(Walk.QUICK))
    with pytest.raises(DeviceError, match=r"ups\.temperature"):
        walked.take(query, STATUS.replace(b"30.0", b"3x.0"), Walk.QUICK)


def test_options_spare_requests_and_bits():
    requests = [query.request for query in picture({"norating": ""}).due(Walk.FULL)]
    assert "F\r" not in requests
    requests = [query.request for query in picture({"novendor": ""}).due(Walk.FULL)]
    assert "I\r" not in requests
    assert reading(status(b44="1"), options={"ignoresab": ""}).status == "OL"


def test_a_quick_walk_asks_for_the_status_alone():
    assert [query.request for query in picture().due(Walk.QUICK)] == ["Q1\r"]


def test_a_quick_walk_refreshes_all_that_its_reply_says():
    walked = picture()
    walked.take(next(walked.due(Walk.QUICK)), STATUS.replace(b"014", b"099"), Walk.QUICK)
    assert walked.reading(0.0).variables["ups.load"] == "99"


def test_the_same_reading_is_the_same_object():
    walked = picture()
    before = walked.reading(0.0)
    walked.take(next(walked.due(Walk.QUICK)), STATUS, Walk.QUICK)
    assert walked.reading(1.0) is before


def test_another_device_on_the_line_is_an_error():
    walked = picture()
    ratings = next(query for query in walked.due(Walk.FULL) if query.request == "F\r")
    with pytest.raises(DeviceError, match="another device"):
        walked.take(ratings, RATINGS.replace(b"220.0", b"110.0"), Walk.FULL)


def test_the_short_form_of_the_vendor_information_is_read_too():
    replies = {**REPLIES, "I\r": b"#MegaTecabcedfhi k130v12345 v3.400000\r"}
    variables = picture(replies=replies).reading(0.0).variables
    assert variables["device.mfr"] == "MegaTec"
    assert variables["ups.serial"] == "abcedfhi"
    assert variables["battery.runtime"] == "12345"
    assert variables["ups.firmware"] == "v3.400000"


def test_the_voltage_of_one_pack_is_multiplied_if_asked_for():
    option = {"battery_voltage_reports_one_pack": ""}
    found = picture(option, {**REPLIES, "Q1\r": STATUS.replace(b"27.5", b"2.25")})
    found.reading(0.0)
    found.take(next(found.due(Walk.FULL)), STATUS.replace(b"27.5", b"2.25"), Walk.FULL)
    assert found.reading(0.0).variables["battery.voltage"] == "27.00"
    given = reading(STATUS, options=option, overrides={"battery.packs": "2"})
    assert given.variables["battery.voltage"] == "55.00"


def test_settings_that_are_kept_are_variables():
    found = picture()
    setting = found.setting("ups.delay.start")
    assert setting is not None
    found.keep(setting, "240")
    assert found.reading(0.0).variables["ups.delay.start"] == "240"


def test_a_query_without_a_reply_is_given_up_after_two_walks():
    found = Picture(BY_NAME["megatec"], {})
    queries = {query.request: query for query in found.due(Walk.FIRST)}
    assert found.miss(queries["F\r"], Walk.FIRST)
    assert "F\r" in [query.request for query in found.due(Walk.FULL)]
    assert found.miss(queries["F\r"], Walk.FULL)
    assert "F\r" not in [query.request for query in found.due(Walk.FULL)]
    assert not found.miss(queries["Q1\r"], Walk.FIRST)


def test_a_status_bit_is_a_bit():
    row = Field("ups.status", 38, 39, form="")
    with pytest.raises(ValueError, match="no status bit"):
        status_bits(Cut("2", row, "", Knowledge()))
