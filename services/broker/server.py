"""The broker itself: who is connected, who subscribed to what, and what is retained."""

import asyncio
import contextlib
import hmac
import logging
from dataclasses import replace

from services.broker.connection import Connection
from services.broker.packets import Connect, Message, publish_packet
from services.broker.settings import BrokerSettings
from services.broker.topictree import TopicTree
from shared.errors import PowerError
from shared.listening import cannot_listen

logger = logging.getLogger(__name__)


class BrokerError(PowerError):
    """The broker cannot listen where it should."""


class BrokerServer:
    """All connections of one broker, and the state they share."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._settings = settings
        self._listeners: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[Connection] = set()
        self._is_full = False
        self._clients: dict[str, Connection] = {}
        self._subscriptions: TopicTree[dict[Connection, int]] = TopicTree()
        self._retained: TopicTree[Message] = TopicTree()

    async def open(self) -> None:
        """Listen on every address of the settings.

        Raises BrokerError; nothing listens then.
        """
        for address in self._settings.addresses:
            try:
                listener = await asyncio.start_server(self._admit, address.host, address.port)
            except OSError as error:
                await self.close()
                raise BrokerError(cannot_listen(address, error, "broker")) from error
            self._listeners.append(listener)
            logger.info("listening on %s", address)

    async def close(self) -> None:
        """Hang up on everybody, let go of the ports and forget all; no will is published."""
        for listener in self._listeners:
            listener.close()
        self.abort()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for listener in self._listeners:
            await listener.wait_closed()
        self._listeners.clear()

    def abort(self) -> None:
        """Drop every client without a word, as if the power had gone."""
        for connection in list(self._connections):
            connection.renounce_will()
            connection.abort()

    def is_permitted(self, connect: Connect) -> bool:
        """Tell whether the client may come in."""
        users = self._settings.users
        if not users:
            return True
        user = users.get(connect.username or "")
        password = user.password.get_secret_value() if user else ""
        same = hmac.compare_digest(password.encode(), (connect.password or "").encode())
        return same and user is not None

    def enter(self, connection: Connection) -> None:
        """Make the connection known; one that has the same client id has to go."""
        former = self._clients.get(connection.client)
        if former is not None:
            # Its will comes before anything that the new connection says.
            former.part()
            former.drop("another client came with the same client id")
        self._clients[connection.client] = connection

    def leave(self, connection: Connection) -> None:
        """Forget the connection and all that it subscribed to."""
        for path in list(connection.filters):
            self.unsubscribe(connection, path)
        if self._clients.get(connection.client) is connection:
            del self._clients[connection.client]

    def publish(self, message: Message) -> None:
        """Keep a message if it is to be retained, and hand it to all who subscribed.

        Who subscribed with several filters that match gets it once, at the highest QoS.
        """
        if message.retain:
            self._retain(message)
        receivers: dict[Connection, int] = {}
        for subscribers in self._subscriptions.of_topic(message.topic):
            for connection, qos in subscribers.items():
                receivers[connection] = max(qos, receivers.get(connection, 0))
        if not receivers:
            return
        lowest = Message(message.topic, message.payload, qos=0)
        highest = Message(message.topic, message.payload, qos=1)
        packet = publish_packet(lowest)
        for connection, granted in receivers.items():
            qos = min(granted, message.qos)
            connection.deliver(highest if qos else lowest, qos, packet)

    def subscribe(self, connection: Connection, path: str, qos: int) -> None:
        """Send the connection what matches from now on."""
        subscribers = self._subscriptions.get(path)
        if subscribers is None:
            self._subscriptions.set(path, {connection: qos})
        else:
            subscribers[connection] = qos

    def unsubscribe(self, connection: Connection, path: str) -> None:
        """Send it no longer."""
        subscribers = self._subscriptions.get(path)
        if subscribers is None:
            return
        subscribers.pop(connection, None)
        if not subscribers:
            self._subscriptions.remove(path)

    def retained(self, path: str) -> list[Message]:
        """Return the retained messages that a filter matches."""
        return self._retained.of_filter(path)

    def retained_now(self, topic: str) -> Message | None:
        """Return the retained message of one topic."""
        return self._retained.get(topic)

    def _retain(self, message: Message) -> None:
        if message.payload:
            self._retained.set(message.topic, replace(message, qos=min(message.qos, 1)))
        else:
            self._retained.remove(message.topic)

    def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self._settings, self, reader, writer)
        if not self._has_room(connection):
            return
        # No TaskGroup: an error in one connection must not end the others. And a task of our own:
        # Python 3.11 prints a traceback for each one of start_server's that is cancelled.
        task = asyncio.create_task(self._attend(connection, writer))
        self._tasks.add(task)
        task.add_done_callback(self._attended)

    async def _attend(self, connection: Connection, writer: asyncio.StreamWriter) -> None:
        self._connections.add(connection)
        try:
            await connection.serve()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        finally:
            self._connections.discard(connection)

    def _attended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("a connection ended by a bug", exc_info=error)

    def _has_room(self, connection: Connection) -> bool:
        was_full, most = self._is_full, self._settings.max_connections
        self._is_full = len(self._tasks) >= most
        if self._is_full:
            connection.abort()
            if not was_full:
                logger.warning("turning clients away: %s are connected (max_connections)", most)
        return not self._is_full
