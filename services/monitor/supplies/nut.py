"""A supply that a NUT server tells of: asked again and again, as upsmon does."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import SecretStr

from services.monitor.sights import Reach, Sight
from services.monitor.supplies.readings import (
    ALARM,
    BUZZWORDS,
    CHARGE,
    RUNTIME,
    STATUS,
    TEMPERATURE,
    number,
)
from shared.errors import SettingsError
from shared.latest import Latest
from shared.nutline import (
    Line,
    LineError,
    Security,
    ServerRefusalError,
    connected,
)
from shared.status import Status, words

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a device of a NUT server is, and who we are there; no user name: we only read.

    `has_conditions` says that charge, runtime and temperature are wanted beside the status.
    """

    device: str
    host: str
    port: int
    username: str | None = None
    password: SecretStr | None = None
    is_primary: bool = False
    has_conditions: bool = False
    security: Security | None = None


class NutSupply:
    """Keeps one connection to a server and its newest `sight`; `changed` is called at each."""

    def __init__(
        self, name: str, server: Server, interval: float, changed: Callable[[], None]
    ) -> None:
        self.name = name
        self.server = server
        self.sight = Sight(at=time.monotonic())
        self._changed = changed
        self._interval = interval
        self._counts_logins = False
        self._awake = asyncio.Event()
        self._is_forced = False
        self._is_told = False  # FSD was sent on this connection
        self._is_logged_in = False
        self._is_connected = False
        self._is_busy = Latest(False)
        self._complaint = ""

    def pace(self, interval: float, *, counts_logins: bool) -> None:
        """Ask so often from now on (seconds), and for the number of logins too."""
        hurry = interval < self._interval or (counts_logins and not self._counts_logins)
        self._interval, self._counts_logins = interval, counts_logins
        if hurry:
            self._awake.set()

    def force_shutdown(self) -> None:
        """Send FSD at once, and again to a server that was started anew, until `relent`."""
        self._is_forced = True
        self._is_busy.set(self._is_connected and not self._is_told)
        self._awake.set()

    def relent(self) -> None:
        """Send FSD no more; the server knows no way to take it back."""
        self._is_forced = self._is_told = False

    async def flushed(self) -> None:
        """Wait until FSD was sent if it is wanted, or the server cannot be told."""
        async with contextlib.aclosing(self._is_busy.follow()) as states:
            async for is_busy in states:
                if not is_busy:
                    return

    async def keep(self) -> None:
        """Ask until cancelled; a connection that was lost is tried again at each interval."""
        while True:
            try:
                async with connected(
                    self.server.host, self.server.port, self.server.security
                ) as line:
                    self._is_connected = True
                    self._is_told = False
                    await self._ask(line)
            except (LineError, ServerRefusalError, SettingsError) as error:  # a TLS file is gone
                self._lose(str(error))
            finally:
                self._is_connected = self._is_logged_in = False
                self._is_busy.set(False)
            await self._pause()

    async def _ask(self, line: Line) -> None:
        if self.server.username is not None:
            await self._log_in(line)
        while True:
            if self._is_forced and not self._is_told:
                await self._force_shutdown(line)
            try:
                self._take(await self._look(line))
            except ServerRefusalError as refusal:  # stale, or no such device
                self._lose(str(refusal))
            await self._pause()

    async def _log_in(self, line: Line) -> None:
        server = self.server
        assert server.username is not None
        password = server.password.get_secret_value() if server.password else ""
        await line.ask("USERNAME", server.username)
        await line.ask("PASSWORD", password)
        await line.ask("LOGIN", server.device)
        self._is_logged_in = True
        if server.is_primary:
            try:
                await line.ask("PRIMARY", server.device)
            except ServerRefusalError:  # a server older than 2.8
                await line.ask("MASTER", server.device)

    async def _force_shutdown(self, line: Line) -> None:
        try:
            await line.ask("FSD", self.server.device)
        except ServerRefusalError as refusal:
            logger.error("%s: cannot set FSD: %s", self.name, refusal)
        self._is_told = True
        self._is_busy.set(False)

    async def _look(self, line: Line) -> Sight:
        device = self.server.device
        measures = (CHARGE, RUNTIME, TEMPERATURE) if self.server.has_conditions else ()
        names = (STATUS, ALARM, *BUZZWORDS, *measures)
        values = await line.get(*(("VAR", device, name) for name in names))
        found = dict(zip(names, values, strict=True))
        status = found[STATUS] or ""
        if not words(status) or Status.WAIT in words(status):  # upsd knows nothing yet
            raise ServerRefusalError(f"GET VAR {device} {STATUS}", status or "no status")
        return Sight(
            reach=Reach.REACHED,
            at=time.monotonic(),
            status=status,
            alarm=found[ALARM] or "",
            buzzwords=" ".join(found[name] or "" for name in BUZZWORDS).strip(),
            charge=number(found.get(CHARGE)),
            runtime=number(found.get(RUNTIME)),
            temperature=number(found.get(TEMPERATURE)),
            logins=await self._count(line),
        )

    async def _count(self, line: Line) -> int | None:
        """Count who is logged in, this host included; None if that is not wanted."""
        if not self._counts_logins:
            return None
        (answer,) = await line.get(("NUMLOGINS", self.server.device))
        counted = number(answer)
        if counted is None:
            return None
        return int(counted) + (not self._is_logged_in)

    def _take(self, sight: Sight) -> None:
        self._complaint = ""
        self.sight = sight
        self._changed()

    def _lose(self, why: str) -> None:
        if why != self._complaint:
            self._complaint = why
            logger.warning("%s: %s", self.name, why)
        self.sight = replace(self.sight, reach=Reach.SILENT, logins=None)
        self._changed()

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._interval):
                await self._awake.wait()
        self._awake.clear()
