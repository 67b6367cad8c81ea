"""What may be done to a device, as buttons, switches, lists and fields.

Buttons and fields speak to the device itself. A switch has one topic in Home Assistant, but two
commands here: it speaks to our service, which sends the right one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.homeassistant import templates
from services.homeassistant.component import Component, Weight
from services.homeassistant.names import component_id, title
from services.homeassistant.rules import Rules
from services.homeassistant.sensors import unit
from shared.commands import command
from shared.messages import Writable
from shared.variables import Kind, variable

MAX_OPTIONS: Final = 64
_WHOLE_UNITS: Final = ("%", "s", "min")
_FREE_RANGE: Final = {"%": (0.0, 100.0)}
_ANY_NUMBER: Final = (-1.0, 9_999_999.0)

_BUTTONS: Final = {
    "beeper.mute": "Mute beeper",
    "beeper.toggle": "Toggle beeper",
    "load.cycle": "Power cycle",
    "load.off": "Switch off",
    "load.on": "Switch on",
    "shutdown.return": "Shut down until mains returns",
    "shutdown.stayoff": "Shut down and stay off",
    "shutdown.stop": "Call off shutdown",
    "test.battery.start": "Start battery test",
    "test.battery.start.deep": "Start deep battery test",
    "test.battery.start.quick": "Start quick battery test",
    "test.battery.stop": "Stop battery test",
}
_ICONS: Final = (
    ("beeper.", "mdi:volume-off"),
    ("test.", "mdi:clipboard-check-outline"),
    ("calibrate.", "mdi:scale-balance"),
    ("shutdown.", "mdi:power"),
    ("load.cycle", "mdi:restart"),
    ("load.", "mdi:power"),
)
_RARE: Final = ("test.panel.", "test.system.", "beeper.toggle", "experimental.")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two commands that a switch stands for: `name` after the switch, and what it shows."""

    name: str
    on: str
    off: str
    state: str
    on_words: tuple[str, ...] = ("on",)
    off_words: tuple[str, ...] = ("off",)


def switch_pairs(commands: Collection[str], rules: Rules) -> dict[str, Pair]:
    """Find the switches of a device, by name: beeper, and outlet.1 and so on."""
    found = [_beeper(commands), *(_outlet(name) for name in commands)]
    return {
        pair.name: pair
        for pair in found
        if pair
        and {pair.on, pair.off} <= set(commands)
        and rules.may_send(pair.on, within=pair.off)
        and rules.may_send(pair.off)
    }


def _beeper(commands: Collection[str]) -> Pair | None:
    for on, off in (("beeper.enable", "beeper.disable"), ("beeper.on", "beeper.off")):
        if on in commands and off in commands:
            words = ("enabled", "muted"), ("disabled",)
            return Pair("beeper", on, off, "ups.beeper.status", *words)
    return None


def _outlet(name: str) -> Pair | None:
    head, point, _ = name.partition(".load.off")
    if name != f"{head}.load.off" or not point or "outlet." not in head:
        return None
    return Pair(head, f"{head}.load.on", name, f"{head}.status")


def switch(pair: Pair, rest: str, order: str, state: str, device_class: str) -> Component:
    """Describe a switch; `order` is where it is sent to, `state` the topic of what it shows."""
    fields: dict[str, Any] = {
        "cmd_t": order,
        "pl_on": "on",
        "pl_off": "off",
        "stat_t": state,
        "stat_on": "ON",
        "stat_off": "OFF",
        "val_tpl": templates.switched(pair.on_words, pair.off_words),
    }
    if device_class:
        fields["dev_cla"] = device_class
    else:
        fields |= {"ic": "mdi:volume-high", "ent_cat": "config"}
    name = title(rest) if rest else "Power"
    return Component(
        component_id("switch", rest or "power"), "switch", name, fields, Weight.CONTROL
    )


