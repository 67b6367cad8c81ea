"""A simulated PDU: switched outlets on one feed, no battery.

The world around it is set through variables that a real PDU only measures: `input.voltage` (0 is
a power cut), `input.frequency`, `input.load` (what is plugged in, in percent of the rated power,
shared out unevenly among the outlets) and `ambient.temperature`.

The status is OL while it is fed and OFF while it is not.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from zlib import crc32

from services.driver.protocols.simulation.device import (
    Action,
    Design,
    Measure,
    SimulatedDevice,
    wave,
)
from services.driver.protocols.simulation.outlets import Outlets, outlet_settings
from services.driver.protocols.simulation.panel import Setting, number, text
from shared.status import Status

WARNING_SHARE = 0.8


class Pdu(SimulatedDevice):
    """A simulated PDU as a driver sees it."""

    def __init__(self, design: Design) -> None:
        super().__init__(design, _settings(design))
        self.outlets = Outlets(design.outlets, self.panel, self.countdowns)
        self._weights = _weights(design)
        self._fixed = _fixed(design)

    @cached_property
    def actions(self) -> Mapping[str, Action]:
        """What each command does."""
        return {
            "load.off": partial(self._switch_all, "off"),
            "load.on": partial(self._switch_all, "on"),
            **self.outlets.actions(),
        }

    @property
    def voltage(self) -> float:
        """Say the voltage of the feed."""
        return self.panel.number("input.voltage")

    @property
    def is_fed(self) -> bool:
        """Tell whether what is plugged in can run."""
        return self.design.is_live(self.voltage)

    @property
    def watts(self) -> float:
        """Say the real power that all outlets draw."""
        if not self.is_fed:
            return 0.0
        return sum(self._draw(outlet.number) for outlet in self.outlets if outlet.is_on)

    @property
    def current(self) -> float:
        """Say the current that all outlets draw."""
        return self.watts / self.design.powerfactor / self.voltage if self.is_fed else 0.0

    def variables(self) -> dict[str, str]:
        """Say every variable."""
        draws = {outlet.number: self._lively_draw(outlet.number) for outlet in self.outlets}
        volts = self.voltage if self.is_fed else 0.0
        return {
            **self._fixed,
            **self.panel.values,
            **self.outlets.variables(draws, volts, self.design.powerfactor),
            **{measure.name: self.measured(measure, self) for measure in _MEASURES},
            "input.current.status": self._level(),
        }

    def status(self) -> str:
        """Say the words of ups.status, without ALARM."""
        words = [Status.OL if self.is_fed else Status.OFF]
        if self._level() == "critical-high":
            words.append(Status.OVER)
        return " ".join(words)

    def alarms(self) -> tuple[str, ...]:
        """Say what the alarm is about."""
        return ("Overload!",) if self._level() == "critical-high" else ()

    def judge(self) -> None:
        """Let the PDU react: nothing happens to it by itself."""

    def ring(self, countdown: str) -> None:
        """Do what was to be done at the end of a countdown."""
        self.outlets.ring(countdown)

    def was_set(self, name: str) -> None:
        """Do what follows from a new value of a setting."""
        self.outlets.was_set(name)

    def _switch_all(self, position: str, _value: str | None = None) -> None:
        for outlet in self.outlets:
            outlet.switch(position)

    def _draw(self, number: int) -> float:
        share = self.panel.number("input.load") / 100.0
        return share * self.design.realpower * self._weights[number]

    def _lively_draw(self, number: int) -> float:
        amount = _LOAD_SWAY * self.design.jitter / 100.0
        return self._draw(number) * (
            1.0 + amount * wave(f"{self.design.serial}/{number}", self.age)
        )

    def _level(self) -> str:
        if self.current > self.panel.number("input.current.high.critical"):
            return "critical-high"
        is_high = self.current > self.panel.number("input.current.high.warning")
        return "warning-high" if is_high else "good"


_LOAD_SWAY = 5.0

_MEASURES: tuple[Measure[Pdu], ...] = (
    Measure("input.current", lambda pdu: pdu.current, 2, sway=3.0),
    Measure("input.frequency", lambda pdu: pdu.panel.number("input.frequency"), sway=0.2),
    Measure("input.load", lambda pdu: 100.0 * pdu.watts / pdu.design.realpower, 0, sway=3.0),
    Measure("input.power", lambda pdu: pdu.watts / pdu.design.powerfactor, 0, sway=3.0),
    Measure("input.realpower", lambda pdu: pdu.watts, 0, sway=3.0),
    Measure("input.voltage", lambda pdu: pdu.voltage, sway=1.0),
)


def _weights(design: Design) -> dict[int, float]:
    """Share the load out among the outlets, unevenly, the same way for the same serial number."""
    rough = {
        n: 0.5 + crc32(f"{design.serial}/{n}".encode()) / 2**32
        for n in range(1, design.outlets + 1)
    }
    return {n: weight / sum(rough.values()) for n, weight in rough.items()}


def _fixed(design: Design) -> dict[str, str]:
    """List what never changes."""
    return {
        **design.identity("pdu"),
        "input.current.nominal": f"{design.power / design.voltage:.0f}",
        "input.frequency.nominal": f"{design.frequency:.0f}",
        "input.phases": "1",
        "input.power.nominal": f"{design.power:.0f}",
        "input.realpower.nominal": f"{design.realpower:.0f}",
        "input.voltage.nominal": f"{design.voltage:.0f}",
    }


def _settings(design: Design) -> Iterator[Setting]:
    """List what can be set, with its value at the start."""
    most = design.power / design.voltage
    highest = round(most * 2.0)
    yield number("input.voltage", design.voltage, 0.0, round(design.voltage * 1.5), 1)
    yield number("input.frequency", design.frequency, 0.0, 80.0, 1)
    yield number("input.load", design.load, 0, 150)
    yield number("input.current.high.warning", WARNING_SHARE * most, 0.0, highest, 1)
    yield number("input.current.high.critical", most, 0.0, highest, 1)
    yield number("ambient.temperature", 22.0, -20.0, 60.0, 1)
    yield text("device.contact", "unknown", 64)
    yield text("device.location", "unknown", 64)
    yield from outlet_settings(design.outlets)
