"""Control: who is logged in has commands given, variables written and shutdowns forced."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from services.web.control import actions, login
from services.web.site import Site


def routes(site: Site) -> Sequence[BaseRoute]:
    """Give the routes of control."""
    return [*login.routes(site), *actions.routes(site)]
