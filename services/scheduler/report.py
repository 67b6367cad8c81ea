"""The report of outages and battery health, as plain text; pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Final

from services.scheduler.book import Outage
from services.scheduler.rules import Reading
from shared.status import Status, words

# What is told of a battery: words, variable, unit.
_HEALTH: Final = (
    ("charge", "battery.charge", " %"),
    ("runtime", "battery.runtime", " s"),
    ("voltage", "battery.voltage", " V"),
    ("age", "battery.age", " days"),
    ("last test", "ups.test.result", ""),
)


def report(
    readings: Mapping[str, Reading],
    outages: Iterable[Outage],
    since: float,
    until: float,
    zone: tzinfo,
) -> str:
    """Write the report for the devices of `readings` and the outages that ended in the time."""
    lines = [f"From {_when(since, zone)} to {_when(until, zone)}", "", "Outages:"]
    lines += [_outage(outage, zone) for outage in outages] or ["  none"]
    lines += ["", "Batteries:"]
    lines += [_battery(reading) for _, reading in sorted(readings.items())] or ["  no devices"]
    return "\n".join(lines)


def _outage(outage: Outage, zone: tzinfo) -> str:
    minutes, seconds = divmod(round(outage.ended - outage.began), 60)
    duration = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    charge = outage.lowest_charge
    lowest = "" if charge is None else f", down to {charge:g} %"
    return f"  {outage.device}: {_when(outage.began, zone)}, {duration} on battery{lowest}"


def _battery(reading: Reading) -> str:
    variables = reading.variables
    told = [
        f"{word} {variables[name]}{unit}" for word, name, unit in _HEALTH if variables.get(name)
    ]
    if Status.RB in words(reading.condition.status):
        told.insert(0, "NEEDS TO BE REPLACED")
    if not reading.condition.communicating:
        told.insert(0, "silent; last known:")
    return f"  {reading.device}: {', '.join(told) or 'nothing known'}"


def _when(moment: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d %H:%M")
