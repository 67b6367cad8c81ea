"""Whether a host that went down had to: by what its supplies really said before. Pure."""

from collections.abc import Callable

from tests.soak.plant import HOSTS
from tests.soak.settings import DEAD_TIME, HOST_SYNC
from tests.soak.truth import SILENT, Device, Faults, Word

NEWS = 4.0  # seconds until a monitor that is not disturbed has heard what a device says
MENDED = 12.0  # seconds after a fault until everybody has heard everything again
MEMORY = 45.0  # seconds for which what was last heard may count while the set is disturbed
ENOUGH = 1  # power value that each host needs

HadFsd = Callable[[str, float, float], bool]


def had_to_go(
    host: str, at: float, devices: dict[str, Device], faults: Faults, had_fsd: HadFsd
) -> bool:
    """Tell whether so many supplies of a host may have been lost at a moment that it had to go."""
    left = [
        device
        for device in HOSTS[host]
        if not _may_be_lost(devices[device], at, faults)
        and not had_fsd(device, at - MEMORY, at + 1)
    ]
    return len(left) < ENOUGH


def _may_be_lost(device: Device, at: float, faults: Faults) -> bool:
    is_calm = faults.is_calm(at - MENDED - DEAD_TIME - HOST_SYNC, at)
    since = at - (NEWS + HOST_SYNC) - (0 if is_calm else MEMORY)
    if device.was(_is_low, since, at):
        return True
    if not device.was(_is_on_battery, since - (DEAD_TIME + HOST_SYNC), at):
        return False
    return not is_calm or device.was(_is_silent, since - DEAD_TIME, at)


def _is_low(word: Word) -> bool:
    return "LB" in word.status


def _is_on_battery(word: Word) -> bool:
    return "OB" in word.status


def _is_silent(word: Word) -> bool:
    return word.status == SILENT
