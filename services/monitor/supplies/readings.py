"""The variables that a monitor reads, and numbers in NUT's texts."""

import math
from typing import Final

STATUS: Final = "ups.status"
ALARM: Final = "ups.alarm"
BUZZWORDS: Final = ("ups.mode.buzzwords", "experimental.ups.mode.buzzwords")
CHARGE: Final = "battery.charge"
RUNTIME: Final = "battery.runtime"
TEMPERATURE: Final = "battery.temperature"


def number(text: str | None) -> float | None:
    """Read a number; None for what is none, or not finite."""
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None
