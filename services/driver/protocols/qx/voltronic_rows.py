"""Which rows of the dialect voltronic a model has, and how far its settings go.

Facts: NUT, drivers/nutdrv_qx_voltronic.c.
"""

from collections.abc import Callable, Mapping

from services.driver.protocols.qx import voltronic_limits
from services.driver.protocols.qx.table import Knowledge, Limits, LimitsByModel, When
from services.driver.protocols.qx.voltronic_limits import Limit

OUTLETS = ("1", "2", "3", "4")


def protocol_number(known: Knowledge) -> int:
    """Tell the number of the protocol that the UPS speaks, -1 while that is not known."""
    text = known.variables.get("ups.firmware.aux", "")[1:]
    return int(text) if text.isascii() and text.isdigit() else -1


def is_two_phase(known: Knowledge) -> bool:
    """Tell whether the output has two phases."""
    return protocol_number(known) == 9


def is_three_phase(known: Knowledge) -> bool:
    """Tell whether the output has three phases."""
    return protocol_number(known) == 10


def has_output_phases(known: Knowledge) -> bool:
    """Tell whether the output has several phases."""
    return protocol_number(known) in (9, 10)


def has_input_phases(known: Knowledge) -> bool:
    """Tell whether the input has several phases."""
    return protocol_number(known) in (3, 9, 10)


def has_third_input(known: Knowledge) -> bool:
    """Tell whether the input has three phases."""
    return protocol_number(known) in (3, 10)


def is_p31(known: Knowledge) -> bool:
    """Tell whether it is one of the models with a battery type and a working range."""
    return protocol_number(known) == 31


def has_bypass_limits(known: Knowledge) -> bool:
    """Tell whether the bypass has limits."""
    return protocol_number(known) not in (-1, 0, 8, 31)


def has_fault(known: Knowledge) -> bool:
    """Tell whether the status says that there is a fault to ask for."""
    return known.private.get("fault") == "yes"


def has_eco_mode(known: Knowledge) -> bool:
    """Tell whether the UPS has the ECO mode."""
    return "eco_mode" in known.private


def has_alarm_control(known: Knowledge) -> bool:
    """Tell whether the alarms can be switched off."""
    return "alarm_control" in known.private


def has_outlets(known: Knowledge) -> bool:
    """Tell whether the outlets are under control."""
    return known.variables.get("outlet.0.switchable") == "yes"


def is_tried(known: Knowledge) -> bool:
    """Tell whether the option for what is not understood is set."""
    return "testing" in known.options


def has_first_outlet(known: Knowledge) -> bool:
    """Tell whether outlet 1 can be switched."""
    return "outlet.1.status" in known.variables


def has_second_outlet(known: Knowledge) -> bool:
    """Tell whether outlet 2 can be switched."""
    return "outlet.2.status" in known.variables


def has_third_outlet(known: Knowledge) -> bool:
    """Tell whether outlet 3 can be switched."""
    return "outlet.3.status" in known.variables


def has_fourth_outlet(known: Knowledge) -> bool:
    """Tell whether outlet 4 can be switched."""
    return "outlet.4.status" in known.variables


def bypass_voltage_high(known: Knowledge) -> Limits | None:
    """Tell how far the highest voltage of the bypass may go."""
    return _limits(voltronic_limits.BYPASS_VOLTAGE_HIGH, known, "input.voltage.nominal")


def bypass_voltage_low(known: Knowledge) -> Limits | None:
    """Tell how far the lowest voltage of the bypass may go."""
    return _limits(voltronic_limits.BYPASS_VOLTAGE_LOW, known, "input.voltage.nominal")


def bypass_frequency_high(known: Knowledge) -> Limits | None:
    """Tell how far the highest frequency of the bypass may go."""
    return _limits(voltronic_limits.BYPASS_FREQUENCY_HIGH, known, "output.frequency.nominal")


def bypass_frequency_low(known: Knowledge) -> Limits | None:
    """Tell how far the lowest frequency of the bypass may go."""
    return _limits(voltronic_limits.BYPASS_FREQUENCY_LOW, known, "output.frequency.nominal")


def eco_frequency_high(known: Knowledge) -> Limits | None:
    """Tell how far the highest frequency of the ECO mode may go."""
    return _limits(voltronic_limits.ECO_FREQUENCY_HIGH, known, "output.frequency.nominal")


def eco_frequency_low(known: Knowledge) -> Limits | None:
    """Tell how far the lowest frequency of the ECO mode may go."""
    return _limits(voltronic_limits.ECO_FREQUENCY_LOW, known, "output.frequency.nominal")


def eco_voltage_high(known: Knowledge) -> Limits | None:
    """Tell how far the highest voltage of the ECO mode may go."""
    return _eco_limits(voltronic_limits.ECO_VOLTAGE_HIGH, known)


def eco_voltage_low(known: Knowledge) -> Limits | None:
    """Tell how far the lowest voltage of the ECO mode may go."""
    return _eco_limits(voltronic_limits.ECO_VOLTAGE_LOW, known)


