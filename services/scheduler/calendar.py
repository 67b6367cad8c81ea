"""Calendars: when a cron line is due, in local time with its summer and winter; pure.

An occurrence is made up for when it is at most `MAKE_UP` late, because the service was not running
or the clock was set forward, and each is done once, even if the clock is set back over it. A clock
that is set back further than that was wrong before: the calendar counts from the new time.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from services.scheduler.rules import Action, Holds, Reading

MAKE_UP: Final = 3 * 3600.0  # as Debian's cron
EXAMPLE: Final = "minute hour day-of-month month day-of-week, as '0 3 * * 1' for Monday at 3:00"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: what to do at each time of the cron line, for the devices where `when` holds.

    `device` "" is an entry that is about no device.
    """

    id: str
    name: str
    cron: str
    device: str
    when: Holds | None
    actions: tuple[Action, ...]

    def is_for(self, reading: Reading) -> bool:
        """Tell whether the entry is for this device now."""
        if not fnmatchcase(reading.device, self.device):
            return False
        return self.when is None or self.when.holds(reading) is True


def checked(cron: str) -> str:
    """Pass a cron line; ValueError says what is wrong, also with one that never comes true."""
    try:
        next(CronSim(cron, datetime(2024, 1, 1)))
    except CronSimError as error:
        raise ValueError(f"{cron!r} is no cron line ({error}): it is {EXAMPLE}") from None
    except StopIteration:
        raise ValueError(f"{cron!r} never comes true: there is no such day") from None
    return cron


def after(cron: str, moment: float, zone: tzinfo) -> float:
    """Find the first occurrence after a moment."""
    return next(CronSim(cron, datetime.fromtimestamp(moment, zone))).timestamp()


def latest(cron: str, moment: float, zone: tzinfo) -> float:
    """Find the last occurrence that is not after a moment."""
    # One second on, since the search goes back from a second and leaves that out.
    second = datetime.fromtimestamp(math.floor(moment) + 1, zone)
    return next(CronSim(cron, second, reverse=True)).timestamp()


def local_zone(environment: Mapping[str, str] = os.environ) -> tzinfo:
    """Find this machine's time zone: TZ, else the one it is set to, else UTC."""
    try:
        if name := environment.get("TZ", "").removeprefix(":"):
            return ZoneInfo(name)
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return UTC  # also without any data on zones
