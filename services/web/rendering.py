"""Templates and assets of the site: HTML that is safe whatever a device says, files with a hash.

Links in templates are relative (`device/ups1`): `<base href>` has the path of the site, which
differs behind a proxy, so a piece that is rendered once fits every browser.
"""

import gzip
import hashlib
import mimetypes
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

HERE: Final = Path(__file__).parent
# The folders of the parts; a part's template is found by its name, so names are unique.
TEMPLATES: Final = tuple(HERE / part / "templates" for part in ("pages", "control"))
ASSETS: Final = HERE / "pages" / "assets"
_TYPES: Final = {".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file that browsers load, as it is and compressed."""

    kind: str
    body: bytes
    packed: bytes


class Assets:
    """All files in a folder, in memory.

    `version` changes when one of them does, or a template: then open pages load themselves again.
    """

    def __init__(self, folder: Path, templates: Iterable[Path]) -> None:
        self._files = {path.name: _asset(path) for path in sorted(folder.iterdir())}
        digest = hashlib.sha256()
        for name, asset in self._files.items():
            digest.update(name.encode() + b"\0" + asset.body + b"\0")
        for path in sorted(path for each in templates for path in each.glob("*.html")):
            digest.update(path.read_bytes() + b"\0")
        self.version = digest.hexdigest()[:12]

    def find(self, name: str) -> Asset | None:
        """Find a file by its name."""
        return self._files.get(name)


class Rendering:
    """Makes pages and pieces of them; parts add what their templates call to `globals`."""

    def __init__(self) -> None:
        self.assets = Assets(ASSETS, TEMPLATES)
        # What parts know of a request that every page shows, such as who is logged in.
        self.additions: list[Callable[[Request], Mapping[str, Any]]] = []
        self.started = time.monotonic()
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.globals.update(version=self.assets.version, now=self.now, notices=(), live="none")

    @property
    def globals(self) -> dict[str, Any]:
        """What every template knows."""
        return self._environment.globals

    @property
    def filters(self) -> dict[str, Any]:
        """How templates write values."""
        return self._environment.filters

    def now(self) -> float:
        """Tell the time of the pages: seconds since this process began to serve them."""
        return time.monotonic() - self.started

    def piece(self, template: str, **values: Any) -> str:  # noqa: ANN401 -- what templates show
        """Render a template that is part of a page."""
        return self._environment.get_template(template).render(values)

    def page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        **values: Any,  # noqa: ANN401 -- what templates show
    ) -> HTMLResponse:
        """Render a whole page; it is never kept by a cache, it would show what is not so."""
        base = request.scope.get("root_path", "") + "/"
        place = request.url.path.removeprefix(base).lstrip("/")
        # Quoted, no path that was asked for is the address of another site.
        here = quote(place) + (f"?{request.url.query}" if request.url.query else "")
        known: dict[str, Any] = {"account": None, "base": base, "here": here, "place": place}
        for add in self.additions:
            known.update(add(request))
        body = self.piece(template, **{**known, **values})
        headers: Mapping[str, str] = {"Cache-Control": "no-store"}
        return HTMLResponse(body, status, dict(headers))


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
    kind = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    return Asset(kind, body, gzip.compress(body, mtime=0))
