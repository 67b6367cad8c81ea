"""Two driver services and one SNMP UPS: one works, the other takes over, never both at once."""

import asyncio
import contextlib
import signal
import time

import pytest

from services.driver.protocols.snmpwire.ber import oid_bytes
from services.driver.standby import BEAT, LEASE
from shared.bus import connect
from shared.fleet import Fleet
from shared.messages import Availability, Claim, DeviceMeta, DeviceState, Message, read
from shared.settings import BusSettings
from shared.topics import DeviceTopic
from tests.integration.power import host, nobody_went_down
from tests.integration.watcher import driver_settings, driving, watching
from tests.simulators.snmpups import BATTERY, NORMAL
from tests.standbys import DEVICE, STATUS, Service, SharedAgent, proxy, services, until

pytestmark = pytest.mark.integration

MONITOR = "nut/service/monitor/tested/availability"


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
async def watcher(broker):
    async with watching(broker.url) as watcher:
        yield watcher


@pytest.fixture
async def pair(broker, tmp_path, agent, watcher):
    """Two services; the first of them works."""
    first = Service("first", broker.url, tmp_path, agent.port)
    second = Service("second", broker.url, tmp_path, agent.port)
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


async def test_in_good_order_it_is_handed_over_at_once(pair, agent, watcher):
    first, _ = pair
    beat = claim_of(watcher).beat
    await watcher.until(lambda: claim_of(watcher).beat > beat + 8, "both to know each other")
    await first.stop()
    await held_by(watcher, "second")
    claims = [
        read(Claim, each)
        for each in watcher.messages
        if each.topic == watcher.topic(DEVICE, DeviceTopic.CLAIM)
    ]
    (release,) = [claim for claim in claims if claim.released]
    assert (release.service, release.clean) == ("first", True)
    assert agent.turns == ["first", "second"]
    assert max_beat(claims, "second", watcher) < 4, "the second waited, which it need not"


def max_beat(claims, who, watcher):
    """Count the words of one until it told of the device."""
    meta_topic = watcher.topic(DEVICE, DeviceTopic.META)
    beats = 0
    for message in watcher.messages:
        if message.topic == watcher.topic(DEVICE, DeviceTopic.CLAIM):
            beats += read(Claim, message).service == who
        elif message.topic == meta_topic and read(DeviceMeta, message).service == who:
            return beats
    return beats


async def test_a_frozen_one_sends_nothing_more_when_it_wakes(pair, agent, watcher):
    first, _second = pair
    first.send(signal.SIGSTOP)
    await agent.asked_by("second")
    await held_by(watcher, "second")
    asked = agent.number("first")
    first.send(signal.SIGCONT)
    await second_goes_on(watcher, "first")
    assert agent.number("first") == asked
    assert agent.turns == ["first", "second"]


async def second_goes_on(watcher, other):
    """Wait until the other is back on the bus, and the second has gone on for a while."""
    topic = f"nut/service/driver/{other}/availability"
    begun = len(watcher.messages)
    await watcher.until(
        lambda: (
            any(m.topic == topic and m.payload == b"online" for m in watcher.messages[begun:])
            or watcher.now.get(topic) == b"online"
        ),
        f"{other} online",
    )
    beat = claim_of(watcher).beat
    await watcher.until(lambda: claim_of(watcher).beat > beat + 8, "more beats")
    assert claim_of(watcher).service == "second"


async def test_a_request_has_exactly_one_result_before_and_after(pair, agent, watcher):
    first, _ = pair
    for who in ("first", "second"):
        result = await watcher.ask(DEVICE, DeviceTopic.COMMAND, "driver.nonsense", id=f"x-{who}")
        assert result.status == "unknown"
        result = await watcher.ask(DEVICE, DeviceTopic.SET, "ups.id", value="x", id=f"y-{who}")
        if who == "first":
            await first.kill()
            await held_by(watcher, "second")
            await watcher.available(DEVICE)
    beat = claim_of(watcher).beat
    await watcher.until(lambda: claim_of(watcher).beat > beat + 2, "time for a second result")
    for id in ("x-first", "y-first", "x-second", "y-second"):
        assert len(watcher.results(DEVICE, id)) == 1


