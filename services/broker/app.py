"""Run the embedded broker."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig

from services.broker.settings import BrokerSettings

ANONYMOUS = "amqtt.plugins.authentication.AnonymousAuthPlugin"


class BrokerServer(Broker):  # type: ignore[misc]  # amqtt carries no types
    """The broker, listening."""

    def abort(self) -> None:
        """Drop every client without a word."""


async def run(settings: BrokerSettings, *, ready: asyncio.Event | None = None) -> None:
    """Run the broker until cancelled; set `ready` once it listens."""
    async with serving(settings):
        if ready is not None:
            ready.set()
        await asyncio.Event().wait()


@asynccontextmanager
async def serving(settings: BrokerSettings) -> AsyncGenerator[BrokerServer]:
    """Have the broker listen inside the `async with`."""
    listeners = {
        str(address) if index else "default": ListenerConfig(bind=str(address))
        for index, address in enumerate(settings.addresses)
    }
    plugins = {ANONYMOUS: {"allow_anonymous": True}}
    server = BrokerServer(BrokerConfig(listeners=listeners, plugins=plugins))
    await server.start()
    try:
        yield server
    finally:
        await server.shutdown()
