"""Traps and informs: one socket for all agents of a process; each agent's wake its own driver.

A notification only counts if it comes from the address of an agent and with its community, or
signed by its user. Others are counted and ignored. What one says is not looked at: it is a reason
to read the agent.
"""

import asyncio
import ipaddress
import logging
import socket
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from services.driver.protocols.snmpwire.message import (
    V3,
    Operation,
    accepted,
    read_message,
    version,
)
from services.driver.protocols.snmpwire.security import (
    Engine,
    ForgedError,
    LocalEngine,
    User,
    read_header,
)

STORM_PAUSE: Final = 1.0  # seconds; so long an agent is left alone after it has woken us
MOST_AT_ONCE: Final = 32  # datagrams that are taken before others have their turn
LARGEST: Final = 65535
BIND_PAUSE = 60.0  # seconds after which a port that somebody else had is tried again
logger = logging.getLogger(__name__)

_NOTIFICATIONS = (Operation.TRAP_V1, Operation.TRAP, Operation.INFORM)


class Meeting(Protocol):
    """A way to talk to an agent of version 3; its engine may be another after a restart."""

    engine: Engine

    @property
    def user(self) -> User:
        """Who we are to the agent."""


Address = tuple[str, int] | tuple[str, int, int, int]
Credentials = bytes | Meeting
"""What a notification must have: a community, or the signature of a user."""


class Subscription:
    """One agent's notifications."""

    def __init__(self, receiver: "Receiver", peer: str, credentials: Credentials) -> None:
        self.credentials = credentials
        self.peer = peer
        self._receiver = receiver
        self._arrived = asyncio.Event()
        self._rests_until = 0.0

    @classmethod
    def to(cls, where: str, peer: str, credentials: Credentials) -> "Subscription":
        """Subscribe to an agent's notifications at HOST:PORT."""
        loop = asyncio.get_running_loop()
        receivers = _RECEIVERS.setdefault(loop, {})
        if where not in receivers:
            receivers[where] = Receiver(where, loop, on_end=lambda: receivers.pop(where, None))
        return receivers[where].add(peer, credentials)

    @property
    def counts(self) -> Counter[str]:
        """How many notifications of all agents were taken, and ignored for which reason."""
        return self._receiver.counts

    def end(self) -> None:
        """Take no more; the socket is closed after the last agent."""
        self._receiver.remove(self)

    def wake(self) -> None:
        """Say that the agent has something new."""
        self._arrived.set()

    async def wait(self) -> None:
        """Return when something has come since the last time, in a storm once a second."""
        await self._arrived.wait()
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(max(0.0, self._rests_until - clock()))
        self._rests_until = clock() + STORM_PAUSE
        self._arrived.clear()


class Receiver:
    """The socket where notifications arrive."""

    def __init__(
        self, where: str, loop: asyncio.AbstractEventLoop, on_end: Callable[[], object]
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._subscriptions: dict[str, list[Subscription]] = {}
        self._loop = loop
        self._on_end = on_end
        self._engine = LocalEngine(loop.time())
        self._where = where
        self._again: asyncio.TimerHandle | None = None
        self._socket: socket.socket | None = None
        self._listen()

    def add(self, peer: str, credentials: Credentials) -> Subscription:
        """Listen for one more agent."""
        subscription = Subscription(self, peer, credentials)
        self._subscriptions.setdefault(peer, []).append(subscription)
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """Listen no more for an agent."""
        others = self._subscriptions.get(subscription.peer, [])
        if subscription in others:
            others.remove(subscription)
        if not others:
            self._subscriptions.pop(subscription.peer, None)
        if not self._subscriptions:
            if self._again is not None:
                self._again.cancel()
            bound, self._socket = self._socket, None
            if bound is not None:
                self._loop.remove_reader(bound.fileno())
                bound.close()
            self._on_end()

    def _listen(self) -> None:
        """Bind the socket; who cannot have it yet is polled only, which is said once."""
        try:
            self._socket = _bound(self._where)
        except (OSError, ValueError, OverflowError) as error:
            if self._again is None:
                reason = getattr(error, "strerror", None) or error
                logger.warning("snmp_traps %s: %s; agents are polled only", self._where, reason)
            self._again = self._loop.call_later(BIND_PAUSE, self._listen)
            return
        if self._again is not None:
            logger.info("snmp_traps %s: notifications are heard now", self._where)
        self._loop.add_reader(self._socket.fileno(), self._receive)

    def _receive(self) -> None:
        assert self._socket
        for _ in range(MOST_AT_ONCE):
            try:
                data, address = self._socket.recvfrom(LARGEST)
            except OSError:  # nothing is left
                return
            peer = _plain(address[0])
            known = self._subscriptions.get(peer)
            if known is None:
                self.counts["unknown"] += 1
                continue
            try:
                self._take(data, known, address)
            except ForgedError:
                self.counts["unauthenticated"] += 1
            except ValueError:
                self.counts["malformed"] += 1

    def _take(self, data: bytes, known: list[Subscription], address: Address) -> None:
        """Find out whose notification it is (ForgedError if nobody's, MalformedError)."""
        number, _, _ = version(data)
        reply = self._by_user if number == V3 else self._by_community
        answer, meant = reply(data, known)
        for subscription in meant:
            subscription.wake()
        if meant:
            self.counts["taken"] += 1
        if answer:
            self._send(answer, address)

    def _by_community(
        self, data: bytes, known: list[Subscription]
    ) -> tuple[bytes, list[Subscription]]:
        found = read_message(data)
        if found.pdu.operation not in _NOTIFICATIONS:
            raise ForgedError("no notification")
        meant = [one for one in known if one.credentials == found.community]
        if not meant:
            raise ForgedError("the community of a notification is wrong")
        is_inform = found.pdu.operation is Operation.INFORM
        return (accepted(found) if is_inform else b""), meant

    def _by_user(self, data: bytes, known: list[Subscription]) -> tuple[bytes, list[Subscription]]:
        header, now = read_header(data), self._loop.time()
        users = [
            (each, each.credentials) for each in known if not isinstance(each.credentials, bytes)
        ]
        for subscription, meeting in users:
            if header.engine and header.engine == meeting.engine.engine:
                if meeting.engine.notified(header, now).operation is Operation.TRAP:
                    return b"", [subscription]
                raise ForgedError("no notification")
        for subscription, meeting in users:
            if header.user in (b"", meeting.user.name.encode()):
                answer, is_taken = self._engine.informed(header, meeting.user, now)
                return answer, [subscription] if is_taken else []
        raise ForgedError("the user of a notification is unknown")

    def _send(self, data: bytes, address: Address) -> None:
        assert self._socket
        try:
            self._socket.sendto(data, address)
        except OSError:
            self.counts["unanswered"] += 1


_RECEIVERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Receiver]] = WeakKeyDictionary()


def _bound(where: str) -> socket.socket:
    """Make a socket that is bound to HOST:PORT (OSError, ValueError, OverflowError)."""
    host, _, port = where.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        bound.bind((host, int(port)))
    except (OSError, ValueError, OverflowError):
        bound.close()
        raise
    return bound


def _plain(host: str) -> str:
    """Spell the address of an IPv4 host that came through an IPv6 socket as the host's own."""
    if not host.startswith("::ffff:"):
        return host
    mapped = ipaddress.IPv6Address(host).ipv4_mapped
    return str(mapped) if mapped else host
