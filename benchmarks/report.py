"""Turn measurements into tables, and put them into the documentation; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

BEGIN = "<!-- written by `python -m benchmarks {} --write` -->"
END = "<!-- end of {} -->"
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


def markdown(tables: Sequence[Table], facts: str) -> str:
    """Lay out the tables, readable as they are; `facts` come last."""
    parts = []
    for table in tables:
        note = [table.note] if table.note else []
        parts.append("\n\n".join([f"### {table.title}", _grid(table), *note]))
    return "\n\n".join([*parts, f"*{facts}*"]) + "\n"


def with_region(text: str, part: str, region: str) -> str:
    """Replace what stands between the two marks of a part; ValueError if they are not there."""
    begin, end = BEGIN.format(part), END.format(part)
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the marks {begin} and {end} are missing")
    return f"{before}{begin}\n\n{region}\n{end}{after}"


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
