"""Sees what is on the bus of a soak, past all cut lines, and clears forced shutdowns."""

import asyncio
import time
from dataclasses import dataclass, replace

from shared.bus import Bus
from shared.errors import BusError, PayloadError
from shared.messages import Availability, DeviceMeta, DeviceState, Message, clearing, read
from shared.reconnecting import stay_connected
from shared.service_messages import DeviceStanding
from shared.settings import BusSettings
from shared.topics import DeviceTopic, OfDevice, OfService, ServiceKind, ServiceTopic, Topics
from tests.soak.settings import HOME
from tests.soak.truth import KILL_BROKER, Faults, Findings, now

TOPICS = Topics()
RETRY = 0.3
SETTLE_TIME = 2.0  # seconds for all that is retained to come
UNSAVED = 90.0  # seconds for which a broker may not have saved what it was told


@dataclass(frozen=True, slots=True)
class Latch:
    """A forced shutdown on the bus, from when to when; `until` is None while it is set.

    `is_back` says that it was cleared before, and that a killed broker has it again.
    """

    device: str
    payload: bytes
    since: float
    until: float | None = None
    is_back: bool = False


class Observer:
    """What the bus said last, by device."""

    def __init__(self, url: str, faults: Faults, findings: Findings) -> None:
        self._settings = BusSettings(broker=url, keepalive=2)
        self._faults, self._findings = faults, findings
        self._bus: Bus | None = None
        self._unseen: set[str] = set()  # what was set when the bus was lost, and is not seen yet
        self._settled_at = 0.0
        self.state: dict[str, DeviceState] = {}
        self._meta: dict[str, DeviceMeta] = {}
        # What was said last, by topic, as Home Assistant keeps it when it connects again.
        self._available: dict[str, bool] = {}
        self.fsd: dict[str, Latch] = {}
        self.latches: list[Latch] = []
        self.cleared: set[bytes] = set()

    async def work(self) -> None:
        """Follow the bus until cancelled."""
        await stay_connected(self._settings, None, self._session)

    async def _session(self, bus: Bus) -> None:
        self._bus = bus
        self._unseen = {*self.fsd}
        self._settled_at = now() + SETTLE_TIME
        try:
            async for message in bus.listen(f"{TOPICS.prefix}/#"):
                try:
                    self.take(message)
                except PayloadError as error:
                    self._findings.add(f"a bad payload on {message.topic}: {error}")
                if self._unseen and now() > self._settled_at:
                    self._note_lost()
        finally:
            self._bus = None

    @property
    def is_connected(self) -> bool:
        """Whether it hears what the bus says."""
        return self._bus is not None

    def take(self, message: Message) -> None:
        """Take in what the bus says; PayloadError if it makes no sense."""
        about = TOPICS.parse(message.topic)
        if isinstance(about, OfDevice) and about.part is DeviceTopic.STATE and message.payload:
            self._note_state(about.device, read(DeviceState, message), retained=message.retained)
        elif isinstance(about, OfDevice) and about.part is DeviceTopic.META and message.payload:
            self._meta[about.device] = read(DeviceMeta, message)
        elif isinstance(about, OfDevice) and about.part is DeviceTopic.FSD:
            self._note_fsd(about.device, message.payload)
        elif isinstance(about, OfService) and about.part is ServiceTopic.STANDING:
            standing = read(DeviceStanding, message).availability if message.payload else None
            self._available[message.topic] = standing is Availability.ONLINE
        elif about and about.part in (DeviceTopic.AVAILABILITY, ServiceTopic.AVAILABILITY):
            self._available[message.topic] = message.payload == Availability.ONLINE.encode()

    def is_available(self, device: str) -> bool:
        """Tell whether Home Assistant shows the device, by the topics that it is told to go by."""
        meta, kind = self._meta.get(device), ServiceKind.HOMEASSISTANT
        if meta is None or not self.is_connected:
            return False
        topics = [TOPICS.device(device, DeviceTopic.AVAILABILITY)]
        if meta.standby:
            topics.append(TOPICS.about_device(kind, HOME, ServiceTopic.STANDING, device))
            topics.append(TOPICS.service(kind, HOME, ServiceTopic.AVAILABILITY))
        else:
            about = (ServiceKind.DRIVER, meta.service, ServiceTopic.AVAILABILITY)
            topics.append(TOPICS.service(*about))
        return all(self._available.get(topic, False) for topic in topics)

    def clock_of(self, device: str) -> float:
        """Say by how many seconds the clock of a driver is ahead, by its state."""
        return self.state[device].at - time.time()

    def _note_state(self, device: str, state: DeviceState, *, retained: bool) -> None:
        before = self.state.get(device)
        if retained and before and _number(state) < _number(before):
            self._findings.count("older states that a killed broker had")
        self.state[device] = state

    def _note_fsd(self, device: str, payload: bytes) -> None:
        before = self.fsd.pop(device, None)
        self._unseen.discard(device)
        if payload:
            is_known = before is not None and before.payload == payload
            is_back = before.is_back if before and is_known else payload in self.cleared
            if is_back and not is_known:
                self._judge(f"FSD of {device} is back after it was cleared", now())
            since = before.since if before and is_known else now()
            self.fsd[device] = Latch(device, payload, since, is_back=is_back)
        elif before:
            self._end(before)
            if before.payload not in self.cleared:
                self._findings.add(f"somebody cleared the FSD of {device}")

    def _note_lost(self) -> None:
        """Let go of what the broker does not know any more."""
        for device in self._unseen:
            latch = self.fsd.pop(device)
            self._end(latch)
            if latch.payload not in self.cleared:
                self._judge(f"FSD of {device} is lost", latch.since)
        self._unseen = set()

    def _end(self, latch: Latch) -> None:
        self.latches.append(replace(latch, until=now()))

    def _judge(self, what: str, since: float) -> None:
        """Excuse the broker for what it had not saved when it was killed; nothing else."""
        around = self._faults.between(since - UNSAVED, now())
        if any(fault.what == KILL_BROKER for fault in around):
            self._findings.count("FSD that a killed broker had not saved, or not cleared")
        else:
            self._findings.add(what)

    def had_fsd(self, device: str, since: float, until: float) -> bool:
        """Tell whether a forced shutdown was ordered at any moment of a time.

        One that is back after it was cleared is nobody's order.
        """
        all_of_it = [*self.latches, *self.fsd.values()]
        return any(
            latch.device == device
            and not latch.is_back
            and latch.since <= until
            and (latch.until is None or latch.until >= since)
            for latch in all_of_it
        )

    def is_ordered(self, device: str) -> bool:
        """Tell whether a forced shutdown is ordered now."""
        latch = self.fsd.get(device)
        return latch is not None and not latch.is_back

    async def clear(self, device: str) -> None:
        """Clear a forced shutdown, and return when it is gone."""
        while latch := self.fsd.get(device):
            self.cleared.add(latch.payload)
            if self._bus is not None:
                try:
                    await self._bus.publish(clearing(TOPICS.device(device, DeviceTopic.FSD)))
                except BusError:
                    pass
            await asyncio.sleep(RETRY)


def _number(state: DeviceState) -> int:
    return int(state.vars["ups.id"])
