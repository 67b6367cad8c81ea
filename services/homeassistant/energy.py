"""Energy from power, added up on the receiver's own monotonic clock; pure.

Only time in which the device was heard counts: nothing is made up for a gap.
"""

from dataclasses import dataclass
from typing import Final

_WATT_SECONDS: Final = 3_600_000.0  # in a kWh


@dataclass(slots=True)
class Meter:
    """Adds up what one device gave, in kWh; `power` is the latest, in W, if it is known."""

    energy: float = 0.0
    power: float | None = None
    _at: float = 0.0

    def take(self, power: float | None, now: float, longest: float) -> None:
        """Take a reading; what lies between two of them counts if it is at most `longest` s."""
        elapsed = now - self._at
        if power is not None and self.power is not None and 0 < elapsed <= longest:
            self.energy += (self.power + power) / 2 * elapsed / _WATT_SECONDS
        self.power, self._at = power, now

    def pause(self) -> None:
        """Note that the device is away: the time until the next reading does not count."""
        self.power = None
