"""What NUT adds to the readings of every driver (its drivers/main.c and dstate.c): pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from sys import intern

from services.driver.contract import Reading
from shared.messages import Writable
from shared.status import Status, words
from shared.topics import is_dotted_name

KILLPOWER = "driver.killpower"
SHUTDOWN = "shutdown.default"
ALLOW_KILLPOWER = "driver.flag.allow_killpower"
RELOADS = ("driver.reload", "driver.reload-or-error")
# What shutdown.default is, if the driver does not say: the first that the device takes.
SHUTDOWNS = ("shutdown.return", "shutdown.stayoff", "load.off")

_COPIED = (
    ("device.mfr", "ups.mfr"),
    ("device.model", "ups.model"),
    ("device.serial", "ups.serial"),
)
_LEVELS = (("battery.charge", "battery.charge.low"), ("battery.runtime", "battery.runtime.low"))
_NUMBER = re.compile(r"\s*[+-]?\d+(?:\.\d*)?")
_SWITCH = Writable(type="number", ranges=[(0, 1)])
LONGEST_NAME = 128  # of a variable or command
_OVERHEAD = 64  # more than any one entry costs beside its texts
_CHARACTER = 4  # bytes of UTF-8 at most
_CHARGING = {Status.CHRG, Status.DISCHRG}


@dataclass(frozen=True, slots=True)
class Features:
    """What the settings ask for one device; `driver` holds its driver.* variables."""

    defaults: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    driver: Mapping[str, str] = field(default_factory=dict)
    ignorelb: bool = False
    allow_killpower: bool = False
    reloads: bool = False


@dataclass(frozen=True, slots=True)
class Trend:
    """Which way the charge of the battery went last; `word` is CHRG, DISCHRG or none."""

    charge: float | None = None
    word: str = ""
    supply: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class View:
    """A device as it is shown on the bus: one consistent whole."""

    variables: dict[str, str]
    writable: dict[str, Writable]
    commands: tuple[str, ...]

    @property
    def status(self) -> str:
        """The words of ups.status."""
        return self.variables.get("ups.status", "")

    @property
    def alarm(self) -> str:
        """The text of ups.alarm."""
        return self.variables.get("ups.alarm", "")

    def fits(self, limit: int) -> bool:
        """Tell whether what is published of the device stays below so many bytes."""
        if self._most() < limit:
            return True
        state = len("".join((*self.variables, *self.variables.values())).encode())
        words = [*self.commands, *(word for each in self.writable.values() for word in each.enum)]
        meta = sum(len(word.encode()) for word in (*words, *self.writable))
        overhead = _OVERHEAD * (len(self.variables) + len(self.writable) + len(words) + 1)
        return max(state, meta) + overhead < limit

    def _most(self) -> int:
        """Say quickly how many bytes it is at most, state and description together."""
        texts = (*self.variables, *self.variables.values(), *self.commands, *self.writable)
        words = [word for each in self.writable.values() if each.enum for word in each.enum]
        characters = len("".join(texts)) + len("".join(words))
        return _CHARACTER * characters + _OVERHEAD * (len(texts) + len(words) + 1)


def present(features: Features, reading: Reading, trend: Trend) -> tuple[View, Trend]:
    """Lay the features over a reading; the trend is to be passed to the next call.

    What has a name that no topic can spell is left out: another server may say anything.
    """
    found = {"device.type": "ups", **features.defaults, **reading.variables, **features.overrides}
    for copy, original in _COPIED:
        if copy not in found and original in found:
            found[copy] = found[original]
    trend = _next_trend(trend, found, reading.status or "")
    if reading.alarms and "ups.alarm" not in features.overrides:
        found["ups.alarm"] = " ".join(reading.alarms)
    if reading.status is not None and "ups.status" not in features.overrides:
        found["ups.status"] = _status(features, reading, found, trend)
    found |= features.driver
    found[ALLOW_KILLPOWER] = "1" if features.allow_killpower else "0"
    variables = {name: intern(found[name]) for name in _in_order(frozenset(found))}
    return View(variables, _writable(features, reading), _commands(features, reading)), trend


@lru_cache(maxsize=1024)
def _in_order(names: frozenset[str]) -> tuple[str, ...]:
    """Sort the names that can be published; few sets of them come, again and again."""
    return tuple(intern(name) for name in sorted(names) if _is_name(name))


@lru_cache(maxsize=4096)
def _is_name(name: str) -> bool:
    return len(name) <= LONGEST_NAME and is_dotted_name(name)


def _status(
    features: Features, reading: Reading, variables: Mapping[str, str], trend: Trend
) -> str:
    said = (reading.status or "").split()
    if features.ignorelb:
        said = [word for word in said if word != Status.LB]
        if any(_is_below(variables, value, low) for value, low in _LEVELS):
            said.append(Status.LB)
    if trend.word and not (_CHARGING | {Status.OFF}) & set(said):
        said.append(trend.word)
    if reading.alarms:
        said = [Status.ALARM, *(word for word in said if word != Status.ALARM)]
    return " ".join(said)


def _is_below(variables: Mapping[str, str], value: str, low: str) -> bool:
    charge, limit = _number(variables.get(value)), _number(variables.get(low))
    return charge is not None and limit is not None and charge < limit


def _next_trend(trend: Trend, variables: Mapping[str, str], status: str) -> Trend:
    """Follow the charge; a full battery, or another supply than before, has no trend."""
    charge = _number(variables.get("battery.charge"))
    supply = frozenset(words(status)) & {Status.OL, Status.OB}
    if charge is None or charge >= 100 or trend.charge is None:
        return Trend(charge, "", supply)
    if charge != trend.charge:
        word = Status.CHRG if charge > trend.charge else Status.DISCHRG
        return Trend(charge, word, supply)
    return trend if supply == trend.supply else Trend(charge, "", supply)


def _number(text: str | None) -> float | None:
    found = _NUMBER.match(text or "")
    return float(found[0]) if found else None


def _writable(features: Features, reading: Reading) -> dict[str, Writable]:
    """Say what can be written; an override cannot, nor what the driver says of itself."""
    fixed = features.overrides.keys() & reading.writable.keys()
    own = {
        name: writable
        for name, writable in reading.writable.items()
        if name not in fixed and _is_name(name)
    }
    return {**own, ALLOW_KILLPOWER: _SWITCH}


def _commands(features: Features, reading: Reading) -> tuple[str, ...]:
    return _all_commands(reading.commands, features.reloads, features.allow_killpower)


def shutdowns(offered: Iterable[str]) -> tuple[str, ...]:
    """List what shutdown.default may stand for with these commands, the best first."""
    taken = frozenset(offered)
    if SHUTDOWN in taken:
        return (SHUTDOWN,)
    return tuple(command for command in SHUTDOWNS if command in taken)[:1]


@lru_cache(maxsize=1024)
def _all_commands(offered: tuple[str, ...], reloads: bool, killpower: bool) -> tuple[str, ...]:
    own = tuple(filter(_is_name, offered))
    extra = {*(RELOADS if reloads else ())}
    if shutdowns(own):
        extra |= {SHUTDOWN, *((KILLPOWER,) if killpower else ())}
    return tuple(sorted({*own, *extra}))
