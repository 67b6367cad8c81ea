"""The instruments of a device page: which values are drawn, on which scale, in which colour. Pure.

Shares are places on the scale, 0 to 100. A value that is missing or no number has no instrument.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.web.pages.wording import duration, number, share

GOOD, WARNING, BAD, PLAIN = "fine", "fault", "critical", "plain"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One value drawn: `form` is ring, scale or figure; `marks` are places worth a line."""

    form: str
    variable: str
    label: str
    text: str
    unit: str
    level: str = PLAIN
    share: float = 0.0
    marks: tuple[float, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a voltage or the like is drawn: around its nominal value, or between its limits."""

    variable: str
    label: str
    unit: str
    nominal: tuple[str, ...] = ()
    low: str = ""
    high: str = ""


SCALES: Final = (
    Scale(
        "input.voltage",
        "Input voltage",
        "V",
        ("input.voltage.nominal", "output.voltage.nominal"),
        "input.transfer.low",
        "input.transfer.high",
    ),
    Scale(
        "output.voltage",
        "Output voltage",
        "V",
        ("output.voltage.nominal", "input.voltage.nominal"),
    ),
    Scale(
        "battery.voltage",
        "Battery voltage",
        "V",
        ("battery.voltage.nominal",),
        "battery.voltage.low",
        "battery.voltage.high",
    ),
)
FIGURES: Final = (
    ("ups.realpower", "Power", "W"),
    ("outlet.realpower", "Power", "W"),
    ("ups.power", "Apparent power", "VA"),
    ("input.frequency", "Input frequency", "Hz"),
    ("ups.temperature", "Temperature", "°C"),
    ("battery.temperature", "Battery temperature", "°C"),
    ("ambient.temperature", "Ambient temperature", "°C"),
    ("ambient.humidity", "Humidity", "%"),
    ("input.current", "Input current", "A"),
    ("output.current", "Output current", "A"),
)


def instruments(variables: Mapping[str, str]) -> list[Instrument]:
    """Choose what to draw of a device."""
    return [
        *_charge(variables),
        *_load(variables),
        *_runtime(variables),
        *(found for scale in SCALES for found in _scale(scale, variables)),
        *(found for row in FIGURES for found in _figure(*row, variables)),
    ]


def _charge(variables: Mapping[str, str]) -> Iterator[Instrument]:
    value = number(variables.get("battery.charge"))
    if value is None:
        return
    low = number(variables.get("battery.charge.low"))
    warning = number(variables.get("battery.charge.warning"))
    is_low = low is not None and value <= low
    level = BAD if is_low else WARNING if value <= (warning or 50.0) else GOOD
    marks = (share(low, 0, 100),) if low else ()
    note = f"low at {low:g} %" if low else ""
    yield Instrument(
        "ring", "battery.charge", "Charge", f"{value:g}", "%", level, share(value, 0, 100),
        marks, note,
    )  # fmt: skip


def _load(variables: Mapping[str, str]) -> Iterator[Instrument]:
    value = number(variables.get("ups.load"))
    if value is None:
        return
    high = number(variables.get("ups.load.high")) or 100.0
    level = BAD if value > high else WARNING if value > 0.8 * high else GOOD
    yield Instrument(
        "ring", "ups.load", "Load", f"{value:g}", "%", level, share(value, 0, 100)
    )  # fmt: skip


def _runtime(variables: Mapping[str, str]) -> Iterator[Instrument]:
    name = next((each for each in ("battery.runtime", "ups.runtime") if each in variables), "")
    value = number(variables.get(name))
    if value is None or value < 0:
        return
    low = number(variables.get("battery.runtime.low"))
    level = BAD if low is not None and value <= low else PLAIN
    note = f"low at {duration(low)}" if low else ""
    yield Instrument("figure", name, "Runtime", duration(value), "", level, note=note)


def _scale(scale: Scale, variables: Mapping[str, str]) -> Iterator[Instrument]:
    value = number(variables.get(scale.variable))
    if value is None:
        return
    nominal = next(
        (found for name in scale.nominal if (found := number(variables.get(name)))), None
    )
    low, high = (number(variables.get(name)) for name in (scale.low, scale.high))
    text = f"{value:g}"
    if nominal is None or nominal <= 0:
        yield Instrument("figure", scale.variable, scale.label, text, scale.unit)
        return
    bottom = min(low if low is not None else nominal, nominal * 0.8) * 0.95
    top = max(high if high is not None else nominal, nominal * 1.2) * 1.05
    is_out = (low is not None and value < low) or (high is not None and value > high)
    marks = tuple(share(mark, bottom, top) for mark in (low, nominal, high) if mark is not None)
    limits = f"; {low:g} to {high:g}" if low is not None and high is not None else ""
    yield Instrument(
        "scale", scale.variable, scale.label, text, scale.unit, BAD if is_out else GOOD,
        share(value, bottom, top), marks, f"rated {nominal:g} {scale.unit}{limits}",
    )  # fmt: skip


def _figure(
    variable: str, label: str, unit: str, variables: Mapping[str, str]
) -> Iterator[Instrument]:
    value = number(variables.get(variable))
    if value is not None:
        yield Instrument("figure", variable, label, f"{value:g}", unit)
