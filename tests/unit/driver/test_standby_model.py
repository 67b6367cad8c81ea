"""Candidates on a simulated broker, through everything that can happen: never two at work."""

import pytest

from services.driver import standby
from tests.unit.driver.standby_world import World

NEW = 60.0  # seconds of disturbances in one story
CALM = 20.0
SEEDS = 150


def stories(seeds, nodes):
    for seed in seeds:
        story(seed, nodes)


def story(seed, nodes, **how):
    world = World(seed, nodes, **how)
    for node in world.nodes:
        node.start()
    while world.now < NEW:
        world.run(world.random.choice((0.1, 0.7, 2.0, 5.0)))
        world.disturb()
    world.calm()
    world.run(CALM)
    return world


@pytest.mark.parametrize("nodes", [2, 3])
def test_never_two_work_and_in_calm_one_does(nodes):
    for seed in range(SEEDS // nodes):
        assert len(story(seed, nodes).at_work) == 1, f"seed {seed}"


def test_a_preferred_one_that_takes_over_does_so_alone():
    for seed in range(SEEDS // 3):
        assert story(seed, 2, preempts=True).at_work == ["n0"], f"seed {seed}"


@pytest.mark.parametrize(
    ("name", "value"), [("GUARD", 0.5), ("LEASE", 9.0)], ids=["short guard", "long lease"]
)
def test_the_model_finds_a_mistake(monkeypatch, name, value):
    monkeypatch.setattr(standby, name, value)
    with pytest.raises(AssertionError, match="work at once"):
        stories(range(SEEDS * 4), 3)


@pytest.mark.nightly
@pytest.mark.parametrize("nodes", [2, 3, 4])
def test_never_two_work_through_many_stories(nodes):
    for seed in range(1000, 1500):
        assert len(story(seed, nodes).at_work) == 1, f"seed {seed}"


def at_work(seed):
    """Two nodes, and the one of them that works."""
    world = World(seed, 2)
    for node in world.nodes:
        node.start()
    world.run(8)
    (name,) = world.at_work
    return world, next(node for node in world.nodes if node.name == name)


def with_its_worker_cut_off(seed):
    """Two nodes, of which the one that works is split off, and its will never comes."""
    world, worker = at_work(seed)
    world.keepalive = 1e9
    worker.session.is_split = True
    return world, worker


def test_one_that_is_silent_is_replaced_though_its_will_never_comes():
    for seed in range(20):
        world, worker = with_its_worker_cut_off(seed)
        world.run(standby.SILENCE + standby.GUARD + 1.0)
        assert world.at_work
        assert world.at_work != [worker.name]


def test_one_that_was_cut_off_leaves_the_device_to_who_took_over():
    for seed in range(8):
        world, worker = with_its_worker_cut_off(seed)
        world.run(world.random.uniform(6.0, 30.0))
        (successor,) = world.at_work
        worker.session.is_split = False  # all that it said meanwhile arrives
        for _ in range(100):
            world.run(0.1)
            assert world.at_work == [successor], f"seed {seed}"


def parted(seed):
    """Two nodes at broker nodes of a cluster that do not hear each other, and keep the same."""
    world, worker = at_work(seed)
    world.is_parted = True
    return world, worker


def test_where_nodes_of_a_cluster_do_not_hear_each_other_what_they_keep_tells_who_works():
    for seed in range(8):
        world, worker = parted(seed)
        for _ in range(200):
            world.run(0.1)
            assert world.at_work == [worker.name], f"seed {seed}"
        world.is_parted = False
        world.run(10)
        assert world.at_work == [worker.name], f"seed {seed}"


def test_where_they_do_not_hear_each_other_one_that_is_killed_is_replaced():
    for seed in range(8):
        world, worker = parted(seed)
        world.run(world.random.uniform(0, 10))
        worker.kill()
        world.run(2 * standby.SILENCE + standby.GUARD)
        assert world.at_work, f"seed {seed}"


def test_both_started_at_the_same_moment():
    for seed in range(40):
        world = World(seed, 2)
        for node in world.nodes:
            node.start()
            node.connects_at = 0.0
            node.priority = 1
        world.run(6)
        assert len(world.at_work) == 1
