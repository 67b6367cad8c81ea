"""How much trouble a device is in: what pages sort by, colour, and say in words. Pure."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from shared.fleet import Device
from shared.messages import Availability
from shared.status import Status, in_words, words


class Level(IntEnum):
    """The worst first: FSD or a low battery, on battery, not answering, a fault, odd, all well."""

    CRITICAL = 0
    BATTERY = 1
    UNREACHABLE = 2
    FAULT = 3
    ODD = 4
    FINE = 5


# The first row with a word of the status says the level.
_LEVELS: Final = (
    (frozenset({Status.FSD}), Level.CRITICAL),
    (frozenset({Status.OB}), Level.BATTERY),
    (frozenset({Status.OVER, Status.ALARM, Status.RB, Status.OFF, Status.LB}), Level.FAULT),
    (
        frozenset(
            {
                Status.BYPASS,
                Status.CAL,
                Status.TRIM,
                Status.BOOST,
                Status.TEST,
                Status.WAIT,
                Status.HB,
            }
        ),
        Level.ODD,
    ),
)
# How a level is called in class attributes of pages.
NAMES: Final = {level: level.name.lower() for level in Level}


@dataclass(frozen=True, slots=True)
class Standing:
    """A level, and in words what the matter is; `is_live`: what the device said is true now."""

    level: Level
    text: str
    is_live: bool

    @property
    def name(self) -> str:
        """The level's name in class attributes."""
        return NAMES[self.level]


def standing(device: Device) -> Standing:
    """Judge a device."""
    status = words(device.status)
    if device.standing is not Availability.ONLINE:
        return _lost(device, status)
    level = Level.ODD if not status else _level(status)
    return Standing(level, in_words(device.status) or "no status", is_live=True)


def is_on_battery(device: Device) -> bool:
    """Tell whether a device lives on its battery, or did when it was last heard, or is in FSD."""
    status = words(device.status)
    return Status.FSD in status or Status.OB in status


def _level(status: tuple[str, ...]) -> Level:
    if Status.OB in status and Status.LB in status:
        return Level.CRITICAL
    usual = Level.FINE if Status.OL in status else Level.ODD
    return next((level for known, level in _LEVELS if not known.isdisjoint(status)), usual)


def _lost(device: Device, status: tuple[str, ...]) -> Standing:
    text = "does not answer" if device.standing is Availability.STALE else "not connected"
    if Status.FSD in status:
        return Standing(Level.CRITICAL, f"forced shutdown, {text}", is_live=False)
    if Status.OB in status:
        return Standing(Level.CRITICAL, f"{text}, was on battery", is_live=False)
    return Standing(Level.UNREACHABLE, text, is_live=False)


def reason(device: Device, told: str = "") -> str:
    """Say why a device is away; "" when it is not. `told` is driver.state beside the state."""
    if device.standing is Availability.ONLINE:
        return ""
    meta, variables = device.meta, device.variables
    if meta and not device.service_online:
        return f"its driver service {meta.service} is not running"
    said = (told or variables.get("driver.state", "")).partition(": ")
    if said[0] == "reconnect.trying" and said[2]:
        return said[2]
    if device.overdue:
        return "its driver has stopped to tell of it"
    return (
        "it was stopped"
        if device.standing is Availability.OFFLINE
        else "its driver does not say why"
    )
