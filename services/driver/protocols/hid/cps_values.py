"""What CyberPower's devices mean: some state wrong exponents, which only the values tell."""

from services.driver.protocols.hid.table import Known

DOUBTFUL = "doubtful"  # among a device's factors: its voltages and frequencies may be off
_TOO_MUCH = 1.4  # times the nominal voltage of the battery
_BATTERY_FACTOR = "battery voltage factor"
_HALF_WIDTH = 5  # hertz around 50 and 60


def battery_voltage(value: float, known: Known) -> str:
    """Write a voltage; some devices report half of it more, which the nominal one tells."""
    if DOUBTFUL in known.quirks.factors and _BATTERY_FACTOR not in known.notes:
        nominal = _stated(known, "battery.voltage.nominal")
        if nominal:
            is_off = value / nominal > _TOO_MUCH
            known.notes[_BATTERY_FACTOR] = repr(2.0 / 3 if is_off else 1.0)
    return f"{value * float(known.notes.get(_BATTERY_FACTOR, '1')):.1f}"


def input_frequency(value: float, known: Known) -> str:
    """Write the frequency of the input, which may be reported ten times too high."""
    return _frequency(value, known, "input")


def output_frequency(value: float, known: Known) -> str:
    """Write the frequency of the output, which may be reported ten times too high."""
    return _frequency(value, known, "output")


def _frequency(value: float, known: Known, side: str) -> str:
    note = f"{side} frequency factor"
    if DOUBTFUL in known.quirks.factors and note not in known.notes:
        low, high = _range(value, known, side)
        if low <= value <= high:
            known.notes[note] = "1"
        elif low <= value / 10 <= high:
            known.notes[note] = "0.1"
    return f"{value * float(known.notes.get(note, '1')):.1f}"


def _range(value: float, known: Known, side: str) -> tuple[float, float]:
    low = _stated(known, f"{side}.frequency.low")
    high = _stated(known, f"{side}.frequency.high")
    nominal = _stated(known, f"{side}.frequency.nominal") or _guessed(value, low, high)
    usual = (nominal * 0.95, nominal * 1.05) if nominal else (45.0, 65.0)
    return low or usual[0], high or usual[1]


def _guessed(value: float, low: float, high: float) -> float:
    for nominal in (50.0, 60.0):
        least, most = nominal - _HALF_WIDTH, nominal + _HALF_WIDTH
        if least < low <= nominal or nominal <= high <= most:
            return nominal
        if least < value <= most or least * 10 < value <= most * 10:
            return nominal
    return 0.0


def _stated(known: Known, variable: str) -> float:
    try:
        return float(known.variables.get(variable, "0"))
    except ValueError:
        return 0.0
