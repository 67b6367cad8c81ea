"""What the monitor is told: supplies, durations, conditions, stages, and how people are told."""

import socket
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from services.monitor.privileged import PowerDown
from services.monitor.rules import Conditions, LostOnBattery, Rules, Stage, Supply, Wake
from services.monitor.sections import (
    ConditionSettings,
    FiniteSection,
    Name,
    NotifySettings,
    StageSettings,
    SupplySettings,
    WakeSettings,
)
from services.monitor.supplies.nut import Server
from services.monitor.wake import Target
from shared.errors import SettingsError
from shared.events import NOTIFY_TYPES
from shared.faults import unknown_key
from shared.nutaddress import parse_device
from shared.nutline import Security
from shared.service_messages import Role
from shared.settings import ServiceSettings, default_id


class MonitorSection(FiniteSection):
    """The monitor of this host: what feeds it, when it shuts down, and how."""

    id: Name = Field(default_factory=default_id, description="Name of this monitor on the bus.")
    supplies: list[SupplySettings] = Field(default=[], description="What feeds this host.")
    min_supplies: int = Field(
        default=1,
        ge=0,
        description="Power value that this host needs; 0: it is never shut down for its supplies.",
    )
    shutdown_command: str | list[str] | None = Field(
        default=None, description="What shuts this host down: a line for the shell, or a list."
    )
    power_down_flag: Path | None = Field(
        default=None, description="File that a primary writes before; it asks for the power-off."
    )
    shutdown_exit: bool | Annotated[float, Field(ge=0)] = Field(
        default=True,
        description="Whether the monitor ends after shutdown_command, or after how many seconds.",
    )
    run_as_user: str | None = Field(
        default=None,
        description="User for all that needs no privileges, if root starts it; by default nut or "
        "nobody, with nutbus up none.",
    )
    pid_file: Path | None = Field(
        default=None,
        description="Where `nutbus monitor -c` finds the running monitor; by default "
        "/run/nutbus/monitor.pid if it is started by root, else nowhere.",
    )
    dead_time: float = Field(
        default=15.0, ge=0, description="Seconds of silence until a supply on battery is lost."
    )
    lost_on_battery: LostOnBattery = Field(
        default=LostOnBattery.DEADTIME,
        description="How long a silent supply on battery is trusted: deadtime, or runtime, "
        "its last known battery.runtime less runtime_margin.",
    )
    runtime_margin: float = Field(
        default=60.0, ge=0, description="Seconds of battery.runtime that are not counted on."
    )
    priority: int = Field(
        default=1,
        ge=1,
        le=99,
        description="Of several primaries of one device that with the smallest number goes down "
        "last and has the power cut; among equals the first id.",
    )
    host_sync: float = Field(
        default=15.0, ge=0, description="Seconds that primary and secondaries wait for each other."
    )
    final_delay: float = Field(
        default=5.0, ge=0, description="Seconds from the last notification to shutdown_command."
    )
    off_duration: float = Field(
        default=30.0, description="Seconds OFF until a supply is lost; negative: never."
    )
    oblb_duration: float = Field(
        default=0.0, ge=0, description="Seconds that a supply must be OB LB until it is lost."
    )
    over_duration: float = Field(
        default=-1.0, description="Seconds OVER until a silent supply is lost; negative: never."
    )
    alarm_critical: bool = Field(
        default=True, description="Whether a supply that falls silent in ALARM is lost."
    )
    no_comm_warn_time: float = Field(
        default=300.0, gt=0, description="Seconds from one NOCOMM to the next."
    )
    rb_warn_time: float = Field(
        default=43200.0, gt=0, description="Seconds from one REPLBATT to the next."
    )
    poll_interval: float = Field(
        default=5.0, gt=0, description="Seconds between two questions to a NUT server."
    )
    poll_interval_alert: float = Field(
        default=5.0, gt=0, description="The same while the supply is not as it should be."
    )
    clear_fsd_on_return: bool = Field(
        default=False,
        description="Take FSD back if mains returns before this host is past the point of return.",
    )
    conditions: ConditionSettings = Field(
        default_factory=ConditionSettings, description="Conditions of all supplies."
    )
    obey: list[Name] = Field(
        default=[], description="Monitors whose stage orders this host obeys, by id."
    )
    stages: list[StageSettings] = Field(
        default=[], description="Hosts that this monitor shuts down first, stage by stage."
    )
    wake: WakeSettings = Field(
        default_factory=WakeSettings, description="Hosts that it wakes afterwards."
    )
    notify_command: str | list[str] | None = Field(
        default=None, description="Program for EXEC; the message is added as the last argument."
    )
    notify: dict[str, NotifySettings] = Field(default={}, description="Notify types, by name.")
    dry_run: bool = Field(default=False, description="Say what would be done and switch nothing.")

    @field_validator("notify")
    @classmethod
    def _known_types(cls, notify: dict[str, NotifySettings]) -> dict[str, NotifySettings]:
        for type_ in notify:
            if type_ not in NOTIFY_TYPES:
                raise ValueError(unknown_key(type_, NOTIFY_TYPES, "notify type"))
        return notify

    @model_validator(mode="after")
    def _has_power_enough(self) -> Self:
        if not (self.supplies or self.obey):
            raise ValueError("a monitor needs at least one of [[monitor.supplies]]")
        total = sum(supply.power_value for supply in self.supplies)
        if self.supplies and total < self.min_supplies:
            raise ValueError(
                f"the power values add up to {total}, less than min_supplies = "
                f"{self.min_supplies}: this host would be shut down at once; lower min_supplies "
                "or raise a power_value"
            )
        return self

    @model_validator(mode="after")
    def _has_names_of_its_own(self) -> Self:
        _unique((supply.name for supply in self.supplies), "supply")
        _unique((stage.name for stage in self.stages), "stage")
        names = [supply.name for supply in self.supplies]
        for stage in self.stages:
            if self.id in stage.hosts:
                raise ValueError(f"stage {stage.name}: {self.id} is this host, which goes last")
            for name in stage.supplies:
                if name not in names:
                    raise ValueError(f"stage {stage.name}: {unknown_key(name, names, 'supply')}")
        return self

    @model_validator(mode="after")
    def _can_shut_down(self) -> Self:
        if not self.shutdown_command and not self.dry_run and (self.min_supplies or self.obey):
            raise ValueError(
                'shutdown_command is missing, as in shutdown_command = "/sbin/shutdown -h +0"'
            )
        return self

    @property
    def power_down(self) -> PowerDown:
        """How this host is shut down."""
        return PowerDown(self.shutdown_command or "", self.power_down_flag)

    def rules(self) -> Rules:
        """Make what the policy is told."""
        return Rules(
            host=socket.gethostname(),
            supplies=tuple(self._supply(supply) for supply in self.supplies),
            shutdown_exit=_exit_delay(self.shutdown_exit),
            # Without supplies there is nothing to count: such a host only obeys.
            min_supplies=self.min_supplies if self.supplies else 0,
            obey=tuple(self.obey),
            stages=tuple(_stage(stage) for stage in self.stages),
            wake=Wake(hosts=tuple(self.wake.hosts), **self.wake.model_dump(exclude={"hosts"})),
            notices={type_: notify.notice() for type_, notify in self.notify.items()},
            **{name: getattr(self, name) for name in _SAME_NAMES},
        )

    def servers(self) -> dict[str, Server]:
        """Tell where the supplies are that are asked, by name."""
        return {
            supply.name: self._server(supply, supply.address)
            for supply in self.supplies
            if supply.address is not None
        }

    def wake_targets(self) -> dict[str, Target]:
        """Tell where the packets go that wake hosts, by host."""
        return {name: Target(**host.model_dump()) for name, host in self.wake.hosts.items()}

    def _supply(self, supply: SupplySettings) -> Supply:
        own = supply.conditions or self.conditions
        on_bus = supply.device is not None
        return Supply(supply.name, supply.power_value, supply.role, on_bus, own.conditions())

    def _server(self, supply: SupplySettings, address: str) -> Server:
        device, place = parse_device(address)
        return Server(
            device=device,
            host=place.host,
            port=place.port,
            username=supply.username,
            password=supply.password,
            is_primary=supply.role is Role.PRIMARY,
            has_conditions=self._needs_measures,
            security=_security(supply),
        )

    @property
    def _needs_measures(self) -> bool:
        return (
            any(self._supply(supply).when != Conditions() for supply in self.supplies)
            or self.lost_on_battery is LostOnBattery.RUNTIME
            or bool(self.stages or self.wake.hosts)
        )


