"""Stages: hosts that go down before others, in order; and hosts that are woken afterwards.

A coordinator publishes a StageOrder on its own `stage` topic, retained. Each host that is named in
it, and whose settings say to obey this coordinator, answers in its own `power` topic by the id of
the order and goes through its phases there. A stage is done when each of its hosts is down, has
refused or has only rehearsed, or when its deadline is over. An order is taken back by clearing the
topic. Hosts whose `power` topic was left at `down` are those to be woken.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from services.monitor.actions import Action, Log, OrderStage, WakeHost
from services.monitor.judgement import reason_due, silent_since
from services.monitor.rules import Rules, Stage
from services.monitor.sights import Peer, View
from services.monitor.timers import Timers
from services.monitor.watch import Watch
from shared.service_messages import Answer, Phase, StageOrder

GONE_AFTER: Final = 30.0  # seconds in which a supply that is there is heard

Holds = Callable[[Stage], str]
"""Says why a stage's condition holds, "" if it does not."""


@dataclass(slots=True)
class Coordinator:
    """Orders the stages of one outage, one after the other."""

    order: StageOrder | None = None
    _done: set[str] = field(default_factory=set)  # stages, by name
    _waits: Stage | None = None
    _until: float = 0.0
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _adopted: bool = False

    def adopt(self, rules: Rules, order: StageOrder | None, now: float) -> None:
        """Take up, once, the order that the broker kept from before we started.

        Its last stage is waited for once more; of one that was only rehearsed nothing is done.
        """
        if self._adopted or self.order is not None or order is None:
            return
        self._adopted = True
        self.order = order
        if order.dry_run and not rules.dry_run:
            return
        named = set(order.hosts)
        self._done = {stage.name for stage in rules.stages if named.issuperset(stage.hosts)}
        self._waits = next((stage for stage in rules.stages if stage.name == order.stage), None)
        self._until = now + (self._waits.deadline if self._waits else 0.0)

    def follow(
        self,
        rules: Rules,
        view: View,
        watches: Mapping[str, Watch],
        reasons: Mapping[str, str],
        timers: Timers,
        wall: float,
    ) -> list[Action]:
        """Order the stages whose conditions hold, and end what is over; `reasons` as reason_due."""
        due = {
            stage.name: reason_due(stage, watches, reasons, rules, timers) for stage in rules.stages
        }
        return [
            *self._end(rules, watches, due, timers),
            *self.advance(rules, view, timers, lambda stage: due[stage.name], wall),
        ]

    def finish(self, rules: Rules, view: View, timers: Timers, wall: float) -> list[Action]:
        """Order the stages that are left, whatever their conditions: this host goes itself."""
        why = "the shutdown of its coordinator"
        return self.advance(rules, view, timers, lambda _: why, wall)

    def _end(
        self, rules: Rules, watches: Mapping[str, Watch], due: Mapping[str, str], timers: Timers
    ) -> list[Action]:
        """Take the order back, or have stages that are over ordered anew when they are due again.

        A supply that is gone for good, and was not on battery, keeps nothing standing.
        """
        if self.order is None:
            return []
        over = {name for name, watch in watches.items() if _keeps_no_order(watch, timers)}
        if len(over) == len(watches) and not any(due.values()):
            return self.withdraw()
        self.release(
            stage
            for stage in rules.stages
            if not due[stage.name] and over.issuperset(stage.supplies or watches)
        )
        return []

    def advance(
        self, rules: Rules, view: View, timers: Timers, holds: Holds, wall: float
    ) -> list[Action]:
        """Order the next stage that is due, unless one is still waited for."""
        actions: list[Action] = []
        while not self._is_waiting(view, timers, actions):
            found = ((stage, holds(stage)) for stage in rules.stages if not self._is_given(stage))
            stage, reason = next(((s, why) for s, why in found if why), (None, ""))
            if stage is None:
                break
            actions += self._give(rules, stage, reason, timers.now, wall)
        return actions

    def is_done(self, rules: Rules) -> bool:
        """Tell whether every stage was ordered and is no longer waited for."""
        return self._waits is None and all(self._is_given(stage) for stage in rules.stages)

    def _is_given(self, stage: Stage) -> bool:
        """Tell whether a stage was ordered, all the hosts included that it has now."""
        named = self.order.hosts if self.order else ()
        return stage.name in self._done and set(named).issuperset(stage.hosts)

    def release(self, stages: Iterable[Stage]) -> None:
        """Have stages ordered anew when they are due again."""
        self._done.difference_update(stage.name for stage in stages)

    def recall(self, rules: Rules, peers: Mapping[str, Peer]) -> None:
        """Have those stages ordered anew of which a host refuses.

        It may have come back since: who was started anew takes the order for one of before.
        """
        order = self.order
        if order is not None:
            self.release(
                stage
                for stage in rules.stages
                if any(_has_refused(peers.get(host), order) for host in stage.hosts)
            )

    def begin_in_earnest(self) -> None:
        """Take nothing for done that was rehearsed."""
        self._waits = None
        self._done.clear()

    def withdraw(self) -> list[Action]:
        """Take the order back: mains has returned."""
        if self.order is None:
            return []
        self.order, self._waits = None, None
        self._done.clear()
        return [Log(logging.INFO, "the stage order is taken back"), OrderStage(None)]

    def _give(
        self, rules: Rules, stage: Stage, reason: str, now: float, wall: float
    ) -> list[Action]:
        # Hosts of a stage that is over may be up again, and are to stay so.
        going = {host for each in rules.stages if self._is_given(each) for host in each.hosts}
        before = [host for host in self.order.hosts if host in going] if self.order else []
        self.order = StageOrder(
            id=f"{int(wall * 1000):x}-{next(self._numbers)}",
            at=wall,
            stage=stage.name,
            hosts=list(dict.fromkeys([*before, *stage.hosts])),
            deadline=stage.deadline,
            reason=reason,
            dry_run=rules.dry_run,
        )
        self._adopted = True
        self._done.add(stage.name)
        self._waits, self._until = stage, now + stage.deadline
        text = f"stage {stage.name}: {', '.join(stage.hosts)} shall shut down, because of {reason}"
        return [Log(logging.WARNING, text), OrderStage(self.order)]

    def _is_waiting(self, view: View, timers: Timers, actions: list[Action]) -> bool:
        stage, order = self._waits, self.order
        if stage is None or order is None:
            return False
        missing = [host for host in stage.hosts if not _is_gone(view.peers.get(host), order)]
        if missing and not timers.passed(self._until):
            return True
        self._waits = None
        if missing:
            text = f"stage {stage.name}: {', '.join(missing)} not down within {stage.deadline:g} s"
            actions.append(Log(logging.WARNING, text))
        refused = [host for host in stage.hosts if _has_refused(view.peers.get(host), order)]
        if refused:
            text = f"stage {stage.name}: {', '.join(refused)} refused; see obey in its settings"
            actions.append(Log(logging.WARNING, text))
        return False


