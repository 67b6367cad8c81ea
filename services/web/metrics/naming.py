"""Which metric each NUT variable becomes: name, unit, factor and labels. Pure.

What a name numbers (`outlet.3.current`) or places on a phase (`input.L1.voltage`) is a label, so
that all outlets and phases are one metric. All samples of a metric have the same labels; "" stands
for the whole, which Prometheus takes as a label that is not there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from shared.variables import FAMILIES, VARIABLES, Kind, Variable, number_of, variable

PREFIX: Final = "nutbus"

# Unit of the catalogue: suffix of the metric, and what the value is multiplied or divided by.
_UNITS: Final = {
    "": ("", 1.0, 1.0),
    "V": ("volts", 1.0, 1.0),
    "A": ("amperes", 1.0, 1.0),
    "Ah": ("amperehours", 1.0, 1.0),
    "W": ("watts", 1.0, 1.0),
    "VA": ("voltamperes", 1.0, 1.0),
    "Hz": ("hertz", 1.0, 1.0),
    "s": ("seconds", 1.0, 1.0),
    "min": ("seconds", 60.0, 1.0),
    "°C": ("celsius", 1.0, 1.0),
    "°": ("degrees", 1.0, 1.0),
    "%": ("ratio", 1.0, 100.0),
}

# What a number counts, by the level before it.
_NUMBERED: Final = {
    "input": "feed",
    "outlet": "outlet",
    "group": "group",
    "ambient": "sensor",
    "contacts": "contact",
}

# The name would end in _count, which is kept for histograms; or mean two things.
_RENAMED: Final = {
    ("input.count", ""): "inputs",
    ("outlet.count", ""): "outlets",
    ("outlet.group.count", ""): "outlet.groups",
    ("outlet.group.count", "group"): "outlet.group.outlets",
    ("ambient.count", ""): "ambient.sensors",
    ("device.count", ""): "chain.length",
}

_NOUNS: Final = {
    "input": "the input",
    "input.bypass": "the bypass input",
    "input.servicebypass": "the service bypass input",
    "output": "the output",
    "output.bypass": "the bypass output",
    "output.inverter": "the inverter",
    "output.servicebypass": "the service bypass output",
    "ups": "the UPS",
    "outlet": "the outlet",
    "outlet.group": "the outlet group",
    "ambient": "the ambient sensor",
}

_PHASE = re.compile(r"L[123](?:-(?:N|L[123]))?|N")
_MEMBER = re.compile(r"device\.([0-9]+)\.(.+)")
_WHICH = re.compile(r" \(device [0-9]+ of the chain\)")  # a metric is about all of them
_UPSTREAM = "upstream."


@dataclass(frozen=True, slots=True)
class Family:
    """One metric; `labels` come beside `device`."""

    name: str
    unit: str
    help: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Naming:
    """What becomes of one variable: its metric, its place in it, and how its text is read.

    `words` are the texts for 1 and 0 of a switch; other values are numbers.
    """

    family: Family
    places: tuple[tuple[str, str], ...]
    times: float
    over: float
    words: tuple[str, ...]

    def value(self, text: str) -> float | None:
        """Read the text of a device; None when it is not what the catalogue says."""
        if self.words:
            known = dict(zip(self.words, (1.0, 0.0), strict=True))
            return known.get(text.strip().lower())
        read = number_of(text.strip())
        return None if read is None else read * self.times / self.over


@lru_cache(maxsize=16384)
def naming(name: str) -> Naming | None:
    """Name the metric of a variable; None when the catalogue has no number or switch like it."""
    row = variable(name)
    if row is None or row.kind not in (Kind.NUMBER, Kind.FLAG):
        return None
    scope, member, rest = _scope(name)
    generic, places = _placed(rest)
    generic = _RENAMED.get((generic, ",".join(places)), generic)
    labels = _LABELS.get(generic, ())
    family = _family(scope, generic, labels, row)
    return Naming(
        family,
        (*member, *((label, places.get(label, "")) for label in labels)),
        *_UNITS[row.unit][1:],
        words=row.values if row.kind is Kind.FLAG else (),
    )


def _scope(name: str) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """Tell what belongs to another device behind this one: scope, its label, the variable there."""
    if match := _MEMBER.fullmatch(name):
        return "chain", (("member", match[1]),), match[2]
    if name.startswith(_UPSTREAM):
        return "upstream", (), name.removeprefix(_UPSTREAM)
    return "", (), name


def _placed(name: str) -> tuple[str, dict[str, str]]:
    """Take the numbers and phases out of a name: the name without them, and what they are."""
    levels: list[str] = []
    places: dict[str, str] = {}
    for level in name.split("."):
        if level.isdigit() and levels:
            places[_NUMBERED[levels[-1]]] = level
        elif _PHASE.fullmatch(level):
            places["phase"] = level
        else:
            levels.append(level)
    return ".".join(levels), places


def _family(scope: str, generic: str, labels: tuple[str, ...], row: Variable) -> Family:
    unit, *_ = _UNITS[row.unit]
    shown = generic.removesuffix(".percent") if unit == "ratio" else generic
    parts = (PREFIX, scope, re.sub("[^a-z0-9]", "_", shown.lower()), unit)
    described = _WHICH.sub("", _HELP.get(generic, row.description))
    if unit == "ratio":
        described += ", from 0 to 1"
    if row.kind is Kind.FLAG:
        described += f"; 1 is {row.values[0]}, 0 is {row.values[1]}"
    source = f"{scope}: {generic}" if scope else generic
    member = ("member",) if scope == "chain" else ()
    return Family("_".join(filter(None, parts)), unit, f"{described} ({source})", member + labels)


def _of_families() -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, str]]:
    """Gather which labels each name takes, over all places where it occurs, and what to call it."""
    labels: dict[str, set[str]] = {}
    texts: dict[str, str] = {}
    for family in FAMILIES:
        example = family.name.replace("<n>", "1").replace("<phase>", "L1")
        base, _ = _placed(example)
        for key, row in family.rows.items():
            generic, places = _placed(f"{example}.{key}")
            generic = _RENAMED.get((generic, ",".join(places)), generic)
            labels.setdefault(generic, set()).update(places)
            texts[generic] = row.description.format(_NOUNS.get(base, family.place))
    texts |= {name: VARIABLES[old].description for (old, of), name in _RENAMED.items() if not of}
    return {name: tuple(sorted(found)) for name, found in labels.items()}, texts


_LABELS, _HELP = _of_families()
