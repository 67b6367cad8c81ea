"""What the broker has not acknowledged yet."""

import asyncio
from collections.abc import Sequence

from shared.errors import BusError

Refused = Sequence[int]  # the places of what was refused, of all that was asked for in one packet


class Owed:
    """The awaited acknowledgements, by the numbers of the packets."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._awaited: dict[int, asyncio.Future[Refused]] = {}
        self._answered = 0.0  # when the broker acknowledged something last, or was first asked to

    def __bool__(self) -> bool:
        return bool(self._awaited)

    @property
    def silence(self) -> float:
        """For how many seconds nothing was acknowledged though something is awaited."""
        return self._loop.time() - self._answered if self._awaited else 0.0

    def expect(self, number: int) -> asyncio.Future[Refused]:
        """Await the acknowledgement of a packet."""
        if not self._awaited:
            self._answered = self._loop.time()
        return self._awaited.setdefault(number, self._loop.create_future())

    async def answer(self, number: int) -> Refused:
        """Wait for the acknowledgement of a packet."""
        try:
            return await self.expect(number)
        finally:
            self._awaited.pop(number, None)

    def settle(self, number: int, refused: Refused = ()) -> None:
        """Take note of an acknowledgement; of a packet that is not awaited it says nothing."""
        awaited = self._awaited.pop(number, None)
        if awaited:
            self._answered = self._loop.time()
        if awaited and not awaited.done():
            awaited.set_result(refused)

    def fail(self, error: BusError) -> None:
        """Tell all who wait that nothing comes any more."""
        for awaited in self._awaited.values():
            if not awaited.done():
                awaited.set_exception(error)
                awaited.exception()  # mark it as seen: nobody may be waiting
