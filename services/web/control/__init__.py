"""Control: who is logged in has commands given, variables written and shutdowns forced."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from services.web.control import actions, login
from services.web.control.offers import Offers, offers
from services.web.sessions import Session
from services.web.site import Site


def routes(site: Site) -> Sequence[BaseRoute]:
    """Give the routes of control, and let the page of a device show what it offers."""
    mirror = site.link.mirror

    def offered(account: Session | None, name: str) -> Offers:
        device = mirror.device(name)
        return offers(account.user, device) if account and device else Offers()

    def account(request: Request) -> dict[str, Any]:
        web = site.settings.value.web
        session = getattr(request.state, "session", None)
        return {"account": session, "login_to_read": web.login_to_read}

    site.rendering.globals["offers"] = offered
    site.rendering.additions.append(account)
    return [*login.routes(site), *actions.routes(site)]
