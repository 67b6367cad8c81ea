"""List the serial ports of this host, and ask those that were named what hangs on them.

Nothing is ever sent to a port that was not named: a question to one device is an order to another.
"""

import contextlib
import re
from collections.abc import Callable, Iterable
from typing import Final

import serial
from serial.tools import list_ports

from services.console.scan.found import Bus, Found, Line
from shared.errors import PowerError

BAUDRATE: Final = 2400
REPLY_TIMEOUT: Final = 1.0
TRIES: Final = 3  # what was asked before may still stand in the way of the first
NAMES: Final = ("/dev/ttyS{}", "/dev/ttyUSB{}")  # what a bare number stands for, as in NUT

_SHUT_HELLO: Final = b"\x16"
# > [Q1\r]
# < [(226.0 195.0 226.0 014 49.0 27.5 30.0 00001000\r]
_Q1_REPLY = re.compile(rb"\((?:[0-9.-]{5} ){3}[0-9]{3} (?:[0-9.-]{4} ){3}[01]{8}[^\r]*\r")
_SMART_REPLY: Final = b"SM\r\n"


class PortsError(PowerError):
    """The serial ports to ask are written in no form that is known."""


def listed() -> list[Line]:
    """List the serial ports of this host without opening them."""
    return [
        Line(port.device, _known(port.description), _known(port.hwid))
        for port in sorted(list_ports.comports())
    ]


def named(text: str, present: Callable[[], Iterable[Line]] = listed) -> list[str]:
    """Read which ports to ask: `auto`, a number, numbers `0-3`, a name, or names with commas."""
    if text == "auto":
        return [line.port for line in present()]
    if match := re.fullmatch(r"([0-9])(?:-([0-9]))?", text):
        first, last = int(match[1]), int(match[2] or match[1])
        return [name.format(number) for name in NAMES for number in range(first, last + 1)]
    names = [name.strip() for name in text.split(",")]
    if not all(name.startswith("/") or "://" in name for name in names):
        raise PortsError(f"-E {text}: write auto, 0, 0-3, or names of ports with commas between")
    return names


def probe(port: str, patience: float = REPLY_TIMEOUT) -> list[Found]:
    """Ask the device at a port what it is, in three protocols, each reply within the patience.

    It blocks; a PowerError says that the port cannot be used.
    """
    try:
        with _opened(port, patience) as line:
            with contextlib.suppress(OSError, serial.SerialException):
                line.dtr, line.rts = True, False  # what feeds the cables that take power from it
            return _asked(line, port)
    except (OSError, ValueError, serial.SerialException) as error:
        raise PowerError(f"{port}: {error}") from error


def _asked(line: serial.Serial, port: str) -> list[Found]:
    smart = _exchange(line, b"Y", _SMART_REPLY)
    if smart == _SMART_REPLY:
        return [Found(Bus.SERIAL, "apcsmart", port, facts={"protocol": "APC smart"})]
    if smart.startswith(b"Y"):
        return []  # the line echoes: whatever is asked would be answered
    if _exchange(line, _SHUT_HELLO, _SHUT_HELLO) == _SHUT_HELLO:
        return [Found(Bus.SERIAL, "mge-shut", port, facts={"protocol": "SHUT"})]
    for _ in range(TRIES):
        if _Q1_REPLY.fullmatch(_exchange(line, b"Q1\r", b"\r")):
            return [Found(Bus.SERIAL, "blazer_ser", port, facts={"protocol": "Q1"})]
    return []


def _exchange(line: serial.Serial, question: bytes, end: bytes) -> bytes:
    line.reset_input_buffer()
    line.write(question)
    return bytes(line.read_until(end))


def _opened(port: str, patience: float) -> serial.Serial:
    line: serial.Serial = serial.serial_for_url(port, BAUDRATE, timeout=patience, exclusive=True)
    return line


def _known(text: str) -> str:
    return "" if text == "n/a" else text
