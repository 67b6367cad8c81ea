"""Packets read from whole, split and broken bytes."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.broker.packets import (
    Connect,
    FrameReader,
    Kind,
    Message,
    ProtocolError,
    is_supported,
    publish_packet,
    read_connect,
    read_packet_id,
    read_publish,
    read_subscribe,
    read_unsubscribe,
)
from tests.simulators.mqtt_peer import Will, connect, framed, publish, text

LIMIT = 1000


def frame_of(data: bytes):
    return list(begun().feed(data))[-1]


def begun() -> FrameReader:
    reader = FrameReader(LIMIT)
    list(reader.feed(connect("me")))
    return reader


@given(st.binary(max_size=300), st.integers(0, 2), st.booleans(), st.text(max_size=20))
def test_a_publish_is_read_as_it_was_written(payload, qos, retain, topic):
    message = Message(topic.replace("\0", ""), payload, qos, retain)
    frame = frame_of(publish_packet(message, 7))
    assert read_publish(frame) == (message, 7 if qos else 0)


@given(st.integers(1, 20))
def test_frames_are_found_however_the_bytes_are_split(size):
    stream = connect("me") + publish("a/b", b"x" * 300, 5, qos=1) + b"\xc0\x00\xe0\x00"
    reader = FrameReader(LIMIT)
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    kinds = [frame.kind for piece in pieces for frame in reader.feed(piece)]
    assert kinds == [Kind.CONNECT, Kind.PUBLISH, Kind.PINGREQ, Kind.DISCONNECT]


@given(st.lists(st.binary(max_size=40), max_size=8))
async def test_any_bytes_are_frames_or_one_error(pieces):
    reader = begun()
    with contextlib.suppress(ProtocolError):
        for piece in pieces:
            for frame in reader.feed(piece):
                await read_any(frame)


@given(st.sampled_from(list(Kind)), st.integers(0, 15), st.binary(max_size=60))
async def test_any_body_is_a_packet_or_one_error(kind, flags, body):
    head = b"\x00\x04MQTT\x04" if kind is Kind.CONNECT else b""
    frame = frame_of(framed(kind << 4 | flags, head + body))
    with contextlib.suppress(ProtocolError):
        await read_any(frame)


async def read_any(frame) -> None:
    if frame.kind is Kind.CONNECT and is_supported(frame):
        await read_connect(frame)
    elif frame.kind is Kind.PUBLISH:
        read_publish(frame)
    elif frame.kind is Kind.SUBSCRIBE:
        await read_subscribe(frame)
    elif frame.kind is Kind.UNSUBSCRIBE:
        await read_unsubscribe(frame)
    elif frame.kind in {Kind.PUBACK, Kind.PUBREL}:
        read_packet_id(frame)


async def test_a_connect_is_read_with_its_will_and_login():
    packet = connect("me", Will("w/t", b"gone"), ("joe", "secret"), 30)
    assert await read_connect(frame_of(packet)) == Connect(
        client="me",
        keep_alive=30,
        will=Message("w/t", b"gone", 1, retain=True),
        username="joe",
        password="secret",
    )


async def test_a_subscribe_is_read():
    frame = frame_of(framed(0x82, b"\x00\x09" + text("a/#") + b"\x01" + text("b") + b"\x02"))
    assert await read_subscribe(frame) == (9, [("a/#", 1), ("b", 2)])


def test_a_packet_over_the_limit_is_refused_before_it_comes():
    with pytest.raises(ProtocolError, match="more than 1000"):
        list(begun().feed(b"\x30\xff\xff\x7f"))


def test_another_protocol_is_known_by_its_first_byte():
    with pytest.raises(ProtocolError, match="it began with a PUBACK"):
        list(FrameReader(LIMIT).feed(b"G"))


def test_other_versions_of_mqtt_are_told_from_noise():
    assert not is_supported(frame_of(framed(0x10, b"\x00\x04MQTT\x05\x02\x00\x00")))
    assert not is_supported(frame_of(framed(0x10, b"\x00\x06MQIsdp\x03\x02\x00\x00")))
    with pytest.raises(ProtocolError):
        is_supported(frame_of(framed(0x10, b"GET / HTTP/1.1")))
