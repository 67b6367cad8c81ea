"""Pieces of pages that are drawn once for all who look, and sent to each when they change.

A piece has an element of its own in the page, found by its id. It may consist of parts with ids
of their own, such as the rows of a table: while its frame (which parts there are, and what is
around them) stays, only the parts that changed are sent. Who looks knows up to which change it has
seen each piece: a slow one skips what was overtaken, and nothing waits for it in memory.
"""

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

INTERVAL: Final = 0.2  # a piece is drawn again at most every so many seconds
PAUSE: Final = 0.02  # what changes within so many seconds is drawn together
HEARTBEAT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A piece as it is now: `html` gives all of it, `parts` are by element id, in their order.

    Two drawings with equal `frame` differ in their parts only.
    """

    html: Callable[[], str]
    parts: Mapping[str, str] = field(default_factory=dict)
    frame: object = None


def whole(html: str) -> Drawn:
    """Make a drawing without parts."""
    return Drawn(lambda: html, frame=html)


@dataclass(frozen=True, slots=True)
class Piece:
    """How to draw one piece: `key` names it among all, `id` is its element, `about` what it shows.

    It is drawn again when one of the subjects in `about` has changed.
    """

    key: str
    id: str
    about: frozenset[str]
    draw: Callable[[], Drawn]


class Shown:
    """A piece that somebody looks at."""

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        self.watchers: set[Watcher] = set()
        self.drawn = piece.draw()
        self.drawn_at = -math.inf  # by a monotonic clock: nothing keeps the next from being drawn
        self.turn = 1
        self._frame_turn = 1
        self._part_turns = dict.fromkeys(self.drawn.parts, 1)
        self._whole: bytes | None = None
        self._parts: dict[str, bytes] = {}

    def redraw(self) -> bool:
        """Draw it again; True when something changed."""
        before, self.drawn = self.drawn, self.piece.draw()
        now, old = self.drawn.parts, before.parts
        is_reframed = self.drawn.frame != before.frame or now.keys() != old.keys()
        changed = now.keys() if is_reframed else [id for id in now if now[id] != old[id]]
        if not (is_reframed or changed):
            return False
        self.turn += 1
        self._whole = None
        if is_reframed:
            self._frame_turn = self.turn
            self._parts.clear()
            self._part_turns = dict.fromkeys(now, self.turn)
        for id in changed:
            self._part_turns[id] = self.turn
            self._parts.pop(id, None)
        return True

    def since(self, turn: int) -> Iterable[bytes]:
        """Give what changed after a turn, as events for the browser."""
        if self._frame_turn > turn:
            if self._whole is None:
                self._whole = put(self.piece.id, self.drawn.html())
            yield self._whole
            return
        for id, changed in self._part_turns.items():
            if changed > turn:
                if id not in self._parts:
                    self._parts[id] = put(id, self.drawn.parts[id])
                yield self._parts[id]


@dataclass(eq=False, slots=True)
class Watcher:
    """One page in one browser: what it shows, and up to which turn it has seen each piece."""

    seen: dict[Shown, int]
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self) -> bytes:
        """Give all that is new, once."""
        self.news.clear()
        events: list[bytes] = []
        for shown, turn in self.seen.items():
            if shown.turn > turn:
                events.extend(shown.since(turn))
                self.seen[shown] = shown.turn
        return b"".join(events)


class Live:
    """All pieces that somebody looks at; `run` draws those again whose subjects changed."""

    def __init__(self, now: Callable[[], float], version: str) -> None:
        self.watchers: set[Watcher] = set()
        self._now = now
        self._version = version
        self._shown: dict[str, Shown] = {}
        self._about: dict[str, set[Shown]] = {}
        self._stale: set[Shown] = set()
        self._changed = asyncio.Event()
        self._is_over = False

    def change(self, *subjects: str) -> None:
        """Note that something changed."""
        for subject in subjects:
            if found := self._about.get(subject):
                self._stale |= found
                self._changed.set()

    async def run(self) -> None:
        """Draw what changed, at most so often, until cancelled; then the streams end."""
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                await self._redraw()
                await asyncio.sleep(PAUSE)
                if self._stale:
                    self._changed.set()
        finally:
            self._is_over = True
            for watcher in self.watchers:
                watcher.news.set()

    @contextlib.contextmanager
    def watching(self, pieces: Iterable[Piece]) -> Generator[Watcher]:
        """Look at pieces inside the block."""
        watcher = Watcher({self._show(piece): 0 for piece in pieces})
        for shown in watcher.seen:
            shown.watchers.add(watcher)
        self.watchers.add(watcher)
        try:
            yield watcher
        finally:
            self.watchers.discard(watcher)
            for shown in watcher.seen:
                shown.watchers.discard(watcher)
                if not shown.watchers:
                    self._forget(shown)

    async def events(self, watcher: Watcher) -> AsyncGenerator[bytes]:
        """Give the stream of one page: all of it first, then what changes, and a heartbeat.

        Each has the time of the pages, by which browsers count on.
        """
        yield self._event("hello", {"version": self._version, "now": round(self._now(), 3)})
        watcher.news.set()
        while not self._is_over:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await watcher.news.wait()
            news = watcher.take()
            yield news or self._event("clock", {"now": round(self._now(), 3)})

    def _event(self, name: str, data: Mapping[str, object]) -> bytes:
        return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()

    async def _redraw(self) -> None:
        now = asyncio.get_running_loop().time()
        due = {shown for shown in self._stale if now - shown.drawn_at >= INTERVAL}
        self._stale -= due
        for shown in due:
            shown.drawn_at = now
            await asyncio.sleep(0)  # others have their turn between two drawings
            if shown.watchers and shown.redraw():
                for watcher in shown.watchers:
                    watcher.news.set()

    def _show(self, piece: Piece) -> Shown:
        shown = self._shown.get(piece.key)
        if shown is None:
            shown = self._shown[piece.key] = Shown(piece)
            for subject in piece.about:
                self._about.setdefault(subject, set()).add(shown)
        return shown

    def _forget(self, shown: Shown) -> None:
        del self._shown[shown.piece.key]
        self._stale.discard(shown)
        for subject in shown.piece.about:
            self._about[subject].discard(shown)
            if not self._about[subject]:
                del self._about[subject]


def put(id: str, html: str) -> bytes:
    """Write the event that replaces an element."""
    return f"event: put\ndata: {json.dumps([id, html])}\n\n".encode()
