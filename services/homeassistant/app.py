"""The Home Assistant service: follows the devices, keeps the energy."""

import asyncio
import contextlib
import logging
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.homeassistant import store
from services.homeassistant.link import Link
from services.homeassistant.metering import Metering
from services.homeassistant.settings import HomeAssistantSettings
from shared.latest import Latest
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.topics import ServiceKind, Topics

_FIXED: Final = ("id", "discovery_prefix", "birth_topic", "state_file", "save_interval")

logger = logging.getLogger(__name__)


async def run(settings: Latest[HomeAssistantSettings]) -> None:
    """Serve until cancelled, and follow the settings; SettingsError if nothing can be stored."""
    first = settings.value
    section = first.homeassistant
    async with contextlib.AsyncExitStack() as stack:
        # Two services that write one file would each put the other's count back.
        await asyncio.to_thread(stack.enter_context, store.alone(section.state_file))
        energies = await asyncio.to_thread(store.load, section.state_file)
        metering = Metering.resumed(section.rules, energies)
        link = Link(section, Topics(first.bus.prefix), metering)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
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
    # One thread: a write that was begun when we are told to end is done before the last one.
    with ThreadPoolExecutor(1, thread_name_prefix="energy") as thread:
        keeper = _Keeper(metering, file, thread, metering.energies())
        try:
            while True:
                await asyncio.sleep(interval)
                await keeper.store()
        finally:
            await keeper.store()


@dataclass(slots=True)
class _Keeper:
    """Writes the energy when it is not `stored` yet; the same trouble is told once."""

    metering: Metering
    file: Path
    thread: Executor
    stored: dict[str, float]
    trouble: str = ""

    async def store(self) -> None:
        """Write the file, if there is any news."""
        energies = self.metering.energies()
        if energies == self.stored:
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self.thread, store.save, self.file, energies)
        except OSError as error:
            before, self.trouble = self.trouble, error.strerror or str(error)
            level = logging.DEBUG if self.trouble == before else logging.ERROR
            logger.log(level, "%s: the energy is not stored: %s", self.file, self.trouble)
            return
        if self.trouble:
            logger.info("%s: the energy is stored again", self.file)
        self.stored, self.trouble = energies, ""
