"""What is told stays steady while devices do not."""

import pytest

from services.homeassistant.discovery import discovery
from services.homeassistant.roster import KEPT, MOST_MISSING, Roster
from services.homeassistant.rules import Rules
from shared.messages import Availability
from shared.topics import Topics
from tests.unit.homeassistant.devices import PDU, UPS, device

RULES = Rules(service="ha")


@pytest.fixture
def wanted():
    return {}


@pytest.fixture
def roster(wanted):
    return Roster(Topics(), RULES, wanted.__setitem__)


def without(*names):
    return {name: value for name, value in UPS.items() if name not in names}


def test_a_change_of_values_is_no_change(roster, wanted):
    roster.observe(device(UPS), 0.0)
    wanted.clear()
    roster.observe(device({**UPS, "ups.load": "30", "ups.status": "OB"}), 1.0)
    assert not wanted


def test_a_new_name_of_an_outlet_is_a_change(roster, wanted):
    roster.observe(device(PDU), 0.0)
    wanted.clear()
    roster.observe(device({**PDU, "outlet.1.desc": "Router"}), 1.0)
    assert wanted["nutbus-outlet-1_rack1"]["dev"]["name"] == "rack1 Router"


def test_a_variable_that_comes_and_goes_stays(roster, wanted):
    roster.observe(device(UPS), 0.0)
    wanted.clear()
    roster.observe(device(without("ups.load")), 1.0)
    assert not wanted
    roster.observe(device(without("ups.load")), KEPT + 2.0)
    assert "ups_load" not in wanted["nutbus_rack1"]["cmps"]


def test_a_device_that_changes_its_shape_for_ever_is_remembered_in_part_only(roster, wanted):
    names: dict[str, str] = {}
    for second in range(20):
        names = {f"outlet.{second * 100 + number}.current": "1" for number in range(1, 101)}
        roster.observe(device({**UPS, **names}), float(second))
    known = roster.known("rack1")
    assert names.keys() | UPS.keys() <= known
    assert len(known) == len(names) + len(UPS) + MOST_MISSING
    assert "outlet.1800.current" in known
    assert "outlet.1.current" not in known
    told = {id for id, message in wanted.items() if message}
    assert len(told) == len(names) + MOST_MISSING + 1


def test_another_model_starts_afresh(roster, wanted):
    roster.observe(device(UPS), 0.0)
    roster.observe(device({**without("ups.load"), "device.model": "other"}), 1.0)
    assert "ups_load" not in wanted["nutbus_rack1"]["cmps"]


def test_what_was_shown_before_a_restart_stays(roster, wanted):
    for id, message in discovery(device(UPS), Topics(), RULES).items():
        roster.learn(id, message, 0.0)
    roster.observe(device(without("ups.load")), 1.0)
    assert "ups_load" in wanted["nutbus_rack1"]["cmps"]


def test_a_device_that_is_away_is_not_believed_what_it_lacks(roster, wanted):
    roster.observe(device(UPS, ["beeper.mute"]), 0.0)
    wanted.clear()
    roster.observe(device(UPS, [], standing=Availability.STALE), 1.0)
    assert not wanted
    roster.observe(device(UPS, []), 2.0)
    assert wanted


def test_a_device_that_was_never_there_is_told_of_as_it_is(roster, wanted):
    roster.observe(device(UPS, standing=Availability.STALE), 0.0)
    assert "nutbus_rack1" in wanted


def test_an_outlet_that_is_gone_is_removed(roster, wanted):
    for id, message in discovery(device(PDU), Topics(), RULES).items():
        roster.learn(id, message, 0.0)
    variables = {name: value for name, value in PDU.items() if not name.startswith("outlet.2.")}
    roster.observe(device(variables), KEPT + 1.0)
    assert wanted["nutbus-outlet-2_rack1"] is None
    assert wanted["nutbus-outlet-1_rack1"] is not None


def test_a_device_goes_with_all_its_outlets(roster, wanted):
    roster.observe(device(PDU), 0.0)
    roster.remove("rack1")
    assert wanted == dict.fromkeys(
        ["nutbus_rack1", "nutbus-outlet-1_rack1", "nutbus-outlet-2_rack1"]
    )


def test_strangers_are_those_that_nobody_has_or_may_have(roster):
    for id, message in discovery(device(UPS, name="old"), Topics(), RULES).items():
        roster.learn(id, message, 0.0)
    roster.observe(device(UPS), 0.0)
    assert roster.strangers({"rack1"}) == ["old"]
    roster.apply(Rules(service="ha", devices=("other",)))
    assert sorted(roster.strangers({"rack1"})) == ["old", "rack1"]


def test_a_device_that_the_settings_do_not_name_is_not_shown(wanted):
    roster = Roster(Topics(), Rules(devices=("pdu*",)), wanted.__setitem__)
    roster.observe(device(UPS), 0.0)
    assert not wanted
