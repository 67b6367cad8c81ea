"""What the driver service is told: its own section, and the devices."""

import math
import re
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from services.driver.contract import Kind, Site
from services.driver.drivers import DRIVERS, KINDS, NUT, NUT_DRIVER
from services.driver.drivers.nutdriver_child import installed
from services.driver.drivers.nutdriver_programs import PROGRAMS
from services.driver.tables import Tables, read_tables
from shared.errors import SettingsError
from shared.faults import faults, unknown_key
from shared.nutconfig.values import NutDevice
from shared.settings import Section, ServiceSettings, checked_name, default_id
from shared.topics import is_dotted_name

VERSION = version("nutbus")
LONGEST_NAME = 63  # of a service, as of a device

# SecretStr never shows; this is for a secret that somebody declared as plain text.
_SECRET = re.compile("passw|secret|community|(?:^|_)(?:key|token|pin)$", re.IGNORECASE)
_OUTLET = re.compile(r"(?:\d{1,3}\.)?\d{1,4}")


class DriverSection(Section):
    """What holds for all devices of this service."""

    id: str = Field(
        default_factory=default_id,
        description="Name of this service on the bus, one of its own; by default the host's.",
    )
    heartbeat: float = Field(
        default=5.0, gt=0, le=86400, description="Seconds after which a state is repeated."
    )
    poll_interval: float = Field(
        default=2.0, gt=0, le=86400, description="Seconds between two readings of a device."
    )
    require_expiry: bool = Field(
        default=False,
        description="Refuse commands and settings that do not say when they expire, where a bridge"
        " between brokers may hold them up; gateways and pages always say it.",
    )
    publish_variables: bool = Field(
        default=True, description="Also publish each variable as plain text on a topic of its own."
    )

    tables: Path | None = Field(
        default=None,
        description="Folder of table files (*.toml) that teach drivers new devices.",
    )
    snmp_traps: str = Field(
        default="",
        description="HOST:PORT where traps and informs of SNMP agents arrive, such as "
        "0.0.0.0:162; empty for none. The host is a numeric address of this machine.",
    )

    @field_validator("snmp_traps")
    @classmethod
    def _traps(cls, where: str) -> str:
        host, _, port = where.rpartition(":")
        try:
            ip_address(host.removeprefix("[").removesuffix("]"))
            is_sound = 0 < int(port) < 1 << 16
        except ValueError:
            is_sound = False
        if where and not is_sound:
            raise ValueError("HOST:PORT, the host as a numeric address, such as 0.0.0.0:162")
        return where

    @field_validator("id")
    @classmethod
    def _named(cls, id: str) -> str:
        return checked_name(id)


