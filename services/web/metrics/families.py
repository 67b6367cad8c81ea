"""The metrics of `/metrics`, made of a snapshot; pure but for those of this process.

What a device says is shown for as long as it holds: of a device that is stale or away the values
vanish, and `nutbus_device_up` says 0.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    StateSetMetricFamily,
)
from prometheus_client.registry import Collector

from services.web.metrics.readings import variables
from services.web.metrics.snapshot import SHOWN_TYPES, Snapshot
from services.web.mirror import ServiceView
from shared.fleet import Device
from shared.messages import Availability
from shared.service_messages import MonitorPower, Phase
from shared.status import Status, words
from shared.topics import ServiceKind

OTHER_WORDS: Final = "OTHER"
TEXT_LIMIT: Final = 200  # characters of a device's text in a label

_IDENTITY: Final = ("mfr", "model", "serial", "type", "firmware", "location")


class Families(Collector):
    """A registry of what one snapshot holds, for the exposition of prometheus-client."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Give each metric with all its samples."""
        shot = self._snapshot
        held = [each for each in shot.devices if shot.standing(each) is Availability.ONLINE]
        yield from _of_service(shot)
        yield from _of_devices(shot)
        yield _statuses(held)
        yield from _of_services(shot.services)
        yield from _of_monitors(shot.services)
        yield from _energies(shot)
        yield from variables(held)


def _of_service(shot: Snapshot) -> Iterator[Metric]:
    info = InfoMetricFamily("nutbus_build", "Version of nutbus that tells these metrics")
    info.add_metric([], {"version": version("nutbus")})
    yield info
    yield GaugeMetricFamily(
        "nutbus_bus_connected", "Whether there is a connection to the bus", float(shot.is_connected)
    )


def _of_devices(shot: Snapshot) -> Iterator[Metric]:
    labels = ["device"]
    up = GaugeMetricFamily("nutbus_device_up", "Whether the device can be relied on", labels=labels)
    stale = GaugeMetricFamily(
        "nutbus_device_stale", "Whether its driver runs but knows nothing fresh", labels=labels
    )
    age = GaugeMetricFamily(
        "nutbus_state_age_seconds",
        "Time since the state of the device was last heard",
        labels=labels,
        unit="seconds",
    )
    fsd = GaugeMetricFamily(
        "nutbus_device_forced_shutdown", "Whether its shutdown was ordered (FSD)", labels=labels
    )
    info = InfoMetricFamily("nutbus_device", "What the device is", labels=labels)
    for device in shot.devices:
        standing, key = shot.standing(device), [device.name]
        up.add_metric(key, float(standing is Availability.ONLINE))
        stale.add_metric(key, float(standing is Availability.STALE))
        fsd.add_metric(key, float(device.fsd is not None))
        if device.state:
            age.add_metric(key, max(0.0, shot.now - device.heard))
        info.add_metric(key, _identity(device))
    yield from (up, stale, age, fsd, info, _clients(shot), _events(shot))


def _identity(device: Device) -> dict[str, str]:
    """Say what a device is; its last state counts also while it is away."""
    said = device.state.vars if device.state else {}
    found = {
        key: (said.get(f"device.{key}") or said.get(f"ups.{key}", ""))[:TEXT_LIMIT]
        for key in _IDENTITY
    }
    meta = device.meta
    if meta is None:
        return found
    described = (meta.desc or "")[:TEXT_LIMIT]
    return {**found, "driver": meta.driver, "service": meta.service, "description": described}


def _clients(shot: Snapshot) -> Metric:
    metric = GaugeMetricFamily(
        "nutbus_device_clients",
        "Clients logged in to the device at all gateways",
        labels=["device"],
    )
    if not shot.is_connected:
        return metric
    logins: Counter[str] = Counter()
    for view in shot.services:
        if view.logins and view.availability is Availability.ONLINE:
            logins.update({name: len(who) for name, who in view.logins.logins.items()})
    for device in shot.devices:
        metric.add_metric([device.name], float(logins[device.name]))
    return metric


