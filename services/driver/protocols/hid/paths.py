"""Paths of usages, as text and as numbers: `UPS.PowerSummary.RemainingCapacity`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.driver.protocols.hid.descriptor import INDEX


@dataclass(frozen=True, slots=True)
class Usages:
    """Names of usages; where several tables know a name or a number, the first one counts."""

    numbers: Mapping[str, int]  # by name in lower case
    names: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, *tables: Iterable[tuple[str, int]]) -> "Usages":
        """Lay tables over each other."""
        numbers: dict[str, int] = {}
        names: dict[int, str] = {}
        for name, number in (pair for table in tables for pair in table):
            numbers.setdefault(name.lower(), number)
            names.setdefault(number, name)
        return cls(numbers, names)

    def path(self, text: str) -> tuple[int, ...] | None:
        """Read a path; None if a step is no usage, no hexadecimal number and no [index]."""
        steps = [self._step(step) for step in text.split(".")]
        known = [step for step in steps if step is not None]
        return tuple(known) if len(known) == len(steps) else None

    def text(self, path: Sequence[int]) -> str:
        """Write a path."""
        return ".".join(self._name(step) for step in path)

    def _step(self, text: str) -> int | None:
        if (number := self.numbers.get(text.lower())) is not None:
            return number
        if text.startswith("[") and text.endswith("]") and text[1:-1].isdecimal():
            return INDEX | int(text[1:-1]) & 0xFFFF
        try:
            return int(text, 16) & 0xFFFFFFFF
        except ValueError:
            return None

    def _name(self, step: int) -> str:
        if step in self.names:
            return self.names[step]
        return f"[{step & 0xFFFF}]" if step & 0xFFFF0000 == INDEX else f"{step:08x}"