# What is called and counted in the settings as in the rules.
_SAME_NAMES = (
    "id",
    "dead_time",
    "lost_on_battery",
    "runtime_margin",
    "host_sync",
    "priority",
    "final_delay",
    "off_duration",
    "oblb_duration",
    "over_duration",
    "alarm_critical",
    "no_comm_warn_time",
    "rb_warn_time",
    "poll_interval",
    "poll_interval_alert",
    "clear_fsd_on_return",
    "dry_run",
)


class MonitorSettings(ServiceSettings):
    """All that the monitor is told."""

    monitor: MonitorSection

    @classmethod
    def from_tables(cls, tables: dict[str, Any], source: str) -> Self:
        """Check tables that are already read; without [monitor] say what is missing."""
        try:
            return super().from_tables(tables, source)
        except SettingsError as error:
            if not str(error).endswith("monitor: Field required"):
                raise
            missing = (
                "no [monitor], and no MONITOR line in an upsmon.conf: there is nothing to watch"
            )
            raise SettingsError(f"{source}: {missing}") from None


def _stage(stage: StageSettings) -> Stage:
    when = stage.conditions.conditions()
    return Stage(stage.name, tuple(stage.hosts), when, tuple(stage.supplies), stage.deadline)


def _security(supply: SupplySettings) -> Security | None:
    if supply.tls == "no":
        return None
    return Security(
        authorities=supply.certificate_authority,
        certificate=supply.certificate_file,
        key=supply.key_file,
        is_verified=supply.verify_certificate,
        is_required=supply.tls == "require",
        host=supply.certificate_name,
    )


def _exit_delay(shutdown_exit: bool | float) -> float | None:
    if isinstance(shutdown_exit, bool):
        return 0.0 if shutdown_exit else None
    return shutdown_exit


def _unique(names: Iterable[str], what: str) -> None:
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]} stands there twice")
