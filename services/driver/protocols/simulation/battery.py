"""A simulated lead-acid battery and its charger, in closed form: no time steps.

Discharging: the rated energy is what twenty hours of discharge give, as makers of lead-acid
batteries state it. A load that is f times the power of that discharge gets 1 / f**0.15 of it
(Peukert's law with the exponent 1.15), so a UPS that empties its battery in minutes gets about
half. A lighter load gets the rated energy.

Charging: constant up to 85 %, then slower and slower in proportion to what is missing to 101 %, so
that 100 % is reached after about 6.5 hours.
"""

from dataclasses import dataclass
from math import exp, inf, log, pow

FULL = 100.0
CELL_VOLTAGE = 2.0
NOMINAL_VOLTAGE = 24.0

RATED_HOURS = 20.0
PEUKERT = 0.15
CHARGE_HOURS = 5.0  # from empty to full, were it not for the slow end
CHARGE_EFFICIENCY = 0.85
KNEE = 85.0
TARGET = 101.0

EMPTY_CELL = 1.94
CELL_RISE = 0.18
FLOAT_CELL = 2.27
CHARGING_CELL = 0.10
DROP = 0.035  # share of the rated voltage lost inside at a one-hour discharge


@dataclass(slots=True)
class Battery:
    """A battery with a rated energy of `watt_hours` when new; health and charge in percent."""

    watt_hours: float
    nominal_voltage: float = NOMINAL_VOLTAGE
    health: float = 100.0
    charge: float = FULL

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is left."""
        return self.charge <= 0.0

    @property
    def is_full(self) -> bool:
        """Tell whether the charger has nothing to do."""
        return self.charge >= FULL

    def runtime(self, watts: float) -> float:
        """Say for how many seconds the battery gives this power; infinite without a load."""
        return self._seconds(self.charge, watts)

    def seconds_down_to(self, level: float, watts: float) -> float:
        """Say when a discharge reaches a charge; infinite for one that is not below."""
        return self._seconds(self.charge - level, watts) if level < self.charge else inf

    def level_at(self, runtime: float, watts: float) -> float:
        """Say at which charge the runtime will be `runtime` seconds."""
        return self._drain(watts) * runtime

    def discharge(self, watts: float, seconds: float) -> None:
        """Take power out for a time; the charge ends at zero."""
        self.charge = max(0.0, self.charge - self._drain(watts) * seconds)

    def seconds_up_to(self, level: float) -> float:
        """Say when the charger reaches a charge; infinite for one that is not above."""
        if level <= self.charge:
            return inf
        constant = max(0.0, min(level, KNEE) - self.charge) / self._rate
        above = max(self.charge, KNEE)
        slow = self._slowness * log((TARGET - above) / (TARGET - level)) if level > above else 0.0
        return constant + slow

    def recharge(self, seconds: float) -> None:
        """Charge for a time; the charge ends at 100 %."""
        constant = min(seconds, max(0.0, KNEE - self.charge) / self._rate)
        self.charge += self._rate * constant
        if seconds > constant:
            missing = (TARGET - self.charge) * exp(-(seconds - constant) / self._slowness)
            self.charge = min(FULL, TARGET - missing)

    def charger_watts(self) -> float:
        """Say what the charger takes from the mains at this charge."""
        if self.is_full:
            return 0.0
        rate = self._rate * min(1.0, (TARGET - self.charge) / (TARGET - KNEE))
        return rate / FULL * self._capacity / CHARGE_EFFICIENCY

    def voltage(self, watts: float) -> float:
        """Say the voltage while `watts` flow out, or in when negative."""
        cells = self.nominal_voltage / CELL_VOLTAGE
        rest = EMPTY_CELL + CELL_RISE * self.charge / FULL
        if watts < 0.0:
            return cells * min(FLOAT_CELL, rest + CHARGING_CELL)
        hours = watts / self.watt_hours
        lost = DROP * hours / (max(self.health, 1.0) / FULL)
        return max(0.5, rest / CELL_VOLTAGE - min(lost, 0.4)) * self.nominal_voltage

    def floating_voltage(self) -> float:
        """Say the voltage at which a full battery is kept."""
        return self.nominal_voltage / CELL_VOLTAGE * FLOAT_CELL

    @property
    def _capacity(self) -> float:
        """Say what the battery can hold at its age, in watt seconds."""
        return self.watt_hours * 3600.0 * self.health / FULL

    @property
    def _rate(self) -> float:
        """Say how fast the charge rises at first, in percent a second."""
        return FULL / (CHARGE_HOURS * 3600.0)

    @property
    def _slowness(self) -> float:
        return (TARGET - KNEE) / self._rate

    def _seconds(self, share: float, watts: float) -> float:
        return share / self._drain(watts) if watts > 0.0 else inf

    def _drain(self, watts: float) -> float:
        """Say how fast a power lowers the charge, in percent a second."""
        if watts <= 0.0:
            return 0.0
        heaviness = max(1.0, watts * RATED_HOURS / self.watt_hours)
        return FULL * watts * pow(heaviness, PEUKERT) / self._capacity
