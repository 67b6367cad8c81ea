"""The past over HTTP: series, charts, energy and outages, and all that is kept as CSV or JSON."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from services.web.api.export import Lines, csv_lines, json_lines
from services.web.api.openapi import Resource
from services.web.api.parameters import (
    BEGIN,
    DAY,
    DEVICE,
    END,
    NAME,
    POINTS,
    SPAN,
    STEP,
    STEPS,
    VARIABLE,
    WrongError,
    name_of,
    named,
    stretch,
    variables_of,
    whole,
)
from services.web.api.views import Problem
from services.web.history.energy import Span
from services.web.history.history import History
from services.web.history.outages import Outage
from services.web.history.reader import LEAST_POINTS, MOST_POINTS
from services.web.history.schema import UnusableError
from services.web.pictures.chart import Chart, Curve, svg
from services.web.site import Site
from shared.variables import variable

LONGEST: Final = 100 * 366 * DAY
MOST_CURVES: Final = 12
MOST_OUTAGES: Final = 1000


class Past(BaseModel):
    """The variables of a device of which something is kept."""

    device: str
    variables: list[str]


class Pasts(BaseModel):
    """The devices of which something is kept."""

    devices: list[str]


class SeriesView(BaseModel):
    """What a variable was: each point is from, until, least, mean, greatest; runs have no gaps."""

    device: str
    variable: str
    unit: str
    begin: float
    end: float
    step: int
    runs: list[list[Annotated[list[float], Field(min_length=5, max_length=5)]]]


class EnergyView(BaseModel):
    """What was given to the load from `begin` to `end`; `share` of the time is known, 0 to 1."""

    begin: float
    end: float
    kilowatt_hours: float
    share: float
    estimated: bool


class Energies(BaseModel):
    """Energy by days, months or years of UTC."""

    device: str
    energies: list[EnergyView]


class OutageView(BaseModel):
    """One time on battery; `ended` is null while it lasts, `how` tells how it ended."""

    device: str
    began: float
    seen: float
    ended: float | None
    how: Literal["line", "unseen", "gone"] | None
    seconds: float
    charge_before: float | None
    lowest_charge: float | None
    lowest_runtime: float | None
    load: float | None
    is_test: bool
    had_low_battery: bool
    had_forced_shutdown: bool
    reason: str


class Outages(BaseModel):
    """Outages, the latest first."""

    outages: list[OutageView]


class Exported(BaseModel):
    """Rows of time and variable with a value, or with least, mean, greatest and seconds."""

    device: str
    step: int
    rows: list[list[float | str | None]]


_PROBLEMS: Final = (
    (400, "A parameter is wrong; the error says which."),
    (503, "There is no history at present; the error says why."),
)

Answer = Callable[[History, Request], Awaitable[BaseModel | Response]]


async def _pasts(history: History, _request: Request) -> BaseModel:
    return Pasts(devices=await history.devices())


async def _past(history: History, request: Request) -> BaseModel:
    name = name_of(request)
    return Past(device=name, variables=await history.variables(name))


async def _series(history: History, request: Request) -> BaseModel:
    query, name = request.query_params, name_of(request)
    begin, end = stretch(query)
    asked = (variables_of(query) or ["battery.charge"])[-1]
    points = whole(query, "points", 600, LEAST_POINTS, MOST_POINTS)
    found = await history.series(name, asked, begin, end, points)
    return SeriesView(
        device=name, variable=asked, unit=_unit(asked), begin=begin, end=found.end,
        step=found.step, runs=[[list(point) for point in run] for run in found.runs],
    )  # fmt: skip


async def _chart(history: History, request: Request) -> Response:
    query, name = request.query_params, name_of(request)
    begin, end = stretch(query)
    asked = variables_of(query) or ["battery.charge"]
    if len(asked) > MOST_CURVES:
        raise WrongError(f"variable is given {MOST_CURVES} times at most")
    if len({_unit(each) for each in asked}) > 1:
        raise WrongError("the variables of one chart have one unit")
    curves = [Curve(each, (await history.series(name, each, begin, end)).runs) for each in asked]
    shades = [
        (outage.began, outage.began + outage.seconds)
        for outage in await history.outages(name, begin, end)
    ]
    zone = datetime.now().astimezone().tzinfo
    assert zone is not None
    title = f"{name}: {', '.join(asked)}"
    drawn = svg(Chart(title, _unit(asked[0]), curves, begin, end, zone, shades))
    return Response(drawn, media_type="image/svg+xml", headers={"cache-control": "no-store"})


async def _energy(history: History, request: Request) -> BaseModel:
    query, name = request.query_params, name_of(request)
    begin, end = stretch(query, 31 * DAY)
    span = query.get("span", "day")
    if span not in list(Span):
        raise WrongError("span is day, month or year")
    found = await history.energy(name, Span(span), begin, end, UTC)
    fields = ("begin", "end", "kilowatt_hours", "share", "estimated")
    rows = [EnergyView(**{field: getattr(each, field) for field in fields}) for each in found]
    return Energies(device=name, energies=rows)


async def _outages(history: History, request: Request) -> BaseModel:
    query = request.query_params
    begin, end = stretch(query, LONGEST)
    device = named(query["device"]) if "device" in query else None
    found = await history.outages(device, begin, end, MOST_OUTAGES)
    return Outages(outages=[_outage(each) for each in found])


async def _csv(history: History, request: Request) -> Response:
    return await _export(history, request, csv_lines, "text/csv; charset=utf-8", "csv")


async def _json_export(history: History, request: Request) -> Response:
    return await _export(history, request, json_lines, "application/json", "json")


_OF_SERIES: Final = (NAME, VARIABLE, BEGIN, END)
_HERE: Final = "/api/v1/history"
ANSWERS: Final[tuple[tuple[Resource, Answer], ...]] = (
    (Resource(_HERE, "List the devices with a past", Pasts, (), _PROBLEMS[1:]), _pasts),
    (
        Resource(_HERE + "/{name}", "List what is kept of a device", Past, (NAME,), _PROBLEMS),
        _past,
    ),
    (
        Resource(
            _HERE + "/{name}/series", "Read a variable", SeriesView, (*_OF_SERIES, POINTS),
            _PROBLEMS,
        ),
        _series,
    ),
    (
        Resource(
            _HERE + "/{name}/chart.svg", "Draw variables", "image/svg+xml", _OF_SERIES, _PROBLEMS
        ),
        _chart,
    ),
    (
        Resource(
            _HERE + "/{name}/energy", "Add up energy", Energies, (NAME, SPAN, BEGIN, END),
            _PROBLEMS,
        ),
        _energy,
    ),
    (
        Resource(
            _HERE + "/{name}/export.csv", "Export as CSV", "text/csv", (*_OF_SERIES, STEP),
            _PROBLEMS,
        ),
        _csv,
    ),
    (
        Resource(
            _HERE + "/{name}/export.json", "Export as JSON", Exported,
            (*_OF_SERIES, STEP), _PROBLEMS,
        ),
        _json_export,
    ),
    (
        Resource("/api/v1/outages", "List outages", Outages, (DEVICE, BEGIN, END), _PROBLEMS),
        _outages,
    ),
)  # fmt: skip
RESOURCES: Final = tuple(resource for resource, _ in ANSWERS)


def routes(site: Site) -> Sequence[BaseRoute]:
    """Give the routes of the past."""
    return [Route(resource.path, _route(answer, site.history)) for resource, answer in ANSWERS]


def _route(answer: Answer, history: History) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            found = await answer(history, request)
        except WrongError as error:
            found, status = Problem(error=str(error)), 400
        except UnusableError as error:
            found, status = Problem(error=str(error)), 503
        else:
            status = 200
        if isinstance(found, Response):
            return found
        headers = {"cache-control": "no-store"}
        body = found.model_dump_json()
        return Response(body, status, media_type="application/json", headers=headers)

    return respond


async def _export(
    history: History, request: Request, lines: Lines, kind: str, ending: str
) -> Response:
    query, name = request.query_params, name_of(request)
    begin, end = stretch(query)
    step = whole(query, "step", 0, 0, STEPS[-1])
    if step not in STEPS:
        raise WrongError(f"step is one of {', '.join(map(str, STEPS))}")
    kept = await history.variables(name)
    asked = [each for each in variables_of(query) if each in kept]
    asked = asked if "variable" in query else kept
    rows = history.export(name, asked, begin, end, step)
    headers = {"cache-control": "no-store"}
    headers["content-disposition"] = f'attachment; filename="{name}.{ending}"'
    return StreamingResponse(lines(name, step, rows), media_type=kind, headers=headers)


def _unit(name: str) -> str:
    if name.startswith("nutbus.power"):
        return "W"
    known = variable(name)
    return known.unit if known else ""


def _outage(outage: Outage) -> OutageView:
    fields = OutageView.model_fields
    return OutageView.model_validate({field: getattr(outage, field) for field in fields})
