"""The TCP ports of the gateway; a reload opens and closes only what changed."""

import asyncio
import errno
import logging
from collections.abc import Callable

from services.gateway.settings import GatewaySection
from shared.errors import SettingsError
from shared.listening import Address, cannot_listen

BACKLOG = 1024

logger = logging.getLogger(__name__)


class Listeners:
    """The servers that are open, by address; each connection gets a protocol of its own."""

    def __init__(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._protocol = protocol
        self._servers: dict[Address, asyncio.Server] = {}

    @property
    def bound(self) -> list[Address]:
        """Where clients can connect, names looked up; 0.0.0.0 and :: are every address."""
        names = [
            listener.getsockname()
            for server in self._servers.values()
            for listener in server.sockets
        ]
        return [Address(str(name[0]), int(name[1])) for name in names]

    async def apply(self, settings: GatewaySection) -> None:
        """Listen on the addresses of the settings and on no others.

        SettingsError if one cannot be had and that is not allowed, or if none can; what could be
        opened stays open.
        """
        for address in self._servers.keys() - set(settings.addresses):
            self._servers.pop(address).close()
            logger.info("no longer listening on %s", address)
        failures = []
        for address in settings.addresses:
            if address not in self._servers:
                fault = await self._open(address, settings)
                failures.extend([fault] if fault else [])
        if failures and not (settings.allow_not_all_listeners and self._servers):
            raise SettingsError("; ".join(failures))
        for failure in failures:
            logger.warning("%s", failure)

    def close(self) -> None:
        """Give all ports back."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    async def _open(self, address: Address, settings: GatewaySection) -> str | None:
        """Listen on one address, or say why that cannot be."""
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                self._protocol, address.host, address.port, backlog=BACKLOG, reuse_address=True
            )
        except OSError as error:
            if settings.has_default_listen and _has_no_ipv6(address, error):
                logger.info("not listening on %s: this machine has no IPv6", address)
                return None
            return cannot_listen(address, error, "gateway")
        self._servers[address] = server
        logger.info("listening on %s", address)
        return None


def _has_no_ipv6(address: Address, error: OSError) -> bool:
    return ":" in address.host and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
