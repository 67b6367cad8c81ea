"""Charts of values over time as SVG; pure.

A value is drawn as the level that it held, and nothing where nothing is known. Of values that are
summed up, the line is the mean and a band goes from the least to the greatest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, Protocol

from services.web.pictures.axes import Scale, scale, times, zone_name
from services.web.pictures.markup import element, path, text

# Like Okabe and Ito's, which the colour-blind can tell apart, to be seen on white and on black.
COLOURS: Final = ("#2b83c6", "#c26a10", "#1f8f6b", "#b55f8f", "#94780f", "#6a6fd0")
DASHES: Final = ("none", "7 3", "2 3", "9 3 2 3", "4 2", "12 4")
LETTER: Final = 6.6  # width of a letter, about
LEGEND_ROW: Final = 16.0
TABLE_ROWS: Final = 200


class Held(Protocol):
    """What was from `at` to `until`, in seconds since the epoch."""

    @property
    def at(self) -> float:
        """Say from when."""

    @property
    def until(self) -> float:
        """Say until when."""

    @property
    def low(self) -> float:
        """Give the least."""

    @property
    def mean(self) -> float:
        """Give the mean, weighted by time."""

    @property
    def high(self) -> float:
        """Give the greatest."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart; between two runs nothing is known."""

    label: str
    runs: Sequence[Sequence[Held]]


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a picture and the margins around what is drawn in it."""

    width: float = 900.0
    height: float = 240.0
    left: float = 58.0
    right: float = 12.0
    top: float = 12.0
    bottom: float = 38.0

    @property
    def across(self) -> float:
        """Width of what is drawn."""
        return self.width - self.left - self.right

    @property
    def down(self) -> float:
        """Height of what is drawn."""
        return self.height - self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows: curves of one unit, a time, and stretches of it that are shaded."""

    title: str
    unit: str
    curves: Sequence[Curve]
    begin: float
    end: float
    zone: tzinfo
    shades: Sequence[tuple[float, float]] = ()


def svg(chart: Chart, frame: Frame | None = None) -> str:
    """Draw a chart as one SVG element."""
    frame = frame or Frame()
    rows = _legend_rows(chart, frame)
    height = frame.height + LEGEND_ROW * len(rows)
    drawn = _Drawn(chart, frame, scale(_values(chart)))
    return element(
        "svg",
        element("title", text(chart.title)),
        element("desc", text(described(chart))),
        *drawn.shades(),
        *drawn.grid(),
        *(drawn.curve(number, curve) for number, curve in enumerate(chart.curves)),
        *drawn.words(),
        *_legend(rows, frame),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {frame.width:g} {height:g}",
        role="img",
        class_="picture",
        font_family="sans-serif",
        font_size=12,
        data_begin=f"{chart.begin:.3f}",
        data_end=f"{chart.end:.3f}",
        data_left=frame.left,
        data_across=frame.across,
    )


def described(chart: Chart) -> str:
    """Say in words what a chart shows, for who cannot see it."""
    span = f"{_moment(chart.begin, chart.zone)} to {_moment(chart.end, chart.zone)}"
    parts = [f"From {span}, {zone_name(chart.end, chart.zone)}."]
    for curve in chart.curves:
        points = [point for run in curve.runs for point in run]
        if not points:
            parts.append(f"{curve.label}: nothing is known.")
            continue
        low, high = min(each.low for each in points), max(each.high for each in points)
        unit = f" {chart.unit}" if chart.unit else ""
        gaps = len(curve.runs) - 1
        holes = f", {gaps} gap{'s' if gaps > 1 else ''}" if gaps else ""
        parts.append(f"{curve.label}: {low:g} to {high:g}{unit}{holes}.")
    return " ".join(parts)


