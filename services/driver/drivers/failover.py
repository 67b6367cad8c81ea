"""The driver failover: the best of several devices on the bus, shown as one device."""

import asyncio
import json
import logging
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field, field_validator

from services.driver.contract import Reading, Site
from services.driver.protocols.derived import failover
from services.driver.protocols.derived.failover import (
    UPSTREAM,
    Candidate,
    Filters,
    Forces,
    Rules,
    elected,
)
from services.driver.transports.devices import Devices, check_names
from shared.errors import DeviceError, RefusedError, ResultStatus
from shared.messages import Availability
from shared.settings import Section
from shared.topics import DeviceTopic

TICK = 1.0  # seconds between two elections while nothing changes
_MEMORY = "failover"
_GONE = "failover-gone"  # the alarm of mode 1 was shown and is over

logger = logging.getLogger(__name__)


class FailoverOptions(Section):
    """How the primary is elected."""

    inittime: float = Field(
        default=30, ge=0, description="Seconds that the first primary may take to appear."
    )
    noprimarytime: float = Field(
        default=15, ge=0, description="Seconds without a primary before fsdmode counts."
    )
    fsdmode: Literal[0, 1, 2] = Field(
        default=0,
        description="Without a primary: 0 stale, 1 an alarm and then stale, 2 an alarm and FSD.",
    )
    checkruntime: Literal[0, 1, 2, 3] = Field(
        default=1,
        description="Of devices not on line the one with more battery.runtime wins; 2: more"
        " battery.runtime.low, 3: more of both, 0: the first.",
    )
    strictfiltering: bool = Field(
        default=False, description="Elect only devices that pass the status filters."
    )
    status_have_any: tuple[str, ...] = Field(
        default=(), description="Words of which ups.status has one, with commas."
    )
    status_have_all: tuple[str, ...] = Field(
        default=(), description="Words that ups.status has all."
    )
    status_nothave_any: tuple[str, ...] = Field(
        default=(), description="Words of which ups.status has none."
    )
    status_nothave_all: tuple[str, ...] = Field(
        default=(), description="Words that ups.status does not have all at once."
    )
    deadtime: float = Field(default=30, ge=0, description="Of NUT; the bus tells who is dead.")
    relogtime: float = Field(default=5, ge=0, description="Of NUT; not used.")
    maxconnfails: int = Field(default=5, ge=0, description="Of NUT; not used.")
    coolofftime: float = Field(default=15, ge=0, description="Of NUT; not used.")

    @field_validator("fsdmode", "checkruntime", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator(
        "status_have_any",
        "status_have_all",
        "status_nothave_any",
        "status_nothave_all",
        mode="before",
    )
    @classmethod
    def _words(cls, value: object) -> object:
        return (
            tuple(filter(None, value.replace(" ", "").split(",")))
            if isinstance(value, str)
            else value
        )

    @property
    def rules(self) -> Rules:
        """The rules of the election."""
        filters = Filters(
            self.status_have_any,
            self.status_have_all,
            self.status_nothave_any,
            self.status_nothave_all,
        )
        return Rules(
            filters,
            self.strictfiltering,
            self.checkruntime,
            self.inittime,
            self.noprimarytime,
            self.fsdmode,
        )


class FailoverDriver:
    """Shows the primary; what the operator forced is kept in the hints of the site."""

    def __init__(self, site: Site, options: FailoverOptions) -> None:
        self._names = check_names(site, most=100)
        self._site = site
        self._rules = options.rules
        self._devices = Devices(site.bus, self._names, f"driver of {site.device}")
        self._forces = _remembered(site)
        self._primary = ""
        self._shown: Reading | None = None
        self._granted = 0.0  # until then the lack of a primary is borne, on the loop's clock

    async def open(self) -> None:
        """Wait for the first primary."""
        await self._devices.open()
        try:
            async with asyncio.timeout(self._rules.init_time or None):
                await self._devices.until(lambda: self._elected() is not None)
        except TimeoutError:
            if self._rules.mode == 0 or _GONE in self._site.hints:
                raise DeviceError(f"none of {', '.join(self._names)} is on the bus") from None
        self._granted = _now()

    async def close(self) -> None:
        """Leave the bus."""
        await self._devices.close()

    async def poll(self) -> Reading:
        """Elect the primary and show it."""
        choice = self._elected()
        if choice is None:
            return self._without_primary()
        candidate, priority = choice
        if candidate.name != self._primary:
            logger.warning("%s: %s is the primary now", self._site.device, candidate.name)
            self._primary = candidate.name
        if not candidate.is_fresh:
            raise DeviceError(f"{candidate.name} is stale, and no other device is better")
        self._granted = _now() + self._rules.no_primary_time
        self._site.hints.pop(_GONE, None)
        self._shown = failover.shown(candidate, priority, self._names)
        return self._shown

    async def wait(self) -> None:
        """Return when a device changed, and now and then."""
        try:
            async with asyncio.timeout(TICK):
                await self._devices.change()
        except TimeoutError:
            return

    async def command(self, name: str, value: str | None) -> None:
        """Pass a command on to the primary, or take the operator's decision."""
        if name in failover.forcing(self._names):
            self._forces = failover.forced(self._forces, name, value, _now())
            self._site.hints[_MEMORY] = json.dumps(asdict(self._forces))
            return
        await self._ask(DeviceTopic.COMMAND, name, value)

    async def set(self, name: str, value: str) -> None:
        """Pass a setting on to the primary."""
        await self._ask(DeviceTopic.SET, name, value)

    async def _ask(
        self, part: Literal[DeviceTopic.COMMAND, DeviceTopic.SET], name: str, value: str | None
    ) -> None:
        choice = self._elected()
        if choice is None:
            raise RefusedError(ResultStatus.FAILED, "there is no primary")
        await self._devices.ask(choice[0].name, part, name.removeprefix(UPSTREAM), value)

    def _elected(self) -> tuple[Candidate, failover.Priority] | None:
        return elected(list(self._candidates()), self._rules, self._forces, _now())

    def _candidates(self) -> Iterable[Candidate]:
        for name in self._names:
            device = self._devices.device(name)
            if device is None or device.standing is Availability.OFFLINE or device.meta is None:
                continue
            fresh = device.standing is Availability.ONLINE
            meta = device.meta
            yield Candidate(name, device.variables, meta.writable, meta.commands, fresh)

    def _without_primary(self) -> Reading:
        """Bear it for a while, then do as fsdmode says."""
        without = _now() - self._granted
        if self._shown is not None and without < 0:
            return self._shown
        if self._primary:
            logger.error("%s: there is no primary any more", self._site.device)
            self._primary = ""
        reading = failover.alone(self._rules, self._names, without)
        if reading is None:
            self._site.hints[_GONE] = "yes"
            raise DeviceError(f"none of {', '.join(self._names)} is a suitable primary")
        return reading


def _remembered(site: Site) -> Forces:
    kept: dict[str, Any] = json.loads(site.hints.get(_MEMORY, "{}"))
    return Forces(**kept)


def _now() -> float:
    return asyncio.get_running_loop().time()
