"""What the web says of devices while it hears nothing of the bus."""

import asyncio

import pytest

from tests.integration.power import plant
from tests.integration.webs import Web

pytestmark = pytest.mark.integration

TIMEOUT = 20.0


async def standing(client):
    return (await client.get("/api/v1/devices/rack1")).json().get("standing")


async def becomes(client, awaited):
    async with asyncio.timeout(TIMEOUT):
        while await standing(client) != awaited:
            await asyncio.sleep(0.05)


async def test_a_device_becomes_stale_while_the_bus_is_away(broker):
    async with plant(broker.url, rack1="OL"), Web(broker.url).up() as client:
        await becomes(client, "online")
        await broker.kill()
        await becomes(client, "stale")
        await broker.start()
        await becomes(client, "online")
