"""Converters of the dialect voltronic-qs.

Facts: NUT, drivers/nutdrv_qx_voltronic-qs.c.
"""

from services.driver.protocols.qx.numbers import written
from services.driver.protocols.qx.table import Cut

PROTOCOLS = ("V", "H")


def protocol(cut: Cut) -> str:
    """Read the letter of the protocol; another one is another dialect."""
    if cut.text.upper() not in PROTOCOLS:
        raise ValueError(f"{cut.text!r} is another protocol")
    return written(cut.row.form, cut.text)
