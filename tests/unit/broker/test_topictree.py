"""Which filters match which topics, found through a tree and by the plain rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.broker.topictree import MAX_LEVELS, TopicTree, is_filter, is_topic

LEVELS = st.sampled_from(["a", "b", "", "$SYS", "+"])
TOPICS = st.lists(LEVELS.filter(lambda level: level != "+"), min_size=1, max_size=4)
FILTERS = st.tuples(st.lists(LEVELS, min_size=1, max_size=4), st.booleans()).map(
    lambda parts: [*parts[0], "#"] if parts[1] else parts[0]
)


def matches(pattern: list[str], topic: list[str]) -> bool:
    """Say it as the standard does, level by level."""
    if topic[0].startswith("$") and pattern[0] in {"+", "#"}:
        return False
    if pattern[-1] == "#":
        pattern, topic = pattern[:-1], topic[: len(pattern) - 1]
    return len(pattern) == len(topic) and all(
        wanted in {"+", level} for wanted, level in zip(pattern, topic, strict=True)
    )


@given(st.lists(FILTERS, max_size=8), TOPICS)
def test_a_topic_finds_the_filters_that_match_it(patterns, topic):
    tree = TopicTree[str]()
    for pattern in patterns:
        tree.set("/".join(pattern), "/".join(pattern))
    found = tree.of_topic("/".join(topic))
    assert sorted(found) == sorted({"/".join(p) for p in patterns if matches(p, topic)})


@given(st.lists(TOPICS, max_size=8), FILTERS)
def test_a_filter_finds_the_topics_that_it_matches(topics, pattern):
    tree = TopicTree[str]()
    for topic in topics:
        tree.set("/".join(topic), "/".join(topic))
    found = tree.of_filter("/".join(pattern))
    assert sorted(found) == sorted({"/".join(t) for t in topics if matches(pattern, t)})


@given(st.lists(TOPICS, max_size=8))
def test_nothing_is_left_when_all_are_removed(topics):
    tree = TopicTree[int]()
    for topic in topics:
        tree.set("/".join(topic), 1)
    for topic in topics:
        tree.remove("/".join(topic))
        assert tree.get("/".join(topic)) is None
    assert not tree._root.below


@pytest.mark.parametrize("text", ["a", "/", "a/+/b", "+", "#", "a/#", "+/+/#", "/a"])
def test_what_may_be_subscribed_to(text):
    assert is_filter(text)


@pytest.mark.parametrize("text", ["", "a#", "#/a", "a/#/b", "a+", "a/b+/c", "a\0", "##"])
def test_what_may_not_be_subscribed_to(text):
    assert not is_filter(text)


def test_a_topic_has_no_wildcard_and_an_end():
    assert is_topic("a/b")
    assert not is_topic("a/+")
    assert not is_topic("#")
    assert not is_topic("/" * MAX_LEVELS)
