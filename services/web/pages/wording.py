"""How pages write numbers, times and names. Pure; the texts are escaped where they are used."""

import math
import re
import time
from typing import Final

from shared.variables import Kind, Variable, number_of, variable

LONGEST: Final = 1e10  # seconds; who says more says nothing
_STEPS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
TIME: Final = "%Y-%m-%d %H:%M:%S"
_EMPTY_TIME: Final = re.compile(
    r'<time ([^>]*)data-(?P<kind>since|until)="(?P<moment>-?[0-9.]+)"([^>]*)></time>'
)


def duration(seconds: float) -> str:
    """Write a length of time in its two largest units, `2 h 5 min`; never negative."""
    left = math.floor(min(max(0.0, seconds), LONGEST))
    said: list[str] = []
    for size, unit in _STEPS:
        count, left = divmod(left, size)
        if count or said or size == 1:
            said.append(f"{count} {unit}")
        if len(said) == 2:
            break
    return " ".join(each for each in said if len(said) == 1 or not each.startswith("0 "))


def number(text: str | None) -> float | None:
    """Read a number that a device gave, spaces around it or not; None when it is none."""
    return number_of(text.strip()) if text else None


def share(value: float, low: float, high: float) -> float:
    """Give the place of a value between two others, 0 to 100."""
    if high <= low:
        return 0.0
    return round(min(100.0, max(0.0, 100.0 * (value - low) / (high - low))), 1)


def described(name: str) -> Variable | None:
    """Look a variable up in the catalogue."""
    return variable(name)


def readable(name: str, value: str) -> str:
    """Say a value beyond its digits where that helps: seconds as `12 min 5 s`; else ""."""
    known = variable(name)
    if known is None or known.kind is not Kind.NUMBER or known.unit != "s":
        return ""
    seconds = number(value)
    return duration(seconds) if seconds is not None and seconds >= 60 else ""


def unit(name: str) -> str:
    """Give the unit of a variable, "" when it has none."""
    known = variable(name)
    return known.unit if known else ""


def local_time(epoch: float) -> str:
    """Write a moment as this machine's zone has it."""
    try:
        return time.strftime(TIME, time.localtime(epoch))
    except (OverflowError, OSError, ValueError):
        return "at no time"


def machine_time(epoch: float) -> str:
    """Write a moment for machines, in UTC."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
    except (OverflowError, OSError, ValueError):
        return ""


def with_times(html: str, now: float) -> str:
    """Fill in the times that browsers count on by themselves, for those that do not."""

    def filled(match: re.Match[str]) -> str:
        moment = float(match["moment"])
        passed = now - moment if match["kind"] == "since" else moment - now
        return f"{match[0].removesuffix('</time>')}{duration(passed)}</time>"

    return _EMPTY_TIME.sub(filled, html)