def low_battery(known: Knowledge) -> Limits | None:
    """Tell how far the low battery voltage may go."""
    volts = known.number("output.voltage.nominal", -1)
    amperes = known.number("output.current.nominal", -1)
    if min(volts, amperes) < 0:
        return None
    return Limits(ranges=(voltronic_limits.low_battery_limit(volts, amperes),))


def _limits(rows: tuple[Limit, ...], known: Knowledge, nominal: str) -> Limits | None:
    if nominal not in known.variables:
        return None
    return _ranged(voltronic_limits.limit(rows, protocol_number(known), known.number(nominal)))


def _eco_limits(rows: tuple[Limit, ...], known: Knowledge) -> Limits | None:
    if "output.voltage.nominal" not in known.variables:
        return None
    nominal = known.number("output.voltage.nominal")
    return _ranged(voltronic_limits.eco_voltage_limit(rows, protocol_number(known), nominal))


def _ranged(found: tuple[float, float] | None) -> Limits | None:
    return None if found is None else Limits(ranges=(found,))


def can_set_eco_voltage(known: Knowledge) -> bool:
    """Tell whether it is known how far the voltages of the ECO mode may go."""
    return eco_voltage_high(known) is not None


def can_set_eco_frequency(known: Knowledge) -> bool:
    """Tell whether it is known how far the frequencies of the ECO mode may go."""
    return eco_frequency_high(known) is not None


def can_set_low_battery(known: Knowledge) -> bool:
    """Tell whether it is known how far the low battery voltage may go."""
    return low_battery(known) is not None


_OUTLET_CONDITIONS: tuple[When, ...] = (
    has_first_outlet,
    has_second_outlet,
    has_third_outlet,
    has_fourth_outlet,
)
_CONDITIONS: Mapping[When, tuple[str, ...]] = {
    has_input_phases: (
        "field:input.L1-N.voltage",
        "field:input.L2-N.voltage",
        "field:input.L1-L2.voltage",
        "field:input.L1.current",
        "field:input.L2.current",
    ),
    has_third_input: (
        "field:input.L3-N.voltage",
        "field:input.L2-L3.voltage",
        "field:input.L1-L3.voltage",
        "field:input.L3.current",
    ),
    has_output_phases: (
        "field:output.L1-N.voltage",
        "field:output.L2-N.voltage",
        "field:output.L1-L2.voltage",
        "field:output.L1.current",
        "field:output.L2.current",
        "field:output.L1.power.percent",
        "field:output.L2.power.percent",
    ),
    is_two_phase: (
        "field:output.bypass.L1-N.voltage/19",
        "field:output.bypass.L2-N.voltage/19",
    ),
    is_three_phase: (
        "field:output.L3-N.voltage",
        "field:output.L2-L3.voltage",
        "field:output.L1-L3.voltage",
        "field:output.L3.current",
        "field:output.L3.power.percent",
        "field:output.bypass.L1-N.voltage",
        "field:output.bypass.L2-N.voltage",
        "field:output.bypass.L3-N.voltage",
        "field:output.bypass.L1-L2.voltage",
        "field:output.bypass.L2-L3.voltage",
        "field:output.bypass.L1-L3.voltage",
    ),
    is_p31: (
        "field:battery.type",
        "setting:battery.type",
        "field:work_range_type",
        "setting:work_range_type",
    ),
    has_bypass_limits: ("request:QBYV\r", "request:QBYF\r"),
    has_fault: ("request:QFS\r",),
    has_eco_mode: (
        "request:QHE\r",
        "request:QFRE\r",
        "command:bypass.start",
        "command:bypass.stop",
    ),
    can_set_eco_voltage: ("setting:input.transfer.high", "setting:input.transfer.low"),
    can_set_eco_frequency: ("setting:input.frequency.high", "setting:input.frequency.low"),
    can_set_low_battery: ("setting:battery.voltage.low",),
    has_alarm_control: ("command:beeper.enable", "command:beeper.disable"),
    has_outlets: tuple(f"request:QSK{each}\r" for each in OUTLETS),
    is_tried: ("request:QBDR\r",),
    **{
        condition: (
            f"request:QSKT{each}\r",
            f"command:outlet.{each}.load.on",
            f"command:outlet.{each}.load.off",
        )
        for each, condition in zip(OUTLETS, _OUTLET_CONDITIONS, strict=True)
    },
}
WHEN: Mapping[str, Callable[[Knowledge], bool]] = {
    key: condition for condition, keys in _CONDITIONS.items() for key in keys
}
LIMITS: Mapping[str, LimitsByModel] = {
    "max_bypass_volt": bypass_voltage_high,
    "min_bypass_volt": bypass_voltage_low,
    "max_bypass_freq": bypass_frequency_high,
    "min_bypass_freq": bypass_frequency_low,
    "input.frequency.high": eco_frequency_high,
    "input.frequency.low": eco_frequency_low,
    "input.transfer.high": eco_voltage_high,
    "input.transfer.low": eco_voltage_low,
    "battery.voltage.low": low_battery,
}
