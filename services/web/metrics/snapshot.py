"""Everything a scrape shows, as it was at one moment; pure.

Taken in the event loop and rendered beside it: all that is in it is frozen.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from services.web.mirror import Mirror, ServiceView
from shared.events import NOTIFY_TYPES
from shared.fleet import HEARTBEATS_MISSED, Device
from shared.messages import Availability, DeviceEvent
from shared.service_messages import EnergyReading

OTHER_TYPE: Final = "other"  # whatever NUT does not know: what anybody says must not become labels

# Shown as 0 before the first of them: what begins at 1 has no increase.
SHOWN_TYPES: Final = ("ONLINE", "ONBATT", "LOWBATT", "REPLBATT", "COMMBAD", "COMMOK", "FSD")

_TYPES = frozenset(NOTIFY_TYPES)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The bus as the mirror had it at `now`, the receiver's monotonic time.

    `events` counts by device and type; `energies` are by the service that meters, and device.
    """

    now: float
    is_connected: bool
    devices: tuple[Device, ...]
    services: tuple[ServiceView, ...]
    events: Mapping[tuple[str, str], int]
    energies: Mapping[tuple[str, str], EnergyReading] = field(default_factory=dict)

    def standing(self, device: Device) -> Availability:
        """Whether what is known of a device holds; without the bus nothing does."""
        standing = device.standing
        is_late = self.now - device.heard > HEARTBEATS_MISSED * device.heartbeat
        if standing is Availability.ONLINE and (is_late or not self.is_connected):
            return Availability.STALE
        return standing


@dataclass(slots=True)
class Tally:
    """Counts the events of the devices that there are."""

    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def follow(self, mirror: Mirror) -> None:
        """Count from now on; what is counted of a device goes with it."""

        def count(device: str, event: DeviceEvent) -> None:
            if mirror.device(device):
                self._counts[device, event.type if event.type in _TYPES else OTHER_TYPE] += 1

        def forget(name: str, device: Device | None) -> None:
            if device is None:
                for key in [each for each in self._counts if each[0] == name]:
                    del self._counts[key]

        mirror.follow_events(count)
        mirror.fleet.follow(forget)

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Give what was counted so far by device and type."""
        return dict(self._counts)


def snapshot(mirror: Mirror, tally: Tally, now: float) -> Snapshot:
    """Hold on to what the mirror has now; without the bus no service is known to be up."""
    services = tuple(mirror.services.values())
    if not mirror.is_connected:
        services = tuple(replace(each, availability=Availability.OFFLINE) for each in services)
    return Snapshot(
        now=now,
        is_connected=mirror.is_connected,
        devices=tuple(mirror.devices()),
        services=services,
        events=tally.counts(),
        energies=dict(mirror.energies),
    )
