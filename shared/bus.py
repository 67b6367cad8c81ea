"""The MQTT bus: connect, publish, listen.

One connection has one reader: listen once and dispatch on the topic. A session starts from nothing:
when the broker is lost, the session ends with a BusError and `reconnecting` begins a new one, which
subscribes and announces again.
"""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence

from paho.mqtt import client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from shared import supervisor
from shared.broker_address import BrokerAddress
from shared.dialling import USUAL, Manner, acknowledge_at_once, dialled, plain_reason, tls_context
from shared.errors import BusError
from shared.health import show_health
from shared.inbox import Hearers, Inbox
from shared.messages import Availability, Message, Publication
from shared.mqtt import Client, client
from shared.owed import Owed, Refused
from shared.presence import Identity, Presence
from shared.settings import BusSettings
from shared.topics import Topics

CONNECT_TIMEOUT = 10.0
LEAVE_TIMEOUT = 2.0
MISC_INTERVAL = 1.0
FILTERS_AT_ONCE = 100  # keeps a SUBSCRIBE packet small
# A full inbox is not read into until it is half empty; but while somebody awaits an acknowledgement
# the socket has to be read on, up to so many times that measure.
INBOX_BURSTS = 10
TAKEN_AT_ONCE = 5  # messages
OUTBOX_FULL_BYTES = 64 * 1024  # of QoS 0; beyond it who publishes waits

logger = logging.getLogger(__name__)


