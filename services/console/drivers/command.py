"""The command `nutbus drivers`."""

from typing import Annotated, Any

import typer

from services.console.drivers import texts
from services.console.drivers.templates import template, template_names
from services.console.render import as_json as json_text
from services.driver.contract import Kind
from services.driver.drivers import DRIVERS, KINDS
from shared.errors import PowerError
from shared.faults import unknown_key
from shared.hardware.models import models
from shared.hardware.search import find as find_models


class NotFoundError(PowerError):
    """What was asked for is not there."""


def drivers(
    name: Annotated[
        str | None, typer.Argument(help="This driver, with its options; NUT's names will do.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--find", help="Look a model up in the hardware list.")
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(help="Print a table that a driver is shipped with, to start your own from."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """List the drivers, describe one, or find out which one a model needs."""
    if sum(each is not None for each in (name, model, table)) > 1:
        raise PowerError("give the name of a driver, --find or --table, only one of them")
    if table is not None:
        typer.echo(_template(table), nl=False)
    elif model is not None:
        _print(*_found(model), as_json=as_json)
    elif name is not None:
        kind = _kind(name)
        _print(texts.driver_data(kind), texts.driver_lines(kind), as_json=as_json)
    else:
        kinds = [texts.kind_data(kind) for kind in KINDS]
        _print(kinds, texts.kind_lines(KINDS), as_json=as_json)


def _found(text: str) -> tuple[Any, list[str]]:
    hits = find_models(text, models())
    if not hits:
        raise NotFoundError(f"no model like {text!r} in the hardware list of {len(models())}")
    near = [] if hits[0].score >= 1 else [f"nothing is called {text!r}; these come near:"]
    lines = [*near, *texts.hit_lines(hits, DRIVERS), "", *texts.level_lines()]
    return [texts.hit_data(hit, DRIVERS) for hit in hits], lines


def _template(name: str) -> str:
    found = template(name)
    if found is None:
        known = [each for kind in KINDS for each in template_names(kind.name)]
        raise NotFoundError(
            f"{unknown_key(name, known, 'table', 0.7)}; there are {', '.join(known)}"
        )
    return found()


def _kind(name: str) -> Kind:
    if name not in DRIVERS:
        raise NotFoundError(
            f"{unknown_key(name, DRIVERS, 'driver', 0.7)}; nutbus drivers lists them"
        )
    return DRIVERS[name]


def _print(data: object, lines: list[str], *, as_json: bool) -> None:
    typer.echo(json_text(data) if as_json else "\n".join(lines))
