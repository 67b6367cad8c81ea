"""The dialects in the order in which they are tried: the first that a device speaks counts."""

from services.driver.protocols.qx.megatec import MEGATEC
from services.driver.protocols.qx.q1 import Q1
from services.driver.protocols.qx.table import Dialect

DIALECTS: tuple[Dialect, ...] = (MEGATEC, Q1)
