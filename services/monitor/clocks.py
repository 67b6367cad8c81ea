"""Notices that this machine slept or stood still, by two clocks that cannot be set."""

import time
from dataclasses import dataclass, field
from typing import Final

TOLERANCE: Final = 5.0  # seconds that a machine under load may be late


def since_boot() -> float:
    """Return the seconds since the boot, those of sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class Sleep:
    """Tells by how many seconds the time leapt from one look to the next."""

    last: float = field(default_factory=since_boot)

    def leap(self, now: float, expected: float) -> float:
        """Return how much more time than expected has passed; 0 within the tolerance."""
        passed, self.last = now - self.last, now
        late = passed - expected
        return late if late > TOLERANCE else 0.0
