"""Stays connected to the bus: session after session."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from shared import supervisor
from shared.bus import Bus, connect
from shared.errors import BusError, first_error
from shared.presence import Identity
from shared.settings import BusSettings

# A driver and a monitor that both lost the broker for a while have to find each other again before
# DEADTIME (15 s by default) is over: on battery a monitor that hears nothing shuts its host down.
MAX_DELAY = 3.0
STEADY_AFTER = 10.0  # a session that lasted this long was a good one: the next try comes soon

logger = logging.getLogger(__name__)


async def stay_connected(
    settings: BusSettings,
    identity: Identity | None,
    session: Callable[[Bus], Awaitable[None]],
) -> None:
    """Run a session for each connection, again and again, until a session ends by itself.

    Of several brokers the one that was lost is tried last. The delays grow exponentially with full
    jitter, since many services lose one broker at once.
    """
    attempt, loop = 0, asyncio.get_running_loop()
    while True:
        began = loop.time()
        # A task of its own: on Python 3.11 a TaskGroup that ends by an error while it waits for its
        # tasks leaves its own task marked as cancelled, and swallows a cancellation from outside.
        async with asyncio.TaskGroup() as alone:
            trying = alone.create_task(_hold(settings, identity, session))
        lost, settings = trying.result()
        if lost is None:
            return
        attempt = 0 if loop.time() - began > STEADY_AFTER else attempt + 1
        logger.log(logging.WARNING if attempt <= 1 else logging.DEBUG, "%s", lost)
        supervisor.current().say(f"{lost}; it is tried again")
        most = min(MAX_DELAY, 2.0 ** min(attempt, 10) / 2)
        await asyncio.sleep(random.uniform(0, most))  # noqa: S311 -- jitter is no secret


async def _hold(
    settings: BusSettings,
    identity: Identity | None,
    session: Callable[[Bus], Awaitable[None]],
) -> tuple[BaseException | None, BusSettings]:
    """Run one session; return why it was lost, None if it ended, and the settings to go on with."""
    reason: BaseException | None = None
    ended = False
    after = settings
    try:
        async with connect(settings, identity) as bus:
            logger.info("connected to the broker at %s", settings.addresses[bus.place])
            after = settings.beginning_after(bus.place)
            await session(bus)
            ended = True
    except* BusError as lost:
        reason = first_error(lost)
    return (None if ended else reason), after
