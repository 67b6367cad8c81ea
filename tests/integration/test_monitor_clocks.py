"""What the broker kept is told from what is of now, by clocks that may be wrong."""

import asyncio
import time

import pytest

from services.monitor.sights import Reach
from services.monitor.supplies.bus import BusLink, Interests
from services.monitor.supplies.others import boot_time
from shared.bus import connect
from shared.messages import DeviceState, ForcedShutdown
from shared.reconnecting import stay_connected
from tests.integration.power import TIMEOUT, TOPICS, background, bus_settings


@pytest.mark.parametrize(
    ("at", "is_old"),
    [
        (time.time, False),
        (lambda: boot_time() - 60, True),
        (lambda: time.time() + 30, False),  # of now by a clock that is a little ahead
        (lambda: time.time() + 3600, True),  # our own clock is behind: it may be of before
    ],
    ids=["now", "before the boot", "now, by another clock", "the future"],
)
async def test_a_state_and_an_order_that_the_broker_kept_count_if_they_are_of_now(
    broker, at, is_old
):
    state = DeviceState(seq=1, at=at(), vars={"ups.status": "OB LB"})
    async with connect(bus_settings(broker.url)) as bus:
        await bus.publish(ForcedShutdown(by="boss", at=at()).publication(TOPICS, "ups"))
        await bus.publish(state.publication(TOPICS, "ups", urgent=True))
    heard = asyncio.Event()
    link = BusLink("us", TOPICS, Interests(("ups",)), heard.set)
    async with (
        background(stay_connected(bus_settings(broker.url), None, link.session)),
        asyncio.timeout(TIMEOUT),
    ):
        while not (link.fleet.devices.get("ups") and link.fleet.devices["ups"].state):
            heard.clear()
            await heard.wait()
        sight = link.view({}).sights["ups"]
    assert sight.fsd
    assert sight.fsd_is_old is is_old
    assert sight.reach is (Reach.UNHEARD if is_old else Reach.CUT)
