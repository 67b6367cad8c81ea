"""Which of the troubles of a lost line are worth a log line: a device may be lost for days."""

AT_ONCE = 3  # different troubles of one loss that are told as they come; then one in PAUSE
PAUSE = 60.0
_MOST = 100  # troubles that are remembered; garbage is another one each time


class Complaints:
    """What was told of one loss; each trouble is told once."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._told = 0
        self._next = 0.0

    def is_news(self, trouble: str, now: float) -> bool:
        """Tell whether to log a trouble now, in seconds on any clock; what is told is noted."""
        if trouble in self._known or (self._told >= AT_ONCE and now < self._next):
            return False
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known.add(trouble)
        self._told += 1
        self._next = now + PAUSE
        return True

    def end(self) -> None:
        """Note that the line is well again."""
        self._known.clear()
        self._told = 0
