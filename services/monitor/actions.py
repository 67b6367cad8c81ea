"""What comes out of the policy: each action is one thing to do, in the order given.

Where `dry_run` is set, the action is to be told (logged) and not done.
"""

from dataclasses import dataclass

from services.monitor.rules import Flag
from shared.events import EventType, HostEvent
from shared.service_messages import MonitorPower, StageOrder


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell people; `type` is a notify type, `supply` its name as configured, "" if it is of none.

    `text` is the finished message; `flags` (not empty) say where it goes.
    """

    type: EventType | HostEvent
    supply: str
    text: str
    detail: str
    flags: frozenset[Flag]


@dataclass(frozen=True, slots=True)
class Decide:
    """Tell, and note for good, that this host is to shut down, or that it stays up after all.

    `why` is a sentence's end, `causes` who and what is behind it, `order` the id of a stage order.
    """

    goes: bool
    why: str
    causes: tuple[str, ...] = ()
    order: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SetFsd:
    """Order the shutdown of all that the supply feeds: the FSD topic, or FSD to its NUT server."""

    supply: str
    reason: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ClearFsd:
    """Clear the FSD topic of a supply on the bus; only asked for what this monitor set itself."""

    supply: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ShutDown:
    """Shut this host down for good; `writes_flag` also asks for POWERDOWNFLAG (primaries only)."""

    writes_flag: bool
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Announce:
    """Publish how this host stands (topic `power`, retained)."""

    power: MonitorPower


@dataclass(frozen=True, slots=True)
class OrderStage:
    """Publish our stage order (topic `stage`, retained); None clears it."""

    order: StageOrder | None


@dataclass(frozen=True, slots=True)
class WakeHost:
    """Send the wake-up packet of a host; `attempt` counts from 1."""

    host: str
    attempt: int
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Log:
    """Write a line to the log; `level` is one of the logging module's numbers."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Exit:
    """End the monitor, after ShutDown, as SHUTDOWNEXIT says."""


Action = (
    Notify | Decide | SetFsd | ClearFsd | ShutDown | Announce | OrderStage | WakeHost | Log | Exit
)
