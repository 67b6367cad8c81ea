"""What the pages show of the past: charts, energy and battery of a device, outages of all."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from starlette.datastructures import QueryParams

from services.web.history.energy import Energy, Span
from services.web.history.history import History
from services.web.history.schema import UnusableError
from services.web.pages.charts import Shown, shown
from services.web.pages.wording import described

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
RANGES: Final = {
    "1h": ("hour", HOUR),
    "6h": ("6 hours", 6 * HOUR),
    "1d": ("day", DAY),
    "1w": ("week", 7 * DAY),
    "1m": ("month", 31 * DAY),
    "1y": ("year", 366 * DAY),
    "5y": ("5 years", 5 * 366 * DAY),
}
DEFAULT: Final = "1d"
POINTS: Final = 400
CHARTS: Final = 12
OUTAGES: Final = 100
DAYS: Final = 14
MONTHS: Final = 12
# Drawn first, in this order; then what else is kept.
FIRST: Final[tuple[str, ...]] = (
    "battery.charge",
    "ups.load",
    "input.voltage",
    "output.voltage",
    "battery.runtime",
    "ups.realpower",
    "battery.voltage",
    "ups.temperature",
    "battery.temperature",
    "ambient.temperature",
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time that is looked at; `range` is its name in RANGES, "" for one that was chosen."""

    range: str
    begin: float
    end: float

    @property
    def query(self) -> str:
        """Write it for a link."""
        return f"range={self.range}" if self.range else f"begin={self.begin:.0f}&end={self.end:.0f}"


def stretch(asked: QueryParams, now: float) -> Stretch:
    """Read what stretch of time is asked for; what makes no sense is the default."""
    try:
        begin, end = (float(asked[key]) for key in ("begin", "end"))
    except (KeyError, ValueError):
        begin = end = 0.0
    if 0 < end - begin < 100 * 366 * DAY and 0 <= begin < now:
        return Stretch("", begin, min(end, now))
    name = asked.get("range", DEFAULT)
    name = name if name in RANGES else DEFAULT
    return Stretch(name, now - RANGES[name][1], now)


async def of_device(history: History, device: str, seen: Stretch) -> Mapping[str, Any]:
    """Gather what the page of the past of one device shows; `trouble` says why there is none."""
    try:
        charts = await _charts(history, device, seen)
        days = await _energy(history, device, Span.DAY, DAYS * DAY)
        months = await _energy(history, device, Span.MONTH, MONTHS * 31 * DAY)
        health = await history.health(device)
    except UnusableError as error:
        return {"trouble": str(error), "charts": (), "days": (), "months": (), "health": None}
    return {"trouble": "", "charts": charts, "days": days, "months": months, "health": health}


async def outages(history: History) -> Mapping[str, Any]:
    """Gather the latest outages of all devices."""
    try:
        return {"trouble": "", "outages": await history.outages(most=OUTAGES)}
    except UnusableError as error:
        return {"trouble": str(error), "outages": ()}


async def devices(history: History) -> list[str]:
    """List the devices with a past."""
    try:
        return await history.devices()
    except UnusableError:
        return []


async def _charts(history: History, device: str, seen: Stretch) -> list[Shown]:
    kept = set(await history.variables(device))
    names = [name for name in FIRST if name in kept]
    names += sorted(kept - set(names))
    lasting = await history.outages(device, seen.begin, seen.end)
    zone = _zone(seen.end)
    found = []
    for name in names[:CHARTS]:
        series = await history.series(device, name, seen.begin, seen.end, POINTS)
        known = described(name)
        label, unit = (known.description, known.unit) if known else (name, "")
        found.append(await asyncio.to_thread(shown, series, label, unit, lasting, zone))
    return [each for each in found if each]


async def _energy(history: History, device: str, span: Span, seconds: float) -> list[Energy]:
    now = time.time()
    return await history.energy(device, span, now - seconds, now, _zone(now))


def _zone(epoch: float) -> tzinfo:
    zone = datetime.fromtimestamp(epoch).astimezone().tzinfo
    assert zone is not None
    return zone
