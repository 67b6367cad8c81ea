"""Serial lines over TCP: a plain socket, or a port behind an RFC 2217 server."""

import socket
from collections.abc import Callable

from services.driver.protocols import rfc2217
from services.driver.protocols.rfc2217 import Control, ModemBit, Subject
from services.driver.transports.ports import Modem, ModemLines, SerialSettings
from services.driver.transports.stream import Stream
from shared.dialling import dialled, plain_reason
from shared.errors import DeviceError

OPEN_TIMEOUT = 5.0
ANSWER_TIMEOUT = 3.0  # of an RFC 2217 server
# A server that lost its power never hangs up; seconds, and how often it is asked.
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


async def connected(where: str, host: str, port: int) -> socket.socket:
    """Connect to a server; `where` names it in a DeviceError."""
    try:
        return await dialled(host, port, None, OPEN_TIMEOUT)
    except OSError as error:  # TimeoutError is one
        raise DeviceError(f"{where}: {plain_reason(error)}") from error


class SocketPort:
    """A device behind a TCP port that passes bytes and nothing else."""

    def __init__(
        self, where: str, line: socket.socket, decode: Callable[[bytes], bytes] | None = None
    ) -> None:
        self.stream = Stream(where, line.fileno(), decode)
        self._where = where
        self._line = line
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    @property
    def modem(self) -> Modem | None:
        """None, since a socket has no modem lines."""
        return None

    async def send(self, data: bytes) -> None:
        """Send bytes to the device."""
        await self.stream.send(data)

    async def close(self) -> None:
        """Hang up."""
        self.stream.end()
        self._line.close()


class TelnetPort(SocketPort):
    """A serial port behind an RFC 2217 server."""

    def __init__(self, where: str, line: socket.socket) -> None:
        self._codec = rfc2217.Codec()
        super().__init__(where, line, self._decode)

    @property
    def modem(self) -> Modem:
        """The modem lines."""
        return self

    async def prepare(self, settings: SerialSettings) -> None:
        """Agree with the server and set its port."""
        await self.stream.send(self._replies())
        if not await self.stream.until(lambda: self._codec.is_agreed, ANSWER_TIMEOUT):
            raise DeviceError(f"{self._where}: the server does not speak RFC 2217")
        values = rfc2217.port_values(
            settings.baudrate, settings.bytesize, settings.parity, settings.stopbits
        )
        for subject, value in values.items():
            await self._set(subject, value)
        await self._set(Subject.CONTROL, bytes([Control.NO_FLOW_CONTROL]))
        await self.drive(settings.dtr, settings.rts)
        await self.stream.send(rfc2217.message(Subject.MODEM_STATE_MASK, b"\xff"))
        await self._set(Subject.PURGE, b"\x03")
        self.stream.drop()

    async def send(self, data: bytes) -> None:
        """Send bytes to the device."""
        await self.stream.send(rfc2217.escaped(data))

    async def lines(self) -> ModemLines:
        """Say what the server told last, once it has answered that it is still there."""
        state = rfc2217.message(Subject.MODEM_STATE)
        await self._ask(Subject.BAUDRATE, rfc2217.ASK * 4, before=state)
        if not await self.stream.until(self._knows_lines, ANSWER_TIMEOUT):
            raise DeviceError(f"{self._where}: the server tells nothing of the modem lines")
        return self._told()

    async def change(self, known: ModemLines) -> None:
        """Return when the server tells that the lines are other than known."""
        await self.stream.until(lambda: self._knows_lines() and self._told() != known, None)

    async def drive(self, dtr: bool | None, rts: bool | None) -> None:
        """Drive our own lines."""
        if dtr is not None:
            await self._control(Control.DTR_ON if dtr else Control.DTR_OFF)
        if rts is not None:
            await self._control(Control.RTS_ON if rts else Control.RTS_OFF)

    async def hold_break(self, on: bool) -> None:
        """Begin or end the break condition."""
        if on:
            await self._control(Control.BREAK_ON)
        else:  # ser2net ends it and answers that it is on
            await self._ask(Subject.CONTROL, bytes([Control.BREAK_OFF]))

    def _decode(self, data: bytes) -> bytes:
        payload = self._codec.receive(data)
        if replies := self._replies():
            try:
                self._line.send(replies)  # they are few and short
            except OSError as error:
                self.stream.end(str(error.strerror))
        return payload

    def _replies(self) -> bytes:
        replies = bytes(self._codec.replies)
        self._codec.replies.clear()
        return replies

    def _knows_lines(self) -> bool:
        return self._codec.modem_state is not None

    def _told(self) -> ModemLines:
        state = self._codec.modem_state or 0
        return ModemLines(
            cts=bool(state & ModemBit.CTS),
            dsr=bool(state & ModemBit.DSR),
            dcd=bool(state & ModemBit.CD),
            ri=bool(state & ModemBit.RI),
        )

    async def _control(self, value: Control) -> None:
        await self._set(Subject.CONTROL, bytes([value]))

    async def _set(self, subject: Subject, value: bytes) -> None:
        answer = await self._ask(subject, value)
        if answer != value:
            what = f"{subject.name.lower()} {int.from_bytes(value)}"
            raise DeviceError(f"{self._where}: the server answers {answer.hex()} to {what}")

    async def _ask(self, subject: Subject, value: bytes, before: bytes = b"") -> bytes:
        answers = self._codec.answers
        answers.pop(subject, None)
        await self.stream.send(before + rfc2217.message(subject, value))
        if not await self.stream.until(lambda: subject in answers, ANSWER_TIMEOUT):
            what = subject.name.lower()
            raise DeviceError(f"{self._where}: the RFC 2217 server does not answer ({what})")
        return answers[subject]
