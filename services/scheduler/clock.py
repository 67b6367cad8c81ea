"""The scheduler's clock: it shows the time of day, but runs as evenly as a stop-watch.

While it runs, it counts with the machine's monotonic clock. When the time of day is found to have
jumped, the clock is set by the jump, and whoever keeps times of it has to move them by as much: a
timer with 40 s to go still has 40 s to go.
"""

import time
from collections.abc import Callable
from typing import Final

JUMP: Final = 2.0  # less is drift, which the monotonic clock has as well


class Clock:
    """Seconds since the epoch; the two clocks of the machine may be given for tests."""

    def __init__(
        self,
        of_day: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._of_day = of_day
        self._monotonic = monotonic
        self._offset = of_day() - monotonic()

    def now(self) -> float:
        """Tell the time."""
        return self._monotonic() + self._offset

    def jumped(self) -> float:
        """Set the clock if the time of day has jumped; the seconds by which, or 0."""
        jump = self._of_day() - self.now()
        if abs(jump) < JUMP:
            return 0.0
        self._offset += jump
        return jump
