"""Ids that never meet, and texts that nothing can spoil."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.homeassistant.names import (
    Place,
    component_id,
    device_id,
    device_of,
    placed,
    serial,
    text,
    title,
    web_address,
)

ID = re.compile(r"[a-zA-Z0-9_-]+\Z")
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", fullmatch=True)
places = st.sampled_from(
    ["", "outlet.1.", "outlet.12.", "outlet.group.1.", "device.1.", "device.1.outlet.2."]
).map(lambda prefix: placed(f"{prefix}x")[0])


@given(names, places, names, places)
def test_two_devices_never_have_one_id(one, here, other, there):
    first, second = device_id("nut", one, here), device_id("nut", other, there)
    assert ID.match(first)
    assert (first == second) == ((one, here) == (other, there))


@given(st.sampled_from(["nut", "site", "site/a_b"]), names, places)
def test_an_id_says_which_device_it_is_of(prefix, name, place):
    assert device_of(prefix, device_id(prefix, name, place)) == name


@pytest.mark.parametrize("id", ["", "nutbus", "other_rack1", "nutbusx_rack1", "rack1"])
def test_an_id_of_somebody_else_is_of_no_device(id):
    assert device_of("nut", id) == ""


@given(st.text(min_size=1), st.text(min_size=1))
@example("ups.a_b", "ups.a.b")
@example("ups.é", "ups.è")
@example("a_" * 40 + "x", "a_" * 40 + "y")
def test_two_names_never_have_one_id(one, other):
    first, second = component_id("", one), component_id("", other)
    assert ID.match(first)
    assert (first == second) == (one == other)


@pytest.mark.parametrize(
    ("name", "prefix", "slug", "rest"),
    [
        ("ups.load", "", "", "ups.load"),
        ("outlet.1.current", "outlet.1.", "outlet-1", "current"),
        ("outlet.0.current", "", "", "outlet.0.current"),
        ("outlet.count", "", "", "outlet.count"),
        ("outlet.group.2.status", "outlet.group.2.", "group-2", "status"),
        ("device.3.ups.load", "device.3.", "device-3", "ups.load"),
        ("device.3.outlet.4.power", "device.3.outlet.4.", "device-3-outlet-4", "power"),
        ("device.model", "", "", "device.model"),
    ],
)
def test_a_name_belongs_to_a_place(name, prefix, slug, rest):
    place, found = placed(name)
    assert (place.prefix, place.slug, found) == (prefix, slug, rest)


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("outlet.1.x", ""),
        ("outlet.group.1.x", ""),
        ("device.2.x", ""),
        ("device.2.outlet.1.x", "device.2."),
    ],
)
def test_a_place_lies_in_another(inner, outer):
    assert placed(inner)[0].outer.prefix == outer
    assert Place().outer == Place()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("battery.charge", "Battery charge"),
        ("ups.load", "Load"),
        ("input.voltage.nominal", "Nominal input voltage"),
        ("input.L1-N.voltage", "Input L1-N voltage"),
        ("ups.mfr.date", "Manufacturer date"),
        ("ups", "UPS"),
    ],
)
def test_a_name_is_said_in_words(name, said):
    assert title(name) == said


@pytest.mark.parametrize(
    "value", ["", "unknown", "Blank", "000000000000", "0", "N/A", "----", "xxxxxx", "(null)"]
)
def test_a_serial_number_that_is_none_is_not_shown(value):
    assert serial(value) == ""


def test_a_serial_number_is_shown():
    assert serial(" G202E45678\0") == "G202E45678"


@given(st.text())
def test_any_text_comes_out_short_and_printable(value):
    said = text(value)
    assert len(said) <= 128
    assert said.isprintable()
    assert said == said.strip()


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("http://10.0.0.5", "http://10.0.0.5"),
        ("https://admin:secret@ups.example.org:8443/status?key=1", "https://ups.example.org:8443"),
        ("auto", ""),
        ("/dev/ttyS0", ""),
        ("http://", ""),
        ("http://a b/", ""),
        ("http://[", ""),
        ("http://host:99999", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_an_address_is_shown_without_secrets_or_not_at_all(value, address):
    assert web_address(value) == address
