"""The site: every part's routes in one application."""

from collections.abc import Callable, Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from services.web.site import Site

# Each part gives its routes; a part knows the site, never another part.
PARTS: Final[tuple[Callable[[Site], Sequence[BaseRoute]], ...]] = ()


def application(site: Site) -> Starlette:
    """Make the ASGI application of all parts."""
    return Starlette(routes=[route for part in PARTS for route in part(site)])
