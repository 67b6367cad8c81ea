"""Makes sure that the broker keeps a message that nobody will say again: a forced shutdown.

An acknowledgement is no proof. While a cluster of NATS servers elects who leads the stream of what
is retained, it passes a message on to who is connected, keeps it not, and acknowledges it: who
connects a second later would never hear of the order.
"""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable

from shared.bus import Bus
from shared.latest import Latest
from shared.messages import Publication

RESTATE_INTERVAL = 60.0  # seconds, for what a service says of itself
PATIENCE = 2.0  # seconds in which a broker shows what it keeps; then it is said again

logger = logging.getLogger(__name__)


class Outbox:
    """What is to be said as soon as the bus is there: of each topic the newest, in their order."""

    def __init__(self) -> None:
        self._due: Latest[dict[str, Publication]] = Latest({})

    def put(self, publication: Publication) -> None:
        """Have something said, in place of what waits for the same topic."""
        due = self._due.value
        due.pop(publication.topic, None)
        due[publication.topic] = publication
        self._due.set(due)

    async def deliver(self, bus: Bus) -> None:
        """Say all there is until cancelled; orders that stand are said until the broker has them.

        Nothing waits for another topic's order to be kept.
        """
        begun: dict[str, Publication] = {}
        async with asyncio.TaskGroup() as tasks:
            async for due in self._due.follow():
                for topic, publication in due.items():
                    if begun.get(topic) is not publication:
                        begun[topic] = publication
                        tasks.create_task(self._say(bus, publication))

    async def emptied(self, is_vain: Callable[[], bool]) -> None:
        """Wait until all is said, or until it is in vain to wait."""
        async with contextlib.aclosing(self._due.follow()) as changes:
            async for due in changes:
                if not due or is_vain():
                    return

    def stir(self) -> None:
        """Have who waits for all to be said look again whether that is in vain."""
        self._due.set(self._due.value)

    async def _say(self, bus: Bus, publication: Publication) -> None:
        topic, due = publication.topic, self._due.value
        if publication.payload and bus.topics.stands(topic):
            await retain(bus, publication, lambda: due.get(topic) is publication)
        else:
            await bus.publish(publication)
        if due.get(topic) is publication:
            del due[topic]
        if not due:
            self._due.set(due)


async def retain(
    bus: Bus, publication: Publication, is_wanted: Callable[[], bool] = lambda: True
) -> None:
    """Publish until the broker shows that it keeps the message.

    Returns as well when it keeps what somebody said after us, when somebody cleared the topic, when
    the message `is_wanted` no more, and when the broker does not let us hear what is said there.
    Raises BusError as `Bus.publish` does.
    """
    shown = _Shown(publication.payload)
    with bus.hearers.during(publication.topic, shown.hear):
        for is_repeated in itertools.chain((False,), itertools.repeat(True)):
            if not is_wanted():
                return
            await bus.publish(publication)  # at once, even if we are not subscribed yet
            if not await bus.ask_again(publication.topic) or await shown.is_kept():
                return
            if shown.last == b"" or (is_repeated and shown.last is None):
                return
            logger.warning(
                "the broker acknowledged %s and does not keep it; it is said again",
                publication.topic,
            )


async def restate(bus: Bus, word: Callable[[], Publication | None]) -> None:
    """Say now and then until cancelled what a broker may have lost; None: there is nothing."""
    while True:
        await asyncio.sleep(RESTATE_INTERVAL)
        if publication := word():
            await bus.publish(publication)


class _Shown:
    """What the broker shows on a topic where `payload` is published; `last` as it was said."""

    def __init__(self, payload: bytes) -> None:
        self.last: bytes | None = None
        self._payload = payload
        self._kept = asyncio.Event()

    def hear(self, payload: bytes, retained: bool) -> None:
        """Take in what is said, or was retained."""
        if not retained:
            self.last = payload
        elif payload in (self._payload, self.last):
            self._kept.set()

    async def is_kept(self) -> bool:
        """Wait for the broker to show that it keeps the message, or a later one."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                return await self._kept.wait()
        return False
