"""The lists of a device page: variables in groups, outlets, clients. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from services.web.pages.wording import described, readable
from shared.messages import DeviceMeta

_OUTLET: Final = re.compile(r"outlet\.(?P<place>(?:group\.)?[0-9]{1,4})\.(?P<rest>.+)")
_COLUMNS: Final = ("desc", "name", "status", "switch", "switchable", "realpower", "current")


@dataclass(frozen=True, slots=True)
class Line:
    """One variable as it is listed; `id` is that of its row."""

    id: str
    name: str
    value: str
    unit: str
    said: str
    description: str
    is_writable: bool


@dataclass(frozen=True, slots=True)
class Outlet:
    """One outlet or group of outlets, with what is known of it."""

    place: str
    title: str
    status: str
    is_switchable: bool
    realpower: str
    current: str


def lines(variables: Mapping[str, str], meta: DeviceMeta | None) -> list[Line]:
    """List all variables by name."""
    writable = meta.writable if meta else {}
    return [_line(name, variables[name], name in writable) for name in sorted(variables)]


def groups(all_: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    """Put variables together by the first word of their names."""
    return [
        (group, list(members))
        for group, members in groupby(all_, key=lambda line: line.name.partition(".")[0])
    ]


def outlets(variables: Mapping[str, str]) -> list[Outlet]:
    """List the outlets of a device in their order, groups last."""
    found: dict[str, dict[str, str]] = {}
    for name, value in variables.items():
        match = _OUTLET.fullmatch(name)
        if match and match["rest"] in _COLUMNS:
            found.setdefault(match["place"], {})[match["rest"]] = value
    return [_outlet(place, found[place]) for place in sorted(found, key=_order)]


def _line(name: str, value: str, is_writable: bool) -> Line:
    known = described(name)
    unit = known.unit if known else ""
    text = known.description if known else ""
    return Line(f"v-{name}", name, value, unit, readable(name, value), text, is_writable)


def _outlet(place: str, values: Mapping[str, str]) -> Outlet:
    title = values.get("name") or values.get("desc") or ""
    switchable = values.get("switchable", values.get("switch", "")).lower() in ("yes", "on")
    return Outlet(
        place, title, values.get("status", ""), switchable,
        values.get("realpower", ""), values.get("current", ""),
    )  # fmt: skip


def _order(place: str) -> tuple[bool, int]:
    return (place.startswith("group."), int(place.rpartition(".")[2]))
