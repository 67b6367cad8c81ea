"""One NUT client: its bytes, its requests in their order, and what has to wait."""

import asyncio
import itertools
import logging
import ssl
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from ipaddress import ip_network
from typing import Any, Protocol, cast

from services.gateway import requests
from services.gateway.answers import (
    ACCESS_DENIED,
    INVALID_ARGUMENT,
    Action,
    Fsd,
    Login,
    Logout,
    Needs,
    Order,
    Scope,
    Session,
    StartTls,
    Verb,
    View,
)
from services.gateway.replies import FLEET, Replies
from services.gateway.sections import Demand
from shared.nutwire import LineReader, WireError, join, split
from shared.users import User, is_within

LINE_LIMIT = 16 * 1024
KEPT_REQUEST = 256  # longer requests are not worth a ready reply
TURN = 256  # requests after which other clients have their turn
TURN_SIZE = 128 * 1024  # bytes of replies after which they have
PIPELINE = 64  # requests that are answered at once, if all replies are ready
WAITING = 512  # requests that may wait until nothing more is read
HIGH_WATER = 128 * 1024
HANDSHAKE_TIMEOUT = 10.0
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
LONG_REPLY = 64 * 1024  # what asyncio's readers, and so Home Assistant's client, do not take

logger = logging.getLogger(__name__)
audit = logging.getLogger("services.gateway.audit")

_serials = itertools.count()


class Host(Protocol):
    """What all clients of a gateway share, and what it does for them."""

    @property
    def view(self) -> View:
        """What requests are answered from."""

    @property
    def replies(self) -> Replies:
        """The replies that are ready."""

    @property
    def now(self) -> float:
        """The clock, to the second."""

    @property
    def generation(self) -> int:
        """Which users count: what was verified for others is void."""

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What serves STARTTLS, if that is set up."""

    @property
    def demand(self) -> Demand:
        """What is to be said and asked only over TLS."""

    def note_open(self, client: "Client", verb: str) -> None:
        """Note that a client should have begun TLS before it asked this."""

    def admit(self, client: "Client") -> bool:
        """Let a client in, or not."""

    def leave(self, client: "Client") -> None:
        """Note that a client has gone."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the event that asked for it."""

    async def verified(self, name: str, password: str, address: str) -> User | None:
        """Return the user if the password is right."""

    async def order(self, order: Order, session: Session) -> str:
        """Hand an order to the driver; the reply says whether that worked."""

    async def note(self, words: Sequence[str], session: Session, reply: str) -> None:
        """Leave a trace of a request that needs a right, before it is answered."""

    def note_long(self, request: str, size: int) -> None:
        """Note that a reply is too long for some clients."""

    def login(self, client: "Client", device: str) -> None:
        """Count the client as logged in to a device."""

    def force_shutdown(self, device: str, by: str) -> None:
        """Set FSD for a device."""


