"""Which of several primaries of one device goes down last and has the power cut.

Primaries are ranked by `priority`, then by id. The first of those that have to go is the last to
leave: it tells in its own `power` topic which others it `relieves`. Who is relieved goes down like
a secondary; who is not, and cannot be, does what a primary alone does.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from services.monitor.rules import Rules
from services.monitor.secondaries import stays
from services.monitor.sights import Peer, View
from services.monitor.watch import Watch
from shared.service_messages import MonitorPower, Phase, Role

_GOING: Final = (Phase.HOSTSYNC, Phase.FINAL)


@dataclass(slots=True)
class Relief:
    """Who relieves this host, and whom it relieves, in one shutdown.

    `by` are the primaries that do, by id; it holds while they are online, and after their own
    shutdown. `given` are those that this host relieves; `was_lost` tells that one failed.
    """

    by: frozenset[str] = frozenset()
    given: list[str] = field(default_factory=list)
    was_lost: bool = False

    def follow(self, rules: Rules, view: View, phase: Phase) -> Set[str]:
        """Take in how the others stand; return those that relieved this host and are gone."""
        if phase is Phase.WATCHING:
            self.by, self.given, self.was_lost = frozenset(), [], False
            return frozenset()
        if phase is Phase.DOWN or rules.dry_run:
            return frozenset()
        others = _primaries(rules, view)
        lost = {id for id in self.by if not _holds(view.peers.get(id))}
        found = {
            id
            for id, peer in others
            if peer.online and _precedes(id, peer.power, rules) and _relieves(peer.power, rules)
        }
        self.by = (self.by - lost) | found
        self.was_lost = self.was_lost or bool(lost)
        self.given = sorted(
            id
            for id, peer in others
            if peer.online and not _precedes(id, peer.power, rules) and peer.power.phase in _GOING
        )
        return lost

    def covers(self, watch: Watch, view: View) -> bool:
        """Tell whether another primary sees to the power of a supply."""
        return any(
            id in view.peers and _is_primary(view.peers[id].power, watch.supply.name)
            for id in self.by
        )

    def awaited(
        self, rules: Rules, view: View, watches: Iterable[Watch], ordered: Sequence[str]
    ) -> list[str]:
        """Name those who precede this host at one of the supplies, have to go, and say nothing."""
        names = [watch.supply.name for watch in watches if watch.supply.on_bus]
        return [
            id
            for id, peer in _primaries(rules, view)
            if peer.online
            and _precedes(id, peer.power, rules)
            and any(_is_primary(peer.power, name) for name in names)
            and peer.power.phase is not Phase.DOWN
            and not stays(peer.power, ordered)
            and not rules.dry_run
        ]


def listed(ids: Iterable[str]) -> str:
    """Write ids, or names of supplies, as a list."""
    return ", ".join(sorted(ids))


def _primaries(rules: Rules, view: View) -> list[tuple[str, Peer]]:
    """List the others that are primaries of a device of which this host is one."""
    ours = [s.name for s in rules.supplies if s.role is Role.PRIMARY and s.on_bus]
    return [
        (id, peer)
        for id, peer in view.peers.items()
        if id != rules.id
        and not peer.power.dry_run
        and any(_is_primary(peer.power, name) for name in ours)
    ]


def _is_primary(power: MonitorPower, device: str) -> bool:
    return power.roles.get(device) is Role.PRIMARY


def _precedes(id: str, power: MonitorPower, rules: Rules) -> bool:
    return (power.priority, id) < (rules.priority, rules.id)


def _relieves(power: MonitorPower, rules: Rules) -> bool:
    return rules.id in power.relieves and power.phase is not Phase.WATCHING


def _holds(peer: Peer | None) -> bool:
    """Tell whether one who relieved us still will, or has gone down as he should."""
    return peer is not None and (peer.online or peer.power.phase is Phase.DOWN)
