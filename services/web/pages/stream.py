"""The event stream of one page as an answer over HTTP; it ends with its browser."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.web.pages.live import Live, Piece

HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep events back
)


class EventStream(Response):
    """Sends the pieces of a page and what changes in them until the browser goes."""

    def __init__(self, live: Live, pieces: tuple[Piece, ...]) -> None:
        super().__init__()
        self._live = live
        self._pieces = pieces

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Serve until one side is done."""
        async with asyncio.TaskGroup() as tasks:
            talking = tasks.create_task(self._talk(send))
            hearing = tasks.create_task(_until_gone(receive))
            talking.add_done_callback(lambda _: hearing.cancel())
            hearing.add_done_callback(lambda _: talking.cancel())

    async def _talk(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": list(HEADERS)}
        await send(start)
        with self._live.watching(self._pieces) as watcher:
            async for event in self._live.events(watcher):
                await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