class Bus:
    """One connection to the broker; a lost one raises BusError from every call."""

    def __init__(
        self, client: Client, topics: Topics, presence: Presence | None, manner: Manner = USUAL
    ) -> None:
        self.topics = topics
        self._manner = manner
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._inbox = Inbox()
        self._paused: paho.SocketLike | None = None
        self._closing = False
        self._presence = presence
        self._filters: set[str] = set()
        self.hearers = Hearers()
        if presence:
            self.hearers.add(presence.topic, self._hear_of_us)
        self._is_leaving = False
        self._where = ""
        self._keepalive = 0
        self._qos = manner.qos
        self.place = 0  # of the broker among those of the settings
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._arrival: asyncio.Future[None] | None = None
        self._owed = Owed(self._loop)
        self._unwritten = 0  # bytes of QoS 0 that may not be in the socket yet
        self._is_written = asyncio.Event()
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_publish
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_socket_register_write
        client.on_socket_unregister_write = self._on_socket_unregister_write

    async def publish(self, publication: Publication) -> None:
        """Hand a message to the broker: QoS 1 returns once it is acknowledged.

        QoS 0 returns at once, or when all has been written where too much waits for that. The order
        is kept.
        """
        self._check()
        info = self._client.publish(*publication)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BusError(f"cannot publish to {publication.topic}: {paho.error_string(info.rc)}")
        if publication.qos:
            self._resume()
            await self._owed.answer(info.mid)
            return
        self._unwritten += len(publication.topic) + len(publication.payload)
        self._is_written.clear()
        if self._unwritten > OUTBOX_FULL_BYTES:
            await self._written()

    async def online(self) -> None:
        """Say that the service is there, now and then again; the broker says when it goes.

        What is said in our name is listened to, for as long as the broker lets us.
        """
        if self._presence:
            await self._ask_for(self._presence.topic)  # refused: then nobody is contradicted
            await self.publish(self._presence.word(Availability.ONLINE))
            self._presence.say(self._loop.time())
            supervisor.current().serves(self._presence.who.kind)

    async def listen(self, *filters: str) -> AsyncGenerator[Message]:
        """Subscribe, then yield what arrives, in order, until the connection is lost."""
        await self.subscribe(*filters)
        for count in itertools.count(1):
            yield await self._next()
            if count % TAKEN_AT_ONCE == 0:  # who waits for an answer shall not wait for a flood
                await asyncio.sleep(0)

    async def subscribe(self, *filters: str) -> None:
        """Ask for more topics; the listener gets what arrives on them."""
        self._filters.update(filters)
        if refused := await self._ask_for(*filters):
            more = f" and {len(refused) - 1} others" if len(refused) > 1 else ""
            raise BusError(
                f"the broker at {self._where} refused the subscription to {refused[0]}{more};"
                " see its ACL and its limits"
            )

    async def ask_again(self, topic: str) -> bool:
        """Have the broker show what it keeps on a topic; False if it does not let us hear it."""
        asked = [each for each in self._filters if paho.topic_matches_sub(each, topic)]
        return not await self._ask_for(*(asked or [topic]))

    async def _ask_for(self, *filters: str) -> list[str]:
        """Subscribe, and tell which filters the broker refused."""
        refused: list[str] = []
        for chunk in _packets(filters):
            self._check()
            code, mid = self._client.subscribe([(each, self._qos) for each in chunk])
            refused += [chunk[place] for place in await self._sent(code, mid)]
        return refused

    async def unsubscribe(self, *filters: str) -> None:
        """Ask for topics no more."""
        self._filters.difference_update(filters)
        for chunk in _packets(filters):
            self._check()
            await self._sent(*self._client.unsubscribe(list(chunk)))

    async def _open(self, settings: BusSettings, address: BrokerAddress, patience: float) -> None:
        self._where = str(address)
        self._keepalive = settings.keepalive
        self._qos = min(self._manner.qos, settings.subscription_qos)
        try:
            async with asyncio.timeout(patience):
                context = tls_context(settings, self._manner) if address.tls else None
                self._client.line = await dialled(address.host, address.port, context, patience)
                self._client.connect(address.host, address.port, settings.keepalive)
                await self._connected
        except (OSError, ValueError) as error:  # TimeoutError is an OSError
            raise BusError(f"cannot reach the broker at {address}: {plain_reason(error)}") from None

    async def _leave(self) -> None:
        """Say goodbye if that is still possible, and give the socket back in any case."""
        self._is_leaving = True
        try:
            if self._client.is_connected() and not self._lost.done():
                with contextlib.suppress(BusError, TimeoutError):
                    async with asyncio.timeout(LEAVE_TIMEOUT):
                        if self._presence:
                            await self.publish(self._presence.word(Availability.OFFLINE))
                        await self._written()
        finally:
            self._close()

    def _close(self) -> None:
        self._closing = True
        self._client.disconnect()
        self._client.loop_write()  # the goodbye; without it the broker would publish the will
        left_open = self._client.socket() or self._client.line
        if left_open:  # the goodbye cannot be written: we do not wait for that
            self._on_socket_close(self._client, None, left_open)
            left_open.close()
        self._client.on_socket_close = self._client.on_socket_unregister_write = None
        self._lose(BusError("closed"))

    async def _next(self) -> Message:
        while not self._inbox:
            self._check()
            self._arrival = self._loop.create_future()
            await self._arrival
        message = self._inbox.take()
        if self._paused and not self._inbox.holds(0.5):
            self._resume()
        return message

    def _check(self) -> None:
        if self._lost.done():
            self._lost.result()

    async def _sent(self, code: MQTTErrorCode, mid: int | None) -> Refused:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise BusError(f"cannot subscribe: {paho.error_string(code)}")
        self._resume()
        return await self._owed.answer(mid)

    async def _written(self) -> None:
        """Wait until all that was published has gone into the socket."""
        while self._unwritten:
            self._check()
            await self._is_written.wait()

    def _lose(self, error: BusError) -> None:
        self._is_written.set()
        self._owed.fail(error)
        for future in (self._lost, self._connected, self._arrival):
            if future and not future.done():
                future.set_exception(error)
                future.exception()  # mark it as seen: nobody may be waiting

    async def _keep_alive(self) -> None:
        """Let paho send its pings; raises BusError when the connection is lost."""
        while not self._lost.done():
            self._client.loop_misc()
            self._judge_silence()
            self._restate()
            if self._presence and supervisor.current().is_serving:
                show_health()
            await asyncio.wait({self._lost}, timeout=MISC_INTERVAL)
        self._check()

    def _judge_silence(self) -> None:
        """Give a broker up that takes what we say and acknowledges none of it.

        A node that lost the others of its cluster does so, and answers pings all the while.
        """
        if self._owed.silence > self._keepalive:
            where, silence = self._where, self._keepalive
            self._lose(BusError(f"the broker at {where} acknowledged nothing for {silence} s"))

    def _restate(self) -> None:
        """Say online again without waiting, when that is due, and ask again for orders that stand.

        Nobody repeats those, and a node of a cluster may have heard of one after we came to it.
        """
        now = self._loop.time()
        if self._presence and self._presence.is_due(now) and not self._paused:
            self._presence.say(now)
            self._owed.expect(self._client.publish(*self._presence.word(Availability.ONLINE)).mid)
            for orders in _packets([each for each in self._filters if self.topics.stands(each)]):
                _, mid = self._client.subscribe([(each, self._qos) for each in orders])
                if mid is not None:
                    self._owed.expect(mid)

    def _hear_of_us(self, payload: bytes, retained: bool) -> None:
        if self._presence and not (retained or self._is_leaving):
            self._presence.hear(payload, self._loop.time())

    def _is_asked_for(self, message: Message) -> bool:
        """Let hear who waits for the topic; tell whether the listener wants the message too."""
        return not self.hearers.tell(message) or any(
            paho.topic_matches_sub(each, message.topic) for each in self._filters
        )

    def _read(self) -> None:
        self._client.loop_read()
        acknowledge_at_once(self._client.socket())
        while self._client.has_more() and not self._inbox.holds(1):
            self._client.loop_read()
        if self._inbox.holds(INBOX_BURSTS):
            self._lose(BusError("messages arrive faster than they are taken"))
        if self._inbox.holds(1) and (not self._owed or self._lost.done()):
            self._pause()
        elif self._client.has_more():
            self._loop.call_soon(self._read)

    def _pause(self) -> None:
        self._paused = self._client.socket()
        if self._paused:
            self._loop.remove_reader(self._paused)

    def _resume(self) -> None:
        line, self._paused = self._paused, None
        if line:
            self._loop.add_reader(line, self._read)
            self._loop.call_soon(self._read)  # for what has been received already

    def _on_socket_open(self, _: object, __: object, opened: "paho.SocketLike") -> None:
        self._loop.add_reader(opened, self._read)

    def _on_socket_close(self, _: object, __: object, closed: "paho.SocketLike") -> None:
        self._paused = None
        if closed.fileno() >= 0:
            self._loop.remove_reader(closed)
            self._loop.remove_writer(closed)

    def _on_socket_register_write(self, _: object, __: object, opened: "paho.SocketLike") -> None:
        try:
            self._loop.add_writer(opened, self._client.loop_write)
        except RuntimeError:  # uvloop has given the socket up: it was reset, not closed
            self._lose(BusError("it was reset"))

    def _on_socket_unregister_write(self, _: object, __: object, opened: "paho.SocketLike") -> None:
        self._loop.remove_writer(opened)
        self._unwritten = 0
        self._is_written.set()

    def _on_connect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _: object
    ) -> None:
        if self._connected.done():
            return
        if reason.is_failure:
            self._lose(BusError(f"the broker at {self._where} refused us: {reason}"))
        else:
            self._connected.set_result(None)

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _: object
    ) -> None:
        why = "it hung up" if str(reason) == "Unspecified error" else str(reason)  # paho's word
        if self._client.fault:
            why = plain_reason(self._client.fault)
        lost = f"the connection to the broker at {self._where} was lost: {why}"
        self._lose(BusError("closed" if self._closing else lost))

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        try:
            taken = Message(message.topic, bytes(message.payload), message.retain)
        except UnicodeDecodeError:  # then it is no topic of ours
            return
        if self._is_asked_for(taken):
            self._inbox.put(taken)
        if self._arrival and not self._arrival.done():
            self._arrival.set_result(None)

    def _on_publish(self, _client: paho.Client, _data: object, mid: int, *_rest: object) -> None:
        self._owed.settle(mid)  # QoS 0 comes by here as well, and is not awaited

    def _on_subscribe(
        self, _: object, __: object, mid: int, reasons: Iterable[ReasonCode], ___: object
    ) -> None:
        refused = [place for place, code in enumerate(reasons) if code.is_failure]
        self._owed.settle(mid, refused)