def table(chart: Chart) -> str:
    """Write the values as a table of HTML, thinned out to so many rows; the gaps are in it."""
    head = "".join(
        element("th", text(word), scope="col")
        for word in ("Time", "Variable", "Least", f"Mean {chart.unit}".strip(), "Greatest")
    )
    rows = [row for curve in chart.curves for row in _rows(curve, chart.zone)]
    step = max(1, -(-len(rows) // TABLE_ROWS))
    return element(
        "table",
        element("caption", text(chart.title)),
        element("thead", element("tr", head)),
        element("tbody", *rows[::step]),
    )


def _rows(curve: Curve, zone: tzinfo) -> Iterable[str]:
    for number, run in enumerate(curve.runs):
        if number:
            at = _moment(curve.runs[number - 1][-1].until, zone)
            yield _row(at, curve.label, "", "nothing known", "")
        for each in run:
            numbers = (f"{value:g}" for value in (each.low, each.mean, each.high))
            yield _row(_moment(each.at, zone), curve.label, *numbers)


def _row(*cells: str) -> str:
    first, *rest = cells
    return element(
        "tr",
        element("th", text(first), scope="row"),
        *(f"<td>{text(cell)}</td>" for cell in rest),
    )


def _values(chart: Chart) -> Iterable[float]:
    for curve in chart.curves:
        for run in curve.runs:
            for point in run:
                yield from (point.low, point.high)


class _Drawn:
    """Turns times and values of one chart into places."""

    def __init__(self, chart: Chart, frame: Frame, rows: Scale) -> None:
        self._chart, self._frame, self._rows = chart, frame, rows
        self._seconds = max(chart.end - chart.begin, 0.001)

    def across(self, at: float) -> float:
        inside = min(max(at, self._chart.begin), self._chart.end) - self._chart.begin
        return self._frame.left + self._frame.across * inside / self._seconds

    def up(self, value: float) -> float:
        share = (self._rows.high - value) / (self._rows.high - self._rows.low)
        return self._frame.top + self._frame.down * share

    def shades(self) -> Iterable[str]:
        for begin, end in self._chart.shades:
            left, right = self.across(begin), self.across(end)
            yield element(
                "rect",
                class_="picture-shade", x=left, y=self._frame.top, width=max(right - left, 1.0),
                height=self._frame.down, fill="#d55e00", fill_opacity="0.15",
            )  # fmt: skip

    def grid(self) -> Iterable[str]:
        right = self._frame.width - self._frame.right
        for tick in self._rows.ticks:
            yield self._line([("M", self._frame.left, self.up(tick.at)), ("H", right, None)])
        bottom = self._frame.top + self._frame.down
        for tick in times(self._chart.begin, self._chart.end, self._chart.zone):
            yield self._line([("M", self.across(tick.at), self._frame.top), ("V", bottom, None)])

    def words(self) -> Iterable[str]:
        """Write what stands at the axes: values, times, unit, zone."""
        frame = self._frame
        for tick in self._rows.ticks:
            yield _word(frame.left - 6, self.up(tick.at) + 4, tick.text, "end")
        low = frame.top + frame.down + 15
        for tick in times(self._chart.begin, self._chart.end, self._chart.zone):
            yield _word(self.across(tick.at), low, tick.text, "middle")
        yield _word(4, low, self._chart.unit, "start")
        zone = zone_name(self._chart.end, self._chart.zone)
        yield _word(frame.width - frame.right, low + 15, zone, "end")

    def curve(self, number: int, curve: Curve) -> str:
        colour = COLOURS[number % len(COLOURS)]
        name = f"picture-curve picture-curve-{number % len(COLOURS) + 1}"
        runs = [run for run in curve.runs if run]
        bands = "".join(self._band(run) for run in runs if _is_summed(run))
        lines = "".join(path(self._steps(run)) for run in runs)
        return element(
            "g",
            element("title", text(curve.label)),
            element("path", d=bands, class_="picture-band", fill=colour, fill_opacity="0.22"),
            element(
                "path",
                d=lines, class_="picture-line", fill="none", stroke=colour, stroke_width="1.5",
                stroke_dasharray=DASHES[number % len(DASHES)], stroke_linejoin="round",
            ),
            class_=name,
        )  # fmt: skip

    def _steps(self, run: Sequence[Held]) -> Iterable[tuple[str, float, float | None]]:
        for number, point in enumerate(run):
            if number:
                yield "V", self.up(point.mean), None
            else:
                yield "M", self.across(point.at), self.up(point.mean)
            yield "H", self.across(point.until), None

    def _band(self, run: Sequence[Held]) -> str:
        way: list[tuple[str, float, float | None]] = []
        for letter, points, edge in (("M", run, _high), ("L", run[::-1], _low)):
            for point in points:
                ends = (point.at, point.until) if edge is _high else (point.until, point.at)
                for at in ends:
                    way.append((letter if not way else "L", self.across(at), self.up(edge(point))))
        return path(way) + "Z"

    def _line(self, way: list[tuple[str, float, float | None]]) -> str:
        return element(
            "path",
            d=path(way), class_="picture-grid", fill="none", stroke="currentColor",
            stroke_opacity="0.15",
        )  # fmt: skip


def _high(point: Held) -> float:
    return point.high


def _low(point: Held) -> float:
    return point.low


def _is_summed(run: Sequence[Held]) -> bool:
    return any(point.low != point.high for point in run)


def _word(x: float, y: float, word: str, anchor: str) -> str:
    return element(
        "text", text(word), x=x, y=y, text_anchor=anchor, fill="currentColor", class_="picture-word"
    )


def _legend_rows(chart: Chart, frame: Frame) -> list[list[tuple[int, str, float]]]:
    """Lay the names of the curves out in rows: number, text, place; none for a single curve."""
    rows: list[list[tuple[int, str, float]]] = []
    edge = frame.width
    for number, curve in enumerate(chart.curves if len(chart.curves) > 1 else ()):
        label = curve.label if len(curve.label) <= 40 else curve.label[:39] + "…"
        length = 34 + LETTER * len(label)
        if not rows or edge + length > frame.width:
            rows.append([])
            edge = frame.left
        rows[-1].append((number, label, edge))
        edge += length + 12
    return rows


def _legend(rows: Sequence[Sequence[tuple[int, str, float]]], frame: Frame) -> Iterable[str]:
    for line, row in enumerate(rows):
        y = frame.height + LEGEND_ROW * line
        for number, label, x in row:
            colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
            way = path([("M", x, y), ("H", x + 24, None)])
            yield element(
                "path",
                d=way, class_=f"picture-line picture-curve-{number % len(COLOURS) + 1}",
                fill="none", stroke=colour, stroke_width="2.5", stroke_dasharray=dash,
            )  # fmt: skip
            yield _word(x + 30, y + 4, label, "start")


def _moment(at: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M:%S")
