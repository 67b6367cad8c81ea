"""Pieces are drawn once for all who look, and only what changed is sent."""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field

from services.web.pages import live
from services.web.pages.live import Drawn, Live, Piece, whole
from tests.unit.web.pages_bus import World


@dataclass
class Board:
    """A piece whose rows the test writes; `drawings` counts how often it was drawn."""

    rows: dict[str, str] = field(default_factory=dict)
    drawings: int = 0

    def draw(self) -> Drawn:
        self.drawings += 1
        parts = dict(self.rows)
        return Drawn(lambda: f"<p>{''.join(parts.values())}</p>", parts)

    @property
    def piece(self) -> Piece:
        return Piece("board", "board", frozenset({"rows"}), self.draw)


def puts(chunk: bytes) -> list[list[str]]:
    """Read the replacements of a chunk of the stream."""
    events = [event.split("\n") for event in chunk.decode().split("\n\n") if event]
    return [
        json.loads(lines[1].removeprefix("data: ")) for lines in events if lines[0] == "event: put"
    ]


async def redrawn(board: Board, before: int) -> None:
    async with asyncio.timeout(10):
        while board.drawings == before:
            await asyncio.sleep(0.005)


def running(site: Live):
    @contextlib.asynccontextmanager
    async def block():
        task = asyncio.create_task(site.run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    return block()


def new_live() -> Live:
    return Live(time.monotonic, "v1")


async def changed(site: Live, board: Board, **rows: str) -> None:
    """Change rows and wait until they were drawn."""
    before = board.drawings
    board.rows.update(rows)
    site.change("rows")
    await redrawn(board, before)
    await asyncio.sleep(0)


async def test_a_piece_is_drawn_once_for_all_who_look(monkeypatch):
    monkeypatch.setattr(live, "INTERVAL", 0.001)
    site, board = new_live(), Board({"a": "1"})
    async with running(site):
        with site.watching([board.piece]) as one, site.watching([board.piece]) as two:
            one.take(), two.take()
            await changed(site, board, a="2")
            assert board.drawings == 2
            assert puts(one.take()) == puts(two.take()) == [["a", "2"]]
    assert [len(each) for each in (site._shown, site._about, site.watchers)] == [0, 0, 0]


async def test_only_parts_that_changed_are_sent_unless_the_frame_did(monkeypatch):
    monkeypatch.setattr(live, "INTERVAL", 0.001)
    site, board = new_live(), Board({"a": "1", "b": "1"})
    async with running(site):
        with site.watching([board.piece]) as watcher:
            assert puts(watcher.take()) == [["board", "<p>11</p>"]]
            assert watcher.take() == b""
            await changed(site, board, b="2")
            assert puts(watcher.take()) == [["b", "2"]]
            await changed(site, board, c="3")
            assert puts(watcher.take()) == [["board", "<p>123</p>"]]


async def test_who_is_slow_gets_the_latest_and_nothing_waits(monkeypatch):
    monkeypatch.setattr(live, "INTERVAL", 0.001)
    site, board = new_live(), Board({"a": "0", "b": "0"})
    async with running(site):
        with site.watching([board.piece]) as slow:
            slow.take()
            for number in range(1, 20):
                await changed(site, board, a=str(number))
            await changed(site, board, b="1")
            assert puts(slow.take()) == [["a", "19"], ["b", "1"]]
            for number in range(5):
                await changed(site, board, **{f"n{number}": "x"})
            assert [id for id, _ in puts(slow.take())] == ["board"]


async def test_a_piece_that_changes_all_the_time_keeps_no_other_waiting(monkeypatch):
    monkeypatch.setattr(live, "INTERVAL", 3600.0)
    site, board, quiet = new_live(), Board({"a": "1"}), Board({"b": "1"})
    other = Piece("other", "other", frozenset({"others"}), quiet.piece.draw)
    async with running(site):
        with site.watching([board.piece, other]):
            await changed(site, board, a="2")
            drawn = board.drawings
            board.rows["a"] = "3"
            site.change("rows")  # too soon
            quiet.rows["b"], before = "2", quiet.drawings
            site.change("others")
            await redrawn(quiet, before)
            assert board.drawings == drawn


async def test_what_nobody_looks_at_is_not_drawn():
    site, board = new_live(), Board()
    async with running(site):
        with site.watching([board.piece]):
            pass
        before = board.drawings
        site.change("rows")
        await asyncio.sleep(0)
        assert board.drawings == before


async def test_what_is_drawn_the_same_is_not_sent(monkeypatch):
    monkeypatch.setattr(live, "INTERVAL", 0.001)
    site, board = new_live(), Board({"a": "1"})
    async with running(site):
        with site.watching([board.piece]) as watcher:
            watcher.take()
            await changed(site, board)
            assert not watcher.news.is_set()


async def test_a_stream_says_everything_first_then_beats_and_ends_with_the_service(monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT", 0.01)
    site = new_live()
    piece = Piece("x", "x", frozenset(), lambda: whole("<p>hello</p>"))
    async with running(site):
        with site.watching([piece]) as watcher:
            events = site.events(watcher)
            assert b'"version": "v1"' in await anext(events)
            assert puts(await anext(events)) == [["x", "<p>hello</p>"]]
            assert (await anext(events)).startswith(b"event: clock\n")
            site._is_over = True
            rest = [event async for event in events]
            assert len(rest) <= 1


async def test_each_change_of_the_bus_reaches_the_pieces_that_show_it():
    world = World()
    world.add("rack1")
    pieces = (*world.pieces.frame(), *world.pieces.device("rack1"), *world.pieces.topology())
    with world.state.live.watching(pieces) as watcher:
        shown = {each.piece.id: each for each in watcher.seen}

        def stale(change) -> set[str]:
            world.state.live._stale.clear()
            change()
            return {id for id, each in shown.items() if each in world.state.live._stale}

        of_device = {"head", "instruments", "outlets", "clients", "variables"}
        assert stale(lambda: world.says("rack1", "OL", ups_load="9")) == of_device
        assert stale(lambda: world.says("rack1", "OB")) == of_device | {
            "banner", "announcement", "wiring",
        }  # fmt: skip
        assert "notice" in stale(lambda: world.link.mirror.connect(False))
        assert "head" in stale(lambda: world.reason("rack1", "x"))
