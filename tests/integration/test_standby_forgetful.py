"""Hot standby at a cluster that keeps not all it acknowledges, and whose nodes part."""

import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from services.broker.packets import Message as BrokerMessage
from services.broker.packets import publish_packet
from services.driver import publisher, standby
from shared.messages import Claim, DeviceEvent, DeviceMeta, Message, read
from shared.topics import DeviceTopic, Topics
from tests.brokers import Embedded
from tests.integration.watcher import Watcher, driver_settings, driving, watching

pytestmark = pytest.mark.integration

DEVICE = "ups1"
META, CLAIM = (Topics().device(DEVICE, part) for part in (DeviceTopic.META, DeviceTopic.CLAIM))
EVENT = Topics().device(DEVICE, DeviceTopic.EVENT)
BEFORE = DeviceMeta(
    desc="", driver="dummy", service="before", commands=[], writable={}, standby=True
)


class Nodes(Embedded):
    """A broker like a cluster: it `loses` what it is to keep, and its nodes may part.

    Then a driver service hears live no claim but its own; what is kept is the same for all.
    """

    loses: Callable[[BrokerMessage], bool] = staticmethod(lambda _: False)
    are_parted = False

    async def start(self) -> None:
        await super().start()
        assert self.server
        self._keep, self._publish = self.server._retain, self.server.publish
        self.server._retain = self._perhaps  # type: ignore[method-assign]
        self.server.publish = self._pass_on  # type: ignore[method-assign]

    def _perhaps(self, message: BrokerMessage) -> None:
        if not self.loses(message):
            self._keep(message)

    def _pass_on(self, message: BrokerMessage) -> None:
        if not (self.are_parted and message.topic == CLAIM):
            self._publish(message)
            return
        assert self.server
        self._keep(message)
        sender = read(Claim, Message(message.topic, message.payload, False)).service
        live = BrokerMessage(message.topic, message.payload, qos=0)
        for subscribers in self.server._subscriptions.of_topic(CLAIM):
            for connection in subscribers:
                is_driver = "-driver-" in f"-{connection.client}"
                if not is_driver or f"driver-{sender}" in connection.client:
                    connection.deliver(live, 0, publish_packet(live))

    def described(self) -> DeviceMeta:
        assert self.server
        message = self.server.retained_now(META)
        assert message
        return read(DeviceMeta, Message(META, message.payload, True))


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncGenerator[Nodes]:
    broker = Nodes(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@contextlib.asynccontextmanager
async def service(nodes: Nodes, folder: Path, id: str) -> AsyncGenerator[None]:
    (folder / "ups.dev").write_text("ups.status: OL\n")
    device = {"driver": "dummy", "port": "ups.dev", "standby": True}
    async with driving(driver_settings(nodes.url, folder, {DEVICE: device}, id=id)):
        yield


def claims(watcher: Watcher) -> list[Claim]:
    return [read(Claim, each) for each in watcher.messages if each.topic == CLAIM]


async def works(watcher: Watcher, id: str) -> None:
    def is_told() -> bool:
        meta = watcher.meta(DEVICE)
        return meta is not None and meta.service == id

    await watcher.until(is_told, f"told by {id}")
    await watcher.available(DEVICE)


async def test_who_hears_no_live_word_sees_by_what_is_kept_that_another_works(
    nodes, tmp_path, monkeypatch
):
    monkeypatch.setattr(standby, "GUARD", 0.2)
    monkeypatch.setattr(standby, "SILENCE", 1.5)
    async with watching(nodes.url) as watcher, service(nodes, tmp_path, "left"):
        await works(watcher, "left")
        async with service(nodes, tmp_path, "right"):
            await watcher.online("right")
            nodes.are_parted = True
            said = len(claims(watcher))
            await watcher.until(lambda: len(claims(watcher)) > said + 6, "3 s of beats")
            assert {claim.service for claim in claims(watcher)} == {"left"}


async def test_who_took_a_device_over_says_so_until_the_broker_keeps_it(
    nodes, tmp_path, monkeypatch
):
    monkeypatch.setattr(standby, "GUARD", 0.2)
    monkeypatch.setattr(publisher, "INSISTING", (0.2, 0.2, 0.2))
    lost: list[BrokerMessage] = []

    def loses(message: BrokerMessage) -> bool:
        if message.topic == META and len(lost) < 2:
            lost.append(message)
            return True
        return False

    async with watching(nodes.url) as watcher:
        publication = BEFORE.publication(Topics(), DEVICE)
        await watcher.say(publication.topic, publication.payload, retain=True)
        nodes.loses = loses
        async with service(nodes, tmp_path, "left"):
            await watcher.until(lambda: nodes.described().service == "left", "kept")
    assert len(lost) == 2


async def test_an_event_of_one_that_was_cut_off_is_not_the_last_that_is_heard(
    nodes, tmp_path, monkeypatch
):
    monkeypatch.setattr(standby, "GUARD", 0.2)
    monkeypatch.setattr(publisher, "QUIET", 0.2)
    late = DeviceEvent(type="ONBATT", at=time.time(), status="OB", text="UPS ups1 on battery")
    async with watching(nodes.url) as watcher, service(nodes, tmp_path, "left"):
        await works(watcher, "left")
        for word in (late, Claim(service="before", term="t", beat=9, status="OB")):
            await watcher.bus.publish(word.publication(Topics(), DEVICE))
        await watcher.until(lambda: len(watcher.events(DEVICE)) > 1, "an event after the late one")
    assert watcher.events(DEVICE) == ["ONBATT", "ONLINE"]
