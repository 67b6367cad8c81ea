"""What an APC UPS says: replies, alerts, capability strings and lists of codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.apcsmart.capabilities import Capability, capabilities, choices
from services.driver.protocols.apcsmart.identity import of_firmware, of_list
from services.driver.protocols.apcsmart.rows import Format
from services.driver.protocols.apcsmart.stream import ALERTS, agreed, is_only_alerts, said
from services.driver.protocols.apcsmart.tables import DUAL_VARIABLES, STATUS_BITS, VARIABLES
from services.driver.protocols.apcsmart.values import fits, outline, status, value, values
from shared.errors import DeviceError
from tests.simulators.apcsmart import SETTINGS

ROWS = {row.variable: row for row in VARIABLES}
LIST = "3.!$%+?=#|.\x01\x0e\x1a')+-89@ABDEFGKLMNOPQRSUVWXYZabcdefgjklmnopqrsuxyz~"

row_of_any = st.sampled_from([*VARIABLES, *DUAL_VARIABLES])
latin = st.text(st.characters(max_codepoint=255), max_size=40)


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(ALERTS)), max_size=5))
def test_alerts_at_any_place_leave_the_reply_as_it_is(places):
    line = bytearray(b"231.8\r")
    for at, alert in places:
        line.insert(min(at, len(line)), alert)
    text, alerts = said(bytes(line) + b"\n")
    assert text == "231.8"
    assert sorted(alerts) == sorted(alert for _, alert in places)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_reply_and_alerts(line):
    text, alerts = said(line)
    assert len(text) + len(alerts) == len(line.translate(None, b"\r\n"))
    assert not set(text.encode("latin-1")) & set(ALERTS)
    assert is_only_alerts(line) == (not text and bool(alerts))


def test_a_text_that_comes_twice_with_an_alert_character_holds_it():
    assert agreed(b"ups#1\r\n", b"ups#1\r\n") == ("ups#1", b"")


def test_an_alert_that_came_once_is_no_part_of_the_text():
    assert agreed(b"up!s\r\n", b"ups\r\n") == ("ups", b"!")
    with pytest.raises(DeviceError):
        agreed(b"ups!\r\n", b"psu\r\n")


@given(row_of_any, latin)
def test_any_reply_is_values_or_a_device_error(row, reply):
    try:
        found = values(row, reply)
    except DeviceError:
        assert not fits(row, reply)
    else:
        assert found
        assert all(text.isascii() for text in found.values())


@pytest.mark.parametrize(
    ("variable", "reply", "expected"),
    [
        ("input.voltage", "231.8", "231.8"),
        ("battery.voltage", "27.87", "27.87"),
        ("battery.runtime", "0042:", "2520"),
        ("battery.runtime.low", "02", "120"),
        ("ups.test.interval", "336", "1209600"),
        ("ups.test.interval", "ON ", "0"),
        ("ups.test.interval", "OFF", "0"),
        ("ups.delay.start", "060", "060"),
        ("ups.contacts", "F0", "F0"),
        ("input.transfer.reason", "T", "line voltage notch or spike"),
        ("ups.model", "Smart-UPS RT 10000 XL   ", "Smart-UPS RT 10000 XL"),
    ],
)
def test_a_reply_becomes_the_value_that_nut_has(variable, reply, expected):
    assert values(ROWS[variable], reply) == {variable: expected}


def test_a_packed_reply_is_a_value_for_each_sensor():
    row = ROWS["ambient.0.humidity"]
    assert values(row, "042.4,NO,") == {
        "ambient.1.humidity": "042.4",
        "ambient.2.humidity": "NO",
        "ambient.3.humidity": "N/A",
    }


@pytest.mark.parametrize("reply", ["", "231.", "23x.8", "NA", "L231.8", "231.8231.8", "-31.8"])
def test_a_voltage_that_is_none_is_not_believed(reply):
    with pytest.raises(DeviceError):
        values(ROWS["input.voltage"], reply)


def test_a_lost_digit_changes_the_outline_and_another_value_does_not():
    row = ROWS["input.voltage"]
    assert outline(row, "231.8") == outline(row, "007.1")
    assert outline(row, "231.8") != outline(row, "31.8")


@given(st.integers(0, 255))
def test_a_status_is_the_words_of_its_bits_unless_it_contradicts_itself(bits):
    if bits & 0x18 == 0x18:
        with pytest.raises(DeviceError):
            status(f"{bits:02X}")
        return
    words = [word for bit, word in STATUS_BITS if bits >> bit & 1]
    assert status(f"{bits:02X}") == " ".join(words or ["OFF"])


@pytest.mark.parametrize("reply", ["", "8", "008", "SM", "NA", "0x", "08 "])
def test_other_replies_are_no_status(reply):
    with pytest.raises(DeviceError):
        status(reply)


def test_a_recorded_capability_string_is_read():
    found = choices(capabilities(SETTINGS), "I")
    assert found[b"u"] == ("253", "264", "271", "280")
    assert found[b"l"] == ("196", "188", "208", "204")
    assert found[b"E"] == ("336", "168", "ON ", "OFF")
    assert found[b"k"] == ("0", "T", "L", "N")
    assert choices(capabilities(SETTINGS), "D")[b"o"] == ("115",)


def test_a_matrix_marks_each_setting():
    assert capabilities("##s441HMLL##q4220205") == (
        Capability(b"s", "4", ("H", "M", "L", "L")),
        Capability(b"q", "4", ("02", "05")),
    )


codes = st.sampled_from([row.code for row in VARIABLES if row.code not in b"#"])
settings = st.lists(
    st.tuples(
        codes,
        st.sampled_from("DIAM4"),
        st.integers(1, 9).flatmap(
            lambda length: st.lists(
                st.text("0123456789ABC ", min_size=length, max_size=length),
                min_size=1,
                max_size=9,
            )
        ),
    ),
    min_size=1,
    max_size=12,
)


@given(settings, st.booleans())
def test_a_capability_string_comes_back_as_it_was_made(offered, is_matrix):
    mark = "##" if is_matrix else ""
    text = "".join(
        f"{mark}{code.decode()}{region}{len(words)}{len(words[0])}{''.join(words)}"
        for code, region, words in offered
    )
    expected = tuple(Capability(code, region, tuple(words)) for code, region, words in offered)
    assert capabilities(text if is_matrix else f"#{text}") == expected


@given(latin)
def test_any_text_is_capabilities_or_a_value_error(text):
    for each in (text, f"#{text}", f"##{text}"):
        try:
            capabilities(each)
        except ValueError:
            continue


@given(st.integers(0, len(SETTINGS) - 1))
def test_a_capability_string_cut_short_offers_nothing_that_the_whole_one_does_not(length):
    whole = choices(capabilities(SETTINGS), "I")
    try:
        part = choices(capabilities(SETTINGS[:length]), "I")
    except ValueError:
        return
    assert all(set(words) <= set(whole[code]) for code, words in part.items())


def test_a_recorded_list_of_codes_is_read():
    abilities = of_list(LIST)
    assert abilities is not None
    assert abilities.has_capabilities
    names = {row.variable for row in abilities.rows}
    assert {"input.voltage", "ups.id", "battery.date", "battery.runtime"} <= names
    assert "output.current" not in names
    commands = {row.name for row in abilities.commands}
    assert {"shutdown.return", "calibrate.start", "test.battery.start", "load.on"} <= commands
    assert "bypass.start" not in commands


def test_codes_of_two_bytes_make_the_plain_frequency_that_of_the_output():
    abilities = of_list("3.!$.FL\x01.\x9f:\xd3\xd4")
    assert abilities is not None
    codes = {row.variable: row.code for row in abilities.rows}
    assert codes["input.frequency"] == b"\x9f\xd3"
    assert codes["battery.current"] == b"\x9f\xd4"
    assert codes["output.frequency"] == b"F"


@given(latin)
def test_any_text_is_a_list_or_none(text):
    abilities = of_list(text)
    assert abilities is None or isinstance(abilities.rows, tuple)
    of_firmware(text)


@pytest.mark.parametrize("reply", ["", "NA", "SM", "231.8", "3.!$%", "FWI"])
def test_other_replies_are_no_list(reply):
    assert of_list(reply) is None


def test_the_rival_with_the_better_name_comes_first():
    abilities = of_list("3.!.Vb")
    assert abilities is not None
    assert [row.code for row in abilities.rows] == [b"b", b"V"]


def test_a_value_of_a_choice_is_what_its_reply_becomes():
    row = ROWS["battery.runtime.low"]
    assert row.format is Format.MINUTES
    assert value(row, "02") == "120"
