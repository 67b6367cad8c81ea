"""Converters of the dialect mecer.

Facts: NUT, drivers/nutdrv_qx_mecer.c.
"""

from services.driver.protocols.qx.blazer import LONGEST_TEST, SHORTEST_TEST, TEST_SECONDS
from services.driver.protocols.qx.numbers import whole, written
from services.driver.protocols.qx.table import Cut, Wish
from shared.errors import RefusedError, ResultStatus

P98 = "Voltronic Power P98"
P98_SHORTEST_TEST = 12


def p98_protocol(cut: Cut) -> str:
    """Read the name of the protocol; another one is another dialect."""
    if cut.text.upper() != "PI98":
        raise ValueError(f"{cut.text!r} is another protocol")
    return P98


def test_battery(wish: Wish) -> str:
    """Ask for a test of so many seconds; some of these devices can do less than a minute."""
    is_p98 = wish.known.variables.get("ups.firmware.aux") == P98
    shortest = P98_SHORTEST_TEST if is_p98 else SHORTEST_TEST
    try:
        seconds = whole(wish.value) if wish.value else TEST_SECONDS
    except ValueError:
        seconds = 0
    if not shortest <= seconds <= LONGEST_TEST:
        limits = f"{shortest} to {LONGEST_TEST}"
        raise RefusedError(ResultStatus.INVALID, f"a battery test takes {limits} s")
    minutes = f".{seconds // 6}" if seconds < 60 else f"{seconds // 60:02d}"
    assert wish.row.request is not None
    return written(wish.row.request, minutes)
