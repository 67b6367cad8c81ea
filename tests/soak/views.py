"""What the gateway, the web and Home Assistant show of a device, asked as their clients ask."""

import asyncio
import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.nutwire import split

TIMEOUT = 4.0
VARIABLES = ("ups.status", "ups.id", "battery.charge")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a view said of a device; without variables it was shown as stale, or not at all."""

    variables: Mapping[str, str] | None


STALE = Shown(None)


class NutLine:
    """A connection to the gateway; it is made anew when it is lost."""

    def __init__(self, port: int, *login: str) -> None:
        self._port, self._login = port, login
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, question: str) -> list[str]:
        """Return the lines of the answer; none if there is none in time."""
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._ask(question)
        except (OSError, EOFError, TimeoutError):
            self.close()
            return []

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def _ask(self, question: str) -> list[str]:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            for request in self._login:
                await self._exchange(request)
        return await self._exchange(question)

    async def _exchange(self, question: str) -> list[str]:
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(f"{question}\n".encode())
        end = f"END {question}" if question.startswith("LIST") else ""
        lines: list[str] = []
        while not lines or (end and lines[-1] != end and not lines[-1].startswith("ERR")):
            line = (await self._reader.readline()).decode()
            if not line:
                raise EOFError
            lines.append(line.strip())
        return lines


async def shown_by_gateway(line: NutLine, device: str) -> Shown:
    """Ask for all variables, as upsc does."""
    lines = await line.ask(f"LIST VAR {device}")
    if not lines or lines[0].startswith("ERR"):
        return STALE
    words = [split(each) for each in lines[1:-1]]
    variables = {each[2]: each[3] for each in words}
    if variables.get("ups.status", "WAIT") == "WAIT":
        return STALE
    return Shown(variables)


async def shown_by_web(port: int, device: str) -> Shown:
    """Ask the API for one device."""
    writer = None
    try:
        async with asyncio.timeout(TIMEOUT):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                f"GET /api/v1/devices/{device} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        if b" 200 " not in head.splitlines()[0] or len(body) != _length(head):
            return STALE  # what was cut off shows nothing
        view = json.loads(body)
    except (OSError, TimeoutError, IndexError):
        return STALE
    finally:
        if writer is not None:
            with contextlib.suppress(OSError):
                writer.transport.abort()
    if view["standing"] != "online":
        return STALE
    variables = {name: each["value"] for name, each in view["variables"].items()}
    if "ups.status" in variables:
        variables["ups.status"] = " ".join(view["status"])
    return Shown(variables)


def _length(head: bytes) -> int:
    found = re.search(rb"(?im)^content-length: *(\d+)", head)
    return int(found[1]) if found else -1
