"""`/metrics` and `/ups_metrics` over HTTP."""

import asyncio
import gc
import gzip
import hmac
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import Metric, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as PLAIN
from prometheus_client.exposition import generate_latest as plain
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from services.web.access import has_token
from services.web.metrics.exporter import ExporterFamilies, NoSuchDeviceError, Wish
from services.web.metrics.families import Families
from services.web.metrics.snapshot import Snapshot, Tally, snapshot
from services.web.settings import WebSection
from services.web.site import Site

FRESH: Final = 1.0  # seconds for which one rendering serves all who ask the same
SWITCH_INTERVAL: Final = 0.0005  # seconds; Python's own 0.005 add up to 0.2 for one small request
_OPENMETRICS_TYPE: Final = "application/openmetrics-text"
_COMPRESSION: Final = 1

Render = Callable[[Snapshot], bytes]


@dataclass(slots=True)
class Renderings:
    """What was rendered just now, by what was asked; one is made at a time."""

    _done: dict[object, tuple[float, bytes]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, key: object, take: Callable[[], Snapshot], render: Render) -> bytes:
        """Give a rendering that is fresh, or render in a thread: it may take a second."""
        async with self._turn:
            now = asyncio.get_running_loop().time()
            for old in [each for each, (made, _) in self._done.items() if now - made >= FRESH]:
                del self._done[old]
            if key not in self._done:
                self._done[key] = (now, await asyncio.to_thread(_beside, render, take()))
            return self._done[key][1]


def _beside(render: Render, shot: Snapshot) -> bytes:
    """Render, and let go of the interpreter soon after the event loop asks for it.

    What is made here has no cycles, and a search for them among so much would hold up everybody.
    """
    interval, is_collecting = sys.getswitchinterval(), gc.isenabled()
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.disable()
    try:
        return render(shot)
    finally:
        sys.setswitchinterval(interval)
        if is_collecting:
            gc.enable()


class Everything(Collector):
    """What the bus says and what this process takes."""

    def __init__(self, shot: Snapshot, process: ProcessCollector) -> None:
        self._families = Families(shot)
        self._process = process

    def collect(self) -> Iterator[Metric]:
        """Give each metric with all its samples."""
        yield from self._families.collect()
        yield from self._process.collect()


class Endpoints:
    """Answers scrapes of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._tally = Tally()
        self._tally.follow(site.link.mirror)
        self._process = ProcessCollector(registry=None)
        self._renderings = Renderings()

    async def metrics(self, request: Request) -> Response:
        """Answer in OpenMetrics to who takes it, else in Prometheus' older text format."""
        if refusal := _refusal(self._section, request):
            return refusal
        is_new = _accepts_openmetrics(request.headers.get("accept", ""))
        generate, kind = (openmetrics, OPENMETRICS) if is_new else (plain, PLAIN)
        is_packed = _accepts_gzip(request)

        def render(shot: Snapshot) -> bytes:
            return _packed(generate(Everything(shot, self._process)), is_packed)

        body = await self._renderings.get((kind, is_packed), self._snapshot, render)
        return _answer(body, kind, is_packed)

    async def ups_metrics(self, request: Request) -> Response:
        """Answer as nut_exporter does; 500 for a device that is not there, as there."""
        if refusal := _refusal(self._section, request):
            return refusal
        if request.query_params.get("server"):
            return PlainTextResponse(
                "this serves the devices on its bus; scrape without the parameter server", 400
            )
        wish, is_packed = Wish.of(request.query_params), _accepts_gzip(request)

        def render(shot: Snapshot) -> bytes:
            return _packed(plain(ExporterFamilies(wish, wish.devices(shot))), is_packed)

        try:
            body = await self._renderings.get((wish, is_packed), self._snapshot, render)
        except NoSuchDeviceError as error:
            return PlainTextResponse(f"500 - {error}", 500)
        return _answer(body, PLAIN, is_packed)

    @property
    def _section(self) -> WebSection:
        return self._site.settings.value.web

    def _snapshot(self) -> Snapshot:
        now = asyncio.get_running_loop().time()
        return snapshot(self._site.link.mirror, self._tally, now)


def _refusal(section: WebSection, request: Request) -> Response | None:
    """Refuse where metrics are off, and who sends no token where one is needed."""
    if not section.metrics:
        return PlainTextResponse("metrics are off: [web] metrics", 404)
    if section.metrics_token is None and not section.login_to_read:
        return None
    if _has_metrics_token(request, section) or has_token(request.headers, section):
        return None
    return PlainTextResponse(
        "a token is needed: Authorization: Bearer", 401, {"WWW-Authenticate": "Bearer"}
    )


def _has_metrics_token(request: Request, section: WebSection) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    secret = section.metrics_token
    if secret is None or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(secret.get_secret_value().encode(), given.strip().encode())


def _accepts_openmetrics(accept: str) -> bool:
    """Tell whether a scraper asks for OpenMetrics; without a version 1.0 is meant."""
    for offer in accept.split(","):
        kind, *parameters = (part.strip() for part in offer.lower().split(";"))
        versions = [part for part in parameters if part.startswith("version=")]
        if kind == _OPENMETRICS_TYPE and versions in ([], ["version=1.0.0"]):
            return True
    return False


def _accepts_gzip(request: Request) -> bool:
    offers = request.headers.get("accept-encoding", "").lower().split(",")
    return any(offer.replace(" ", "") in {"gzip", "gzip;q=1", "gzip;q=1.0"} for offer in offers)


def _packed(body: bytes, is_packed: bool) -> bytes:
    return gzip.compress(body, _COMPRESSION) if is_packed else body


def _answer(body: bytes, kind: str, is_packed: bool) -> Response:
    headers = {"Content-Type": kind, "Vary": "Accept, Accept-Encoding", "Cache-Control": "no-store"}
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers)
