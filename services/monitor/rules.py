"""What the policy is told: supplies, durations, conditions, stages; made by the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from shared.service_messages import Role


class Flag(StrEnum):
    """Where a notification goes; an empty set of flags is NUT's IGNORE."""

    SYSLOG = "SYSLOG"
    WALL = "WALL"
    EXEC = "EXEC"


DEFAULT_FLAGS = frozenset({Flag.SYSLOG, Flag.WALL})


class LostOnBattery(StrEnum):
    """How long a supply that fell silent while on battery is trusted."""

    DEADTIME = "deadtime"
    RUNTIME = "runtime"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What makes a supply count as lost beside its LB: any one of them; None is no condition.

    `on_battery` and `runtime_below` in seconds, `charge_below` in percent, `temperature_above` in
    degrees Celsius. Charge and runtime count only while the supply is on battery.
    """

    on_battery: float | None = None
    charge_below: float | None = None
    runtime_below: float | None = None
    temperature_above: float | None = None


@dataclass(frozen=True, slots=True)
class Supply:
    """One supply of this host; `name` is its text as configured, `rack1` or `ups@host:3493`."""

    name: str
    power_value: int = 1
    role: Role = Role.SECONDARY
    on_bus: bool = True
    when: Conditions = field(default_factory=Conditions)


@dataclass(frozen=True, slots=True)
class Stage:
    """Hosts (ids of their monitors) that go down when a condition holds on one of `supplies`.

    Without `supplies` it is any supply of the coordinator. `deadline` (seconds) is how long the
    next stage, or the coordinator's own shutdown, waits for the hosts.
    """

    name: str
    hosts: tuple[str, ...]
    when: Conditions = field(default_factory=Conditions)
    supplies: tuple[str, ...] = ()
    deadline: float = 60.0


@dataclass(frozen=True, slots=True)
class Wake:
    """Hosts to wake when mains has been back for `delay` and every charge is at least `charge`.

    A host is woken every `retry` seconds until it is seen, `attempts` times at most (0: for ever).
    """

    hosts: tuple[str, ...] = ()
    charge: float = 50.0
    delay: float = 30.0
    retry: float = 60.0
    attempts: int = 10


@dataclass(frozen=True, slots=True)
class Notice:
    """How one notify type is told: its own message (None: the stock one) and where it goes."""

    message: str | None = None
    flags: frozenset[Flag] = DEFAULT_FLAGS


@dataclass(frozen=True, slots=True)
class Rules:
    """All durations are seconds; the names are those of the settings, which say what they mean."""

    id: str
    host: str
    supplies: tuple[Supply, ...]
    min_supplies: int = 1
    dead_time: float = 15.0
    host_sync: float = 15.0
    final_delay: float = 5.0
    off_duration: float = 30.0
    oblb_duration: float = 0.0
    over_duration: float = -1.0
    alarm_critical: bool = True
    no_comm_warn_time: float = 300.0
    rb_warn_time: float = 43200.0
    poll_interval: float = 5.0
    poll_interval_alert: float = 5.0
    priority: int = 1  # among the primaries of a supply
    shutdown_exit: float | None = 0.0  # None: never
    lost_on_battery: LostOnBattery = LostOnBattery.DEADTIME
    runtime_margin: float = 60.0
    clear_fsd_on_return: bool = False
    obey: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    wake: Wake = field(default_factory=Wake)
    notices: Mapping[str, Notice] = field(default_factory=lambda: MappingProxyType({}))
    dry_run: bool = False

    @property
    def is_primary(self) -> bool:
        """Whether this host is the primary of a supply."""
        return any(supply.role is Role.PRIMARY for supply in self.supplies)
