"""What NUT's CGI programs do: upsstats from NUT's own templates, upsimage, hosts.conf."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from services.web.compatibility.programs import Programs
from services.web.site import Site


def routes(site: Site) -> Sequence[BaseRoute]:
    """Give the routes of this part; where they are changes with a restart only."""
    programs = Programs(site)
    path = site.settings.value.web.compatibility.path
    return (
        Route(f"{path}/upsstats.cgi", programs.stats, methods=["GET"]),
        Route(f"{path}/upsimage.cgi", programs.picture, methods=["GET"]),
        Route(f"{path}/upsset.cgi", programs.control, methods=["GET"]),
    )
