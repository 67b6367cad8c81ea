"""The metrics of `/ups_metrics`: the names and labels of nut_exporter 3.2.5; pure.

Source of the names: DRuggeri/nut_exporter, collectors/nut_collector.go and nut_exporter.go. What it
does not have is the label `ups`, with which one scrape shows all devices.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from services.web.metrics.snapshot import Snapshot
from shared.fleet import Device
from shared.messages import Availability
from shared.variables import number_of, variable

NAMESPACE: Final = "network_ups_tools"
STATUS: Final = "ups.status"
LABEL: Final = "ups"

# Its own default, and what its dashboard and its alert rules ask for beside that.
VARIABLES: Final = (
    "battery.charge",
    "battery.runtime",
    "battery.voltage",
    "battery.voltage.high",
    "battery.voltage.low",
    "battery.voltage.nominal",
    "input.voltage",
    "input.voltage.nominal",
    "ups.load",
    STATUS,
)
STATUSES: Final = (
    *("OL", "OB", "LB", "HB", "RB", "CHRG", "DISCHRG", "BYPASS"),
    *("CAL", "OFF", "OVER", "TRIM", "BOOST", "FSD", "SD"),
)
IDENTITY: Final = (
    *("model", "mfr", "serial", "type", "description", "contact", "location", "part", "macaddr"),
)

_ON = re.compile(r"(?:enable|enabled|on|true|active|activated)\Z", re.IGNORECASE)
_OFF = re.compile(r"(?:disable|disabled|off|false|inactive|deactivated)\Z", re.IGNORECASE)
_LEGAL = re.compile(r"[a-zA-Z0-9_]+\Z")
_TAKEN: Final = frozenset({"ups_status", "device_info"})  # made of other things than one variable


class NoSuchDeviceError(LookupError):
    """A scrape asks for a device that is not there, or of which nothing is known now."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a scrape asks for; no device means all of them, no variables all numbers."""

    ups: str = ""
    variables: tuple[str, ...] = VARIABLES
    statuses: tuple[str, ...] = STATUSES

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Read the parameters of a request; `variables` without a value asks for all."""
        statuses = _listed(query.get("statuses", ""))
        variables = query.get("variables")
        return cls(
            ups=query.get("ups", ""),
            variables=VARIABLES if variables is None else _listed(variables),
            statuses=statuses or STATUSES,
        )

    def devices(self, shot: Snapshot) -> tuple[Device, ...]:
        """Choose the devices; NoSuchDeviceError says why there is nothing to show."""
        if not shot.is_connected:
            raise NoSuchDeviceError("there is no connection to the bus")
        held = [each for each in shot.devices if shot.standing(each) is Availability.ONLINE]
        if not self.ups:
            return tuple(held)
        chosen = tuple(each for each in held if each.name == self.ups)
        if not chosen:
            is_known = any(each.name == self.ups for each in shot.devices)
            raise NoSuchDeviceError("data of the UPS is stale" if is_known else "unknown UPS")
        return chosen


class ExporterFamilies(Collector):
    """A registry of some devices, for the exposition of prometheus-client."""

    def __init__(self, wish: Wish, devices: Iterable[Device]) -> None:
        self._wish = wish
        self._devices = tuple(devices)

    def collect(self) -> Iterator[Metric]:
        """Give each metric with all its samples."""
        wanted = frozenset(self._wish.variables)
        if not wanted or STATUS in wanted:
            yield _statuses(self._devices, self._wish.statuses)
        yield from _variables(self._devices, wanted)
        yield _identities(self._devices)


def switch_or_number(text: str) -> float | None:
    """Read a value: a number, or a word that means on (1) or off (0)."""
    stripped = text.strip()
    if _ON.match(stripped):
        return 1.0
    if _OFF.match(stripped):
        return 0.0
    return number_of(stripped)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def _variables(devices: Iterable[Device], wanted: frozenset[str]) -> Iterator[Metric]:
    metrics: dict[str, Metric] = {}
    for device in devices:
        seen: set[str] = set()  # a.b-c and a.b.c have one name
        for name, text in sorted(device.variables.items()):
            if name == STATUS or (wanted and name not in wanted):
                continue
            key = name.replace(".", "_").replace("-", "_")
            value = switch_or_number(text)
            if value is None or key in seen or key in _TAKEN or not _LEGAL.match(key):
                continue
            seen.add(key)
            metric = metrics.setdefault(key, Metric(f"{NAMESPACE}_{key}", _help(name), "gauge"))
            metric.samples.append(Sample(metric.name, {LABEL: device.name}, value))
    for key in sorted(metrics):
        yield metrics[key]


def _help(name: str) -> str:
    known = variable(name)
    return f"{known.description} ({name})" if known else f"Variable {name}"


def _statuses(devices: Iterable[Device], always: Iterable[str]) -> Metric:
    metric = GaugeMetricFamily(
        f"{NAMESPACE}_ups_status", f"Words of the status ({STATUS})", labels=[LABEL, "flag"]
    )
    for device in devices:
        said = dict.fromkeys(device.status.split())
        for flag in (*said, *(word for word in always if word not in said)):
            metric.add_metric([device.name, flag], float(flag in said))
    return metric


def _identities(devices: Iterable[Device]) -> Metric:
    metric = GaugeMetricFamily(
        f"{NAMESPACE}_device_info", "What the device is", labels=[LABEL, *IDENTITY]
    )
    for device in devices:
        said = (device.variables.get(f"device.{key}", "") for key in IDENTITY)
        metric.add_metric([device.name, *said], 1.0)
    return metric
