"""The pages as answers to requests: each is a template with live pieces."""

import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.web.pages import past, wording
from services.web.pages.live import Piece
from services.web.pages.pieces import Pieces
from services.web.pages.ranking import PAGE, View
from services.web.pages.state import State
from services.web.pages.stream import EventStream
from services.web.site import Site
from shared.topics import is_name

LONGEST_TEXT = 100
WALL_SIZE = 200
MOST_STREAMS = 1000
YEAR = 365 * 86400


class Book:
    """All pages of a site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._rendering = site.rendering
        self._state = State(site.link, site.rendering)
        self._pieces = Pieces(self._state, site.rendering)
        # Of pages that need to know no more than their name.
        self._plain = {
            "topology": self._pieces.topology,
            "timers": self._pieces.timers,
            "services": self._pieces.services,
            "frame": tuple,
        }
        site.works.append(self._state.live.run)
        self._teach()

    def routes(self) -> Sequence[BaseRoute]:
        """Give the routes."""
        plain = [
            Route(f"/{name}", self._named, name=name) for name in self._plain if name != "frame"
        ]
        return [
            Route("/", self._fleet),
            Route("/device/{name}", self._device),
            Route("/live", self._live),
            Route("/events", self._events),
            Route("/history", self._history),
            Route("/assets/{version}/{name}", self._asset),
            *plain,
        ]

    def _teach(self) -> None:
        """Tell the templates what they may call."""
        self._rendering.globals.update(
            site_title=self._site.settings.value.web.title,
            product_version=version("nutbus"),
            piece=self._piece,
            live="page=frame",
        )

    def _piece(self, id: str) -> Markup:
        """Draw a piece of the frame, which pages of all parts have."""
        found = next(piece for piece in self._pieces.frame() if piece.id == id)
        return Markup(found.draw().html())  # noqa: S704 -- of a template, which escapes

    def _page(
        self,
        request: Request,
        template: str,
        live: str,
        pieces: Sequence[Piece],
        **values: Any,  # noqa: ANN401 -- what templates show
    ) -> Response:
        drawn = {piece.id: Markup(piece.draw().html()) for piece in pieces}  # noqa: S704 -- the same

        def piece(id: str) -> Markup:
            return drawn[id] if id in drawn else self._piece(id)

        page = self._rendering.page(request, template, live=live, piece=piece, **values)
        page.body = wording.with_times(bytes(page.body).decode(), self._state.now()).encode()
        page.headers["content-length"] = str(len(page.body))
        return page

    async def _fleet(self, request: Request) -> Response:
        view = _view(request)
        live = urlencode(
            {"page": "fleet", "q": view.text, "p": view.number, "size": view.size}
        )  # fmt: skip
        pieces = self._pieces.fleet(view)
        wall = "wall" in request.query_params
        return self._page(request, "fleet.html", live, pieces, view=view, wall=wall)

    async def _device(self, request: Request) -> Response:
        name = request.path_params["name"]
        if self._state.mirror.device(name) is None:
            raise HTTPException(404)
        live = urlencode({"page": "device", "name": name})
        device = self._state.mirror.device(name)
        pieces = self._pieces.device(name)
        return self._page(request, "device.html", live, pieces, name=name, device=device)

    async def _named(self, request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        return self._page(request, f"{name}.html", f"page={name}", self._plain[name]())

    async def _events(self, request: Request) -> Response:
        values = await past.outages(self._site.history)
        pieces = self._pieces.events()
        return self._page(request, "events.html", "page=events", pieces, **values)

    async def _history(self, request: Request) -> Response:
        history, seen = self._site.history, past.stretch(request.query_params, time.time())
        devices = await past.devices(history)
        name = request.query_params.get("device") or next(iter(devices), "")
        if name and not is_name(name):
            raise HTTPException(404)
        values = await past.of_device(history, name, seen) if name else {"trouble": history.trouble}
        return self._page(
            request, "history.html", "page=frame", (),
            name=name, devices=devices, seen=seen, ranges=past.RANGES, **values,
        )  # fmt: skip

    async def _live(self, request: Request) -> Response:
        asked = request.query_params
        name = asked.get("name", "")
        match asked.get("page", "frame"):
            case "fleet":
                pieces = self._pieces.fleet(_view(request))
            case "device" if self._state.mirror.device(name):
                pieces = self._pieces.device(name)
            case "events":
                pieces = self._pieces.events()
            case page if page in self._plain:
                pieces = self._plain[page]()
            case _:
                raise HTTPException(404)
        if len(self._state.live.watchers) >= MOST_STREAMS:
            return Response("too many pages are open", 503, {"Retry-After": "30"})
        return EventStream(self._state.live, (*self._pieces.frame(), *pieces))

    async def _asset(self, request: Request) -> Response:
        asset = self._rendering.assets.find(request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        is_current = request.path_params["version"] == self._rendering.assets.version
        keep = f"public, max-age={YEAR}, immutable" if is_current else "no-cache"
        headers = {"Cache-Control": keep, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.packed, headers=headers, media_type=asset.kind)
        return Response(asset.body, headers=headers, media_type=asset.kind)


def _view(request: Request) -> View:
    asked = request.query_params
    default = WALL_SIZE if "wall" in asked else PAGE
    size = min(_positive(asked.get("size"), default), WALL_SIZE)
    return View(asked.get("q", "")[:LONGEST_TEXT].strip(), _positive(asked.get("p"), 1), size)


def _positive(text: str | None, default: int) -> int:
    return (
        int(text)
        if text and text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text)
        else default
    )
