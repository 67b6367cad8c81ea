"""The metrics of the variables of devices; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_client import Metric
from prometheus_client.samples import Sample

from services.web.metrics.naming import Naming, naming
from shared.fleet import Device


@dataclass(slots=True)
class _Column:
    """One variable of all devices; plain lists, which the garbage collector need not search."""

    named: Naming
    devices: list[str] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


def variables(devices: Iterable[Device]) -> Iterator[Metric]:
    """Make the metrics of all variables that are numbers or switches, in the order of their names.

    A text where a number should be is left out. They come one by one: all are many.
    """
    families: dict[str, list[_Column]] = {}
    for column in _columns(devices):
        families.setdefault(column.named.family.name, []).append(column)
    for name in sorted(families):
        family = families[name][0].named.family
        metric = Metric(name, family.help, "gauge", family.unit)
        for column in families.pop(name):
            places = dict(column.named.places)
            metric.samples += (
                Sample(name, {"device": device, **places}, value)
                for device, value in zip(column.devices, column.values, strict=True)
            )
        yield metric


def _columns(devices: Iterable[Device]) -> list[_Column]:
    columns: dict[str, _Column | None] = {}
    for device in devices:
        for name, text in device.variables.items():
            if name not in columns:
                named = naming(name)
                columns[name] = _Column(named) if named else None
            column = columns[name]
            value = column.named.value(text) if column else None
            if column is not None and value is not None:
                column.devices.append(device.name)
                column.values.append(value)
    return [column for column in columns.values() if column and column.values]
