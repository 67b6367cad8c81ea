"""Targets: what browsers ask for, and what the pages make of what the bus says."""

import asyncio
import functools
import tempfile
import time
from pathlib import Path
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from services.web.access import safe_target
from services.web.application import application
from services.web.attempts import Attempts
from services.web.compatibility import queries, scales
from services.web.compatibility.directory import Host
from services.web.compatibility.drawings import drawing
from services.web.compatibility.page import Setting
from services.web.compatibility.png import png
from services.web.compatibility.svg import svg
from services.web.compatibility.templates import render
from services.web.door import COOKIE, Door
from services.web.history.recorder import Noted
from services.web.history.store import Store, opened
from services.web.history.writer import Batch, Writer
from services.web.link import Link
from services.web.sessions import Session, _digest
from services.web.settings import WebSettings
from services.web.site import Site
from shared import messages
from shared.latest import Latest
from shared.users import Users
from tests.fuzz.bus import FOLLOWED, SEPARATOR, message_of, told
from tests.fuzz.lines import RIGHTS, VARS, device_on_the_bus
from tests.fuzz.target import LAST, TOPICS, Target, Wire, done

# --- NUT's CGI programs ----------------------------------------------------------------------

HOST = Host("ups@localhost", "<b>&", {**VARS, "battery.charge": "50", "input.voltage": "230"})


def query_strings(data: bytes) -> None:
    queries.stats_query(data)
    query = queries.picture_query(data)
    safe_target(data.decode("latin-1"))
    name = query.display or "input.voltage"
    drawn = drawing(scales.bar(name, HOST.variables or {}, query.numbers), query.numbers)
    if drawn.width * drawn.height <= 200 * 350:
        png(drawn)
    svg(drawn, "fuzz")


def templates(data: bytes) -> None:
    setting = Setting((HOST,), is_single=False, version="1", now=time.gmtime(0))
    render(data.decode("utf-8", "replace"), setting)


# --- the site, as it is served ---------------------------------------------------------------

SECRET = "fuzz"
KEY = bytes(32)
TOKEN = "t" * 20
PATIENCE = 300.0  # the processor may be others' for long


def _at_once(name: str, address: str) -> float:
    return 0.0


