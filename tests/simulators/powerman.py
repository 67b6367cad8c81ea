"""A powermand that plays answers, well or badly; for what the real one does not do on demand."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

GREETING = b"001 2.3.27\r\npowerman> "
ANSWERS = {
    b"exprange": b"105 Hostrange expansion ON\r\npowerman> ",
    b"nodes": b"307 t0\r\n307 t1\r\n103 Query complete\r\npowerman> ",
    b"device": b"304 p: state=connected reconnects=000 actions=001 type=vpc hosts=t[0-1]\r\n"
    b"103 Query complete\r\npowerman> ",
    b"status": b"303 t0: on\r\n303 t1: off\r\n103 Query complete\r\npowerman> ",
    b"on t0": b"102 Command completed successfully\r\npowerman> ",
}


class PowermanServer:
    """The server; `answers` may be changed at any time, None lets a request go unanswered."""

    def __init__(self) -> None:
        self.greeting = GREETING
        self.answers: dict[bytes, bytes | None] = dict(ANSWERS)
        self.asked: list[bytes] = []
        self.address = ""
        self.lines: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it hangs up."""
        self.lines.add(writer)
        try:
            writer.write(self.greeting)
            while line := await reader.readline():
                self.asked.append(line.strip())
                answer = self.answers[line.strip()]
                if answer is None:
                    continue
                writer.write(answer)
                await writer.drain()
                if not answer.endswith(b"powerman> "):
                    return
        except OSError:
            pass
        finally:
            self.lines.discard(writer)
            writer.close()

    def hang_up(self) -> None:
        """Drop all clients."""
        for line in self.lines:
            line.close()


@asynccontextmanager
async def powerman_server() -> AsyncGenerator[PowermanServer]:
    """Serve until the test is done."""
    played = PowermanServer()
    server = await asyncio.start_server(played.serve, "127.0.0.1", 0)
    played.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield played
    finally:
        server.close()
        played.hang_up()
