"""What Tripp Lite's devices mean."""

from services.driver.protocols.hid.table import Known

_WRONG_CHEMISTRY = ("1003", "2005")  # AVR 550 U, OMNI 1000 LCD: their index names another text


def chemistry(value: float, known: Known) -> str | None:
    """Give the text of the battery's chemistry."""
    if known.identity.id.product in _WRONG_CHEMISTRY:
        return "unknown"
    return known.strings.get(int(value))
