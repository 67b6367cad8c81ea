"""Logging in and out: passwords, the cookie, and the session of a request."""

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from services.web.attempts import Attempts
from services.web.sessions import LONGEST, Session, Sessions
from shared.authentication import Authentication
from shared.users import Users, UserSettings

COOKIE = "nutbus_session"


class Door:
    """Lets in whom the settings name; a change of the users logs everybody out."""

    def __init__(self, users: Mapping[str, UserSettings]) -> None:
        self._sessions = Sessions()
        self._authentication = Authentication()
        self._attempts = Attempts()
        self._settings: Mapping[str, UserSettings] = {}
        self.apply(users)

    def apply(self, users: Mapping[str, UserSettings]) -> None:
        """Know these users from now on."""
        if users != self._settings:
            self._settings = users
            self._authentication.change(Users(users))
            self._sessions.end_all()

    @property
    def has_users(self) -> bool:
        """Tell whether anybody can log in at all."""
        return bool(self._settings)

    def session(self, request: Request) -> Session | None:
        """Find the session that a request belongs to."""
        secret = request.cookies.get(COOKIE, "")
        return self._sessions.find(secret, _now()) if secret else None

    def wait(self, address: str) -> float:
        """Give the seconds that somebody at this address has to wait before the next attempt."""
        return self._attempts.wait(address, _now())

    async def log_in(
        self, name: str, password: str, request: Request, response: Response
    ) -> Session | None:
        """Open a session and put it in the answer's cookie; None if the password is wrong."""
        address = address_of(request)
        self._attempts.begin(address, _now())
        generation = self._authentication.generation
        user = await self._authentication.verified(name, password, address)
        if user is None or generation != self._authentication.generation:
            return None
        self._attempts.succeed(address)
        self._sessions.end(request.cookies.get(COOKIE, ""))
        secret = self._sessions.begin(user, address, _now())
        response.set_cookie(
            COOKIE,
            secret,
            max_age=int(LONGEST),
            path=request.scope.get("root_path") or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return self._sessions.find(secret, _now())

    def log_out(self, request: Request, response: Response) -> None:
        """Close the session of a request and take the cookie back."""
        self._sessions.end(request.cookies.get(COOKIE, ""))
        response.delete_cookie(COOKIE, path=request.scope.get("root_path") or "/")


def address_of(request: Request) -> str:
    """Tell where a request comes from."""
    return request.client.host if request.client else ""


def _now() -> float:
    return asyncio.get_running_loop().time()
