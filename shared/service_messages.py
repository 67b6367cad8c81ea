"""What services say on the bus of themselves, of their hosts and of what they will do."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.messages import Availability, Publication
from shared.payloads import Packed, Payload, Written
from shared.topics import ServiceKind, ServiceTopic, Topics

_FROM_TEXT = Field(strict=False)  # msgpack knows no enumerations
_HOMEASSISTANT = ServiceKind.HOMEASSISTANT


class ServiceInfo(Packed):
    """Which service this is; `started` in seconds since the epoch, `devices` in settings order."""

    version: str
    host: str
    started: float
    devices: list[str] = Field(default=[])

    def publication(self, topics: Topics, kind: str, id: str) -> Publication:
        """Address the description of one service."""
        return Publication(topics.service(kind, id, ServiceTopic.INFO), self.encode(), 1, True)


class Logins(Packed):
    """The clients that are logged in to each device at one gateway, by address."""

    logins: dict[str, list[str]] = Field(default={})

    def publication(self, topics: Topics, id: str) -> Publication:
        """Address the logins of one gateway."""
        topic = topics.service("gateway", id, ServiceTopic.LOGINS)
        return Publication(topic, self.encode(), 1, retain=True)


class Role(StrEnum):
    """What a host is to a supply: the primary goes down last and may order FSD."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class Phase(StrEnum):
    """How far a monitor is with shutting its host down; from `final` on there is no way back."""

    WATCHING = "watching"
    HOSTSYNC = "hostsync"
    FINAL = "final"
    DOWN = "down"


class Answer(StrEnum):
    """What a host makes of a stage order."""

    GOING = "going"
    REHEARSED = "rehearsed"
    REFUSED = "refused"


class MonitorPower(Packed):
    """How a monitor sees the supply of its host; it counts as logged in to each device of `roles`.

    `roles` and `values` give role and power value by device, `critical` lists the devices that the
    host counts as lost; `present` and `needed` are power values, over all its supplies. `answers`
    says by the id of each stage order that names this host what becomes of it. `priority` ranks
    primaries of one device; `relieves` names, by id, those whose power this one sees to.
    """

    host: str
    roles: dict[str, Annotated[Role, _FROM_TEXT]] = Field(default={})
    values: dict[str, int] = Field(default={})
    critical: list[str] = Field(default=[])
    present: int
    needed: int
    phase: Annotated[Phase, _FROM_TEXT]
    answers: dict[str, Annotated[Answer, _FROM_TEXT]] = Field(default={})
    dry_run: bool = False
    priority: int = 1
    relieves: list[str] = Field(default=[])

    def publication(self, topics: Topics, id: str) -> Publication:
        """Address the view of one monitor."""
        topic = topics.service("monitor", id, ServiceTopic.POWER)
        return Publication(topic, self.encode(), 1, retain=True)


class StageOrder(Written):
    """A coordinator's order that hosts shut down; it stays until it is cleared.

    A later stage repeats the hosts of earlier ones that are not over and has an id of its own.
    `hosts` are ids of monitors, `deadline` is the seconds for which the coordinator waits for them.
    """

    id: str = Field(min_length=1, max_length=64)
    at: float
    stage: str
    hosts: list[str]
    deadline: float = Field(ge=0)
    reason: str = ""
    dry_run: bool = False

    def publication(self, topics: Topics, id: str) -> Publication:
        """Address the order of one coordinator."""
        topic = topics.service("monitor", id, ServiceTopic.STAGE)
        return Publication(topic, self.encode(), 1, retain=True)


class EnergyReading(Written):
    """What a device took: `energy` in kWh since the count began, `power` in W now, if known.

    `estimated` tells that the power was not measured, but worked out from the load.
    """

    energy: float = Field(ge=0)
    power: float | None = None
    estimated: bool = False

    def publication(self, topics: Topics, id: str, device: str) -> Publication:
        """Address the reading that one Home Assistant service makes of a device."""
        topic = topics.about_device(_HOMEASSISTANT, id, ServiceTopic.ENERGY, device)
        return Publication(topic, self.encode(), 1, retain=True)


class DeviceStanding(Written):
    """Whether a device can be relied on, all topics and the clock considered; and its fsd."""

    availability: Availability
    fsd: bool = False

    def publication(self, topics: Topics, id: str, device: str) -> Publication:
        """Address how one Home Assistant service sees a device."""
        topic = topics.about_device(_HOMEASSISTANT, id, ServiceTopic.STANDING, device)
        return Publication(topic, self.encode(), 1, retain=True)


class Timer(Payload):
    """One thing that a scheduler will do; `due` by its clock, `action` in words."""

    name: str
    device: str = ""
    due: float
    action: str


class Timers(Packed):
    """What a scheduler will do and when, the earliest first; `at` is its clock at this moment.

    `due - at` is what was left then. It is repeated while there is something, for clocks of two
    machines are never compared. `more` counts those that were left out.
    """

    at: float
    timers: list[Timer] = Field(default=[])
    more: int = 0

    def publication(self, topics: Topics, id: str) -> Publication:
        """Address the timers of one scheduler."""
        topic = topics.service("scheduler", id, ServiceTopic.TIMERS)
        return Publication(topic, self.encode(), 1, retain=True)


def service_availability(topics: Topics, kind: str, id: str, value: Availability) -> Publication:
    """Address whether a service runs; also its will."""
    topic = topics.service(kind, id, ServiceTopic.AVAILABILITY)
    return Publication(topic, value.encode(), 1, retain=True)
