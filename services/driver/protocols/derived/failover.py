"""The best of several devices as one device, as NUT's driver failover elects it.

Facts: NUT's drivers/failover.c and its manual page (2.8.4 and later).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Literal

from services.driver.contract import Reading
from services.driver.protocols.derived.originals import number, passed_on
from shared.errors import RefusedError, ResultStatus
from shared.messages import Writable
from shared.status import Status

NO_PRIMARY = "No suitable primaries for failover"
ALARM_TIME = 15.0  # seconds for which mode 1 shows its alarm before the device goes stale
UPSTREAM = "upstream."
FORCE_PRIMARY, FORCE_IGNORE = ".force.primary", ".force.ignore"


class Priority(IntEnum):
    """How suitable a device is as the primary; the lowest wins."""

    FORCED = 0
    FILTERED = 1
    ONLINE = 2
    FRESH = 3
    KNOWN = 4


@dataclass(frozen=True, slots=True)
class Filters:
    """Words of ups.status that make a device suitable, or not."""

    have_any: tuple[str, ...] = ()
    have_all: tuple[str, ...] = ()
    nothave_any: tuple[str, ...] = ()
    nothave_all: tuple[str, ...] = ()

    def let_pass(self, status: str) -> bool:
        """Tell whether a status passes; without filters or without a status none does."""
        said = set(status.split())
        if not said or not any((self.have_any, self.have_all, self.nothave_any, self.nothave_all)):
            return False
        return not (
            said & set(self.nothave_any)
            or set(self.have_all) - said
            or (self.nothave_all and said >= set(self.nothave_all))
            or (self.have_any and not said & set(self.have_any))
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say of the election; times in seconds."""

    filters: Filters = field(default_factory=Filters)
    is_strict: bool = False
    compare: Literal[0, 1, 2, 3] = 1
    init_time: float = 30
    no_primary_time: float = 15
    mode: Literal[0, 1, 2] = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the devices as it stands; its variables are the last ones, fresh or not."""

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    writable: Mapping[str, Writable] = field(default_factory=dict)
    commands: Sequence[str] = ()
    is_fresh: bool = False

    @property
    def status(self) -> str:
        """The words of ups.status."""
        return self.variables.get("ups.status", "")


@dataclass(frozen=True, slots=True)
class Forces:
    """Until when the operator wants a device to be primary, or ignored; infinity is for good."""

    primary: Mapping[str, float] = field(default_factory=dict)
    ignored: Mapping[str, float] = field(default_factory=dict)


def elected(
    candidates: Sequence[Candidate], rules: Rules, forces: Forces, now: float
) -> tuple[Candidate, Priority] | None:
    """Choose the primary; None if no device is suitable."""
    best: tuple[Candidate, Priority] | None = None
    for candidate in candidates:
        priority = _priority(candidate, rules, forces, now)
        if priority is None:
            continue
        if best is None or _is_better((candidate, priority), best, rules):
            best = candidate, priority
    return best


def _is_better(
    one: tuple[Candidate, Priority], best: tuple[Candidate, Priority], rules: Rules
) -> bool:
    """Tell whether a candidate beats the best so far; of equals on line the first stays."""
    if one[1] != best[1]:
        return one[1] < best[1]
    return one[1] >= Priority.FRESH and _lasts(one[0], best[0], rules.compare)


def _priority(candidate: Candidate, rules: Rules, forces: Forces, now: float) -> Priority | None:
    if not candidate.variables or now < forces.ignored.get(candidate.name, now):
        return None
    if now < forces.primary.get(candidate.name, now):
        return Priority.FORCED
    if rules.filters.let_pass(candidate.status):
        return Priority.FILTERED
    if rules.is_strict:
        return None
    if not candidate.is_fresh:
        return Priority.KNOWN
    return Priority.ONLINE if Status.OL in candidate.status.split() else Priority.FRESH


def _lasts(one: Candidate, other: Candidate, compare: int) -> bool:
    """Tell whether one device lasts longer than the other; what is not known lasts shortest."""
    names = ("battery.runtime", "battery.runtime.low")
    pairs = [(_seconds(one, name), _seconds(other, name)) for name in names]
    longer = [mine > others for mine, others in pairs]
    return {0: False, 1: longer[0], 2: longer[1], 3: all(longer)}[compare]


def _seconds(candidate: Candidate, name: str) -> float:
    value = number(candidate.variables.get(name))
    return -1 if value is None else value


def shown(candidate: Candidate, priority: Priority, names: Sequence[str]) -> Reading:
    """Make the reading of the primary; what its own driver says of itself is below upstream."""
    variables = passed_on(candidate.variables)
    for name, value in candidate.variables.items():
        if name.startswith("driver."):
            variables[UPSTREAM + name] = value
    variables["driver.primary.socketname"] = candidate.name
    variables["driver.primary.priority"] = str(int(priority))
    writable = {
        name if not name.startswith("driver.") else UPSTREAM + name: may
        for name, may in candidate.writable.items()
    }
    commands = (
        *(name for name in candidate.commands if not name.startswith("driver.")),
        *(UPSTREAM + name for name in candidate.commands),
        *forcing(names),
    )
    return Reading(variables, candidate.status, (), writable, commands)


def alone(rules: Rules, names: Sequence[str], since: float) -> Reading | None:
    """Make the reading while there is no primary; None: the device is stale.

    `since` says for how long, in seconds, beyond the time that is granted.
    """
    commands = forcing(names)
    if rules.mode == 2:
        return Reading({}, str(Status.FSD), (NO_PRIMARY,), {}, commands)
    if rules.mode == 1 and since < ALARM_TIME:
        return Reading({}, "", (NO_PRIMARY,), {}, commands)
    return None


def forcing(names: Sequence[str]) -> tuple[str, ...]:
    """Name the commands by which the operator decides."""
    return tuple(name + end for name in names for end in (FORCE_PRIMARY, FORCE_IGNORE))


def forced(forces: Forces, command: str, value: str | None, now: float) -> Forces:
    """Take a decision of the operator: seconds, below 0 for good, 0 or nothing to end it."""
    name, _, kind = command.rpartition(".force.")
    try:
        seconds = int(value or 0)
    except ValueError:
        raise RefusedError(ResultStatus.INVALID, "a whole number of seconds") from None
    until = float("inf") if seconds < 0 else now + seconds
    if kind == "primary":
        return replace(forces, primary={**forces.primary, name: until})
    return replace(forces, ignored={**forces.ignored, name: until})
