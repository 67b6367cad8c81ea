"""Charge and runtime where the device does not tell: NUT's guesses."""

import pytest

from services.driver.protocols.qx.estimates import Estimates, calibration
from shared.errors import SettingsError

VARIABLES = {
    "battery.voltage": "24.00",
    "battery.voltage.nominal": "24.0",
    "ups.load": "50",
    "ups.status": "OL",
}
CALIBRATED = {"runtimecal": "240,100,720,50"}


def told(variables=VARIABLES, options=None, words=("OL",)):
    return Estimates(options or {}).update(0.0, variables, words)


def test_the_voltages_of_full_and_empty_follow_from_the_nominal_one():
    assert told() == {
        "battery.voltage.low": "20.80",
        "battery.voltage.high": "26.00",
        "battery.charge": "62",
    }


def test_given_voltages_are_used_and_not_told_again():
    given = {"battery.voltage.low": "22", "battery.voltage.high": "26"}
    assert told({**VARIABLES, **given}) == {"battery.charge": "50"}


def test_one_of_the_two_voltages_is_not_enough():
    assert told({**VARIABLES, "battery.voltage.low": "22"})["battery.voltage.low"] == "20.80"


def test_a_device_that_tells_charge_and_runtime_is_left_alone():
    assert told({**VARIABLES, "battery.charge": "80", "battery.runtime": "900"}) == {}


@pytest.mark.parametrize(
    ("volts", "nominal", "charge"),
    [
        ("2.29", "96.0", "100"),
        ("2.05", "24.0", "73"),
        ("13.5", "24.0", "100"),
        ("1.00", "96.0", "100"),
    ],
)
def test_the_number_of_packs_is_guessed(volts, nominal, charge):
    found = told({"battery.voltage": volts, "battery.voltage.nominal": nominal})
    assert found["battery.charge"] == charge


def test_a_given_number_of_packs_counts():
    given = {"battery.voltage": "2.00", "battery.voltage.nominal": "24.0", "battery.packs": "12"}
    assert told(given)["battery.charge"] == "62"


def test_without_a_nominal_voltage_there_is_no_guess():
    assert told({"battery.voltage": "27.3"}) == {}


def test_the_runtime_follows_load_time_and_supply():
    estimates = Estimates(CALIBRATED)
    variables = {**VARIABLES, "battery.voltage": "26.00"}
    first = estimates.update(0.0, variables, ("OL",))
    assert (first["battery.charge"], first["battery.runtime"]) == ("100", "720")
    later = estimates.update(360.0, variables, ("OB",))
    assert (later["battery.charge"], later["battery.runtime"]) == ("50", "360")
    empty = estimates.update(3600.0, variables, ("OB",))
    assert (empty["battery.charge"], empty["battery.runtime"]) == ("0", "0")
    charged = estimates.update(3600.0 + 21600.0, variables, ("OL",))
    assert charged["battery.charge"] == "50"


def test_an_old_battery_is_emptier_than_its_calibration_says():
    estimates = Estimates(CALIBRATED)
    estimates.update(0.0, {**VARIABLES, "battery.voltage": "26.00"}, ("OL",))
    found = estimates.update(1.0, {**VARIABLES, "battery.voltage": "22.10"}, ("OB",))
    assert found["battery.charge"] == "25"


def test_an_idle_load_counts_as_the_least_one():
    found = told({**VARIABLES, "ups.load": "0", "battery.voltage": "26.00"}, CALIBRATED)
    assert found["battery.runtime"] == "2400"
    options = {**CALIBRATED, "idleload": "20"}
    found = told({**VARIABLES, "ups.load": "0", "battery.voltage": "26.00"}, options)
    assert found["battery.runtime"] == "1200"


@pytest.mark.parametrize(
    "options",
    [
        {"runtimecal": "240,100,720"},
        {"runtimecal": "240,100,720,x"},
        {"runtimecal": "720,100,240,50"},
        {"runtimecal": "0,100,240,50"},
        {"runtimecal": "240,50,720,100"},
        {"runtimecal": "240,101,720,50"},
        {"runtimecal": "240,100,720,0"},
        {**CALIBRATED, "chargetime": "0"},
        {**CALIBRATED, "idleload": "101"},
    ],
)
def test_impossible_options_are_told(options):
    with pytest.raises(SettingsError):
        calibration(options)
