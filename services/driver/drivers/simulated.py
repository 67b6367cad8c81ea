"""The driver `simulated`: a UPS or a PDU that exists only as a model, for demos and tests.

What a real device only measures can be written here, which is how outages are acted out: see
`services.driver.protocols.simulation.upsmodel` and `services.driver.protocols.simulation.pdu`.
"""

import asyncio
import time
from collections.abc import Callable
from math import inf
from typing import Literal, Self

from pydantic import Field, model_validator

from services.driver.contract import Reading, Site
from services.driver.protocols.simulation.device import Design, SimulatedDevice
from services.driver.protocols.simulation.pdu import Pdu
from services.driver.protocols.simulation.ups import Ups
from shared.settings import Section

_ASCII = r"^[ -~]*$"
_POWER = {"ups": 1500.0, "pdu": 3680.0}
_POWERFACTOR = {"ups": 0.6, "pdu": 0.95}
_OUTLETS = {"ups": 2, "pdu": 8}
_MODEL = {"ups": "Simulated UPS", "pdu": "Simulated PDU"}
_A_LITTLE_LATER = 0.001  # seconds, so that what is due is not missed by a rounding


class SimulatedOptions(Section):
    """What a simulated device is and how fast its time goes."""

    kind: Literal["ups", "pdu"] = Field(default="ups", description="A UPS or a switched PDU.")
    mfr: str = Field(default="nutbus", max_length=64, pattern=_ASCII, description="Its maker.")
    model: str | None = Field(
        default=None,
        max_length=64,
        pattern=_ASCII,
        description="Its model; by default its kind and rating.",
    )
    serial: str = Field(
        default="SIM00001",
        max_length=64,
        pattern=_ASCII,
        description="Its serial number; it also decides how measured values wander.",
    )
    voltage: float = Field(default=230.0, ge=90, le=250, description="Rated voltage in V.")
    frequency: int = Field(default=50, ge=45, le=65, description="Rated frequency in Hz.")
    power: float | None = Field(
        default=None,
        ge=100,
        le=100_000,
        description="Rated apparent power in VA; by default 1500 for a UPS, 3680 for a PDU.",
    )
    realpower: float | None = Field(
        default=None,
        ge=50,
        le=100_000,
        description="Rated real power in W; by default 60 % of power for a UPS, 95 % for a PDU.",
    )
    load: float = Field(
        default=30.0, ge=0, le=150, description="What is plugged in, in percent of realpower."
    )
    outlets: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description="Switched outlets; by default 2 for a UPS, 8 for a PDU.",
    )
    battery_wh: float = Field(
        default=216.0, ge=1, le=1_000_000, description="Rated energy of a new battery in Wh."
    )
    health: float = Field(
        default=100.0,
        ge=5,
        le=100,
        description="Percent of battery_wh that the battery still holds; below 60 it fails tests.",
    )
    charge: float = Field(
        default=100.0, ge=0, le=100, description="Charge of the battery at the start, in percent."
    )
    speed: float = Field(
        default=1.0,
        gt=0,
        le=3600,
        description="Simulated seconds in a second: 60 lets an hour pass in a minute.",
    )
    jitter: float = Field(
        default=0.3,
        ge=0,
        le=5,
        description="How far measured voltages wander, in percent; 0 for exact values.",
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.rated_realpower > self.rated_power:
            raise ValueError("realpower cannot be greater than power")
        return self

    @property
    def rated_power(self) -> float:
        """Say the rated apparent power in VA."""
        return _POWER[self.kind] if self.power is None else self.power

    @property
    def rated_realpower(self) -> float:
        """Say the rated real power in W."""
        if self.realpower is not None:
            return self.realpower
        return self.rated_power * _POWERFACTOR[self.kind]

    def device(self) -> SimulatedDevice:
        """Build the device."""
        kinds: dict[str, type[Ups | Pdu]] = {"ups": Ups, "pdu": Pdu}
        return kinds[self.kind](self._design())

    def _design(self) -> Design:
        outlets = _OUTLETS[self.kind] if self.outlets is None else self.outlets
        return Design(
            model=self.model or f"{_MODEL[self.kind]} {self.rated_power:.0f}",
            mfr=self.mfr,
            serial=self.serial,
            voltage=self.voltage,
            frequency=float(self.frequency),
            power=self.rated_power,
            realpower=self.rated_realpower,
            load=self.load,
            outlets=outlets,
            jitter=self.jitter,
            battery_wh=self.battery_wh,
            health=self.health,
            charge=self.charge,
        )


class SimulatedDriver:
    """The line to a simulated device, whose time goes on between the calls."""

    def __init__(
        self,
        _site: Site,
        options: SimulatedOptions,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._speed = options.speed
        self._device = options.device()
        self._clock = clock
        self._seen = clock()
        self._has_news = False

    async def open(self) -> None:
        """Begin to let the device's time pass."""
        self._seen = self._clock()

    async def close(self) -> None:
        """Do nothing: there is no line."""

    async def poll(self) -> Reading:
        """Let the time pass that has passed, and read the device."""
        self._catch_up()
        self._has_news = False
        return self._device.reading()

    async def wait(self) -> None:
        """Return after an order, or when the device changes its state by itself."""
        if self._has_news:
            return
        after = self._device.horizon() / self._speed - (self._clock() - self._seen)
        if after == inf:
            await asyncio.Event().wait()
        await asyncio.sleep(max(after, 0.0) + _A_LITTLE_LATER)

    async def command(self, name: str, value: str | None) -> None:
        """Carry out an instant command."""
        self._catch_up()
        self._device.command(name, value)
        self._has_news = True

    async def set(self, name: str, value: str) -> None:
        """Write a variable."""
        self._catch_up()
        self._device.set(name, value)
        self._has_news = True

    def _catch_up(self) -> None:
        now = self._clock()
        self._device.advance((now - self._seen) * self._speed)
        self._seen = now
