"""Looks at each request before any part does: host name, foreign forms, login."""

from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.web.access import Refusal, refusal
from services.web.site import Site

LONGEST_FORM: Final = 64 * 1024


class Guard:
    """Refuses what is not permitted; what it lets through has its session in `state.session`."""

    def __init__(self, application: ASGIApp, site: Site) -> None:
        self._application = application
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or say why not."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        request = Request(scope)
        session = self._site.door.session(request)
        path = request.url.path.removeprefix(scope.get("root_path", ""))
        refused = _too_long(request) or refusal(
            request.method,
            path,
            request.headers,
            self._site.settings.value.web,
            is_logged_in=session is not None,
        )
        if refused:
            await _answer(request, path, refused)(scope, receive, send)
            return
        scope.setdefault("state", {})["session"] = session
        await self._application(scope, receive, send)


def _too_long(request: Request) -> Refusal | None:
    """Refuse a body that is longer than any form of ours, or does not say how long it is."""
    length = request.headers.get("content-length", "0")
    if "transfer-encoding" in request.headers:
        return Refusal(411, "say how long the form is")
    if not length.isdigit() or len(length) > 9 or int(length) > LONGEST_FORM:
        return Refusal(413, "the form is too long")
    return None


def _answer(request: Request, path: str, refused: Refusal) -> Response:
    """Send a person to the login, and tell a program what is wrong."""
    if refused.status != 401:
        return PlainTextResponse(f"{refused.reason}\n", refused.status)
    if path.startswith("/api/"):
        headers = {"WWW-Authenticate": "Bearer"}
        return JSONResponse({"error": refused.reason}, refused.status, headers)
    target = f"{path}?{request.url.query}" if request.url.query else path
    root = request.scope.get("root_path", "").rstrip("/")
    return RedirectResponse(f"{root}/login?{urlencode({'next': target})}", 303)
