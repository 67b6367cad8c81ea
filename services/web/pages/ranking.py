"""The fleet sorted by trouble and filtered, for thousands of devices. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from services.web.pages.levels import Level, Standing, standing
from shared.fleet import Device

PAGE: Final = 50
VIEWS: Final = 200  # that many are remembered


@dataclass(frozen=True, slots=True)
class View:
    """Which part of the fleet is to be seen: what the text is found in, page `number` from 1."""

    text: str = ""
    number: int = 1
    size: int = PAGE


@dataclass(frozen=True, slots=True)
class Part:
    """The devices of one page of `pages`; `found` counts those on all pages."""

    names: tuple[str, ...]
    found: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class _Entry:
    level: Level
    text: str


@dataclass(slots=True)
class Ranking:
    """Knows the place of each device; `turn` counts the changes of the order."""

    turn: int = 0
    counts: Counter[Level] = field(default_factory=Counter)
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _sorted: Sequence[str] | None = None
    _parts: dict[View, Part] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._entries)

    def take(self, name: str, device: Device | None) -> bool:
        """Note a change of a device; True when the order or what is found may be another."""
        before = self._entries.get(name)
        after = _entry(device, standing(device)) if device and device.meta else None
        if before == after:
            return False
        if before:
            self.counts[before.level] -= 1
            del self._entries[name]
        if after:
            self.counts[after.level] += 1
            self._entries[name] = after
        self.turn += 1
        self._sorted = None
        self._parts.clear()
        return True

    def part(self, view: View) -> Part:
        """Find what a view shows; a page that is not there any more is the last one."""
        known = self._parts.get(view)
        if known is None:
            if len(self._parts) >= VIEWS:
                self._parts.clear()
            known = self._parts[view] = self._found(view)
        return known

    def _found(self, view: View) -> Part:
        sought = view.text.lower().split()
        found = [
            name
            for name in self._order()
            if all(word in self._entries[name].text for word in sought)
        ]
        pages = max(1, -(-len(found) // view.size))
        number = min(view.number, pages)
        first = (number - 1) * view.size
        return Part(tuple(found[first : first + view.size]), len(found), number, pages)

    def _order(self) -> Sequence[str]:
        if self._sorted is None:
            self._sorted = sorted(
                self._entries, key=lambda name: (self._entries[name].level, _natural(name))
            )
        return self._sorted


def _entry(device: Device, judged: Standing) -> _Entry:
    variables, meta = device.variables, device.meta
    seen = (
        device.name,
        meta.desc if meta else "",
        meta.driver if meta else "",
        device.status,
        judged.text,
        judged.name,
        variables.get("ups.model") or variables.get("device.model", ""),
        variables.get("ups.serial") or variables.get("device.serial", ""),
        variables.get("device.location", ""),
    )
    return _Entry(judged.level, "\n".join(text for text in seen if text).lower())


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort rack2 before rack10."""
    found: list[tuple[int, int, str]] = []
    rest = name.lower()
    while rest:
        is_number = rest[0].isdigit()
        length = next(
            (place for place, sign in enumerate(rest) if sign.isdigit() != is_number), len(rest)
        )
        head, rest = rest[:length], rest[length:]
        found.append((0, int(head), "") if is_number else (1, 0, head))
    return tuple(found)
