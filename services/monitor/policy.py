"""The decisions of the monitor: what is seen and the time go in, actions come out.

Pure: no clock, no network. The rules are upsmon's (inventory, section 3) with the corrections that
docs/monitor-decisions.md lists.
"""

import logging
from typing import Final

from services.monitor.actions import (
    Action,
    Announce,
    ClearFsd,
    Decide,
    Exit,
    Log,
    SetFsd,
    ShutDown,
)
from services.monitor.judgement import reason_lost
from services.monitor.notices import of_host
from services.monitor.primaries import Relief, listed
from services.monitor.rules import Rules
from services.monitor.secondaries import expected_to_leave
from services.monitor.sights import Sight, View
from services.monitor.stages import Coordinator, Waker, answers, is_charged, ordering
from services.monitor.tellings import causes, forced, order_of, tellings
from services.monitor.timers import Timers
from services.monitor.watch import Watch
from shared.events import HostEvent
from shared.service_messages import Answer, MonitorPower, Phase, Role
from shared.status import Status

COUNTING_TIME: Final = 2.0  # seconds that a server may take to tell how many are logged in
_ALERT: Final = frozenset({Status.OFF, Status.BYPASS, Status.ALARM})


class Policy:
    """Decides for one host; times are monotonic seconds, `wall` is seconds since the epoch.

    Call `advance` whenever what is known has changed and whenever `due` has come; carry out all
    actions in their order. The first call may be made before anything was heard.
    """

    def __init__(self, rules: Rules, now: float) -> None:
        self.rules = rules
        self.phase = Phase.WATCHING
        self._now = now
        self._due: float | None = now
        self._view = View()
        self._watches = {supply.name: Watch(supply, now, rules.id) for supply in rules.supplies}
        self._reasons: dict[str, str] = {}
        self._causes: frozenset[str] = frozenset()
        self._answers: dict[str, Answer] = {}
        self._is_forced = False
        self._since = now  # when the phase began
        self._fsd_since: float | None = None
        self._told_waiting = False
        self._has_ended = False
        self._relief = Relief()
        self._coordinator = Coordinator()
        self._waker = Waker()
        self._announced: MonitorPower | None = None
        self._actions: list[Action] = []

    def advance(self, now: float, view: View, wall: float = 0.0) -> tuple[Action, ...]:
        """Take in everything that is known now, and say what is to be done."""
        self._now = max(now, self._now)
        self._view = view
        timers = Timers(self._now)
        self._see(timers)
        self._judge(timers)
        self._obey()
        self._arrange()
        while self._step(timers, wall):
            pass
        self._coordinate(timers, wall)
        is_calm = self.phase is Phase.WATCHING and not self._reasons
        is_well = is_calm and is_charged(self._watches.values(), self.rules.wake.charge)
        self._actions += self._waker.advance(self.rules, view.peers, timers, is_well=is_well)
        self._announce()
        self._due = timers.due
        actions, self._actions = tuple(self._actions), []
        return actions

    def due(self, now: float) -> float | None:
        """Say when `advance` is to be called next even if nothing changes; None: not at all."""
        return None if self._due is None else max(now, self._due)

    def poll_interval(self, supply: str) -> float:
        """Say how often a supply that must be asked is asked, in seconds."""
        watch, rules = self._watches[supply], self.rules
        is_abnormal = watch.on_battery or bool(_ALERT.intersection(watch.words))
        if Status.OVER in watch.words and rules.over_duration >= 0:
            is_abnormal = True
        return rules.poll_interval_alert if is_abnormal else rules.poll_interval

    def force(self) -> None:
        """Shut down whatever the supplies say (upsmon -c fsd): with the next `advance`."""
        self._is_forced = True
        self._due = self._now

    def reload(self, rules: Rules, now: float) -> None:
        """Go on under new rules with what is known; what was only rehearsed is decided anew."""
        if self.rules.dry_run and not rules.dry_run:
            self.phase, self._is_forced = Phase.WATCHING, False
            self._coordinator.begin_in_earnest()
            for watch in self._watches.values():
                watch.own_fsd = None
        old, self._watches = self._watches, {}
        for supply in rules.supplies:
            watch = old.get(supply.name) or Watch(supply, now)
            watch.supply, watch.id = supply, rules.id
            self._watches[supply.name] = watch
        self.rules = rules
        self._due = now

    def suspend(self, now: float) -> tuple[Action, ...]:
        """Note that the machine is about to sleep."""
        self._now = max(now, self._now)
        return of_host(self.rules, HostEvent.SUSPEND_STARTING)

    def resume(self, now: float) -> tuple[Action, ...]:
        """Note that it woke: what was seen before is obsolete, roles and logins are not."""
        self._forget(now)
        return of_host(self.rules, HostEvent.SUSPEND_FINISHED)

    def jump(self, now: float, by: float) -> tuple[Action, ...]:
        """Note that the clock leapt by so many seconds: as a wake-up nobody announced."""
        self._forget(now)
        return of_host(self.rules, HostEvent.SUSPEND_TIMEJUMP_UNEXPECTED, detail=f"{by:.0f} s")

    def lost_parent(self) -> tuple[Action, ...]:
        """Note that the privileged parent is gone (NOPARENT); the monitor then ends."""
        return (*of_host(self.rules, HostEvent.NOPARENT), Exit())

    def _forget(self, now: float) -> None:
        self._now = max(now, self._now)
        for watch in self._watches.values():
            watch.forget(self._now)
        self._due = self._now

    def _log(self, level: int, text: str) -> None:
        self._actions.append(Log(level, text))

    # What is seen, and what it means.

    def _see(self, timers: Timers) -> None:
        for name, watch in self._watches.items():
            watch.take(self._view.sights.get(name, Sight()), timers.now)
            if watch.is_leftover:
                self._clear(watch, "it is from before this machine booted, and mains is back")
            self._actions += tellings(watch, self.rules, timers)
        self._coordinator.adopt(self.rules, self._view.own_order, timers.now)

    def _judge(self, timers: Timers) -> None:
        old, self._reasons = self._reasons, {}
        for name, watch in self._watches.items():
            reason = reason_lost(watch, self.rules, timers)
            if reason:
                self._reasons[name] = reason
            if reason and name not in old:
                text = f"{name} counts as lost: {reason}{order_of(watch)}"
                self._log(logging.WARNING, text)
            elif name in old and not reason:
                self._log(logging.INFO, f"{name} counts again")

    def _obey(self) -> None:
        old, self._answers = self._answers, answers(self.rules, self._view)
        for id, answer in self._answers.items():
            if id not in old:
                self._log(logging.WARNING, f"stage order {id} names this host: {answer}")

    def _arrange(self) -> None:
        """See which other primary has the power cut, and whether that still holds."""
        had, lost = self._relief.by, self._relief.follow(self.rules, self._view, self.phase)
        if self._relief.by and not had:
            self._log(logging.INFO, f"to have the power cut is left to {listed(self._relief.by)}")
        if lost:
            self._log(logging.WARNING, f"gone before the power was cut: {listed(lost)}")
            self._fsd_since = self._now

    @property
    def _primary(self) -> list[Watch]:
        return [w for w in self._watches.values() if w.supply.role is Role.PRIMARY]

    @property
    def _unrelieved(self) -> list[Watch]:
        """The supplies of which no other primary sees to the power."""
        return [watch for watch in self._primary if not self._relief.covers(watch, self._view)]

    @property
    def _ordered(self) -> list[str]:
        return [name for name, watch in self._watches.items() if watch.has_fsd]

    @property
    def _counts(self) -> list[int | None]:
        return [expected_to_leave(each, self._view, self._ordered) for each in self._unrelieved]

    @property
    def _present(self) -> int:
        return sum(
            watch.supply.power_value
            for name, watch in self._watches.items()
            if name not in self._reasons
        )

    @property
    def _is_ordered(self) -> bool:
        return Answer.GOING in self._answers.values()

    def _why(self) -> str:
        """Say why this host has to go down; "" if it has not."""
        if self._is_forced:
            return "ordered by hand"
        if self._is_ordered:
            return "its stage is ordered"
        if self._present < self.rules.min_supplies:
            return f"power value {self._present} of {self.rules.min_supplies} needed"
        return ""

    # The way down: watching, hostsync, final, down.

    def _step(self, timers: Timers, wall: float) -> bool:
        """Go one step if it is time; tell whether it was."""
        match self.phase:
            case Phase.WATCHING:
                return self._decide()
            case Phase.HOSTSYNC:
                return self._turn_back(timers) or self._sync(timers, wall)
            case Phase.FINAL:
                return self._go_down(timers)
            case _:
                return self._end(timers)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._since = self._now
        self._announce()

    def _decide(self) -> bool:
        why = self._why()
        if not why:
            return False
        by, order = ordering(self._view, self._answers)
        behind = ((f"ordered by {by}",) if by else ()) + causes(self._watches, self._reasons)
        self._actions.append(Decide(True, why, behind, order, dry_run=self.rules.dry_run))
        self._causes = frozenset(self._reasons)
        self._fsd_since = None
        self._told_waiting = False
        self._coordinator.recall(self.rules, self._view.peers)
        self._enter(Phase.HOSTSYNC)
        return True

    def _sync(self, timers: Timers, wall: float) -> bool:
        """Let the stages go first, then the secondaries."""
        if not self._stages_are_done(timers, wall):
            return False
        if self._fsd_since is None:
            self._fsd_since = self._now
            self._set_fsd(timers)
        if self._is_waiting(timers):
            return False
        self._log(logging.CRITICAL, "executing automatic power-fail shutdown")
        self._actions += of_host(self.rules, HostEvent.SHUTDOWN, dry_run=self.rules.dry_run)
        self._enter(Phase.FINAL)
        return True

    def _go_down(self, timers: Timers) -> bool:
        if not timers.passed(self._since + self.rules.final_delay):
            return False
        if (self._relief.was_lost or any(self._counts)) and self._is_waiting(timers):
            return False
        # By the flag all of its supplies are cut off: all have to be this host's to cut, and
        # nobody may have called the shutdown off, since then others may stay up.
        unrelieved = [watch.supply.name for watch in self._unrelieved]
        is_called_off = not all(watch.has_order for watch in self._primary)
        cuts = 0 < len(unrelieved) == len(self._primary) and not is_called_off
        if unrelieved and not cuts:
            self._log(logging.WARNING, f"the power is not cut: {listed(unrelieved)}")
        self._actions.append(ShutDown(cuts, dry_run=self.rules.dry_run))
        self._enter(Phase.DOWN)
        return True

    def _end(self, timers: Timers) -> bool:
        if self.rules.dry_run:
            return self._end_rehearsal()
        delay = self.rules.shutdown_exit
        if not self._has_ended and delay is not None and timers.passed(self._since + delay):
            self._has_ended = True
            self._actions.append(Exit())
        return False

    def _end_rehearsal(self) -> bool:
        self._is_forced = False
        for watch in self._watches.values():
            watch.own_fsd = None
        self._judge(Timers(self._now))
        if self._why():
            return False
        self._log(logging.INFO, "the rehearsal is over")
        self._enter(Phase.WATCHING)
        return True

    def _set_fsd(self, timers: Timers) -> None:
        for name, watch in self._watches.items():
            if watch.supply.role is not Role.PRIMARY or watch.has_fsd:
                continue
            reason = self._reasons.get(name) or self._why()
            self._actions.append(SetFsd(name, reason, dry_run=self.rules.dry_run))
            watch.own_fsd = True
            watch.fsd_sent = not watch.supply.on_bus and not self.rules.dry_run
            self._actions += forced(watch, self.rules)
        self._judge(timers)

    def _is_waiting(self, timers: Timers) -> bool:
        """Tell whether secondaries are to be waited for, and for how long."""
        counts, ordered = self._counts, self._ordered
        awaited = self._relief.awaited(self.rules, self._view, self._unrelieved, ordered)
        if not awaited and not any(count != 0 for count in counts):
            return False
        assert self._fsd_since is not None
        if timers.passed(self._fsd_since + self.rules.host_sync):
            if awaited:
                self._log(logging.WARNING, f"does not say it has the power cut: {listed(awaited)}")
            self._log(logging.WARNING, "secondaries did not all leave within HOSTSYNC")
            return False
        is_known = any(counts) or timers.passed(self._fsd_since + COUNTING_TIME)
        if is_known and not (awaited or self._told_waiting):
            self._told_waiting = True
            self._actions += of_host(
                self.rules, HostEvent.SHUTDOWN_HOSTSYNC, dry_run=self.rules.dry_run
            )
        return True

    # The way back, as long as there is one.

    def _turn_back(self, timers: Timers) -> bool:
        if not self._is_mains_back(timers):
            return False
        self._actions.append(Decide(False, "mains is back", dry_run=self.rules.dry_run))
        for watch in self._watches.values():
            if watch.fsd_is_ours:
                self._clear(watch, "mains is back")
        self._judge(timers)
        self._enter(Phase.WATCHING)
        return True

    def _is_mains_back(self, timers: Timers) -> bool:
        if self._is_forced or self._is_ordered:
            return False
        watches = self._watches.values()
        ours = {watch.supply.name for watch in watches if watch.fsd_is_ours}
        is_final = any(watch.fsd_sent for watch in watches)
        if is_final or (ours and not self.rules.clear_fsd_on_return):
            return False
        concerned = [self._watches[name] for name in (ours | self._causes) & set(self._watches)]
        if not all(watch.is_well for watch in concerned):
            return False
        present = 0
        for name, watch in self._watches.items():
            if not reason_lost(watch, self.rules, timers, ignore_fsd=name in ours):
                present += watch.supply.power_value
        return present >= self.rules.min_supplies

    def _clear(self, watch: Watch, why: str) -> None:
        self._log(logging.INFO, f"FSD of {watch.supply.name} is cleared: {why}")
        self._actions.append(ClearFsd(watch.supply.name, dry_run=self.rules.dry_run))
        watch.own_fsd = False

    # Other hosts: stages and waking.

    def _stages_are_done(self, timers: Timers, wall: float) -> bool:
        self._actions += self._coordinator.finish(self.rules, self._view, timers, wall)
        return self._coordinator.is_done(self.rules)

    def _coordinate(self, timers: Timers, wall: float) -> None:
        if self.phase is Phase.WATCHING:
            self._actions += self._coordinator.follow(
                self.rules, self._view, self._watches, self._reasons, timers, wall
            )

    def _announce(self) -> None:
        on_bus = [watch for watch in self._watches.values() if watch.supply.on_bus]
        power = MonitorPower(
            host=self.rules.host,
            roles={watch.supply.name: watch.supply.role for watch in on_bus},
            values={watch.supply.name: watch.supply.power_value for watch in on_bus},
            critical=[w.supply.name for w in on_bus if w.supply.name in self._reasons],
            present=self._present,
            needed=self.rules.min_supplies,
            phase=self.phase,
            answers=self._answers,
            dry_run=self.rules.dry_run,
            priority=self.rules.priority,
            relieves=self._relief.given,
        )
        if power != self._announced:
            self._announced = power
            self._actions.append(Announce(power))
