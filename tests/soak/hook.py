"""Takes the messages of a soak's scheduler, and refuses some."""

import asyncio
import json
import random

REFUSED = 0.2  # of all messages, at the first try


class Hook:
    """An HTTP server for apprise's json://; `messages` are the texts that it took."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self._port, self._chance = port, chance
        self.messages: list[str] = []

    async def work(self) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._take, "127.0.0.1", self._port)
        async with server:
            await server.serve_forever()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length:")[2].split()[0])
            body = json.loads(await reader.readexactly(length))
            is_refused = self._chance.random() < REFUSED
            if not is_refused:
                self.messages.append(body["message"])
            status = "503 Later" if is_refused else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()
