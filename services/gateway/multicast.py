"""Multicast DNS: the announcements themselves. Only this module of the gateway knows zeroconf."""

import itertools
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from zeroconf import DNSQuestionType, Error, NonUniqueNameException
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from services.gateway.announcement import SERVICE, AnnounceError, Announcement

PATIENCE = 1500  # ms; who has just said something may wait for 1.2 s until it repeats that

# What matters is raised, and said once; it would say it at every try.
logging.getLogger("zeroconf").setLevel(logging.CRITICAL)


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
        if await _is_taken(zeroconf, name):
            continue
        try:
            await (await zeroconf.async_register_service(info))
        except NonUniqueNameException:
            continue
        return name.removesuffix(f".{SERVICE}")
    raise AssertionError


async def _is_taken(zeroconf: AsyncZeroconf, name: str) -> bool:
    """Ask all who has a name.

    zeroconf itself asks for an answer to the asker alone, and where two processes of one machine
    have the port of mDNS the other one may get it.
    """
    other = AsyncServiceInfo(SERVICE, name)
    return await other.async_request(zeroconf.zeroconf, PATIENCE, DNSQuestionType.QM)
