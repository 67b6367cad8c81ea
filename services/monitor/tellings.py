"""What people are told of one supply: its events, and what has to be said again and again."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from services.monitor.actions import Action, Log
from services.monitor.notices import of_host, of_supply
from services.monitor.rules import Rules
from services.monitor.sights import Reach
from services.monitor.timers import Timers
from services.monitor.watch import Watch
from shared.events import Condition, EventType, HostEvent, between
from shared.status import Status, in_words

_FSD = Condition(Status.FSD)
_REPLACE = Condition(Status.RB)
QUOTED = 64  # characters of foreign text that are shown
UNKNOWN_AFTER = 30.0  # seconds until a supply that was never heard of is thought to be misspelt


def tellings(watch: Watch, rules: Rules, timers: Timers) -> list[Action]:
    """Tell what is new of a supply, and note that it was told."""
    actions: list[Action] = []
    new = watch.condition()
    events = () if new is None else between(watch.supply.name, watch.told, new)
    watch.told = _judged(watch.told, new)
    for event in events:
        if event.type is not EventType.REPLBATT:  # told in its own rhythm
            actions += of_supply(rules, watch.supply.name, event)
        if event.type is EventType.COMMBAD:
            actions.append(_loss(watch))
    return [
        *actions,
        *forced(watch, rules),
        *_replace(watch, rules, timers),
        *_absent(watch, rules, timers),
    ]


def _judged(old: Condition | None, new: Condition | None) -> Condition | None:
    """Say what events were judged by: of a supply that is silent, its last status that was."""
    if new is None or new.communicating:
        return new
    return replace(old or Condition(), communicating=False)


def forced(watch: Watch, rules: Rules) -> list[Action]:
    """Tell a forced shutdown, once until it is over."""
    is_new = watch.has_fsd and not watch.told_fsd
    watch.told_fsd = watch.has_fsd
    if not is_new:
        return []
    (event,) = between(watch.supply.name, None, _FSD)
    is_rehearsal = rules.dry_run and watch.own_fsd is True
    return [*of_supply(rules, watch.supply.name, event, dry_run=is_rehearsal)]


def order_of(watch: Watch) -> str:
    """Say who gave the FSD on the bus that counts for a supply, and how to call it off; or ""."""
    given = _given(watch)
    return f"{given}; nutbus fsd {watch.supply.name} --clear calls it off" if given else ""


def causes(watches: Mapping[str, Watch], reasons: Mapping[str, str]) -> tuple[str, ...]:
    """Say of each supply that counts as lost why, and who ordered it; `reasons` are by supply."""
    return tuple(f"{name}: {why}{_given(watches[name])}" for name, why in reasons.items())


def _given(watch: Watch) -> str:
    sight = watch.sight
    if not sight.fsd or not watch.has_fsd:
        return ""
    why = f" (reason {sight.fsd_reason[:QUOTED]!r})" if sight.fsd_reason else ""
    return f" by {sight.fsd_by[:QUOTED]!r} at {_local_time(sight.fsd_at)}{why}"


def _local_time(at: float) -> str:
    try:
        return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    except (OverflowError, OSError, ValueError):  # anybody may write there what he likes
        return f"{at:g} s, which is no time"


def _replace(watch: Watch, rules: Rules, timers: Timers) -> list[Action]:
    if Status.RB not in watch.words or not watch.is_reached:
        return []
    last = watch.told_replace
    if last is not None and not timers.passed(last + rules.rb_warn_time):
        return []
    watch.told_replace = timers.now
    (event,) = between(watch.supply.name, None, _REPLACE)
    return [*of_supply(rules, watch.supply.name, event)]


def _absent(watch: Watch, rules: Rules, timers: Timers) -> list[Action]:
    if watch.is_reached:
        watch.told_unavailable = None
        return []
    name, actions = watch.supply.name, list[Action]()
    is_unknown = watch.heard is None and not watch.told_unknown
    if is_unknown and timers.passed(watch.begun + UNKNOWN_AFTER):
        watch.told_unknown = True
        text = f"{name}: nothing was heard of it for {UNKNOWN_AFTER:g} s; is the name right?"
        actions.append(Log(logging.WARNING, text))
    start = watch.begun if watch.heard is None else watch.heard
    last = start if watch.told_unavailable is None else watch.told_unavailable
    if timers.passed(last + rules.no_comm_warn_time):
        watch.told_unavailable = timers.now
        actions += of_host(rules, HostEvent.NOCOMM, supply=name)
    return actions


def _loss(watch: Watch) -> Log:
    name = watch.supply.name
    if watch.on_battery:
        text = f"{name} was lost while on battery; counting on with our own clock"
    elif watch.lost is Reach.CUT:
        text = f"{name} cannot be followed, which is no power event; waiting"
    else:
        said = in_words(" ".join(watch.words)) or "nothing"
        text = f"{name} answers no more; its last word was: {said}"
    return Log(logging.WARNING, text)
