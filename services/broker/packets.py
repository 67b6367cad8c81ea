"""MQTT 3.1.1 packets as a broker reads and writes them; pure but for amqtt's way to read.

amqtt reads what a client says about itself and what it wants. Framing and PUBLISH are done here:
amqtt reads beyond the end of a packet that lies about its length, takes 256 MB without asking
and spends 15 times as long.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from amqtt.adapters import BufferReader
from amqtt.errors import AMQTTError, CodecError, MQTTError, NoDataError
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.packet import MQTTFixedHeader
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.pubcomp import PubcompPacket
from amqtt.mqtt.pubrec import PubrecPacket
from amqtt.mqtt.suback import SubackPacket
from amqtt.mqtt.subscribe import SubscribePacket
from amqtt.mqtt.unsuback import UnsubackPacket
from amqtt.mqtt.unsubscribe import UnsubscribePacket

from shared.errors import PowerError

AMQTT_ERRORS = (AMQTTError, MQTTError, CodecError, NoDataError, ValueError)
LENGTH_BYTES = 4
PROTOCOLS = (b"\x00\x04MQTT", b"\x00\x06MQIsdp")
PROTOCOL_3_1_1 = b"\x00\x04MQTT\x04"
PING_ANSWER = b"\xd0\x00"


class ProtocolError(PowerError):
    """A client sent something that is not MQTT 3.1.1."""


class Kind(IntEnum):
    """The packets a client may send."""

    CONNECT = 1
    PUBLISH = 3
    PUBACK = 4
    PUBREL = 6
    SUBSCRIBE = 8
    UNSUBSCRIBE = 10
    PINGREQ = 12
    DISCONNECT = 14


class ConnectCode(IntEnum):
    """How a CONNECT is answered (MQTT 3.1.1, section 3.2.2.3)."""

    ACCEPTED = 0
    WRONG_VERSION = 1
    NOT_AUTHORISED = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """One packet as it came: the kind, its flags and the bytes after the length."""

    kind: Kind
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What is published."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    """What a client says of itself; `keep_alive` in seconds, 0 for none."""

    client: str
    keep_alive: int
    will: Message | None = None
    username: str | None = None
    password: str | None = None


class FrameReader:
    """Cut what a client sends into frames: first a CONNECT, none of more than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._has_begun = False
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes and yield the frames they complete.

        Raises ProtocolError; the stream is of no use afterwards.
        """
        pending, start = self._pending, 0
        pending += data
        try:
            while (end := self._frame_end(start)) is not None:
                body_start, body_end = end
                yield Frame(
                    _kind(pending[start]), pending[start] & 15, bytes(pending[body_start:body_end])
                )
                start = body_end
        finally:
            del pending[:start]

    def _frame_end(self, start: int) -> tuple[int, int] | None:
        """Return where the body of the frame at `start` begins and ends, None if incomplete."""
        pending, length = self._pending, 0
        if start < len(pending):
            self._check_first_byte(pending[start])
        for index, byte in enumerate(pending[start + 1 : start + 1 + LENGTH_BYTES]):
            length |= (byte & 0x7F) << 7 * index
            if length > self._limit:
                raise ProtocolError(f"a packet of {length} bytes, more than {self._limit}")
            if byte < 0x80:
                body = start + 2 + index
                return (body, body + length) if body + length <= len(pending) else None
        if len(pending) > start + LENGTH_BYTES:
            raise ProtocolError("a packet whose length has no end")
        return None

    def _check_first_byte(self, first: int) -> None:
        # At once: other protocols may begin with what looks like a long packet.
        kind = _kind(first)
        if not self._has_begun and kind is not Kind.CONNECT:
            raise ProtocolError(f"it began with a {kind.name}")
        self._has_begun = True


def _kind(first: int) -> Kind:
    try:
        return Kind(first >> 4)
    except ValueError:
        raise ProtocolError(f"a packet that begins with 0x{first:02x}") from None


def is_supported(frame: Frame) -> bool:
    """Tell whether a CONNECT is of MQTT 3.1.1; other versions have another form.

    Raises ProtocolError if it is of no version at all.
    """
    if not frame.body.startswith(PROTOCOLS):
        raise ProtocolError("a CONNECT that does not name MQTT")
    return frame.body.startswith(PROTOCOL_3_1_1)


async def read_connect(frame: Frame) -> Connect:
    """Read a CONNECT of a supported version; a client without a name is given one."""
    packet = await _amqtt_packet(ConnectPacket, frame)
    head, fields = packet.variable_header, packet.payload
    will = None
    if head.will_flag:
        if fields.will_topic is None or fields.will_message is None or head.will_qos > 2:
            raise ProtocolError("a CONNECT with half a will")
        will = Message(fields.will_topic, fields.will_message, head.will_qos, head.will_retain_flag)
    return Connect(
        client=fields.client_id,
        keep_alive=head.keep_alive,
        will=will,
        username=fields.username,
        password=fields.password,
    )


def read_publish(frame: Frame) -> tuple[Message, int]:
    """Read a PUBLISH; return the message and its packet id (0 for QoS 0)."""
    body, qos = frame.body, frame.flags >> 1 & 3
    end = 2 + int.from_bytes(body[:2], "big")
    start = end + 2 if qos else end
    if qos == 3 or len(body) < max(2, start):
        raise ProtocolError("a PUBLISH that is cut short or of QoS 3")
    try:
        topic = body[2:end].decode()
    except UnicodeDecodeError:
        raise ProtocolError("a PUBLISH whose topic is not UTF-8") from None
    packet_id = int.from_bytes(body[end:start], "big")
    return Message(topic, body[start:], qos, bool(frame.flags & 1)), packet_id


async def read_subscribe(frame: Frame) -> tuple[int, list[tuple[str, int]]]:
    """Read a SUBSCRIBE; return its packet id and the filters with the QoS asked for."""
    packet = await _amqtt_packet(SubscribePacket, frame)
    filters: list[tuple[str, int]] = packet.payload.topics
    if frame.flags != 2 or not filters or any(qos > 2 for _, qos in filters):
        raise ProtocolError("a malformed SUBSCRIBE")
    return packet.variable_header.packet_id, filters


async def read_unsubscribe(frame: Frame) -> tuple[int, list[str]]:
    """Read an UNSUBSCRIBE; return its packet id and the filters."""
    packet = await _amqtt_packet(UnsubscribePacket, frame)
    if frame.flags != 2 or not packet.payload.topics:
        raise ProtocolError("a malformed UNSUBSCRIBE")
    return packet.variable_header.packet_id, packet.payload.topics


def read_packet_id(frame: Frame) -> int:
    """Read the packet id, which is the whole body of an acknowledgement."""
    if len(frame.body) != 2:
        raise ProtocolError(f"a {frame.kind.name} of {len(frame.body)} bytes")
    return int.from_bytes(frame.body, "big")


async def _amqtt_packet(kind: Any, frame: Frame) -> Any:  # noqa: ANN401  amqtt has no types
    header = MQTTFixedHeader(int(frame.kind), frame.flags, len(frame.body))
    try:
        return await kind.from_stream(BufferReader(frame.body), fixed_header=header)
    except AMQTT_ERRORS as error:
        raise ProtocolError(f"a malformed {frame.kind.name}: {error}") from error


def connect_answer(code: ConnectCode) -> bytes:
    """Return a CONNACK; a session is never resumed."""
    return bytes(ConnackPacket.build(0, int(code)).to_bytes())


def subscribe_answer(packet_id: int, codes: list[int]) -> bytes:
    """Return a SUBACK."""
    return bytes(SubackPacket.build(packet_id, codes).to_bytes())


def unsubscribe_answer(packet_id: int) -> bytes:
    """Return an UNSUBACK."""
    return bytes(UnsubackPacket.build(packet_id).to_bytes())


def publish_answer(packet_id: int, qos: int) -> bytes:
    """Return the answer to a PUBLISH: PUBACK for QoS 1, PUBREC for QoS 2."""
    kind = PubackPacket if qos == 1 else PubrecPacket
    return bytes(kind.build(packet_id).to_bytes())


def release_answer(packet_id: int) -> bytes:
    """Return a PUBCOMP."""
    return bytes(PubcompPacket.build(packet_id).to_bytes())


def publish_packet(message: Message, packet_id: int = 0) -> bytes:
    """Return a PUBLISH; `packet_id` counts only above QoS 0."""
    topic = message.topic.encode()
    middle = packet_id.to_bytes(2, "big") if message.qos else b""
    length = 2 + len(topic) + len(middle) + len(message.payload)
    first = int(Kind.PUBLISH) << 4 | message.qos << 1 | message.retain
    head = bytes((first,)) + _length(length) + len(topic).to_bytes(2, "big")
    return b"".join((head, topic, middle, message.payload))


def _length(length: int) -> bytes:
    digits = bytearray()
    while length >= 0x80:
        digits.append(length & 0x7F | 0x80)
        length >>= 7
    digits.append(length)
    return bytes(digits)
