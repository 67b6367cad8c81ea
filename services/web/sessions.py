"""Who is logged in: sessions by the secret in a browser's cookie. No network, no event loop.

A session lives in memory only, so a restart logs everybody out. What is kept is a digest of the
secret: who reads this process's memory dump or a log of ours cannot take a session over.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from shared.users import User

IDLE: Final = 30 * 60.0  # seconds without a request
LONGEST: Final = 12 * 3600.0  # seconds, whatever happens
MOST: Final = 1000  # sessions at one time; the one that was idle longest has to go


@dataclass(slots=True)
class Session:
    """One login: its form key must come with every form, `notices` are shown once."""

    user: User
    address: str
    key: bytes
    began: float
    used: float
    notices: list[tuple[str, bool]] = field(default_factory=list)  # (text, went well)

    @property
    def form_key(self) -> str:
        """Give what a form must send; it looks different each time.

        Pages are compressed, and from the length of many of them a text that is always the same
        could be guessed (BREACH).
        """
        mask = secrets.token_bytes(len(self.key))
        return (mask + _xor(mask, self.key)).hex()

    def owns(self, form_key: str) -> bool:
        """Tell whether a form was made for this session."""
        try:
            given = bytes.fromhex(form_key)
        except ValueError:
            return False
        mask, masked = given[: len(self.key)], given[len(self.key) :]
        return len(masked) == len(mask) and hmac.compare_digest(_xor(mask, masked), self.key)

    def take_notices(self) -> list[tuple[str, bool]]:
        """Give what has happened since the last page was shown, once."""
        taken, self.notices = self.notices, []
        return taken


class Sessions:
    """All sessions; `now` is a monotonic clock in seconds."""

    def __init__(self) -> None:
        self._sessions: dict[bytes, Session] = {}

    def begin(self, user: User, address: str, now: float) -> str:
        """Open a session for who has just given the right password; the secret for the cookie."""
        self._drop_old(now)
        if len(self._sessions) >= MOST:
            del self._sessions[min(self._sessions, key=lambda key: self._sessions[key].used)]
        secret = secrets.token_urlsafe(32)
        session = Session(user, address, secrets.token_bytes(32), now, now)
        self._sessions[_digest(secret)] = session
        return secret

    def find(self, secret: str, now: float) -> Session | None:
        """Find the session of a cookie and note that it is in use; None when it is over."""
        session = self._sessions.get(_digest(secret))
        if session is None or _is_over(session, now):
            self.end(secret)
            return None
        session.used = now
        return session

    def end(self, secret: str) -> None:
        """Close the session of a cookie, if there is one."""
        self._sessions.pop(_digest(secret), None)

    def end_all(self) -> None:
        """Log everybody out: users or their rights have changed."""
        self._sessions.clear()

    def _drop_old(self, now: float) -> None:
        for key in [key for key, session in self._sessions.items() if _is_over(session, now)]:
            del self._sessions[key]


def _is_over(session: Session, now: float) -> bool:
    return now - session.used > IDLE or now - session.began > LONGEST


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
