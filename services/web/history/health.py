"""How a battery ages: what it gave in outages and tests, and what it promises when full; pure.

Both are made comparable by the load: the product of time and load in percent. That a battery will
be due on a date is said only when the decline is no chance and near enough to be foreseen.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final, NamedTuple

from services.web.history.outages import How, Outage
from services.web.history.samples import Bucket

DAY: Final = 86400.0
WEEK: Final = 7 * DAY
FULL: Final = 99.0  # percent of charge
LEAST_DROP: Final = 10.0  # percent of charge that an outage has to take to tell anything
LEAST_SECONDS: Final = 60.0
ALIKE: Final = 0.25  # loads that differ by more cannot be compared: runtime is not linear in them
LEAST_POINTS: Final = 12
LEAST_SPAN: Final = 90 * DAY
SURE: Final = 2.576  # of the normal distribution: a chance of 1 in 100
WORN: Final = 0.8  # of what it was: where IEEE 1188 has lead batteries replaced
FARTHEST: Final = 2.0  # times the span that was seen
NEW_BATTERY: Final = 1.25
NEIGHBOURS: Final = 4


class Level(NamedTuple):
    """What the battery was worth at a time: seconds of runtime times percent of load."""

    at: float
    value: float


class Trend(NamedTuple):
    """A decline that is no chance: share of the first level a year (negative), and when it is due.

    `due` is when the level falls to 80 % of what it was at first; None if that is too far off to
    be said.
    """

    yearly: float
    due: float | None


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a battery.

    `promised` is a level a week from battery.runtime while it was full, `proved` one for each
    outage or test that took enough of its charge.
    """

    promised: tuple[Level, ...] = ()
    proved: tuple[Level, ...] = ()
    trend: Trend | None = None


def health(
    runtime: Iterable[Bucket],
    charge: Iterable[Bucket],
    load: Iterable[Bucket],
    outages: Iterable[Outage],
) -> Health:
    """Judge a battery by hours of its past, and by its outages."""
    weekly = promised(runtime, charge, load)
    shown = proved(outages)
    return Health(tuple(weekly), tuple(shown), trend(weekly) or trend(shown))


def promised(
    runtime: Iterable[Bucket], charge: Iterable[Bucket], load: Iterable[Bucket]
) -> list[Level]:
    """Give the level of each week from the hours in which the battery was full."""
    full = {bucket.begin for bucket in charge if bucket.low >= FULL}
    loads = {bucket.begin: bucket.mean for bucket in load if bucket.mean > 0}
    hours = [(each.begin, each.mean) for each in runtime if each.begin in full & loads.keys()]
    usual = median([loads[at] for at, _ in hours]) if hours else 0.0
    weeks: dict[int, list[float]] = {}
    for at, seconds in hours:
        if abs(loads[at] - usual) <= ALIKE * usual:
            weeks.setdefault(int(at // WEEK), []).append(seconds * loads[at])
    return [Level((week + 0.5) * WEEK, median(found)) for week, found in sorted(weeks.items())]


def proved(outages: Iterable[Outage]) -> list[Level]:
    """Give the level that each outage shows: what a whole charge would have lasted."""
    found = []
    for each in sorted(outages, key=lambda outage: outage.began):
        before, after = each.charge_before, each.lowest_charge
        if each.how is not How.LINE or before is None or after is None or not each.load:
            continue
        if before - after >= LEAST_DROP and each.seconds >= LEAST_SECONDS:
            whole = each.seconds * 100 / (before - after)
            found.append(Level(each.began, whole * each.load))
    return found


def trend(levels: Sequence[Level]) -> Trend | None:
    """Find the decline of the battery that is in use now; None where there is none to be sure of.

    The slope is Theil and Sen's, its certainty Mann and Kendall's.
    """
    levels = _of_this_battery(levels)
    if len(levels) < LEAST_POINTS or levels[-1].at - levels[0].at < LEAST_SPAN:
        return None
    pairs = [pair for pair in combinations(levels, 2) if pair[0].at < pair[1].at]
    first = median([level.value for level in levels[:NEIGHBOURS]])
    slope = median(
        [(after.value - before.value) / (after.at - before.at) for before, after in pairs]
    )
    if slope >= 0 or first <= 0 or _certainty(levels) < SURE:
        return None
    start = median([level.value - slope * level.at for level in levels])
    due = (WORN * first - start) / slope
    farthest = levels[-1].at + FARTHEST * (levels[-1].at - levels[0].at)
    return Trend(slope * 365.25 * DAY / first, due if due <= farthest else None)


def _of_this_battery(levels: Sequence[Level]) -> Sequence[Level]:
    """Leave out what was before the level last rose so much that the battery must be another."""
    for place in range(len(levels) - NEIGHBOURS, NEIGHBOURS - 1, -1):
        before = median([level.value for level in levels[place - NEIGHBOURS : place]])
        after = median([level.value for level in levels[place : place + NEIGHBOURS]])
        if after > NEW_BATTERY * before:
            return levels[place:]
    return levels


def _certainty(levels: Sequence[Level]) -> float:
    """Say how far from chance a decline is, in standard deviations, ties taken into account."""
    score = sum((a.value > b.value) - (a.value < b.value) for a, b in combinations(levels, 2))
    count = len(levels)
    ties: Mapping[float, int] = _counted(levels)
    variance = count * (count - 1) * (2 * count + 5)
    variance -= sum(tie * (tie - 1) * (2 * tie + 5) for tie in ties.values())
    return (score - 1) / math.sqrt(variance / 18) if score > 0 and variance > 0 else 0.0


def _counted(levels: Iterable[Level]) -> Mapping[float, int]:
    counts: dict[float, int] = {}
    for level in levels:
        counts[level.value] = counts.get(level.value, 0) + 1
    return counts
