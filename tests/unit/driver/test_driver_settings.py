"""The settings of the driver service."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.drivers import DRIVERS
from services.driver.settings import DriverSettings
from shared.errors import SettingsError

KEYS = st.text(max_size=12) | st.sampled_from(["driver", "port", "default", "override", "mode"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
TABLES = st.recursive(
    SCALARS | st.lists(SCALARS, max_size=3),
    lambda inner: st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


def device(source="nutbus.toml", **table):
    tables = {"devices": {"ups1": {"driver": "dummy", "port": "x.dev", **table}}}
    return DriverSettings.from_tables(tables, source).devices["ups1"]


def fault(**table):
    with pytest.raises(SettingsError) as error:
        device(**table)
    return str(error.value)


def test_nested_tables_become_dotted_names_and_numbers_text():
    override = {"battery": {"charge": {"low": 20}, "runtime.low": 90.5}, "ups.mfr": "A"}
    assert device(override=override, default={"a.b": "-1"}).override == {
        "battery.charge.low": "20",
        "battery.runtime.low": "90.5",
        "ups.mfr": "A",
    }


@pytest.mark.parametrize("value", [True, None, [1]])
def test_a_value_is_a_text_or_a_number(value):
    assert "a.b: the value is a text or a number" in fault(override={"a": {"b": value}})


def test_an_unknown_key_names_the_nearest_of_both_sets():
    assert (
        fault(mod="dummy") == "nutbus.toml: devices.ups1: unknown key 'mod'; did you mean 'mode'?"
    )
    assert fault(poll_intervall=2).endswith("did you mean 'poll_interval'?")
    assert "unknown key 'options'" in fault(options={})


def test_an_option_is_checked_by_its_driver():
    assert "devices.ups1: mode: Input should be 'dummy-once'" in fault(mode="twice")
    assert device(mode="dummy-loop").options.mode == "dummy-loop"


def test_an_unknown_driver_is_no_error_and_keeps_its_options_to_itself():
    settings = device(driver="ups-of-mine", vendorid="051d")
    assert settings.kind is None
    assert settings.unknown_driver().startswith("unknown driver 'ups-of-mine'")


@pytest.fixture
def nut(monkeypatch):
    """NUT is installed."""
    monkeypatch.setattr("services.driver.settings.installed", Path)


def test_what_only_nut_has_a_driver_for_is_unknown_without_nut(monkeypatch):
    monkeypatch.setattr("services.driver.settings.installed", lambda _: None)
    settings = device(driver="metasys", nolock=True)
    assert settings.kind is None
    assert settings.unknown_driver() == (
        "no driver of our own for 'metasys', and NUT's is not installed"
    )


def test_what_only_nut_has_a_driver_for_is_left_to_it(nut):
    nested = {"delay": {"start": 30}}
    given = {"poll_interval": 2.5, "nolock": True, "x": "7", "ups": nested, "off": False}
    settings = device(driver="metasys", port="/dev/ttyS0", **given)
    assert settings.kind is DRIVERS["nut-driver"]
    assert settings.options.program == "metasys"
    given = settings.options.arguments
    assert given.keys() == {"pollinterval", "nolock", "x", "ups.delay.start"}
    assert given["nolock"] is None
    assert given["pollinterval"].get_secret_value() == "3"
    assert given["x"].get_secret_value() == "7"
    assert given["ups.delay.start"].get_secret_value() == "30"


def test_a_shutdown_here_powers_off_nothing_of_another_server_unless_that_is_said(nut):
    assert device(driver="nut", port="ups@host").sdorder == -1
    assert device(driver="nut", port="ups@host", sdorder=2).sdorder == 2
    assert device(driver="metasys").sdorder == 0


def test_options_for_a_driver_of_nut_are_never_shown(nut, tmp_path):
    file = tmp_path / "community"
    file.write_text("hush\n")
    settings = device(driver="metasys", password="hush", community_file=str(file))
    assert settings.options.arguments["community"].get_secret_value() == "hush"
    assert "hush" not in f"{settings!r} {settings.driver_variables(2.0)}"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "arguments: a table of the driver's options"),
        ({"a b": "1"}, "'a b' is no option for the driver"),
        ({"port": "x"}, "'port' is no option for the driver"),
        ({"x": ["1"]}, "x: the value is a text, a number, or true for a flag"),
        ({"password_file": "/nowhere/at/all"}, "password_file: cannot read /nowhere/at/all: No"),
    ],
)
def test_options_that_no_driver_of_nut_could_have_are_refused(arguments, complaint):
    assert complaint in fault(driver="nut-driver", program="metasys", arguments=arguments)


def test_nut_names_of_drivers_are_understood():
    assert device(driver="dummy-ups").kind is DRIVERS["dummy"]


def test_a_relative_port_counts_from_the_settings_file(tmp_path):
    file = str(tmp_path / "nutbus.toml")
    assert device(file).port == str(tmp_path / "x.dev")
    assert device(str(tmp_path)).port == str(tmp_path / "x.dev")
    assert device(file, port="/etc/y.dev").port == "/etc/y.dev"
    assert device(file, port="ups@host").port == "ups@host"
    assert device(file, driver="simulated", port="none").port == "none"


@pytest.mark.parametrize("name", ["", "a.b", "-a", "a b", "x" * 64])
def test_a_device_has_a_name_that_a_topic_can_have(name):
    with pytest.raises(SettingsError, match="is no name"):
        DriverSettings.from_tables({"devices": {name: {"driver": "dummy"}}}, "x")


def test_what_the_driver_is_told_is_shown_but_no_secret(monkeypatch):
    settings = device(mode="dummy-loop", ignorelb=True, sdcommands=["a", "b"])
    shown = settings.driver_variables(0.5)
    assert (
        shown.items()
        >= {
            "driver.name": "dummy",
            "driver.parameter.mode": "dummy-loop",
            "driver.parameter.pollinterval": "0.5",
            "driver.parameter.sdcommands": "a,b",
            "driver.flag.ignorelb": "enabled",
        }.items()
    )
    assert not [name for name in shown if "authconf" in name]


def test_numbers_of_the_settings_are_shown_as_they_were_written():
    shown = device(driver="qx", port="/dev/x", pollfreq=30, idleload=12.5).driver_variables(2)
    assert shown["driver.parameter.pollfreq"] == "30"
    assert shown["driver.parameter.idleload"] == "12.5"


@given(st.dictionaries(KEYS, TABLES, max_size=5))
def test_any_device_is_settings_or_one_error(table):
    fault = "nutbus.toml: "
    try:
        DriverSettings.from_tables({"devices": {"ups1": table}}, "nutbus.toml")
    except SettingsError as error:
        fault = str(error)
    assert fault.startswith("nutbus.toml: ")


def test_a_mistake_in_a_device_of_ups_conf_concerns_it_alone(tmp_path):
    (tmp_path / "ups.conf").write_text(
        "[a]\ndriver = dummy-ups\nport = a.dev\n"
        "[b]\ndriver = nutdrv_qx\nport = /dev/ttyS0\npollonly\ndesc = B\n"
        "[c]\ndriver = dummy-ups\nport = c.dev\n"
    )
    settings = DriverSettings.load(None, tmp_path)
    assert list(settings.devices) == ["a", "b", "c"]
    assert settings.devices["a"].kind is not None
    assert settings.devices["b"].kind is None
    assert settings.trouble("b").startswith("unknown key 'pollonly'")
    assert settings.devices["b"].desc == "B"