class DeviceSettings(Section):
    """One device; what is not listed here is an option of its driver."""

    driver: str = Field(description="Name of the driver; NUT's own names are understood too.")
    port: str = Field(default="auto", description="Where the device is, as the driver takes it.")
    desc: str | None = Field(default=None, description="Text that clients show for the device.")
    poll_interval: float | None = Field(
        default=None, gt=0, le=86400, description="Seconds between two readings of this device."
    )
    sdorder: int = Field(
        default=0,
        ge=-1,
        description="Place in the order of powering off; -1 is never, as by default for nut.",
    )
    sdcommands: list[str] = Field(
        default=[], description="Commands that driver.killpower tries in turn."
    )
    allow_killpower: bool = Field(
        default=False, description="Whether driver.killpower may power the device off."
    )
    ignorelb: bool = Field(
        default=False,
        description="Ignore the device's LB; judge by battery.charge.low and battery.runtime.low.",
    )
    standby: bool = Field(
        default=False,
        description="Whether another driver service has the device too: one works, the other "
        "takes over within seconds.",
    )
    priority: int = Field(
        default=1,
        ge=1,
        le=9,
        description="Which of these services comes first, 1 before 2, when the device is free.",
    )
    preempt: bool = Field(
        default=False,
        description="Take the device back from a service whose priority is a higher number.",
    )
    default: dict[str, str] = Field(
        default={}, description="Values of variables that the device does not report."
    )
    override: dict[str, str] = Field(
        default={}, description="Values of variables, whatever the device reports."
    )
    outlets: dict[str, str] = Field(
        default={},
        description="What hangs on each outlet, by its number; "
        'device and outlet in a chain: "2.5". It becomes outlet.5.desc.',
    )
    options: Section | None = Field(default=None, exclude=True, description="")
    fault: str = Field(default="", exclude=True, description="")

    @model_validator(mode="before")
    @classmethod
    def _take_options(cls, data: Any) -> Any:  # noqa: ANN401 -- pydantic passes whatever the file holds
        if not isinstance(data, dict):
            return data
        own = {key: value for key, value in data.items() if key in cls.listed()}
        if not isinstance(own.get("outlets", {}), dict):
            del own["outlets"]  # simulated has an option of that name: how many there are
        rest = {key: value for key, value in data.items() if key not in own}
        driver = str(data.get("driver"))
        if driver not in DRIVERS and driver in PROGRAMS and installed(driver):
            own, rest = _through_nut(own, rest)
        kind = DRIVERS.get(str(own.get("driver")))
        if kind and kind.name == NUT:  # a shutdown here must not cut off another site's power
            own = {"sdorder": -1, **own}
        return {**own, "options": _options(kind, rest)} if kind else own

    @field_validator("default", "override", mode="before")
    @classmethod
    def _flat(cls, table: object) -> dict[str, str]:
        if not isinstance(table, dict):
            raise ValueError("a table of variables and their values")
        return dict(_dotted(table))

    @field_validator("outlets")
    @classmethod
    def _numbered(cls, outlets: dict[str, str]) -> dict[str, str]:
        for key in outlets:
            if not _OUTLET.fullmatch(key):
                raise ValueError(f"{key!r} is no outlet's number, such as 5")
        return outlets

    @model_validator(mode="after")
    def _label(self) -> Self:
        """Let the labels be seen wherever the variables are."""
        labels = {}
        for key, label in self.outlets.items():
            device, _, outlet = key.rpartition(".")
            chained = f"device.{device}." if device else ""
            labels[f"{chained}outlet.{outlet}.desc"] = label
        for name, label in labels.items():
            self.override.setdefault(name, label)
        return self

    @model_validator(mode="after")
    def _can_be_stopped(self) -> Self:
        if self.standby and self.driver == NUT_DRIVER:
            raise ValueError(
                "standby needs a driver of our own: NUT's works on while this service hangs"
            )
        return self

    @classmethod
    def listed(cls) -> tuple[str, ...]:
        """Name the keys that every device has."""
        return tuple(name for name in cls.model_fields if name not in ("options", "fault"))

    @property
    def kind(self) -> Kind | None:
        """The kind of driver, None if there is none of this name, or a fault."""
        return None if self.fault else DRIVERS.get(self.driver)

    def unknown_driver(self) -> str:
        """Say why the device has no driver: what is wrong, or which drivers there are."""
        if self.fault:
            return self.fault
        if self.driver in PROGRAMS:
            return f"no driver of our own for {self.driver!r}, and NUT's is not installed"
        known = ", ".join(kind.name for kind in KINDS)
        return f"{unknown_key(self.driver, DRIVERS, 'driver', 0.7)}; there are {known}"

    def driver_variables(self, poll_interval: float) -> dict[str, str]:
        """Tell what NUT tells of its drivers: driver.name and so on; secrets are left out."""
        told = {
            "driver.name": self.kind.name if self.kind else self.driver,
            "driver.version": VERSION,
            "driver.version.internal": VERSION,
            "driver.state": "quiet",
            "driver.parameter.port": self.port,
            "driver.parameter.pollinterval": f"{poll_interval:g}",
        }
        if self.sdcommands:
            told["driver.parameter.sdcommands"] = ",".join(self.sdcommands)
        if self.ignorelb:
            told["driver.flag.ignorelb"] = "enabled"
        given = self.options.model_dump(exclude_unset=True) if self.options else {}
        for key, value in given.items():
            if value is True:
                told[f"driver.flag.{key}"] = "enabled"
            elif isinstance(value, str | int | float) and not _SECRET.search(key):
                told[f"driver.parameter.{key}"] = _text(value)
        return told


