"""What the values of the dialect q2 mean: the same as those of q6."""

from services.driver.protocols.qx.q6_values import topology_bits

__all__ = ["topology_bits"]
