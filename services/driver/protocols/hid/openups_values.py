"""What the openUPS boards mean."""

from bisect import bisect_right

from services.driver.protocols.hid.table import Known

_LOWEST, _HIGHEST, _STEP = -40, 125, 5  # degrees Celsius
# What the thermistor reads at -40 degrees and every five degrees above.
_THERMISTOR = (
    49, 64, 83, 104, 130, 160, 195, 233, 275, 319, 366, 415,
    463, 512, 559, 604, 646, 686, 723, 756, 786, 813, 837, 858,
    877, 894, 908, 921, 933, 943, 951, 959, 966, 972,
)  # fmt: skip


def temperature(value: float, _known: Known) -> str:
    """Read degrees Celsius off the curve of the thermistor."""
    reading = int(value * 100)
    if reading <= _THERMISTOR[0]:
        return str(_LOWEST)
    if reading >= _THERMISTOR[-1]:
        return str(_HIGHEST)
    position = bisect_right(_THERMISTOR, reading) - 1
    lower, upper = _THERMISTOR[position : position + 2]
    degrees = _LOWEST + position * _STEP
    if reading == lower:
        return str(degrees)
    return f"{degrees + (reading - lower) * _STEP / (upper - lower):.2f}"