class DriverSettings(ServiceSettings):
    """All that the driver service is told."""

    driver: DriverSection = Field(default_factory=DriverSection)
    devices: dict[str, DeviceSettings] = Field(default={})
    tables: Tables = Field(default={}, exclude=True, description="")

    @field_validator("devices")
    @classmethod
    def _named(cls, devices: dict[str, DeviceSettings]) -> dict[str, DeviceSettings]:
        for name in devices:
            checked_name(name)
        return devices

    @classmethod
    def from_tables(cls, tables: dict[str, Any], source: str) -> Self:
        """Check tables that are already read; files as ports count from the folder of `source`."""
        devices = tables.get("devices")
        if isinstance(devices, dict):
            folder = Path(source) if Path(source).is_dir() else Path(source).parent
            located = {name: with_port_located(device, folder) for name, device in devices.items()}
            tables = {**tables, "devices": located}
        sound, faulty = _parted(tables)
        settings = super().from_tables(sound, source)
        if faulty:
            known = {**settings.devices, **faulty}
            ordered = {name: known[name] for name in tables["devices"]}
            settings = settings.model_copy(update={"devices": ordered})
        if settings.driver.tables is None:
            return settings
        folder = (Path(source) if Path(source).is_dir() else Path(source).parent).absolute()
        found = read_tables(folder / settings.driver.tables, KINDS)
        return settings.model_copy(update={"tables": found})

    def only(self, name: str) -> Self:
        """Leave one device, for a driver service of its own name; SettingsError if it is not there.

        The name is ID-DEVICE, so that such services do not take each other for one.
        """
        if name not in self.devices:
            raise SettingsError(unknown_key(name, self.devices, "device"))
        id = f"{self.driver.id}-{name}"
        if len(id) > LONGEST_NAME:
            id = f"{id[: LONGEST_NAME - 9]}-{sha256(id.encode()).hexdigest()[:8]}"
        driver = self.driver.model_copy(update={"id": id})
        return self.model_copy(update={"driver": driver, "devices": {name: self.devices[name]}})

    def site(self, name: str) -> Site:
        """Say where the driver of a device works."""
        device = self.devices[name]
        tables = self.tables.get(device.kind.name, {}) if device.kind else {}
        return Site(
            name,
            device.port,
            tables,
            self.bus,
            defaults=device.default,
            overrides=device.override,
            snmp_traps=self.driver.snmp_traps,
        )

    def trouble(self, name: str) -> str:
        """Say why a device could not even begin; empty if it can."""
        device = self.devices[name]
        if device.kind is None:
            return device.unknown_driver()
        try:
            device.kind.create(self.site(name), device.options)
        except SettingsError as error:
            return str(error)
        return ""


def _through_nut(
    own: dict[str, Any], rest: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let NUT's own driver do what we have no driver for; its options are handed on to it."""
    interval = own.get("poll_interval")
    pace = {"pollinterval": math.ceil(interval)} if isinstance(interval, int | float) else {}
    return {**own, "driver": NUT_DRIVER}, {
        "program": own["driver"],
        "arguments": {**pace, **rest},
    }


def _options(kind: Kind, given: dict[str, Any]) -> Section:
    """Read the options of a driver; an unknown one is told with the nearest key of any kind."""
    fields = kind.options.model_fields
    known = [*fields, *(f"{name}_file" for name in fields)]
    for key in given:
        if key not in known:
            raise ValueError(unknown_key(key, [*DeviceSettings.listed(), *fields]))
    try:
        return kind.options.model_validate(given)
    except ValidationError as error:
        raise ValueError(faults(error)) from None


def _text(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _dotted(table: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    """Spell nested tables as dotted names; numbers become text."""
    found = []
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            found += _dotted(value, f"{name}.")
        elif isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(f"{name}: the value is a text or a number")
        elif not is_dotted_name(name):
            raise ValueError(f"{name!r} is no name of a variable")
        else:
            found.append((name, str(value)))
    return found


def with_port_located(device: object, folder: Path) -> object:
    """Make the port an absolute path where it is a file in the folder."""
    if not isinstance(device, dict):
        return device
    kind, port = DRIVERS.get(str(device.get("driver"))), device.get("port")
    if kind is None or not kind.port_is_file or not isinstance(port, str) or "@" in port:
        return device
    return type(device)({**device, "port": str((folder / port).absolute())})


def _parted(tables: dict[str, Any]) -> tuple[dict[str, Any], dict[str, DeviceSettings]]:
    """Take out the devices of ups.conf that cannot be as they stand, each with its fault."""
    devices = tables.get("devices")
    faulty: dict[str, DeviceSettings] = {}
    if not isinstance(devices, dict):
        return tables, faulty
    for name, device in devices.items():
        if isinstance(device, NutDevice):
            try:
                DeviceSettings.model_validate(device)
            except ValidationError as error:
                told = {key: device[key] for key in ("driver", "port", "desc") if key in device}
                faulty[name] = DeviceSettings.model_construct(**told, fault=faults(error))
    sound = {name: device for name, device in devices.items() if name not in faulty}
    return {**tables, "devices": sound}, faulty
