"""What can be set on a simulated device: the rows, their present values, and the checks."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared.errors import RefusedError, ResultStatus
from shared.messages import Writable

YES_NO = ("yes", "no")
ON_OFF = ("on", "off")
LONGEST_DELAY = 86400.0


@dataclass(frozen=True, slots=True)
class Setting:
    """One writable variable; a number is kept with `digits` digits after the point."""

    name: str
    initial: str
    takes: Writable
    digits: int = 0


def number(name: str, initial: float, low: float, high: float, digits: int = 0) -> Setting:
    """Describe a number from `low` to `high`, both included."""
    takes = Writable(type="number", ranges=[(low, high)])
    return Setting(name, f"{initial:.{digits}f}", takes, digits)


def delay(name: str, initial: float) -> Setting:
    """Describe a time in whole seconds, up to a day."""
    return number(name, initial, 0, LONGEST_DELAY)


def choice(name: str, initial: str, values: Iterable[str]) -> Setting:
    """Describe one of several words."""
    return Setting(name, initial, Writable(enum=list(values)))


def text(name: str, initial: str, max_length: int = 32) -> Setting:
    """Describe a free text in printable ASCII."""
    return Setting(name, initial, Writable(max_length=max_length))


class Panel:
    """The present value of every setting, by name."""

    def __init__(self, settings: Iterable[Setting]) -> None:
        self._settings = {each.name: each for each in settings}
        self._values = {each.name: each.initial for each in self._settings.values()}
        self.values: Mapping[str, str] = MappingProxyType(self._values)
        self.writable = {each.name: each.takes for each in self._settings.values()}

    def number(self, name: str) -> float:
        """Read a number."""
        return float(self._values[name])

    def write(self, name: str, value: str) -> None:
        """Change a setting, or say in a RefusedError why not."""
        if name not in self._settings:
            raise RefusedError(ResultStatus.READ_ONLY, f"{name} cannot be set")
        self._values[name] = _accepted(self._settings[name], value)


def seconds(name: str, value: str | None, default: float) -> float:
    """Read the parameter of a command that takes a time in seconds.

    None and "" stand for the default.
    """
    if not value:
        return default
    return float(_accepted(delay(name, default), value))


def decimal(value: float, digits: int) -> str:
    """Write a number with some digits after the point, and zero without a sign."""
    return f"{round(value, digits) + 0.0:.{digits}f}"  # adding zero turns -0 into 0


def _accepted(setting: Setting, value: str) -> str:
    """Check a value and write it as the device does; RefusedError names the setting."""
    try:
        setting.takes.check(value)
    except RefusedError as refused:
        raise RefusedError(refused.status, f"{setting.name}: {refused}") from None
    if setting.takes.type == "number":
        return decimal(float(value), setting.digits)
    if _PRINTABLE.fullmatch(value) is None:
        raise RefusedError(ResultStatus.INVALID, f"{setting.name}: printable ASCII only")
    return value


_PRINTABLE = re.compile(r"[ -~]*")
