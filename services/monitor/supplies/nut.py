"""A supply that a NUT server tells of: asked again and again, as upsmon does."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import SecretStr

from services.monitor.sights import Reach, Sight
from services.monitor.supplies.line import (
    Line,
    LineError,
    Security,
    ServerRefusalError,
    connected,
)
from services.monitor.supplies.readings import (
    ALARM,
    BUZZWORDS,
    CHARGE,
    RUNTIME,
    STATUS,
    TEMPERATURE,
    number,
)
from shared.latest import Latest

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of the server: how often it is asked, whether FSD is due, and a count."""

    interval: float
    forces_shutdown: bool = False
    counts_logins: bool = False


class NutSupply:
    """Keeps one connection to a server and its newest `sight`; `changed` is called at each."""

    def __init__(
        self, name: str, server: Server, wanted: Wanted, changed: Callable[[], None]
    ) -> None:
        self.name = name
        self.server = server
        self.sight = Sight(at=time.monotonic())
        self._changed = changed
        self._wanted = wanted
        self._awake = asyncio.Event()
        self._is_forced = False
        self._is_logged_in = False
        self._is_connected = False
        self._is_busy = Latest(False)
        self._complaint = ""

    def want(self, wanted: Wanted) -> None:
        """Ask for something else from now on; FSD is sent once, the sooner the better."""
        if wanted == self._wanted:
            return
        if not wanted.forces_shutdown:
            self._is_forced = False
        hurry = wanted.interval < self._wanted.interval or self._is_due(wanted)
        self._wanted = wanted
        if hurry:
            self._is_busy.set(self._is_connected and self._is_due(wanted))
            self._awake.set()

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
                    self._is_forced = False  # a server that was started anew has forgotten it
                    await self._ask(line)
            except (LineError, ServerRefusalError) as error:
                self._lose(str(error))
            finally:
                self._is_connected = self._is_logged_in = False
                self._is_busy.set(False)
            await self._pause()

    async def _ask(self, line: Line) -> None:
        if self.server.username is not None:
            await self._log_in(line)
        while True:
            if self._is_due(self._wanted):
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
        self._is_forced = True
        self._is_busy.set(False)

    async def _look(self, line: Line) -> Sight:
        device = self.server.device
        measures = (CHARGE, RUNTIME, TEMPERATURE) if self.server.has_conditions else ()
        names = (STATUS, ALARM, *BUZZWORDS, *measures)
        values = await line.get(*(("VAR", device, name) for name in names))
        found = dict(zip(names, values, strict=True))
        if not found[STATUS]:
            raise ServerRefusalError(f"GET VAR {device} {STATUS}", "no status")
        return Sight(
            reach=Reach.REACHED,
            at=time.monotonic(),
            status=found[STATUS] or "",
            alarm=found[ALARM] or "",
            buzzwords=" ".join(found[name] or "" for name in BUZZWORDS).strip(),
            charge=number(found.get(CHARGE)),
            runtime=number(found.get(RUNTIME)),
            temperature=number(found.get(TEMPERATURE)),
            logins=await self._count(line),
        )

    async def _count(self, line: Line) -> int | None:
        """Count who is logged in, this host included; None if that is not wanted."""
        if not self._wanted.counts_logins:
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

    def _is_due(self, wanted: Wanted) -> bool:
        return wanted.forces_shutdown and not self._is_forced

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._wanted.interval):
                await self._awake.wait()
        self._awake.clear()
