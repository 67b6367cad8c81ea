"""The power that a device gives to its load, from whatever it tells; pure.

Which variables it is worked out from depends on their names alone, so that a value that is missing
for a moment is missing, and not replaced by an estimate.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from shared.variables import number_of

MAX_POWER: Final = 10_000_000.0  # W; more is nonsense
_OUTLET: Final = re.compile(r"outlet\.[1-9][0-9]*\.realpower\Z")
_PHASES: Final = ("L1", "L2", "L3")
_TOTALS: Final = ("ups.realpower", "output.realpower", "outlet.realpower", "outlet.0.realpower")


@dataclass(frozen=True, slots=True)
class Source:
    """How the power is worked out: the sum of `terms`, each the product of variables.

    A variable in % counts as a hundredth; `factor` is W for each VA.
    """

    terms: tuple[tuple[str, ...], ...]
    estimated: bool
    factor: float = 1.0

    @property
    def is_plain(self) -> bool:
        """Whether it is the value of one variable as it is."""
        return not self.estimated and len(self.terms) == 1

    def power(self, variables: Mapping[str, str]) -> float | None:
        """Work the power out, in W; None when a part is missing or is nonsense."""
        total = 0.0
        for term in self.terms:
            product = self.factor
            for name in term:
                value = _number(variables.get(name, ""))
                if value is None:
                    return None
                product *= value / 100 if name in _SHARES else value
            total += product
        return total if total <= MAX_POWER else None


def source(names: Collection[str], power_factor: float) -> Source | None:
    """Choose how to work out the power of a device with these variables, the best way first."""
    known = names if isinstance(names, set | frozenset) else frozenset(names)
    return _measured(known) or _estimated(known, power_factor)


def _measured(names: Collection[str]) -> Source | None:
    for name in _TOTALS:
        if name in names:
            return Source(((name,),), estimated=False)
    for head in ("output", "ups"):
        if terms := _phases(head, names):
            return Source(terms, estimated=False)
    outlets = tuple((name,) for name in sorted(names) if _OUTLET.match(name))
    if outlets:
        return Source(outlets, estimated=False)
    is_pdu = not any(name.startswith("battery.") for name in names)
    if is_pdu and "input.realpower" in names:
        return Source((("input.realpower",),), estimated=False)
    terms = _phases("input", names) if is_pdu else ()
    return Source(terms, estimated=False) if terms else None


def _estimated(names: Collection[str], power_factor: float) -> Source | None:
    for factor, term in (
        (1.0, ("ups.load", "ups.realpower.nominal")),
        (1.0, ("ups.load", "output.realpower.nominal")),
        (1.0, ("ups.power", "output.powerfactor")),
        (power_factor, ("ups.power",)),
        (power_factor, ("output.power",)),
        (power_factor, ("ups.load", "ups.power.nominal")),
        (power_factor, ("ups.load", "output.power.nominal")),
    ):
        if all(name in names for name in term):
            return Source((term,), estimated=True, factor=factor)
    return None


def _phases(head: str, names: Collection[str]) -> tuple[tuple[str, ...], ...]:
    terms = tuple((f"{head}.{phase}.realpower",) for phase in _PHASES)
    return terms if all(term[0] in names for term in terms) else ()


def _number(text: str) -> float | None:
    value = number_of(text.strip())
    return value if value is not None and value >= 0 else None


_SHARES: Final = frozenset({"ups.load"})
