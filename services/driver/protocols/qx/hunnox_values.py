"""Converters of the dialect hunnox.

Facts: NUT, drivers/nutdrv_qx_hunnox.c.
"""

from services.driver.protocols.qx.numbers import whole
from services.driver.protocols.qx.table import Cut

LEAD = "BL"


def battery_charge(cut: Cut) -> str:
    """Read the percentage behind the letters BL."""
    if not cut.text.startswith(LEAD):
        raise ValueError(f"{cut.text!r} does not begin with {LEAD}")
    percent = whole(cut.text.removeprefix(LEAD))
    if percent > 100:
        raise ValueError(f"{percent} is no percentage")
    return str(percent)
