"""Conversions of values: known ones, and any at all."""

import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.driver.protocols.hid import (
    apc_values,
    belkin_values,
    conversions,
    cps_values,
    eaton_modes,
    eaton_values,
    ever_values,
    meaning,
    openups_values,
    powercom_values,
    tripplite_values,
)
from services.driver.protocols.hid.eaton_models import MODELS, SERIES
from services.driver.protocols.hid.registry import VENDORS
from services.driver.protocols.hid.standard import STANDARD
from services.driver.protocols.hid.table import Identity, Known, Lookup, Quirks, Row, UsbId


def all_lookups() -> list[Lookup]:
    tables = (*VENDORS, STANDARD)
    found = [row.lookup for table in tables for row in table.rows]
    found += [each.lookup for table in tables for each in table.commands]
    return list({id(lookup): lookup for lookup in found if lookup}.values())


LOOKUPS = all_lookups()
VALUES = st.one_of(st.floats(), st.integers(-1, 300).map(float), st.floats(-1, 400))
TEXTS = st.one_of(
    st.text(max_size=20),
    st.from_regex(r"-?[0-9]{1,9}(\.[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"[0-9]{4}/[0-9]{2}/[0-9]{2}", fullmatch=True),
    st.from_regex(r"[0-9]{2}:[0-9]{2}:[0-9]{2}", fullmatch=True),
    st.sampled_from(("yes", "no", "ECO", "normal", "on", "disabled", "nan", "inf", "1e400")),
)
NAMES = st.sampled_from(
    sorted(
        {row.variable for table in VENDORS for row in table.rows}
        | {"input.frequency.low", "output.frequency.high", "ups.date", "ups.time"}
    )
)


@st.composite
def states(draw) -> Known:
    return Known(
        identity=Identity(UsbId("09ae", draw(st.sampled_from(("1003", "ffff"))))),
        quirks=Quirks(
            factors={cps_values.DOUBTFUL: 1.0, "battery": draw(st.sampled_from((0.1, 1e5)))}
        ),
        variables=draw(st.dictionaries(NAMES, TEXTS, max_size=8)),
        options=draw(
            st.dictionaries(
                st.sampled_from(
                    ("ondelay", "offdelay", powercom_values.SWAPPED, powercom_values.DISCRETE)
                ),
                TEXTS,
            )
        ),
        strings=draw(st.dictionaries(st.integers(0, 255), st.text(max_size=5), max_size=3)),
        reports=draw(
            st.dictionaries(
                st.sampled_from((74, 75, 76, 164, 210, 211, 215)), st.binary(max_size=9)
            )
        ),
        words=draw(st.sets(st.sampled_from(("off", "online")))),
        notes={"series": draw(st.sampled_from(sorted(SERIES)))},
    )


@settings(deadline=None)
@given(VALUES, states())
def test_any_value_is_text_or_nothing(value, known):
    for lookup in LOOKUPS:
        text = meaning.translated(lookup, value, known)
        assert text is None or isinstance(text, str), lookup


@settings(deadline=None)
@given(st.one_of(st.none(), TEXTS), states())
def test_any_text_is_a_value_or_nothing(text, known):
    for lookup in LOOKUPS:
        value = meaning.number(lookup, text, known)
        assert value is None or abs(value) < 2.0**63, lookup


@settings(deadline=None)
@given(VALUES, states())
def test_a_value_without_a_lookup_is_written_in_its_form(value, known):
    text = meaning.text(Row("ups.load", "UPS", form="%.1f"), value, known)
    assert text is None or abs(float(text) - value) <= max(0.06, abs(value) * 1e-12)


def test_a_number_without_a_lookup_is_read():
    assert meaning.number(None, "20", Known()) == 20
    assert meaning.number(None, "-1", Known()) == -1
    assert meaning.number(None, None, Known()) == 0
    for text in ("", "abc", "nan", "inf", "1e30", "20 s"):
        assert meaning.number(None, text, Known()) is None


READS = [
    (conversions.packed_date, 0, "not set"),
    (conversions.packed_date, (2024 - 1980) << 9 | 12 << 5 | 31, "2024/12/31"),
    (conversions.hexadecimal, 255, "000000ff"),
    (conversions.celsius, 298.15, "25.0"),
    (conversions.celsius, 25, "25.0"),
    (conversions.celsius, 272, "272.0"),
    (conversions.percent, 100, "100%"),
    (conversions.bit(0x40, "overheat"), 0x41, "overheat"),
    (conversions.bit(0x40, "overheat"), 0x21, "!overheat"),
    (conversions.bit(0x01, "!online"), 0, "online"),
    (conversions.pattern(0x18, 0x18, "boost"), 0x18, "boost"),
    (conversions.pattern(0x18, 0x18, "boost"), 0x08, "!boost"),
    (conversions.flag("online"), 2, "online"),
    (conversions.scaled(0.1, "%.1f"), 137, "13.7"),
    (conversions.at_most(100, "%.0f"), 120, "100"),
    (conversions.shifted(4), 0x123, "18"),
    (conversions.factored("battery", "%.1f"), 12, "12.0"),
    (apc_values.date, 0x102202, "2002/10/22"),
    (apc_values.date, 0x010199, "1999/01/01"),
    (apc_values.date, 0, "not set"),
    (ever_values.hardware, 0x0102, "rev.Av02"),
    (ever_values.hardware, 0x0005, "rev.0v05"),
    (ever_values.hardware, 0x1B05, None),
    (ever_values.version, 0x1A0B, "v1.Ab11"),
    (openups_values.temperature, 0.49, "-40"),
    (openups_values.temperature, 9.72, "125"),
    (openups_values.temperature, 5.12, "25"),
    (openups_values.temperature, 5.3, "26.91"),
    (powercom_values.startup, 0x0200, "120"),
    (powercom_values.shutdown, 0x0114, "80"),
]


@pytest.mark.parametrize(("read", "value", "text"), READS)
def test_known_values_are_read(read, value, text):
    assert read(value, Known()) == text


def test_dates_are_written_as_they_are_read():
    for text in ("2024/12/31", "1999/01/01", "2069/02/09"):
        known = Known()
        packed = conversions.as_packed_date(text, known)
        digits = apc_values.as_date(text, known)
        assert packed is not None
        assert digits is not None
        assert conversions.packed_date(packed, known) == text
        assert apc_values.date(digits, known) == text
    for text in ("2024/13/01", "2024/00/01", "2024/01/32", "1979/01/01", "31.12.2024", ""):
        assert conversions.as_packed_date(text, Known()) is None
    assert apc_values.as_date("2070/01/01", Known()) is None


def test_texts_are_found_by_their_index():
    known = Known(strings={3: "PbAc"})
    assert conversions.indexed(3, known) == "PbAc"
    assert conversions.indexed(4, known) is None
    assert tripplite_values.chemistry(3, known) == "PbAc"
    omni = Known(identity=Identity(UsbId("09ae", "2005")), strings={3: "X"})
    assert tripplite_values.chemistry(3, omni) == "unknown"


def test_wrong_exponents_of_liebert_are_told_by_the_size():
    known = Known()
    assert belkin_values.line_voltage(230, known) == "230.0"
    assert belkin_values.line_voltage(2.201e-05, known) == "220.1"
    assert belkin_values.line_voltage(0.001212, Known()) == "121.2"
    assert belkin_values.nominal_voltage(24, known) == "24.0"
    assert belkin_values.nominal_voltage(1e-7, known) == "10.0"


def doubtful(**variables: str) -> Known:
    quirks = Quirks(factors={cps_values.DOUBTFUL: 1.0})
    return Known(
        quirks=quirks,
        variables={name.replace("_", "."): text for name, text in variables.items()},
    )


def test_a_battery_of_cyberpower_is_half_as_much_again():
    known = doubtful(battery_voltage_nominal="12")
    assert cps_values.battery_voltage(20.7, known) == "13.8"
    assert cps_values.battery_voltage(15, known) == "10.0"
    assert cps_values.battery_voltage(13.8, doubtful(battery_voltage_nominal="12")) == "13.8"
    assert cps_values.battery_voltage(20.7, doubtful()) == "20.7"
    assert cps_values.battery_voltage(20.7, Known(variables={})) == "20.7"


def test_a_frequency_of_cyberpower_may_count_tenths():
    assert cps_values.input_frequency(499, doubtful()) == "49.9"
    assert cps_values.output_frequency(49.9, doubtful()) == "49.9"
    assert cps_values.output_frequency(600, doubtful(output_frequency_nominal="60")) == "60.0"
    assert cps_values.output_frequency(499, Known()) == "499.0"
    known = doubtful()
    assert cps_values.input_frequency(0, known) == "0.0"
    assert cps_values.input_frequency(500, known) == "50.0"


def test_reports_of_ever_are_read_whole():
    reports = {74: b"\x08", 75: b"\x44\x02", 76: b"\x01\x01", 210: bytes(range(6))}
    reports |= {230: bytes((192, 168, 0, 7)), 215: b"\x01\x01\0\0"}
    known = Known(reports=reports)
    assert ever_values.mode(0, known) == "ONBATTERY"
    assert ever_values.off(0, known) == "!off"
    assert ever_values.messages(0, known) == "BOOST CHARGING NEED_REPLACMENT"
    assert ever_values.alarms(0, known) == "OVERLOAD CRITICAL_BATT_VOLTAGE"
    assert ever_values.mac(0, known) == "00:01:02:03:04:05"
    assert ever_values.address(230)(0, known) == "192.168.0.7"
    assert ever_values.packets(215)(0, known) == "257"
    assert ever_values.address(231)(0, known) is None
    assert ever_values.mode(0, Known(reports={74: b"\x02"})) == "STOP"
    assert ever_values.off(0, Known(reports={74: b"\x02"})) == "off"


def test_orders_of_powercom_count_minutes_and_seconds():
    swapped = Known(options={powercom_values.SWAPPED: "yes"})
    discrete = Known(options={powercom_values.DISCRETE: "yes"})
    assert powercom_values.as_shutdown("80", Known()) == 0x0114 | 0x40
    assert powercom_values.as_stayoff("80", Known()) == 0x0114 | 0x80
    assert powercom_values.as_shutdown("80", swapped) == 0x1401 | 0x4000
    assert powercom_values.as_stayoff("80", swapped) == 0x1401 | 0x8000
    assert powercom_values.as_shutdown("0", Known()) == 1 | 0x40
    assert [powercom_values.as_shutdown(text, discrete) for text in ("1", "12", "13", "60")] == [
        1,
        1,
        2,
        9,
    ]
    assert powercom_values.as_shutdown("541", discrete) == 18
    assert powercom_values.as_startup("120", Known()) == 0x0200
    assert powercom_values.as_startup("120", discrete) == 2
    assert powercom_values.as_startup(None, Known()) == 0x0200
    assert powercom_values.as_startup(None, Known(options={"ondelay": "180"})) == 0x0300
    state = {"ups.delay.shutdown": "30"}
    assert powercom_values.as_shutdown(None, Known(variables=state)) == 30 | 0x40
    for text in ("-1", "abc", "70000"):
        assert powercom_values.as_shutdown(text, Known()) is None
    assert powercom_values.shutdown(0x1401, swapped) == "80"


def test_a_voltage_of_powercom_is_plain_text():
    known = Known(reports={164: b" 13.7 2"})
    assert powercom_values.voltage(1, known) == "13.7"
    known.reports[164] = b"       "
    assert powercom_values.voltage(1, known) == "13.7"
    assert powercom_values.voltage(1, Known()) is None
    assert powercom_values.voltage(1, Known(reports={164: b"1.2.3"})) is None


def test_only_some_series_of_eaton_mean_their_voltages():
    assert eaton_values.battery_voltage(27.1, Known()) is None
    assert eaton_values.battery_voltage(27.1, Known(notes={"series": "EATON_5P"})) == "27.1"
    small = Known(notes={"series": "MGE_EVOLUTION_650"})
    assert eaton_values.battery_voltage(13.5, small) == "13.5"
    assert eaton_values.nominal_battery_voltage(24, small) == "12"
    assert eaton_values.nominal_battery_voltage(24, Known(notes={"series": "EATON_9E"})) == "24"
    assert eaton_values.nominal_battery_voltage(24, Known()) is None


def test_outlets_of_eaton_switch_by_series_and_country():
    pegasus, slim = Known(notes={"series": "MGE_PEGASUS"}), Known(notes={"series": "MGE_3S"})
    for known in (pegasus, slim):
        assert eaton_values.outlet_switchable(0, known) == "no"
        assert eaton_values.as_outlet_switchable("yes", known) == 1
        assert eaton_values.as_outlet_switchable("maybe", known) is None
        assert eaton_values.outlet_threshold(25, known) == "25"
    eaton_values.note_country(0, slim)
    assert eaton_values.outlet_switchable(0, slim) is None
    assert eaton_values.as_outlet_switchable("yes", slim) is None


def test_a_managed_charger_of_eaton_speaks_for_the_battery():
    known = Known(variables={"battery.charge": "90"})
    assert eaton_values.charging(1, known) == "chrg"
    assert eaton_values.discharging(1, known) == "dischrg"
    assert eaton_values.charger_state(1, known) is None
    eaton_values.note_charger(1, known)
    eaton_values.note_charger_path("status")(1, known)
    eaton_values.note_charger_path("mode")(1, known)
    assert eaton_values.charger_state(2, known) == "floating"
    assert eaton_values.charger_word(2, known) == "chrg"
    assert eaton_values.charger_word(4, known) == "dischrg"
    assert eaton_values.charger_word(3, known) is None
    assert eaton_values.charging(1, known) == "!chrg"
    assert eaton_values.discharging(1, known) == "!dischrg"
    eaton_values.note_charger(0, known)
    eaton_values.note_charger_path("mode")(1, known)
    eaton_values.note_charger(1, known)
    eaton_values.note_charger_path("mode")(1, known)
    assert eaton_values.charger_state(2, known) == "discharging"


def test_a_full_battery_of_eaton_does_not_charge():
    assert eaton_values.charging(1, Known(variables={"battery.charge": "100"})) == "!chrg"


def test_a_converter_of_eaton_says_nothing_while_the_device_is_off():
    assert eaton_values.converter_online(1, Known()) == "online"
    assert eaton_values.converter_online(0, Known()) == "!online"
    assert eaton_values.converter_online(0, Known(words={"off"})) is None


def test_real_power_is_estimated():
    known = Known(variables={"ups.load": "33", "ups.power.nominal": "1500"})
    assert eaton_values.real_power(0, known) == "396"
    known.variables["output.powerfactor"] = "0.9"
    assert eaton_values.real_power(0, known) == "446"
    assert eaton_values.real_power(0, Known()) is None


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    os.environ.get("TZ")
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_the_clock_of_eaton_is_read_and_set():
    known = Known()
    moment = 1_700_000_000
    known.variables["ups.date"] = eaton_values.date(moment, known) or ""
    known.variables["ups.time"] = eaton_values.time(moment, known) or ""
    assert known.variables == {"ups.date": "2023/11/14", "ups.time": "23:13:20"}
    assert eaton_values.as_date("2023/11/14", known) == moment
    assert eaton_values.as_time("23:13:20", known) == moment
    assert eaton_values.as_date("2023/11/15", known) == moment + 86400
    assert eaton_values.as_time("noon", known) is None
    assert eaton_values.as_date("2023/11/14", Known()) is None


MAINS = {
    "input.bypass.voltage": "231",
    "input.bypass.frequency": "50.1",
    "output.voltage.nominal": "230",
    "output.frequency.nominal": "50",
}


def test_modes_of_eaton_need_good_mains():
    good = Known(variables=dict(MAINS))
    assert eaton_modes.mode(1, good) == "ECO"
    assert good.variables[eaton_modes.MODES] == "vendor:mge-hid:ECO"
    assert eaton_modes.bypass(1, good) == "on"
    weak = Known(variables=MAINS | {"input.bypass.voltage": "200"})
    assert eaton_modes.mode(1, weak) == "normal"
    assert eaton_modes.bypass(1, weak) == "on"
    weaker = Known(variables=MAINS | {"input.bypass.voltage": "180"})
    assert eaton_modes.bypass(1, weaker) is None
    wide = MAINS | {"input.bypass.voltage": "200"}
    wide |= {"input.transfer.eco.low": "190", "input.transfer.eco.high": "250"}
    assert eaton_modes.mode(1, Known(variables=wide)) == "ECO"
    fast = Known(variables=MAINS | {"input.bypass.frequency": "53"})
    assert eaton_modes.mode(1, fast) == "normal"
    assert eaton_modes.bypass(1, fast) == "on"
    assert eaton_modes.mode(1, Known()) == "normal"
    assert eaton_modes.mode(0, good) == "normal"
    assert eaton_modes.MODES not in good.variables
    assert eaton_modes.mode(2, good) == "ESS"
    assert eaton_modes.mode(3, good) is None
    assert eaton_modes.bypass(0, Known()) == "disabled"


def test_modes_of_eaton_are_written():
    known = Known(variables={"input.eco.switchable": "ECO", "input.bypass.switch.off": "disabled"})
    assert eaton_modes.as_mode("vendor:mge-hid:ESS", known) == 2
    assert eaton_modes.as_mode("ECO", known) == 1
    assert eaton_modes.as_mode("fast", known) is None
    assert eaton_modes.as_automatic("1", known) is None
    assert eaton_modes.as_automatic("0", known) == 0
    assert known.orders == [("input.bypass.switch.off", "off"), ("input.eco.switchable", "normal")]


def test_models_of_eaton_have_a_series():
    assert {series for series, _ in MODELS.values()} <= SERIES.keys()
    assert len(MODELS) > 100
