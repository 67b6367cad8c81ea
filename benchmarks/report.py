"""Turn measurements into tables, and put them into the documentation; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

BEGIN = "<!-- written by `python -m benchmarks --write` -->"
END = "<!-- end of what was written -->"
TIMES = "\N{MULTIPLICATION SIGN}"
MISSING = "-"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts; the first column is aligned left, the others right."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def rate_row(work: str, theirs: float, ours: float, least: float) -> tuple[str, ...]:
    """Compare two rates; `least` is the ratio to reach."""
    ratio = ours / theirs
    target = f"≥ {least:g} {TIMES}"
    return (
        work,
        figure(theirs),
        figure(ours),
        f"{figure(ratio)} {TIMES}",
        target,
        _reached(ratio >= least),
    )


def limit_row(work: str, theirs: float | None, ours: float, most: float | None) -> tuple[str, ...]:
    """Compare two figures of which less is better; `most` is the limit for ours."""
    there = MISSING if theirs is None else figure(theirs)
    if most is None:
        return work, there, figure(ours), MISSING, MISSING
    return work, there, figure(ours), f"≤ {most:g}", _reached(ours <= most)


def figure(value: float) -> str:
    """Write a number with three digits at least and a space between thousands."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace(",", " ")


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of all do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def markdown(tables: Sequence[Table], facts: Sequence[str]) -> str:
    """Lay out the tables, readable as they are; `facts` come first."""
    parts = ["\n".join(f"* {fact}" for fact in facts)]
    for table in tables:
        note = [table.note] if table.note else []
        parts.append("\n\n".join([f"### {table.title}", _grid(table), *note]))
    return "\n\n".join(parts) + "\n"


def with_region(text: str, region: str) -> str:
    """Replace what stands between the two marks; ValueError if they are not there."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the marks {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n\n{region}\n{END}{after}"


def _grid(table: Table) -> str:
    lines = [table.header, *table.rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (table.header, tuple(rule), *table.rows))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
    return f"| {' | '.join(padded)} |"


def _reached(reached: bool) -> str:
    return "yes" if reached else "NO"
