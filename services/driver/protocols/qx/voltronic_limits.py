"""How far the settings of a Voltronic UPS go, by its protocol and its nominal values.

A row holds for the protocols named, and for nominal values from `at_least` to below `below`:
volts of the input for the bypass, volts of the output for the ECO mode, hertz of the output for
frequencies. ECO voltages are given as distances from the nominal output voltage.
"""

from dataclasses import dataclass

HIGH_VOLTAGE = 200.0
ANY = 1000.0


@dataclass(frozen=True, slots=True)
class Limit:
    """One range, and where it holds."""

    low: float
    high: float
    protocols: frozenset[int]
    at_least: float = 0.0
    below: float = ANY


P09 = frozenset({9})
P01 = frozenset({1})
OLD = frozenset({1, 9})
SIX = frozenset({2, 3, 10, 13, 14})
P99 = frozenset({99})
NEW = SIX | P99

BYPASS_VOLTAGE_HIGH = (
    Limit(60, 140, P09),
    Limit(120, 140, P01, below=HIGH_VOLTAGE),
    Limit(230, 264, P01, at_least=HIGH_VOLTAGE),
    Limit(115, 138, SIX, below=HIGH_VOLTAGE),
    Limit(231, 276, SIX, at_least=HIGH_VOLTAGE),
    Limit(115, 132, P99, below=HIGH_VOLTAGE),
    Limit(231, 261, P99, at_least=HIGH_VOLTAGE),
)
BYPASS_VOLTAGE_LOW = (
    Limit(60, 140, P09),
    Limit(85, 115, P01, below=HIGH_VOLTAGE),
    Limit(170, 220, P01, at_least=HIGH_VOLTAGE),
    Limit(55, 104, SIX, below=HIGH_VOLTAGE),
    Limit(110, 209, SIX, at_least=HIGH_VOLTAGE),
    Limit(50, 85, P99, below=HIGH_VOLTAGE),
    Limit(149, 209, P99, at_least=HIGH_VOLTAGE),
)
BYPASS_FREQUENCY_HIGH = (
    Limit(51, 60, OLD, 50, 50.05),
    Limit(61, 70, OLD, 60, 60.05),
    Limit(51, 54, NEW, 50, 50.05),
    Limit(61, 64, NEW, 60, 60.05),
)
BYPASS_FREQUENCY_LOW = (
    Limit(40, 49, OLD, 50, 50.05),
    Limit(50, 59, OLD, 60, 60.05),
    Limit(46, 49, NEW, 50, 50.05),
    Limit(56, 59, NEW, 60, 60.05),
)
ECO_FREQUENCY_HIGH = (
    Limit(53, 60, OLD, 50, 50.05),
    Limit(63, 70, OLD, 60, 60.05),
    Limit(52, 54, NEW, 50, 50.05),
    Limit(62, 64, NEW, 60, 60.05),
)
ECO_FREQUENCY_LOW = (
    Limit(40, 47, OLD, 50, 50.05),
    Limit(50, 57, OLD, 60, 60.05),
    Limit(46, 48, NEW, 50, 50.05),
    Limit(56, 58, NEW, 60, 60.05),
)
ECO_VOLTAGE_HIGH = (
    Limit(3, 12, OLD, below=HIGH_VOLTAGE),
    Limit(7, 24, OLD, at_least=HIGH_VOLTAGE),
    Limit(5, 12, NEW, below=HIGH_VOLTAGE),
    Limit(11, 24, NEW, at_least=HIGH_VOLTAGE),
)
ECO_VOLTAGE_LOW = (
    Limit(-12, -3, OLD, below=HIGH_VOLTAGE),
    Limit(-24, -7, OLD, at_least=HIGH_VOLTAGE),
    Limit(-12, -5, NEW, below=HIGH_VOLTAGE),
    Limit(-24, -11, NEW, at_least=HIGH_VOLTAGE),
)


def limit(rows: tuple[Limit, ...], protocol: int, nominal: float) -> tuple[float, float] | None:
    """Find the range that holds for a device; None where its protocol has no such setting."""
    for row in rows:
        if protocol in row.protocols and row.at_least <= nominal < row.below:
            return row.low, row.high
    return None


def eco_voltage_limit(
    rows: tuple[Limit, ...], protocol: int, nominal: float
) -> tuple[float, float] | None:
    """Find the range of a voltage of the ECO mode, around the nominal output voltage."""
    found = limit(rows, protocol, nominal)
    return None if found is None else (int(nominal) + found[0], int(nominal) + found[1])


def low_battery_limit(volts: float, amperes: float) -> tuple[float, float]:
    """Find the range of the low battery voltage: it goes higher from 1000 VA on."""
    return (20, 24) if int(volts) * int(amperes) < 1000 else (20, 28)
