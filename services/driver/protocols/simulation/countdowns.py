"""Times that run down in a simulated device, each under the name of its variable."""

from math import inf

NOT_RUNNING = "-1"


class Countdowns:
    """The countdowns that are running, in seconds left."""

    def __init__(self) -> None:
        self._left: dict[str, float] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def start(self, name: str, seconds: float) -> None:
        """Let a countdown run from the start."""
        self._left[name] = seconds

    def stop(self, *names: str) -> None:
        """Forget countdowns, running or not."""
        for name in names:
            self._left.pop(name, None)

    def elapse(self, seconds: float) -> None:
        """Let time pass."""
        for name in self._left:
            self._left[name] -= seconds

    def take_due(self) -> list[str]:
        """Give and forget those that have run down, the earliest first."""
        due = sorted((left, name) for name, left in self._left.items() if left <= _DUST)
        names = [name for _, name in due]
        self.stop(*names)
        return names

    def horizon(self) -> float:
        """Say in how many seconds the next one has run down; infinite when none runs."""
        return min(self._left.values(), default=inf)

    def text(self, name: str) -> str:
        """Say how many seconds are left, as NUT does: -1 when it does not run."""
        return f"{max(self._left[name], 0.0):.0f}" if name in self._left else NOT_RUNNING


_DUST = 1e-6  # what the subtraction of floats may leave