async def test_the_state_goes_on_where_the_other_left_it(pair, agent, watcher):
    first, _ = pair
    agent.objects.put(STATUS, BATTERY)
    await watcher.variable(DEVICE, "ups.status", "OB")
    beat = claim_of(watcher).beat
    await watcher.until(lambda: claim_of(watcher).beat > beat + 1, "told in the claim")
    await first.kill()
    await held_by(watcher, "second")
    await watcher.available(DEVICE)
    agent.objects.put(STATUS, NORMAL)
    await watcher.until(lambda: "ONLINE" in watcher.events(DEVICE), "ONLINE")
    states = [
        read(DeviceState, each)
        for each in watcher.messages
        if each.topic == watcher.topic(DEVICE, DeviceTopic.STATE)
    ]
    sequences = [state.seq for state in states]
    assert sequences == sorted(set(sequences))
    assert watcher.events(DEVICE) == ["ONBATT", "ONLINE"]


async def test_one_that_is_cut_off_stops_and_does_not_begin_again(broker, tmp_path, agent):
    async with proxy(broker.port) as line, watching(broker.url) as watcher:
        first = Service("first", line.url, tmp_path, agent.port)
        second = Service("second", broker.url, tmp_path, agent.port)
        async with services(first, second):
            await first.start()
            await held_by(watcher, "first")
            await second.start()
            await watcher.online("second")
            line.cut()
            await agent.asked_by("second")
            await held_by(watcher, "second")
            line.mend()
            await second_goes_on(watcher, "first")
            assert agent.turns == ["first", "second"]


@pytest.mark.nightly
async def test_a_line_that_breaks_ends_the_work_until_it_is_back(broker, tmp_path, agent):
    async with proxy(broker.port) as line, watching(broker.url) as watcher:
        first = Service("first", line.url, tmp_path, agent.port)
        second = Service("second", broker.url, tmp_path, agent.port)
        async with services(first, second):
            await first.start()
            await held_by(watcher, "first")
            await second.start()
            await watcher.online("second")
            line.reset()
            await held_by(watcher, "second")
            assert agent.turns == ["first", "second"]


async def test_who_was_heard_late_goes_on_to_tell_of_the_device(broker, tmp_path, agent):
    async with proxy(broker.port) as line, watching(broker.url) as watcher:
        first = Service("first", line.url, tmp_path, agent.port, keepalive=10)
        async with services(first):
            await first.start()
            await watcher.available(DEVICE)
            line.cut()
            await asyncio.sleep(LEASE + BEAT)  # no claim is confirmed in time
            line.mend()
            beat = claim_of(watcher).beat
            await watcher.until(lambda: claim_of(watcher).beat > beat + 6, "beats")
            before = sequence(watcher)
            await watcher.until(lambda: sequence(watcher) > before + 2, "states")


def sequence(watcher):
    state = watcher.state(DEVICE)
    assert state
    return state.seq


async def test_what_one_that_was_cut_off_had_said_comes_late_and_changes_nothing(
    broker, tmp_path, agent
):
    """The first reads OB, cannot say so, and its connection outlives the cut."""
    async with proxy(broker.port) as line, watching(broker.url) as watcher:
        first = Service("first", line.url, tmp_path, agent.port, keepalive=60, heartbeat=60)
        second = Service("second", broker.url, tmp_path, agent.port, heartbeat=60)
        async with services(first, second), showing(broker.url) as shown:
            await first.start()
            await held_by(watcher, "first")
            await second.start()
            await watcher.online("second")
            await watcher.variable(DEVICE, "ups.status", "OL")
            line.cut()
            agent.objects.put(STATUS, BATTERY)
            await reads_the_status(agent, "first")
            agent.objects.put(STATUS, NORMAL)
            await agent.asked_by("second")
            before = sequence(watcher)
            await watcher.until(lambda: sequence(watcher) > before, "told by the second")
            begun = len(watcher.messages)
            line.mend()
            late = await watcher.until(lambda: first_late(watcher, begun), "a late state")
            await watcher.until(lambda: sequence(watcher) > late.seq, "contradicted")
            beat = claim_of(watcher).beat
            await watcher.until(lambda: claim_of(watcher).beat > beat + 4, "more beats")
            claims = [claim for claim in claims_since(watcher, begun) if claim.beat == 0]
    assert late.vars["ups.status"] == "OB"
    assert claims == []
    assert agent.turns == ["first", "second"]
    assert set(shown) == {"OL"}


