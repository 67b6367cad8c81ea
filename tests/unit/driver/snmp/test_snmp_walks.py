"""Walks of real agents, played to the plan: the mapping is found, and what they hold is told."""

import re

import pytest

from services.driver.protocols.snmp import finding
from services.driver.protocols.snmp.layout import part_of
from services.driver.protocols.snmp.plan import Walk
from services.driver.protocols.snmp.table import INDEX
from services.driver.protocols.snmpwire.values import Kind, Value
from tests.unit.driver.snmp import walks

# The mapping of each walk, how many variables it gives, and the status.
FOUND = {
    "APC_Smart-UPS_5000_RM_AP9630": ("tripplite_ietf", 40, "OFF TEST"),
    "abbups_abbups": ("tripplite_ietf", 42, "OL"),
    "apc-mgeups_galaxy7000": ("mge", 15, "OL"),
    "apc_ap8959eu3": ("apc_pdu_msp", 107, None),
    "apc_apdu9959eu3": ("apc_pdu_msp", 108, None),
    "apc_powerchute": ("apc", 16, "OL"),
    "apc_smart1500": ("apc", 16, "OL"),
    "apc_smt750x-nmc2": ("apc", 17, "OL"),
    "apc_smx750": ("apc", 21, "OL"),
    "apc_smx750i": ("apc", 19, "OL"),
    "apc_sua1500rmi2u": ("apc", 19, "OL"),
    "apc_surt3000xl": ("apc", 20, "OL"),
    "apc_symmetralx": ("apc", 19, "OL"),
    "cxc_ups": ("tripplite_ietf", 13, "OL"),
    "cyberpower_cp1000pfclcd": ("cyberpower2", 16, "OL RB"),
    "cyberpower_pr2200rt2uc": ("cyberpower", 28, "OL"),
    "dell-ups_tower1000w": ("ietf", 22, "OL"),
    "deltaups": ("delta_ups", 6, None),
    "deltaups_rfc1628string": ("tripplite_ietf", 16, "OL"),
    "eaton-mgeups_93ps": ("mge", 15, "OL"),
    "eaton-mgeups_9px": ("mge", 15, "OL"),
    "eaton-mgeups_9pxle": ("mge", 34, "OL"),
    "eatonpdu_2": ("eaton_marlin", 487, None),
    "eatonpdu_dbq": ("aphel_revelation", 215, None),
    "eatonups_eaton-connectups": ("eaton_pw_nm2", 27, "OL"),
    "eatonupsm2_9px": ("eaton_pw_nm2", 7, None),
    "eatonupsm2_9px+empg2": ("eaton_pw_nm2", 84, "OL"),
    "generex-ups_cs121": ("ietf", 35, "OL"),
    "generex-ups_cs141": ("ietf", 40, "OL BYPASS"),
    "generex-ups_cs141-v22036": ("ietf", 42, "OL"),
    "hpe-mapdu_pdu2": ("hpe_pdu", 86, None),
    "huaweiups_ups2000": ("tripplite_ietf", 19, "OL"),
    "liebert_apm": ("tripplite_ietf", 24, "OL"),
    "netmanplus_204": ("ietf", 53, "OL"),
    "netmanplus_mct20": ("ietf", 54, "OL"),
    "netvision-rfc": ("tripplite_ietf", 22, "OL"),
    "orvaldi-ups": ("tripplite_ietf", 21, "OL"),
    "poweralert_2": ("tripplite_ietf", 24, "OL"),
    "poweralert_ups": ("tripplite_ietf", 17, ""),
    "powerwalker-vfi_500r1u": ("tripplite_ietf", 18, "OL"),
    "raritan-pdu_px2": ("raritan_px2", 56, None),
    "ups-apc-battery-low": ("apc", 18, "OL LB RB"),
    "ups-apc-battery-ok": ("apc", 18, "OL"),
    "ups-standard": ("tripplite_ietf", 16, None),
    "webpower-smart2": ("tripplite_ietf", 6, None),
}
# Devices of which NUT's mappings know nothing, and walks that hold nothing of what they know.
STRANGE = 47
FILES = {each.stem: each for each in walks.files()}


@pytest.fixture(autouse=True)
def _walks():
    walks.need()


def player(name):
    return walks.Player(walks.read(FILES[name]))


@pytest.mark.parametrize("name", FOUND)
def test_the_mapping_is_found_and_tells_what_it_should(name):
    agent = player(name)
    mapping = agent.find()
    assert mapping
    reading = agent.poll(agent.plan(mapping))
    assert (mapping.id, len(reading.variables), reading.status) == FOUND[name]


def test_no_mapping_is_found_for_the_others():
    others = FILES.keys() - FOUND.keys()
    assert [name for name in others if player(name).find()] == []
    assert len(others) == STRANGE


@pytest.mark.parametrize("name", FOUND)
def test_all_that_a_walk_holds_of_its_mapping_is_asked_for(name):
    agent = player(name)
    mapping = agent.find()
    plan = agent.plan(mapping)
    due = set(plan.due(Walk.FULL))
    for row in mapping.rows:
        form = re.compile(re.escape(row.oid or "none").replace(INDEX, r"\d+"))
        held = [oid for oid in agent.walk if form.fullmatch(oid)]
        if not re.search(r"L[123]|\.phases|voltage", row.variable):
            assert set(held) <= due, row


@pytest.mark.parametrize("name", FOUND)
def test_every_value_is_told_or_means_nothing(name):
    agent = player(name)
    plan = agent.plan(agent.find())
    reading = agent.poll(plan)
    silent = (Kind.INTEGER, -1), (Kind.GAUGE, 2**32 - 1)
    for item in plan.objects():
        answer = agent.walk[item.oid]
        if item.name not in reading.variables and not item.is_status and not item.is_alarm:
            is_listed = item.row.lookup is not None or item.is_count_of_alarms
            negative = answer.number is not None and answer.number < 0
            assert (answer.kind, answer.content) in silent or is_listed or negative, item


@pytest.mark.parametrize("name", FOUND)
def test_what_a_device_lacks_is_not_asked_again(name):
    agent = player(name)
    plan = agent.plan(agent.find())
    first = plan.due(Walk.FULL)
    agent.poll(plan)
    second = plan.due(Walk.FULL)
    assert set(second) <= set(agent.walk)
    assert set(plan.due(Walk.FAST)) <= set(second)
    assert len(second) < len(first)


@pytest.mark.parametrize("name", FOUND)
def test_it_reads_the_same_twice(name):
    agent = player(name)
    plan = agent.plan(agent.find())
    first = agent.poll(plan)
    assert agent.poll(plan) == first
    assert agent.poll(plan, Walk.FAST) == first
    assert agent.poll(plan, Walk.CHANGED) == first


@pytest.mark.parametrize("name", FOUND)
def test_it_needs_few_rounds(name):
    agent = player(name)
    search = finding.Search(finding.candidates(["auto"]))
    rounds = 0
    while oids := search.ask():
        search.take(agent.get(oids))
        rounds += 1
    plan = agent.plan(search.found)
    assert rounds <= 5
    assert part_of(plan.mapping.rows[0].flags) is None


def test_nothing_but_noise_gives_no_mapping():
    agent = walks.Player({finding.SYSTEM: Value(Kind.OCTETS, b"\xff noise")})
    assert agent.find() is None
    assert walks.Player({}).find() is None
