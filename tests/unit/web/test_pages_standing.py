"""How devices are judged and sorted, and since when things are so."""

import pytest

from services.web.pages.ages import Ages, Since
from services.web.pages.levels import Level, is_on_battery, reason, standing
from services.web.pages.ranking import VIEWS, Ranking, View
from shared.messages import Availability, DeviceMeta, ForcedShutdown
from shared.status import Status
from tests.unit.web.pages_bus import device

AWAY = {"availability": Availability.STALE}


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("OL", Level.FINE),
        ("OL CHRG", Level.FINE),
        ("OB DISCHRG", Level.BATTERY),
        ("OB LB", Level.CRITICAL),
        ("LB OB", Level.CRITICAL),
        ("FSD OL", Level.CRITICAL),
        ("OL RB", Level.FAULT),
        ("OL LB", Level.FAULT),
        ("ALARM OL", Level.FAULT),
        ("OFF", Level.FAULT),
        ("OL TRIM", Level.ODD),
        ("OL BYPASS", Level.ODD),
        ("", Level.ODD),
        ("ol", Level.FINE),
        ("OL HIMMEL", Level.FINE),
        ("HIMMEL", Level.ODD),
    ],
)
def test_the_worst_word_of_the_status_decides(status, level):
    judged = standing(device(status=status))
    assert judged.level is level
    assert judged.is_live


@pytest.mark.parametrize("word", Status)
def test_every_word_of_nut_can_be_judged_and_said(word):
    assert standing(device(status=str(word))).text


def test_a_device_that_went_away_on_battery_is_worse_than_one_that_went_away():
    assert standing(device(**AWAY)).level is Level.UNREACHABLE
    lost = standing(device(status="OB", **AWAY))
    assert lost.level is Level.CRITICAL
    assert "was on battery" in lost.text
    assert not lost.is_live


def test_what_an_away_device_said_is_not_live():
    assert not standing(device(overdue=True)).is_live
    assert not standing(device(service_online=False)).is_live


def test_a_forced_shutdown_counts_even_when_the_driver_is_dead():
    forced = device(fsd=ForcedShutdown(by="x", at=0.0), service_online=False)
    assert standing(forced).level is Level.CRITICAL
    assert is_on_battery(forced)


def test_the_reason_is_the_nearest_cause():
    assert reason(device()) == ""
    assert "drivers is not running" in reason(device(service_online=False))
    assert reason(device(**AWAY), "reconnect.trying: no such port") == "no such port"
    said = {"driver.state": "reconnect.trying: cable"}
    assert reason(device(variables=said, **AWAY)) == "cable"
    assert "stopped to tell" in reason(device(overdue=True))


def ranked(*devices):
    ranking = Ranking()
    for each in devices:
        ranking.take(each.name, each)
    return ranking


def test_trouble_comes_first_then_names_as_people_count():
    ranking = ranked(
        device("rack10"), device("rack2"), device("x", "OB LB"), device("y", "OB"), device("Rack1")
    )
    assert ranking.part(View()).names == ("x", "y", "Rack1", "rack2", "rack10")


def test_only_what_changes_the_order_or_what_is_found_counts_as_a_change():
    ranking = ranked(device())
    assert not ranking.take("rack1", device(variables={"battery.charge": "1"}))
    assert ranking.take("rack1", device(status="OB"))
    assert ranking.take("rack1", None)
    assert not ranking.take("rack1", None)
    assert ranking.part(View()).names == ()


def test_all_words_of_a_filter_must_be_found_in_any_of_the_texts():
    meta = DeviceMeta(desc="Cellar, left", driver="dummy", service="drivers")
    ranking = ranked(device("a", meta=meta), device("b", "OB"))
    assert ranking.part(View("cellar LEFT")).names == ("a",)
    assert ranking.part(View("battery")).names == ("b",)
    assert ranking.part(View("dummy")).found == 2
    assert ranking.part(View("cellar right")).names == ()


def test_a_device_that_is_not_described_is_not_listed():
    assert len(ranked(device(meta=None))) == 0


def test_pages_are_of_the_size_asked_for_and_the_last_one_is_the_last():
    ranking = ranked(*(device(f"d{number}") for number in range(120)))
    assert [len(ranking.part(View(number=n)).names) for n in (1, 2, 3)] == [50, 50, 20]
    beyond = ranking.part(View(number=9))
    assert (beyond.number, beyond.pages) == (3, 3)


def test_what_is_remembered_of_filters_has_an_end():
    ranking = ranked(device())
    for number in range(3 * VIEWS):
        ranking.part(View(str(number)))
    assert len(ranking._parts) <= VIEWS


def test_a_value_is_as_old_as_its_last_change_and_seen_only_if_we_were_there():
    ages = Ages()
    ages.take("rack1", device(), 10.0)
    ages.take("rack1", device(variables={"battery.charge": "5"}, heard=1.0), 20.0)
    assert ages.of("rack1", "battery.charge") == Since(20.0, seen=True)
    assert ages.of("rack1", "ups.load") == Since(10.0, seen=False)
    assert ages.heard("rack1") == 20.0


def test_a_power_cut_is_timed_from_when_it_was_seen():
    ages = Ages()
    assert not ages.take("rack1", device(), 10.0)
    assert ages.take("rack1", device(status="OB"), 30.0)
    assert ages.on_battery["rack1"] == Since(30.0, seen=True)
    assert ages.take("rack1", device(status="OB", **AWAY), 40.0)
    assert ages.on_battery["rack1"].moment == 30.0
    assert ages.take("rack1", device(), 50.0)
    assert not ages.on_battery


def test_a_power_cut_that_was_there_before_us_is_at_least_so_old():
    ages = Ages()
    ages.take("rack1", device(status="OB"), 10.0)
    assert ages.on_battery["rack1"] == Since(10.0, seen=False)


def test_nothing_is_kept_of_a_device_that_is_gone():
    ages = Ages()
    ages.take("rack1", device(status="OB"), 10.0)
    ages.take("rack1", None, 20.0)
    assert [len(each) for each in (ages.on_battery, ages._values, ages._since)] == [0, 0, 0]
