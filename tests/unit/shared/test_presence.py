"""When a service says again that it is there, and what it makes of others who use its name."""

import logging

import pytest

from shared.presence import INTERVAL, LEAST_INTERVAL, Identity, Presence
from shared.topics import Topics


@pytest.fixture
def presence():
    presence = Presence(Identity("gateway", "centre"), Topics())
    presence.say(100.0)
    return presence


def test_nothing_is_due_before_it_was_said_first():
    presence = Presence(Identity("gateway", "centre"), Topics())
    presence.hear(b"offline", 1.0)
    assert not presence.is_due(1e9)


def test_it_is_said_again_now_and_then_at_no_fixed_time(presence):
    assert not presence.is_due(100 + 0.74 * INTERVAL)
    assert presence.is_due(100 + 1.26 * INTERVAL)
    due = set()
    for _ in range(10):
        presence.say(0.0)
        due.add(next(second for second in range(200) if presence.is_due(second)))
    assert len(due) > 1


@pytest.mark.parametrize("payload", [b"offline", b"", b"nonsense"])
def test_who_says_otherwise_is_contradicted_at_once_but_not_more_often(presence, payload):
    presence.hear(payload, 130.0)
    assert presence.is_due(130.0)
    presence.say(130.0)
    presence.hear(payload, 130.1)
    assert not presence.is_due(130.2)
    assert presence.is_due(130.0 + LEAST_INTERVAL)


def test_one_of_the_same_name_is_told_once_and_our_own_echoes_are_none(presence, caplog):
    with caplog.at_level(logging.WARNING):
        presence.hear(b"online", 109.0)  # it came late, and twice
        presence.hear(b"online", 109.1)
        presence.say(160.0)
        presence.hear(b"online", 160.1)
        assert caplog.messages == []
        for second in (170.0, 230.0, 290.0):
            presence.hear(b"online", second)
    assert caplog.messages == [
        "another gateway service on the bus has the id 'centre' too, and each is taken for the"
        " other: give each its own id"
    ]


def test_in_a_cluster_it_is_said_more_often():
    presence = Presence(Identity("gateway", "centre"), Topics(), interval=5.0)
    presence.say(100.0)
    assert presence.is_due(107.0)
