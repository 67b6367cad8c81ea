"""A small world with a clock of its own: supplies, a bus, and hosts whose policies are real.

What happens is written as text, `time subject what…` separated by semicolons:

    10 ups OB LB          the UPS says so (any words of ups.status)
    10 ups charge=40      so does this measure; alarm=, buzzwords=, runtime=, temperature=, logins=
    10 ups silent         it does not answer its driver or NUT server any more; `answers`: it does
    10 ups lost           its driver is gone; `found`: it is there again
    10 ups fsd=admin      somebody sets FSD; `fsd=` clears it
    10 bus lost           the broker is gone for all; `found`: it is back
    10 web lost           only this host has lost it
    10 web dies           the host is without power, or its monitor crashes
    10 web hangs          its monitor does nothing, which nobody is told; `goes-on`: it does again
    10 web boots          it starts anew; `restarts`: only its monitor does
    10 web fsd            `upsmon -c fsd`; likewise suspends, wakes, jumps, loses-parent
    10 clock +3600        the wall clock is set

Of several hosts, `logins` is counted by the world unless a story says otherwise.
A host that runs its shutdown command is off (`dies`) OFF_AFTER seconds later.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.monitor.actions import (
    Action,
    Announce,
    ClearFsd,
    Decide,
    Exit,
    Log,
    Notify,
    OrderStage,
    SetFsd,
    ShutDown,
    WakeHost,
)
from services.monitor.policy import Policy
from services.monitor.rules import Rules
from services.monitor.sights import Order, Peer, Reach, Sight, View
from shared.service_messages import MonitorPower, StageOrder

OFF_AFTER = 3.0
TICK = 1.0
EPOCH = 1_000_000.0
_NUMBERS = ("charge", "runtime", "temperature")


@dataclass
class SimulatedSupply:
    status: str = ""
    said: float | None = None
    answers: bool = True
    driver: bool = True
    fsd_by: str = ""
    fsd_at: float = 0.0
    logins: int | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class SimulatedHost:
    rules: Rules
    policy: Policy
    booted: float
    runs: bool = True
    hangs: bool = False
    is_connected: bool = True
    off_at: float | None = None
    power: MonitorPower | None = None
    order: StageOrder | None = None
    seen: dict[str, Sight] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    waiting: list[Action] = field(default_factory=list)  # what the bus could not take yet


class World:
    """Runs hosts until a moment; `deeds`, `told` and `logged` say what they did, and when."""

    def __init__(self, hosts: Mapping[str, Rules], supplies: tuple[str, ...]) -> None:
        self.now = 0.0
        self.wall = EPOCH
        self.bus = True
        self.supplies = {name: SimulatedSupply() for name in supplies}
        self.hosts = {
            name: SimulatedHost(rules, Policy(rules, 0.0), -1000.0) for name, rules in hosts.items()
        }
        self.deeds: list[str] = []
        self.told: list[tuple[str, Notify]] = []
        self.logged: list[tuple[float, str, Log | Decide]] = []
        self.announced: list[tuple[float, str, MonitorPower]] = []

    def run(self, story: str, until: float) -> None:
        """Let everything happen in its order; policies are asked each second and when due."""
        events = sorted(_parsed(story), key=lambda event: event[0])
        while True:
            self._settle()  # what happens now cuts off nothing that was said until now
            while events and events[0][0] <= self.now:
                _, subject, words = events.pop(0)
                self._happen(subject, words)
            self._settle()
            if self.now >= until:
                return
            following = min(moment for moment in self._moments(events, until) if moment > self.now)
            self.wall += following - self.now
            self.now = following

    def _moments(self, events: list[tuple[float, str, list[str]]], until: float) -> list[float]:
        """List when something may happen; a policy that is due at once would never rest."""
        running = [host for host in self.hosts.values() if host.runs and not host.hangs]
        dues = [due for host in running if (due := host.policy.due(self.now)) is not None]
        assert all(due > self.now for due in dues), f"due at once, and again, at {self.now}"
        offs = [host.off_at for host in self.hosts.values() if host.off_at is not None]
        return [self.now + TICK, until, *(event[0] for event in events[:1]), *dues, *offs]

    def _settle(self) -> None:
        """Ask every policy until nothing new comes: what one does, another sees at once."""
        for host in self.hosts.values():
            if host.off_at is not None and self.now >= host.off_at:
                host.runs, host.off_at = False, None
        for _ in range(20):
            before = len(self.deeds), len(self.announced)
            for name, host in self.hosts.items():
                if host.runs and not host.hangs:
                    self._carry_out(name, host.policy.advance(self.now, self.view(name), self.wall))
            if before == (len(self.deeds), len(self.announced)):
                return
        raise AssertionError(f"the policies do not come to rest at {self.now}")

    def view(self, name: str) -> View:
        """What a host knows now."""
        host = self.hosts[name]
        on_bus = {supply.name: supply.on_bus for supply in host.rules.supplies}
        for supply in host.rules.supplies:
            host.seen[supply.name] = self._sight(host, supply.name, on_bus[supply.name])
        others = {id: other for id, other in self.hosts.items() if id != name}
        if self.bus and host.is_connected:
            host.orders = {
                id: Order(o.order, o.order.at < EPOCH + host.booted)
                for id, o in others.items()
                if o.order
            }
        return View(
            sights=dict(host.seen),
            peers={id: Peer(o.power, self._is_online(o)) for id, o in others.items() if o.power},
            orders=host.orders,
            own_order=host.order,
        )

    def _is_online(self, host: SimulatedHost) -> bool:
        return host.runs and self.bus and host.is_connected and not host.policy._has_ended

    def _sight(self, host: SimulatedHost, name: str, on_bus: bool) -> Sight:
        supply, old = self.supplies[name], host.seen.get(name, Sight())
        is_reachable = supply.driver and (not on_bus or (self.bus and host.is_connected))
        is_there = is_reachable and supply.answers
        fsd = bool(supply.fsd_by)
        status = supply.status if on_bus or not fsd else f"FSD {supply.status}"
        signs: dict[str, Any] = {
            "fsd": fsd and on_bus,
            "fsd_by": supply.fsd_by if on_bus else "",
            "fsd_is_old": on_bus and fsd and supply.fsd_at < host.booted,
            "logins": self._logins(name) if is_reachable or on_bus else None,
        }
        if on_bus and not is_reachable and not (self.bus and host.is_connected):
            mine = supply.fsd_by == host.rules.id  # a mirror of one's own word
            signs = {"fsd": mine, "fsd_by": host.rules.id if mine else "", "logins": None}
        if is_there and supply.status:
            return Sight(Reach.REACHED, self.now, status, **{**supply.details, **signs})
        if old.reach is Reach.UNHEARD and (supply.said is None or supply.said < host.booted):
            return replace(old, **signs)
        if old.reach is Reach.UNHEARD:
            old = Sight(Reach.CUT, self.now, status, **supply.details)
        reach = Reach.SILENT if is_reachable or not on_bus else Reach.CUT
        return replace(old, reach=reach, **signs)

    def _logins(self, name: str) -> int:
        told = self.supplies[name].logins
        if told is not None:
            return told
        return sum(
            host.runs
            and not host.policy._has_ended
            and name in {s.name for s in host.rules.supplies}
            for host in self.hosts.values()
        )

    def _carry_out(self, name: str, actions: tuple[Action, ...]) -> None:
        host = self.hosts[name]
        for action in actions:
            if isinstance(action, Log | Decide):
                self.logged.append((self.now, name, action))
            elif isinstance(action, Notify):
                self.told.append((name, action))
            elif isinstance(action, Announce):
                self.announced.append((self.now, name, action.power))
                self._publish(host, action)
            else:
                self._do(name, host, action)

    def _do(self, name: str, host: SimulatedHost, action: Action) -> None:
        is_dry = getattr(action, "dry_run", False)
        if isinstance(action, ShutDown) and not is_dry:
            host.off_at = self.now + OFF_AFTER
        who = "" if len(self.hosts) == 1 else f"{name} "
        self.deeds.append(f"{self.now:g} {who}{_deed(action)}{' dry' if is_dry else ''}")
        if not is_dry:
            self._publish(host, action)

    def _publish(self, host: SimulatedHost, action: Action) -> None:
        on_bus = {supply.name: supply.on_bus for supply in host.rules.supplies}
        by_server = isinstance(action, SetFsd) and not on_bus[action.supply]
        if not by_server and not (self.bus and host.is_connected):
            host.waiting.append(action)
            return
        match action:
            case SetFsd(supply):
                told = self.supplies[supply]
                told.fsd_by, told.fsd_at = host.rules.id, self.now
            case ClearFsd(supply):
                self.supplies[supply].fsd_by = ""
            case Announce(power):
                host.power = power
            case OrderStage(order):
                host.order = order

    def _happen(self, subject: str, words: list[str]) -> None:
        if subject == "bus":
            self.bus = words == ["found"]
            self._catch_up()
        elif subject == "clock":
            self.wall += float(words[0])
        elif subject in self.hosts:
            self._happen_to_host(subject, words[0])
        else:
            self._happen_to_supply(self.supplies[subject], words)

    def _catch_up(self) -> None:
        for host in self.hosts.values():
            if self.bus and host.is_connected:
                waiting, host.waiting = host.waiting, []
                for action in waiting:
                    self._publish(host, action)

    def _happen_to_host(self, name: str, word: str) -> None:
        host = self.hosts[name]
        match word:
            case "lost" | "found":
                host.is_connected = word == "found"
                self._catch_up()
            case "dies":
                host.runs = False
            case "hangs" | "goes-on":
                host.hangs = word == "hangs"
            case "boots" | "restarts":
                host.policy = Policy(host.rules, self.now)
                host.runs, host.off_at, host.seen = True, None, {}
                host.booted = self.now if word == "boots" else host.booted
            case "fsd":
                host.policy.force()
            case _:
                self._carry_out(name, self._told(host.policy, word))

    def _told(self, policy: Policy, word: str) -> tuple[Action, ...]:
        match word:
            case "suspends":
                return policy.suspend(self.now)
            case "wakes":
                return policy.resume(self.now)
            case "jumps":
                return policy.jump(self.now, 90.0)
            case "loses-parent":
                return policy.lost_parent()
        raise AssertionError(word)

    def _happen_to_supply(self, supply: SimulatedSupply, words: list[str]) -> None:
        said = []
        for word in words:
            key, equals, value = word.partition("=")
            if word in ("silent", "answers"):
                supply.answers = word == "answers"
            elif word in ("lost", "found"):
                supply.driver = word == "found"
            elif key == "fsd" and equals:
                supply.fsd_by, supply.fsd_at = value, self.now
            elif key == "logins":
                supply.logins = int(value)
            elif equals:
                supply.details[key] = float(value) if key in _NUMBERS else value
            else:
                said.append(word)
        if said:
            supply.status, supply.said = " ".join(said), self.now


def _deed(action: Action) -> str:
    match action:
        case SetFsd(supply):
            return f"fsd {supply}"
        case ClearFsd(supply):
            return f"clear {supply}"
        case ShutDown(writes_flag):
            return "down flag" if writes_flag else "down"
        case OrderStage(order):
            return f"stage {order.stage}" if order else "stage over"
        case WakeHost(woken):
            return f"wake {woken}"
        case Exit():
            return "exit"
    raise AssertionError(action)


def _parsed(story: str) -> list[tuple[float, str, list[str]]]:
    events = []
    for line in story.split(";"):
        if line.strip():
            time, subject, *words = line.split()
            events.append((float(time), subject, words))
    return events
