"""What became of requests that clients want to hear of: a bounded table with a clock."""

from collections import OrderedDict
from dataclasses import dataclass

from shared.errors import ResultStatus

LIMIT = 10_000
UNANSWERED = 60.0  # seconds without a result, after which a request counts as failed
PENDING = "PENDING"
UNKNOWN = "ERR UNKNOWN"

# In upsd's words: it knows four ends of a request, the bus knows more.
WORDS = {
    ResultStatus.OK: "SUCCESS",
    ResultStatus.UNKNOWN: UNKNOWN,
    ResultStatus.INVALID: "ERR INVALID-ARGUMENT",
    ResultStatus.TOO_LONG: "ERR INVALID-ARGUMENT",
    ResultStatus.READ_ONLY: "ERR INVALID-ARGUMENT",
    ResultStatus.FAILED: "ERR FAILED",
    ResultStatus.EXPIRED: "ERR FAILED",
    ResultStatus.REFUSED: "ERR FAILED",
    ResultStatus.STALE: "ERR FAILED",
}


@dataclass(slots=True)
class _Entry:
    added: float
    word: str = PENDING


class Tracking:
    """The results of requests by their ids, which count in any case."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._pending: OrderedDict[str, float] = OrderedDict()

    def add(self, id: str, now: float) -> None:
        """Begin to track a request; the oldest is forgotten when there are too many."""
        if len(self._entries) >= self._limit:
            oldest, _ = self._entries.popitem(last=False)
            self._pending.pop(oldest, None)
        self._entries[id.upper()] = _Entry(now)
        self._pending[id.upper()] = now

    def conclude(self, id: str, status: ResultStatus) -> None:
        """Note how a request ended, if it is one of ours."""
        entry = self._entries.get(id.upper())
        self._pending.pop(id.upper(), None)
        if entry is not None:
            entry.word = WORDS[status]

    def result(self, id: str) -> str:
        """Say how a request ended, in the words of GET TRACKING."""
        entry = self._entries.get(id.upper())
        return entry.word if entry else UNKNOWN

    def expire(self, now: float, delay: float) -> None:
        """Forget requests that are older than the delay; give those up that nobody answers.

        A request is carried out within half a minute or not at all. Who hands it on may have died.
        """
        self._give_up(now)
        while self._entries:
            oldest = next(iter(self._entries.values()))
            if now - oldest.added <= delay:
                return
            id, _ = self._entries.popitem(last=False)
            self._pending.pop(id, None)

    def _give_up(self, now: float) -> None:
        while self._pending:
            id, added = next(iter(self._pending.items()))
            if now - added <= UNANSWERED:
                return
            del self._pending[id]
            self._entries[id].word = WORDS[ResultStatus.FAILED]
