"""What the scheduler says on the bus of what is due, with a real broker."""

import asyncio

import pytest

from shared.bus import connect
from shared.messages import read
from shared.service_messages import Timers
from shared.settings import BusSettings
from tests.integration.schedulers import TIMEOUT, Ups, running, scheduling, until

pytestmark = pytest.mark.integration

TOPIC = "nut/service/scheduler/tested/timers"


async def heard(bus, is_right):
    """Wait for timers of the kind wanted."""
    async with asyncio.timeout(TIMEOUT):
        async for message in bus.listen(TOPIC):
            timers = read(Timers, message)
            if is_right(timers):
                return timers
    raise AssertionError("the bus ended")


async def test_what_is_due_is_on_the_bus_and_goes_with_its_reason(broker, tmp_path):
    rule = {"name": "late", "when": "ONBATT", "for": 600, "do": [{"run": ["/bin/true", "secret"]}]}
    tables = {
        "bus": {"broker": broker.url, "keepalive": 10},
        "scheduler": {"id": "tested", "database": str(tmp_path / "s.sqlite3"), "rules": [rule]},
    }
    ups = Ups(broker.url)
    async with running(ups.play()), scheduling(tables):
        await until(lambda: ups.bus)
        async with connect(BusSettings(broker=broker.url)) as bus:
            await heard(bus, lambda timers: not timers.timers)
            await ups.says("OB DISCHRG")
            begun = await heard(bus, lambda timers: timers.timers)
            [timer] = begun.timers
            assert (timer.name, timer.device, timer.action) == ("late", "rack1", "run true")
            assert 590 < timer.due - begun.at <= 600
            repeated = await heard(bus, lambda timers: timers.at > begun.at)
            assert repeated.timers == begun.timers
            await ups.says("OL")
            await heard(bus, lambda timers: not timers.timers)
        async with connect(BusSettings(broker=broker.url)) as later:
            await heard(later, lambda timers: not timers.timers)  # it is retained
