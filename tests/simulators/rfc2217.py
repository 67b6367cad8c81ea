"""An RFC 2217 server with a serial port that exists only here, on pyserial's own server part."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from serial.rfc2217 import PortManager

Answer = Callable[[bytes], bytes]


@dataclass
class SerialPort:
    """The port behind the server, as pyserial's server part knows ports.

    The device drives cts, dsr, cd and ri; the client dtr, rts and break_condition, whose every
    change is kept in `driven`.
    """

    cts: bool = False
    dsr: bool = False
    cd: bool = False
    ri: bool = False
    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1
    xonxoff: bool = False
    rtscts: bool = False
    dtr: bool = False
    rts: bool = False
    break_condition: bool = False
    driven: list[tuple[str, bool]] = field(default_factory=list)
    fixed: dict[str, Any] = field(default_factory=dict)  # what cannot be set

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(self, "fixed"):
            value = self.fixed.get(name, value)
        if name in ("dtr", "rts", "break_condition") and hasattr(self, "driven"):
            self.driven.append((name, value))
        object.__setattr__(self, name, value)

    def reset_input_buffer(self) -> None:
        pass

    def reset_output_buffer(self) -> None:
        pass


class Server:
    """Serves one port to one client after the other."""

    def __init__(self, answer: Answer) -> None:
        self.port = SerialPort()
        self.answer = answer
        self.requests = 0  # how often something came
        self._writers: dict[asyncio.StreamWriter, PortManager] = {}
        self._server: asyncio.Server | None = None
        self._number = 0

    @property
    def url(self) -> str:
        """What a client calls the port."""
        return f"rfc2217://127.0.0.1:{self._number}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._number)
        self._number = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop serving and hang up, as when the server's power fails."""
        if self._server is not None:
            self._server.close()
        self.hang_up()

    def hang_up(self) -> None:
        for writer in list(self._writers):
            writer.close()

    def freeze(self) -> None:
        """Stay connected and answer nothing any more."""
        for writer in self._writers:
            cast(asyncio.Transport, writer.transport).pause_reading()  # uvloop's is none

    def set_lines(self, **lines: bool) -> None:
        """Let the device drive its lines."""
        for name, value in lines.items():
            setattr(self.port, name, value)
        for manager in self._writers.values():
            manager.check_modem_lines()

    def say(self, data: bytes) -> None:
        """Let the device send bytes."""
        for writer, manager in self._writers.items():
            writer.write(b"".join(manager.escape(data)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        manager = PortManager(self.port, _Connection(writer))  # type: ignore[arg-type] # alike as far as it looks
        self._writers[writer] = manager
        try:
            while data := await reader.read(4096):
                self.requests += 1
                request = b"".join(manager.filter(data))
                if request:
                    writer.write(b"".join(manager.escape(self.answer(request))))
        except OSError:
            pass
        finally:
            del self._writers[writer]
            writer.close()


class _Connection:
    """What pyserial's server part writes to."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)


@asynccontextmanager
async def serving(answer: Answer = lambda _: b"") -> AsyncGenerator[Server]:
    """Serve a port whose device answers so to what it is sent."""
    server = Server(answer)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