def _packets(filters: Sequence[str]) -> Iterator[Sequence[str]]:
    """Share filters out, so many in a packet."""
    for start in range(0, len(filters), FILTERS_AT_ONCE):
        yield filters[start : start + FILTERS_AT_ONCE]


@contextlib.asynccontextmanager
async def connect(
    settings: BusSettings, identity: Identity | None = None, manner: Manner = USUAL
) -> AsyncGenerator[Bus]:
    """Be connected inside the block; BusError says where the broker is and why it failed.

    With an identity the broker says offline for the service when the connection breaks, and an
    orderly leave says so too; `Bus.online` says the opposite. Of several brokers the first that
    lets us in is taken; `Bus.place` tells which. A device that is a broker itself may want another
    `manner`, and is listened to on its own topics.
    """
    bus = await _reached(settings, identity, manner)
    try:
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(bus._keep_alive())
            yield bus
            keeping.cancel()
    finally:
        await bus._leave()


async def _reached(settings: BusSettings, identity: Identity | None, manner: Manner) -> Bus:
    addresses, topics = settings.addresses, Topics(settings.prefix)
    patience = CONNECT_TIMEOUT / len(addresses)
    who = f"{identity.kind}-{identity.id}" if identity else "console"
    reasons = []
    for place, address in enumerate(addresses):
        # A node of a cluster that lost the others still hears and pings us: see whether what we say
        # arrives. `_judge_silence` draws the conclusion.
        often = settings.keepalive if len(addresses) > 1 else None
        presence = Presence(identity, topics, often) if identity else None
        will = presence.word(Availability.OFFLINE) if presence else None
        bus = Bus(client(settings, address, manner, who, will), topics, presence, manner)
        bus.place = place
        try:
            await bus._open(settings, address, patience)
        except BusError as error:
            await bus._leave()
            reasons.append(str(error))
        except BaseException:
            await bus._leave()
            raise
        else:
            return bus
    raise BusError("; ".join(dict.fromkeys(reasons)))
