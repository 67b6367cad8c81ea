"""What still comes from the bus while a driver service ends."""

import asyncio

import pytest

from services.driver.app import Host
from services.driver.settings import DriverSettings

SETTINGS = DriverSettings.from_tables(
    {
        "driver": {"id": "one"},
        "devices": {"ups1": {"driver": "simulated", "standby": True}},
    },
    "test",
)


async def test_a_claim_that_is_confirmed_while_everything_ends_begins_no_work(recwarn):
    hosts: asyncio.Queue[Host] = asyncio.Queue()

    async def service() -> None:
        async with asyncio.TaskGroup() as tasks:
            hosts.put_nowait(Host(SETTINGS, tasks, None))
            tasks.create_task(asyncio.sleep(3600))

    running = asyncio.create_task(service())
    host = await hosts.get()
    running.cancel()
    await asyncio.sleep(0)  # the group ends its tasks; what listens is deeper and goes on
    host._turn("ups1", True)  # from outside nobody hits the few turns of the loop
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not recwarn.list
