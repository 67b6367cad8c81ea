"""What the values of the dialect masterguard mean, and how its settings and commands are said.

Several values follow from the name of the model: the nominal power, how many battery packs there
may be. Requests that end in `,XX` carry the address of the UPS (`ups.id`) in place of XX.

Facts: NUT, drivers/nutdrv_qx_masterguard.c.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from services.driver.protocols.qx.numbers import number, whole, written
from services.driver.protocols.qx.table import (
    Asked,
    Cut,
    Found,
    Knowledge,
    Limits,
    LimitsByModel,
    Wish,
)
from shared.errors import DeviceError, RefusedError, ResultStatus

ADDRESS = b",XX\r"
ADDRESS_NAME = "ups.id"
QUICK_TEST = 10
LONGEST_OFF_DELAY, LONGEST_ON_DELAY = 99 * 60, 9999 * 60
DAY = 86400


@dataclass(frozen=True, slots=True)
class Model:
    """A model: how its name begins, what it is called, its VA, its battery packs in a rack or not.

    The packs of the series E are not known; they are taken for one.
    """

    prefix: str
    name: str
    power: int
    packs: tuple[int, int] = (1, 1)
    rack_packs: tuple[int, int] = (1, 1)


MODELS = (
    Model("A  700", "A700", 700, (0, 0), (0, 0)),
    Model("A 1000", "A1000", 1000, (0, 2), (0, 2)),
    Model("A 2000", "A2000", 2000, (0, 2), (1, 5)),
    Model("A 3000", "A3000", 3000, (0, 2), (1, 5)),
    Model("E 60", "E60", 6000),
    Model("E100", "E100", 10000),
    Model("E200", "E200", 20000),
)
RACK = "-19"
SERIES = frozenset({"A", "E"})

_BITS = {
    53: (Found(words=("OL",)), Found(words=("!OL",))),
    54: (Found(words=("!LB",)), Found(words=("LB",))),
    55: (Found(words=("!BYPASS",)), Found(words=("BYPASS",))),
    56: (Found(), Found(alarms=("UPS Failed",))),
    57: (Found("online"), Found("offline")),
    58: (Found(words=("!CAL",)), Found(words=("CAL",))),
    59: (Found(words=("!FSD",)), Found(words=("FSD",))),
    63: (Found(), Found(alarms=("problems in parallel operation mode",))),
    65: (Found(words=("!RB",)), Found(words=("RB",))),
    66: (Found(), Found(alarms=("no battery connected",))),
}
_TESTS = {
    "000": "no test in progress",
    "001": "in progress",
    "010": "OK",
    "011": "failed",
    "100": "not possible",
    "101": "aborted",
    "110": "autonomy time calibration in progress",
    "111": "unknown",
}
_TEST = 67
_FAULTS = {
    "0": "none",
    "1": "bus fault (%.0fV)",
    "2": "inverter fault (%.0fV)",
    "3": "overheat fault (%.0fC)",
    "4": "battery overvoltage fault (%.2fV)",
    "5": "battery mode overload fault (%.0f%%)",
    "6": "bypass mode overload fault (%.0f%%)",
    "7": "inverter mode outpt short-circuit fault (%.0fV)",
    "8": "fan lock fault",
    "9": "battery fault (%.0fV)",
    "A": "charger fault",
    "B": "EPO activated",
    "C": "parallel error",
    "D": "MCU communication error",
}
_FAULT = re.compile(r"(\S) +([0-9.]+) +(\S+) *\Z")
_MINUTES = re.compile(r"([0-9]{1,4})\.([0-9]{1,2})\Z")
_SPAN = re.compile(r"([0-9]{1,4}):([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})\Z")


def slaveaddr(cut: Cut) -> str:
    """Read the address; at first one that the options do not want is no UPS of theirs."""
    whole(cut.text)
    wanted = cut.known.options.get("slave_address")
    is_new = ADDRESS_NAME not in cut.known.variables
    if is_new and wanted is not None and wanted.strip().zfill(2) != cut.text:
        raise ValueError(f"the address of the UPS is {cut.text}, the options want {wanted}")
    return cut.text


def series(cut: Cut) -> str:
    """Read the series."""
    if cut.text not in SERIES:
        raise ValueError(f"{cut.text!r} is no series of Masterguard")
    return cut.text


def model(cut: Cut) -> str:
    """Read the model."""
    return _model(cut.text).name + (RACK if RACK in cut.text else "")


def power(cut: Cut) -> str:
    """Tell the nominal power of the model."""
    return str(_model(cut.text).power)


def numcells(cut: Cut) -> str:
    """Read how many cells the battery has."""
    return str(whole(cut.text))


def mmm_ss(cut: Cut) -> str:
    """Make seconds of minutes and seconds."""
    found = _MINUTES.match(cut.text)
    if found is None:
        raise ValueError(f"{cut.text!r} is no time")
    return str(int(found[1]) * 60 + int(found[2]))


def hhh(cut: Cut) -> str:
    """Make seconds of hours."""
    return str(whole(cut.text) * 3600)


def tttt_hh_mm_ss(cut: Cut) -> str:
    """Make seconds of days, hours, minutes and seconds."""
    return str(_seconds(cut.text))


def battvolt(cut: Cut) -> str:
    """Make the voltage of the battery of that of a cell."""
    cells = whole(cut.known.private.get("experimental.number_of_battery_cells", ""))
    return f"{cells * number(cut.text):.2f}"


def ups_power(cut: Cut) -> str:
    """Make volt-amperes of the load in percents."""
    return f"{whole(cut.text) * _power(cut.known) // 100}"


def output_current(cut: Cut) -> str:
    """Make amperes of the load in percents, at the voltage that goes out."""
    return _current(cut.known, whole(cut.text) / 100)


def output_current_nominal(cut: Cut) -> str:
    """Tell the amperes of a full load, at the voltage that goes out."""
    return _current(cut.known, 1)


def status(cut: Cut) -> Found:
    """Read one of the status bits of Q3, or the result of the test, by its column."""
    if cut.row.start == _TEST:
        if cut.text not in _TESTS:
            raise ValueError(f"{cut.text!r} is no result of a test")
        return Found(_TESTS[cut.text])
    return _BITS[cut.row.start][_bit(cut.text)]


def beeper_status(cut: Cut) -> str:
    """Read whether the UPS beeps."""
    return ("disabled", "enabled")[_bit(cut.text)]


def output_voltages(cut: Cut) -> str:
    """Read the nominal voltages that can be had."""
    for each in cut.text.split():
        whole(each)
    return cut.text


def fault(cut: Cut) -> str:
    """Read an entry of the record of faults: how long ago, and what."""
    found = _FAULT.match(cut.text)
    if found is None or found[1] not in _FAULTS:
        raise ValueError(f"{cut.text!r} is no entry of the record of faults")
    text = _FAULTS[found[1]]
    value = number(found[2])
    return f"{_seconds(found[3])}: {text % value if '%' in text else text}"


def add_slaveaddr(request: bytes, known: Knowledge) -> bytes:
    """Put the address of the UPS into a request."""
    address = known.variables.get(ADDRESS_NAME, "")
    if not request.endswith(ADDRESS) or len(address) != 2:
        raise DeviceError(f"the request {request!r} cannot be sent, the UPS's address is not known")
    return request.removesuffix(ADDRESS) + f",{address}\r".encode()


def new_slaveaddr(reply: bytes) -> bytes:
    """Take the reply to a new address as it is."""
    return reply


def set_slaveaddr(wish: Wish) -> Asked:
    """Ask for another address; requests carry it from then on."""
    request = setvar(wish)
    return Asked((request,), variables={ADDRESS_NAME: f"{_asked_whole(wish):02d}"})


def setvar(wish: Wish) -> str:
    """Write a number into a request, or seconds as days, hours, minutes and seconds."""
    assert wish.row.request is not None
    seconds = _asked_whole(wish)
    if "%s" not in wish.row.request:
        return written(wish.row.request, seconds)
    if seconds >= 10000 * DAY:
        raise RefusedError(ResultStatus.INVALID, "at most 9999 days")
    minutes, hours = seconds // 60, seconds // 3600
    span = f"{seconds // DAY:04d}:{hours % 24:02d}:{minutes % 60:02d}:{seconds % 60:02d}"
    return written(wish.row.request, span)


def shutdown_return(wish: Wish) -> str:
    """Ask for a shutdown after the delay, and a start after the other."""
    return f"S{_off_delay(wish)}R{_delay(wish, 'ups.delay.start', LONGEST_ON_DELAY) // 60:04d}\r"


def shutdown_stayoff(wish: Wish) -> str:
    """Ask for a shutdown after the delay."""
    return f"S{_off_delay(wish)}\r"


def test_battery(wish: Wish) -> str:
    """Ask for a test: of ten seconds, or of so many minutes."""
    seconds = int(wish.value) if wish.value.isascii() and wish.value.isdigit() else 0
    if seconds == QUICK_TEST:
        return "T\r"
    if not 60 <= seconds <= LONGEST_OFF_DELAY:
        limits = f"{QUICK_TEST} or 60 to {LONGEST_OFF_DELAY}"
        raise RefusedError(ResultStatus.INVALID, f"a battery test needs its length: {limits} s")
    return f"T{seconds // 60:02d}\r"


def battery_packs(known: Knowledge) -> Limits | None:
    """Tell how many battery packs the model takes."""
    name = known.variables.get("device.model", "")
    for each in MODELS:
        if each.name == name.removesuffix(RACK):
            low, high = each.rack_packs if name.endswith(RACK) else each.packs
            return Limits(ranges=((low, high),))
    return None


def nominal_voltages(known: Knowledge) -> Limits | None:
    """Tell which nominal output voltages can be had."""
    voltages = known.private.get("experimental.output_voltages", "").split()
    return Limits(choices=tuple(voltages)) if voltages else None


LIMITS: Mapping[str, LimitsByModel] = {
    "battery.packs": battery_packs,
    "output.voltage.nominal": nominal_voltages,
}


def _model(text: str) -> Model:
    for each in MODELS:
        if text.startswith(each.prefix):
            return each
    raise ValueError(f"{text!r} is no known model of Masterguard")


def _power(known: Knowledge) -> int:
    return whole(known.variables.get("ups.power.nominal", ""))


def _current(known: Knowledge, share: float) -> str:
    volts = known.number("output.voltage")
    if volts <= 0:
        raise ValueError("there is no output voltage to tell the current by")
    return f"{share * _power(known) / volts:.2f}"


def _bit(text: str) -> int:
    if text not in ("0", "1"):
        raise ValueError(f"{text!r} is no status bit")
    return int(text)


def _seconds(text: str) -> int:
    found = _SPAN.match(text)
    if found is None:
        raise ValueError(f"{text!r} is no time")
    days, hours, minutes, seconds = (int(each) for each in found.groups())
    return days * DAY + hours * 3600 + minutes * 60 + seconds


def _asked_whole(wish: Wish) -> int:
    try:
        return whole(wish.value)
    except ValueError:
        raise RefusedError(ResultStatus.INVALID, "a whole number") from None


def _off_delay(wish: Wish) -> str:
    seconds = _delay(wish, "ups.delay.shutdown", LONGEST_OFF_DELAY)
    return f".{seconds // 6}" if seconds < 60 else f"{seconds // 60:02d}"


def _delay(wish: Wish, name: str, longest: int) -> int:
    seconds = int(wish.known.number(name, -1))
    if not 0 <= seconds <= longest:
        raise RefusedError(ResultStatus.REFUSED, f"{name} is not within 0 to {longest} s")
    return seconds
