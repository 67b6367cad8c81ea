"""What the simulated UPS and the simulated PDU have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import pi, sin
from typing import Generic, TypeVar
from zlib import crc32

from services.driver.contract import Reading
from services.driver.protocols.simulation.countdowns import Countdowns
from services.driver.protocols.simulation.panel import Panel, Setting, decimal
from shared.errors import RefusedError, ResultStatus

FIRMWARE = "1.0"
LEAST_VOLTAGE = 0.5  # share of the rated voltage below which equipment stops


@dataclass(frozen=True, slots=True)
class Design:
    """What a simulated device is; the battery is a UPS's only.

    Voltage in V, frequency in Hz, power in VA, realpower in W, load, health and charge in percent;
    `jitter` is how far measured values wander, in percent, the same way for the same serial number.
    """

    model: str
    mfr: str = "nutbus"
    serial: str = "SIM00001"
    voltage: float = 230.0
    frequency: float = 50.0
    power: float = 1500.0
    realpower: float = 900.0
    load: float = 30.0
    outlets: int = 2
    jitter: float = 0.0
    battery_wh: float = 216.0
    health: float = 100.0
    charge: float = 100.0

    @property
    def powerfactor(self) -> float:
        """Say which share of the apparent power is real."""
        return self.realpower / self.power

    def is_live(self, voltage: float) -> bool:
        """Tell whether equipment runs at this voltage."""
        return voltage >= self.voltage * LEAST_VOLTAGE

    def identity(self, type_: str) -> dict[str, str]:
        """Name the device in NUT's variables."""
        names = {"mfr": self.mfr, "model": self.model, "serial": self.serial}
        both = {
            f"{domain}.{key}": text for domain in ("device", "ups") for key, text in names.items()
        }
        return {**both, "device.type": type_, "ups.firmware": FIRMWARE}


M = TypeVar("M")  # what is measured


@dataclass(frozen=True, slots=True)
class Measure(Generic[M]):
    """One measured variable: its value, its digits after the point, and how much jitter it shows.

    A `sway` of 1 is the jitter of the design, 0 an exact value.
    """

    name: str
    read: Callable[[M], float]
    digits: int = 1
    sway: float = 0.0


Action = Callable[[str | None], None]


class SimulatedDevice(ABC):
    """A device that changes as time passes; its variables, settings and commands are tables."""

    def __init__(self, design: Design, settings: Iterable[Setting]) -> None:
        self.design = design
        self.panel = Panel(settings)
        self.countdowns = Countdowns()
        self.age = 0.0

    @property
    @abstractmethod
    def actions(self) -> Mapping[str, Action]:
        """What each command does."""

    @abstractmethod
    def variables(self) -> dict[str, str]:
        """Say every variable."""

    @abstractmethod
    def status(self) -> str:
        """Say the words of ups.status, without ALARM."""

    @abstractmethod
    def alarms(self) -> tuple[str, ...]:
        """Say what the alarm is about."""

    @abstractmethod
    def judge(self) -> None:
        """Let the device react to what it finds, as often as it is asked."""

    @abstractmethod
    def ring(self, countdown: str) -> None:
        """Do what was to be done at the end of a countdown."""

    @abstractmethod
    def was_set(self, name: str) -> None:
        """Do what follows from a new value of a setting."""

    def horizon(self) -> float:
        """Say in how many seconds the state changes if nobody acts; infinite for never."""
        return self.countdowns.horizon()

    def elapse(self, seconds: float) -> None:
        """Let time pass in which the state does not change."""
        self.age += seconds
        self.countdowns.elapse(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass, stopping wherever the state changes."""
        self.settle()
        while seconds > 0.0:
            span = min(seconds, max(self.horizon(), _SHORTEST_SPAN))
            self.elapse(span)
            self.settle()
            seconds -= span

    def settle(self) -> None:
        """Act on the countdowns that have ended and on what the device finds."""
        for countdown in self.countdowns.take_due():
            self.ring(countdown)
        self.judge()

    def reading(self) -> Reading:
        """Tell what a driver reads from the device."""
        return Reading(
            variables=self.variables(),
            status=self.status(),
            alarms=self.alarms(),
            writable=self.panel.writable,
            commands=tuple(self.actions),
        )

    def set(self, name: str, value: str) -> None:
        """Write a variable; a RefusedError says why not."""
        if name not in self.panel.values and name not in self.variables():
            raise RefusedError(ResultStatus.UNKNOWN, f"the device has no variable {name}")
        self.panel.write(name, value)
        self.was_set(name)
        self.settle()

    def command(self, name: str, value: str | None = None) -> None:
        """Carry out a command; a RefusedError says why not."""
        action = self.actions.get(name)
        if action is None:
            raise RefusedError(ResultStatus.UNKNOWN, f"the device has no command {name}")
        action(value)
        self.settle()

    def measured(self, measure: Measure[M], of: M) -> str:
        """Say a measured value as text."""
        value = measure.read(of)
        if measure.sway:
            amount = measure.sway * self.design.jitter / 100.0
            value *= 1.0 + amount * wave(f"{self.design.serial}/{measure.name}", self.age)
        return decimal(value, measure.digits)


def wave(seed: str, age: float) -> float:
    """Wander between -1 and 1 with time, in another way for each seed."""
    phase = crc32(seed.encode()) / 2**32 * 2.0 * pi
    return (sin(age / _SLOW_WAVE + phase) + sin(age / _FAST_WAVE + 5.0 * phase)) / 2.0


_SHORTEST_SPAN = 0.001  # what floats leave of a span must not stop time
_SLOW_WAVE = 47.0
_FAST_WAVE = 7.0
