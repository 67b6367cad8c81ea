"""Where the site stands: its path, and who really asks, as proxies that are trusted say."""

import ipaddress
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.web.settings import is_path
from shared.users import Network, is_within

_SCHEMES: Final = ("http", "https")


class Proxy:
    """Corrects client, scheme and path of a request before the application sees it.

    What a request says of itself (X-Forwarded-For, -Proto and -Prefix) counts only when it comes
    from one of `trusted`; of X-Forwarded-For the last address that is not itself trusted.
    """

    def __init__(self, application: ASGIApp, base_path: str, trusted: Sequence[Network]) -> None:
        self._application = application
        self._base_path = base_path
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on as it was meant."""
        if scope["type"] == "http":
            scope = {**scope, "root_path": self._base_path, **self._told(scope)}
            # A proxy that strips the path, and one that does not, mean the same.
            base = scope["root_path"]
            if base and scope["path"] != base and not scope["path"].startswith(f"{base}/"):
                scope["path"] = base + scope["path"]
        await self._application(scope, receive, send)

    def _told(self, scope: Scope) -> Scope:
        client = scope.get("client")
        if not client or not self._is_trusted(client[0]):
            return {}
        headers = Headers(scope=scope)
        told: Scope = {}
        if address := self._client(headers.get("x-forwarded-for", "")):
            told["client"] = (address, 0)
        if (scheme := headers.get("x-forwarded-proto", "").strip().lower()) in _SCHEMES:
            told["scheme"] = scheme
        prefix = headers.get("x-forwarded-prefix", "").strip().rstrip("/")
        if prefix and is_path(prefix):
            told["root_path"] = prefix
        return told

    def _client(self, forwarded: str) -> str:
        for address in reversed([part.strip() for part in forwarded.split(",")]):
            if not _is_address(address):
                return ""
            if not self._is_trusted(address):
                return address
        return ""

    def _is_trusted(self, address: str) -> bool:
        return _is_address(address) and is_within(address, self._trusted)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
