"""The drivers clone and clone-outlet: an outlet of a device on the bus as a UPS of its own."""

import asyncio
import json
import logging
from dataclasses import asdict, replace
from typing import Self

from pydantic import Field, model_validator

from services.driver.contract import Reading, Site
from services.driver.protocols.derived import clone
from services.driver.protocols.derived.clone import Design, Outlet
from services.driver.transports.devices import Devices, check_names
from shared.errors import DeviceError, RefusedError, ResultStatus
from shared.settings import Section
from shared.topics import DeviceTopic

TICK = 1.0  # seconds between two looks while a timer runs
_MEMORY = "clone"

logger = logging.getLogger(__name__)


class LoadOptions(Section):
    """What the original calls the outlet."""

    off: str | None = Field(
        default=None, description="Command of the original that switches the outlet off."
    )
    on: str | None = Field(
        default=None, description="Command of the original that switches the outlet on."
    )
    status: str | None = Field(
        default=None, description="Variable of the original that says whether the outlet is on."
    )


class CloneOptions(Section):
    """When an outlet is switched off, and how."""

    load: LoadOptions = Field(
        default_factory=LoadOptions,
        description="The outlet: load.off, load.on (commands) and load.status (a variable).",
    )
    offdelay: float = Field(
        default=120, ge=0, description="Seconds from the order to the switching off."
    )
    ondelay: float = Field(
        default=30, ge=0, description="Seconds of mains before the outlet is switched on again."
    )
    mincharge: float = Field(
        default=0, ge=0, description="Percent of charge below which the outlet is shut down."
    )
    minruntime: float = Field(
        default=0, ge=0, description="Seconds of runtime below which the outlet is shut down."
    )

    @model_validator(mode="after")
    def _comes_back(self) -> Self:
        if self.load.off and not self.load.on:
            logger.warning("load.off without load.on: the outlet will stay off once it is off")
        return self

    @property
    def design(self) -> Design:
        """The outlet as its rules know it."""
        load = self.load
        return Design(self.offdelay, self.ondelay, load.off, load.on, load.status)


class CloneDriver:
    """Shows an outlet as a UPS and shuts it down by its own limits.

    Timers that run are kept in the hints of the site: a shutdown that has begun goes on after the
    original was lost for a while.
    """

    def __init__(self, site: Site, options: CloneOptions) -> None:
        (self._original,) = check_names(site, most=1)
        self._site = site
        self._design = options.design
        self._devices = Devices(site.bus, (self._original,), f"driver of {site.device}")
        self._outlet = _remembered(site, options)

    async def open(self) -> None:
        """Wait until the original is on the bus."""
        await self._devices.open()
        await self._devices.online(self._original)
        if not self._outlet.at:
            self._outlet = replace(self._outlet, at=asyncio.get_running_loop().time())

    async def close(self) -> None:
        """Leave the bus."""
        await self._devices.close()

    async def poll(self) -> Reading:
        """Look at the original, let the timers run and do what is due."""
        original = self._devices.variables(self._original)
        now = asyncio.get_running_loop().time()
        before = self._outlet
        after, due = clone.looked(before, self._design, original, now)
        if due and not await self._is_done(due):
            after = replace(after, is_on=before.is_on)
        self._keep(after)
        return clone.shown(after, self._design, original)

    async def wait(self) -> None:
        """Return when the original changed, or when a timer has to be looked at."""
        running = max(self._outlet.shutdown, self._outlet.start) >= 0
        try:
            async with asyncio.timeout(TICK if running else None):
                await self._devices.change()
        except TimeoutError:
            return

    async def command(self, name: str, value: str | None) -> None:  # noqa: ARG002 -- none takes one
        """Begin a shutdown of the outlet."""
        self._keep(clone.commanded(self._outlet, self._design, name))

    async def set(self, name: str, value: str) -> None:
        """Change a limit."""
        self._keep(clone.written(self._outlet, name, value))

    def _keep(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._site.hints[_MEMORY] = json.dumps(asdict(outlet))

    async def _is_done(self, command: str) -> bool:
        logger.warning("%s: sending %s to %s", self._site.device, command, self._original)
        try:
            await self._devices.ask(self._original, DeviceTopic.COMMAND, command, None)
        except (RefusedError, DeviceError) as error:
            logger.error("%s: %s was not carried out: %s", self._site.device, command, error)
            return False
        return True


class CloneOutletOptions(Section):
    """Which outlet is shown."""

    prefix: str = Field(
        pattern=r"^outlet\.\w+$",
        description="The outlet as the original names it, such as outlet.1.",
    )


class CloneOutletDriver:
    """Shows an outlet whose shutdown somebody else commands; it takes no commands itself."""

    def __init__(self, site: Site, options: CloneOutletOptions) -> None:
        (self._original,) = check_names(site, most=1)
        self._prefix = options.prefix
        self._devices = Devices(site.bus, (self._original,), f"driver of {site.device}")

    async def open(self) -> None:
        """Wait until the original is on the bus."""
        await self._devices.open()
        await self._devices.online(self._original)

    async def close(self) -> None:
        """Leave the bus."""
        await self._devices.close()

    async def poll(self) -> Reading:
        """Look at the original."""
        return clone.shown_outlet(self._prefix, self._devices.variables(self._original))

    async def wait(self) -> None:
        """Return when the original changed."""
        await self._devices.change()

    async def command(self, name: str, value: str | None) -> None:  # noqa: ARG002 -- there are none
        """Decline: the outlet is only watched."""
        raise _only_watched(name)

    async def set(self, name: str, value: str) -> None:  # noqa: ARG002 -- nothing can be written
        """Decline: the outlet is only watched."""
        raise _only_watched(name)


def _only_watched(name: str) -> RefusedError:
    return RefusedError(ResultStatus.UNKNOWN, f"{name}: a clone-outlet only watches")


def _remembered(site: Site, options: CloneOptions) -> Outlet:
    if text := site.hints.get(_MEMORY):
        return Outlet(**json.loads(text))
    return Outlet(charge_low=options.mincharge, runtime_low=options.minruntime)
