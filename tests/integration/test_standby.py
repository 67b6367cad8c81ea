"""Two driver services and one SNMP UPS: one works, the other takes over, never both at once."""

import pytest

from shared.messages import Claim, Message, read
from shared.topics import DeviceTopic
from tests.integration.watcher import watching
from tests.standbys import DEVICE, Service, SharedAgent, services

pytestmark = pytest.mark.integration


@pytest.fixture
async def agent():
    async with SharedAgent() as agent:
        yield agent


def claim_of(watcher):
    topic = watcher.topic(DEVICE, DeviceTopic.CLAIM)
    payload = watcher.now.get(topic)
    return read(Claim, Message(topic, payload, True)) if payload else None


async def held_by(watcher, who):
    await watcher.until(lambda: watcher.meta(DEVICE) and watcher.meta(DEVICE).service == who, who)


@pytest.fixture
async def watcher(any_broker):
    async with watching(any_broker.url) as watcher:
        yield watcher


@pytest.fixture
async def pair(any_broker, tmp_path, agent, watcher):
    """Two services; the first of them works."""
    first = Service("first", any_broker.url, tmp_path, agent.port)
    second = Service("second", any_broker.url, tmp_path, agent.port)
    async with services(first, second):
        await first.start()
        await held_by(watcher, "first")
        await second.start()
        await watcher.online("second")
        yield first, second


async def test_the_other_takes_over_after_a_kill(pair, agent, watcher):
    first, _second = pair
    await first.kill()
    await agent.asked_by("second")
    await held_by(watcher, "second")
    await watcher.available(DEVICE)
    assert agent.turns == ["first", "second"]
    first.settings.touch()
    await first.start()  # the old one comes back, and does not take it back
    await watcher.online("first")
    numbers = agent.number("first")
    await watcher.until(lambda: claim_of(watcher).beat > 10, "beats of the second")
    assert agent.number("first") == numbers
    assert claim_of(watcher).service == "second"
