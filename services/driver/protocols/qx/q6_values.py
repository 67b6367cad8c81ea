"""What the values of the dialects q6 and q2 mean, for UPS with three phases.

Facts: NUT, drivers/nutdrv_qx_q6.c and nutdrv_qx_q2.c.
"""

from collections.abc import Mapping

from services.driver.protocols.qx.table import Cut, Knowledge, When

_TOPOLOGIES = {"1": "star", "0": "delta"}


def topology_bits(cut: Cut) -> str:
    """Read how the windings of a transformer are wired."""
    if cut.text not in _TOPOLOGIES:
        raise ValueError(f"{cut.text!r} is no topology")
    return _TOPOLOGIES[cut.text]


def wants_loads(known: Knowledge) -> bool:
    """Tell whether the powers and currents of the load are to be read."""
    return "nooutstats" not in known.options


WHEN: Mapping[str, When] = {"request:WA\r": wants_loads}
OPTIONS: Mapping[str, str] = {
    "nooutstats": "Do not read the powers and currents of the load (WA).",
}
