"""Since when things are as they are, by our own clock: values, power cuts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.web.pages.levels import is_on_battery
from shared.fleet import Device
from shared.messages import Availability


@dataclass(frozen=True, slots=True)
class Since:
    """A moment; `seen` says that it began then, else it had begun before we listened."""

    moment: float
    seen: bool


@dataclass(slots=True)
class Ages:
    """Feeds on devices; `now` is the time of the pages."""

    _values: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _since: dict[str, dict[str, Since]] = field(default_factory=dict)
    _heard: dict[str, tuple[float, float]] = field(default_factory=dict)
    on_battery: dict[str, Since] = field(default_factory=dict)

    def take(self, name: str, device: Device | None, now: float) -> bool:
        """Note a change of a device; True when a power cut began, went on or ended."""
        if device is None:
            for each in (self._values, self._since, self._heard, self.on_battery):
                each.pop(name, None)
            return True
        is_new = name not in self._values
        before, after = self._values.get(name, {}), device.variables
        self._values[name] = after
        since = self._since.setdefault(name, {})
        if before != after:
            _note(since, before, after, now)
        if self._heard.get(name, (-1.0, 0.0))[0] != device.heard:
            self._heard[name] = (device.heard, now)
        return self._note_battery(name, device, now, is_new)

    def of(self, name: str, variable: str) -> Since:
        """Since when a variable has its value."""
        return self._since[name][variable]

    def heard(self, name: str) -> float:
        """When the last state of a device arrived."""
        return self._heard[name][1]

    def _note_battery(self, name: str, device: Device, now: float, is_new: bool) -> bool:
        was, is_now = name in self.on_battery, is_on_battery(device)
        if is_now and not was:
            online = device.standing is Availability.ONLINE
            self.on_battery[name] = Since(now, seen=not is_new and online)
        elif was and not is_now:
            del self.on_battery[name]
        return was or is_now


def _note(
    since: dict[str, Since], before: Mapping[str, str], after: Mapping[str, str], now: float
) -> None:
    was_heard = bool(before)
    for variable in [variable for variable in since if variable not in after]:
        del since[variable]
    for variable, value in after.items():
        if before.get(variable) != value or variable not in since:
            since[variable] = Since(now, seen=was_heard)


def earlier(since: Since, moment: float) -> Since:
    """Correct when something began by what others know of it."""
    return replace(since, moment=min(since.moment, moment), seen=True)
