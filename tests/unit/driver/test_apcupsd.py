"""What apcupsd tells, as NUT's variables; never a value that was not told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.contract import Site
from services.driver.drivers import DRIVERS
from services.driver.drivers.apcupsd import ApcupsdDriver, ApcupsdOptions
from services.driver.protocols.apcupsd import ITEMS, REQUEST, decode, fields
from shared.errors import DeviceError, SettingsError
from shared.variables import variable
from tests.simulators.nis import SMART_UPS, recordings, report

MAX_AGE = 600.0


def read(text: str, max_age: float = MAX_AGE):
    return decode(fields([line.encode() + b"\n" for line in text.splitlines()]), max_age)


def test_the_request_has_its_length_before_it():
    assert REQUEST == b"\x00\x06status"


def test_a_whole_report_makes_these_variables():
    reading = read(SMART_UPS)
    assert reading.status == "OL"
    assert reading.alarms == ()
    assert reading.variables == {
        "ups.mfr": "APC",
        "ups.model": "Smart-UPS X 1500",
        "ups.serial": "AS2118123456",
        "ups.id": "rack1",
        "ups.mfr.date": "2021-05-04",
        "ups.firmware": "UPS 08.8",
        "ups.firmware.aux": "MCU 14.0",
        "ups.date": "2026-03-01",
        "ups.time": "12:00:00",
        "ups.load": "23.4",
        "ups.realpower.nominal": "1000.0",
        "ups.power.nominal": "1500",
        "ups.realpower": "234.0",
        "ups.power": "376.5",
        "power.percent": "25.1",
        "ups.temperature": "27.4",
        "ups.delay.start": "10",
        "ups.delay.shutdown": "90",
        "ups.test.interval": "1209600",
        "ups.test.result": "OK",
        "ups.test.date": "2026-02-15",
        "input.voltage": "231.8",
        "input.voltage.maximum": "234.0",
        "input.voltage.minimum": "229.5",
        "input.voltage.nominal": "230",
        "input.frequency": "50.0",
        "input.transfer.reason": "Low line voltage",
        "input.transfer.low": "208.0",
        "input.transfer.high": "253.0",
        "input.sensitivity": "H",
        "output.voltage": "231.7",
        "output.voltage.nominal": "230",
        "output.frequency": "50.0",
        "output.current": "1.53",
        "battery.charge": "99.5",
        "battery.charge.low": "10",
        "battery.charge.restart": "15.0",
        "battery.date": "2024-06-01",
        "battery.voltage": "54.6",
        "battery.voltage.nominal": "48.0",
        "battery.runtime": "3678.0",
        "battery.runtime.low": "300",
        "battery.packs.external": "1",
        "battery.packs.bad": "0",
        "ambient.humidity": "41.0",
        "ambient.temperature": "22.5",
    }


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.variable)
def test_every_variable_is_in_the_catalogue(item):
    assert variable(item.variable) is not None


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("ONLINE", "OL"),
        ("ONLINE ", "OL"),
        ("ONBATT", "OB"),
        ("ONBATT LOWBATT SLAVE", "OB LB"),
        ("CAL ONBATT", "CAL OB"),
        ("TRIM ONLINE OVERLOAD REPLACEBATT", "TRIM OL OVER RB"),
        ("BOOST ONLINE SLAVE SLAVEDOWN", "BOOST OL"),
        ("ONLINE NOBATT", "OL BYPASS"),
        ("SELFTEST", "OB"),
        ("OVERLOAD", "OVER"),
    ],
)
def test_words_of_apcupsd_become_words_of_nut(told, status):
    assert read(report(STATUS=told)).status == status


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        ("0x05040250", "OB LB FSD"),
        ("0x05000208", "OL LB FSD"),
        ("0x05000208 Status Flag", "OL LB FSD"),
        (None, "LB FSD"),
    ],
)
def test_an_apcupsd_that_shuts_down_warns_of_a_forced_shutdown(flags, status):
    assert read(report(STATUS="SHUTTING DOWN", STATFLAG=flags)).status == status


@pytest.mark.parametrize("told", ["COMMLOST", "COMMLOST ", "NETWORK ERROR", "ERROR"])
def test_a_lost_ups_is_no_reading(told):
    with pytest.raises(DeviceError, match="apcupsd has lost its UPS: "):
        read(report(STATUS=told))


@pytest.mark.parametrize("told", ["", "SLAVE", "N/A"])
def test_an_apcupsd_that_has_not_read_its_ups_yet_is_no_reading(told):
    with pytest.raises(DeviceError, match="apcupsd has no status of its UPS yet"):
        read(report(STATUS=told, BCHARGE="0.0 Percent"))


def test_a_missing_battery_is_an_alarm():
    assert read(report(STATUS="ONLINE NOBATT")).alarms == ("No battery installed!",)


def test_a_report_without_status_is_no_reading():
    with pytest.raises(DeviceError, match="nothing of the UPS's status"):
        read(report(STATUS=None))


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.variable)
@pytest.mark.parametrize("untold", ["N/A", ""])
def test_what_is_not_told_is_no_variable(item, untold):
    reading = read(report(**{item.key: untold}))
    assert item.variable not in reading.variables


NUMBERS = [item for item in ITEMS if item.read.__qualname__.startswith(("_number", "_limit"))]


def test_a_text_that_cannot_be_printed_is_no_variable():
    assert "ups.serial" not in read(report(SERIALNO="\x01\x02")).variables


@pytest.mark.parametrize("item", NUMBERS, ids=lambda item: item.variable)
@pytest.mark.parametrize(
    "wrong", ["12.3.4 Volts", "\x01\x02", "x", "5 Furlongs", "1e5", "nan", "- 5", "٣"]
)
def test_a_number_of_another_shape_is_no_reading(item, wrong):
    with pytest.raises(DeviceError, match=f"unexpected {item.key} from apcupsd: "):
        read(report(**{item.key: wrong}))


def test_a_limit_that_is_turned_off_is_no_variable():
    variables = read(report(MBATTCHG="-1 Percent", MINTIMEL="-1 Minutes")).variables
    assert not {"battery.charge.low", "battery.runtime.low"} & set(variables)


def test_old_reports_are_understood():
    old = report(
        DATE="Sun Jun 05 21:20:37 PDT 2005",
        END_APC="Sun Jun 05 21:21:22 PDT 2005",
        LOADPCT="044.8 Percent Load Capacity",
        ITEMP="19.3 C Internal",
        NOMOUTV="115",
        FIRMWARE="90.11.D",
    )
    variables = read(old).variables
    assert (variables["ups.date"], variables["ups.time"]) == ("2005-06-05", "21:20:37")
    assert (variables["ups.load"], variables["ups.temperature"]) == ("44.8", "19.3")
    assert variables["output.voltage.nominal"] == "115"
    assert variables["ups.firmware"] == "90.11.D"
    assert "ups.firmware.aux" not in variables


@pytest.mark.parametrize("told", ["OFF", "ON", "None"])
def test_a_ups_that_tests_itself_never_or_at_the_start_has_no_interval(told):
    assert "ups.test.interval" not in read(report(STESTI=told)).variables


FROZEN = [
    ("2026-03-01 12:00:00 +0100", "2026-03-01 12:10:01 +0100"),
    ("Sun Jun 05 21:20:37 PDT 2005", "Mon Jun 06 21:20:37 PDT 2005"),
]


@pytest.mark.parametrize(("date", "end"), FROZEN)
def test_an_apcupsd_that_reads_its_ups_no_more_is_no_reading(date, end):
    with pytest.raises(DeviceError, match=r"has not read its UPS for .* s, since"):
        read(report(DATE=date, END_APC=end))
    assert read(report(DATE=date, END_APC=end), max_age=0)


@pytest.mark.parametrize(
    ("date", "end"),
    [
        ("2026-03-01 12:00:00 +0100", "2026-03-01 12:09:59 +0100"),
        ("2026-03-01 12:00:00 +0100", "2026-03-01 11:00:00 +0100"),  # the clock was set back
        ("Sun Oct 30 01:59:59 PDT 2005", "Sun Oct 30 01:00:01 PST 2005"),
        ("Sun Apr 03 01:59:50 PST 2005", "Sun Apr 03 03:00:10 PDT 2005"),
        ("yesterday", "today"),
        (None, None),
    ],
)
def test_no_other_time_makes_a_report_old(date, end):
    assert read(report(DATE=date, END_APC=end)).status == "OL"


def test_texts_that_are_not_utf_8_are_read():
    assert fields([b"MODEL    : caf\xe9\n"]) == {"MODEL": "café"}


def test_a_line_without_colon_is_named():
    with pytest.raises(DeviceError, match="unexpected line from apcupsd: b'Invalid command"):
        fields([b"Invalid command\n"])


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_lines_make_fields_or_a_device_error(lines):
    try:
        decode(fields(lines), MAX_AGE)
    except DeviceError:
        pass


@given(st.sampled_from(SMART_UPS.splitlines()), st.text(max_size=20))
def test_any_text_in_a_line_makes_a_reading_or_a_device_error(line, text):
    lines = [other for other in SMART_UPS.splitlines() if other != line]
    try:
        reading = read("\n".join([*lines, line[:11] + " ".join(text.split())]))
    except DeviceError:
        return
    assert all(value.isprintable() and value for value in reading.variables.values())


@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
def test_every_recorded_report_is_read(path: Path):
    lines = [line for line in path.read_bytes().splitlines() if b":" in line]
    reading = decode(fields(lines), MAX_AGE)
    assert reading.status in ("OL", "OB")
    assert len(reading.variables) > 2


def test_there_are_recordings_where_the_shared_material_is():
    if not recordings():
        pytest.skip("the shared recordings are not beside this checkout")
    assert len(recordings()) == 15


@pytest.mark.parametrize("name", ["apcupsd", "apcupsd-ups"])
def test_it_is_known_by_both_names(name):
    assert DRIVERS[name].create is ApcupsdDriver


@pytest.mark.parametrize("port", ["host:0", "a b", "host:port", "[::1"])
def test_a_port_that_is_no_address_is_refused(port):
    with pytest.raises(SettingsError, match=r"port: .* is not an address"):
        ApcupsdDriver(Site("ups", port), ApcupsdOptions())
