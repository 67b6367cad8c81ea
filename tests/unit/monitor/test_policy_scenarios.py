from itertools import pairwise

import pytest

from shared.service_messages import Phase
from tests.unit.monitor.scenarios import GROUPS, Scenario
from tests.unit.monitor.world import World

SCENARIOS = [scenario for group in GROUPS.values() for scenario in group]


WATCHING, HOSTSYNC, FINAL, DOWN = Phase
# From final on there is no way back but a new start, or the end of a dry run.
WAYS = {
    WATCHING: {WATCHING, HOSTSYNC},
    HOSTSYNC: {HOSTSYNC, FINAL, WATCHING},
    FINAL: {FINAL, DOWN},
    DOWN: {DOWN, WATCHING},
}


def supplies(scenario: Scenario) -> tuple[str, ...]:
    found = [supply.name for rules in scenario.hosts.values() for supply in rules.supplies]
    return tuple(dict.fromkeys(found))


def acted(scenario: Scenario) -> World:
    world = World(scenario.hosts, supplies(scenario))
    world.run(scenario.story, scenario.until)
    return world


def told(scenario: Scenario, world: World) -> str:
    """The notify types in order; with their host and supply where there are several."""
    words = []
    for host, notify in world.told:
        who = f"{host}/" if len(scenario.hosts) > 1 else ""
        supply = f":{notify.supply}" if notify.supply and len(supplies(scenario)) > 1 else ""
        words.append(f"{who}{notify.type}{supply}")
    return " ".join(words)


def by_host(words: str) -> dict[str, list[str]]:
    """What each host told, in order; who of two was first does not matter."""
    found: dict[str, list[str]] = {}
    for word in words.split():
        found.setdefault(word.rpartition("/")[0], []).append(word)
    return found


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_power_cut_ends_as_the_table_says(scenario: Scenario):
    world = acted(scenario)
    assert "; ".join(world.deeds) == scenario.does
    assert by_host(told(scenario, world)) == by_host(scenario.told)


def test_the_table_is_long_enough_and_says_nothing_twice():
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names))
    assert len(names) >= 60


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_it_does_not_matter_how_often_the_policy_is_asked(scenario: Scenario, monkeypatch):
    monkeypatch.setattr("tests.unit.monitor.world.TICK", 0.5)
    world = acted(scenario)
    assert "; ".join(world.deeds) == scenario.does


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_phases_only_go_the_ways_that_there_are(scenario: Scenario):
    world = acted(scenario)
    for name in scenario.hosts:
        phases = [power.phase for _, host, power in world.announced if host == name]
        for before, after in pairwise(phases):
            assert after in WAYS[before], (name, before, after)
