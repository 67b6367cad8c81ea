"""The resources of the API and what each answers."""

import asyncio
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from services.web.api import views
from services.web.api.openapi import Parameter, Resource, document
from services.web.api.parameters import NAME, WrongError, whole
from services.web.mirror import Mirror
from services.web.site import Site

MOST: Final = 1000  # devices in one answer

_PAGE: Final = (
    Parameter("search", "query", {"type": "string"}, "Text in the name or the description."),
    Parameter(
        "standing",
        "query",
        {"type": "string", "enum": ["online", "stale", "offline"]},
        "Only devices that are so.",
    ),
    Parameter(
        "limit",
        "query",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": 100},
        "How many devices at most.",
    ),
    Parameter(
        "offset",
        "query",
        {"type": "integer", "minimum": 0, "maximum": 10**9, "default": 0},
        "How many to pass over.",
    ),
)
_BAD: Final = (400, "A parameter is wrong; the error says which.")
_ABSENT: Final = (404, "There is no such device.")


class AbsentDeviceError(LookupError):
    """There is no such device."""


Answer = Callable[[Mirror, Request], BaseModel]


def _devices(mirror: Mirror, request: Request) -> BaseModel:
    query = request.query_params
    search, standing = query.get("search", "").lower(), query.get("standing")
    if standing not in (None, "online", "stale", "offline"):
        raise WrongError("standing is online, stale or offline")
    limit, offset = whole(query, "limit", 100, 1, MOST), whole(query, "offset", 0, 0, 10**9)
    found = [
        device
        for device in mirror.devices()
        if standing in (None, device.standing.value)
        and search in f"{device.name} {device.meta.desc if device.meta else ''}".lower()
    ]
    page = [views.brief(device) for device in found[offset : offset + limit]]
    return views.Devices(total=len(found), devices=page)


def _device(mirror: Mirror, request: Request) -> BaseModel:
    device = mirror.device(request.path_params["name"])
    if device is None:
        raise AbsentDeviceError
    return views.whole(device, mirror, asyncio.get_running_loop().time())


def _services(mirror: Mirror, _request: Request) -> BaseModel:
    ordered = sorted(mirror.services.items())
    return views.Services(services=[views.service(view) for _, view in ordered])


RESOURCES: Final[tuple[tuple[Resource, Answer], ...]] = (
    (
        Resource("/api/v1/devices", "List the devices", views.Devices, _PAGE, (_BAD,)),
        _devices,
    ),
    (
        Resource("/api/v1/devices/{name}", "Show one device", views.Whole, (NAME,), (_ABSENT,)),
        _device,
    ),
    (Resource("/api/v1/services", "List the services on the bus", views.Services), _services),
    (
        Resource("/api/v1/hosts", "List the hosts with a monitor", views.Hosts),
        lambda mirror, _: views.hosts(mirror),
    ),
)


def routes(site: Site, more: Sequence[Resource] = ()) -> Sequence[BaseRoute]:
    """Give the routes of the API; `more` are resources of others that its document describes."""
    mirror = site.link.mirror
    described = (*(resource for resource, _ in RESOURCES), *more)

    async def openapi(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        return JSONResponse(document(described, version("nutbus"), root))

    async def healthz(_request: Request) -> Response:
        health = views.health(mirror)
        return _json(health, 200 if health.status == "ok" else 503)

    return [
        *(Route(resource.path, _route(answer, mirror)) for resource, answer in RESOURCES),
        Route("/api/openapi.json", openapi),
        Route("/healthz", healthz),
    ]


def _route(answer: Answer, mirror: Mirror) -> Callable[[Request], Any]:
    async def respond(request: Request) -> Response:
        try:
            return _json(answer(mirror, request))
        except WrongError as error:
            return _json(views.Problem(error=str(error)), 400)
        except AbsentDeviceError:
            return _json(views.Problem(error="there is no such device"), 404)

    return respond


def _json(answer: BaseModel, status: int = 200) -> Response:
    return Response(
        answer.model_dump_json(),
        status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
