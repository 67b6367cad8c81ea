"""The few MQTT 3.1.1 packets that a load generator needs; section numbers are of its standard."""

import socket
from urllib.parse import urlsplit

from tests.brokers import connect_packet

TIMEOUT = 10.0
CONNACK = b"\x20\x02\x00\x00"
SUBACK_LENGTH = 5
PUBLISH = 0x30
RETAIN = 0x01


def connected(url: str) -> socket.socket:
    """Connect to a broker that lets everybody in."""
    address = urlsplit(url)
    line = socket.create_connection((address.hostname, address.port), timeout=TIMEOUT)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.sendall(connect_packet(f"benchmark-{line.getsockname()[1]}", keep_alive=600))
    if _exactly(line, len(CONNACK)) != CONNACK:
        raise RuntimeError(f"the broker at {url} lets nobody in")
    return line


def subscribe(line: socket.socket, topic: str) -> None:
    """Ask for a topic with QoS 0 and return when that is granted (3.8)."""
    body = b"\x00\x01" + _text(topic) + b"\x00"
    line.sendall(b"\x82" + _length(len(body)) + body)
    _exactly(line, SUBACK_LENGTH)


def published(data: bytes) -> tuple[list[tuple[str, bool]], bytes]:
    """Cut what was received into packets: topics of a PUBLISH with QoS 0, and the rest of it.

    With each topic stands whether the message had been retained.
    """
    found, start = [], 0
    while bounds := _bounds(data, start):
        body, end = bounds
        if data[start] & 0xF0 == PUBLISH:
            size = int.from_bytes(data[body : body + 2], "big")
            topic = data[body + 2 : body + 2 + size].decode()
            found.append((topic, bool(data[start] & RETAIN)))
        start = end
    return found, data[start:]


def _bounds(data: bytes, start: int) -> tuple[int, int] | None:
    """Say where the body of a packet begins and ends; None while it is not whole (2.2.3)."""
    length = shift = 0
    for place in range(start + 1, min(start + 5, len(data))):
        length |= (data[place] & 127) << shift
        shift += 7
        if data[place] < 128:
            end = place + 1 + length
            return (place + 1, end) if end <= len(data) else None
    return None


def publish(topic: str, payload: bytes) -> bytes:
    """Return a PUBLISH with QoS 0, not retained (3.3)."""
    body = _text(topic) + payload
    return b"\x30" + _length(len(body)) + body


def _text(text: str) -> bytes:
    return len(text.encode()).to_bytes(2, "big") + text.encode()


def _length(length: int) -> bytes:
    """Write a length in groups of seven bits, the lowest first (2.2.3)."""
    written = bytearray()
    while True:
        length, low = divmod(length, 128)
        written.append(low | (128 if length else 0))
        if not length:
            return bytes(written)


def _exactly(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise RuntimeError("the broker hung up")
        data += more
    return data
