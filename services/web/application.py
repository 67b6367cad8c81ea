"""The site: every part's routes in one application."""

from collections.abc import Callable, Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from services.web import api, compatibility, control, metrics, pages
from services.web.guard import Guard
from services.web.headers import SafeHeaders
from services.web.proxy import Proxy
from services.web.site import Site

# Each part gives its routes; a part knows the site, never another part.
PARTS: Final[tuple[Callable[[Site], Sequence[BaseRoute]], ...]] = (
    pages.routes,
    control.routes,
    api.routes,
    metrics.routes,
    compatibility.routes,
)
WORTH_PACKING: Final = 1000  # bytes


def application(site: Site) -> ASGIApp:
    """Make the ASGI application of all parts."""
    routes = [route for part in PARTS for route in part(site)]
    all_parts = Starlette(routes=routes, exception_handlers=pages.mistakes(site))
    web = site.settings.value.web
    packed = GZipMiddleware(all_parts, minimum_size=WORTH_PACKING)
    return Proxy(SafeHeaders(Guard(packed, site)), web.base_path, web.trusted_proxies)
