"""What the API answers: devices, services and hosts as they are on the bus now. Pure."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.web.mirror import Mirror, ServiceView
from shared.fleet import Device
from shared.messages import Writable
from shared.status import words
from shared.variables import number_of, variable


class View(BaseModel):
    """What all answers share."""

    model_config = ConfigDict(frozen=True)


class Brief(View):
    """A device in a list."""

    name: str
    description: str = Field(description="What the settings say of the device.")
    standing: Literal["online", "stale", "offline"] = Field(
        description="Whether its values can be relied on."
    )
    status: list[str] = Field(description="The words of ups.status; FSD first where it is set.")
    charge: float | None = Field(description="battery.charge in percent.")
    runtime: float | None = Field(description="battery.runtime in seconds.")
    load: float | None = Field(description="ups.load in percent.")


class Value(View):
    """One variable."""

    value: str
    unit: str = Field(description="Unit of the value, empty for a text.")
    description: str
    writable: Annotated[Writable | None, Field(description="What may be written to it.")]


class Whole(Brief):
    """A device with all that is known of it."""

    driver: str
    age: float | None = Field(description="Seconds since the state was heard.")
    variables: dict[str, Value]
    commands: list[str]
    clients: list[str] = Field(description="Addresses of the clients that are logged in.")
    hosts: list[str] = Field(description="Hosts whose monitors count it among their supplies.")
    forced_shutdown: str | None = Field(description="Who forced a shutdown.")


class Devices(View):
    """A page of the list of devices."""

    total: int = Field(description="How many devices match.")
    devices: list[Brief]


class ServiceState(View):
    """One service on the bus."""

    kind: str
    id: str
    online: bool
    version: str | None
    host: str | None
    started: float | None = Field(description="Seconds since the epoch.")


class Services(View):
    """All services."""

    services: list[ServiceState]


class Host(View):
    """One host as its monitor sees it."""

    monitor: str
    host: str
    supplies: dict[str, str] = Field(description="Its role by device.")
    present: int = Field(description="Power value of the supplies that are there.")
    needed: int = Field(description="Power value below which the host shuts down.")
    phase: str
    critical: list[str] = Field(description="The supplies that it counts as lost.")


class Hosts(View):
    """All hosts with a monitor that is online."""

    hosts: list[Host]


class Health(View):
    """Whether the service works."""

    status: Literal["ok", "no bus"]
    devices: int
    online: int


class Problem(View):
    """Why a request was not answered."""

    error: str


def brief(device: Device) -> Brief:
    """Show a device in a list."""
    return Brief(**_brief(device))


def whole(device: Device, mirror: Mirror, now: float) -> Whole:
    """Show a device with all that is known of it; `now` is the receiver's monotonic clock."""
    assert device.meta is not None
    return Whole(
        **_brief(device),
        driver=device.meta.driver,
        age=round(now - device.heard, 1) if device.state else None,
        variables={
            name: _value(name, value, device.meta.writable.get(name))
            for name, value in sorted(device.variables.items())
        },
        commands=device.meta.commands,
        clients=mirror.clients(device.name),
        hosts=sorted(p.host for p in mirror.powers().values() if device.name in p.roles),
        forced_shutdown=device.fsd.by if device.fsd else None,
    )


def service(view: ServiceView) -> ServiceState:
    """Show a service."""
    info = view.info
    return ServiceState(
        kind=view.kind,
        id=view.id,
        online=view.availability == "online",
        version=info.version if info else None,
        host=info.host if info else None,
        started=info.started if info else None,
    )


def hosts(mirror: Mirror) -> Hosts:
    """Show the hosts that are monitored."""
    return Hosts(
        hosts=[
            Host(
                monitor=id,
                host=power.host,
                supplies={name: role.value for name, role in power.roles.items()},
                present=power.present,
                needed=power.needed,
                phase=power.phase.value,
                critical=power.critical,
            )
            for id, power in sorted(mirror.powers().items())
        ]
    )


def health(mirror: Mirror) -> Health:
    """Tell whether the bus is there, and how many devices are."""
    devices = mirror.devices()
    online = sum(device.standing == "online" for device in devices)
    status: Literal["ok", "no bus"] = "ok" if mirror.is_connected else "no bus"
    return Health(status=status, devices=len(devices), online=online)


def _brief(device: Device) -> dict[str, object]:
    variables = device.variables
    return {
        "name": device.name,
        "description": device.meta.desc or "" if device.meta else "",
        "standing": device.standing.value,
        "status": list(words(device.status)),
        "charge": number_of(variables.get("battery.charge")),
        "runtime": number_of(variables.get("battery.runtime")),
        "load": number_of(variables.get("ups.load")),
    }


def _value(name: str, value: str, writable: Writable | None) -> Value:
    known = variable(name)
    unit = known.unit if known else ""
    return Value(
        value=value,
        unit=unit,
        description=known.description if known else "",
        writable=writable,
    )
