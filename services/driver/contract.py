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


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of driver: its name in the settings, its options, and how to make one for a site.

    `create` takes the site and an instance of `options`; a SettingsError says what cannot work.
    `aliases` are NUT's names for it, `summary` is what `nutbus drivers` says of it.
    `port_is_file` makes a relative port count from the folder of the settings file.
    `read_table` makes a table from the content of a user's table file; it raises ValueError (or
    pydantic's ValidationError) naming the row and the reason. None: the driver has no tables.
    """

    name: str
    options: type[Section]
    create: Callable[[Site, Any], Driver]
    summary: str
    aliases: tuple[str, ...] = ()
    port_is_file: bool = False
    read_table: Callable[[str, Mapping[str, Any]], Any] | None = None
