"""Forced shutdowns at a broker that acknowledges what it does not keep, as a NATS cluster may."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest

from services.broker.packets import Message as BrokerMessage
from services.console import orders
from services.gateway.link import Link as GatewayLink
from services.monitor.supplies.bus import BusLink as MonitorLink
from services.monitor.supplies.bus import Interests
from services.web.link import Link as WebLink
from shared import retaining
from shared.bus import Bus, connect
from shared.errors import BusError
from shared.messages import DeviceMeta, ForcedShutdown, Message, Publication, clearing
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.retaining import Outbox, retain
from shared.service_messages import MonitorPower, Phase
from shared.settings import BusSettings
from shared.topics import DeviceTopic, ServiceTopic, Topics
from tests.brokers import Embedded
from tests.ports import free_port

pytestmark = pytest.mark.integration

TIMEOUT = 30.0
TOPICS = Topics()
TOPIC = TOPICS.device("ups1", DeviceTopic.FSD)
ORDER = ForcedShutdown(by="somebody", at=1.0).publication(TOPICS, "ups1")
META = DeviceMeta(desc="", driver="dummy-ups", service="one", commands=[], writable={})


class Forgetful(Embedded):
    """A broker that keeps a forced shutdown only when it was said `misses` times before."""

    misses = 2

    async def start(self) -> None:
        await super().start()
        assert self.server
        self._keep = self.server._retain
        self.server._retain = self._perhaps  # type: ignore[method-assign]

    def _perhaps(self, message: BrokerMessage) -> None:
        if message.topic == TOPIC and message.payload and self.misses:
            self.misses -= 1
        else:
            self._keep(message)

    def keep_silently(self, publication: Publication) -> None:
        """Keep a message that nobody who is connected is told of."""
        self._keep(BrokerMessage(publication.topic, publication.payload, qos=1, retain=True))


@pytest.fixture
async def forgetful(tmp_path: Path, monkeypatch) -> AsyncGenerator[Forgetful]:
    monkeypatch.setattr(retaining, "PATIENCE", 0.3)
    broker = Forgetful(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@contextlib.asynccontextmanager
async def heard(settings: BusSettings, *filters: str) -> AsyncGenerator[asyncio.Queue[Message]]:
    """Collect what somebody hears who was there all the time."""
    found: asyncio.Queue[Message] = asyncio.Queue()

    async def listen(bus: Bus) -> None:
        async for message in bus.listen():
            found.put_nowait(message)

    async with asyncio.timeout(TIMEOUT), connect(settings) as bus, asyncio.TaskGroup() as tasks:
        await bus.subscribe(*filters)
        listening = tasks.create_task(listen(bus))
        yield found
        listening.cancel()


async def kept(settings: BusSettings) -> Message:
    """Wait until somebody who comes finds a forced shutdown."""
    while True:
        async with connect(settings) as bus:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    message = await anext(bus.listen(TOPIC))
                    if message.retained:
                        return message


async def test_what_a_broker_keeps_is_said_once(any_broker):
    settings = BusSettings(broker=any_broker.url)
    async with heard(settings, "nut/#") as found, connect(settings) as bus:
        await retain(bus, ORDER)
        await bus.publish(Publication("nut/after", b"1", 1, retain=False))
        assert (await found.get()).topic == TOPIC
        assert (await found.get()).topic == "nut/after"


async def test_what_a_broker_acknowledges_and_does_not_keep_is_said_again(forgetful, caplog):
    settings = BusSettings(broker=forgetful.url)
    async with heard(settings, "nut/#") as found, connect(settings) as bus:
        await retain(bus, ORDER)
        assert [(await found.get()).payload for _ in range(3)] == [ORDER.payload] * 3
        assert found.empty()
        assert (await kept(settings)).payload == ORDER.payload
    assert (
        caplog.messages.count(
            f"the broker acknowledged {TOPIC} and does not keep it; it is said again"
        )
        == 2
    )


async def test_an_order_that_somebody_cleared_is_not_said_again(forgetful):
    forgetful.misses = 1000
    settings = BusSettings(broker=forgetful.url)
    async with heard(settings, TOPIC) as found, connect(settings) as bus:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(retain(bus, ORDER))
            assert (await found.get()).payload == ORDER.payload
            async with connect(settings) as other:
                await other.publish(clearing(TOPIC))
        while (last := await found.get()).payload:  # one may have crossed the clearing
            pass
        assert found.empty(), last


async def test_of_two_orders_the_later_that_the_broker_keeps_is_enough(forgetful):
    settings, forgetful.misses = BusSettings(broker=forgetful.url), 1
    later = ForcedShutdown(by="another", at=2.0).publication(TOPICS, "ups1")
    async with heard(settings, TOPIC) as found, connect(settings) as bus:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(retain(bus, ORDER))
            assert (await found.get()).payload == ORDER.payload
            async with connect(settings) as other:
                await retain(other, later)
        said = [ORDER.payload, later.payload]
        while not found.empty():
            said.append((await found.get()).payload)
        assert (await kept(settings)).payload == said[-1]


async def test_two_orders_for_one_device_are_seen_through_side_by_side(any_broker):
    later = ForcedShutdown(by="another", at=2.0).publication(TOPICS, "ups1")
    settings = BusSettings(broker=any_broker.url)
    async with connect(settings) as bus:
        outbox = Outbox()
        async with asyncio.TaskGroup() as tasks:
            delivering = tasks.create_task(outbox.deliver(bus))
            for publication in (ORDER, later, ORDER, later):
                outbox.put(publication)
                await asyncio.sleep(0)
            await outbox.emptied(lambda: False)
            delivering.cancel()
        assert (await kept(settings)).payload == later.payload


async def test_an_order_that_is_wanted_no_more_is_not_said_again(forgetful):
    forgetful.misses = 1000
    wishes = iter((True, True, False))
    settings = BusSettings(broker=forgetful.url)
    async with heard(settings, TOPIC) as found, connect(settings) as bus:
        await retain(bus, ORDER, lambda: next(wishes))
        assert [(await found.get()).payload for _ in range(2)] == [ORDER.payload] * 2
        assert found.empty()


async def test_who_may_not_hear_what_is_said_goes_by_the_acknowledgement(forgetful, monkeypatch):
    said: list[BrokerMessage] = []
    monkeypatch.setattr(forgetful.server, "publish", said.append)
    async with asyncio.timeout(TIMEOUT), connect(BusSettings(broker=forgetful.url)) as bus:
        await retain(bus, ORDER)
    assert [message.topic for message in said] == [TOPIC, TOPIC]


async def test_a_broker_that_is_lost_ends_it(forgetful):
    forgetful.misses = 1000
    settings = BusSettings(broker=forgetful.url)
    lost = pytest.raises(ExceptionGroup)
    with lost as found:
        async with asyncio.timeout(TIMEOUT), connect(settings) as bus, asyncio.TaskGroup() as tasks:
            tasks.create_task(retain(bus, ORDER))
            await anext(bus.listen(TOPIC))
            await forgetful.kill()
    assert found.value.split(BusError)[1] is None


async def test_an_order_that_the_broker_has_only_later_is_found_by_who_is_there(forgetful):
    """A node of a cluster may hear of an order after a service came to it, and tell nobody."""
    brokers = f"{forgetful.url}, mqtt://127.0.0.1:{free_port()}"
    settings = BusSettings(broker=brokers, keepalive=2)
    async with asyncio.timeout(TIMEOUT), connect(settings, Identity("monitor", "host")) as bus:
        await bus.subscribe(TOPICS.every_device(DeviceTopic.FSD))
        await bus.online()
        forgetful.keep_silently(ORDER)
        async for message in bus.listen():
            if message.topic == TOPIC:
                assert message == Message(TOPIC, ORDER.payload, retained=True)
                break


async def gateway(settings: BusSettings) -> None:
    link = GatewayLink("g", TOPICS)
    link.force_shutdown("ups1", ForcedShutdown(by="us", at=1.0))
    await stay_connected(settings, Identity("gateway", "g"), link.session)


async def monitor(settings: BusSettings) -> None:
    link = MonitorLink("m", TOPICS, Interests(("ups1",)), lambda: None)
    link.force_shutdown("ups1", "the battery is low")
    await stay_connected(settings, Identity("monitor", "m"), link.session)


async def web(settings: BusSettings) -> None:
    link = WebLink("w", TOPICS)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stay_connected(settings, Identity("web", "w"), link.session))
        while link._bus is None:
            await asyncio.sleep(0.01)
        await link.force_shutdown("ups1", ForcedShutdown(by="us", at=1.0))


async def console(settings: BusSettings) -> None:
    async with connect(settings) as bus:
        await bus.publish(META.publication(TOPICS, "ups1"))
    assert "set" in await orders.force_shutdown(settings, "ups1", "", clear=False)


@pytest.mark.parametrize("giver", [gateway, monitor, web, console])
async def test_whoever_gives_the_order_sees_that_it_is_kept(
    forgetful, giver: Callable[[BusSettings], Awaitable[None]]
):
    settings = BusSettings(broker=forgetful.url)
    async with asyncio.timeout(TIMEOUT), asyncio.TaskGroup() as tasks:
        giving = asyncio.ensure_future(giver(settings))
        tasks.create_task(_cancelled(giving))
        assert (await kept(settings)).payload
        giving.cancel()
    assert not forgetful.misses


async def _cancelled(task: asyncio.Future[None]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_who_is_logged_in_and_how_a_host_stands_is_said_again(forgetful, monkeypatch):
    monkeypatch.setattr(retaining, "RESTATE_INTERVAL", 0.1)
    settings = BusSettings(broker=forgetful.url)
    there, here = GatewayLink("g", TOPICS), MonitorLink("m", TOPICS, Interests(), lambda: None)
    here.announce(MonitorPower(host="host", present=1, needed=1, phase=Phase.WATCHING))
    topics = (
        TOPICS.service("gateway", "g", ServiceTopic.LOGINS),
        TOPICS.service("monitor", "m", ServiceTopic.POWER),
    )
    async with heard(settings, *topics) as found, asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(stay_connected(settings, Identity("gateway", "g"), there.session)),
            tasks.create_task(stay_connected(settings, Identity("monitor", "m"), here.session)),
        ]
        count = dict.fromkeys(topics, 0)
        while min(count.values()) < 5:
            count[(await found.get()).topic] += 1
        for each in running:
            each.cancel()
