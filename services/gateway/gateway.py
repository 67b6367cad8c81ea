"""What all clients of the gateway share, and who may be one."""

import asyncio
import logging
import ssl
import time
import uuid
from collections.abc import Coroutine, Sequence
from math import inf
from typing import Any

from services.gateway.answers import Order, Session
from services.gateway.client import LONG_REPLY, Client
from services.gateway.deeds import Deeds
from services.gateway.link import Link
from services.gateway.mirror import Mirror
from services.gateway.replies import Replies
from services.gateway.sections import Demand
from services.gateway.settings import GatewaySection
from shared.authentication import Authentication
from shared.messages import ForcedShutdown
from shared.users import User, Users

DENIED_LOG_INTERVAL = 10.0
FAREWELL = 3.0

logger = logging.getLogger(__name__)


class Gateway:
    """The host of every `Client`; `tasks` has the work that clients wait for."""

    def __init__(
        self, link: Link, tasks: asyncio.TaskGroup, settings: GatewaySection, deeds: Deeds
    ) -> None:
        self.replies = Replies()
        self.view = Mirror(link.fleet, link.logins, link.tracking, self.replies)
        link.on_order = self.view.forget_order
        link.on_result = deeds.concluded
        link.fleet.follow(deeds.seen)
        self.now = asyncio.get_running_loop().time()
        self.tls: ssl.SSLContext | None = None
        self.settings = settings
        self._link = link
        self._deeds = deeds
        self._tasks = tasks
        self._authentication = Authentication()
        self._clients: set[Client] = set()
        self._is_empty = asyncio.Event()
        self._long: set[str] = set()
        self._is_full = False
        self._warned_at: dict[str, float] = {}  # by kind of warning

    @property
    def generation(self) -> int:
        """Grows when the users change: what was verified before counts no more."""
        return self._authentication.generation

    @property
    def demand(self) -> Demand:
        """What is to be said and asked only over TLS."""
        return self.settings.require_tls

    def apply(self, settings: GatewaySection, tls: ssl.SSLContext | None) -> None:
        """Go on with these users, names, limits and certificates."""
        self.settings = settings
        self.tls = tls
        self.view.max_age = settings.max_age
        self._authentication.change(Users(settings.every_user))
        self.view.use_aliases(settings.every_alias)
        self._long.clear()
        for client in self._clients:
            client.follow_demand()

    def tick(self, now: float) -> None:
        """Let the clock run; drop who was idle or did not read for too long."""
        self.now = now
        self._link.fleet.expire(now)
        self._link.tracking.expire(now, self.settings.tracking_delay)
        self.view.tick(now)
        oldest = now - self.settings.idle_timeout
        for client in list(self._clients):
            client.expire(now, oldest)

    async def close(self) -> None:
        """Hang up on everybody; who reads may read what has been said, for some seconds."""
        for client in list(self._clients):
            client.finish()
        if not self._clients:
            return
        deadline = asyncio.get_running_loop().call_later(FAREWELL, self._drop_all)
        try:
            await self._is_empty.wait()
        finally:
            deadline.cancel()
            self._drop_all()

    def admit(self, client: Client) -> bool:
        """Let a client in if there is room and it may come from where it does."""
        if not self.settings.admits(client.session.address):
            denied = "turning %s away: it may not connect (allow_from, deny_from)"
            self._warn_seldom(denied, client.session.address)
            return False
        was_full, most = self._is_full, self.settings.max_connections
        self._is_full = len(self._clients) >= most
        if self._is_full:
            if not was_full:
                logger.warning("turning clients away: %s are connected (max_connections)", most)
            return False
        self._clients.add(client)
        self._is_empty.clear()
        return True

    def note_open(self, client: Client, verb: str) -> None:
        """Say now and then in the log that a client does not begin TLS."""
        address = client.session.address
        self._warn_seldom("%s of %s is refused: it began no TLS (require_tls)", verb, address)

    def leave(self, client: Client) -> None:
        """Note that a client has gone."""
        self._clients.discard(client)
        self._link.logins.leave(client.serial)
        if not self._clients:
            self._is_empty.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the event that asked for it."""
        self._tasks.create_task(work)

    async def verified(self, name: str, password: str, address: str) -> User | None:
        """Return the user if the password is right."""
        return await self._authentication.verified(name, password, address)

    async def order(self, order: Order, session: Session) -> str:
        """Hand an order to the driver; the reply says whether that worked."""
        id = str(uuid.uuid4()).upper()
        await self._deeds.ordering(order, session, id)
        by = f"{session.username}@{session.address}"
        reply = await self._link.order(order, by, id, tracked=session.tracking)
        if reply == order.failure:
            await self._deeds.failed(id, reply)
        return reply

    async def note(self, words: Sequence[str], session: Session, reply: str) -> None:
        """Leave a trace of a request that needs a right, before it is answered."""
        await self._deeds.asked(words, session, reply)

    def login(self, client: Client, device: str) -> None:
        """Count the client as logged in to a device."""
        self._link.logins.enter(client.serial, device, client.session.address)

    def force_shutdown(self, device: str, by: str) -> None:
        """Set FSD for a device."""
        order = ForcedShutdown(by=by, at=time.time(), reason="FSD")
        self._deeds.forcing(device, order)
        self._link.force_shutdown(device, order)

    def note_long(self, request: str, size: int) -> None:
        """Warn once of a reply that is too long for some clients."""
        if request in self._long:
            return
        self._long.add(request)
        logger.warning(
            "%s has a reply of %s bytes; Home Assistant takes less than %s: show the device in "
            "parts, with show or hide in [gateway.aliases]",
            request,
            size,
            LONG_REPLY,
        )

    def _drop_all(self) -> None:
        for client in list(self._clients):
            client.drop()

    def _warn_seldom(self, warning: str, *about: str) -> None:
        """Write a kind of warning that whoever connects could fill the log with."""
        if self.now - self._warned_at.get(warning, -inf) >= DENIED_LOG_INTERVAL:
            self._warned_at[warning] = self.now
            logger.warning(warning, *about)
