"""The nut-driver driver: any driver of NUT, started or found running, behind its socket."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import uuid4
from weakref import WeakKeyDictionary

from services.driver.contract import Reading, Site
from services.driver.drivers.nutdriver_child import Child, Command, find_program
from services.driver.drivers.nutdriver_link import Link
from services.driver.drivers.nutdriver_options import NutDriverOptions
from services.driver.features import SHUTDOWN, shutdowns
from services.driver.protocols import nutsocket, nutvariables
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError

STATE_FOLDERS: Final = ("/run/nut", "/var/run/nut", "/var/state/ups", "/var/lib/nut")
OPEN_PATIENCE: Final = 80.0  # NUT gives its drivers 75 s to start
QUIET_AFTER: Final = 5.0  # seconds of silence after which a driver is asked whether it is alive
ALIVE_PATIENCE: Final = 10.0
RESULT_PATIENCE: Final = 20.0
POWER_OFF_PATIENCE: Final = 20.0
END_PATIENCE: Final = 1.0
SETTLED: Final = 0.02  # seconds without news after which a change counts as whole
UNSETTLED: Final = 0.5  # but this long at most
KEPT: Final = 60.0  # seconds for which a driver whose device is away waits to be taken up again

SAID: Final = "said"  # the hint that holds what the driver said when it was started
STALE: Final = "the driver says that its data is stale"


@dataclass(slots=True)
class _Kept:
    """A driver that is well while its device is away."""

    child: Child
    site: Site
    options: NutDriverOptions
    timer: asyncio.TimerHandle


# The next line to a device takes the driver up; by the loop and the name of the device.
_KEPT: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Kept]] = WeakKeyDictionary()


class NutProgramDriver:
    """Follows a driver of NUT; each change that it tells is on the bus at once."""

    def __init__(self, site: Site, options: NutDriverOptions) -> None:
        self._site = site
        self._options = options
        self._program = find_program(options.program) if options.program else None
        if self._program is None and options.arguments:
            raise SettingsError("arguments: a driver that runs already takes none; name a program")
        self._child: Child | None = None
        self._link: Link | None = None
        self._shown = -1  # the changes that the reading below has
        self._reading: Reading | None = None
        self._may_stay = False  # the driver is well, and its device alone is away

    async def open(self) -> None:
        """Start or find the driver and wait until it has data."""
        deadline = asyncio.get_running_loop().time() + OPEN_PATIENCE
        async with _until(deadline, "the driver does not get ready"):
            link = await (self._started(self._program) if self._program else self._adopted())
            self._link = link
            await self._told(link, lambda: link.mirror.is_complete)
        if self._child is not None:
            await self._child.settle()
        try:
            async with _until(deadline, STALE):
                await self._told(link, lambda: link.mirror.is_fresh)
        except DeviceError:
            self._may_stay = not link.trouble
            raise

    async def close(self) -> None:
        """Hang up; a driver of ours ends, unless it is well and its device alone is away."""
        link, self._link = self._link, None
        child, self._child = self._child, None
        if link is not None:
            link.close()
        if child is None:
            return
        self._site.hints[SAID] = "\n".join(child.said)
        if self._may_stay and child.is_running:
            self._keep(child)
        else:
            await child.end()

    async def poll(self) -> Reading:
        """Tell what the driver told; DeviceError if it is gone, hangs, or has no data."""
        link = self._open_link()
        await self._check_alive(link)
        mirror = link.mirror
        if not mirror.is_fresh:
            self._may_stay = True
            raise DeviceError(STALE)
        if self._reading is None or mirror.changes != self._shown:
            self._shown = mirror.changes
            commands = (*mirror.commands, *self._own_commands())
            self._reading = nutvariables.reading(mirror.values(), mirror.writables(), commands)
        return self._reading

    async def wait(self) -> None:
        """Return when the driver has told a change, and told all of it."""
        link = self._open_link()
        with contextlib.suppress(DeviceError):  # the next poll will say it
            await link.until(lambda: link.mirror.is_complete and link.mirror.changes != self._shown)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UNSETTLED):
                while not link.trouble:
                    async with asyncio.timeout(SETTLED):
                        await link.news()

    async def command(self, name: str, value: str | None) -> None:
        """Have the driver carry out an instant command."""
        if name in self._own_commands():
            await self._power_off()
            return
        await self._order("INSTCMD", name, *(() if value is None else (value,)))

    async def set(self, name: str, value: str) -> None:
        """Have the driver write a variable."""
        await self._order("SET", name, value)

    def _own_commands(self) -> tuple[str, ...]:
        """Name what we can do ourselves: power off, as NUT does, if the driver has no command."""
        has_none = self._link is not None and not shutdowns(self._link.mirror.commands)
        return (SHUTDOWN,) if self._child is not None and has_none else ()

    async def _power_off(self) -> None:
        """Let the driver end, and start it with -k; it is started anew by the next line."""
        assert self._program is not None
        await self.close()
        child = await Child.start(replace(self._command(self._program), mode="-k"))
        try:
            code = await child.finish(POWER_OFF_PATIENCE)
        finally:
            await child.end()
        if code != 0:
            why = child.last_words if code is not None else "the driver does not come to an end"
            raise RefusedError(ResultStatus.FAILED, why)

    async def _order(self, *words: str) -> None:
        link, id = self._open_link(), str(uuid4())
        results = link.mirror.results
        link.say(nutsocket.order(words, id))
        try:
            async with asyncio.timeout(RESULT_PATIENCE):
                await self._told(link, lambda: id in results)
        except TimeoutError:
            late = f"the driver told no result in {RESULT_PATIENCE:g} s"
            raise RefusedError(ResultStatus.FAILED, late) from None
        nutsocket.check_result(results.pop(id))

    async def _started(self, program: Path) -> Link:
        kept = _KEPT.get(asyncio.get_running_loop(), {}).pop(self._site.device, None)
        if kept is not None:
            kept.timer.cancel()
            is_same = (kept.options, kept.site.port) == (self._options, self._site.port)
            if is_same and kept.child.is_running:
                self._child = kept.child
            else:
                await kept.child.end()
        if self._child is None:
            known = frozenset(self._site.hints.get(SAID, "").splitlines())
            self._child = await Child.start(self._command(program), known)
        return await self._child.connect()

    async def _adopted(self) -> Link:
        path = await asyncio.to_thread(_socket, self._site.port)
        try:
            return await Link.connect(path)
        except OSError as error:
            raise DeviceError(f"no driver at {path}: {error.strerror or error}") from None

    def _command(self, program: Path) -> Command:
        given = {
            key: value.get_secret_value() if value else None
            for key, value in self._options.arguments.items()
        }
        section = {"driver": program.name, "port": self._site.port, **given}
        return Command(self._site.device, program, section, self._options.user)

    def _keep(self, child: Child) -> None:
        loop, device = asyncio.get_running_loop(), self._site.device
        children = _KEPT.setdefault(loop, {})

        def give_up() -> None:
            del children[device]
            child.kill()

        timer = loop.call_later(KEPT, give_up)
        children[device] = _Kept(child, self._site, self._options, timer)

    async def _check_alive(self, link: Link) -> None:
        clock, before = asyncio.get_running_loop().time, link.heard_at
        is_quiet = clock() - before > QUIET_AFTER
        if is_quiet and not link.trouble:
            link.say(nutsocket.PING)
        async with _until(
            clock() + ALIVE_PATIENCE, f"the driver is silent for {ALIVE_PATIENCE:g} s"
        ):
            await self._told(link, lambda: not is_quiet or link.heard_at != before)
            await self._told(link, lambda: link.mirror.is_complete)
        if link.trouble:
            raise await self._lost(link)

    async def _told(self, link: Link, holds: Callable[[], bool]) -> None:
        try:
            await link.until(holds)
        except DeviceError:
            raise await self._lost(link) from None

    async def _lost(self, link: Link) -> DeviceError:
        """Say why the connection was lost; a driver that ends hangs up a moment before."""
        child = self._child
        if child is None:
            return DeviceError(link.trouble)
        if await child.finish(END_PATIENCE) is not None:
            return DeviceError(child.last_words)
        self._may_stay = True
        return DeviceError(link.trouble)

    def _open_link(self) -> Link:
        if self._link is None:
            raise DeviceError("the connection to the driver is closed")
        return self._link


def _socket(port: str) -> str:
    """Find the socket of a driver by its path, or by its name in NUT's folders."""
    if os.sep in port:
        return port
    own = os.environ.get("NUT_STATEPATH")
    places = [Path(folder) / port for folder in (*([own] if own else []), *STATE_FOLDERS)]
    return str(next((place for place in places if place.is_socket()), places[0]))


@contextlib.asynccontextmanager
async def _until(deadline: float, late: str) -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError:
        raise DeviceError(late) from None
