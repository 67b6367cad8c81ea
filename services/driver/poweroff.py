"""Powers devices off when no driver service runs any more, as NUT's `driver -k` does."""

import asyncio
import logging

from services.driver.contract import Site
from services.driver.features import SHUTDOWN, shutdowns
from services.driver.settings import DeviceSettings, DriverSettings
from shared.errors import DeviceError, RefusedError, ResultStatus

REACH_TIMEOUT = 30.0
NEVER = -1  # the sdorder of a device that is not to be powered off

logger = logging.getLogger(__name__)


def in_order(settings: DriverSettings, only: str | None = None) -> list[str]:
    """List the devices in the order in which they are powered off; sdorder -1 is left out."""
    devices = settings.devices
    chosen = [name for name in devices if devices[name].sdorder != NEVER and only in (None, name)]
    return sorted(chosen, key=lambda name: devices[name].sdorder)


def attempts(settings: DeviceSettings) -> list[str]:
    """List the commands that are tried in turn."""
    return settings.sdcommands or [SHUTDOWN]


async def power_off(site: Site, settings: DeviceSettings) -> str:
    """Open a line of our own and try the commands; return the one that was taken.

    Raises DeviceError when the device cannot be reached, RefusedError when it takes none of them,
    SettingsError when its driver is unknown.
    """
    if settings.kind is None:
        raise DeviceError(settings.unknown_driver())
    driver = settings.kind.create(site, settings.options)
    try:
        async with asyncio.timeout(REACH_TIMEOUT):
            await driver.open()
            known = (await driver.poll()).commands
            reasons = []
            for wanted in attempts(settings):
                command = next(iter(shutdowns(known)), "") if wanted == SHUTDOWN else wanted
                if command not in known:
                    reasons.append(f"{wanted}: the device has no such command")
                    continue
                try:
                    await driver.command(command, None)
                except RefusedError as refused:
                    reasons.append(f"{command}: {refused}")
                else:
                    logger.warning("%s: powered off with %s", site.device, command)
                    return command
            raise RefusedError(ResultStatus.FAILED, "; ".join(reasons))
    except TimeoutError:
        raise DeviceError(f"{site.device}: no answer in {REACH_TIMEOUT:.0f} s") from None
    finally:
        await driver.close()
