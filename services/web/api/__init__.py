"""The API: what the pages show, as JSON, described by OpenAPI, read-only."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from services.web.api import export, resources
from services.web.site import Site


def routes(site: Site) -> Sequence[BaseRoute]:
    """Give the routes of the API, those of the past among them."""
    return [*resources.routes(site, export.RESOURCES), *export.routes(site)]
