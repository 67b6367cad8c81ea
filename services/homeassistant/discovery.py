"""Discovery messages: what Home Assistant is told of a device, one message for it and each outlet.

Only keys that Home Assistant 2024.12 knows are at the top of a message: it refuses a whole device
for one that it does not.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final

from services.homeassistant import controls, names, sensors, statuses, templates
from services.homeassistant.component import Component, Weight
from services.homeassistant.names import Place, device_id, placed
from services.homeassistant.rules import Rules
from shared.fleet import Device
from shared.payloads import MAX_PAYLOAD
from shared.power import source
from shared.topics import DeviceTopic, ServiceKind, ServiceTopic, Topics

MOST_BYTES: Final = MAX_PAYLOAD - 8 * 1024  # with room for what is to be removed

STATUS: Final = "ups.status"

Message = dict[str, Any]

# What is said of the device itself, and so needs no sensor.
_IDENTITY: Final = {
    "manufacturer": ("device.mfr", "ups.mfr", "ups.mfg", "ups.vendor"),
    "model": ("device.model", "ups.model", "ups.product"),
    "model_id": ("device.part",),
    "serial_number": ("device.serial", "ups.serial"),
    "sw_version": ("ups.firmware", "device.firmware"),
    "hw_version": ("device.revision",),
    "suggested_area": ("device.location",),
}
_ADDRESS: Final = "driver.parameter.port"
_LABELS: Final = ("name", "desc")
_WITHOUT_SENSOR: Final = frozenset({name for row in _IDENTITY.values() for name in row})


@lru_cache(maxsize=8192)
def is_part_of_shape(name: str) -> bool:
    """Tell whether the value of a variable, and not only its presence, is in the messages."""
    rest = placed(name)[1]
    if f"device.{rest}" in _WITHOUT_SENSOR or rest in _WITHOUT_SENSOR:
        return True
    is_of_place = rest != name and rest in (*_LABELS, "switchable")
    return is_of_place or name in (_ADDRESS, "ambient.present")


def discovery(
    device: Device, topics: Topics, rules: Rules, known: Collection[str] = ()
) -> dict[str, Message]:
    """Describe a device to Home Assistant: messages by their ids, its own and those of outlets.

    `known` are variables that it had before: they stay, so that an entity does not come and go.
    """
    had = frozenset(device.variables) | frozenset(known)
    if STATUS in had:
        had |= {"ups.alarm"}  # it is there only while there is an alarm
    view = _view(device, topics, rules, had)
    places: dict[Place, list[Component]] = {Place(): view.whole()}
    for name in sorted(view.names):
        place, rest = placed(name)
        places.setdefault(place, []).extend(view.of_variable(name, rest))
    for name in sorted(set(view.commands)):
        place, rest = placed(name)
        places.setdefault(place, []).extend(view.of_command(name, rest))
    for name, pair in view.pairs.items():
        place, rest = placed(f"{name}.load")
        places.setdefault(place, []).append(view.of_pair(pair, rest[: -len(".load")]))
    made = [place for place in sorted(places, key=_depth) if places[place]]
    return {view.id(place): view.message(place, places[place], made) for place in made}


def pairs(device: Device, rules: Rules, known: Collection[str]) -> Mapping[str, controls.Pair]:
    """Find the switches of a device, by name; `known` are the variables that it has or had."""
    commands = device.meta.commands if device.meta else ()
    return {
        name: pair
        for name, pair in controls.switch_pairs(commands, rules).items()
        if device.variables.get(f"{name}.switchable") != "no" and pair.state in known
    }


def encoded(message: Message) -> bytes:
    """Write a message as it is sent."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _view(device: Device, topics: Topics, rules: Rules, known: frozenset[str]) -> "_View":
    commands = tuple(device.meta.commands) if device.meta else ()
    return _View(device, topics, rules, known, commands, pairs(device, rules, known))


