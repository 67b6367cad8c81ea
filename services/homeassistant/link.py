"""The service's side of the bus: devices come in; discovery, energy and switched loads go out."""

import asyncio
import contextlib
import logging
import random
import socket
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

from services.homeassistant.discovery import origin, pairs
from services.homeassistant.ledger import Ledger
from services.homeassistant.metering import Metering, standing
from services.homeassistant.roster import Roster
from services.homeassistant.settings import HomeAssistantSection
from shared.bus import Bus
from shared.errors import PayloadError
from shared.fleet import SETTLE_TIME, Device, Fleet
from shared.messages import Availability, Message, Publication, Request, clearing
from shared.payloads import text_of
from shared.service_messages import ServiceInfo, service_availability
from shared.topics import (
    DeviceTopic,
    DiscoveryTopics,
    OfService,
    ServiceKind,
    ServiceTopic,
    Topics,
)

TICK: Final = 1.0
BORN: Final = "online"
BY: Final = "Home Assistant"
_OWN: Final = (ServiceTopic.ENERGY, ServiceTopic.STANDING)

logger = logging.getLogger(__name__)


class Link:
    """What the service hears and says on the bus; `session` is run for each connection to it."""

    def __init__(self, section: HomeAssistantSection, topics: Topics, metering: Metering) -> None:
        self._section = section
        self._topics = topics
        self._places = DiscoveryTopics(section.discovery_prefix)
        self._metering = metering
        name = origin(topics.prefix, section.id)["name"]
        self._ledger = Ledger(name, section.quiet_time)
        self._roster = Roster(topics, section.rules, self._want)
        self._fleet = Fleet(topics)
        self._fleet.follow(self._note)
        self._started = time.time()
        self._settled_at: float | None = None
        # While the broker still says what it holds, a device may seem to be away that is not.
        self._is_hushed = True
        self._has_rival = False  # told once for each connection
        # What is said of each device on topics of our own, and what of that the broker has.
        self._sayings: dict[str, Publication] = {}
        self._unsaid: dict[str, Publication] = {}
        self._news = asyncio.Event()
        self._due = asyncio.Event()

    def apply(self, section: HomeAssistantSection) -> None:
        """Follow other settings."""
        self._section = section
        self._ledger.quiet_time = section.quiet_time
        self._roster.apply(section.rules)
        self._metering.apply(section.rules)
        for name, device in self._fleet.devices.items():
            self._note(name, device)
        self._remove_strangers()

    async def session(self, bus: Bus) -> None:
        """Hear and say all there is until the connection is lost."""
        now = _monotonic()
        self._fleet.begin_session(now)
        self._ledger.begin_session(now)
        self._settled_at = now + max(SETTLE_TIME, self._section.quiet_time)
        self._is_hushed, self._has_rival = True, False
        try:
            await bus.subscribe(*self._filters())
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._announce(bus))
                tasks.create_task(self._tick())
                tasks.create_task(self._say(bus))
                tasks.create_task(self._discover(bus))
                async for message in bus.listen():
                    await self._take(bus, message)
        finally:
            self._fleet.end_session()
            self._metering.pause_all()

    def _filters(self) -> Iterator[str]:
        yield self._places.every_device
        yield self._section.birth_topic
        kind, id = ServiceKind.HOMEASSISTANT, self._section.id
        for part in _OWN:
            yield self._topics.about_every_device(kind, id, part)
        yield from self._fleet.filters
        yield self._topics.about_every_device(kind, id, ServiceTopic.SWITCH)

    async def _announce(self, bus: Bus) -> None:
        info = ServiceInfo(
            version=version("nutbus"), host=socket.gethostname(), started=self._started
        )
        kind, id = ServiceKind.HOMEASSISTANT, self._section.id
        # A broker that was restarted may still have that we are online, and what we said before.
        await bus.publish(service_availability(self._topics, kind, id, Availability.OFFLINE))
        await bus.publish(info.publication(self._topics, kind, id))
        await asyncio.sleep(self._section.quiet_time)
        self._is_hushed = False
        self._unsaid = {topic: each for topic, each in self._sayings.items() if each.payload}
        for name, device in self._fleet.devices.items():
            self._note(name, device)
        await self._say_all(bus)
        await bus.online()

    async def _tick(self) -> None:
        while True:
            now = _monotonic()
            self._fleet.expire(now)
            if self._settled_at is not None and now >= self._settled_at:
                self._settled_at = None
                self._remove_strangers()
            await asyncio.sleep(TICK)

    async def _take(self, bus: Bus, message: Message) -> None:
        now = _monotonic()
        if self._fleet.take(message, now):
            return
        if message.topic == self._section.birth_topic:
            self._greet(message, now)
        elif id := self._places.parse(message.topic):
            self._hear(id, message, now)
        else:
            about = self._topics.parse(message.topic)
            if isinstance(about, OfService) and about.part is ServiceTopic.SWITCH:
                await self._switch(bus, about, message)
            elif isinstance(about, OfService) and message.retained and message.payload:
                self._forget_saying(about, message.topic)

    def _greet(self, message: Message, now: float) -> None:
        """Tell everything again to a Home Assistant that has just started, not all at once."""
        if message.retained or message.payload != BORN.encode():
            return
        logger.info("Home Assistant has started: it is told of all devices again")
        longest = self._section.birth_delay
        self._ledger.want_all_again(lambda: random.uniform(0, longest), now)  # noqa: S311 -- no secret
        self._due.set()

    def _hear(self, id: str, message: Message, now: float) -> None:
        held = self._ledger.hear(id, message.payload)
        if held and message.retained:
            self._roster.learn(id, held.message, now)
        elif message.payload and not held and id in self._ledger.wanted:
            level = logging.DEBUG if self._has_rival else logging.WARNING
            logger.log(level, "%s: another service tells of this device too", message.topic)
            self._has_rival = True

    def _want(self, id: str, message: dict[str, object] | None) -> None:
        self._ledger.want(id, message, _monotonic())
        self._due.set()

    def _note(self, name: str, device: Device | None) -> None:
        if device is None or device.meta is None:
            if self._settled_at is None:  # before, it may only not have been told yet
                self._remove(name)
            return
        if not self._section.rules.shows(name):
            return
        self._roster.observe(device, _monotonic())
        id = self._section.id
        self._publish_later(standing(device).publication(self._topics, id, name))
        if device.state is None:
            return
        known = self._roster.known(name) or frozenset(device.state.vars)
        reading = self._metering.observe(device, known)
        if reading is not None:
            self._publish_later(reading.publication(self._topics, id, name))

    def _remove(self, name: str) -> None:
        self._roster.remove(name)
        self._metering.pause(name)
        for part in _OWN:
            about = (ServiceKind.HOMEASSISTANT, self._section.id, part, name)
            topic = self._topics.about_device(*about)
            if topic in self._sayings:
                del self._sayings[topic]
                self._unsaid[topic] = clearing(topic)
                self._news.set()

    def _remove_strangers(self) -> None:
        known = {name for name, device in self._fleet.devices.items() if device.meta}
        for name in self._roster.strangers(known):
            self._remove(name)
        for topic in list(self._sayings):
            about = self._topics.parse(topic)
            if isinstance(about, OfService) and not self._is_shown(about.device, known):
                self._remove(about.device)

    def _is_shown(self, name: str, known: set[str]) -> bool:
        return name in known and self._section.rules.shows(name)

    def _forget_saying(self, about: OfService, topic: str) -> None:
        """Remember what an earlier run said, so that it is removed if the device is gone."""
        if about.part in _OWN and about.id == self._section.id:
            self._sayings.setdefault(topic, clearing(topic))

    def _publish_later(self, publication: Publication) -> None:
        if not self._is_hushed and self._sayings.get(publication.topic) != publication:
            self._sayings[publication.topic] = publication
            self._unsaid[publication.topic] = publication
            self._news.set()

    async def _say(self, bus: Bus) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if not self._is_hushed:
                await self._say_all(bus)

    async def _say_all(self, bus: Bus) -> None:
        while self._unsaid:
            topic = next(iter(self._unsaid))
            await bus.publish(self._unsaid.pop(topic))

    async def _discover(self, bus: Bus) -> None:
        """Publish what is due, never in a burst: Home Assistant would drop parts of it."""
        while True:
            self._due.clear()
            due = self._ledger.take_due(_monotonic())
            if due is None:
                await self._until_due()
                continue
            id, payload = due
            level = logging.DEBUG if payload else logging.INFO
            logger.log(level, "%s: Home Assistant is to %s it", id, "know" if payload else "forget")
            await bus.publish(Publication(self._places.device(id), payload, 1, retain=True))
            self._ledger.hear(id, payload)
            await asyncio.sleep(1 / self._section.rate)

    async def _until_due(self) -> None:
        next_due = self._ledger.next_due
        delay = None if next_due is None else max(0.0, next_due - _monotonic())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._due.wait()

    async def _switch(self, bus: Bus, about: OfService, message: Message) -> None:
        """Carry out what a switch in Home Assistant asks for, if the settings allow it."""
        try:
            wanted = text_of(message.payload)
        except PayloadError as error:
            logger.warning("dropped a bad payload: %s: %s", message.topic, error)
            return
        if message.retained or not wanted:
            return
        device = self._fleet.devices.get(about.device)
        rules = self._section.rules
        found = pairs(device, rules, self._roster.known(about.device)) if device else {}
        pair = found.get(about.name) if rules.shows(about.device) else None
        if pair is None or wanted not in ("on", "off"):
            logger.warning("%s: not switched: no such switch is allowed", message.topic)
            return
        name = pair.on if wanted == "on" else pair.off
        logger.info("%s: %s by %s", about.device, name, BY)
        request = Request(by=BY)
        await bus.publish(
            request.publication(self._topics, about.device, DeviceTopic.COMMAND, name)
        )


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