def _is_gone(peer: Peer | None, order: StageOrder) -> bool:
    """Tell whether a host need not be waited for: down, or it will not go."""
    if peer is None:
        return False
    if peer.power.phase is Phase.DOWN:
        return True
    answer = peer.power.answers.get(order.id)
    return answer in (Answer.REHEARSED, Answer.REFUSED)


def _has_refused(peer: Peer | None, order: StageOrder) -> bool:
    return peer is not None and peer.power.answers.get(order.id) is Answer.REFUSED


def answers(rules: Rules, view: View) -> dict[str, Answer]:
    """Answer every stage order that names this host, by the id of the order."""
    given = {}
    for coordinator, seen in view.orders.items():
        if rules.id not in seen.order.hosts:
            continue
        if coordinator not in rules.obey or seen.is_old:
            given[seen.order.id] = Answer.REFUSED
        elif seen.order.dry_run or rules.dry_run:
            given[seen.order.id] = Answer.REHEARSED
        else:
            given[seen.order.id] = Answer.GOING
    return given


def ordering(view: View, given: Mapping[str, Answer]) -> tuple[str, str]:
    """Name the coordinator with whose stage this host goes, and the id of the order; or "", ""."""
    for coordinator, seen in view.orders.items():
        if given.get(seen.order.id) is Answer.GOING:
            return coordinator, seen.order.id
    return "", ""


def is_charged(watches: Iterable[Watch], least: float) -> bool:
    """Tell whether all supplies are on line power and no charge is known to be below `least`."""
    return all(
        watch.is_well and (watch.sight.charge is None or watch.sight.charge >= least)
        for watch in watches
    )


def _keeps_no_order(watch: Watch, timers: Timers) -> bool:
    """Tell whether no stage has to go on for a supply: on line power, or last so and long gone."""
    if watch.is_well:
        return True
    return not watch.on_battery and timers.passed(silent_since(watch) + GONE_AFTER)


@dataclass(slots=True)
class Waker:
    """Wakes the hosts that went down, one packet after the other until they are seen."""

    _since: float | None = None  # when all was well again
    _attempts: dict[str, int] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)

    def advance(
        self, rules: Rules, peers: Mapping[str, Peer], timers: Timers, *, is_well: bool
    ) -> list[Action]:
        """Wake who is due; `is_well` says that mains is back and the batteries are charged."""
        if not is_well:
            self._since = None
            return []
        self._since = timers.now if self._since is None else self._since
        if not timers.passed(self._since + rules.wake.delay):
            return []
        return [
            action for host in rules.wake.hosts for action in self._wake(rules, host, peers, timers)
        ]

    def _wake(
        self, rules: Rules, host: str, peers: Mapping[str, Peer], timers: Timers
    ) -> list[Action]:
        peer = peers.get(host)
        attempt = self._attempts.get(host, 0) + 1
        if peer is None or not _is_to_be_woken(peer):
            self._attempts.pop(host, None)
            self._last.pop(host, None)
            seen = peer is not None and peer.online and attempt > 1
            return [Log(logging.INFO, f"{host} is back")] if seen else []
        if rules.wake.attempts and attempt > rules.wake.attempts + 1:
            return []
        if host in self._last and not timers.passed(self._last[host] + rules.wake.retry):
            return []
        self._last[host] = timers.now
        self._attempts[host] = attempt
        if rules.wake.attempts and attempt > rules.wake.attempts:
            return [Log(logging.WARNING, f"{host} did not wake after {attempt - 1} attempts")]
        return [WakeHost(host, attempt, dry_run=rules.dry_run)]


def _is_to_be_woken(peer: Peer) -> bool:
    return not peer.online and peer.power.phase is Phase.DOWN and not peer.power.dry_run
