"""A bare MQTT 3.1.1 client that does exactly what a test says, packet by packet."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import NamedTuple, Self

TIMEOUT = 30.0
CONNACK, PUBLISH, PUBACK, SUBACK, UNSUBACK, PINGRESP = 2, 3, 4, 9, 11, 13


class Message(NamedTuple):
    """A PUBLISH that arrived."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


class Will(NamedTuple):
    """What the broker is to publish when the peer vanishes."""

    topic: str
    payload: bytes
    retain: bool = True
    qos: int = 1


class Peer:
    """One connection; nothing is read, answered or kept alive unless the test asks for it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.messages: list[Message] = []
        self.return_code = -1
        self._packet_id = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(
        cls,
        port: int,
        client: str,
        *,
        will: Will | None = None,
        login: tuple[str, str] | None = None,
        keep_alive: int = 60,
        clean: bool = True,
    ) -> AsyncGenerator[Self]:
        """Connect and read the CONNACK; `return_code` is what it says. Abrupt at the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        peer = cls(reader, writer)
        try:
            await peer.send(connect(client, will, login, keep_alive, clean=clean))
            kind, _, body = await peer.packet()
            assert kind == CONNACK
            peer.return_code = body[1]
            yield peer
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(TIMEOUT):
            await self.writer.drain()

    async def packet(self) -> tuple[int, int, bytes]:
        """Return kind, flags and body of the next packet."""
        async with asyncio.timeout(TIMEOUT):
            first = (await self.reader.readexactly(1))[0]
            length = shift = 0
            while True:
                byte = (await self.reader.readexactly(1))[0]
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            return first >> 4, first & 15, await self.reader.readexactly(length)

    async def receive(self) -> Message:
        """Return the next message, acknowledged."""
        while not self.messages:
            await self._take(await self.packet())
        return self.messages.pop(0)

    async def publish(
        self, topic: str, payload: bytes = b"", *, qos: int = 0, retain: bool = False
    ) -> None:
        """Publish; with QoS 1 return when it is acknowledged."""
        packet_id = self._next_packet_id() if qos else None
        await self.send(publish(topic, payload, packet_id, qos=qos, retain=retain))
        if qos == 1:
            await self._answer(PUBACK)

    async def subscribe(self, *filters: str, qos: int = 1) -> bytes:
        """Subscribe; return the granted return codes."""
        body = self._next_packet_id().to_bytes(2, "big")
        body += b"".join(text(one) + bytes((qos,)) for one in filters)
        await self.send(framed(0x82, body))
        return (await self._answer(SUBACK))[2:]

    async def subscribe_blindly(self, path: str) -> None:
        """Subscribe without a look at the answer."""
        await self.send(
            framed(0x82, self._next_packet_id().to_bytes(2, "big") + text(path) + b"\1")
        )

    async def unsubscribe(self, *filters: str) -> None:
        body = self._next_packet_id().to_bytes(2, "big") + b"".join(map(text, filters))
        await self.send(framed(0xA2, body))
        await self._answer(UNSUBACK)

    async def synchronise(self) -> list[Message]:
        """Return all that came before the answer to a ping."""
        await self.send(b"\xc0\x00")
        await self._answer(PINGRESP)
        messages, self.messages = self.messages, []
        return messages

    async def disconnect(self) -> None:
        await self.send(b"\xe0\x00")

    async def until_closed(self) -> None:
        """Return when the broker has hung up."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                await self.packet()

    async def _answer(self, expected: int) -> bytes:
        while True:
            kind, flags, body = await self.packet()
            if kind == expected:
                return body
            await self._take((kind, flags, body))

    async def _take(self, packet: tuple[int, int, bytes]) -> None:
        kind, flags, body = packet
        if kind != PUBLISH:
            return
        end = 2 + int.from_bytes(body[:2], "big")
        topic, qos = body[2:end].decode(), flags >> 1 & 3
        if qos:
            await self.send(framed(0x40, body[end : end + 2]))
            end += 2
        self.messages.append(Message(topic, body[end:], qos, bool(flags & 1)))

    def _next_packet_id(self) -> int:
        self._packet_id = self._packet_id % 65535 + 1
        return self._packet_id


def connect(
    client: str,
    will: Will | None = None,
    login: tuple[str, str] | None = None,
    keep_alive: int = 60,
    *,
    clean: bool = True,
) -> bytes:
    flags, fields = 0x02 if clean else 0, text(client)
    if will:
        flags |= 0x04 | will.qos << 3 | will.retain << 5
        fields += text(will.topic) + len(will.payload).to_bytes(2, "big") + will.payload
    if login:
        flags |= 0xC0
        fields += text(login[0]) + text(login[1])
    head = text("MQTT") + bytes((4, flags)) + keep_alive.to_bytes(2, "big")
    return framed(0x10, head + fields)


def publish(
    topic: str, payload: bytes, packet_id: int | None, *, qos: int = 0, retain: bool = False
) -> bytes:
    middle = b"" if packet_id is None else packet_id.to_bytes(2, "big")
    return framed(0x30 | qos << 1 | retain, text(topic) + middle + payload)


def text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def framed(first: int, body: bytes) -> bytes:
    length, sizes = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        sizes.append(digit | (0x80 if length else 0))
        if not length:
            return bytes((first,)) + bytes(sizes) + body
