r"""Converters of the dialect ablerex.

Facts: NUT, drivers/nutdrv_qx_ablerex.c.
"""

from services.driver.protocols.qx import blazer
from services.driver.protocols.qx.numbers import number
from services.driver.protocols.qx.table import Cut, Found

PER_CELL = 3.0  # below so many volts the device tells the voltage of one cell
VOLTAGE, CUTOFF = "Q5 battery voltage", "Q5 cutoff voltage"  # private, in 1/100 V of 12 V
NOMINAL = "battery.voltage.nominal"
FULL, EMPTY = 1365, 960
OFF_BELOW = 50.0  # volts at the output

# Percent by volts, from the top; each list goes down in steps of a hundredth or a tenth of a volt.
_CELL = (
    *(100, 90, 88, 87, 85, 83, 82, 80, 78, 77, 75, 73, 72, 70, 68, 65, 65, 62, 62, 58, 58, 55, 55),
    *(53, 52, 50, 48, 47, 45, 43, 42, 40, 38, 37, 35, 33, 32, 30, 28, 27, 25, 23, 22, 20, 18, 17),
    *(15, 13, 12, 10, 8, 7, 5, 3, 2, 0),
)
_BLOCK = (
    *(100, 90, 88, 86, 83, 80, 77, 74, 72, 69, 66, 63, 61, 58, 55, 52, 49, 47, 44, 41, 38, 36, 33),
    *(30, 27, 24, 22, 19, 16, 13, 11, 8, 5, 2, 0),
)
_CELL_VOLTS = tuple(round(2.22 - 0.01 * step, 2) for step in range(len(_CELL)))
_BLOCK_VOLTS = (13.5, *(round(13.3 - 0.1 * step, 1) for step in range(len(_BLOCK) - 1)))


def battery(cut: Cut) -> str:
    """Tell the voltage of the whole battery, whatever part of it the device tells."""
    volts, nominal = number(cut.text), cut.known.number(NOMINAL)
    exact = float(cut.known.private.get(VOLTAGE, "0"))
    if not nominal:
        return f"{volts:.2f}"
    if exact > 0:
        return f"{exact * nominal / 1200:.2f}"
    return f"{volts if volts > PER_CELL else volts * 6 * nominal / 12:.2f}"


def batterycharge(cut: Cut) -> str:
    """Tell the charge by the voltage of a cell, or of a block of six."""
    volts, nominal = number(cut.text), cut.known.number(NOMINAL)
    if not nominal:
        return "100"
    if volts < PER_CELL:
        steps = zip(_CELL_VOLTS, _CELL, strict=True)
    else:
        volts = volts / (nominal / 12)
        steps = zip(_BLOCK_VOLTS, _BLOCK, strict=True)
    return str(next((percent for limit, percent in steps if volts >= limit), 0))


def initbattery(cut: Cut) -> str:
    """Tell the voltages of an empty and of a full battery by its nominal one."""
    nominal = cut.known.number(NOMINAL)
    if not nominal:
        raise ValueError("the nominal voltage is not known")
    empty = float(cut.known.private.get(CUTOFF, "0")) or EMPTY
    share = empty if cut.row.variable == "battery.voltage.low" else FULL
    return f"{share * nominal / 1200:.2f}"


def Q5(cut: Cut) -> Found:  # noqa: N802 -- the name of the request
    """Read the words of two bytes: frequency, battery, fault and current."""
    frequency, fault, current = (_word(cut.reply, place) for place in (1, 13, 15))
    return Found(
        f"{frequency * 0.1:.1f}",
        alarms=(str(fault),) if fault else (),
        variables={"output.current": f"{current * 0.1:.1f}"},
        private={VOLTAGE: str(_word(cut.reply, 7)), CUTOFF: str(_word(cut.reply, 9))},
    )


def At(cut: Cut) -> str:  # noqa: N802 -- the name of the request
    """Read four bytes: the runtime."""
    return str(_word(cut.reply, 1) << 16 | _word(cut.reply, 3))


def TR(cut: Cut) -> str:  # noqa: N802 -- the name of the request
    """Read the four letters of the test's result."""
    return cut.reply[1:5].strip("\r")


def status_bits(cut: Cut) -> Found:
    """Read the bits that mean something else here: bypass, and a battery to be replaced."""
    if set(cut.text) - {"0", "1"}:
        raise ValueError(f"{cut.text!r} are no status bits")
    if cut.row.start == blazer.REGULATED:
        if cut.text[0] == "0":
            return Found()
        return blazer.regulation(cut) if cut.text[2] == "1" else Found(words=("BYPASS",))
    words = ("RB",) if cut.text == "1" else ()
    is_off = number(cut.known.variables.get("output.voltage", "")) < OFF_BELOW
    return Found(words=(*words, "OFF") if is_off else words)


def _word(reply: str, place: int) -> int:
    return ord(reply[place]) << 8 | ord(reply[place + 1])
