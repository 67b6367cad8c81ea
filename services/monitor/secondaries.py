"""For whom a primary has to wait before it goes down itself."""

from collections.abc import Sequence

from services.monitor.sights import Peer, View
from services.monitor.watch import Watch
from shared.service_messages import Answer, MonitorPower, Phase


def expected_to_leave(watch: Watch, view: View, ordered: Sequence[str]) -> int | None:
    """Count the other hosts at a supply that will go down and have not yet; None: unknown.

    Of monitors on the bus it is known who stays, because it has power enough without the supplies
    whose shutdown is `ordered`. NUT knows only the number of logins, and waits for them too.
    """
    logins = watch.sight.logins
    if logins is None:
        return None
    device = watch.supply.name
    peers = (peer for id, peer in view.peers.items() if id != watch.id and watch.supply.on_bus)
    staying = [peer for peer in peers if _is_at(peer, device) and stays(peer.power, ordered)]
    return max(0, logins - 1 - len(staying))


def _is_at(peer: Peer, device: str) -> bool:
    return peer.online and device in peer.power.roles


def stays(power: MonitorPower, ordered: Sequence[str]) -> bool:
    """Tell whether a host stays up, so that it need not be waited for."""
    if power.dry_run:
        return True
    if power.phase is not Phase.WATCHING or Answer.GOING in power.answers.values():
        return False
    going = [name for name in ordered if name in power.roles and name not in power.critical]
    if any(name not in power.values for name in going):
        return power.needed == 0
    return power.present - sum(power.values[name] for name in going) >= power.needed
