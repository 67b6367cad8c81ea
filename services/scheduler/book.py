"""The book of timers and of what changes in it; pure.

All times in it are seconds since the epoch, as the scheduler's own clock has them (`clock`).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from services.scheduler.jobs import Job
from shared.events import Condition


class TimerKind(StrEnum):
    """What a timer is for.

    STARTED: one of upssched.conf. HELD: the trigger of a rule has become true. QUIET: a rule has
    acted and says nothing for a while.
    """

    STARTED = "started"
    HELD = "held"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Cause:
    """What made something happen: an event or a condition of one device, or a calendar entry."""

    device: str
    type: str
    text: str
    at: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer; `due` None waits for something else than time.

    `name` is the timer's of upssched.conf, or the rule's id. A shared timer has more causes than
    one. `fired` says that a HELD one has acted, `count` how often a QUIET one kept silent.
    """

    id: str
    kind: TimerKind
    name: str
    sequence: int
    due: float | None
    causes: tuple[Cause, ...]
    fired: bool = False
    count: int = 0

    @property
    def device(self) -> str:
        """The device that it is about, the first of them if it is shared."""
        return self.causes[0].device


@dataclass(frozen=True, slots=True)
class Known:
    """What was last known of a device, and what was last told of it by subject."""

    condition: Condition
    told: dict[str, str] = field(default_factory=dict)
    on_battery_since: float | None = None
    lowest_charge: float | None = None
    silent_since: float | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """One time on battery; `lowest_charge` in percent, None if the device did not say."""

    device: str
    began: float
    ended: float
    lowest_charge: float | None


@dataclass(slots=True)
class Changes:
    """What is to be stored as one whole; None removes."""

    timers: dict[str, Timer | None] = field(default_factory=dict)
    devices: dict[str, Known | None] = field(default_factory=dict)
    calendar: dict[str, float | None] = field(default_factory=dict)
    outages: list[Outage] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.timers or self.devices or self.calendar or self.outages or self.jobs)


@dataclass(slots=True)
class Saved:
    """What survived a restart; `calendar` has when each entry was last done."""

    timers: dict[str, Timer] = field(default_factory=dict)
    devices: dict[str, Known] = field(default_factory=dict)
    calendar: dict[str, float] = field(default_factory=dict)


class Book:
    """All timers, and what changed since the changes were last taken."""

    def __init__(self, timers: dict[str, Timer]) -> None:
        self.timers = dict(timers)
        self.changes = Changes()
        self._sequence = max((timer.sequence for timer in timers.values()), default=0)

    def start(
        self, kind: TimerKind, name: str, due: float | None, cause: Cause, *, fired: bool = False
    ) -> None:
        """Start a timer; a rule has one of a kind for each device, it replaces the one before."""
        self._sequence += 1
        number = str(self._sequence)
        key = number if kind is TimerKind.STARTED else f"{name}:{cause.device}"
        self.put(Timer(f"{kind}:{key}", kind, name, self._sequence, due, (cause,), fired))

    def of_rule(self, kind: TimerKind, rule: str, device: str) -> Timer | None:
        """Find a rule's timer for one device."""
        return self.timers.get(f"{kind}:{rule}:{device}")

    def put(self, timer: Timer) -> None:
        """Add a timer, or replace the one of its id."""
        self.timers[timer.id] = timer
        self.changes.timers[timer.id] = timer

    def drop(self, timer: Timer) -> None:
        """Remove a timer."""
        del self.timers[timer.id]
        self.changes.timers[timer.id] = None

    def order(self, job: Job) -> None:
        """Have something done."""
        self.changes.jobs.append(job)

    def due(self, now: float) -> list[Timer]:
        """List what is due, the earliest first."""
        due = [timer for timer in self.timers.values() if timer.due is not None]
        return sorted(
            (timer for timer in due if _due(timer) <= now),
            key=lambda timer: (_due(timer), timer.sequence),
        )

    @property
    def next_due(self) -> float | None:
        """When the next timer is due."""
        return min(
            (timer.due for timer in self.timers.values() if timer.due is not None), default=None
        )


def _due(timer: Timer) -> float:
    assert timer.due is not None
    return timer.due
