"""The Home Assistant service: follows the devices, keeps the energy."""

import asyncio
import logging
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from services.homeassistant import store
from services.homeassistant.link import Link
from services.homeassistant.metering import Metering
from services.homeassistant.settings import HomeAssistantSettings
from shared.bus import Identity, stay_connected
from shared.latest import Latest
from shared.topics import ServiceKind, Topics

_FIXED: Final = ("id", "discovery_prefix", "birth_topic", "state_file", "save_interval")

logger = logging.getLogger(__name__)


async def run(settings: Latest[HomeAssistantSettings]) -> None:
    """Serve until cancelled, and follow the settings; SettingsError if nothing can be stored."""
    first = settings.value
    section = first.homeassistant
    energies = await asyncio.to_thread(store.load, section.state_file)
    metering = Metering.resumed(section.rules, energies)
    link = Link(section, Topics(first.bus.prefix), metering)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_keep(metering, section.state_file, section.save_interval))
        tasks.create_task(_follow(settings, link))
        identity = Identity(ServiceKind.HOMEASSISTANT, section.id)
        tasks.create_task(stay_connected(first.bus, identity, link.session))


async def _follow(latest: Latest[HomeAssistantSettings], link: Link) -> None:
    """Keep to the settings as they change, but for what was fixed when the service began."""
    first = latest.value
    fixed = {key: getattr(first.homeassistant, key) for key in _FIXED}
    async for settings in latest.follow():
        if settings is first:
            continue
        section = settings.homeassistant
        if first.bus != settings.bus or any(getattr(section, key) != fixed[key] for key in fixed):
            names = ", ".join(_FIXED)
            logger.warning("[bus], %s of [homeassistant] change with a restart only", names)
        link.apply(section.model_copy(update=fixed))


async def _keep(metering: Metering, file: Path, interval: float) -> None:
    """Store the energy at intervals and at the end, if there is any news."""
    stored = metering.energies()
    # One thread: a write that was begun when we are told to end is done before the last one.
    with ThreadPoolExecutor(1, thread_name_prefix="energy") as thread:
        try:
            while True:
                await asyncio.sleep(interval)
                stored = await _stored(metering, file, stored, thread)
        finally:
            await _stored(metering, file, stored, thread)


async def _stored(
    metering: Metering, file: Path, before: dict[str, float], thread: Executor
) -> dict[str, float]:
    energies = metering.energies()
    if energies == before:
        return before
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(thread, store.save, file, energies)
    except OSError as error:
        logger.error("%s: the energy is not stored: %s", file, error.strerror or error)
        return before
    return energies
