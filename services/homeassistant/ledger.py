"""What the broker is to hold of our discovery messages, and when it is told: decisions, pure.

A change waits until there was none for a while. What vanishes from a message is first named there
as removed, since Home Assistant would keep it; the next message leaves it out.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.homeassistant.discovery import Message, encoded

MOST_PATIENCE: Final = 6.0  # times the quiet time: then a restless device is told of all the same


@dataclass(frozen=True, slots=True)
class Held:
    """One of our messages at the broker; `platforms` by the keys of what is not removed in it."""

    payload: bytes
    message: Message
    platforms: Mapping[str, str]


@dataclass(slots=True)
class Ledger:
    """Compares what we want with what the broker holds; `origin` is how we know our own."""

    origin: str
    quiet_time: float
    wanted: dict[str, Message] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)
    _forced: set[str] = field(default_factory=set)
    _quiet_until: float = 0.0

    def begin_session(self, now: float) -> None:
        """Note that the broker says anew what it holds; until it has, nothing is told."""
        self.held.clear()
        self._quiet_until = now + self.quiet_time
        self._due = dict.fromkeys(self.wanted, self._quiet_until)

    def hear(self, id: str, payload: bytes) -> Held | None:
        """Take a message that the broker holds; None if it is not one of ours."""
        found = _ours(payload, self.origin) if payload else None
        if found is None:
            self.held.pop(id, None)
            return None
        self.held[id] = found
        return found

    def want(self, id: str, message: Message | None, now: float) -> None:
        """Say what is to be told of a device; None is that there is no such device."""
        if message == self.wanted.get(id) and (message is not None or id not in self.held):
            return
        if message is None:
            self.wanted.pop(id, None)
        else:
            self.wanted[id] = message
        self._put_off(id, now)

    def want_all_again(self, delay: Callable[[], float], now: float) -> None:
        """Have everything told again, each after a delay of its own."""
        for id in self.wanted:
            self._forced.add(id)
            self._due.setdefault(id, now + delay())

    @property
    def next_due(self) -> float | None:
        """When there is something to tell; None if there is nothing."""
        return max(min(self._due.values()), self._quiet_until) if self._due else None

    def take_due(self, now: float) -> tuple[str, bytes] | None:
        """Take the next message to tell, if one is due; an empty one removes a device."""
        while (due := self.next_due) is not None and due <= now:
            id = min(self._due, key=self._due.__getitem__)
            del self._due[id]
            self._since.pop(id, None)
            payload = self._payload(id, now)
            if payload is not None:
                return id, payload
        return None

    def _payload(self, id: str, now: float) -> bytes | None:
        message, held = self.wanted.get(id), self.held.get(id)
        is_forced = id in self._forced
        self._forced.discard(id)
        if message is None:
            return b"" if held else None
        gone = _removed(held, message)
        payload = encoded({**message, "cmps": {**message["cmps"], **gone}} if gone else message)
        if gone:
            self._due[id] = now + max(self.quiet_time, 1.0)
        return payload if is_forced or held is None or held.payload != payload else None

    def _put_off(self, id: str, now: float) -> None:
        first = self._since.setdefault(id, now)
        self._due[id] = min(now + self.quiet_time, first + MOST_PATIENCE * self.quiet_time)


def _removed(held: Held | None, message: Message) -> dict[str, Any]:
    if held is None:
        return {}
    wanted = message["cmps"]
    return {key: {"p": kind} for key, kind in held.platforms.items() if key not in wanted}


def _ours(payload: bytes, origin: str) -> Held | None:
    try:
        message = json.loads(payload)
        if message["o"]["name"] != origin:
            return None
        platforms = {key: each["p"] for key, each in message["cmps"].items() if len(each) > 1}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return Held(payload, message, platforms)
