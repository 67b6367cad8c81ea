"""What other services say on the bus: monitors and how they stand, orders, who gateways serve.

Messages go in; only the time of the boot is asked of the machine.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.monitor.sights import Order, Peer
from shared.errors import PayloadError
from shared.messages import Availability, Message, availability_of, read
from shared.service_messages import Logins, MonitorPower, StageOrder
from shared.topics import OfService, ServiceKind, ServiceTopic, Topics

SETTLE_TIME = 10.0  # after a new session began: who was not announced again by then is gone

# After a gateway is back: by then a NUT client has logged in again, if it is there still.
RETURN_TIME = 15.0
CLOCKS_DIFFER = 60.0  # seconds by which the clocks of two machines may differ

_REMEMBERED = 64  # own words that may be on their way back to us
_QUOTED = 64  # characters of foreign text that are shown

logger = logging.getLogger(__name__)

_Who = tuple[str, str]  # kind and id of a service


@dataclass(slots=True)
class _Doubt:
    """The devices at which a gateway had clients when it was lost; `ends` is set once it is back.

    That it has no clients says little then: theirs was the connection that broke.
    """

    devices: set[str]
    ends: float | None = None


@dataclass(slots=True)
class Others:
    """Keeps what the others say.

    When the broker was lost, nobody is taken to have left until there was time to say otherwise: a
    primary must not take a broker that lost its memory for secondaries that are down.
    """

    topics: Topics
    own_id: str
    own_order: StageOrder | None = None
    _own_host: str = ""
    _own_powers: deque[bytes] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _told_namesake: bool = False
    _powers: dict[str, MonitorPower] = field(default_factory=dict)
    _orders: dict[str, Order] = field(default_factory=dict)
    _logins: dict[str, Mapping[str, list[str]]] = field(default_factory=dict)
    _doubts: dict[str, _Doubt] = field(default_factory=dict)  # by gateway
    _online: set[_Who] = field(default_factory=set)
    _heard: set[_Who] = field(default_factory=set)
    _settled_at: float | None = None

    def filters(self, *, has_followers: bool, obeys: bool) -> tuple[str, ...]:
        """Say what to listen to; who waits for nobody and obeys nobody needs little."""
        every = self.topics.every_service
        filters = [self.topics.service(ServiceKind.MONITOR, self.own_id, ServiceTopic.STAGE)]
        if has_followers:
            filters += [
                every(ServiceTopic.POWER, ServiceKind.MONITOR),
                every(ServiceTopic.AVAILABILITY, ServiceKind.MONITOR),
                every(ServiceTopic.LOGINS, ServiceKind.GATEWAY),
                every(ServiceTopic.AVAILABILITY, ServiceKind.GATEWAY),
            ]
        else:  # to find out who else has our id
            filters.append(
                self.topics.service(ServiceKind.MONITOR, self.own_id, ServiceTopic.POWER)
            )
        if obeys:
            filters[0] = every(ServiceTopic.STAGE, ServiceKind.MONITOR)
        return tuple(filters)

    @property
    def peers(self) -> Mapping[str, Peer]:
        """The other monitors by id."""
        return {
            id: Peer(power, (ServiceKind.MONITOR, id) in self._online)
            for id, power in self._powers.items()
        }

    @property
    def orders(self) -> Mapping[str, Order]:
        """The stage orders of the other monitors, by their id."""
        return dict(self._orders)

    def logins(self, device: str) -> int | None:
        """Count who is logged in to a device besides us: monitors, and clients of gateways.

        None: unknown, since a gateway with clients at it is gone, or has been back for a moment.
        """
        if any(device in doubt.devices for doubt in self._doubts.values()):
            return None
        peers = (peer for peer in self.peers.values() if peer.online)
        clients = (
            len(logins.get(device, ()))
            for gateway, logins in self._logins.items()
            if (ServiceKind.GATEWAY, gateway) in self._online
        )
        return sum(clients) + sum(device in peer.power.roles for peer in peers)

    def note_own_power(self, host: str, payload: bytes) -> None:
        """Remember what we say of our host: anything else under our id is of a namesake."""
        self._own_host = host
        self._own_powers.append(payload)

    def begin_session(self, now: float) -> None:
        """Note that a new connection to the bus delivers everything that is retained again."""
        self._heard.clear()
        self._settled_at = now + SETTLE_TIME

    def end_session(self) -> None:
        """Note that the connection is lost: who is not heard has not left."""
        self._settled_at = None
        self._heard.clear()
        for doubt in self._doubts.values():  # nobody can be heard to log in again
            doubt.ends = None

    def expire(self, now: float) -> bool:
        """Let the clock run: who was not announced again is gone; tell whether anything changed."""
        is_trusted = self._end_doubts(now)
        if self._settled_at is None or now < self._settled_at:
            return is_trusted
        self._settled_at = None
        gone = self._online - self._heard
        self._online -= gone
        for kind, id in gone:
            if kind == ServiceKind.GATEWAY:
                self._doubt(id)
        return bool(gone) or is_trusted

    def _end_doubts(self, now: float) -> bool:
        """Begin to trust gateways that are back; tell whether one is trusted from now on."""
        ends = {id: doubt.ends for id, doubt in self._doubts.items()}
        over = [id for id, end in ends.items() if end is not None and end <= now]
        for id in over:
            del self._doubts[id]
        for id, doubt in self._doubts.items():
            if doubt.ends is None and (ServiceKind.GATEWAY, id) in self._online & self._heard:
                doubt.ends = now + RETURN_TIME
        return bool(over)

    def _doubt(self, gateway: str) -> None:
        devices = {name for name, clients in self._logins.get(gateway, {}).items() if clients}
        doubt = self._doubts.setdefault(gateway, _Doubt(set()))
        doubt.devices |= devices
        doubt.ends = None

    def take(self, about: OfService, message: Message) -> None:
        """Take a message in; PayloadError if it cannot be read."""
        take = _PARTS.get((about.kind, about.part))
        if take:
            take(self, about.id, message)

    def _take_availability(self, kind: str, id: str, message: Message) -> None:
        try:
            said = availability_of(message.payload) if message.payload else Availability.OFFLINE
        except PayloadError as error:
            raise PayloadError(f"{message.topic}: {error}") from None
        if said is Availability.ONLINE:
            self._heard.add((kind, id))
            self._online.add((kind, id))
        else:
            self._online.discard((kind, id))

    def _take_monitor(self, id: str, message: Message) -> None:
        self._take_availability(ServiceKind.MONITOR, id, message)

    def _take_gateway(self, id: str, message: Message) -> None:
        self._take_availability(ServiceKind.GATEWAY, id, message)
        if (ServiceKind.GATEWAY, id) not in self._online:
            self._doubt(id)

    def _take_logins(self, id: str, message: Message) -> None:
        self._logins[id] = read(Logins, message).logins if message.payload else {}
        if not message.payload:  # cleared: somebody knows that it does not come back
            self._doubts.pop(id, None)
        elif id in self._doubts and (ServiceKind.GATEWAY, id) not in self._online:
            self._doubt(id)

    def _take_power(self, id: str, message: Message) -> None:
        if id == self.own_id:
            self._look_for_namesake(message)
        elif message.payload:
            self._powers[id] = read(MonitorPower, message)
        else:
            self._powers.pop(id, None)

    def _look_for_namesake(self, message: Message) -> None:
        """Warn once of another monitor with our id; what we said before a restart is kept too."""
        is_ours = not message.payload or message.payload in self._own_powers
        if is_ours or not self._own_powers or self._told_namesake:
            return
        host = read(MonitorPower, message).host
        if message.retained and host == self._own_host:
            return
        self._told_namesake = True
        logger.warning(
            "another monitor, on host %r, is called %r too, so neither sees the other and a"
            " primary does not wait for it: give each its own id in [monitor]",
            host[:_QUOTED],
            self.own_id,
        )

    def _take_stage(self, id: str, message: Message) -> None:
        order = read(StageOrder, message) if message.payload else None
        if id == self.own_id:
            self.own_order = order
        elif order:
            before = self._orders.get(id)
            is_known = before is not None and before.order == order and not before.is_old
            is_old = message.retained and not is_known and order.at < boot_time()
            self._orders[id] = Order(order, is_old)
        else:
            self._orders.pop(id, None)


def is_of_now(at: float) -> bool:
    """Tell whether a time is from since this machine booted, and not from the future.

    Of what is from the future nobody knows: our clock is behind, as that of a board without a
    battery is until it hears of the time. Clocks of two machines are seldom quite the same.
    """
    return boot_time() <= at <= time.time() + CLOCKS_DIFFER


def boot_time() -> float:
    """Tell when this machine booted, in seconds since the epoch, by the clock as it is now."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


_PARTS: dict[tuple[str, ServiceTopic], Callable[[Others, str, Message], None]] = {
    (ServiceKind.MONITOR, ServiceTopic.AVAILABILITY): Others._take_monitor,
    (ServiceKind.MONITOR, ServiceTopic.POWER): Others._take_power,
    (ServiceKind.MONITOR, ServiceTopic.STAGE): Others._take_stage,
    (ServiceKind.GATEWAY, ServiceTopic.AVAILABILITY): Others._take_gateway,
    (ServiceKind.GATEWAY, ServiceTopic.LOGINS): Others._take_logins,
}
