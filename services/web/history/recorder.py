"""Chooses what of the devices is noted: on change, and again while it is true; pure.

A device that is away, a variable that is gone and a value that is no number are noted as None: from
then on nothing is known. Two series are ours: the power that a device gives to its load, measured
or estimated (`shared.power`).
"""

import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from typing import Final, NamedTuple, Self

from services.web.history.numbers import number
from services.web.history.samples import KEEPALIVE
from services.web.settings import HISTORY_VARIABLES, HistorySection
from shared.fleet import Device
from shared.messages import Availability
from shared.power import Source, source

MEASURED: Final = "nutbus.power"
ESTIMATED: Final = "nutbus.power.estimated"
SERIES_LIMIT: Final = 200  # of one device
NAMES_LIMIT: Final = 5000  # remembered of one device, and of all patterns
WAITING_LIMIT: Final = 500_000  # samples in memory while nothing can be written

logger = logging.getLogger(__name__)


class Noted(NamedTuple):
    """One sample as it came: device, variable, ms since the epoch, value or None."""

    device: str
    variable: str
    at: int
    value: float | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What is kept: patterns of names, and by pattern how much a value may change unnoted."""

    variables: Sequence[str] = HISTORY_VARIABLES
    deadbands: Mapping[str, float] = field(default_factory=dict)
    power_factor: float = 0.7

    @classmethod
    def of(cls, section: HistorySection) -> Self:
        """Take it from the settings."""
        return cls(tuple(section.variables), dict(section.deadbands), section.power_factor)


@dataclass(slots=True)
class _Known:
    """What was noted last of a device: time in ms and value, by variable."""

    last: dict[str, tuple[int, float]] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    source: Source | None = None
    is_full: bool = False


class Recorder:
    """Takes devices in, gives samples out; times are the receiver's, in seconds of the epoch."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._bands: dict[str, float | None] = {}
        self._known: dict[str, _Known] = {}
        self._waiting: deque[Noted] = deque(maxlen=WAITING_LIMIT)

    def choose(self, choice: Choice) -> None:
        """Note other variables from now on."""
        if choice != self._choice:
            self._choice = choice
            self._bands.clear()
            for known in self._known.values():
                known.names.clear()

    def take(self, name: str, device: Device | None, now: float) -> None:
        """Take in what a device is now; None: it is gone."""
        at = round(now * 1000)
        if device is None:
            self._lose(name, at)
            self._known.pop(name, None)
        elif device.standing is not Availability.ONLINE:
            self._lose(name, at)
        else:
            self._note(name, self._values(name, device.variables), at)

    def tick(self, devices: Iterable[Device], now: float) -> None:
        """Note again what is still true; call it every few seconds."""
        for device in devices:
            self.take(device.name, device, now)

    def lose_all(self, now: float) -> None:
        """Note that nothing is known of any device: the bus is away, or we end."""
        for name in self._known:
            self._lose(name, round(now * 1000))

    def waiting(self, most: int) -> list[Noted]:
        """List what is to be written, the oldest first; `written` drops it."""
        return list(islice(self._waiting, most))

    def written(self, count: int) -> None:
        """Drop the oldest of what waits: it is written."""
        for _ in range(min(count, len(self._waiting))):
            self._waiting.popleft()

    def _lose(self, name: str, at: int) -> None:
        known = self._known.get(name)
        if known:
            self._waiting.extend(Noted(name, variable, at, None) for variable in known.last)
            known.last.clear()

    def _values(self, name: str, variables: Mapping[str, str]) -> dict[str, float]:
        """Give the numbers that are kept, our own power among them."""
        found = {}
        for variable, text in variables.items():
            if self._band(variable) is not None and (value := number(text)) is not None:
                found[variable] = value
        way = self._source(name, variables)
        power = way.power(variables) if way else None
        if way and power is not None:
            found[ESTIMATED if way.estimated else MEASURED] = round(power, 3)
        return found

    def _source(self, name: str, variables: Mapping[str, str]) -> Source | None:
        known = self._known.setdefault(name, _Known())
        if not variables.keys() <= known.names:
            if len(known.names) + len(variables) > NAMES_LIMIT:
                known.names.clear()
            known.names |= variables.keys()
            known.source = source(known.names, self._choice.power_factor)
        return known.source

    def _note(self, name: str, values: Mapping[str, float], at: int) -> None:
        known = self._known[name]
        for variable in known.last.keys() - values.keys():
            del known.last[variable]
            self._waiting.append(Noted(name, variable, at, None))
        for variable, value in values.items():
            if self._is_news(known, variable, value, at) and self._has_room(name, known, variable):
                known.last[variable] = (at, value)
                self._waiting.append(Noted(name, variable, at, value))

    def _is_news(self, known: _Known, variable: str, value: float, at: int) -> bool:
        before = known.last.get(variable)
        if before is None:
            return True
        then, last = before
        is_old = not 0 <= at - then < KEEPALIVE * 1000  # the clock may have been set back
        return is_old or abs(value - last) > (self._band(variable) or 0.0)

    def _has_room(self, name: str, known: _Known, variable: str) -> bool:
        if variable in known.ever or len(known.ever) < SERIES_LIMIT:
            known.ever.add(variable)
            return True
        if not known.is_full:
            known.is_full = True
            logger.warning(
                "history: %s has more than %s variables that are kept; the rest is passed over",
                name,
                SERIES_LIMIT,
            )
        return False

    def _band(self, variable: str) -> float | None:
        """Say how much a variable may change unnoted; None if it is not kept."""
        if variable not in self._bands:
            if len(self._bands) >= NAMES_LIMIT:
                self._bands.clear()
            self._bands[variable] = self._found_band(variable)
        return self._bands[variable]

    def _found_band(self, variable: str) -> float | None:
        is_ours = variable in (MEASURED, ESTIMATED)
        if not is_ours and not any(fnmatchcase(variable, each) for each in self._choice.variables):
            return None
        bands = self._choice.deadbands
        return next((bands[each] for each in bands if fnmatchcase(variable, each)), 0.0)
