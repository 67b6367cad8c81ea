"""How findings are printed."""

import json
import tomllib

from hypothesis import given
from hypothesis import strategies as st

from services.console.scan import forms
from services.console.scan.found import Bus, Findings, Found, Line
from services.console.scan.ours import settings
from services.driver.settings import DriverSettings
from shared.nutconfig import nut_settings
from shared.nutwire import split
from shared.topics import is_name

SERVER = Found(
    Bus.NUT, "nutclient", "rack1@192.0.2.1", name="rack1", facts={"description": "Rack 1"}
)
CARD = Found(Bus.XML, "netxml-ups", "http://192.0.2.2", (("desc", "Mosaic M"),))
BAD = Found(
    Bus.NUT, "nutclient", 'a"b\\c@192.0.2.3', name="a\n[devices.x]", facts={"model": "x\ny"}
)
LINE = Line("/dev/ttyUSB0", "USB-Serial Controller", "USB VID:PID=067B:2303")
DEVICES = [SERVER, CARD]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
founds = st.builds(
    Found,
    st.sampled_from(Bus),
    st.sampled_from(["nutclient", "netxml-ups", "apcupsd-ups", "usbhid-ups", "blazer_ser"]),
    texts,
    name=texts,
    facts=st.dictionaries(texts, texts, max_size=2),
)


def test_sections_are_those_of_nut_2_8_0():
    assert forms.ups_conf(DEVICES) == (
        '[nutdev1]\n\tdriver = "nutclient"\n\tport = "rack1@192.0.2.1"\n'
        '[nutdev2]\n\tdriver = "netxml-ups"\n\tport = "http://192.0.2.2"\n\tdesc = "Mosaic M"\n'
    )


def test_sections_are_those_of_nut_2_8_5():
    assert forms.ups_conf_now(DEVICES) == (
        '[nutdev-nut1]\n\tdriver = "dummy-ups"\n\tport = "rack1@192.0.2.1"\n'
        '[nutdev-xml2]\n\tdriver = "netxml-ups"\n\tport = "http://192.0.2.2"\n'
        '\tdesc = "Mosaic M"\n'
    )


def test_lines_for_scripts_are_nuts():
    assert forms.parsable(DEVICES) == (
        'NUT:driver="nutclient",port="rack1@192.0.2.1"\n'
        'XML:driver="netxml-ups",port="http://192.0.2.2",desc="Mosaic M"\n'
    )


def test_our_settings_name_our_drivers_and_tell_of_serial_lines():
    text = forms.toml(Findings((SERVER, CARD), (LINE,)), settings)
    assert tomllib.loads(text) == {
        "devices": {
            "rack1": {"driver": "nut", "port": "rack1@192.0.2.1"},
            "nutdev2": {"driver": "netxml", "port": "http://192.0.2.2"},
        }
    }
    assert "# description: Rack 1\n" in text
    assert "# serial port /dev/ttyUSB0 (USB-Serial Controller, USB VID:PID=067B:2303)" in text


def test_our_driver_service_takes_what_is_printed_for_it():
    drivers = ("nutclient", "netxml-ups", "apcupsd-ups", "powerman-pdu", "mge-shut", "apcsmart")
    ports = {"nutclient": "ups@192.0.2.1", "netxml-ups": "http://192.0.2.1", "apcsmart": "/dev/x"}
    found = tuple(
        Found(Bus.NUT, driver, ports.get(driver, "/dev/x" if "-" not in driver else "192.0.2.1"))
        for driver in drivers
    )
    tables = tomllib.loads(forms.toml(Findings(found), settings))
    read = DriverSettings.from_tables(tables, "test")
    assert [device.kind is not None for device in read.devices.values()] == [True] * len(drivers)


def test_json_has_everything():
    shown = json.loads(forms.as_json(Findings((SERVER,), (LINE,)), settings))
    assert shown == {
        "devices": [
            {
                "name": "rack1",
                "bus": "NUT",
                "driver": "nutclient",
                "port": "rack1@192.0.2.1",
                "options": {},
                "settings": {"driver": "nut", "port": "rack1@192.0.2.1"},
                "facts": {"description": "Rack 1"},
            }
        ],
        "lines": [
            {
                "port": "/dev/ttyUSB0",
                "description": "USB-Serial Controller",
                "hardware": "USB VID:PID=067B:2303",
            }
        ],
    }


def test_names_are_given_once():
    twice = [SERVER, SERVER, CARD, Found(Bus.NIS, "apcupsd-ups", "x", name="nutdev3"), SERVER]
    assert forms.device_names(twice) == ["rack1", "rack1-2", "nutdev3", "nutdev3-2", "rack1-3"]


def test_a_stranger_cannot_write_lines_of_his_own(tmp_path):
    (tmp_path / "ups.conf").write_text(forms.ups_conf([BAD]))
    assert list(nut_settings(tmp_path)["devices"]) == ["nutdev1"]
    assert list(tomllib.loads(forms.toml(Findings((BAD,)), settings))["devices"]) == ["nutdev1"]


@given(st.lists(founds, max_size=4))
def test_whatever_is_found_every_form_can_be_read(devices: list[Found]):
    findings = Findings(tuple(devices))
    for text in (forms.ups_conf(devices), forms.ups_conf_now(devices)):
        lines = text.splitlines()
        assert sum(line.startswith("[nutdev") for line in lines) == len(devices)
        assert all(len(split(line, words=9, length=999)) in (1, 3) for line in lines)
    assert len(forms.parsable(devices).splitlines()) == len(devices)
    read = tomllib.loads(forms.toml(findings, settings)).get("devices", {})
    assert [table["port"] for table in read.values()] == [device.port for device in devices]
    assert all(map(is_name, read))
    assert len(json.loads(forms.as_json(findings, settings))["devices"]) == len(devices)
