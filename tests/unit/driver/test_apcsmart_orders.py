"""How an APC UPS is switched off, and what its driver's options say about it."""

import pytest
from pydantic import ValidationError

from services.driver.drivers.apcsmart import ApcSmartOptions, read_table
from services.driver.protocols.apcsmart.orders import (
    Choreography,
    Confirm,
    Ignore,
    Pause,
    Send,
    Type,
    names,
    order,
    shutdown,
)
from services.driver.protocols.apcsmart.rows import Model
from services.driver.protocols.apcsmart.tables import COMMANDS


def codes(steps) -> str:
    """Write down what is sent."""
    return "".join(
        (step.code if isinstance(step, Send) else step.text).decode()
        for step in steps
        if isinstance(step, Send | Type)
    )


@pytest.mark.parametrize(
    ("kind", "on_battery", "on_mains"),
    [
        (0, ["S"], ["@000"]),
        (1, ["S", "@000"], ["@000"]),
        (2, ["ZZ"], ["ZZ"]),
        (3, ["KK"], ["KK"]),
        (4, ["S"], ["US"]),
        (5, ["@000"], ["@000"]),
    ],
)
def test_sdtype_chooses_the_way(kind, on_battery, on_mains):
    plan = Choreography(kind)
    assert [codes(way) for way in shutdown(plan, False)] == on_battery
    assert [codes(way) for way in shutdown(plan, True)] == on_mains


def test_advorder_is_tried_in_turn_whatever_sdtype_says():
    plan = Choreography(2, "01234", "7")
    assert [codes(way) for way in shutdown(plan, True)] == ["S", "@007", "KK", "ZZ", "US"]


@pytest.mark.parametrize(
    ("awd", "sent"), [("0", "@000"), ("7", "@007"), ("12", "@12"), ("123", "@123")]
)
def test_awd_of_two_digits_stays_two_digits(awd, sent):
    (way,) = shutdown(Choreography(5, wake_delay=awd), True)
    assert codes(way) == sent
    assert isinstance(way[-1], Confirm)
    assert way[-1].abort == (b"Y" if len(awd) == 2 else b"")


def test_cshdelay_lies_between_the_feigned_failure_and_the_sleep():
    (way,) = shutdown(Choreography(4, fail_pause=1.5), True)
    assert way == (Send(b"U"), Ignore(), Pause(1.5), Send(b"S"), Confirm())


@pytest.mark.parametrize(
    ("value", "sent"), [(None, "S"), ("", "S"), ("cs", "US"), ("AT:3", "@003"), ("at:12", "@12")]
)
def test_shutdown_return_takes_the_values_of_nut(value, sent):
    found = order("shutdown.return", value, COMMANDS, Choreography(), True)
    assert found is not None
    assert found.must_be_confirmed
    assert [codes(way) for way in found.ways] == [sent]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shutdown.return", "at:1234"),
        ("shutdown.return", "at:"),
        ("shutdown.return", "now"),
        ("load.off", "1"),
        ("test.battery.start", "10"),
        ("shutdown.default", "1"),
    ],
)
def test_other_values_are_refused(name, value):
    assert order(name, value, COMMANDS, Choreography(), True) is None


def test_a_ups_without_the_sleep_on_mains_is_not_restarted():
    assert "shutdown.reboot" in names(COMMANDS)
    assert names([row for row in COMMANDS if row.code != b"@"]).count("shutdown.reboot") == 0
    assert "shutdown.default" in names([])


def test_options_are_taken_as_ups_conf_writes_them():
    options = ApcSmartOptions.model_validate(
        {"sdtype": "4", "advorder": "No", "awd": "07", "cshdelay": "2.5", "ttymode": "raw"}
    )
    assert options.choreography() == Choreography(4, "", "07", 2.5)
    assert ApcSmartOptions.model_validate({"awd": 7, "cshdelay": 5}).choreography() == (
        Choreography(0, "", "7", 5.0)
    )


def test_the_other_cable_wants_another_line():
    assert ApcSmartOptions().line().rts
    assert not ApcSmartOptions(cable="940-0095b").line().rts
    assert ApcSmartOptions(cable="940-0095B").line().dtr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sdtype", "6"),
        ("advorder", "05"),
        ("advorder", "012340"),
        ("awd", "1234"),
        ("cshdelay", "10"),
    ],
)
def test_options_that_mean_nothing_are_refused(name, value):
    with pytest.raises(ValidationError):
        ApcSmartOptions.model_validate({name: value})


def test_a_table_of_the_user_adds_an_old_model():
    content = {"model": [{"firmware": "9ZZ", "codes": "@LQ"}]}
    assert read_table("mine", content) == (Model("9ZZ", b"@LQ"),)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"models": []},
        {"model": {}},
        {"model": [{"firmware": "9ZZ"}]},
        {"model": [{"firmware": "9ZZ", "codes": "é"}]},
        {"model": [{"firmware": "9ZZ", "codes": "L", "extra": 1}]},
    ],
)
def test_a_table_that_is_wrong_is_refused(content):
    with pytest.raises(ValueError, match="model"):
        read_table("mine", content)
