"""What Powercom's devices mean: delays in minutes and seconds, and a voltage in plain text."""

import re
from bisect import bisect_left

from services.driver.protocols.hid.table import Known

VOLTAGE = 164  # the report that says the battery's voltage as text
SWAPPED = "powercom_sdcmd_byte_order_fallback"
DISCRETE = "powercom_sdcmd_discrete_delay"
_RESTART, _STAY = 0x0040, 0x0080  # shall the output come back with the mains?
_LONGEST = 0xFFFF  # seconds
# Delays in seconds that some series know by number, from 1 on; ten minutes is all above.
_STEPS = (12, 18, 24, 30, 36, 42, 48, 54, 60, 120, 180, 240, 300, 360, 420, 480, 540)
_DECIMAL = re.compile(rb"[0-9.]+")


def startup(value: float, _known: Known) -> str:
    """Read seconds from minutes whose bytes are swapped."""
    return str(60 * _swapped(int(value) & 0xFFFF))


def as_startup(text: str | None, known: Known) -> float | None:
    """Write minutes for seconds; those of the settings or of ups.delay.start if none are named."""
    seconds = _seconds(text, known, "ondelay", "ups.delay.start", 120)
    if seconds is None:
        return None
    minutes = seconds // 60
    return float(minutes if DISCRETE in known.options else _swapped(minutes & 0xFFFF))


def shutdown(value: float, known: Known) -> str:
    """Read seconds from a byte of minutes and one of seconds."""
    high, low = divmod(int(value) & 0xFFFF, 256)
    return str(60 * low + high if SWAPPED in known.options else 60 * high + low)


def as_shutdown(text: str | None, known: Known) -> float | None:
    """Write an order to cut the output until the mains is back."""
    seconds = _seconds(text, known, "offdelay", "ups.delay.shutdown", 60)
    if seconds is not None and DISCRETE in known.options:
        return float(bisect_left(_STEPS, seconds) + 1)
    return _order(seconds, _RESTART, known)


def as_stayoff(text: str | None, known: Known) -> float | None:
    """Write an order to cut the output for good."""
    return _order(_seconds(text, known, "offdelay", "ups.delay.shutdown", 60), _STAY, known)


def voltage(_value: float, known: Known) -> str | None:
    """Read a voltage from text such as ` 13.7 2`; the last one that was whole counts."""
    found = _DECIMAL.search(known.reports.get(VOLTAGE, b"")[:7])
    if found and re.fullmatch(rb"[0-9]+\.[0-9]+", found[0]):
        known.notes["battery voltage"] = found[0].decode()
    return known.notes.get("battery voltage")


def _order(seconds: int | None, restart: int, known: Known) -> float | None:
    if seconds is None or seconds > _LONGEST:
        return None
    minutes, rest = divmod(seconds or 1, 60)  # 0 would be the longest delay
    order = ((minutes << 8) + rest) & 0xFFFF | restart
    return float(_swapped(order) if SWAPPED in known.options else order)


def _seconds(text: str | None, known: Known, option: str, variable: str, usual: int) -> int | None:
    stated = text or known.options.get(option) or known.variables.get(variable) or str(usual)
    return int(stated) if re.fullmatch("[0-9]{1,9}", stated) else None


def _swapped(word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8
