"""The messages that were received: who hears them at once, and those not yet taken; pure."""

import contextlib
from collections import deque
from collections.abc import Callable, Generator

from shared.messages import Message

FULL = 10_000  # messages
FULL_BYTES = 64 * 1024 * 1024

Hear = Callable[[bytes, bool], None]
"""Takes the payload of a message and whether it was retained."""


class Hearers:
    """Who hears at once what comes on single topics."""

    def __init__(self) -> None:
        self._by_topic: dict[str, list[Hear]] = {}

    def add(self, topic: str, hear: Hear) -> None:
        """Let somebody hear what comes on a topic."""
        self._by_topic.setdefault(topic, []).append(hear)

    @contextlib.contextmanager
    def during(self, topic: str, hear: Hear) -> Generator[None]:
        """Let somebody hear what comes on a topic inside the block."""
        self.add(topic, hear)
        try:
            yield
        finally:
            self._by_topic[topic].remove(hear)

    def tell(self, message: Message) -> bool:
        """Let those hear a message who want to, and say whether there are any."""
        hearers = self._by_topic.get(message.topic)
        for hear in hearers or ():
            hear(message.payload, message.retained)
        return bool(hearers)


class Inbox:
    """Messages in their order, and how much room they take."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Message) -> None:
        """Keep a message."""
        self._messages.append(message)
        self._bytes += len(message.payload)

    def take(self) -> Message:
        """Give the oldest message away."""
        message = self._messages.popleft()
        self._bytes -= len(message.payload)
        return message

    def holds(self, share: float) -> bool:
        """Tell whether it holds more than this share of FULL or FULL_BYTES."""
        return max(len(self._messages) / FULL, self._bytes / FULL_BYTES) > share
