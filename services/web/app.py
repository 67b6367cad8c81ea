"""The web service: mirrors the bus and serves what it shows over HTTP."""

import asyncio
import logging
from operator import attrgetter
from typing import Final

from services.web.application import application
from services.web.door import Door
from services.web.link import Link
from services.web.server import serve
from services.web.settings import WebSettings
from services.web.site import Site
from shared.latest import Latest
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.topics import ServiceKind, Topics

_FIXED: Final = (
    *("id", "listen", "base_path", "trusted_proxies", "devices"),
    *("history.enabled", "history.file", "compatibility.path"),
)
_fixed = attrgetter(*_FIXED)

logger = logging.getLogger(__name__)


async def run(settings: Latest[WebSettings]) -> None:
    """Serve until cancelled; SettingsError if an address cannot be had."""
    first = settings.value
    link = Link(first.web.id, Topics(first.bus.prefix), tuple(first.web.devices))
    identity = Identity(ServiceKind.WEB, link.id)
    site = Site(link, settings, Door(first.gateway.users), first.audit.log())
    served = application(site)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stay_connected(first.bus, identity, link.session))
        tasks.create_task(link.keep_time())
        tasks.create_task(_follow(settings, site.door))
        for work in site.works:
            tasks.create_task(work())
        tasks.create_task(serve(served, first.web.addresses))


async def _follow(settings: Latest[WebSettings], door: Door) -> None:
    """Warn of changes that need a restart; the others count at once."""
    first = settings.value
    async for new in settings.follow():
        door.apply(new.gateway.users)
        is_changed = _fixed(new.web) != _fixed(first.web)
        if (new.bus, new.audit) != (first.bus, first.audit) or is_changed:
            names = ", ".join(_FIXED)
            logger.warning("[bus], [audit], %s of [web] change with a restart only", names)
