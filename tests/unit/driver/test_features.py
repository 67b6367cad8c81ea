"""What is common to all drivers, laid over their readings."""

import pytest

from services.driver.contract import Reading
from services.driver.features import (
    ALLOW_KILLPOWER,
    KILLPOWER,
    SHUTDOWN,
    Features,
    Trend,
    present,
    shutdowns,
)
from shared.messages import Writable

PLAIN = Features()


def shown(features=PLAIN, status="OL", alarms=(), **reading):
    variables = reading.pop("variables", {})
    view, _ = present(features, Reading(variables, status, alarms, **reading), Trend())
    return view


def test_a_default_yields_to_the_device_and_an_override_does_not():
    features = Features(defaults={"a.b": "1", "c.d": "2"}, overrides={"e.f": "3"})
    view = shown(features, variables={"a.b": "10", "e.f": "30"})
    assert [view.variables[name] for name in ("a.b", "c.d", "e.f")] == ["10", "2", "3"]


def test_an_override_is_read_only_and_the_rest_is_writable():
    flags = {"a.b": Writable(), "e.f": Writable()}
    view = shown(
        Features(overrides={"e.f": "3"}), variables={"a.b": "1", "e.f": "2"}, writable=flags
    )
    assert set(view.writable) == {"a.b", ALLOW_KILLPOWER}


def test_an_override_rules_the_status_too():
    features = Features(overrides={"ups.status": "OB LB"}, ignorelb=True)
    assert shown(features, alarms=("fire",)).status == "OB LB"


@pytest.mark.parametrize(
    ("variables", "status", "expected"),
    [
        ({}, "OL LB", "OL"),
        ({"battery.charge": "20", "battery.charge.low": "20"}, "OB LB", "OB"),
        ({"battery.charge": "19.9", "battery.charge.low": "20"}, "OB", "OB LB"),
        ({"battery.runtime": "100", "battery.runtime.low": "120"}, "OB", "OB LB"),
        ({"battery.charge": "many", "battery.charge.low": "20"}, "OB LB", "OB"),
    ],
)
def test_ignorelb_judges_by_charge_and_runtime(variables, status, expected):
    assert shown(Features(ignorelb=True), variables=variables, status=status).status == expected


def test_the_limit_of_ignorelb_may_be_an_override():
    features = Features(overrides={"battery.charge.low": "60"}, ignorelb=True)
    view = shown(features, variables={"battery.charge": "50", "battery.charge.low": "10"})
    assert view.status == "OL LB"


def test_without_ignorelb_the_word_of_the_device_counts():
    low = {"battery.charge": "5", "battery.charge.low": "20"}
    assert shown(variables=low).status == "OL"
    assert shown(status="OL LB").status == "OL LB"


def test_an_alarm_comes_first_and_has_its_text():
    view = shown(alarms=("Fan!", "Hot!"), status="OL ALARM RB", variables={"ups.alarm": "old"})
    assert view.status == "ALARM OL RB"
    assert view.alarm == "Fan! Hot!"


def test_without_alarms_what_the_device_calls_so_stays():
    view = shown(status="ALARM OL", variables={"ups.alarm": "Battery!"})
    assert (view.status, view.alarm) == ("ALARM OL", "Battery!")


def test_a_device_without_a_status_gets_none():
    assert "ups.status" not in shown(status=None).variables
    assert shown(status="").variables["ups.status"] == ""


def charges(*steps):
    """Show the status after each (charge, status) that a device reports."""
    trend, statuses = Trend(), []
    for charge, status in steps:
        view, trend = present(Features(), Reading({"battery.charge": charge}, status), trend)
        statuses.append(view.status)
    return statuses


def test_charging_and_discharging_follow_from_the_charge():
    assert charges(("80", "OB"), ("79", "OB"), ("79", "OB"), ("78", "OB")) == [
        "OB",
        "OB DISCHRG",
        "OB DISCHRG",
        "OB DISCHRG",
    ]
    assert charges(("80", "OL"), ("81.5", "OL"), ("81.5", "OL")) == ["OL", "OL CHRG", "OL CHRG"]