async def reads_the_status(agent, who):
    """Wait until one has read it; what is asked next is asked with that in mind."""
    begun, wanted = len(agent.requests), oid_bytes(STATUS)

    def has_read():
        new = zip(agent.requests[begun:], agent.asked[begun:], strict=True)
        asked = [{oid for oid, _ in pdu.bindings} for (_, asker), pdu in new if asker == who]
        return any(wanted in oids for oids in asked[:-1])

    await until(has_read, f"{who} reads the status")


def first_late(watcher, begun):
    topic = watcher.topic(DEVICE, DeviceTopic.STATE)
    late = [read(DeviceState, each) for each in watcher.messages[begun:] if each.topic == topic]
    return next((state for state in late if state.vars["ups.status"] == "OB"), None)


def claims_since(watcher, begun):
    topic = watcher.topic(DEVICE, DeviceTopic.CLAIM)
    return [read(Claim, each) for each in watcher.messages[begun:] if each.topic == topic]


def status_of(device):
    return [device.status] if device and device.state else []


@contextlib.asynccontextmanager
async def showing(url):
    """Give the values of ups.status that a mirror shows, one after the other."""
    shown = []
    async with connect(BusSettings(broker=url)) as bus:
        fleet = Fleet(bus.topics)
        fleet.follow(lambda _, device: shown.extend(status_of(device)))
        mirroring = asyncio.create_task(mirror(bus, fleet))
        try:
            yield shown
        finally:
            mirroring.cancel()


async def test_the_broker_is_killed_and_comes_back(broker, tmp_path, agent):
    await killed_and_back(broker, tmp_path, agent)


@pytest.mark.nightly
async def test_every_broker_is_killed_and_comes_back(any_broker, tmp_path, agent):
    await killed_and_back(any_broker, tmp_path, agent)


async def killed_and_back(any_broker, tmp_path, agent):
    first = Service("first", any_broker.url, tmp_path, agent.port)
    second = Service("second", any_broker.url, tmp_path, agent.port)
    async with services(first, second):
        async with watching(any_broker.url) as watcher:
            await first.start()
            await held_by(watcher, "first")
            await second.start()
            await watcher.online("second")
        await any_broker.kill()
        await until(lambda: "was lost" in first.log, "lost")
        asked = len(agent.requests)
        await any_broker.start()
        async with watching(any_broker.url) as watcher:
            await until(lambda: len(agent.requests) > asked + 20, "asked again")
            await watcher.until(lambda: claim_of(watcher), "a claim")
            await watcher.online("first")
            await watcher.online("second")
            turns = agent.turns
            beat = claim_of(watcher).beat
            await watcher.until(lambda: claim_of(watcher).beat > beat + 6, "beats")
            assert agent.turns == turns
            assert len(turns) <= 2


async def test_both_started_at_the_same_moment(broker, tmp_path, agent, watcher):
    first = Service("first", broker.url, tmp_path, agent.port)
    second = Service("second", broker.url, tmp_path, agent.port)
    async with services(first, second):
        await asyncio.gather(first.start(), second.start())
        await watcher.online("first")
        await watcher.online("second")
        await watcher.until(lambda: watcher.meta(DEVICE), "told")
        beat = claim_of(watcher).beat
        await watcher.until(lambda: claim_of(watcher).beat > beat + 8, "beats")
        assert len(agent.turns) == 1


async def test_one_that_knows_no_standby_is_left_alone(broker, tmp_path, agent):
    async with watching(broker.url) as watcher:
        first = Service("first", broker.url, tmp_path, agent.port, standby=None)
        second = Service("second", broker.url, tmp_path, agent.port)
        async with services(first, second):
            await first.start()
            await held_by(watcher, "first")
            await second.start()
            await until(lambda: "knows of no standby" in second.log, "warned")
            assert agent.turns == ["first"]
            await first.kill()
            await held_by(watcher, "second")
            assert agent.turns == ["first", "second"]


@pytest.mark.nightly
async def test_the_preferred_one_takes_it_back_if_it_is_told_to(broker, tmp_path, agent):
    async with watching(broker.url) as watcher:
        first = Service("first", broker.url, tmp_path, agent.port, preempt=True)
        second = Service("second", broker.url, tmp_path, agent.port, priority=2)
        async with services(first, second):
            await second.start()
            await held_by(watcher, "second")
            await first.start()
            await held_by(watcher, "first")
            beat = claim_of(watcher).beat
            await watcher.until(lambda: claim_of(watcher).beat > beat + 8, "beats")
            assert agent.turns == ["second", "first"]


