"""What Belkin's and Liebert's devices mean."""

from collections.abc import Mapping

from services.driver.protocols.hid.table import Known

SERIAL = "UPS.PowerSummary.iSerialNumber"
_LINE_FACTOR = "line voltage factor"
_NOMINAL_FACTOR = "nominal voltage factor"


def line_voltage(value: float, known: Known) -> str:
    """Write a voltage; some Liebert units state a wrong exponent, which its size tells."""
    if abs(value - 1e-5) < 4e-5:
        known.notes[_LINE_FACTOR] = "1e7"
    elif abs(value - 1e-3) < 4e-3:
        known.notes[_LINE_FACTOR] = "1e5"
    return f"{value * float(known.notes.get(_LINE_FACTOR, '1')):.1f}"


def nominal_voltage(value: float, known: Known) -> str:
    """Write a nominal voltage; its size tells of a wrong exponent in all voltages."""
    if abs(value - 1e-7) < 1e-9:
        known.notes[_NOMINAL_FACTOR] = "1e8"
        known.notes[_LINE_FACTOR] = "1e7"
    return f"{value * float(known.notes.get(_NOMINAL_FACTOR, '1')):.1f}"


def identify(known: Known, answers: Mapping[str, str]) -> dict[str, str]:
    """Name a device; the serial number may only stand in its reports."""
    serial = known.identity.serial or answers.get(SERIAL)
    return {
        "ups.mfr": (known.identity.maker or "").lstrip(" ") or "Belkin",
        "ups.model": known.identity.product or "unknown",
    } | ({"ups.serial": serial} if serial else {})