def button(name: str, rest: str, topic: str) -> Component:
    """Describe the button of a command; `rest` is its name within its place."""
    fields: dict[str, Any] = {"cmd_t": topic, "pl_prs": templates.PRESSED}
    icon = next((icon for head, icon in _ICONS if rest.startswith(head)), "mdi:gesture-tap-button")
    fields["ic"] = icon
    known = command(name)
    if known is not None and not known.dangerous:
        fields["ent_cat"] = "config" if rest.startswith("beeper.") else "diagnostic"
    if rest.startswith(_RARE):
        fields["en"] = False
    said = _BUTTONS.get(rest, title(rest))
    return Component(component_id("command", rest), "button", said, fields, Weight.CONTROL)


def field(name: str, rest: str, writable: Writable, topics: tuple[str, str]) -> Component | None:
    """Describe how a variable is written, by what it takes; None if it takes nothing that fits.

    `topics` are where the variable is said and where it is set.
    """
    for kind in (_flag, _choice, _number, _text):
        made = kind(name, writable)
        if made is not None:
            platform, fields = made
            state, order = topics
            common = {"stat_t": state, "cmd_t": order, "cmd_tpl": templates.SENT}
            fields = common | fields | {"ent_cat": "config"}
            key = component_id(f"set-{platform}", rest)
            return Component(key, platform, title(rest), fields, Weight.CONTROL)
    return None


_Made = tuple[str, dict[str, Any]]


def _flag(name: str, writable: Writable) -> _Made | None:
    known = variable(name)
    if known is None or known.kind is not Kind.FLAG or writable.ranges:
        return None
    on, off = known.values
    if writable.enum and set(writable.enum) != {on, off}:
        return None
    shown = templates.switched([on], [off])
    states = {"pl_on": on, "pl_off": off, "stat_on": "ON", "stat_off": "OFF"}
    return "switch", {"val_tpl": shown, **states}


def _choice(_name: str, writable: Writable) -> _Made | None:
    options = list(writable.enum)
    if not options and writable.ranges and all(low == high for low, high in writable.ranges):
        options = [f"{low:.12g}" for low, _ in writable.ranges]
    options = list(dict.fromkeys(options))
    fits = all(option.strip() == option and 0 < len(option) <= 255 for option in options)
    if not options or not fits or len(options) > MAX_OPTIONS:
        return None
    return "select", {"ops": options, "val_tpl": templates.one_of(options)}


def _number(name: str, writable: Writable) -> _Made | None:
    known = variable(name)
    is_number = known is not None and known.kind is Kind.NUMBER
    if writable.enum or not (is_number or writable.type == "number" or writable.ranges):
        return None
    unit_name = known.unit if known else ""
    if any(low > high for low, high in writable.ranges):
        return None
    bounds = [bound for pair in writable.ranges for bound in pair]
    low, high = (min(bounds), max(bounds)) if bounds else _FREE_RANGE.get(unit_name, _ANY_NUMBER)
    if not low < high or high - low > 1e15:
        return None
    is_whole = unit_name in _WHOLE_UNITS and all(bound == int(bound) for bound in bounds)
    fields = {"min": low, "max": high, "step": 1 if is_whole else 0.1, "mode": "box"}
    units = unit(known) if known else {}
    return "number", {**fields, **units, "val_tpl": templates.number_within(low, high)}


def _text(_name: str, writable: Writable) -> _Made | None:
    if writable.enum or writable.ranges or writable.type != "string":
        return None
    allowed = templates.MAX_STATE if writable.max_length is None else writable.max_length
    most = min(templates.MAX_STATE, allowed)
    return ("text", {"max": most, "val_tpl": templates.editable_text(most)}) if most else None


def expiring(fields: Mapping[str, Any], seconds: int | None) -> dict[str, Any]:
    """Let the broker drop orders that nobody took in time, where the settings say so."""
    is_order = seconds is not None and "cmd_t" in fields
    return {**fields, "message_expiry_interval": seconds} if is_order else dict(fields)