@pytest.mark.nightly
async def test_a_kill_is_survived_with_every_broker(any_broker, tmp_path, agent):
    first = Service("first", any_broker.url, tmp_path, agent.port)
    second = Service("second", any_broker.url, tmp_path, agent.port)
    async with watching(any_broker.url) as watcher, services(first, second):
        await first.start()
        await held_by(watcher, "first")
        await second.start()
        await watcher.online("second")
        await first.kill()
        await held_by(watcher, "second")
        assert agent.turns == ["first", "second"]


async def test_a_monitor_and_a_mirror_see_no_interruption(pair, broker, watcher, tmp_path):
    first, _ = pair
    seen = []
    fleet = Fleet(watcher.bus.topics)
    fleet.follow(lambda _name, device: seen.append(device.standing if device else None))
    supplies = [{"device": DEVICE, "role": "primary"}]
    notices = {"COMMBAD": {"flags": ["EXEC"]}, "NOCOMM": {"flags": ["EXEC"]}}
    told = tmp_path / "told"
    command = [str(program(tmp_path / "tell", f'echo "$NOTIFYTYPE" >> {told}'))]
    async with (
        connect(BusSettings(broker=broker.url)) as bus,
        host(broker.url, tmp_path, supplies, notify=notices, notify_command=command),
    ):
        mirroring = asyncio.create_task(mirror(bus, fleet))
        await watcher.until(lambda: watcher.now.get(MONITOR) == b"online", "the monitor")
        await until(lambda: seen and seen[-1] is Availability.ONLINE, "online")
        del seen[:]
        await first.kill()
        await held_by(watcher, "second")
        beat = claim_of(watcher).beat
        await watcher.until(lambda: claim_of(watcher).beat > beat + 8, "more than the patience")
        mirroring.cancel()
    assert set(seen) == {Availability.ONLINE}
    assert not told.exists(), told.read_text()
    assert nobody_went_down(tmp_path)


async def mirror(bus, fleet):
    await bus.subscribe(*fleet.filters)
    fleet.begin_session(time.monotonic())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(expiring(fleet))
        async for message in bus.listen():
            fleet.take(message, time.monotonic())


async def expiring(fleet):
    while True:
        await asyncio.sleep(0.2)
        fleet.expire(time.monotonic())


def program(path, line):
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return path


async def test_the_settings_may_change_while_it_runs(broker, tmp_path, watcher):
    (tmp_path / "ups.dev").write_text("ups.status: OL\n")
    alone = {"driver": "dummy", "port": "ups.dev"}
    shared = {**alone, "standby": True}

    def settings(device):
        return driver_settings(broker.url, tmp_path, {DEVICE: device})

    async with driving(settings(alone)) as latest:
        await watcher.available(DEVICE)
        assert not watcher.meta(DEVICE).standby
        latest.set(settings(shared))
        await watcher.until(lambda: watcher.meta(DEVICE).standby, "a standby")
        await watcher.until(lambda: claim_of(watcher).beat > 2, "beats")
        await watcher.available(DEVICE)
        latest.set(settings(alone))
        await watcher.until(lambda: claim_of(watcher).released, "released")
        await watcher.until(lambda: not watcher.meta(DEVICE).standby, "no standby")
        await watcher.available(DEVICE)
        latest.set(settings(shared))
        await watcher.until(lambda: watcher.meta(DEVICE).standby, "a standby again")
    await watcher.until(lambda: claim_of(watcher).released, "released at the end")


async def test_what_was_read_before_is_not_told_when_it_is_ours_again(pair, agent, watcher):
    first, second = pair
    agent.objects.put(STATUS, BATTERY)
    await watcher.variable(DEVICE, "ups.status", "OB")
    first.send(signal.SIGSTOP)
    await held_by(watcher, "second")
    agent.objects.put(STATUS, NORMAL)
    await watcher.variable(DEVICE, "ups.status", "OL")
    first.send(signal.SIGCONT)
    await second_goes_on(watcher, "first")
    begun = len(watcher.messages)
    await second.kill()
    await held_by(watcher, "first")
    await watcher.until(lambda: claim_of(watcher).beat > 6, "beats of the first")
    topic = watcher.topic(DEVICE, DeviceTopic.STATE)
    states = [read(DeviceState, each) for each in watcher.messages[begun:] if each.topic == topic]
    assert {state.vars["ups.status"] for state in states} == {"OL"}
