"""Several primaries of one UPS, through many stories: who has the power cut, and when."""

import random

import pytest

from shared.service_messages import Phase
from tests.unit.monitor.scenarios import primary, secondary
from tests.unit.monitor.world import World

HOSTS = ("a", "b", "c", "web")
SYNC = 15.0
STORIES = 50


def world():
    hosts = {name: primary(name) for name in HOSTS[:3]} | {"web": secondary("web")}
    return World(hosts, ("ups",))


def flags(world):
    """Who asked for the power to be cut, and when."""
    return [
        (float(words[0]), words[1])
        for words in (deed.split() for deed in world.deeds)
        if words[2:] == ["down", "flag"]
    ]


def forced_at(world):
    return min(float(deed.split()[0]) for deed in world.deeds if " fsd " in deed)


def run(seed, happenings, most):
    """Let so many things at most happen to hosts around the time at which the battery is low."""
    dice = random.Random(seed)
    events = ["0 ups OL", "10 ups OB", "60 ups OB LB"]
    for _ in range(dice.randint(0, most)):
        at, host = dice.uniform(55, 80), dice.choice(HOSTS)
        events.append(f"{at:.2f} {host} {dice.choice(happenings)}")
    acted = world()
    acted.run("; ".join(events), 200.0)
    return acted, events


def gone_at(world, name):
    """When a host left the bus: it ran its shutdown command, or died; None if it did not."""
    downs = [float(w[0]) for w in (d.split() for d in world.deeds) if w[1:3] == [name, "down"]]
    return downs[0] if downs else None


def test_all_go_and_one_alone_has_the_power_cut():
    acted, _ = run(0, (), 0)
    assert [who for _, who in flags(acted)] == ["a"]
    assert all(gone_at(acted, name) is not None for name in HOSTS)
    assert flags(acted)[0][0] == max(gone_at(acted, name) for name in HOSTS)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_hosts_that_die_leave_one_at_most_who_cuts_the_power_last(most):
    for seed in range(STORIES):
        acted, events = run(seed, ("dies",), most)
        found = flags(acted)
        assert len(found) <= 1, (seed, events, acted.deeds)
        for at, _ in found:
            downs = [gone_at(acted, name) for name in HOSTS]
            assert at == max(down for down in downs if down is not None), (seed, events)


def test_nobody_cuts_only_if_the_one_chosen_died_after_the_others_had_gone():
    for seed in range(STORIES):
        acted, events = run(seed, ("dies",), 2)
        survivors = [name for name in HOSTS[:3] if gone_at(acted, name) is not None]
        if flags(acted) or not survivors:
            continue
        last = max(gone_at(acted, name) for name in survivors)
        died = [float(event.split()[0]) for event in events if "dies" in event]
        assert max(died) >= last, (seed, events, acted.deeds)


@pytest.mark.parametrize("what", [("hangs",), ("hangs", "dies"), ("hangs", "goes-on", "dies")])
def test_who_hangs_is_waited_for_hostsync_and_no_longer(what):
    for seed in range(STORIES):
        acted, events = run(seed, what, 3)
        for at, who in flags(acted):
            still_up = [
                name
                for name, host in acted.hosts.items()
                if name != who and (gone_at(acted, name) is None or gone_at(acted, name) > at)
            ]
            died = {event.split()[1] for event in events if "dies" in event}
            late = at >= forced_at(acted) + SYNC
            assert late or set(still_up) <= died, (seed, events, acted.deeds)


def test_a_monitor_that_is_started_anew_does_not_spoil_it():
    for seed in range(STORIES):
        dice = random.Random(seed)
        at, who = dice.uniform(56, 69), dice.choice(HOSTS)
        acted = world()
        story = f"{at:.2f} {who} dies; {at + dice.uniform(0.1, 3):.2f} {who} restarts"
        acted.run(f"0 ups OL; 10 ups OB; 60 ups OB LB; {story}", 200.0)
        assert all(host.policy.phase is Phase.DOWN for host in acted.hosts.values()), story
        assert flags(acted), (story, acted.deeds)