def _events(shot: Snapshot) -> Metric:
    metric = CounterMetricFamily(
        "nutbus_device_events",
        "Events that the driver told since this service began",
        labels=["device", "type"],
    )
    begun = {(device.name, type_): 0 for device in shot.devices for type_ in SHOWN_TYPES}
    there = {device.name for device in shot.devices}
    counted = {key: count for key, count in shot.events.items() if key[0] in there}
    for (device, type_), count in {**begun, **counted}.items():
        metric.add_metric([device, type_], float(count))
    return metric


def _statuses(held: Iterable[Device]) -> Metric:
    metric = StateSetMetricFamily(
        "nutbus_device_status", "Whether the device says this word of ups.status", labels=["device"]
    )
    for device in held:
        said = frozenset(words(device.status))
        states = {str(word): word in said for word in Status}
        states[OTHER_WORDS] = bool(said - states.keys())
        metric.add_metric([device.name], states)
    return metric


def _of_services(services: Iterable[ServiceView]) -> Iterator[Metric]:
    labels = ["kind", "id"]
    up = GaugeMetricFamily("nutbus_service_up", "Whether the service is online", labels=labels)
    started = GaugeMetricFamily(
        "nutbus_service_start_time_seconds",
        "When the service started, in seconds since the epoch",
        labels=labels,
        unit="seconds",
    )
    info = InfoMetricFamily("nutbus_service", "What the service is", labels=labels)
    for view in services:
        key = [view.kind, view.id]
        up.add_metric(key, float(view.availability is Availability.ONLINE))
        if view.info:
            started.add_metric(key, view.info.started)
            named = {"version": view.info.version, "host": view.info.host}
            info.add_metric(key, {name: text[:TEXT_LIMIT] for name, text in named.items()})
    yield from (up, started, info)


def _of_monitors(services: Iterable[ServiceView]) -> Iterator[Metric]:
    labels = ["monitor"]
    present = GaugeMetricFamily(
        "nutbus_monitor_supplies_present",
        "Power value of the supplies that are left",
        labels=labels,
    )
    needed = GaugeMetricFamily(
        "nutbus_monitor_supplies_needed", "Power value that the host needs", labels=labels
    )
    critical = GaugeMetricFamily(
        "nutbus_monitor_devices_critical", "Devices that the host counts as lost", labels=labels
    )
    dry = GaugeMetricFamily(
        "nutbus_monitor_dry_run", "Whether the monitor only rehearses", labels=labels
    )
    phase = StateSetMetricFamily(
        "nutbus_monitor_phase", "How far the host is with shutting down", labels=labels
    )
    info = InfoMetricFamily("nutbus_monitor", "The host that the monitor guards", labels=labels)
    for id, power in _powers(services):
        present.add_metric([id], float(power.present))
        needed.add_metric([id], float(power.needed))
        critical.add_metric([id], float(len(power.critical)))
        dry.add_metric([id], float(power.dry_run))
        phase.add_metric([id], {str(each): each is power.phase for each in Phase})
        info.add_metric([id], {"host": power.host[:TEXT_LIMIT]})
    yield from (present, needed, critical, dry, phase, info)


def _energies(shot: Snapshot) -> Iterator[Metric]:
    """Give what a Home Assistant service meters, while it is online."""
    labels = ["device", "meter"]
    energy = CounterMetricFamily(
        "nutbus_device_energy_watthours",
        "What the device gave to its load since the count began",
        labels=labels,
        unit="watthours",
    )
    power = GaugeMetricFamily(
        "nutbus_device_power_watts", "What its load draws, as metered", labels=labels, unit="watts"
    )
    estimated = GaugeMetricFamily(
        "nutbus_device_power_estimated", "Whether the watts follow from the load", labels=labels
    )
    online = {
        view.id
        for view in shot.services
        if view.kind == ServiceKind.HOMEASSISTANT and view.availability is Availability.ONLINE
    }
    there = {device.name for device in shot.devices}
    for (meter, device), reading in shot.energies.items():
        if meter not in online or device not in there:
            continue
        energy.add_metric([device, meter], reading.energy * 1000)
        if reading.power is not None:
            power.add_metric([device, meter], reading.power)
            estimated.add_metric([device, meter], float(reading.estimated))
    yield from (energy, power, estimated)


def _powers(services: Iterable[ServiceView]) -> Iterator[tuple[str, MonitorPower]]:
    for view in services:
        if view.power and view.availability is Availability.ONLINE:
            yield view.id, view.power
