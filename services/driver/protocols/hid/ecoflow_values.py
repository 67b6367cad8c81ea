"""What EcoFlow's devices mean."""

from services.driver.protocols.hid.table import Known


def runtime(value: float, _known: Known) -> str | None:
    """Turn minutes into seconds; nothing below 0 is a time."""
    return f"{value * 60:.0f}" if value >= 0 else None
