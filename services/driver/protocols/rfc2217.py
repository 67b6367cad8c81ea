"""RFC 2217, the client's side: a serial port behind Telnet, with its speed and modem lines. Pure.

Options are RFC 854 (Telnet), RFC 856 (binary), RFC 858 (no go-ahead) and RFC 2217 (COM-PORT).
"""

from collections.abc import Mapping
from enum import IntEnum

_IAC, _SE, _SB, _WILL, _WONT, _DO, _DONT = 255, 240, 250, 251, 252, 253, 254
_BINARY, _SGA, _COM_PORT = 0, 3, 44
_SHARED = (_BINARY, _SGA)  # what both sides are asked for
_FROM_SERVER = 100  # what the server answers is numbered so much higher
_MAX_MESSAGE = 256  # bytes between IAC SB and IAC SE; those of RFC 2217 have 5 at most
_PARITIES = {"N": 1, "O": 2, "E": 3, "M": 4, "S": 5}
_STOPBITS = {1: 1, 2: 2, 1.5: 3}
ASK = b"\x00"  # as the value of a setting: tell the present one


class Subject(IntEnum):
    """What a message is about, as the client numbers it."""

    BAUDRATE = 1
    DATASIZE = 2
    PARITY = 3
    STOPSIZE = 4
    CONTROL = 5
    MODEM_STATE = 7
    MODEM_STATE_MASK = 11
    PURGE = 12


class Control(IntEnum):
    """What CONTROL may be set to, as far as we do."""

    NO_FLOW_CONTROL = 1
    BREAK_ON = 5
    BREAK_OFF = 6
    DTR_ON = 8
    DTR_OFF = 9
    RTS_ON = 11
    RTS_OFF = 12


class ModemBit(IntEnum):
    """The bits of a modem state."""

    CTS = 0x10
    DSR = 0x20
    RI = 0x40
    CD = 0x80


class Codec:
    """Takes the server's stream apart: payload, answers, and what has to be sent back.

    `answers` has the last value that the server told of each subject, `modem_state` the lines that
    the device drives, None until the server tells. `replies` are bytes to be sent; take them.
    """

    def __init__(self) -> None:
        self.answers: dict[int, bytes] = {}
        self.modem_state: int | None = None
        self.replies = bytearray(_greeting())
        self._said = {(_WILL, _COM_PORT), *((verb, o) for o in _SHARED for verb in (_WILL, _DO))}
        self._heard: set[tuple[int, int]] = set()
        self._rest = bytearray()  # the begin of a command that is not whole yet

    @property
    def is_agreed(self) -> bool:
        """Tell whether the server speaks RFC 2217 and lets all bytes through."""
        port = {(_DO, _COM_PORT), (_WILL, _COM_PORT)} & self._heard
        return bool(port) and {(_DO, _BINARY), (_WILL, _BINARY)} <= self._heard

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the server's; return those that the device sent."""
        if not self._rest and _IAC not in data:
            return data
        self._rest += data
        payload = bytearray()
        while (at := self._rest.find(_IAC)) >= 0:
            payload += self._rest[:at]
            del self._rest[:at]
            used = self._take_command(payload)
            if not used:
                return bytes(payload)
            del self._rest[:used]
        payload += self._rest
        self._rest.clear()
        return bytes(payload)

    def _take_command(self, payload: bytearray) -> int:
        """Obey the command at the start of what is left; return its length, 0 if not whole."""
        rest = self._rest
        if len(rest) < 2:
            return 0
        verb = rest[1]
        if verb == _IAC:
            payload.append(_IAC)
        elif verb == _SB:
            return self._take_message()
        elif verb in (_WILL, _WONT, _DO, _DONT):
            if len(rest) < 3:
                return 0
            self._negotiate(verb, rest[2])
            return 3
        return 2

    def _take_message(self) -> int:
        end = self._rest.find(bytes([_IAC, _SE]), 2)
        while end > 0 and _is_doubled(self._rest, end):
            end = self._rest.find(bytes([_IAC, _SE]), end + 1)
        if end < 0:
            return 0 if len(self._rest) <= _MAX_MESSAGE else len(self._rest)
        body = bytes(self._rest[2:end]).replace(b"\xff\xff", b"\xff")
        if len(body) >= 2 and body[0] == _COM_PORT:
            self._take_answer(body[1] - _FROM_SERVER, body[2:])
        return end + 2

    def _take_answer(self, subject: int, value: bytes) -> None:
        self.answers[subject] = value
        if subject == Subject.MODEM_STATE and len(value) == 1:
            self.modem_state = value[0] & 0xF0

    def _negotiate(self, verb: int, option: int) -> None:
        """Agree once to what we know, and decline the rest."""
        self._heard.add((verb, option))
        if verb in (_WONT, _DONT):
            self._heard.discard((_WILL if verb == _WONT else _DO, option))
            return
        ours = (_DO, _DONT) if verb == _WILL else (_WILL, _WONT)
        known = option in (*_SHARED, _COM_PORT)
        answer = ours[0] if known else ours[1]
        if (answer, option) not in self._said:
            self._said.add((answer, option))
            self.replies += bytes([_IAC, answer, option])


def message(subject: Subject, value: bytes = b"") -> bytes:
    """Frame a message to the server."""
    body = bytes([subject]) + value.replace(b"\xff", b"\xff\xff")
    return bytes([_IAC, _SB, _COM_PORT]) + body + bytes([_IAC, _SE])


def escaped(data: bytes) -> bytes:
    """Frame bytes for the device."""
    return data.replace(b"\xff", b"\xff\xff")


def port_values(
    baudrate: int, bytesize: int, parity: str, stopbits: float
) -> Mapping[Subject, bytes]:
    """Say how a port is set; ValueError if RFC 2217 has no way to."""
    if parity not in _PARITIES or stopbits not in _STOPBITS:
        raise ValueError(f"parity {parity!r} and {stopbits} stop bits are no setting of RFC 2217")
    return {
        Subject.BAUDRATE: baudrate.to_bytes(4),
        Subject.DATASIZE: bytes([bytesize]),
        Subject.PARITY: bytes([_PARITIES[parity]]),
        Subject.STOPSIZE: bytes([_STOPBITS[stopbits]]),
    }


def _greeting() -> bytes:
    wishes = [(_WILL, _COM_PORT), *((verb, o) for o in _SHARED for verb in (_WILL, _DO))]
    return b"".join(bytes([_IAC, verb, option]) for verb, option in wishes)


def _is_doubled(data: bytearray, at: int) -> bool:
    """Tell whether the IAC at this place is the second one of a doubled one."""
    count = 0
    while data[at - 1 - count] == _IAC:
        count += 1
    return count % 2 == 1
