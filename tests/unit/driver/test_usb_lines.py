"""Which USB device is meant, how fast it may talk, and the files that are made of the ids."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.scan.usb import known
from services.driver.drivers.usbhid_options import UsbHidOptions, is_unsteady
from services.driver.protocols.hid.registry import VENDORS
from services.driver.protocols.hid.table import Identity, UsbId
from services.driver.transports.usb import MODEL_HINT, PORT_HINT, SERIAL_HINT, is_familiar
from services.driver.transports.usbfinding import UsbAddress, UsbNames
from services.driver.transports.usbhid import _length
from services.driver.transports.usblistener import BURST, PACE, Pace
from services.driver.transports.usbmatch import UsbMatch
from shared.errors import SettingsError

ROOT = Path(__file__).parents[3]
HERE = UsbAddress("0463", "ffff", "001", "004", "1-2.3")
THERE = UsbAddress("0463", "ffff", "001", "005", "1-2.4")


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({}, True),
        ({"vendorid": "0463"}, True),
        ({"vendorid": "463"}, False),
        ({"vendorid": "04.*", "productid": "FFFF"}, True),
        ({"busport": "1-2.3"}, True),
        ({"busport": "003"}, True),
        ({"busport": "3"}, False),
        ({"busport": "1-2"}, False),
        ({"bus": "00[1-2]", "device": "004"}, True),
        ({"device": "4"}, False),
    ],
)
def test_a_pattern_must_fit_the_whole_of_a_place(options, fits):
    assert UsbMatch.of(options).chooses(HERE) is fits


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({"serial": "A[[:digit:]]+"}, True),
        ({"serial": "A"}, False),
        ({"vendor": "eaton|mge"}, True),
        ({"product": "Small UPS"}, True),  # the spaces around it do not count
        ({"product": ".*"}, True),
    ],
)
def test_a_pattern_must_fit_the_whole_of_a_text(options, fits):
    assert UsbMatch.of(options).accepts(UsbNames("EATON", " Small UPS ", "A12")) is fits


def test_a_device_without_a_text_fits_only_what_fits_nothing():
    assert UsbMatch.of({"serial": ".*"}).accepts(UsbNames())
    assert not UsbMatch.of({"serial": ".+"}).accepts(UsbNames())


def test_a_bad_pattern_is_named():
    with pytest.raises(SettingsError, match="serial: '\\('"):
        UsbMatch.of({"serial": "("})


@pytest.mark.parametrize(
    ("serial", "address", "now", "is_it"),
    [
        ("A1", HERE, "A1", True),
        ("A1", THERE, "A1", True),
        ("A1", HERE, "B2", False),  # another unit in its port
        ("", HERE, None, True),
        ("", THERE, None, None),
        ("0000", THERE, "0000", None),  # no serial number at all
        ("A1", THERE, None, None),
    ],
)
def test_a_device_is_known_again(serial, address, now, is_it):
    hints = {PORT_HINT: HERE.busport, SERIAL_HINT: serial, MODEL_HINT: "0463:ffff"}
    assert is_familiar(hints, address, UsbNames(serial=now)) is is_it
    other = replace(address, product="fffe")
    assert is_familiar(hints, other, UsbNames(serial=now)) is False


def test_at_first_any_device_will_do():
    assert is_familiar({}, HERE, UsbNames()) is True


def test_a_burst_goes_through_and_a_stream_is_slowed_down():
    pace, now = Pace(), 100.0
    assert [pace.pause(now) for _ in range(BURST)] == [0.0] * BURST
    for _ in range(50):
        pause = pace.pause(now)
        assert pause == PACE
        now += pause
    now += BURST * PACE * 3
    assert pace.pause(now) == 0.0


@given(st.binary(max_size=40))
def test_any_bytes_behind_an_interface_are_read_or_passed_over(data):
    length = _length(data)
    assert length is None or 0 <= length <= 0xFFFF


def test_numbers_of_interfaces_are_hexadecimal_as_in_nut():
    options = UsbHidOptions.model_validate({"usb_hid_rep_index": "1f", "usb_hid_ep_in": "0x81"})
    assert (options.usb_hid_rep_index, options.usb_hid_ep_in) == (31, 129)
    assert UsbHidOptions.model_validate({"usb_set_altinterface": True}).usb_set_altinterface == 0


@pytest.mark.parametrize(
    ("maker", "product", "expected"),
    [
        ("American Power Conversion", "Back-UPS BX1600MI FW:294201G -302201G", True),
        ("American Power Conversion", "Back-UPS BX1600MI", True),
        ("APC", "BVK750M2", True),
        ("American Power Conversion", "BK650M2-CH", True),
        ("EATON", "BK650M2-CH", False),
        ("APC", "Smart-UPS 1000", False),
    ],
)
def test_devices_that_waver_are_known(maker, product, expected):
    assert is_unsteady(Identity(UsbId("051d", "0002"), maker, product)) is expected


def test_the_udev_rules_hold_every_id():
    run = subprocess.run([sys.executable, "tools/udev-rules", "--check"], cwd=ROOT, check=False)
    assert run.returncode == 0, "run tools/udev-rules"
    rules = (ROOT / "deploy/udev/62-nutbus-usb.rules").read_text()
    for vendor, product in known():
        assert f'ATTR{{idVendor}}=="{vendor}", ATTR{{idProduct}}=="{product}"' in rules
    assert {(id.vendor, id.product) for each in VENDORS for id in each.ids} <= known().keys()


@pytest.mark.skipif(not (ROOT / "../shared/ddl").is_dir(), reason="the dumps are not here")
def test_the_page_on_coverage_is_up_to_date():
    run = subprocess.run([sys.executable, "tools/usb-coverage", "--check"], cwd=ROOT, check=False)
    assert run.returncode == 0, "run tools/usb-coverage"


def test_every_option_of_nuts_manual_is_taken_as_ups_conf_writes_it():
    flags = {
        "pollonly",
        "onlinedischarge",
        "onlinedischarge_battery",
        "onlinedischarge_onbattery",
        "onlinedischarge_calibration",
        "lbrb_log_delay_without_calibrating",
        "disable_fix_report_desc",
        "powercom_sdcmd_byte_order_fallback",
        "powercom_sdcmd_discrete_delay",
        "explore",
        "maxreport",
        "interruptonly",
        "allow_duplicates",
        "winhid",
        "usb_set_altinterface",
    }
    numbers = {
        "lowbatt": "30",
        "offdelay": "-1",
        "ondelay": "30",
        "pollfreq": "30",
        "interrupt_pipe_no_events_tolerance": "-1",
        "onlinedischarge_log_throttle_sec": "-1",
        "onlinedischarge_log_throttle_hovercharge": "99",
        "lbrb_log_delay_sec": "3",
        "interruptsize": "8",
        "waitbeforereconnect": "100",
        "LIBUSB_DEBUG": "4",
        "usb_config_index": "0",
        "usb_hid_rep_index": "0",
        "usb_hid_desc_index": "1",
        "usb_hid_ep_in": "4",
        "usb_hid_ep_out": "5",
    }
    texts = {
        "vendorid": "051d",
        "productid": "0002",
        "vendor": "APC.*",
        "product": ".*",
        "serial": "A.*",
        "bus": "001",
        "device": "002",
        "busport": "003",
        "subdriver": "apc",
    }
    options = UsbHidOptions.model_validate({**dict.fromkeys(flags, True), **numbers, **texts})
    assert options.given().keys() == {*flags, *numbers, *texts}
    assert options.choices(Identity(UsbId("051d", "0002"))).delay == 3.0
