"""What a driver is to the driver service: the line to one device, and what it reads there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.messages import Writable
from shared.settings import BusSettings, Section


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a driver knows of its device after a poll, as the device says it.

    The features common to all drivers (defaults, overrides, ignorelb, charging words) come on top,
    in `services.driver.features`. `status` holds the words of ups.status, None where the device has
    none; ALARM is put first while there are `alarms`, the texts of ups.alarm. A driver that has
    read the same as before may return the same object: then nothing is compared.
    """

    variables: Mapping[str, str]
    status: str | None = None
    alarms: tuple[str, ...] = ()
    writable: Mapping[str, Writable] = field(default_factory=dict)
    commands: tuple[str, ...] = ()


class Driver(Protocol):
    """The line to one device; one task owns it and calls one method at a time.

    A DeviceError from any method means that the line is of no more use: the owner closes it and
    opens a fresh one later. A RefusedError means that a request was declined, the line is well.
    `wait` is cancelled whenever the owner has something else to do.
    """

    async def open(self) -> None:
        """Reach the device."""

    async def close(self) -> None:
        """Give the line back; never fails."""

    async def poll(self) -> Reading:
        """Read the device."""

    async def wait(self) -> None:
        """Return when the device should be polled at once; drivers that only poll never do."""

    async def command(self, name: str, value: str | None) -> None:
        """Carry out an instant command."""

    async def set(self, name: str, value: str) -> None:
        """Write a variable; the value has passed the checks of `Writable`."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a driver works: the device and its port, and what it may use there.

    `tables` are the user's own tables for this kind of driver, by name. `bus` is for drivers that
    derive a device from others on the bus. `hints` outlives the line: what an earlier line found
    out about the device, which may make finding it quicker, and what somebody set that the driver
    keeps for the device. `defaults` and `overrides` are variables that the settings give: they are
    laid over every reading anyway, a driver needs them only to compute others. `snmp_traps` is
    HOST:PORT where agents send their notifications, empty for none.
    """

    device: str
    port: str
    tables: Mapping[str, Any] = field(default_factory=dict)
    bus: BusSettings = field(default_factory=BusSettings)
    hints: dict[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    snmp_traps: str = ""


Create = Callable[[Site, Any], Driver]
"""Make a driver for a site, with an instance of its options; SettingsError: it cannot work."""

ReadTable = Callable[[str, Mapping[str, Any]], Any]
"""Make a table from the name and the content of a user's table file.

It raises ValueError (or pydantic's ValidationError) naming the row and the reason.
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """The program of a driver: its options, how to make one, and its tables if it has any."""

    options: type[Section]
    create: Create
    read_table: ReadTable | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of driver: its name in the settings, and its program, which is loaded when needed.

    `aliases` are NUT's names for it, `summary` is what `nutbus drivers` says of it.
    `port_is_file` makes a relative port count from the folder of the settings file.
    """

    name: str
    summary: str
    parts: Callable[[], Parts]
    aliases: tuple[str, ...] = ()
    port_is_file: bool = False
    has_tables: bool = False

    @property
    def options(self) -> type[Section]:
        """The options that the settings may hold."""
        return self.parts().options

    @property
    def create(self) -> Create:
        """The way to make a driver."""
        return self.parts().create

    @property
    def read_table(self) -> ReadTable | None:
        """The way to read a user's table; None if the driver has none."""
        return self.parts().read_table if self.has_tables else None
