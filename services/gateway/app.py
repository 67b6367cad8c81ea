"""The gateway: answers NUT clients on TCP from the mirror of the fleet."""

import asyncio
import logging
import resource

from services.gateway.announcer import Announcer
from services.gateway.client import Client
from services.gateway.deeds import Deeds
from services.gateway.gateway import Gateway
from services.gateway.link import Link
from services.gateway.listeners import Listeners
from services.gateway.risks import risks
from services.gateway.settings import GatewaySection, GatewaySettings
from services.gateway.tls import tls_context
from shared import supervisor
from shared.errors import SettingsError
from shared.latest import Latest
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.topics import ServiceKind, Topics

TICK = 1.0
PATIENCE = 5.0  # clients are let in after this long, whatever has been heard of the fleet
SPARE_FILES = 64  # beside the clients' sockets

logger = logging.getLogger(__name__)


async def run(settings: Latest[GatewaySettings]) -> None:
    """Serve NUT clients until cancelled; SettingsError if the first settings cannot be kept."""
    first = settings.value
    _raise_file_limit(first.gateway.max_connections)
    _warn(first.gateway)
    link = Link(first.gateway.id, Topics(first.bus.prefix), tuple(first.gateway.devices))
    async with asyncio.TaskGroup() as tasks:
        audit = first.audit.log()
        gateway = Gateway(link, tasks, first.gateway, Deeds(audit, link.id))
        gateway.apply(first.gateway, tls_context(first.gateway))
        listeners = Listeners(lambda: Client(gateway))
        announcer = Announcer()
        try:
            identity = Identity(ServiceKind.GATEWAY, link.id)
            tasks.create_task(stay_connected(first.bus, identity, link.session))
            tasks.create_task(_tick(gateway))
            tasks.create_task(audit.keep())
            tasks.create_task(announcer.keep())
            await _patiently(link, first)
            await _follow(settings, gateway, listeners, announcer)
        finally:
            listeners.close()
            await gateway.close()


async def _tick(gateway: Gateway) -> None:
    loop = asyncio.get_running_loop()
    while True:
        gateway.tick(loop.time())
        await asyncio.sleep(TICK)


async def _patiently(link: Link, settings: GatewaySettings) -> None:
    """Wait until the fleet is known, so that no client is told of an unknown device."""
    try:
        async with asyncio.timeout(PATIENCE):
            await link.settled()
            if not settings.gateway.allow_no_device:
                await link.has_device()
    except TimeoutError:
        logger.warning("no device on the bus yet; clients are let in all the same")


async def _follow(
    settings: Latest[GatewaySettings],
    gateway: Gateway,
    listeners: Listeners,
    announcer: Announcer,
) -> None:
    """Keep to the settings as they change; later ones that cannot be kept are passed over."""
    first = settings.value
    await listeners.apply(first.gateway)
    supervisor.current().serves(supervisor.GATEWAY_CLIENTS)
    announcer.apply(first.gateway, listeners.bound)
    async for new in settings.follow():
        if new is first:
            continue
        fixed = (first.bus, first.audit, first.gateway.id, first.gateway.devices)
        if (new.bus, new.audit, new.gateway.id, new.gateway.devices) != fixed:
            logger.warning("[bus], [audit], id, devices of [gateway] change with a restart only")
        _warn(new.gateway)
        try:
            gateway.apply(new.gateway, tls_context(new.gateway))
            await listeners.apply(new.gateway)
        except SettingsError as error:
            logger.error("settings not wholly applied: %s", error)
        announcer.apply(new.gateway, listeners.bound)


def _warn(settings: GatewaySection) -> None:
    for risk in risks(settings):
        logger.warning("%s", risk)


def _raise_file_limit(connections: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < connections + SPARE_FILES:
        logger.warning(
            "max_connections is %s, but this process may open %s files only (ulimit -n)",
            connections,
            hard,
        )
