"""The devices as Home Assistant is to see them, kept steady; pure.

A variable that a device had stays for a day, so that entities do not come and go with an alarm or
a reading that failed. What was shown before a restart is learnt from our own messages.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.homeassistant.discovery import Message, discovery, is_part_of_shape
from services.homeassistant.names import device_of
from services.homeassistant.rules import Rules
from shared.fleet import Device
from shared.messages import Availability, DeviceMeta
from shared.topics import DeviceTopic, OfDevice, Topics

KEPT: Final = 86400.0  # seconds for which a variable may be missing
MOST_MISSING: Final = 500  # variables of one device; of more, those that were seen last stay

_Want = Callable[[str, Message | None], None]


@dataclass(slots=True)
class _Shown:
    """What is told of one device, and what that came from."""

    ids: set[str] = field(default_factory=set)
    seen: dict[str, float] = field(default_factory=dict)
    meta: DeviceMeta | None = None
    names: frozenset[str] = frozenset()
    values: dict[str, str] = field(default_factory=dict)
    model: tuple[str, ...] = ()


@dataclass(slots=True)
class Roster:
    """Turns devices into wanted messages; `want` is told of each that may have changed."""

    topics: Topics
    rules: Rules
    want: _Want
    _shown: dict[str, _Shown] = field(default_factory=dict)

    def learn(self, id: str, message: Message, now: float) -> None:
        """Remember from a message of ours what a device had before we were started."""
        name = device_of(self.topics.prefix, id)
        shown = self._shown.setdefault(name, _Shown())
        before = len(shown.ids) + len(shown.seen)
        shown.ids.add(id)
        for topic in _topics(message):
            about = self.topics.parse(topic)
            is_variable = isinstance(about, OfDevice) and about.part is DeviceTopic.VARIABLE
            if isinstance(about, OfDevice) and is_variable and about.device == name:
                shown.seen.setdefault(about.name, now)
        if len(shown.ids) + len(shown.seen) != before:
            shown.meta = None  # so that it is told anew

    def observe(self, device: Device, now: float) -> None:
        """Take a device as it is now; only one that answers is believed what it lacks."""
        if device.meta is None or device.state is None or not self.rules.shows(device.name):
            return
        shown = self._shown.setdefault(device.name, _Shown())
        is_away = device.standing is not Availability.ONLINE
        if is_away and shown.ids:
            return
        model = _model(device)
        if shown.model not in ((), model):
            shown.seen.clear()
        shown.model = model
        values = device.state.vars
        names = self._names(shown, values, now)
        told = {name: value for name, value in values.items() if is_part_of_shape(name)}
        if (shown.meta, shown.names, shown.values) == (device.meta, names, told):
            return
        shown.meta, shown.names, shown.values = device.meta, names, told
        self._tell(shown, discovery(device, self.topics, self.rules, names))

    def remove(self, name: str) -> None:
        """Take a device away with all its outlets."""
        shown = self._shown.pop(name, None)
        for id in shown.ids if shown else ():
            self.want(id, None)

    def strangers(self, devices: set[str]) -> list[str]:
        """Name the devices that are shown, but are not among these or may not be."""
        return [name for name in self._shown if name not in devices or not self.rules.shows(name)]

    def apply(self, rules: Rules) -> None:
        """Follow other rules; each device has to be observed again."""
        self.rules = rules
        for shown in self._shown.values():
            shown.meta = None

    def known(self, name: str) -> frozenset[str]:
        """Name the variables that a device has or had lately."""
        shown = self._shown.get(name)
        return shown.names if shown else frozenset()

    def _names(self, shown: _Shown, values: dict[str, str], now: float) -> frozenset[str]:
        for name in values:
            shown.seen[name] = now
        for name in _given_up(shown.seen, values, now):
            del shown.seen[name]
        return frozenset(shown.seen) if shown.seen.keys() != shown.names else shown.names

    def _tell(self, shown: _Shown, messages: dict[str, Message]) -> None:
        for id in shown.ids - messages.keys():
            self.want(id, None)
        for id, message in messages.items():
            self.want(id, message)
        shown.ids = set(messages)


def _given_up(seen: Mapping[str, float], values: Mapping[str, str], now: float) -> list[str]:
    """Name what was not seen for too long, and the oldest of what is missing if that is much."""
    old = [name for name, at in seen.items() if now - at > KEPT]
    surplus = len(seen) - len(old) - len(values) - MOST_MISSING
    if surplus <= 0:
        return old
    missing = [name for name in seen if name not in values and now - seen[name] <= KEPT]
    return old + sorted(missing, key=seen.__getitem__)[:surplus]


def _model(device: Device) -> tuple[str, ...]:
    assert device.meta is not None
    values = device.variables
    return (device.meta.driver, values.get("device.mfr", ""), values.get("device.model", ""))


def _topics(message: Message) -> list[str]:
    found: list[Any] = [each.get("stat_t") for each in message["cmps"].values()]
    return [topic for topic in found if isinstance(topic, str)]
