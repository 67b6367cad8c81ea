"""What the pieces of the pages say, whatever devices say."""

import html
import re

import pytest

from services.web.pages.ranking import View
from services.web.pages.wording import with_times
from shared.messages import Availability
from shared.service_messages import Answer, Phase, Timer, Timers
from shared.topics import ServiceKind
from tests.unit.web.pages_bus import NASTY, TOPICS, World, power

EVERY_PIECE = (
    "notice", "banner", "announcement", "fleet", "head", "instruments", "outlets", "clients",
    "variables", "events", "wiring", "agenda", "health",
)  # fmt: skip


@pytest.fixture
def world():
    return World()


def text(markup: str) -> str:
    """Take the tags away, as a reader sees it."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def test_the_fleet_says_what_the_matter_is_and_sorts_by_it(world):
    world.add("calm")
    world.add("hot", "OB LB")
    shown = world.html("fleet")
    assert shown.index("d-hot") < shown.index("d-calm")
    assert "on battery, battery low" in text(shown)
    assert "1 critical" in text(shown)
    assert "2 in all" in text(shown)


def test_no_value_of_a_device_that_is_away_is_shown_as_if_it_were_true(world):
    world.add("rack1")
    assert "90 %" in world.html("fleet")
    world.available("rack1", Availability.STALE)
    world.reason("rack1", "no such port")
    assert "90 %" not in world.html("fleet")
    assert "no such port" in world.html("fleet")
    assert "90" not in world.html("instruments", "rack1")
    assert "Not true now" in world.html("variables", "rack1")
    assert "no such port" in world.html("head", "rack1")


def test_a_device_that_was_taken_away_says_so(world):
    world.add("rack1")
    world.remove("rack1")
    assert "not on the bus any more" in world.html("head", "rack1")
    for id in ("instruments", "outlets", "clients", "variables"):
        world.html(id, "rack1")


def test_variables_have_unit_meaning_and_age(world):
    world.add("rack1")
    world.now = 160.0
    world.says("rack1", "OL", battery_charge="91")
    shown = world.html("variables", "rack1")
    assert "Charge left in the battery" in shown
    charge = shown[shown.index('id="v-battery.charge"') :].partition("</tr>")[0]
    assert "<b>91</b> %" in charge
    assert 'data-since="160"' in charge
    runtime = shown[shown.index('id="v-battery.runtime"') :].partition("</tr>")[0]
    assert "15 min" in text(runtime)
    assert "≥" in runtime


def test_a_power_cut_is_told_with_time_on_battery_and_time_left(world):
    world.add("rack1")
    assert "hidden" in world.html("banner")
    world.now = 200.0
    world.says("rack1", "OB", battery_charge="55", battery_runtime="600")
    shown = world.html("banner")
    assert 'data-since="200.0"' in shown
    assert 'data-until="800.0"' in shown
    assert "55 % left" in shown
    assert "rack1: on battery." in world.html("announcement")
    world.says("rack1", "OL")
    assert "hidden" in world.html("banner")


def test_time_left_is_not_made_up_for_a_device_that_went_silent(world):
    world.add("rack1", "OB", battery_runtime="600")
    world.available("rack1", Availability.STALE)
    shown = text(world.html("banner"))
    assert "time left unknown" in shown
    assert "was on battery" in shown
    assert "%" not in shown


def test_a_number_that_is_none_draws_nothing(world):
    strange = {"battery_charge": "nan", "ups_load": "x", "battery_runtime": "inf"}
    world.add("rack1", "OB", **strange, input_voltage="1e999")
    for id in ("fleet", "instruments", "banner"):
        drawn = re.findall(
            r'(?:width|stroke-dasharray|data-until)="([^"]*)"', world.html(id, "rack1")
        )
        assert not [each for each in drawn if "nan" in each or "inf" in each]


def test_the_banner_says_what_it_is_about(world):
    world.add("rack1")
    world.monitor("m", power("m", {"rack1": "primary"}, phase=Phase.FINAL))
    assert "Shutdown Host m" in text(world.html("banner"))
    world.says("rack1", "OB")
    assert text(world.html("banner")).startswith("Power cut rack1")
    world.says("rack1", "OB LB")
    assert text(world.html("banner")).startswith("Power is running out")
    world.says("rack1", "OL")
    world.fsd("rack1")
    shown = text(world.html("banner"))
    assert shown.startswith("Forced shutdown rack1")
    assert "time left" not in shown


def test_the_stages_of_a_shutdown_are_told_as_they_proceed(world):
    world.monitor("boss", power("boss", {"rack1": "primary"}))
    world.monitor("web1", power("web1", {"rack1": "secondary"}))
    world.monitor("web2", power("web2", {"rack1": "secondary"}))
    world.stage("boss", "web1", "web2", "web3", reason="on battery for 5 s")
    going = power("web1", {"rack1": "secondary"}, phase=Phase.FINAL, answers={"1": Answer.GOING})
    world.monitor("web1", going)
    shown = text(world.html("banner"))
    assert "Stage early ordered by boss" in shown
    assert "web1 is going" in shown
    assert "web2 has not answered" in shown
    assert "web3 has not answered" in shown
    assert "Host web1 shuts down now" in shown
    down = power("web1", {"rack1": "secondary"}, phase=Phase.DOWN)
    world.monitor("web1", down, online=False)
    assert "Host web1 was shut down" in text(world.html("banner"))


def test_who_ordered_a_forced_shutdown_is_told(world):
    world.add("rack1")
    world.fsd("rack1", by="admin@10.0.0.1", reason="moving the rack")
    assert "admin@10.0.0.1: moving the rack" in text(world.html("banner"))
    assert "moving the rack" in world.html("head", "rack1")


def test_the_topology_says_what_a_host_cannot_lose(world):
    for name in ("a", "b", "lonely"):
        world.add(name)
    world.monitor("double", power("double", {"a": "primary", "b": "primary"}))
    world.monitor("single", power("single", {"a": "secondary"}))
    shown = text(world.html("wiring"))
    assert "can lose one power value and stay up" in shown
    assert "shuts down when it loses a" in shown
    assert "Nothing is monitored on: lonely" in shown
    assert "2 / 1" in shown


def test_a_host_that_only_obeys_loses_nothing(world):
    world.monitor("nas", power("nas", {}, needed=0))
    shown = text(world.html("wiring"))
    assert "no supply of its own" in shown
    assert "shuts down only when it is told to" in shown


def test_a_host_that_nobody_watches_over_is_not_called_safe(world):
    world.add("a")
    world.monitor("m", power("m", {"a": "primary"}), online=False)
    assert "nobody watches over it now" in text(world.html("wiring"))


def test_timers_count_by_differences_of_the_schedulers_own_clock(world):
    world.service(ServiceKind.SCHEDULER, "s")
    timer = Timer(name="late", device="rack1", due=5_000_060.0, action="notify ops")
    world.now = 7_000.0
    told = Timers(at=5_000_000.0, timers=[timer])
    world.say(told.publication(TOPICS, "s"))
    found = re.search(r'data-until="([^"]*)"', world.html("agenda"))
    assert found
    due = float(found[1])
    assert due == pytest.approx(7_060.0 - world.rendering.started, abs=0.1)


def test_a_scheduler_that_is_away_does_nothing_and_that_is_said(world):
    timer = Timer(name="late", device="rack1", due=60.0, action="notify ops")
    world.say(Timers(at=0.0, timers=[timer]).publication(TOPICS, "s"))
    world.service(ServiceKind.SCHEDULER, "s", online=False)
    assert "notify ops" not in world.html("agenda")
    assert "nothing is done when it is due" in world.html("agenda")


def test_empty_pages_say_what_to_do(world):
    assert "nutbus scan" in world.html("fleet")
    assert "nutbus monitor" in world.html("wiring")
    assert "[scheduler]" in world.html("agenda")
    assert "Nothing has happened" in world.html("events")


def test_a_bus_that_is_lost_is_told_until_it_is_back(world):
    assert "lost" not in world.html("notice")
    world.now = 150.0
    world.link.mirror.connect(False)
    assert "No connection to the bus" in world.html("notice")
    assert 'data-since="150.0"' in world.html("notice")
    world.link.mirror.connect(True)
    assert "No connection" not in world.html("notice")


def test_hostile_texts_stay_texts_on_every_page(world):
    outlet = {"outlet.1.desc": NASTY, "outlet.1.status": NASTY, "outlet.1.current": NASTY}
    world.add("rack1", f"OB {NASTY}", NASTY, **{"ups.model": NASTY, "ups.alarm": NASTY}, **outlet)
    world.fsd("rack1", NASTY, NASTY)
    world.event("rack1", NASTY, NASTY)
    world.monitor("m", power(NASTY, {"rack1": "primary"}))
    world.stage("m", NASTY, reason=NASTY, stage=NASTY)
    world.service(ServiceKind.DRIVER, "d2", host=NASTY)
    world.service(ServiceKind.SCHEDULER, "s")
    timer = Timer(name=NASTY, device=NASTY, due=1e300, action=NASTY)
    world.say(Timers(at=0.0, timers=[timer]).publication(TOPICS, "s"))
    world.reason("rack1", NASTY)
    for availability in (Availability.ONLINE, Availability.STALE):
        world.available("rack1", availability)
        for id in EVERY_PIECE:
            shown = world.html(id, "rack1", View(text=NASTY) if id == "fleet" else None)
            assert "<script" not in shown, id
            assert "'&" not in shown.replace("'&#", ""), id
        shown = world.html("fleet", view=View(text="rack1"))
        assert "<script" not in shown
    assert NASTY in text(world.html("head", "rack1")).replace("' &", "'&")
    assert NASTY in text(world.html("variables", "rack1")).replace("' &", "'&")


def test_names_of_variables_that_no_catalogue_has_are_listed(world):
    world.add("rack1", **{"x.y<b>": "1", "ups.": "2"})
    assert "x.y&lt;b&gt;" in world.html("variables", "rack1")


def test_times_are_filled_in_for_browsers_without_scripts():
    page = '<time data-since="10.0"></time> <time data-until="100.5"></time>'
    assert text(with_times(page, 70.0)) == "1 min 30 s"