@dataclass(frozen=True, slots=True)
class _View:
    """One device, as its messages are made."""

    device: Device
    topics: Topics
    rules: Rules
    names: frozenset[str]
    commands: tuple[str, ...]
    pairs: Mapping[str, controls.Pair]

    def id(self, place: Place) -> str:
        """Name the device that a place becomes."""
        return device_id(self.topics.prefix, self.device.name, place)

    def whole(self) -> list[Component]:
        """Describe what is not of one variable or command."""
        about = self.topics.about_device
        kind, service, name = ServiceKind.HOMEASSISTANT, self.rules.service, self.device.name
        found = statuses.standing_entities(
            about(kind, service, ServiceTopic.STANDING, name), [self._of_ours()]
        )
        found.append(
            statuses.event_entity(self.topics.device(name, DeviceTopic.EVENT), self._of_service())
        )
        if STATUS in self.names:
            has_battery = statuses.has_battery(self.names)
            found += statuses.status_entities(self._variable(STATUS), has_battery=has_battery)
        topic = about(kind, service, ServiceTopic.ENERGY, name)
        return [*found, *self._energy(topic)]

    def of_variable(self, name: str, rest: str) -> list[Component]:
        """Describe what a variable becomes: a sensor, and where it may be written a control."""
        if name in _WITHOUT_SENSOR or self.rules.leaves_out(name) or self._is_absent(name):
            return []
        found = [self._written(name, rest), self._shown(name, rest)]
        made = [component for component in found if component]
        # What can be written shows its value too.
        return made[:1] if found[0] and found[1] and found[1].weight is Weight.EXTRA else made

    def of_command(self, name: str, rest: str) -> list[Component]:
        """Describe the button of a command, if it may be sent and no switch does so."""
        in_pairs = {one for pair in self.pairs.values() for one in (pair.on, pair.off)}
        is_old = rest in ("beeper.on", "beeper.off") and "beeper.enable" in self.commands
        if name in in_pairs or is_old or not self.rules.may_send(name):
            return []
        if (
            rest != name
            and self.device.variables.get(f"{placed(name)[0].prefix}switchable") == "no"
        ):
            return []
        topic = self.topics.device(self.device.name, DeviceTopic.COMMAND, name)
        return [controls.button(name, rest, topic)]

    def of_pair(self, pair: controls.Pair, rest: str) -> Component:
        """Describe a switch that our service carries out."""
        order = self.topics.about_device(
            ServiceKind.HOMEASSISTANT,
            self.rules.service,
            ServiceTopic.SWITCH,
            self.device.name,
            pair.name,
        )
        is_beeper = pair.name == "beeper"
        device_class = "" if is_beeper else "outlet"
        made = controls.switch(pair, rest, order, self._variable(pair.state), device_class)
        made.fields["avty"] = self._availability(self._of_ours())
        return made

    def message(self, place: Place, found: list[Component], made: Collection[Place]) -> Message:
        """Put a message together; what is switched off anyway is left out of one too big.

        `made` are the places that have a message: one of them is what the place is behind.
        """
        id = self.id(place)
        head: Message = {
            "dev": self._described(place, id, place.outer if place.outer in made else Place()),
            "o": origin(self.topics.prefix, self.rules.service),
            "avty": self._availability(),
            "avty_mode": "all",
        }
        entities = {
            each.key: controls.expiring(each.described(id), self.rules.command_expiry)
            for each in sorted(found, key=lambda each: (each.weight, each.key))
        }
        return {**head, "cmps": _fitting(head, entities)}

    def _shown(self, name: str, rest: str) -> Component | None:
        if rest == "status" and rest != name:
            return self._powered(name)
        if rest in _LABELS and rest != name:
            return None
        return sensors.sensor(name, rest, self._variable(name))

    def _powered(self, name: str) -> Component | None:
        if name in {pair.state for pair in self.pairs.values()}:
            return None
        fields = {
            "stat_t": self._variable(name),
            "val_tpl": templates.switched(["on"], ["off"]),
            "dev_cla": "power",
        }
        return Component("is-powered", "binary_sensor", "Powered", fields)

    def _written(self, name: str, rest: str) -> Component | None:
        writable = self.device.meta.writable.get(name) if self.device.meta else None
        if writable is None or not self.rules.may_set(name):
            return None
        order = self.topics.device(self.device.name, DeviceTopic.SET, name)
        return controls.field(name, rest, writable, (self._variable(name), order))

    def _energy(self, topic: str) -> list[Component]:
        found = source(self.names, self.rules.power_factor) if self.rules.energy else None
        if found is None:
            return []
        mark = " (estimated)" if found.estimated else ""
        common = {"stat_t": topic, "avty": self._availability(self._of_ours())}
        energy = {
            "val_tpl": templates.key_of("energy"),
            "dev_cla": "energy",
            "unit_of_meas": "kWh",
            "stat_cla": "total_increasing",
            "sug_dsp_prc": 2,
            "avty": [self._of_ours()],
        }
        power = {
            "val_tpl": templates.key_of("power"),
            "dev_cla": "power",
            "unit_of_meas": "W",
            "stat_cla": "measurement",
            "sug_dsp_prc": 0,
        }
        made = [Component("energy", "sensor", f"Energy{mark}", common | energy)]
        if found.terms != (("ups.realpower",),):
            made.append(Component("power", "sensor", f"Power{mark}", common | power))
        return made

    def _is_absent(self, name: str) -> bool:
        """Tell whether a variable is that of an ambient sensor that is not plugged in."""
        head = name.partition(".")[0]
        values = self.device.variables
        return (
            head == "ambient"
            and name != "ambient.present"
            and (values.get("ambient.present") == "no")
        )

    def _described(self, place: Place, id: str, outer: Place) -> Message:
        values = self.device.variables
        head = {"ids": [id], "name": self._title(place)}
        if place != Place():
            head["via_device"] = self.id(outer)
        if "outlet." in place.prefix:
            return head
        said = {
            key: _IDENTITY_CHECKS.get(key, names.text)(names.first(values, _at(place, row)))
            for key, row in _IDENTITY.items()
        }
        if place == Place():
            said["configuration_url"] = names.web_address(values.get(_ADDRESS, ""))
        return head | {_SHORT[key]: value for key, value in said.items() if value}

    def _title(self, place: Place) -> str:
        meta, values = self.device.meta, self.device.variables
        whole = names.text(meta.desc or "" if meta else "") or self.device.name
        if place == Place():
            return whole
        label = names.first(values, (f"{place.prefix}{key}" for key in _LABELS))
        return f"{whole} {label or place.title}"

    def _variable(self, name: str) -> str:
        return self.topics.device(self.device.name, DeviceTopic.VARIABLE, name)

    def _availability(self, *more: dict[str, str]) -> list[dict[str, str]]:
        own = self.topics.device(self.device.name, DeviceTopic.AVAILABILITY)
        of_service = self._of_service()
        others = [each for each in more if each not in of_service]
        return [{"t": own, "val_tpl": templates.AVAILABLE}, *of_service, *others]

    def _of_service(self) -> list[dict[str, str]]:
        """Give what tells that a driver works: its service, or where two take turns, we do.

        A message that names the one at work would be behind for as long as messages are held back.
        """
        meta = self.device.meta
        if meta and meta.standby:
            about = self.topics.about_device
            kind, part = ServiceKind.HOMEASSISTANT, ServiceTopic.STANDING
            topic = about(kind, self.rules.service, part, self.device.name)
            return [{"t": topic, "val_tpl": templates.STANDS}, self._of_ours()]
        service = meta.service if meta else ""
        part = ServiceTopic.AVAILABILITY
        return [_available(self.topics.service(ServiceKind.DRIVER, service, part))]

    def _of_ours(self) -> dict[str, str]:
        part = ServiceTopic.AVAILABILITY
        return _available(self.topics.service(ServiceKind.HOMEASSISTANT, self.rules.service, part))


