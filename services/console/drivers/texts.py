"""What `nutbus drivers` prints: lines for people, and data for scripts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import Any, Final

from services.console.drivers.fields import options
from services.console.drivers.serving import service
from services.console.drivers.templates import template_names
from services.driver.contract import Kind
from shared.hardware.models import LEVELS, Model
from shared.hardware.search import Hit

MOST_HITS: Final = 40
WIDTH: Final = 100
_INDENT: Final = "    "


def kind_lines(kinds: Sequence[Kind]) -> list[str]:
    """Write one line a driver: its name, NUT's names for it, what it reads."""
    rows = [(kind.name, ", ".join(kind.aliases) or "-", kind.summary) for kind in kinds]
    return columns([("driver", "NUT's names", "reads"), *rows])


def kind_data(kind: Kind) -> dict[str, Any]:
    """Make of a driver what scripts read."""
    return {
        "name": kind.name,
        "aliases": list(kind.aliases),
        "summary": kind.summary,
        "takes_tables": kind.has_tables,
        "tables": list(template_names(kind.name)),
    }


def driver_lines(kind: Kind) -> list[str]:
    """Describe one driver with its options."""
    names = f" (NUT: {', '.join(kind.aliases)})" if kind.aliases else ""
    lines = [f"{kind.name}{names}: {kind.summary}"]
    if kind.has_tables:
        lines.append("Tables of your own can teach it more devices: see tables in [driver].")
    if shipped := template_names(kind.name):
        told = f"It is shipped with the tables {', '.join(shipped)}; --table NAME prints one."
        lines += wrap(told, WIDTH)
    lines += ["", "Options" if kind.options.model_fields else "It has no options of its own."]
    for option in options(kind.options):
        told = f"{option.kind}, default {option.default}" if option.default else option.kind
        told = option.kind + ", required" if option.default == "required" else told
        lines.append(f"  {option.name}  ({told})")
        lines += wrap(option.description, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
    return lines


def driver_data(kind: Kind) -> dict[str, Any]:
    """Make of one driver and its options what scripts read."""
    return {**kind_data(kind), "options": [asdict(each) for each in options(kind.options)]}


def hit_lines(hits: Sequence[Hit], drivers: Mapping[str, Kind]) -> list[str]:
    """Write one line a model: who made it, NUT's driver, support level, what serves it here."""
    rows = [_row(hit.model, drivers) for hit in hits[:MOST_HITS]]
    heading = ("manufacturer", "support", "NUT's driver", "served by", "model")
    rest = len(hits) - len(rows)
    more = [f"and {rest} more: say more of its name, or use --json"] if rest else []
    return [*columns([heading, *rows]), *more]


def hit_data(hit: Hit, drivers: Mapping[str, Kind]) -> dict[str, Any]:
    """Make of a model what scripts read."""
    model, found = hit.model, service(hit.model, drivers)
    return {
        "manufacturer": model.manufacturer,
        "model": model.name,
        "type": model.type,
        "extra": model.extra,
        "drivers": list(model.drivers),
        "transports": [str(way.transport) for way in model.ways],
        "needs": model.needs,
        "level": model.level,
        "served": str(found.served),
        "driver": found.driver,
        "program": found.program,
        "score": round(hit.score, 2),
    }


def level_lines() -> list[str]:
    """Explain the support levels."""
    return ["support:", *(f"  {level}  {meaning}" for level, meaning in LEVELS.items())]


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Set cells below each other."""
    table = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def _row(model: Model, drivers: Mapping[str, Kind]) -> tuple[str, ...]:
    more = ", ".join(filter(None, (model.extra, model.needs)))
    name = f"{model.name}; {more}" if more else model.name
    nuts = " or ".join(model.drivers)
    return (model.manufacturer, str(model.level), nuts, service(model, drivers).text, name)
