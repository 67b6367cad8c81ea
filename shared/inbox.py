"""The messages that were received and not yet taken; pure."""

from collections import deque

from shared.messages import Message

FULL = 10_000  # messages
FULL_BYTES = 64 * 1024 * 1024


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
