"""What upsstats.cgi, upsimage.cgi and upsset.cgi answer over HTTP."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.web.compatibility import reports
from services.web.compatibility.choice import Choice, PageError
from services.web.compatibility.directory import Directory, Host
from services.web.compatibility.drawings import Drawing, drawing, notice
from services.web.compatibility.hosts import HostsFile, HostsReader
from services.web.compatibility.page import Setting, TemplateError
from services.web.compatibility.png import png
from services.web.compatibility.queries import (
    PictureQuery,
    StatsQuery,
    picture_query,
    stats_query,
)
from services.web.compatibility.scales import PictureError, bar
from services.web.compatibility.svg import svg
from services.web.compatibility.templates import render
from services.web.settings import CompatibilitySection
from services.web.site import Site
from shared.errors import SettingsError

NOT_ALLOWED: Final = 403
WRONG: Final = 500
NOBODY: Final = 503
PICTURE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Programs:
    """Answers as the three programs do, from the bus."""

    site: Site
    hosts: HostsReader = field(default_factory=HostsReader)

    @property
    def _settings(self) -> CompatibilitySection:
        return self.site.settings.value.web.compatibility

    async def stats(self, request: Request) -> Response:
        """Answer as upsstats.cgi."""
        query = stats_query(request.scope["query_string"])
        try:
            directory = await self._directory()
        except SettingsError:
            return self._failure(query, WRONG, "Error: can't open hosts.conf")
        if query.host is None:
            return await self._all(query, directory)
        host = directory.host(query.host)
        if host is None:
            text = f"Access to that host [{query.host}] is not authorized."
            return self._failure(query, NOT_ALLOWED, text)
        return await self._single(query, host, directory.file)

    async def picture(self, request: Request) -> Response:
        """Answer as upsimage.cgi, always with a picture."""
        query = picture_query(request.scope["query_string"])
        try:
            host = (await self._directory()).host(query.host)
        except SettingsError:
            host = None
        try:
            picture, title = _picture(query, host)
        except PictureError as error:
            title = str(error)
            picture = notice(title, query.numbers)
        if query.is_svg:
            content = await asyncio.to_thread(svg, picture, title)
            return Response(content, headers=_headers("image/svg+xml", PICTURE_POLICY))
        content = await asyncio.to_thread(png, picture)
        return Response(content, headers=_headers("image/png", PICTURE_POLICY))

    async def control(self, _request: Request) -> Response:
        """Lead whoever wants upsset.cgi to the site's own pages."""
        levels = self._settings.path.count("/")
        return RedirectResponse("../" * levels, 303, _headers("text/plain", PICTURE_POLICY))

    async def _directory(self) -> Directory:
        settings = self._settings
        file = None
        if settings.hosts_path:
            file = await asyncio.to_thread(self.hosts.read, settings.hosts_path)
        return Directory(self.site.link.mirror, file, settings.devices)

    async def _all(self, query: StatsQuery, directory: Directory) -> Response:
        hosts = directory.hosts()
        if not hosts:
            text = "No hosts to monitor." if query.is_json else "Error: no hosts to monitor"
            return self._failure(query, NOBODY, text)
        if query.is_json:
            return _json(await asyncio.to_thread(reports.document_of_all, hosts))
        return await self._page(query, hosts, directory.file)

    async def _single(self, query: StatsQuery, host: Host, file: HostsFile | None) -> Response:
        if query.is_json:
            return _json(await asyncio.to_thread(reports.document, host))
        if query.is_tree:
            return self._html(await asyncio.to_thread(reports.tree, host))
        return await self._page(query, [host], file)

    async def _page(
        self, query: StatsQuery, hosts: Sequence[Host], file: HostsFile | None
    ) -> Response:
        choice = Choice.of(query, file)
        setting = Setting(
            hosts,
            query.host is not None,
            version("nutbus"),
            time.localtime(),
            query.refresh,
            choice.link_ending + (f"&amp;refresh={query.refresh}" if query.refresh else ""),
        )
        try:
            template = await asyncio.to_thread(choice.read, self._settings.folder)
            return self._html(await asyncio.to_thread(render, template, setting))
        except PageError as error:
            return self._failure(query, error.status, str(error))
        except TemplateError as error:
            logger.error("template %s: %s", choice.name, error)
            return self._failure(query, WRONG, f"Error: template file {choice.name}: {error}")

    def _html(self, text: str, status: int = 200) -> Response:
        content = text.encode("utf-8", "surrogateescape")
        kind = "text/html; charset=utf-8" if _is_unicode(content) else "text/html"
        return Response(content, status, _headers(kind, self._settings.content_security_policy))

    def _failure(self, query: StatsQuery, status: int, text: str) -> Response:
        if query.is_json:
            return _json(reports.complaint(text), status)
        return self._html(reports.message(text), status)


def _picture(query: PictureQuery, host: Host | None) -> tuple[Drawing, str]:
    """Draw what is asked for, and say it; PictureError if that cannot be."""
    if query.host is None or query.display is None:
        raise PictureError("No host or display")
    if host is None:
        raise PictureError("Access denied")
    if not host.is_connected:
        raise PictureError("Can't connect to server")
    found = bar(query.display, host.variables or {}, query.numbers)
    return drawing(found, query.numbers), f"{query.display}: {found.text}"


def _json(text: str, status: int = 200) -> Response:
    return Response(text, status, _headers("application/json; charset=utf-8", PICTURE_POLICY))


def _headers(kind: str, policy: str) -> Mapping[str, str]:
    return {
        "Content-Type": kind,
        "Pragma": "no-cache",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": policy,
    }


def _is_unicode(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
