"""What words of HID rows sum up to."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.hid.status import WORDS, Choices, Delays, summary, take


def said(texts: Iterable[str]) -> set[str]:
    words: set[str] = set()
    for text in texts:
        take(words, text)
    return words


@pytest.mark.parametrize(
    ("texts", "charge", "status"),
    [
        ("online", "100", "OL"),
        ("offline", "100", "OB"),
        ("online offline", "100", "OB"),
        ("offline online", "100", "OL"),
        ("!online", "100", ""),
        ("!online dischrg", "100", "OB DISCHRG"),
        ("offline dischrg", "50", "OB DISCHRG"),
        ("offline dischrg depleted", "0", "OB"),
        ("offline dischrg lowbatt", "5", "OB DISCHRG LB"),
        ("online chrg", "50", "OL CHRG"),
        ("online chrg", "100", "OL"),
        ("online chrg", "0", "OL"),
        ("online chrg", None, "OL"),
        ("online chrg notfullycharged", "100", "OL CHRG"),
        ("online chrg fullycharged", "50", "OL"),
        ("online chrg fullycharged notfullycharged", "50", "OL CHRG"),
        ("online cal dischrg", "50", "CAL OL DISCHRG"),
        ("offline cal", "50", "CAL OB"),
        ("online dischrg", "50", "OL DISCHRG"),
        ("online timelimitexp", "50", "OL LB"),
        ("online shutdownimm", "50", "OL LB"),
        ("online overload replacebatt trim", "50", "OL OVER RB TRIM"),
        ("online nobattery boost bypassman off", "50", "OL RB BOOST BYPASS OFF"),
        ("online bypassauto !bypassauto", "50", "OL"),
        ("Online unheard", "50", "OL"),
        ("", None, ""),
    ],
)
def test_words_sum_up_as_with_nut(texts, charge, status):
    assert " ".join(summary(said(texts.split()), charge).status) == status


def test_alarms_and_the_reason_follow_from_words():
    found = summary(said(["online", "replacebatt", "fanfail", "bypassauto", "frange"]))
    assert found.alarms == ("Replace battery!", "Fan failure!", "Automatic bypass mode!")
    assert found.reason == "input frequency out of range"
    both = summary(said(["vrange", "frange"]))
    assert both.reason == "input voltage out of range"
    assert summary(set()).reason is None


def test_modes_that_save_energy_end():
    words = said(["online", "ecomode"])
    assert summary(words).modes == ("vendor:default:ECO",)
    take(words, "normal")
    assert summary(words).modes == ()


@pytest.mark.parametrize(
    ("choices", "status"),
    [
        (Choices(), "OL DISCHRG"),
        (Choices(discharging_is_on_battery=True), "OB DISCHRG"),
        (Choices(discharging_is_calibration=True), "CAL DISCHRG"),
        (
            Choices(discharging_is_on_battery=True, discharging_is_calibration=True),
            "CAL OB DISCHRG",
        ),
    ],
)
def test_settings_tell_what_online_and_discharging_means(choices, status):
    words = said(["online", "dischrg"])
    assert " ".join(summary(words, "50", choices).status) == status
    assert "OL" in summary(said(["online"]), "50", choices).status


def test_low_and_worn_are_held_back_while_a_device_calibrates():
    words = said(["online", "cal", "lowbatt", "replacebatt"])
    choices = Choices(delay=10)
    held = summary(words, choices=choices, now=100)
    assert held.status == ("CAL", "OL")
    assert held.delays == Delays(low=100, replace=100)
    still = summary(words, choices=choices, delays=held.delays, now=110)
    assert still.status == ("CAL", "OL")
    over = summary(words, choices=choices, delays=still.delays, now=111)
    assert over.status == ("CAL", "OL", "LB", "RB")
    again = summary(said(["online", "cal"]), choices=choices, delays=over.delays, now=112)
    assert again.delays == Delays()


def test_low_is_told_at_once_where_it_matters():
    choices = Choices(delay=10)
    assert "LB" in summary(said(["online", "lowbatt"]), choices=choices).status
    assert "LB" in summary(said(["offline", "cal", "lowbatt"]), choices=choices).status
    assert "LB" in summary(said(["online", "cal", "lowbatt"])).status
    always = Choices(delay=10, delays_always=True)
    assert "LB" not in summary(said(["online", "lowbatt"]), choices=always).status
    assert "RB" in summary(said(["online", "replacebatt"]), choices=always).status


@given(st.lists(st.one_of(st.text(), st.sampled_from(sorted(WORDS)))), st.text())
def test_any_words_sum_up(texts, charge):
    found = summary(said(texts), charge)
    assert len(set(found.status)) == len(found.status)
    assert not {"OL", "OB"} <= set(found.status)