class Client(asyncio.Protocol):
    """The connection of one client; `heard` is when it last had an answer."""

    def __init__(self, host: Host) -> None:
        self.serial = next(_serials)
        self.heard = host.now
        self.session = Session("")
        self._host = host
        self._ready: Callable[[bytes], bytes | None] = host.replies.get
        self._transport: asyncio.Transport | None = None
        self._lines = LineReader(LINE_LIMIT)
        self._waiting: deque[bytes] = deque()
        self._is_busy = False
        self._is_unread = False
        self._is_admitted = False
        self._is_closing = False
        self._unread = 0
        self._verified_in = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or after STARTTLS go on."""
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's is none
        transport.set_write_buffer_limits(HIGH_WATER)
        peer = transport.get_extra_info("peername")
        self.session.address = str(peer[0]) if peer else "unknown"
        self.session.is_local = is_within(self.session.address, LOOPBACK)
        self.follow_demand()
        self._is_admitted = self._host.admit(self)
        if not self._is_admitted:
            transport.abort()
            self._transport = None

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget the client."""
        self._transport = None
        self._waiting.clear()
        if self._is_admitted:
            self._is_admitted = False
            self._host.leave(self)

    def pause_writing(self) -> None:
        """Answer no more until the client reads."""
        self._is_unread = True
        self._pause()

    def resume_writing(self) -> None:
        """Go on answering."""
        self._is_unread = False
        self._proceed()

    def data_received(self, data: bytes) -> None:
        """Answer at once what can be answered at once."""
        lines = self._lines.feed(data)
        transport = self._transport
        if not lines or transport is None or self._is_closing:
            return
        if self._waiting or self._is_busy or self._is_unread or len(lines) > PIPELINE:
            self._waiting.extend(lines)
            self._proceed()
            return
        ready = list(map(self._ready, lines))
        if None in ready:
            self._waiting.extend(lines)
            self._proceed()
        else:
            self.heard = self._host.now
            transport.write(b"".join(ready))  # type: ignore[arg-type] # None was looked for

    def follow_demand(self) -> None:
        """Take no ready replies while only TLS is good enough for them."""
        is_ready = self.session.is_private or self._host.demand is not Demand.EVERYTHING
        self._ready = self._host.replies.get if is_ready else _nothing

    def expire(self, now: float, oldest: float) -> None:
        """Hang up if nothing was asked since `oldest`, nor read of what was said."""
        if self._transport is None:
            return
        unread = self._transport.get_write_buffer_size()
        if unread < self._unread:  # slow, but there
            self.heard = now
        self._unread = unread
        if self.heard < oldest:
            if unread:
                self.drop()
            else:
                self.finish()

    def finish(self) -> None:
        """Answer nothing more, and hang up when what was said has been sent."""
        self._is_closing = True
        self._waiting.clear()
        if self._transport is not None:
            self._transport.close()

    def drop(self) -> None:
        """Hang up without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _proceed(self) -> None:
        """Answer what waits, in its order, until something takes time or it is others' turn."""
        replies: list[bytes] = []
        left, size = TURN, TURN_SIZE
        while self._waiting and left > 0 and size > 0 and self._can_answer():
            line = self._waiting.popleft()
            reply = self._ready(line) or self._answer(line, replies)
            replies.append(reply)
            left -= 1
            size -= len(reply)
            self.heard = self._host.now
        self._write(replies)
        self._read_on()

    def _read_on(self) -> None:
        """Read more, later, or not before what waits is done."""
        if self._transport is None:
            return
        if not self._can_answer():
            if len(self._waiting) > WAITING:
                self._pause()
        elif self._waiting:
            self._pause()
            asyncio.get_running_loop().call_soon(self._proceed)
        else:
            self._transport.resume_reading()

    def _can_answer(self) -> bool:
        return not (self._is_busy or self._is_unread or self._is_closing or self._transport is None)

    def _pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def _write(self, replies: Sequence[bytes]) -> None:
        if replies and self._transport is not None:
            self._transport.write(b"".join(replies))

    def _answer(self, line: bytes, replies: list[bytes]) -> bytes:
        """Answer one request, or begin to and be busy."""
        try:
            words = split(line)
        except WireError:
            return _encoded(INVALID_ARGUMENT)
        row = requests.verb(words)
        if isinstance(row, str):
            return _encoded(row)
        fault = self._fault(row, words)
        if fault is not None:
            return _encoded(fault)
        if row.needs is Needs.RIGHT and self._verified_in != self._host.generation:
            self._be_busy(self._verify(line))
            return b""
        answer = requests.answer(row, self._host.view, self.session, words)
        if not isinstance(answer, str):
            return self._act(answer, words, replies)
        if row.needs is Needs.RIGHT:
            return self._grant(words, answer)
        reply = _encoded(answer)
        if len(reply) >= LONG_REPLY:
            self._host.note_long(" ".join(words[:3]).lower(), len(reply))
        self._keep(line, reply, row, words)
        return reply

    def _fault(self, row: Verb, words: Sequence[str]) -> str | None:
        """Say why the request is not to be answered as things stand, if it is not."""
        if requests.is_too_open(row, words, self.session, self._host.demand):
            self._host.note_open(self, words[0].upper())
            return ACCESS_DENIED
        return requests.lacks(row, self.session)

    def _keep(self, line: bytes, reply: bytes, row: Verb, words: Sequence[str]) -> None:
        if row.scope is Scope.NEVER or len(line) > KEPT_REQUEST or reply.startswith(b"ERR"):
            return
        device = self._host.view.device(words[2]) if row.scope is Scope.DEVICE else None
        if device is not None:
            self._host.replies.keep(line, reply, device.name)
        elif row.scope is Scope.FLEET:
            self._host.replies.keep(line, reply, FLEET)

    def _act(self, action: Action, words: Sequence[str], replies: list[bytes]) -> bytes:
        host, session = self._host, self.session
        match action:
            case Logout():
                return self._say_goodbye(replies)
            case StartTls():
                return self._begin_tls(replies)
            case Order():
                self._be_busy(self._order(action, words))
                return b""
            case Login(device):
                session.device = device
                host.login(self, device)
                return self._grant(words, "OK")
            case Fsd(device):
                host.force_shutdown(device, f"{session.username}@{session.address}")
                return self._grant(("FSD", device), "OK FSD-SET")

    def _grant(self, words: Sequence[str], reply: str) -> bytes:
        """Answer a request that needs a right, granted or not, when it has been noted."""
        self._be_busy(self._noted(words, reply))
        return b""

    async def _noted(self, words: Sequence[str], reply: str) -> None:
        self._note(words, reply)
        await self._host.note(words, self.session, reply)
        self._write([_encoded(reply)])

    def _say_goodbye(self, replies: list[bytes]) -> bytes:
        self._write([*replies, b"OK Goodbye\n"])
        replies.clear()
        self.finish()
        return b""

    def _begin_tls(self, replies: list[bytes]) -> bytes:
        context = self._host.tls
        if self.session.is_encrypted:
            return b"ERR ALREADY-SSL-MODE\n"
        if context is None:
            return b"ERR FEATURE-NOT-CONFIGURED\n"
        self._write([*replies, b"OK STARTTLS\n"])
        replies.clear()
        # What came in plain text after STARTTLS may be an attacker's.
        self._waiting.clear()
        self._lines = LineReader(LINE_LIMIT)
        self._be_busy(self._encrypt(context))
        return b""

    async def _encrypt(self, context: ssl.SSLContext) -> None:
        transport = self._transport
        if transport is None:
            return
        self.session.is_encrypted = True
        self.follow_demand()
        try:
            encrypted = await asyncio.get_running_loop().start_tls(
                transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT,
            )
        except OSError as error:  # TimeoutError and ssl.SSLError are such
            why = str(error) or "no handshake"
            logger.info("no TLS with %s: %s", self.session.address, why)
            transport.abort()
            self.connection_lost(error)  # not every event loop says so after a failed handshake
            return
        if encrypted is None:  # hung up meanwhile
            self.connection_lost(None)
            return
        encrypted.set_write_buffer_limits(HIGH_WATER)
        self._transport = encrypted

    async def _verify(self, line: bytes) -> None:
        session, generation = self.session, self._host.generation
        assert session.username is not None
        assert session.password is not None
        session.user = await self._host.verified(
            session.username, session.password, session.address
        )
        self._verified_in = generation
        self._waiting.appendleft(line)

    async def _order(self, order: Order, words: Sequence[str]) -> None:
        reply = await self._host.order(order, self.session)
        self._note(words, reply)
        self._write([_encoded(reply)])

    def _be_busy(self, work: Coroutine[Any, Any, None]) -> None:
        self._is_busy = True
        self._host.spawn(self._do(work))

    async def _do(self, work: Coroutine[Any, Any, None]) -> None:
        await work
        self._is_busy = False
        self._proceed()

    def _note(self, words: Sequence[str], outcome: str) -> None:
        """Leave a trace of a request that needs a right."""
        level = logging.WARNING if outcome.startswith("ERR ACCESS") else logging.INFO
        who = f"{self.session.username}@{self.session.address}"
        audit.log(level, "%s: %s -> %s", who, join(words), outcome)


def _nothing(_request: bytes) -> bytes | None:
    return None


def _encoded(reply: str) -> bytes:
    return reply.encode("ascii", "replace") + b"\n"
