"""Replies that are ready, by the raw line of the request, until what they say is out of date."""

from collections.abc import Callable

LIMIT = 32 * 1024 * 1024
ENTRY = 200  # bytes that an entry takes beside its texts

FLEET = ""  # the subject of replies that are about no single device; no device is called so


class Replies:
    """A bounded table of replies; when it is full it is emptied."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._size = 0
        self._replies: dict[bytes, bytes] = {}
        self._about: dict[str, list[bytes]] = {}
        self.get: Callable[[bytes], bytes | None] = self._replies.get

    def keep(self, request: bytes, reply: bytes, subject: str) -> None:
        """Keep the reply to a request until something changes about the subject.

        What is kept already stays.
        """
        if request in self._replies:
            return
        size = len(request) + len(reply) + ENTRY
        if self._size + size > self._limit:
            self.clear()
        self._size += size
        self._replies[request] = reply
        self._about.setdefault(subject, []).append(request)

    def forget(self, subject: str) -> None:
        """Drop what was said about a subject."""
        for request in self._about.pop(subject, ()):
            self._size -= len(request) + len(self._replies.pop(request)) + ENTRY

    def clear(self) -> None:
        """Drop everything."""
        self._replies.clear()
        self._about.clear()
        self._size = 0
