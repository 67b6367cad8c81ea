"""Logging in and out."""

import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.web.access import safe_target
from services.web.door import address_of
from services.web.site import Site
from shared.audit import Deed

LONGEST_FIELD: Final = 512


def routes(site: Site) -> Sequence[BaseRoute]:
    """Give the routes for logging in and out."""
    login = _Login(site)
    return [
        Route("/login", login.show, methods=["GET"]),
        Route("/login", login.enter, methods=["POST"]),
        Route("/logout", login.leave, methods=["POST"]),
    ]


def redirected(request: Request, target: str) -> Response:
    """Send the browser on to a path of this site, `target` as `/device/ups1`."""
    root = request.scope.get("root_path", "").rstrip("/")
    return RedirectResponse(root + safe_target(target), 303)


def to_login(request: Request, target: str) -> Response:
    """Send the browser to the login, and from there on to `target`."""
    return redirected(request, f"/login?{urlencode({'next': target})}")


class _Login:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def show(self, request: Request) -> Response:
        return self._page(request, request.query_params.get("next", "/"))

    async def enter(self, request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=10)
        name, password, target = (_text(form.get(key)) for key in ("user", "password", "next"))
        address, door = address_of(request), self._site.door
        if (wait := door.wait(address)) > 0:
            await self._note(name, address, "login", "too many attempts")
            problem = f"Too many wrong passwords: try again in {wait:.0f} seconds."
            response = self._page(request, target, problem, 429)
            response.headers["Retry-After"] = f"{wait:.0f}"
            return response
        response = redirected(request, target)
        if await door.log_in(name, password, request, response) is None:
            await self._note(name, address, "login", "denied")
            problem = "The user or the password is wrong."
            return self._page(request, target, problem, 401)
        await self._note(name, address, "login", "ok")
        return response

    async def leave(self, request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=10)
        session = self._site.door.session(request)
        response = redirected(request, "/")
        if session and session.owns(_text(form.get("form_key"))):
            self._site.door.log_out(request, response)
            await self._note(session.user.name, address_of(request), "logout", "ok")
        return response

    def _page(
        self, request: Request, target: str, problem: str = "", status: int = 200
    ) -> Response:
        return self._site.rendering.page(
            request,
            "login.html",
            status,
            target=safe_target(target),
            problem=problem,
            has_users=self._site.door.has_users,
        )

    async def _note(self, name: str, address: str, action: str, outcome: str) -> None:
        service = f"web@{self._site.link.id}"
        deed = Deed(time.time(), service, name[:LONGEST_FIELD], address, action, outcome)
        await self._site.audit.record(deed)


def _text(field: object) -> str:
    """Give a field of a form as text; what is too long is cut, it cannot be right."""
    return field[:LONGEST_FIELD] if isinstance(field, str) else ""