def origin(prefix: str, service: str) -> dict[str, str]:
    """Say whose a message is; by its name a service knows its own."""
    return {"name": f"nutbus {prefix}/{service}", "sw": _version()}


@lru_cache(maxsize=1)
def _version() -> str:
    return version("nutbus")  # from a file, which takes longer than all else of a message


def _at(place: Place, row: tuple[str, ...]) -> list[str]:
    """Name the variables of a row in a place; those of a daisy chain lose the word device."""
    return [
        f"{place.prefix}{name.removeprefix('device.') if place.prefix else name}" for name in row
    ]


def _depth(place: Place) -> tuple[bool, bool]:
    """Put what others are behind first, so that Home Assistant knows it by then."""
    return (place != Place(), place.outer != Place())


def _available(topic: str) -> dict[str, str]:
    return {"t": topic, "val_tpl": templates.AVAILABLE}


def _fitting(head: Message, entities: dict[str, Message]) -> dict[str, Message]:
    left = MOST_BYTES - len(encoded(head))
    fitting = {}
    for key, entity in entities.items():
        left -= len(encoded({key: entity}))
        if left < 0:
            break
        fitting[key] = entity
    return fitting


_IDENTITY_CHECKS: Final = {"serial_number": names.serial}
_SHORT: Final = {
    "manufacturer": "mf",
    "model": "mdl",
    "model_id": "mdl_id",
    "serial_number": "sn",
    "sw_version": "sw",
    "hw_version": "hw",
    "suggested_area": "sa",
    "configuration_url": "cu",
}
