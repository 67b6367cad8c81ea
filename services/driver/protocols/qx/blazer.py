"""What most dialects share: the status bits of Q1, the delays, and the commands made of them.

Facts: NUT, drivers/nutdrv_qx_blazer-common.c.
"""

from services.driver.protocols.qx.numbers import number, written
from services.driver.protocols.qx.table import Cut, Found, Wish
from shared.errors import RefusedError, ResultStatus

TEST_SECONDS = 600
SHORTEST_TEST, LONGEST_TEST = 60, 5940

# The column of a status bit, and what "0" and "1" in it say.
_BITS = {
    38: (Found(words=("OL",)), Found(words=("!OL",))),
    39: (Found(words=("!LB",)), Found(words=("LB",))),
    41: (Found(), Found(alarms=("UPS selftest failed!",))),
    42: (Found("online"), Found("offline / line interactive")),
    43: (Found(words=("!CAL",)), Found(words=("CAL",))),
    44: (Found(words=("!FSD",)), Found(words=("FSD",))),
    45: (Found("disabled"), Found("enabled")),
}
# Output as a share of the input, up to which the regulator is said to do what.
_REGULATION = ((0.95, "TRIM"), (1.05, "BYPASS"), (1.5, "BOOST"))
REGULATED = 40
_INPUTS = ("input.voltage", "input.L1-N.voltage")
_OUTPUTS = ("output.voltage", "output.L1-N.voltage")


def status_bits(cut: Cut) -> Found:
    """Read one of the eight status bits, by its column."""
    if cut.text not in ("0", "1"):
        raise ValueError(f"{cut.text!r} is no status bit")
    if cut.row.start == REGULATED:
        return regulation(cut) if cut.text == "1" else Found()
    return _BITS[cut.row.start][int(cut.text)]


def regulation(cut: Cut) -> Found:
    """Tell from the voltages what a UPS does that says it bypasses, boosts or trims."""
    came, goes = (_voltage(cut, names) for names in (_INPUTS, _OUTPUTS))
    if goes < 0.5 * came:
        raise ValueError(f"{goes:g} V of {came:g} V are too few for boost, trim or bypass")
    for share, word in _REGULATION:
        if goes < share * came:
            return Found(words=(word,))
    raise ValueError(f"{goes:g} V of {came:g} V are too many for boost, trim or bypass")


def whole_steps(wish: Wish) -> str:
    """Cut a delay in seconds to what can be asked for: tenths of a minute below one, minutes."""
    seconds = _seconds(wish.value)
    if _is_start(wish):
        return str(seconds - seconds % 60)
    return str(seconds - seconds % (6 if seconds < 60 else 60))


def shutdown_return(wish: Wish) -> str:
    """Ask for a shutdown after the delay, and a start after the other or with the mains."""
    minutes = _delay(wish, "ups.delay.start") // 60
    back = f"R{minutes:04d}" if minutes > 0 else ""
    return written(_request(wish), off_delay(wish) + back)


def shutdown_stayoff(wish: Wish) -> str:
    """Ask for a shutdown after the delay."""
    return written(_request(wish), off_delay(wish))


def off_delay(wish: Wish) -> str:
    """Write ups.delay.shutdown in minutes: .2 to .9, or 01 and more."""
    seconds = _delay(wish, "ups.delay.shutdown")
    return f".{seconds // 6}" if seconds < 60 else f"{seconds // 60:02d}"


def battery_test(wish: Wish) -> str:
    """Ask for a test of so many seconds, ten minutes if nothing is said."""
    seconds = _seconds(wish.value) if wish.value else TEST_SECONDS
    if not SHORTEST_TEST <= seconds <= LONGEST_TEST:
        limits = f"{SHORTEST_TEST} to {LONGEST_TEST}"
        raise RefusedError(ResultStatus.INVALID, f"a battery test takes {limits} s")
    request = _request(wish)
    return written(request, seconds // 60) if "%" in request else request


def _voltage(cut: Cut, names: tuple[str, ...]) -> float:
    told = (cut.known.variables[name] for name in names if name in cut.known.variables)
    return number(next(told, ""))


def _is_start(wish: Wish) -> bool:
    return getattr(wish.row, "variable", "") == "ups.delay.start"


def _request(wish: Wish) -> str:
    assert wish.row.request is not None
    return wish.row.request


def _seconds(text: str) -> int:
    try:
        return int(number(text))
    except ValueError:
        raise RefusedError(ResultStatus.INVALID, "a number of seconds") from None


def _delay(wish: Wish, name: str) -> int:
    return int(wish.known.number(name))
