"""Further names of devices: what a client sees under each. No network, no bus, no clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.gateway.sections import STATUS, AliasSettings, pattern
from shared.fleet import Device

Find = Callable[[str], Device | None]


@dataclass(slots=True)
class _Alias:
    name: str
    settings: AliasSettings
    keeps: Callable[[str], bool]
    whole: Device | None = None  # what was last looked at, and what is seen of it
    seen: Device | None = None


class Aliases:
    """The names that settings give to devices; a name counts in any case.

    What has such a name is the device all the same: rights, logins, orders and FSD are its own.
    """

    def __init__(self, settings: Mapping[str, AliasSettings]) -> None:
        self._aliases = {
            name.lower(): _Alias(name, alias, _keeps(alias)) for name, alias in settings.items()
        }

    def has(self, name: str) -> bool:
        """Tell whether a name is one of these."""
        return name.lower() in self._aliases if self._aliases else False

    def device(self, name: str, find: Find) -> Device | None:
        """Show the device that a name of these stands for; `find` knows devices by their own."""
        alias = self._aliases[name.lower()]
        whole = find(alias.settings.device)
        if whole is None or whole is not alias.whole:
            alias.whole, alias.seen = whole, _seen(alias, whole) if whole else None
        return alias.seen

    def listed(self, names: Sequence[str]) -> list[str]:
        """Add the names that are listed to those of the devices, each behind its device."""
        if not self._aliases:
            return list(names)
        listed = []
        for name in names:
            own = self._aliases.get(name.lower())
            if own is None or own.settings.listed is not False:
                listed.append(name)
            listed += self._behind(name, names)
        return listed

    def steals(self, name: str) -> bool:
        """Tell whether a device cannot be seen, since its name stands for another."""
        alias = self._aliases.get(name.lower())
        return alias is not None and alias.settings.device.lower() != name.lower()

    def _behind(self, device: str, names: Sequence[str]) -> list[str]:
        others = {name.lower() for name in names}
        return [
            alias.name
            for key, alias in self._aliases.items()
            if alias.settings.device.lower() == device.lower()
            and key not in others
            and (alias.settings.is_part if alias.settings.listed is None else alias.settings.listed)
        ]


def _keeps(settings: AliasSettings) -> Callable[[str], bool]:
    shown = pattern(settings.show or ["*"]).match
    hidden = pattern(settings.hide).match if settings.hide else None

    def keeps(name: str) -> bool:
        return name == STATUS or (shown(name) is not None and not (hidden and hidden(name)))

    return keeps


def _seen(alias: _Alias, device: Device) -> Device:
    meta, state, keeps = device.meta, device.state, alias.keeps
    if meta and alias.settings.desc is not None:
        meta = meta.model_copy(update={"desc": alias.settings.desc})
    if meta and alias.settings.is_part:
        writable = {name: what for name, what in meta.writable.items() if keeps(name)}
        commands = [name for name in meta.commands if keeps(name)]
        meta = meta.model_copy(update={"writable": writable, "commands": commands})
    if state and alias.settings.is_part:
        variables = {name: value for name, value in state.vars.items() if keeps(name)}
        state = state.model_copy(update={"vars": variables})
    return replace(device, meta=meta, state=state)
