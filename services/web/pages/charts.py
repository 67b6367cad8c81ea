"""The charts of the past on a page: drawn as pictures, with what a reader asks of them; pure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from markupsafe import Markup

from services.web.history.outages import Outage
from services.web.history.reader import Series
from services.web.history.samples import Point
from services.web.pictures.chart import Chart, Curve, svg


@dataclass(frozen=True, slots=True)
class Shown:
    """One variable over time; `points` is JSON of [from, until, mean, least, greatest]."""

    variable: str
    label: str
    unit: str
    picture: Markup
    points: str
    low: float
    mean: float
    high: float


def shown(
    series: Series, label: str, unit: str, outages: Iterable[Outage], zone: tzinfo
) -> Shown | None:
    """Draw a series with the outages in it; None when nothing is known."""
    points = [point for run in series.runs for point in run]
    if not points:
        return None
    shades = [(each.began, each.seen if each.ended is None else each.ended) for each in outages]
    curve = Curve(label, series.runs)
    end = max(series.end, series.begin + 1)
    drawn = svg(Chart(label, unit, (curve,), series.begin, end, zone, shades))
    picture = Markup(drawn)  # noqa: S704 -- it escapes its texts
    low, high = min(point.low for point in points), max(point.high for point in points)
    return Shown(series.variable, label, unit, picture, _data(points), low, _mean(points), high)


def _mean(points: Sequence[Point]) -> float:
    seconds = sum(point.until - point.at for point in points)
    total = sum(point.mean * (point.until - point.at) for point in points)
    return total / seconds if seconds else points[-1].mean


def _data(points: Iterable[Point]) -> str:
    rows = [
        [round(p.at), round(p.until), *(float(f"{v:.5g}") for v in (p.mean, p.low, p.high))]
        for p in points
    ]
    return json.dumps(rows, separators=(",", ":"))
