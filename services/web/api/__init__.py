"""The API: what the pages show, as JSON, described by OpenAPI, read-only."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from services.web.api import past, resources
from services.web.site import Site


def routes(site: Site) -> Sequence[BaseRoute]:
    """Give the routes of the API, those of the past among them."""
    return [*resources.routes(site, past.RESOURCES), *past.routes(site)]
