"""Variables as sensors: what Home Assistant's own integration shows by default, and the rest.

Each reads the plain-text topic of its variable, so one change wakes one entity.
"""

from collections.abc import Mapping
from typing import Any, Final

from services.homeassistant import templates
from services.homeassistant.component import Component, Weight
from services.homeassistant.names import component_id, title
from shared.variables import Kind, Role, Variable, variable

# Shown without being asked for; the others are there, but switched off.
_MAIN: Final = frozenset(
    {
        *("battery.charge", "battery.charger.status", "battery.runtime"),
        *("input.load", "input.voltage", "outlet.voltage", "output.voltage"),
        *("ups.alarm", "ups.load", "ups.realpower", "ups.status"),
    }
)
_MAIN_DIAGNOSTIC: Final = frozenset(
    {
        *("ambient.humidity", "ambient.humidity.status"),
        *("ambient.temperature", "ambient.temperature.status"),
    }
)
# Of an outlet or a group of them, by what follows its number.
_MAIN_OF_OUTLET: Final = frozenset({"current", "power", "realpower", "voltage"})

_NAMES: Final = {
    "battery.runtime": "Battery runtime",
    "ups.alarm": "Alarms",
    "ups.realpower": "Power",
    "ups.power": "Apparent power",
    "ups.status": "Status words",
    "outlet.realpower": "Power of all outlets",
    "realpower": "Power",
    "power": "Apparent power",
}
_ICONS: Final = {
    "ups.alarm": "mdi:alarm-light",
    "ups.load": "mdi:gauge",
    "ups.status": "mdi:information-outline",
    "battery.charger.status": "mdi:battery-charging",
    "battery.runtime": "mdi:timer-sand",
}
_CLASSES: Final = {
    "A": "current",
    "Hz": "frequency",
    "V": "voltage",
    "VA": "apparent_power",
    "W": "power",
    "min": "duration",
    "s": "duration",
    "°C": "temperature",
}
# What devices say beside the words that the catalogue has.
_MORE_OPTIONS: Final = {"battery.charger.status": ("charged", "unknown", "disabled", "off")}


def sensor(name: str, rest: str, topic: str) -> Component | None:
    """Describe the sensor of a variable; None for one that the catalogue does not know.

    `rest` is the name within its place: that of outlet.3.current is current.
    """
    known = variable(name)
    if known is None:
        return None
    is_of_outlet = "outlet." in name.removesuffix(rest)
    is_main = rest in _MAIN_OF_OUTLET if is_of_outlet else rest in _MAIN | _MAIN_DIAGNOSTIC
    fields: dict[str, Any] = {"stat_t": topic, **_value(known)}
    if rest in _ICONS:
        fields["ic"] = _ICONS[rest]
    if not is_main or (rest in _MAIN_DIAGNOSTIC and not is_of_outlet):
        fields["ent_cat"] = "diagnostic"
    if not is_main:
        fields["en"] = False
    weight = Weight.MAIN if is_main else Weight.EXTRA
    return Component(
        component_id("", rest), "sensor", _NAMES.get(rest, title(rest)), fields, weight
    )


def unit(known: Variable) -> dict[str, Any]:
    """Say unit and device class of a number, for a sensor or an input field."""
    fields: dict[str, Any] = {}
    if known.unit:
        fields["unit_of_meas"] = known.unit
    if known.unit in _CLASSES:
        fields["dev_cla"] = _CLASSES[known.unit]
    return fields


def _value(known: Variable) -> Mapping[str, Any]:
    if known.kind is Kind.NUMBER:
        return _number(known)
    if known.kind is Kind.ENUMERATION and not known.name.startswith("driver."):
        options = (*known.values, *_MORE_OPTIONS.get(known.name, ()))
        return {"dev_cla": "enum", "ops": list(options), "val_tpl": templates.one_of(options)}
    return {"val_tpl": templates.TEXT}


def _number(known: Variable) -> Mapping[str, Any]:
    fields = {"val_tpl": templates.NUMBER} | unit(known)
    if known.unit == "%" and known.name.endswith("battery.charge"):
        fields["dev_cla"] = "battery"
    elif known.unit == "%" and known.name.endswith(".humidity"):
        fields["dev_cla"] = "humidity"
    if known.role is Role.MEASUREMENT:
        fields["stat_cla"] = "measurement"
    return fields
