"""What the words of ups.status say, as entities of their own; events; whether a device is there."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from services.homeassistant import templates
from services.homeassistant.component import Component, Weight
from services.homeassistant.names import component_id
from shared.events import EventType


@dataclass(frozen=True, slots=True)
class _Word:
    """An entity that is on while the status has one of some words."""

    key: str
    name: str
    words: tuple[str, ...]
    kind: str = ""
    icon: str = ""
    is_main: bool = True
    needs_battery: bool = True


_WORDS: Final = (
    _Word("on-battery", "On battery", ("OB",), icon="mdi:power-plug-off"),
    _Word("low-battery", "Low battery", ("LB",), "battery"),
    _Word("replace-battery", "Replace battery", ("RB",), "problem"),
    _Word("charging", "Charging", ("CHRG",), "battery_charging"),
    _Word("overload", "Overload", ("OVER",), "problem", needs_battery=False),
    _Word("alarm", "Alarm", ("ALARM",), "problem", needs_battery=False),
    _Word("bypass", "Bypass", ("BYPASS",), icon="mdi:debug-step-over"),
    _Word("test", "Test or calibration", ("TEST", "CAL"), "running"),
    _Word("off", "Switched off", ("OFF",), icon="mdi:power-off", is_main=False),
    _Word("trim", "Trimming voltage", ("TRIM",), icon="mdi:arrow-collapse-down", is_main=False),
    _Word("boost", "Boosting voltage", ("BOOST",), icon="mdi:arrow-collapse-up", is_main=False),
    _Word("eco", "Economy mode", ("ECO", "HE"), icon="mdi:leaf", is_main=False),
)


def status_entities(topic: str, *, has_battery: bool) -> list[Component]:
    """Describe what follows from ups.status, whose topic this is."""
    said = Component(
        "status-words",
        "sensor",
        "Status",
        {"stat_t": topic, "val_tpl": templates.status_in_words(), "ic": "mdi:power-settings"},
    )
    rows = [row for row in _WORDS if has_battery or not row.needs_battery]
    return [said, *(_binary(row, topic) for row in rows)]


def _binary(row: _Word, topic: str) -> Component:
    fields: dict[str, Any] = {"stat_t": topic, "val_tpl": templates.says_word(*row.words)}
    if row.kind:
        fields["dev_cla"] = row.kind
    if row.icon:
        fields["ic"] = row.icon
    if not row.is_main:
        fields |= {"en": False, "ent_cat": "diagnostic"}
    weight = Weight.MAIN if row.is_main else Weight.EXTRA
    return Component(component_id("is", row.key), "binary_sensor", row.name, fields, weight)


def standing_entities(topic: str, availability: list[dict[str, str]]) -> list[Component]:
    """Describe what our service says of a device, also while the device is away."""
    communication = {
        "stat_t": topic,
        "val_tpl": templates.key_is("availability", "'online'"),
        "dev_cla": "connectivity",
        "ent_cat": "diagnostic",
        "avty": availability,
    }
    forced = {
        "stat_t": topic,
        "val_tpl": templates.key_is("fsd", "true"),
        "dev_cla": "problem",
        "avty": availability,
    }
    return [
        Component("is-communicating", "binary_sensor", "Communication", communication),
        Component("is-fsd", "binary_sensor", "Forced shutdown", forced),
    ]


def event_entity(topic: str, availability: list[dict[str, str]]) -> Component:
    """Describe the events; they come also when the device has just gone silent."""
    types = [str(type_) for type_ in EventType]
    fields = {
        "stat_t": topic,
        "val_tpl": templates.event(types),
        "evt_typ": types,
        "ic": "mdi:bell-alert",
        "avty": availability,
    }
    return Component("event", "event", "Event", fields)


def has_battery(names: Collection[str]) -> bool:
    """Tell from its variables whether a device runs on a battery at times."""
    return any(name.startswith("battery.") for name in names)
