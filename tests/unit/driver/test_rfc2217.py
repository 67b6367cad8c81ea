"""RFC 2217: a server's stream taken apart, however it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.rfc2217 import (
    Codec,
    Control,
    ModemBit,
    Subject,
    escaped,
    message,
    port_values,
)

IAC, SE, SB, WILL, WONT, DO, DONT = 255, 240, 250, 251, 252, 253, 254
BINARY, ECHO, SGA, COM_PORT = 0, 1, 3, 44


def told(subject: int, value: bytes) -> bytes:
    """Frame what a server tells."""
    body = bytes([subject + 100]) + value.replace(b"\xff", b"\xff\xff")
    return bytes([IAC, SB, COM_PORT]) + body + bytes([IAC, SE])


def talked(codec: Codec) -> bytes:
    said = bytes(codec.replies)
    codec.replies.clear()
    return said


STREAM = (
    b"(226.0"
    + bytes([IAC, DO, COM_PORT, IAC, WILL, BINARY, IAC, DO, BINARY])
    + b" 195.0\xff\xff"
    + told(Subject.MODEM_STATE, bytes([0xB0 | 0x0F]))
    + told(Subject.BAUDRATE, b"\x00\x00\xff\xff")
    + bytes([IAC, 241])  # no operation
    + b"\r"
)


@pytest.mark.parametrize("size", range(1, len(STREAM) + 1))
def test_a_stream_may_be_cut_anywhere(size):
    codec = Codec()
    pieces = (STREAM[at : at + size] for at in range(0, len(STREAM), size))
    assert b"".join(map(codec.receive, pieces)) == b"(226.0 195.0\xff\r"
    assert codec.is_agreed
    assert codec.modem_state == ModemBit.CTS | ModemBit.DSR | ModemBit.CD
    assert codec.answers[Subject.BAUDRATE] == b"\x00\x00\xff\xff"


def test_it_agrees_to_what_it_knows_once_and_declines_the_rest():
    codec = Codec()
    greeting = talked(codec)
    assert bytes([IAC, WILL, COM_PORT]) in greeting
    for verb in (WILL, DO):
        assert bytes([IAC, verb, BINARY]) in greeting
    codec.receive(bytes([IAC, WILL, ECHO, IAC, DO, ECHO, IAC, WILL, COM_PORT]))
    assert talked(codec) == bytes([IAC, DONT, ECHO, IAC, WONT, ECHO, IAC, DO, COM_PORT])
    for _ in range(3):  # or two sides would agree for ever
        codec.receive(bytes([IAC, WILL, ECHO, IAC, DO, SGA, IAC, WILL, COM_PORT]))
    assert talked(codec) == b""


@pytest.mark.parametrize("missing", [(DO, COM_PORT), (DO, BINARY), (WILL, BINARY)])
def test_without_the_port_or_all_bytes_nothing_is_agreed(missing):
    codec = Codec()
    for wish in {(DO, COM_PORT), (DO, BINARY), (WILL, BINARY)} - {missing}:
        codec.receive(bytes([IAC, *wish]))
    assert not codec.is_agreed
    codec.receive(bytes([IAC, *missing]))
    assert codec.is_agreed


def test_what_is_taken_back_counts_no_more():
    codec = Codec()
    codec.receive(bytes([IAC, DO, COM_PORT, IAC, WILL, BINARY, IAC, DO, BINARY]))
    codec.receive(bytes([IAC, DONT, BINARY]))
    assert not codec.is_agreed


def test_a_modem_state_of_a_wrong_length_is_none():
    codec = Codec()
    codec.receive(told(Subject.MODEM_STATE, b"") + told(Subject.MODEM_STATE, b"\x10\x20"))
    assert codec.modem_state is None


def test_a_message_without_an_end_is_not_kept_for_ever():
    codec = Codec()
    assert codec.receive(bytes([IAC, SB, COM_PORT]) + b"x" * 1000) == b""
    assert codec.receive(b"after\r") == b"after\r"


def test_messages_and_bytes_are_framed():
    assert message(Subject.CONTROL, bytes([Control.DTR_ON])) == b"\xff\xfa\x2c\x05\x08\xff\xf0"
    assert (
        message(Subject.BAUDRATE, b"\x00\x00\x00\xff") == b"\xff\xfa\x2c\x01\0\0\0\xff\xff\xff\xf0"
    )
    assert escaped(b"a\xffb") == b"a\xff\xffb"


def test_a_port_that_cannot_be_set_is_refused():
    assert port_values(2400, 8, "N", 1)[Subject.BAUDRATE] == b"\x00\x00\x09\x60"
    with pytest.raises(ValueError, match="no setting of RFC 2217"):
        port_values(2400, 8, "Q", 1)


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_are_taken(pieces):
    codec = Codec()
    for piece in pieces:
        codec.receive(piece)
    assert len(codec._rest) <= 256 + 40 + 3


@given(st.binary(max_size=200), st.integers(1, 20))
def test_what_is_escaped_comes_back(data, size):
    codec, sent = Codec(), escaped(data)
    pieces = (sent[at : at + size] for at in range(0, len(sent), size))
    assert b"".join(map(codec.receive, pieces)) == data
