"""Multicast DNS: the announcements themselves. Only this module of the gateway knows zeroconf."""

import itertools
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from zeroconf import Error, NonUniqueNameException
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from services.gateway.announcement import SERVICE, AnnounceError, Announcement


@asynccontextmanager
async def announcing(announcements: Sequence[Announcement]) -> AsyncGenerator[list[str]]:
    """Announce inside the block, on the networks of the announced addresses and no others.

    Gives the names, with a number where somebody has the name already. Raise AnnounceError
    if this machine has no multicast.
    """
    interfaces = [address for each in announcements for address in each.addresses]
    try:
        async with AsyncZeroconf(interfaces=list(dict.fromkeys(interfaces))) as zeroconf:
            yield [await _register(zeroconf, each) for each in announcements]
    except (OSError, RuntimeError, Error) as error:  # no interface is a RuntimeError
        raise AnnounceError(str(error) or type(error).__name__) from error


async def _register(zeroconf: AsyncZeroconf, announcement: Announcement) -> str:
    for number in itertools.count(1):
        name, host = announcement.named(number)
        info = AsyncServiceInfo(
            SERVICE,
            name,
            port=announcement.port,
            properties=dict(announcement.properties),
            server=host,
            parsed_addresses=list(announcement.addresses),
        )
        try:
            await (await zeroconf.async_register_service(info))
        except NonUniqueNameException:
            continue
        return name.removesuffix(f".{SERVICE}")
    raise AssertionError
