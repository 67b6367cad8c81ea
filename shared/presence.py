"""What is said on the bus of a service's own presence, by itself and by others in its name. Pure.

`now` is the service's own monotonic clock.
"""

import logging
import random
from dataclasses import dataclass

from shared.messages import Availability, Publication
from shared.service_messages import service_availability
from shared.topics import Topics

INTERVAL = 60.0  # seconds after which online is said again: somebody may have removed it
LEAST_INTERVAL = 1.0  # between two words of ours, whatever others say in our name
ECHO_TIME = 1.0  # in which a word of ours comes back twice, where two filters match it
STRANGE = 2  # so many words that are not ours are proof of another service

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """The service that a connection speaks for; its will says offline."""

    kind: str
    id: str


@dataclass(slots=True)
class Presence:
    """Tells when `online` is due again, and warns of another service with the same id.

    The will of an earlier connection of ours may come late, after our own `online`; so who says
    offline in our name is contradicted.
    """

    who: Identity
    topics: Topics
    interval: float | None = None  # INTERVAL by default
    _said: float | None = None
    _due: float = 0.0
    _awaited: int = 0  # words of ours that did not come back yet
    _echoed: float = 0.0
    _strange: int = 0

    @property
    def topic(self) -> str:
        """Name the topic on which we and who has our name are said to be there or not."""
        return self.word(Availability.OFFLINE).topic

    def word(self, value: Availability) -> Publication:
        """Say that we are there or not."""
        return service_availability(self.topics, self.who.kind, self.who.id, value)

    def say(self, now: float) -> None:
        """Note that we say online at this moment."""
        self._said = now
        self._awaited += 1
        # At other times each time: two of one name that started together would never be told apart.
        self._due = now + random.uniform(0.75, 1.25) * (self.interval or INTERVAL)  # noqa: S311 -- no secret

    def is_due(self, now: float) -> bool:
        """Tell whether it is time to say online again; never before it was said first."""
        return self._said is not None and now >= self._due

    def hear(self, payload: bytes, now: float) -> None:
        """Take in what is said in our name, as it is said; not what the broker kept."""
        if self._said is None:
            return
        if payload != Availability.ONLINE.encode():
            self._due = min(self._due, max(now, self._said + LEAST_INTERVAL))
        elif self._awaited:
            self._awaited -= 1
            self._echoed = now
        elif now - self._echoed > ECHO_TIME:
            self._note_strange()

    def _note_strange(self) -> None:
        self._strange += 1
        if self._strange == STRANGE:
            logger.warning(
                "another %s service on the bus has the id %r too, and each is taken for the other:"
                " give each its own id",
                self.who.kind,
                self.who.id,
            )
