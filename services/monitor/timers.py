"""The moment of one decision, and when the next one is due even if nothing is heard."""


class Timers:
    """Tells which moments have passed and keeps the earliest of those that have not."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.due: float | None = None

    def passed(self, moment: float) -> bool:
        """Tell whether a moment has come; if not, the decision is due again then."""
        if self.now >= moment:
            return True
        self.due = moment if self.due is None else min(self.due, moment)
        return False
