"""One client of the broker, from its CONNECT to its end."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from services.broker.packets import (
    PING_ANSWER,
    Connect,
    ConnectCode,
    Frame,
    FrameReader,
    Kind,
    Message,
    ProtocolError,
    connect_answer,
    is_supported,
    publish_answer,
    publish_packet,
    read_connect,
    read_packet_id,
    read_publish,
    read_subscribe,
    read_unsubscribe,
    release_answer,
    subscribe_answer,
    unsubscribe_answer,
)
from services.broker.settings import BrokerSettings
from services.broker.topictree import is_filter, is_topic

CONNECT_TIMEOUT = 10.0
CLOSE_TIMEOUT = 5.0
KEEP_ALIVE_GRACE = 1.5  # [MQTT-3.1.2-24]
READ_SIZE = 64 * 1024
MAX_PACKET_ID = 65535
MAX_FILTERS = 20_000
HIGHEST_QOS = 1
FILTER_REFUSED = 0x80

logger = logging.getLogger(__name__)


class Exchange(Protocol):
    """What a connection needs from the broker."""

    def is_permitted(self, connect: Connect) -> bool:
        """Tell whether the client may come in."""

    def enter(self, connection: "Connection") -> None:
        """Make the connection known; one that has the same client id has to go."""

    def leave(self, connection: "Connection") -> None:
        """Forget the connection and all that it subscribed to."""

    def publish(self, message: Message) -> None:
        """Keep a message if it is to be retained, and hand it to all who subscribed."""

    def subscribe(self, connection: "Connection", path: str, qos: int) -> None:
        """Send the connection what matches from now on."""

    def unsubscribe(self, connection: "Connection", path: str) -> None:
        """Send it no longer."""

    def retained(self, path: str) -> list[Message]:
        """Return the retained messages that a filter matches."""

    def retained_now(self, topic: str) -> Message | None:
        """Return the retained message of one topic."""


class Connection:
    """A client, and what it may still be owed; `client` is empty until it was let in."""

    def __init__(
        self,
        settings: BrokerSettings,
        exchange: Exchange,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.client = ""
        self.filters: set[str] = set()
        self._max_unread = settings.max_unread
        self._exchange = exchange
        self._reader = reader
        self._writer = writer
        self._transport: asyncio.WriteTransport = writer.transport
        self._frames = FrameReader(settings.max_packet_size)
        self._will: Message | None = None
        self._unacknowledged: set[int] = set()
        self._unreleased: set[int] = set()
        self._last_packet_id = 0
        self._acknowledged = asyncio.Event()
        self._wanted: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        self._actions: dict[Kind, Callable[[Frame], Awaitable[None]]] = {
            Kind.PUBLISH: self._publish,
            Kind.PUBACK: self._acknowledge,
            Kind.PUBREL: self._release,
            Kind.SUBSCRIBE: self._subscribe,
            Kind.UNSUBSCRIBE: self._unsubscribe,
        }

    def __str__(self) -> str:
        address = self._transport.get_extra_info("peername") or ("?", 0)
        where = f"{address[0]} port {address[1]}"
        return f"{self.client!r} at {where}" if self.client else where

    async def serve(self) -> None:
        """Serve the client until it goes or must go; the will is published unless it said so."""
        try:
            await self._converse()
        except* ProtocolError as errors:
            # Any port scan gets here; who was let in and then errs is worth a warning.
            level = logging.WARNING if self.client else logging.INFO
            logger.log(level, "hung up on %s: %s", self, errors.exceptions[0])
        except* TimeoutError:
            logger.info("hung up on %s: silent for too long", self)
        except* OSError:
            logger.debug("lost %s", self)
        finally:
            self._close()

    def deliver(self, message: Message, qos: int, packet: bytes | None = None) -> None:
        """Send a message at a QoS; `packet` is the packet for QoS 0, if it is made already.

        Never waits: a client that leaves too much unread is dropped.
        """
        if qos == 0:
            self._send(packet or publish_packet(replace(message, qos=0)))
        elif len(self._unacknowledged) >= MAX_PACKET_ID:
            self.drop("it acknowledges nothing")
        else:
            self._send(publish_packet(message, self._next_packet_id()))

    def drop(self, reason: str) -> None:
        """End the connection because of what the client does; its will is published."""
        if not self._transport.is_closing():
            logger.warning("hung up on %s: %s", self, reason)
            self.abort()

    def abort(self) -> None:
        """End the connection at once, whatever is still unsent."""
        self._transport.abort()

    def renounce_will(self) -> None:
        """Forget the will: it is not the client that ends the connection."""
        self._will = None

    def part(self) -> None:
        """Leave the broker; the will is published if there still is one."""
        if not self.client:
            return
        self._exchange.leave(self)
        will, self._will = self._will, None
        if will is not None:
            self._exchange.publish(will)

    async def _converse(self) -> None:
        async with contextlib.aclosing(self._incoming()) as frames:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                connect = await self._connect(await anext(frames, None))
            if connect is None:
                return
            async with asyncio.TaskGroup() as tasks:
                feeding = tasks.create_task(self._feed_retained())
                await self._obey(frames, connect.keep_alive * KEEP_ALIVE_GRACE)
                feeding.cancel()

    async def _incoming(self) -> AsyncGenerator[Frame]:
        while data := await self._reader.read(READ_SIZE):
            for frame in self._frames.feed(data):
                yield frame

    async def _connect(self, frame: Frame | None) -> Connect | None:
        if frame is None:
            return None
        if not is_supported(frame):
            self._refuse(ConnectCode.WRONG_VERSION, "it does not speak MQTT 3.1.1")
            return None
        connect = await read_connect(frame)
        if connect.will and not is_topic(connect.will.topic):
            raise ProtocolError("the topic of its will is none")
        if not self._exchange.is_permitted(connect):
            self._refuse(ConnectCode.NOT_AUTHORISED, "user or password is wrong")
            return None
        self.client, self._will = connect.client, connect.will
        self._exchange.enter(self)
        self._send(connect_answer(ConnectCode.ACCEPTED))
        return connect

    def _refuse(self, code: ConnectCode, reason: str) -> None:
        logger.warning("refused %s: %s", self, reason)
        self._send(connect_answer(code))

    async def _obey(self, frames: AsyncGenerator[Frame], patience: float) -> None:
        clock = asyncio.get_running_loop()
        async with asyncio.timeout(patience or None) as silence:
            async for frame in frames:
                if frame.kind is Kind.DISCONNECT:
                    self._will = None
                    return
                if self._transport.is_closing():
                    return
                if frame.kind is Kind.PINGREQ:
                    self._send(PING_ANSWER)
                elif frame.kind in self._actions:
                    await self._actions[frame.kind](frame)
                else:
                    raise ProtocolError(f"sent a second {frame.kind.name}")
                if patience:
                    silence.reschedule(clock.time() + patience)

    async def _publish(self, frame: Frame) -> None:
        message, packet_id = read_publish(frame)
        if not is_topic(message.topic):
            raise ProtocolError(f"published to {message.topic!r}, which is no topic")
        if message.qos == 2 and packet_id in self._unreleased:
            pass  # said again because our answer was lost
        elif not message.topic.startswith("$"):
            self._exchange.publish(message)
        if message.qos == 2:
            self._unreleased.add(packet_id)
        if message.qos:
            self._send(publish_answer(packet_id, message.qos))

    async def _release(self, frame: Frame) -> None:
        packet_id = read_packet_id(frame)
        self._unreleased.discard(packet_id)
        self._send(release_answer(packet_id))

    async def _acknowledge(self, frame: Frame) -> None:
        self._unacknowledged.discard(read_packet_id(frame))
        self._acknowledged.set()

    async def _subscribe(self, frame: Frame) -> None:
        packet_id, wanted = await read_subscribe(frame)
        codes = []
        for path, asked in wanted:
            qos = min(asked, HIGHEST_QOS)
            if not is_filter(path) or len(self.filters) >= MAX_FILTERS:
                codes.append(FILTER_REFUSED)
                continue
            codes.append(qos)
            self.filters.add(path)
            self._exchange.subscribe(self, path, qos)
            self._wanted.put_nowait((path, qos))
        self._send(subscribe_answer(packet_id, codes))

    async def _unsubscribe(self, frame: Frame) -> None:
        packet_id, unwanted = await read_unsubscribe(frame)
        for path in unwanted:
            self.filters.discard(path)
            self._exchange.unsubscribe(self, path)
        self._send(unsubscribe_answer(packet_id))

    async def _feed_retained(self) -> None:
        # Apart from reading, and only as fast as the client reads: all retained messages
        # together may be more than `max_unread`.
        while True:
            path, qos = await self._wanted.get()
            for message in self._exchange.retained(path):
                await self._writer.drain()
                await self._until_window_open()
                current = self._exchange.retained_now(message.topic)
                if current is not None and path in self.filters:
                    self.deliver(current, min(qos, current.qos))

    async def _until_window_open(self) -> None:
        while len(self._unacknowledged) > MAX_PACKET_ID // 2:
            self._acknowledged.clear()
            await self._acknowledged.wait()

    def _send(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > self._max_unread:
            self.drop(f"it left more than {self._max_unread} bytes unread")

    def _next_packet_id(self) -> int:
        while True:
            self._last_packet_id = self._last_packet_id % MAX_PACKET_ID + 1
            if self._last_packet_id not in self._unacknowledged:
                self._unacknowledged.add(self._last_packet_id)
                return self._last_packet_id

    def _close(self) -> None:
        self.part()
        if self._transport.is_closing():
            return
        self._transport.close()
        if self._transport.get_write_buffer_size():
            # What is unsent is still sent, but a peer that reads nothing may not hold the socket.
            asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, self._transport.abort)
