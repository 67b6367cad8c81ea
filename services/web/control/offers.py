"""What a device page offers to who is logged in: commands, variables, outlets, FSD. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from services.web.control.orders import Action, Order, is_dangerous, may
from shared.commands import command
from shared.fleet import Device
from shared.messages import Writable
from shared.users import User
from shared.variables import number_of

_OUTLET: Final = re.compile(
    r"(?P<place>outlet\.(?:group\.)?[1-9]\d*)\.(?P<verb>load\..+|shutdown\..+)"
)


@dataclass(frozen=True, slots=True)
class Button:
    """One instant command; `parameter` says what may be given with it, "" for nothing."""

    name: str
    description: str
    is_dangerous: bool
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One variable that may be written; `kind` is choice, number or text."""

    name: str
    value: str
    kind: str
    choices: tuple[str, ...] = ()
    ranges: tuple[tuple[float, float], ...] = ()
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Outlet:
    """One outlet or group and the commands that it takes; `status` is on, off or ""."""

    place: str
    title: str
    status: str
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Offers:
    """All that one user may have one device do."""

    buttons: tuple[Button, ...] = ()
    outlets: tuple[Outlet, ...] = ()
    entries: tuple[Entry, ...] = ()
    may_force: bool = False
    may_clear: bool = False

    def __bool__(self) -> bool:
        return bool(
            self.buttons or self.outlets or self.entries or self.may_force or self.may_clear
        )


def offers(user: User | None, device: Device) -> Offers:
    """List what this user may do with a device; nothing for who is not logged in."""
    meta = device.meta
    if user is None or meta is None:
        return Offers()
    allowed = [
        name for name in meta.commands if may(user, Order(Action.COMMAND, device.name, name))
    ]
    of_outlets = [name for name in allowed if _OUTLET.fullmatch(name)]
    may_force = may(user, Order(Action.FSD, device.name))
    return Offers(
        buttons=tuple(_button(name, device.name) for name in allowed if name not in of_outlets),
        outlets=tuple(_outlets(of_outlets, device)),
        entries=tuple(_entries(user, device, meta.writable.items())),
        may_force=may_force and device.fsd is None,
        may_clear=may_force and device.fsd is not None,
    )


def _button(name: str, device: str) -> Button:
    known = command(name)
    return Button(
        name,
        known.description if known else "",
        is_dangerous(Order(Action.COMMAND, device, name)),
        known.parameter if known else "",
    )


def _outlets(names: Iterable[str], device: Device) -> Iterator[Outlet]:
    places: dict[str, list[str]] = {}
    for name in names:
        match = _OUTLET.fullmatch(name)
        if match:
            places.setdefault(match["place"], []).append(name)
    variables = device.variables
    for place in sorted(places, key=_in_order):
        title = variables.get(f"{place}.name") or variables.get(f"{place}.desc") or place
        status = variables.get(f"{place}.status", "")
        buttons = tuple(_button(name, device.name) for name in places[place])
        yield Outlet(place, title, status, buttons)


def _in_order(place: str) -> tuple[int, int]:
    return (place.count("."), int(place.rpartition(".")[2]))


def _entries(
    user: User, device: Device, writable: Iterable[tuple[str, Writable]]
) -> Iterator[Entry]:
    for name, rule in sorted(writable):
        if may(user, Order(Action.SET, device.name, name)):
            kind = "choice" if rule.enum else "number" if _is_number(rule) else "text"
            value = device.variables.get(name, "")
            if kind == "number" and number_of(value) is None:
                value = ""  # browsers take nothing else for a number
            choices, ranges = tuple(rule.enum), tuple(rule.ranges)
            yield Entry(name, value, kind, choices, ranges, rule.max_length)


def _is_number(rule: Writable) -> bool:
    return rule.type == "number" or bool(rule.ranges)
