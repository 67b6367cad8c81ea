"""A value that tasks can follow."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Holds the newest value; a slow follower skips what it missed."""

    def __init__(self, value: T) -> None:
        self.value = value
        self._changed = asyncio.Event()

    def set(self, value: T) -> None:
        """Replace the value and wake the followers."""
        self.value = value
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self) -> AsyncGenerator[T]:
        """Yield the value now, and again after each change."""
        while True:
            changed = self._changed
            yield self.value
            await changed.wait()
