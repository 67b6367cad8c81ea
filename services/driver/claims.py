"""Contends on the bus for the devices that have a standby (docs/standby.md).

The decisions are those of `Candidate`; here are the clock, the messages and the waiting.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from services.driver.standby import Candidate, Told
from shared.bus import Bus
from shared.errors import PayloadError
from shared.messages import Availability, Claim, DeviceMeta, Message, read
from shared.topics import DeviceTopic, OfDevice, OfService, ServiceKind, ServiceTopic, Topics

UNANSWERED = 10.0  # seconds without an answer to our claims, after which that is worth a warning

logger = logging.getLogger(__name__)


def since_boot() -> float:
    """Return the seconds since the boot, those of sleep included; nobody can set this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class _Contention:
    """One device: the candidate, and what was made of its decisions."""

    candidate: Candidate
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    works: bool = False
    holds: bool = False
    unanswered: float | None = None


class Claims:
    """The claims of this service to its devices; `turned` is told when work begins or ends.

    It is called with the device and whether this service may work with it now.
    """

    def __init__(self, id: str, topics: Topics, turned: Callable[[str, bool], None]) -> None:
        self._id = id
        self._topics = topics
        self._turned = turned
        self._devices: dict[str, _Contention] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._bus: Bus | None = None
        self._is_subscribed = False
        self._online: set[str] = set()
        self._offline: set[str] = set()
        self._plain: dict[str, str] = {}  # devices that others work with who know no claims
        self._outbox: deque[tuple[str, Claim]] = deque()
        self._filled = asyncio.Event()
        self._asking = asyncio.Lock()
        self.taken_over: asyncio.Queue[str] = asyncio.Queue()  # devices that we told of first
        self.late_words: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        """The devices that another still spoke for, and the status that he had told."""

    def add(self, device: str, priority: int, *, preempts: bool, told: Told) -> None:
        """Contend for a device from now on."""
        candidate = Candidate(self._id, priority, preempts, lambda: secrets.token_hex(8), told)
        self._devices[device] = contention = _Contention(candidate)
        if self._tasks:
            self._is_subscribed = False  # what is retained comes only after that
            self._tasks.create_task(self._contend(device, contention))

    def remove(self, device: str) -> None:
        """Contend for it no more; its line is closed."""
        self._give_up(device)
        contention = self._devices.pop(device, None)
        if contention:
            contention.changed.set()

    def works(self, device: str) -> bool:
        """Tell whether the device may be touched now; one without a standby always may."""
        contention = self._devices.get(device)
        return contention is None or contention.candidate.may_work(since_boot())

    def holds(self, device: str) -> bool:
        """Tell whether it is for us to speak for the device."""
        contention = self._devices.get(device)
        return contention is None or contention.candidate.holds

    def contends(self, device: str) -> bool:
        """Tell whether the device has a standby."""
        return device in self._devices

    def before(self, device: str) -> Claim | None:
        """Give, once, the last word of the service that worked with the device before us."""
        contention = self._devices.get(device)
        if contention is None:
            return None
        before, contention.candidate.begins_with = contention.candidate.begins_with, None
        return before

    def begin(self) -> None:
        """Forget what was heard over an earlier connection; before anything is heard over this."""
        self._outbox.clear()
        self._online.clear()
        self._offline.clear()
        self._plain.clear()
        self._is_subscribed = False

    async def session(self, bus: Bus) -> None:
        """Contend over one connection, until it ends."""
        self._bus = bus
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for device, contention in self._devices.items():
                    self._tasks.create_task(self._contend(device, contention))
                await self._speak(bus)
        finally:
            self._tasks = None

    def cut(self) -> None:
        """End all work: the connection is lost."""
        for device, contention in self._devices.items():
            contention.candidate.disconnect()
            self._tell(device, contention)

    async def release(self, bus: Bus) -> None:
        """Give all devices up, once their lines are closed."""
        for device, contention in self._devices.items():
            claim = contention.candidate.release(since_boot())
            if claim:
                await bus.publish(claim.publication(self._topics, device))

    def note(self, about: OfDevice | OfService, message: Message) -> None:
        """Take in a message about claims, services or descriptions; others are passed over."""
        try:
            if isinstance(about, OfService):
                self._note_service(about, message)
            elif about.part is DeviceTopic.CLAIM:
                self._note_claim(about.device, message)
            elif about.part is DeviceTopic.META:
                self._note_meta(about.device, message)
        except PayloadError as error:
            logger.warning("dropped a bad payload: %s", error)

    async def _contend(self, device: str, contention: _Contention) -> None:
        await self._join(device, contention)
        while self._devices.get(device) is contention:
            contention.changed.clear()
            candidate = contention.candidate
            now = since_boot()
            for claim in candidate.advance(now):
                self._say(device, claim)
            self._tell(device, contention)
            self._warn(device, contention, now)
            if candidate.is_deaf or candidate.is_in_doubt(since_boot()):
                await self._ask(candidate)
            due = candidate.due(now)
            patience = None if due is None else max(0.0, due - since_boot())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await contention.changed.wait()

    async def _join(self, device: str, contention: _Contention) -> None:
        """Begin, with what is known already of the other services."""
        contention.candidate.connect(since_boot())
        if not self._is_subscribed and self._bus:
            self._is_subscribed = True
            await self._bus.subscribe(self._topics.every_device(DeviceTopic.CLAIM))
            for each in self._devices.values():
                each.candidate.settle(since_boot())
        for id in self._offline:
            contention.candidate.hear_service(id, since_boot(), online=False)
        rival = self._plain.get(device, "")
        if rival in self._online:
            self._step_back(device, contention, rival)

    async def _ask(self, candidate: Candidate) -> None:
        """Have the broker answer and give the claims anew; what one hears is for all."""
        async with self._asking:
            is_deaf = candidate.is_deaf
            if self._bus and (is_deaf or candidate.is_in_doubt(since_boot())):
                await self._bus.subscribe(self._topics.every_device(DeviceTopic.CLAIM))
                for each in self._devices.values():
                    answered = each.candidate.settle if is_deaf else each.candidate.look
                    answered(since_boot())

    async def _speak(self, bus: Bus) -> None:
        while True:
            while self._outbox:
                device, claim = self._outbox.popleft()
                if self._is_to_be_said(device, claim):
                    await bus.publish(claim.publication(self._topics, device))
            self._filled.clear()
            await self._filled.wait()

    def _say(self, device: str, claim: Claim) -> None:
        self._outbox.append((device, claim))
        self._filled.set()

    def _is_to_be_said(self, device: str, claim: Claim) -> bool:
        """Tell whether a word still counts: it may have waited for a broker that is slow."""
        contention = self._devices.get(device)
        return claim.released or (contention is not None and contention.candidate.stands_by(claim))

    def _give_up(self, device: str) -> None:
        contention = self._devices.get(device)
        claim = contention.candidate.release(since_boot()) if contention else None
        if claim:
            self._say(device, claim)

    def _tell(self, device: str, contention: _Contention) -> None:
        """Pass on what the candidate may do now, if that has changed."""
        candidate = contention.candidate
        works, holds = candidate.may_work(since_boot()), candidate.holds
        if (works, holds) == (contention.works, contention.holds):
            return
        if holds and not contention.holds:
            logger.info("%s: we hold it now", device)
        elif contention.holds and not holds:
            logger.info("%s: %s", device, _who(candidate))
        contention.works, contention.holds = works, holds
        self._turned(device, works)

    def _warn(self, device: str, contention: _Contention, now: float) -> None:
        candidate = contention.candidate
        if candidate.holds or not candidate.is_claiming:
            contention.unanswered = None
        elif contention.unanswered is None:
            contention.unanswered = now
        elif now > contention.unanswered + UNANSWERED:
            contention.unanswered = now + 30 * UNANSWERED
            topic = self._topics.device(device, DeviceTopic.CLAIM)
            logger.warning("%s does not come back: may we write and read it there?", topic)

    def _note_claim(self, device: str, message: Message) -> None:
        contention = self._devices.get(device)
        if contention is None:
            return
        claim = read(Claim, message) if message.payload else None
        contention.candidate.hear(claim, since_boot(), retained=message.retained)
        if claim and claim.service == self._plain.get(device) and not contention.candidate.rival:
            del self._plain[device]
        if claim and claim.service != self._id and contention.candidate.holds:
            self.late_words.put_nowait((device, claim.status))
        self._tell(device, contention)
        contention.changed.set()

    def _note_service(self, about: OfService, message: Message) -> None:
        if about.kind != ServiceKind.DRIVER or about.part is not ServiceTopic.AVAILABILITY:
            return
        if about.id == self._id:
            return
        online = message.payload == Availability.ONLINE.encode()
        gained, lost = (self._online, self._offline)[:: 1 if online else -1]
        gained.add(about.id)
        lost.discard(about.id)
        for device, contention in self._devices.items():
            contention.candidate.hear_service(about.id, since_boot(), online=online)
            if online and self._plain.get(device) == about.id:
                self._step_back(device, contention, about.id)
            contention.changed.set()

    def _note_meta(self, device: str, message: Message) -> None:
        contention = self._devices.get(device)
        if contention is None or not message.payload:
            return
        meta = read(DeviceMeta, message)
        if meta.standby or meta.service == self._id:
            self._plain.pop(device, None)
            return
        self._plain[device] = meta.service
        if meta.service in self._online:
            self._step_back(device, contention, meta.service)

    def _step_back(self, device: str, contention: _Contention, service: str) -> None:
        if contention.candidate.rival != service:
            logger.warning(
                "%s: the driver service %r works with it and knows of no standby: "
                "set standby = true there too; until then it is left alone here",
                device,
                service,
            )
        contention.candidate.hear_rival(service)
        self._tell(device, contention)
        contention.changed.set()


def _who(candidate: Candidate) -> str:
    return f"{candidate.holder} holds it now" if candidate.holder else "we hold it no more"
