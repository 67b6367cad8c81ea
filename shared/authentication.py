"""Checks passwords beside the event loop, and slows down who guesses them."""

import asyncio
from collections import OrderedDict

from shared.users import User, Users

AT_ONCE = 2  # a verification takes 19 MiB and a processor for some 20 ms
FIRST_DELAY = 0.1
MAX_DELAY = 3.0  # upsmon gives a reply 10 s
FORGET_AFTER = 600.0
REMEMBERED = 4096


class Authentication:
    """Verifies users; a change of `users` makes all that was verified void (`generation`)."""

    def __init__(self) -> None:
        self.generation = 0
        self._users = Users({})
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._turns: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def change(self, users: Users) -> None:
        """Know these users from now on."""
        self._users = users
        self.generation += 1

    async def verified(self, name: str, password: str, address: str) -> User | None:
        """Return the user if the password is right; None comes the later the more often it came.

        One address has one turn at a time, so that it cannot keep the others waiting.
        """
        turn = self._turns.setdefault(address, asyncio.Lock())
        self._waiting[address] = self._waiting.get(address, 0) + 1
        try:
            async with turn:
                user = await self._verified(name, password, address)
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address], self._turns[address]
        if user is None:
            await asyncio.sleep(self._penalty(name, address))
        else:
            self._failures.pop((name, address), None)
        return user

    async def _verified(self, name: str, password: str, address: str) -> User | None:
        users = self._users
        if not users.is_slow:
            return users.verified(name, password, address)
        async with self._slots:
            return await asyncio.to_thread(users.verified, name, password, address)

    def _penalty(self, name: str, address: str) -> float:
        key, now = (name, address), asyncio.get_running_loop().time()
        count, last = self._failures.pop(key, (0, now))
        count = 0 if now - last > FORGET_AFTER else count
        self._failures[key] = (count + 1, now)
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)
        return min(FIRST_DELAY * 2.0 ** min(count, 10), MAX_DELAY)