class Served:
    """A site with a past, somebody who is logged in, and what went wrong in it."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="nutbus-fuzz-")
        tables = {
            "web": {
                "id": "fuzz",
                "trusted_proxies": ["127.0.0.0/8"],
                "tokens": {"t": {"token": TOKEN}},
                "history": {"file": str(Path(self.folder.name) / "past")},
            },
            "gateway": {"users": {"a": RIGHTS}},
        }
        settings = WebSettings.from_tables(tables, "fuzz")
        door = Door(settings.gateway.users)
        door._authentication._penalty = _at_once  # type: ignore[method-assign]
        self.user = Users(settings.gateway.users).verified("a", "b", "127.0.0.1")
        self.site = Site(Link("fuzz", TOPICS), Latest(settings), door)
        self.application = application(self.site)
        self.problems: list[Exception] = []
        self.config = Config(
            self._watched,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        self.config.load()

    async def begin(self) -> None:
        """Open the file of the past, and put something into it."""
        self.past = opened(self.site.history._path)
        self.store: Store = await self.past.__aenter__()
        now = time.time()
        found = [
            Noted("ups", "ups.load", int(1000 * now) - 60_000 * at, float(at)) for at in range(50)
        ]
        await self.store.write(Writer.append, Batch(found, {}))
        self.site.history._store = self.store
        LAST.append(self.folder.cleanup)
        LAST.append(lambda: done(self.past.__aexit__(None, None, None)))

    def restart(self) -> None:
        """Go back to where each run begins."""
        now = asyncio.get_running_loop().time()
        sessions = self.site.door._sessions._sessions
        sessions.clear()
        assert self.user
        sessions[_digest(SECRET)] = Session(self.user, "127.0.0.1", KEY, now, now)
        self.site.door._attempts = Attempts()
        mirror = self.site.link.mirror
        mirror.begin_session(now)
        mirror.connect(True)
        for message in device_on_the_bus():
            mirror.take(message, now)

    async def _watched(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.application(scope, receive, send)
        except Exception as error:
            self.problems.append(error)
            raise

    async def answers(self, data: bytes) -> bytes:
        """Have the bytes come over a connection, which ends; give what was sent back."""
        state, wire = ServerState(), Wire()
        connection = H11Protocol(self.config, state, {}, asyncio.get_running_loop())
        connection.connection_made(wire)  # type: ignore[arg-type]
        if data:
            connection.data_received(data)
        async with asyncio.timeout(PATIENCE):
            while state.tasks:
                await asyncio.wait(state.tasks, timeout=0.2)
                if state.tasks:  # a stream of events, or a body that does not come
                    connection.eof_received()
                    connection.connection_lost(None)
        if not wire.is_closing():
            connection.connection_lost(None)
        connection._unset_keepalive_if_required()
        if self.problems:
            raise self.problems.pop()
        return b"".join(wire.sent)


@functools.cache
def served() -> Served:
    made = Served()
    done(made.begin())
    return made


def requests(data: bytes) -> None:
    """Take them for what comes over one connection."""
    done(_requests(served(), data))


async def _requests(site: Served, data: bytes) -> bytes:
    site.restart()
    return await site.answers(data)


def _request(line: bytes, *fields: bytes, body: bytes = b"") -> bytes:
    length = (b"Content-Length: %d" % len(body),) if body else ()
    head = (line + b" HTTP/1.1", b"Host: localhost", *fields, *length, b"Connection: close")
    return b"\r\n".join((*head, b"", body))


COOKIES = f"Cookie: {COOKIE}={SECRET}".encode()
FORM_KEY = b"form_key=" + b"00" * 64
ORDERS = b"/device/ups/order"
PROXIED = (
    b"X-Forwarded-For: 192.0.2.1, 127.0.0.1",
    b"X-Forwarded-Proto: https",
    b"X-Forwarded-Prefix: /ups",
)
GOTTEN = (
    b"/?q=x&p=1&size=10&wall", b"/device/ups", b"/events", b"/topology", b"/timers", b"/services",
    b"/history?device=ups&range=1d", b"/history?device=ups&begin=1&end=2", b"/nowhere",
    b"/live?page=device&name=ups", b"/assets/0/site.js", b"/login?next=/device/ups",
    b"/api/v1/devices?search=u&standing=online&limit=5&offset=0", b"/api/v1/devices/ups",
    b"/api/v1/services", b"/api/v1/hosts", b"/api/v1/history", b"/api/v1/history/ups",
    b"/api/v1/history/ups/series?variable=ups.load&begin=1&end=1e10&points=100",
    b"/api/v1/history/ups/chart.svg?variable=ups.load&begin=1&end=99",
    b"/api/v1/history/ups/energy?span=month&begin=1e9", b"/api/v1/outages?device=ups&begin=0",
    b"/api/v1/history/ups/export.csv?variable=ups.load&step=60",
    b"/api/v1/history/ups/export.json?variable=ups.load&step=0", b"/api/openapi.json", b"/healthz",
    b"/metrics", b"/ups_metrics?ups=ups&variables=ups.load&statuses=OL",
    b"/cgi-bin/nut/upsstats.cgi?host=ups&treemode&json", b"/cgi-bin/nut/upsset.cgi",
    b"/cgi-bin/nut/upsimage.cgi?host=ups&display=battery.charge&format=svg",
)  # fmt: skip
REQUESTS = (
    *(_request(b"GET " + path, COOKIES) for path in GOTTEN),
    _request(b"GET /", *PROXIED),
    _request(b"GET /metrics", b"Accept: application/openmetrics-text; version=1.0.0"),
    _request(b"GET /api/v1/devices", f"Authorization: Bearer {TOKEN}".encode()),
    _request(b"HEAD /", b"Accept-Encoding: gzip"),
)


def _form(line: bytes, fields: bytes) -> bytes:
    kind = b"Content-Type: application/x-www-form-urlencoded"
    return _request(b"POST " + line, COOKIES, kind, b"Origin: http://localhost", body=fields)


BOUNDARY = b"--x\r\nContent-Disposition: form-data; name=user\r\n\r\na\r\n--x--\r\n"
FORMS = (
    _form(b"/login", b"user=a&password=b&next=/device/ups"),
    _form(b"/login", b"user=a&password=c&next=//x"),
    _form(b"/logout", FORM_KEY),
    _form(ORDERS, FORM_KEY + b"&action=command&name=test.battery.start&value="),
    _form(ORDERS, FORM_KEY + b"&action=command&name=load.off&confirmed=yes"),
    _form(ORDERS, FORM_KEY + b"&action=set&name=battery.charge.low&value=30"),
    _form(ORDERS, FORM_KEY + b"&action=fsd"),
    _form(ORDERS, FORM_KEY + b"&action=fsd")[:-5],  # then it hangs up
    _request(b"GET " + ORDERS + b"?action=set&name=ups.id", COOKIES),
    _request(b"POST /login", b"Content-Type: multipart/form-data; boundary=x", body=BOUNDARY),
)

# --- what a device says, on the pages --------------------------------------------------------

PAGES = (
    b"/", b"/device/ups", b"/topology", b"/timers", b"/services", b"/events",
    b"/api/v1/devices/ups", b"/api/v1/services", b"/metrics", b"/ups_metrics?ups=ups",
    b"/cgi-bin/nut/upsstats.cgi", b"/cgi-bin/nut/upsstats.cgi?host=ups&treemode",
)  # fmt: skip
MARK = b"<fuzz"  # what must come out as text only


def pages(data: bytes) -> None:
    """Take the first byte for a page, the rest for messages of the bus, as `followers` does."""
    if data:
        path = PAGES[data[0] % len(PAGES)]
        body = done(_shown(served(), path, data[1:].split(SEPARATOR)))
        assert b"text/html" not in body or MARK not in body


async def _shown(shows: Served, path: bytes, parts: list[bytes]) -> bytes:
    shows.restart()
    now = asyncio.get_running_loop().time()
    for part in filter(None, parts):
        shows.site.link.mirror.take(message_of(part), now)
    return await shows.answers(_request(b"GET " + path, COOKIES))


SAYS = {
    "ups.status": "OL <fuzz>",
    "ups.model": "<fuzz>\"'",
    "device.mfr": "&<fuzz",
    "ups.load": "nan",
    "outlet.1.name": "<fuzz>",
}
HOSTILE = told(
    ("nut/device/ups/state", messages.DeviceState(seq=2, at=1.0, vars=SAYS).encode()),
    ("nut/device/ups/fsd", b'{"by":"<fuzz>","at":1,"reason":"<fuzz>"}'),
    ("nut/device/ups/event", b'{"event":"ONBATT","at":1,"text":"<fuzz>"}'),
)

TARGETS = {
    "queries": Target(
        query_strings,
        (b"host=ups%40localhost&display=input.voltage&width=200&format=svg&treemode",),
        rounds=150,
    ),
    "templates": Target(
        templates, (b"@FOREACHUPS@\n@VAR ups.status@ @IFSUPP x@a@ELSE@b@ENDIF@\n@ENDFOR@\n",)
    ),
    "requests": Target(requests, REQUESTS, rounds=60),
    "forms": Target(requests, FORMS, rounds=60),
    "pages": Target(
        pages,
        tuple(
            bytes([page]) + come for page in range(len(PAGES)) for come in (*FOLLOWED[:3], HOSTILE)
        ),
        rounds=40,
    ),
}
