"""Debian's snmpd (net-snmp) on a port of its own, with the users that a test wants."""

import asyncio
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.ports import free_port

WRITE_COMMUNITY = "private"
CONTACT = "1.3.6.1.2.1.1.4.0"
NAME = "1.3.6.1.2.1.1.5.0"
UPTIME = "1.3.6.1.2.1.1.3.0"


def find_program(name: str) -> str:
    """Find a program of net-snmp; a missing one fails the test."""
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:/usr/local/sbin")
    assert found, f"{name} is missing: install Debian's snmpd and snmp"
    return found


def free_udp_port() -> int:
    """Find a port of UDP that nobody has."""
    return free_port(kind=socket.SOCK_DGRAM)


class Snmpd:
    """A real agent; `users` are lines of createUser without the word."""

    def __init__(self, folder: Path, users: Sequence[str] = (), lines: Sequence[str] = ()) -> None:
        self.port = free_udp_port()
        self.engine = "80001f8804" + "6e7574627573"
        self._folder = folder
        self.users = users
        self._lines = tuple(lines)
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start, as the same engine that has booted once more."""
        self._folder.mkdir(exist_ok=True)
        settings = self._folder / "snmpd.conf"
        settings.write_text("\n".join(self._settings()) + "\n", encoding="utf-8")
        self._process = await asyncio.create_subprocess_exec(
            find_program("snmpd"),
            *("-f", "-Lo", "-C", "-c", str(settings), "-p", str(self._folder / "pid")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"SNMP_PERSISTENT_DIR": str(self._folder / "kept"), "MIBS": ""},
        )
        assert self._process.stdout
        async with asyncio.timeout(30):
            while b"NET-SNMP version" not in (line := await self._process.stdout.readline()):
                assert line, "snmpd does not start"

    async def stop(self) -> None:
        """End, and remember the boots."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            await process.communicate()

    def forget(self) -> None:
        """Lose what is kept over a restart: the boots and the users' keys."""
        shutil.rmtree(self._folder / "kept", ignore_errors=True)

    def _settings(self) -> list[str]:
        names = {line.split()[0] for line in self.users}
        return [
            "dontLogTCPWrappersConnects yes",  # a line for each request would fill the pipe
            f"agentaddress udp:127.0.0.1:{self.port},udp6:[::1]:{self.port}",
            f"exactEngineID 0x{self.engine}",
            "rocommunity public",
            f"rwcommunity {WRITE_COMMUNITY}",
            "rocommunity6 public",
            *(f"createUser {line}" for line in self.users),
            *(f"rwuser {name} noauth" for name in sorted(names)),
            *self._lines,
        ]
