"""What the values of the dialects q6 and q2 mean, for UPS with three phases.

Facts: NUT, drivers/nutdrv_qx_q6.c and nutdrv_qx_q2.c.
"""

from services.driver.protocols.qx.table import Cut

_TOPOLOGIES = {"1": "star", "0": "delta"}


def topology_bits(cut: Cut) -> str:
    """Read how the windings of a transformer are wired."""
    if cut.text not in _TOPOLOGIES:
        raise ValueError(f"{cut.text!r} is no topology")
    return _TOPOLOGIES[cut.text]
