"""The operator's text: tables and JSON lines from what is on the bus."""

import json
from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from shared.commands import command
from shared.fleet import Device
from shared.messages import Availability, Result
from shared.status import Status, words

# The worst word of a status decides the colour and the place in the table.
_TROUBLE = (
    (frozenset({Status.FSD, Status.LB}), "bold white on red"),
    (frozenset({Status.OB, Status.OVER, Status.ALARM, Status.OFF}), "bold red"),
    (frozenset({Status.RB, Status.BYPASS, Status.CAL, Status.TRIM, Status.BOOST}), "yellow"),
)
_WELL = "green"
_UNREACHABLE = "magenta"


def as_json(value: object) -> str:
    """Write a value as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def device_as_data(device: Device) -> dict[str, Any]:
    """Make of a device what scripts read."""
    meta = device.meta
    return {
        "name": device.name,
        "description": meta.desc if meta else None,
        "driver": meta.driver if meta else None,
        "service": meta.service if meta else None,
        "availability": device.standing.value,
        "status": device.status,
        "variables": dict(sorted(device.variables.items())),
        "commands": sorted(meta.commands) if meta else [],
        "writable": sorted(meta.writable) if meta else [],
    }


def device_lines(devices: Iterable[Device]) -> list[str]:
    """Write one line a device: name, availability, status and description, in columns."""
    rows = [
        (
            device.name,
            device.standing.value,
            device.status or "-",
            (device.meta.desc if device.meta else None) or "",
        )
        for device in devices
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return [
        "  ".join(
            (*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3])
        ).rstrip()
        for row in rows
    ]


def variable_lines(device: Device) -> list[str]:
    """Write one line a variable, as upsc does."""
    return [f"{name}: {value}" for name, value in sorted(device.variables.items())]


def command_lines(device: Device) -> list[str]:
    """Write one line a command, with what it does."""
    names = sorted(device.meta.commands) if device.meta else []
    width = max((len(name) for name in names), default=0)
    return [f"{name:<{width}}  {_what(name)}".rstrip() for name in names]


def result_line(result: Result) -> str:
    """Say how a request ended."""
    return f"{result.status}: {result.detail}" if result.detail else str(result.status)


def fleet_table(devices: Iterable[Device]) -> Table:
    """Draw the fleet, the worst first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (
        "device",
        "status",
        "charge",
        "runtime",
        "load",
        "input",
        "output",
        "description",
    ):
        right = heading in ("charge", "runtime", "load", "input", "output")
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for device in sorted(devices, key=lambda each: (_severity(each), each.name)):
        table.add_row(*_cells(device))
    return table


def _cells(device: Device) -> tuple[Text | str, ...]:
    variables = device.variables
    return (
        device.name,
        Text(_status_text(device), style=_style(device)),
        _with_unit(variables.get("battery.charge"), "%"),
        _duration(variables.get("battery.runtime")),
        _with_unit(variables.get("ups.load"), "%"),
        _with_unit(variables.get("input.voltage"), "V"),
        _with_unit(variables.get("output.voltage"), "V"),
        (device.meta.desc if device.meta else None) or "",
    )


def _status_text(device: Device) -> str:
    if device.standing is Availability.ONLINE:
        return device.status or "-"
    return f"{device.standing} ({device.status})" if device.status else device.standing.value


def _severity(device: Device) -> int:
    if device.standing is not Availability.ONLINE:
        return 1
    said = set(words(device.status))
    for rank, (trouble, _) in enumerate(_TROUBLE):
        if said & trouble:
            return rank
    return len(_TROUBLE)


def _style(device: Device) -> str:
    if device.standing is not Availability.ONLINE:
        return _UNREACHABLE
    said = set(words(device.status))
    return next((style for trouble, style in _TROUBLE if said & trouble), _WELL)


def _with_unit(value: str | None, unit: str) -> str:
    return f"{value} {unit}" if value else ""


def _duration(seconds: str | None) -> str:
    try:
        whole = int(float(seconds or ""))
    except (ValueError, OverflowError):
        return ""
    return f"{whole // 60}:{whole % 60:02d}"


def _what(name: str) -> str:
    known = command(name)
    return known.description if known else ""
