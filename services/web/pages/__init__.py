"""The pages: fleet, device, events, history, topology, timers, services; live as the bus is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from services.web.pages.book import Book
from services.web.site import Site


def routes(site: Site) -> Sequence[BaseRoute]:
    """Give the routes of the pages, and have their pieces kept up to date."""
    return Book(site).routes()


def mistakes(site: Site) -> Mapping[Any, Callable[[Request, Exception], Response]]:
    """Give what answers a request for what is not there, and one that went wrong."""

    def missing(request: Request, _: Exception) -> Response:
        text = "There is no such page, or the device was taken from the bus."
        return site.rendering.page(request, "mistake.html", 404, title="Not found", text=text)

    def broken(request: Request, _: Exception) -> Response:
        text = "This page could not be made. The log of nutbus web says why."
        return site.rendering.page(request, "mistake.html", 500, title="A mistake", text=text)

    def gone(_request: Request, _: Exception) -> Response:
        return Response(status_code=400)

    # Who hangs up in the middle of a form must not fill the log: nothing went wrong here.
    return {404: missing, 500: broken, ClientDisconnect: gone}
