"""Keeps the local networks told of the gateway, as its settings and this machine's addresses are.

zeroconf is loaded when there is something to announce: few gateways do.
"""

import asyncio
import logging
from collections.abc import Sequence

import ifaddr

from services.gateway.announcement import AnnounceError, Announcement, announcements
from services.gateway.settings import GatewaySection
from shared.listening import Address

INTERVAL = 10.0  # after which the addresses of this machine are looked at again

logger = logging.getLogger(__name__)


class Announcer:
    """Announces what is to be announced; trouble is one warning, and is tried again."""

    def __init__(self) -> None:
        self._settings: GatewaySection | None = None
        self._bound: Sequence[Address] = ()
        self._changed = asyncio.Event()
        self._trouble = ""

    def apply(self, settings: GatewaySection, bound: Sequence[Address]) -> None:
        """Announce with these settings and listeners from now on."""
        self._settings, self._bound = settings, bound
        self._changed.set()

    async def keep(self) -> None:
        """Announce until cancelled, then say goodbye."""
        while True:
            try:
                if wanted := self._wanted():
                    await self._announce(wanted)
                else:
                    await self._wait()
            except AnnounceError as error:
                self._warn(str(error))
                await self._wait()

    async def _announce(self, wanted: tuple[Announcement, ...]) -> None:
        """Announce this until something else is wanted."""
        from services.gateway import multicast  # noqa: PLC0415 -- see above

        async with multicast.announcing(wanted) as names:
            logger.info("announced on the local networks: %s", ", ".join(names))
            self._trouble = ""
            while self._wanted() == wanted:
                await self._wait()

    async def _wait(self) -> None:
        """Wait for other settings, or until it is time to look at the addresses again."""
        try:
            async with asyncio.timeout(INTERVAL):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()

    def _wanted(self) -> tuple[Announcement, ...]:
        if self._settings is None or not self._settings.announce:
            return ()
        return announcements(self._settings, self._bound, own_addresses())

    def _warn(self, trouble: str) -> None:
        level = logging.DEBUG if trouble == self._trouble else logging.WARNING
        self._trouble = trouble
        logger.log(level, "cannot announce the gateway by mDNS: %s", trouble)


def own_addresses() -> list[str]:
    """List the addresses of this machine, without the zones of IPv6; AnnounceError if it cannot."""
    try:
        adapters = ifaddr.get_adapters()
    except OSError as error:  # it takes a file, and a gateway with many clients may have none left
        raise AnnounceError(f"the addresses of this machine: {error.strerror or error}") from None
    return sorted(
        address.ip if isinstance(address.ip, str) else address.ip[0]
        for adapter in adapters
        for address in adapter.ips
    )
