"""Which device of the bus a system of hosts.conf is, and what there is to show of it."""

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from services.web.compatibility.hosts import HostsFile, Monitored
from services.web.mirror import Mirror
from shared.fleet import Device
from shared.messages import Availability
from shared.nutaddress import DEFAULT_PORT, Address, AddressError, parse_device
from shared.topics import ServiceKind

UNKNOWN: Final = "Unknown UPS"
NOT_CONNECTED: Final = "Driver not connected"
STALE: Final = "Data stale"
UNREACHABLE: Final = "Connection failure: not on the bus"
NO_BUS: Final = "Connection failure: no connection to the bus"


@dataclass(frozen=True, slots=True)
class Host:
    """A system as upsstats sees it.

    `variables` is None when nothing can be said of it, and `error` why; `is_connected` is False if
    not even its server is there.
    """

    system: str
    description: str
    variables: Mapping[str, str] | None = None
    error: str = ""
    is_connected: bool = True


@dataclass(slots=True)
class Directory:
    """All that is on the bus, by the names that hosts.conf may have for it; made for one answer."""

    mirror: Mirror
    file: HostsFile | None
    given: Mapping[str, str] = field(default_factory=dict)  # device by system, from the settings
    _by_name: dict[str, Device] = field(init=False)
    _followed: dict[tuple[str, Address], Device] = field(init=False)
    _here: set[str] = field(init=False)

    def __post_init__(self) -> None:
        devices = self.mirror.devices()
        self._by_name = {device.name.lower(): device for device in reversed(devices)}
        self._followed = dict(_followed(reversed(devices)))
        self._here = {"localhost", socket.gethostname().lower(), *_machines(self.mirror)}

    def hosts(self) -> list[Host]:
        """List what hosts.conf lists; without one, all devices."""
        if self.file is None:
            return [self._own(each.name, each) for each in self.mirror.devices()]
        return [self._listed(each) for each in self.file.monitored]

    def host(self, system: str | None) -> Host | None:
        """Find one system, None if it may not be asked for."""
        if system is None:
            return None
        if self.file is None:
            device = self._device(system)
            return self._own(system, device) if device else None
        return next(
            (self._listed(each) for each in self.file.monitored if each.system == system), None
        )

    def _own(self, system: str, device: Device) -> Host:
        description = (device.meta.desc if device.meta else None) or device.name
        return self._host(Monitored(system, description), device)

    def _listed(self, monitored: Monitored) -> Host:
        return self._host(monitored, self._device(monitored.system))

    def _host(self, monitored: Monitored, device: Device | None) -> Host:
        system, description = monitored.system, monitored.description
        if not self.mirror.is_connected:
            return Host(system, description, error=NO_BUS, is_connected=False)
        if device is None:
            is_here = self._is_here(_parsed(system))
            error = UNKNOWN if is_here else UNREACHABLE
            return Host(system, description, error=error, is_connected=is_here)
        if device.standing is Availability.ONLINE:
            return Host(system, description, device.variables)
        is_stale = device.standing is Availability.STALE
        return Host(system, description, error=STALE if is_stale else NOT_CONNECTED)

    def _device(self, system: str) -> Device | None:
        if (name := self.given.get(system)) is not None:
            return self._by_name.get(name.lower())
        wanted = _parsed(system)
        if wanted is None:
            return None
        if device := self._followed.get(wanted):
            return device
        return self._by_name.get(wanted[0]) if self._is_here(wanted) else None

    def _is_here(self, wanted: tuple[str, Address] | None) -> bool:
        if wanted is None or wanted[1].port != DEFAULT_PORT:
            return False
        return wanted[1].host in self._here or _is_loopback(wanted[1].host)


def _followed(devices: Iterable[Device]) -> Iterable[tuple[tuple[str, Address], Device]]:
    """Find the devices of NUT servers elsewhere, by what they are there."""
    for device in devices:
        if device.meta and device.meta.driver == "nut":
            port = device.variables.get("driver.parameter.port", "")
            if port and (place := _parsed(port)):
                yield place, device


def _parsed(system: str) -> tuple[str, Address] | None:
    try:
        name, address = parse_device(system)
    except AddressError:
        return None
    return name.lower(), Address(address.host.lower(), address.port)


def _machines(mirror: Mirror) -> Iterable[str]:
    """List the machines whose devices are on the bus under their own names."""
    for view in mirror.services.values():
        if view.info and view.kind in (ServiceKind.GATEWAY, ServiceKind.DRIVER):
            yield view.info.host.lower()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
