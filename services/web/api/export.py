"""What is kept of a device as the lines of CSV or JSON."""

import csv
import io
import json
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import Any

from services.web.history.samples import Bucket

Rows = list[Bucket] | list[tuple[float, float | None]]
Lines = Callable[[str, int, AsyncGenerator[tuple[str, Rows]]], AsyncGenerator[str]]


async def csv_lines(
    _name: str, step: int, found: AsyncGenerator[tuple[str, Rows]]
) -> AsyncGenerator[str]:
    """Write rows of each variable in turn, under a line of headings."""
    values = ("least", "mean", "greatest", "seconds") if step else ("value",)
    yield _csv_text([("time", "variable", *values)])
    async for name, rows in found:
        shown = f"'{name}" if name[:1] in "=+-@" else name  # no formula of a spreadsheet
        yield _csv_text((_moment(row[0]), shown, *_numbers(row)) for row in rows)


async def json_lines(
    name: str, step: int, found: AsyncGenerator[tuple[str, Rows]]
) -> AsyncGenerator[str]:
    """Write one object, piece by piece, with the rows of each variable in turn."""
    yield f'{{"device":{json.dumps(name)},"step":{step},"rows":['
    comma = ""
    async for variable_, rows in found:
        texts = (json.dumps([row[0], variable_, *_numbers(row)]) for row in rows)
        yield comma + ",\n".join(texts)
        comma = ",\n"
    yield "]}\n"


def _numbers(row: Bucket | tuple[float, float | None]) -> tuple[float | None, ...]:
    if isinstance(row, Bucket):
        return row.low, float(f"{row.mean:.6g}"), row.high, row.seconds
    return (row[1],)


def _csv_text(rows: Any) -> str:  # noqa: ANN401 -- rows of anything
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _moment(at: float) -> str:
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError):  # a clock that was wrong by thousands of years
        return f"{at:.3f}"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
