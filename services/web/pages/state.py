"""What the pages know beyond the mirror of the bus: places, ages, events, and what changed."""

import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from services.web.link import Link
from services.web.mirror import ServiceView
from services.web.pages.ages import Ages
from services.web.pages.levels import Standing, standing
from services.web.pages.live import Live
from services.web.pages.ranking import Ranking
from services.web.rendering import Rendering
from shared.fleet import Device
from shared.messages import DeviceEvent
from shared.topics import ServiceKind

EVENTS_KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a device; `at` is by our clock, in seconds since the epoch."""

    number: int
    device: str
    event: DeviceEvent
    at: float


class State:
    """Follows the mirror, and tells the live pieces what changed."""

    def __init__(self, link: Link, rendering: Rendering) -> None:
        self.mirror = link.mirror
        self.now = rendering.now
        self.live = Live(rendering.now, rendering.assets.version)
        self.ranking = Ranking()
        self.ages = Ages()
        self.happenings: deque[Happening] = deque(maxlen=EVENTS_KEPT)
        self.orders: dict[str, float] = {}  # when we heard of each stage order, by monitor and id
        self.lost_at: float | None = self.now()
        self._is_known = False
        self._standings: dict[str, tuple[Device, Standing]] = {}
        self._count = 0
        self.mirror.fleet.follow(self._take_device)
        self.mirror.follow_reasons(lambda name: self.live.change("device", f"device:{name}"))
        self.mirror.follow_services(self._take_service)
        self.mirror.follow_events(self._take_event)
        self.mirror.follow_connection(self._take_connection)

    @property
    def has_been_connected(self) -> bool:
        """Tell whether there ever was a bus since the start."""
        return self._is_known

    def standing(self, device: Device) -> Standing:
        """Judge a device, once for each of its states."""
        known = self._standings.get(device.name)
        if known is None or known[0] is not device:
            known = self._standings[device.name] = (device, standing(device))
        return known[1]

    def _take_device(self, name: str, device: Device | None) -> None:
        if device is None:
            self._standings.pop(name, None)
        subjects = ["device", f"device:{name}"]
        if self.ranking.take(name, device):
            subjects.append("order")
        if self.ages.take(name, device, self.now()):
            subjects.append("trouble")
        self.live.change(*subjects)

    def _take_service(self, kind: str, id: str, view: ServiceView | None) -> None:
        subjects = ["services"]
        if kind == ServiceKind.MONITOR:
            self._note_order(id, view)
            subjects += ["hosts", "trouble"]
        elif kind == ServiceKind.SCHEDULER:
            subjects.append("timers")
        elif kind == ServiceKind.GATEWAY:
            subjects.append("clients")
        self.live.change(*subjects)

    def _note_order(self, id: str, view: ServiceView | None) -> None:
        stage = view.stage if view else None
        key = f"{id} {stage.id}" if stage else ""
        for old in [each for each in self.orders if each.startswith(f"{id} ") and each != key]:
            del self.orders[old]
        if key:
            self.orders.setdefault(key, self.now())

    def _take_event(self, device: str, event: DeviceEvent) -> None:
        self._count += 1
        self.happenings.appendleft(Happening(self._count, device, event, time.time()))
        self.live.change("events")

    def _take_connection(self) -> None:
        self._is_known |= self.mirror.is_connected
        self.lost_at = None if self.mirror.is_connected else self.lost_at or self.now()
        self.live.change("bus", "trouble", "order")
