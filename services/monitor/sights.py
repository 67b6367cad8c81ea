"""What goes into the policy: all that is known at one moment, by the receiver's own clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from shared.service_messages import MonitorPower, StageOrder


class Reach(Enum):
    """Whether a supply's word can be had at this moment."""

    UNHEARD = auto()
    """Nothing was ever heard: it counts as well."""
    REACHED = auto()
    """Its state is fresh."""
    SILENT = auto()
    """The UPS does not answer: its driver says stale, or the NUT server is gone or says so."""
    CUT = auto()
    """Our own way to it is gone: the bus, the broker, the driver. No power event by itself."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of one supply; while it is lost, the rest is the last that was known.

    `at` is the receiver's monotonic time of the last word of the supply (heartbeats count), or, if
    nothing was ever heard, of the first attempt. A state or an FSD that the broker had kept from
    before this machine booted tells nothing of now: such a state leaves the supply UNHEARD until
    its availability says online, such an FSD is marked `fsd_is_old`.

    `status` is ups.status of the driver or the NUT server; `fsd` says whether the FSD topic is set
    (of a NUT server the status says so), `fsd_by`, `fsd_at` and `fsd_reason` by whom, when (seconds
    since the epoch) and why, as they stand there: foreign text. `buzzwords` is ups.mode.buzzwords
    and its experimental namesake, joined by a space. `logins` counts who is logged in to the
    supply, this host included, as its NUT server tells or as the bus does; None: unknown.
    """

    reach: Reach = Reach.UNHEARD
    at: float = 0.0
    status: str = ""
    alarm: str = ""
    buzzwords: str = ""
    charge: float | None = None
    runtime: float | None = None
    temperature: float | None = None
    fsd: bool = False
    fsd_by: str = ""
    fsd_at: float = 0.0
    fsd_reason: str = ""
    fsd_is_old: bool = False
    logins: int | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """What another monitor says of its host on the bus, and whether that monitor is online."""

    power: MonitorPower
    online: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A coordinator's stage order; `is_old`: given before this machine booted."""

    order: StageOrder
    is_old: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """Everything that is known: supplies by name, other monitors and orders by monitor id.

    `own_order` is the stage order that the broker holds as ours, from before we started perhaps.
    """

    sights: Mapping[str, Sight] = field(default_factory=lambda: MappingProxyType({}))
    peers: Mapping[str, Peer] = field(default_factory=lambda: MappingProxyType({}))
    orders: Mapping[str, Order] = field(default_factory=lambda: MappingProxyType({}))
    own_order: StageOrder | None = None
