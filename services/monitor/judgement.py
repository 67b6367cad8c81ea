"""Whether a supply counts as lost: upsmon's rules in upsmon's order (inventory 3.5).

Each rule is a function that gives the reason in words, or "" if it says nothing; the first that
says something decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from services.monitor.rules import Conditions, LostOnBattery, Rules, Stage
from services.monitor.sights import Reach
from services.monitor.timers import Timers
from services.monitor.watch import Watch
from shared.service_messages import Role
from shared.status import Status


@dataclass(frozen=True, slots=True)
class Case:
    """One supply before the judge."""

    watch: Watch
    rules: Rules
    timers: Timers


def reason_lost(watch: Watch, rules: Rules, timers: Timers, *, ignore_fsd: bool = False) -> str:
    """Say why a supply counts as lost; "" if it counts as well."""
    case = Case(watch, rules, timers)
    reasons = [rule(case) for rule in _RULES]  # all of them: they keep the time as they go
    if watch.has_fsd and not ignore_fsd:
        return "a forced shutdown is ordered"
    return next((reason for reason in reasons if reason), "")


def reason_met(watch: Watch, when: Conditions, rules: Rules, timers: Timers) -> str:
    """Say which of the conditions a supply meets; "" if none."""
    case = Case(watch, rules, timers)
    found = (_hot(case, when), _long_on_battery(case, when), _drained(case, when))
    return next((reason for reason in found if reason), "")


def reason_due(
    stage: Stage,
    watches: Mapping[str, Watch],
    reasons: Mapping[str, str],
    rules: Rules,
    timers: Timers,
) -> str:
    """Say at which supply a stage is due, and why; `reasons` are of the supplies that are lost."""
    for name in stage.supplies or watches:
        if name not in watches:
            continue
        reason = reason_met(watches[name], stage.when, rules, timers)
        if name in stage.supplies:
            reason = reason or reasons.get(name, "")
        if reason:
            return f"{name}: {reason}"
    return ""


def silent_since(watch: Watch) -> float:
    """Give the moment of its last word."""
    return watch.begun if watch.heard is None else watch.heard


def _silent_and_at_risk(case: Case) -> str:
    """Judge a UPS that answers no more by what it said last, once DEADTIME is over.

    That our own way to it is cut says nothing of the UPS.
    """
    watch, rules = case.watch, case.rules
    if watch.lost is not Reach.SILENT:
        return ""
    dead_at = silent_since(watch) + rules.dead_time
    for word, counts in _AT_RISK:
        if word in watch.words and counts(rules) and case.timers.passed(_at_risk_at(case, word)):
            seconds = f"{case.timers.now - dead_at + rules.dead_time:.0f} s"
            return f"silent for {seconds}, and its last word was {word}"
    return ""


def _at_risk_at(case: Case, word: Status) -> float:
    dead_at = silent_since(case.watch) + case.rules.dead_time
    if word is not Status.OVER:
        return dead_at
    since = case.watch.since.get("over", dead_at)
    return max(dead_at, since + case.rules.over_duration)


_AT_RISK: Final[tuple[tuple[Status, Callable[[Rules], bool]], ...]] = (
    (Status.OVER, lambda rules: rules.over_duration >= 0),
    (Status.ALARM, lambda rules: rules.alarm_critical),
    (Status.CAL, lambda _: True),
    (Status.BYPASS, lambda _: True),
    (Status.OFF, lambda rules: rules.off_duration >= 0),
)


def _off(case: Case) -> str:
    since = case.watch.since.get("off")
    if since is None or case.rules.off_duration < 0:
        return ""
    off_at = since + case.rules.off_duration
    if case.watch.lost is Reach.CUT:  # what was counted until then stays, no more is added
        return "switched off" if off_at <= silent_since(case.watch) else ""
    return "switched off" if case.timers.passed(off_at) else ""


def _condition(case: Case) -> str:
    return reason_met(case.watch, case.watch.supply.when, case.rules, case.timers)


def _low_on_battery(case: Case) -> str:
    """OB and LB, or OB and silent for too long: at once for a primary, else after HOSTSYNC."""
    watch, rules = case.watch, case.rules
    is_dead = _is_dead(case)
    is_low = watch.on_battery and (is_dead or Status.LB in watch.words)
    if not is_low or (Status.CAL in watch.words and not is_dead):
        watch.since.pop("low", None)
        watch.since.pop("seen low", None)
        return ""
    low_since = watch.since.setdefault("low", silent_since(watch) if is_dead else case.timers.now)
    seen_low = watch.since.setdefault("seen low", case.timers.now)
    if not case.timers.passed(seen_low + max(0.0, rules.oblb_duration)):
        return ""
    is_ours = watch.supply.role is Role.PRIMARY
    if not is_ours and not case.timers.passed(low_since + rules.host_sync):
        return ""
    return "on battery and silent" if is_dead else "on battery, and the battery is low"


def _is_dead(case: Case) -> bool:
    watch = case.watch
    if watch.lost is None or not watch.on_battery:
        return False
    return case.timers.passed(silent_since(watch) + _patience(case))


def _patience(case: Case) -> float:
    """How long a supply that was last on battery may be silent."""
    runtime = case.watch.sight.runtime
    if case.rules.lost_on_battery is LostOnBattery.DEADTIME or not runtime or runtime < 0:
        return case.rules.dead_time
    return max(0.0, runtime - case.rules.runtime_margin)


def _hot(case: Case, when: Conditions) -> str:
    temperature = case.watch.sight.temperature
    is_known = case.watch.heard is not None and case.watch.fresh_from is None
    if when.temperature_above is None or temperature is None or not is_known:
        return ""
    return f"temperature {temperature:g}" if temperature > when.temperature_above else ""


def _long_on_battery(case: Case, when: Conditions) -> str:
    since = case.watch.since.get("battery")
    if when.on_battery is None or since is None or Status.CAL in case.watch.words:
        return ""
    is_over = case.timers.passed(since + when.on_battery)
    return f"on battery for {case.timers.now - since:.0f} s" if is_over else ""


def _drained(case: Case, when: Conditions) -> str:
    watch, sight = case.watch, case.watch.sight
    if not watch.on_battery or Status.CAL in watch.words:
        return ""
    charge = sight.charge
    if when.charge_below is not None and charge is not None and 0 <= charge < when.charge_below:
        return f"charge {charge:g} %"
    if when.runtime_below is None or sight.runtime is None or sight.runtime < 0:
        return ""
    if watch.lost is None:
        return f"runtime {sight.runtime:g} s" if sight.runtime < when.runtime_below else ""
    # It cannot say so any more, but time goes on.
    is_over = case.timers.passed(silent_since(watch) + sight.runtime - when.runtime_below)
    return "silent, and the last known runtime is used up" if is_over else ""


_RULES: Final[tuple[Callable[[Case], str], ...]] = (
    _silent_and_at_risk,
    _off,
    _condition,
    _low_on_battery,
)
