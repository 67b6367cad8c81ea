"""Run the embedded broker."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from services.broker.server import BrokerServer
from services.broker.settings import BrokerSettings
from shared import supervisor

BROKER = "broker"  # a part that systemd waits for


async def run(settings: BrokerSettings, *, ready: asyncio.Event | None = None) -> None:
    """Run the broker until cancelled; set `ready` once it listens.

    Raises BrokerError if an address cannot be had.
    """
    async with serving(settings):
        if ready is not None:
            ready.set()
        await asyncio.Event().wait()


@asynccontextmanager
async def serving(settings: BrokerSettings) -> AsyncGenerator[BrokerServer]:
    """Have the broker listen inside the `async with`."""
    server = BrokerServer(settings)
    await server.open()
    supervisor.current().serves(BROKER)
    try:
        yield server
    finally:
        await server.close()
