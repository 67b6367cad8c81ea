"""Who may appear in Home Assistant, and what it may do there: patterns, made to answers."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from shared.commands import command


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings allow; `service` is the id of ours, `power_factor` W for each VA."""

    service: str = "homeassistant"
    devices: tuple[str, ...] = ("*",)
    leave_out: tuple[str, ...] = ()
    commands: tuple[str, ...] = ("beeper.*", "test.*")
    allow_power_off: tuple[str, ...] = ()
    allow_set: tuple[str, ...] = ()
    command_expiry: int | None = None
    energy: bool = True
    power_factor: float = 0.7

    def shows(self, device: str) -> bool:
        """Tell whether a device is to appear."""
        return _is_any(device, self.devices)

    def leaves_out(self, name: str) -> bool:
        """Tell whether a variable or a command is to have no entity."""
        return _is_any(name, self.leave_out)

    def may_send(self, name: str, within: str = "") -> bool:
        """Tell whether a command may be sent; one that nobody knows counts as dangerous.

        Where `within` names the command that undoes it, allowing that one is enough.
        """
        if self.leaves_out(name):
            return False
        if _is_any(name, self.allow_power_off) or _is_any(within, self.allow_power_off):
            return True
        known = command(name)
        return known is not None and not known.dangerous and _is_any(name, self.commands)

    def may_set(self, name: str) -> bool:
        """Tell whether a variable may be written."""
        return not self.leaves_out(name) and _is_any(name, self.allow_set)


def _is_any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