def test_the_word_of_the_device_is_not_doubled_or_contradicted():
    assert charges(("80", "OB"), ("79", "OB DISCHRG")) == ["OB", "OB DISCHRG"]
    assert charges(("80", "OL"), ("79", "OL CHRG")) == ["OL", "OL CHRG"]


def test_a_full_battery_and_another_supply_end_the_trend():
    assert charges(("98", "OL"), ("99", "OL"), ("100", "OL"))[-1] == "OL"
    assert charges(("98", "OL"), ("99", "OL"), ("99", "OB"))[-1] == "OB"
    assert charges(("98", "OL"), ("n/a", "OL"), ("97", "OL"))[-1] == "OL"


def test_a_device_that_is_off_is_not_said_to_discharge():
    assert charges(("1", "OB"), ("0", "OB"), ("0", "OB OFF"))[-1] == "OB OFF"


def test_device_names_are_copied_from_the_ups_unless_the_device_has_them():
    ups = {"ups.mfr": "A", "ups.model": "B", "ups.serial": "C", "device.model": "own"}
    view = shown(variables=ups)
    assert view.variables["device.mfr"] == "A"
    assert view.variables["device.model"] == "own"
    assert view.variables["device.serial"] == "C"
    assert view.variables["device.type"] == "ups"
    assert shown(variables={"device.type": "pdu"}).variables["device.type"] == "pdu"
    assert "device.mfr" not in shown().variables


def test_driver_variables_are_on_top_and_everything_is_sorted():
    view = shown(Features(driver={"driver.name": "x"}), variables={"z.z": "1", "driver.name": "y"})
    assert view.variables["driver.name"] == "x"
    assert list(view.variables) == sorted(view.variables)


def test_killpower_is_offered_only_where_it_is_allowed_and_can_be_done():
    assert KILLPOWER not in shown(commands=("load.off",)).commands
    allowed = Features(allow_killpower=True)
    assert {KILLPOWER, SHUTDOWN} <= set(shown(allowed, commands=("load.off",)).commands)
    assert KILLPOWER not in shown(allowed, commands=("beeper.mute",)).commands
    assert shown(allowed).variables[ALLOW_KILLPOWER] == "1"
    assert shown().variables[ALLOW_KILLPOWER] == "0"


def test_driver_reload_is_offered_where_it_can_be_done():
    assert shown(Features(reloads=True)).commands == ("driver.reload", "driver.reload-or-error")
    assert shown().commands == ()


def test_shutdown_default_is_the_kindest_that_the_device_takes():
    assert shutdowns(("load.off", "shutdown.stayoff", "shutdown.return")) == ("shutdown.return",)
    assert shutdowns(("load.off",)) == ("load.off",)
    assert shutdowns(("load.off", SHUTDOWN)) == (SHUTDOWN,)
    assert shutdowns(()) == ()


@pytest.mark.parametrize(
    "name", ["a/b", "ups.+", "#", "", "ups..x", "a b", "a\n", "x" * 129, "\udc80"]
)
def test_a_name_that_no_topic_can_spell_is_left_out(name):
    reading = Reading(
        {name: "1", "ups.load": "2"}, "OL", writable={name: Writable()}, commands=(name, "load.off")
    )
    view, _ = present(PLAIN, reading, Trend())
    assert view.variables["ups.load"] == "2"
    assert "load.off" in view.commands
    assert name not in view.variables
    assert name not in view.writable
    assert name not in view.commands


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("x" * 120_000, True),
        ("x" * 131_072, False),
        ("\N{BATTERY}" * 30_000, True),
        ("\N{BATTERY}" * 33_000, False),
    ],
    ids=["long", "too long", "long in four bytes", "too long in four bytes"],
)
def test_what_fits_into_a_message_is_told_by_its_bytes(text, fits):
    view, _ = present(Features(), Reading({"ups.id": text}), Trend())
    assert view.fits(128 * 1024) is fits
    words = Writable(enum=[text])
    view, _ = present(Features(), Reading({"ups.id": "x"}, writable={"ups.id": words}), Trend())
    assert view.fits(128 * 1024) is fits
