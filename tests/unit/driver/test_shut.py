"""The framing of SHUT."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.shut import (
    NOT_OK,
    OK,
    SYNC_COMPLETE,
    SYNC_OFF,
    Kind,
    Noise,
    Packet,
    Setup,
    Token,
    asking,
    first_event,
    framed,
    packets,
    telling,
)

# What NUT's mge-shut sends for the device descriptor, and a device's answer.
REQUEST = bytes.fromhex("8188 80060001 00001200 95")
RESPONSE = bytes.fromhex("0488 1201100100000008 0a")


def test_a_request_is_framed_as_nut_frames_it():
    (packet,) = asking(Setup(0x80, 6, 0x0100, length=18))
    assert framed(packet) == REQUEST


def test_a_response_is_read():
    data = bytes.fromhex("1201100100000008")
    assert first_event(RESPONSE) == (Packet(Kind.RESPONSE, data, is_last=False), len(RESPONSE))


def test_what_is_written_follows_its_setup_in_packets_of_eight():
    found = telling(Setup(0x21, 9, 0x0301, length=11), b"\x01abcdefghij")
    assert [packet.data for packet in found[1:]] == [b"\x01abcdefg", b"hij"]
    assert [packet.is_last for packet in found] == [False, False, True]


@pytest.mark.parametrize("token", [OK, NOT_OK, SYNC_COMPLETE, SYNC_OFF])
def test_a_token_stands_alone(token):
    assert first_event(token + REQUEST) == (Token(token), 1)


def test_a_wrong_sum_is_told():
    event, size = first_event(RESPONSE[:-1] + b"\x0b")
    assert isinstance(event, Packet)
    assert not event.is_sound
    assert size == len(RESPONSE)


@pytest.mark.parametrize("found", [b"\x84\x87", b"\x84\x99", b"\x00", b"\xff"])
def test_a_byte_that_begins_nothing_is_noise(found):
    assert first_event(found) == (Noise(found[0]), 1)


@given(st.binary(max_size=40), st.sampled_from(list(Kind)))
def test_packets_come_out_as_they_went_in(data, kind):
    line = b"".join(framed(packet) for packet in packets(kind, data))
    found = b""
    is_last = False
    while line:
        event, size = first_event(line)
        assert isinstance(event, Packet)
        assert event.is_sound
        assert not is_last
        found, line, is_last = found + event.data, line[size:], event.is_last
    assert found == data
    assert is_last


@given(st.binary(max_size=60))
def test_any_bytes_are_read_to_their_end(line):
    while True:
        event, size = first_event(line)
        assert 0 <= size <= min(len(line), 11)
        assert (event is None) is (size == 0)
        if not size:
            break
        line = line[size:]
    assert len(line) < 11


@given(st.binary(min_size=1, max_size=8), st.integers(0, 7), st.integers(1, 255))
def test_one_wrong_byte_never_makes_a_sound_packet(data, at, change):
    line = bytearray(framed(Packet(Kind.RESPONSE, data)))
    line[2 + at % len(data)] ^= change
    event, _ = first_event(bytes(line))
    assert isinstance(event, Packet)
    assert not event.is_sound
