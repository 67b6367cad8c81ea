"""Who may see the site: host names, logins, tokens, and requests that other sites make. No I/O.

A page of another site must not act for who is logged in here (CSRF), and must not read a site on
loopback by giving its own name our address (DNS rebinding).
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from services.web.settings import WebSection
from shared.listening import Address

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Open to who may connect, whatever the settings: they ask for what they need themselves.
_OPEN: Final = ("/login", "/logout", "/healthz", "/metrics", "/ups_metrics")
_OPEN_BELOW: Final = ("/assets/",)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered: the HTTP status and a sentence."""

    status: int
    reason: str


def refusal(
    method: str, path: str, headers: Mapping[str, str], web: WebSection, *, is_logged_in: bool
) -> Refusal | None:
    """Decide on a request before anybody looks at it; `path` is below the base path."""
    host = headers.get("host", "")
    if not is_known_host(host, web):
        return Refusal(421, "this site is not served under that name: see hosts in [web]")
    if method not in _SAFE and not is_own(headers, host):
        return Refusal(403, "a page of another site may not do this")
    is_open = path in _OPEN or path.startswith(_OPEN_BELOW)
    if is_open or not web.login_to_read or is_logged_in or has_token(headers, web):
        return None
    return Refusal(401, "log in, or send a token, to read this")


def is_known_host(host: str, web: WebSection) -> bool:
    """Tell whether browsers may ask for the site under this name; the port does not matter."""
    name = (host if host.endswith("]") else host.rpartition(":")[0] or host).lower()
    if web.hosts:
        return any(fnmatchcase(name, pattern.lower()) for pattern in web.hosts)
    return not web.is_on_loopback or Address(name.strip("[]"), 0).is_loopback


def is_own(headers: Mapping[str, str], host: str) -> bool:
    """Tell whether a form came from a page of ours; a client that is no browser says nothing."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or origin.lower().partition("://")[2] == host.lower()


def has_token(headers: Mapping[str, str], web: WebSection) -> bool:
    """Tell whether a program sent one of the tokens."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return False
    secrets = [token.token.get_secret_value() for token in web.tokens.values()]
    return any(hmac.compare_digest(given.encode(), secret.encode()) for secret in secrets)


def safe_target(target: str) -> str:
    """Give where to go after a login: a path of this site, or else its first page."""
    is_path = target.startswith("/") and not target.startswith("//")
    is_plain = target.isascii() and target.isprintable() and "\\" not in target
    return target if is_path and is_plain else "/"
