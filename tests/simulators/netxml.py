"""A simulated network card of Eaton or MGE: XML over HTTP, its documents built from the tables.

A test edits `objects`, `layout` and `faults`; the card serves in a thread of its own.
"""

import base64
import hashlib
import re
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from xml.sax.saxutils import escape, quoteattr, unescape

from services.driver.protocols.netxml.conversions import is_set
from services.driver.protocols.netxml.objects import ROWS, SWITCHES, WORDS
from services.driver.protocols.netxml.rows import Flag, Row
from shared.variables import Kind, variable

REALM = "card"
Fault = Callable[["Handler"], None]
_OBJECT = re.compile(r'<OBJECT name="([^"]+)">([^<]*)</OBJECT>')


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a card has its pages, and what it says of itself."""

    product_page: str = "/mgeups/product.xml"
    name: str = "Network Management Card"
    type: str = "Transverse"
    version: str = "GB (SN 49EH29101)"
    protocol: str = ""
    data: str = "UPS_DATA"
    objects_page: str = "getvalue.cgi"
    summary_page: str = "upsprop.xml"


TRANSVERSE = Layout()
MINISLOT = Layout("/product.xml", type="Mosaic M", version="HE", summary_page="mgeups/upsprop.xml")
NEWER = Layout(
    "/ws/product.xml",
    type="Monitored ePDU",
    version="Version Upgrade",
    protocol="XML.V3",
    data="DEV_DATA",
    objects_page="",
    summary_page="ws/summary.xml",
)
VERSION_4 = Layout(
    "/ws/product.xml",
    name="PDU Network Management Card",
    type="SCOB",
    version="02.00.0036",
    protocol="XML.V4",
    data="DEV_DATA",
    summary_page="ws/summary.xml",
)


def values(**flags: bool) -> dict[str, str]:
    """Give each object of the table a value; a UPS on line has no other flag than ONLINE."""
    wanted = {Flag.ONLINE, *(Flag(name) for name, is_on in flags.items() if is_on)}
    wanted -= {Flag(name) for name, is_on in flags.items() if not is_on}
    found: dict[str, str] = {}
    for index, row in enumerate(ROWS):
        found.setdefault(row.object, _value(row, index, wanted))
    if Flag.CALIB in wanted:
        found["UPS.BatterySystem.Battery.Test"] = "5"
    return found


def _value(row: Row, index: int, wanted: set[Flag]) -> str:
    if row.conversion in SWITCHES:
        flag = SWITCHES[row.conversion].flag
        return next(v for v in ("0", "1") if is_set("", v, row.conversion)[1] == (flag in wanted))
    if row.conversion in WORDS:
        return next(iter(WORDS[row.conversion]))
    special = {
        "clock": "2008/03/01 15:23:26",
        "time_to_shutdown": "NONE",
        "shutdown_timer": "-1",
        "ampere_hours": "32400",
    }
    if row.conversion in special:
        return special[row.conversion]
    known = variable(row.variable)
    is_number = known is None or known.kind is Kind.NUMBER
    return str(100 + index) if is_number else f"{row.variable} <{index}>"


@dataclass(slots=True)
class Card:
    """A card on a port of its own; use it as a context manager."""

    objects: dict[str, str] = field(default_factory=values)
    layout: Layout = TRANSVERSE
    access: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    login: tuple[str, str] | None = None
    is_digest: bool = False
    takes_forms: bool = True
    tls: ssl.SSLContext | None = None
    asked: list[str] = field(default_factory=list)
    posts: list[tuple[str, str]] = field(default_factory=list)
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))
    alarms: "AlarmServer | None" = None
    _server: "Server | None" = None

    @property
    def url(self) -> str:
        """Where the card is."""
        assert self._server is not None
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server = Server(("127.0.0.1", 0), Handler)
        if self.tls:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._server.card = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.alarms:
            self.alarms.close()
        if self._server:
            self._server.shutdown()
            self._server.end()

    def hang_up(self) -> None:
        """Cut all lines, as a card does that starts anew."""
        assert self._server is not None
        self._server.cut()

    def page(self, path: str) -> str | None:
        """Build the document of a page; None where there is none."""
        layout = self.layout
        pages: Mapping[str, Callable[[], str]] = {
            "/": lambda: "<html><body>A card</body></html>",
            layout.product_page: self._product,
            "/config.xml": lambda: (
                '<XML-CLIENT><GENERAL><STARTUP config="CENTRALIZED"/>'
                '<SHUTDOWN shutdownTimer="NONE" shutdownDuration="150"/></GENERAL></XML-CLIENT>'
            ),
        }
        if layout.objects_page:
            pages = {**pages, f"/{layout.objects_page}": lambda: self._list("GET_OBJECT")}
        if layout.summary_page:
            pages = {**pages, f"/{layout.summary_page}": lambda: self._list("SUMMARY")}
        return pages[path]() if path in pages else None

    def take(self, body: str) -> None:
        """Set what a document asks to be set, if it may be set."""
        for name, value in _OBJECT.findall(body):
            if name in self.objects and "W" in self.access.get(name, "RW"):
                self.objects[name] = unescape(value)

    def _product(self) -> str:
        layout = self.layout
        protocol = f' protocol="{layout.protocol}"' if layout.protocol else ""
        get = f'<GET_OBJECT url="{layout.objects_page}" security="none"/>'
        return (
            '<?xml version="1.0"?>\n'
            f'<PRODUCT_INFO name="{layout.name}" type="{layout.type}"'
            f' version="{layout.version}"{protocol}>\n'
            '<SUMMARY><HTML_PROPERTIES_PAGE url="mgeups/default.htm"/>\n'
            f'<XML_SUMMARY_PAGE url="{layout.summary_page}"/><CENTRAL_CFG url="config.xml"/>'
            '<CSV_LOGS url="logevent.csv" dateRange="no" eventFiltering="no"/></SUMMARY>\n'
            '<ALARMS><SUBSCRIPTION url="subscribe.cgi" security="basic"/>'
            '<POLLING url="mgeups/lastalarms.cgi" security="none"/></ALARMS>\n'
            '<MANAGEMENT><MANAGEMENT_PAGE name="Shutdown criteria settings" id="Shutdown"'
            ' url="FS/FLASH0/ShutdownParameters.cfg" security="none"/></MANAGEMENT>\n'
            f"<{layout.data}>{get if layout.objects_page else ''}"
            f'<SET_OBJECT url="setvalue.cgi" security="ssl"/></{layout.data}>\n'
            "</PRODUCT_INFO>\n"
        )

    def _list(self, root: str) -> str:
        lines = []
        for name, value in self.objects.items():
            access = f" access={quoteattr(self.access.get(name, 'RW'))}"
            extra = access if root == "GET_OBJECT" else ""
            lines.append(f"<OBJECT name={quoteattr(name)}{extra}>{escape(value)}</OBJECT>")
        return f'<?xml version="1.0"?>\n<{root}>\n' + "\n".join(lines) + f"\n</{root}>\n"


class Server(ThreadingHTTPServer):
    """The web server of a card; it can cut its lines."""

    daemon_threads = True
    allow_reuse_address = True
    card: Card

    def __init__(self, *arguments: Any) -> None:
        self.lines: set[socket.socket] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.lines.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.lines.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the drivers cut lines, and so do the tests."""

    def cut(self) -> None:
        for line in tuple(self.lines):
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def end(self) -> None:
        self.cut()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One line to a card."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        self.card.asked.append(self.path)
        if not self._is_let_in():
            return
        fault = self.card.faults.get(self.path) or self.card.faults.get("*")
        if fault:
            fault(self)
            return
        page = self.card.page(self.path)
        self.answer(404 if page is None else 200, page or "no such page")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if not self._is_let_in():
            return
        self.card.posts.append((self.path, body))
        if fault := self.card.faults.get(self.path):
            fault(self)
        elif self.path == "/subscribe.cgi" and self.card.alarms:
            port, secret = self.card.alarms.port, self.card.alarms.secret
            self.answer(200, f"<Subscribe>\r\n<Port>{port}\r\n<Secret>{secret}\r\n</Subscribe>")
        elif (self.path == "/Forms/set_obj_2") == self.card.takes_forms and "set_obj" in self.path:
            self.card.take(body)
            self.answer(200, "<html>ok</html>")
        else:
            self.answer(404, "no such page")

    @property
    def card(self) -> Card:
        return self.server.card

    def answer(self, status: int, text: str, length: int | None = None, **headers: str) -> None:
        """Send a reply; a `length` that is not its own promises another size."""
        body = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def _is_let_in(self) -> bool:
        if self.card.login is None or self._shows_login(*self.card.login):
            return True
        kind = "Digest" if self.card.is_digest else "Basic"
        extra = f', qop="auth", nonce="{self.card.nonce}"' if self.card.is_digest else ""
        self.answer(401, "who are you?", WWW_Authenticate=f'{kind} realm="{REALM}"{extra}')
        return False

    def _shows_login(self, name: str, password: str) -> bool:
        shown = self.headers.get("Authorization", "")
        if not self.card.is_digest:
            pair = base64.b64encode(f"{name}:{password}".encode()).decode()
            return shown == f"Basic {pair}"
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', shown.removeprefix("Digest ")))
        if told.get("nonce") != self.card.nonce:
            return False
        first = _md5(f"{name}:{REALM}:{password}")
        second = _md5(f"{self.command}:{self.path}")
        middle = ":".join(told.get(key, "") for key in ("nonce", "nc", "cnonce", "qop"))
        return told.get("response") == _md5(f"{first}:{middle}:{second}")


class AlarmServer:
    """The part of a card that tells subscribers of alarms."""

    def __init__(self) -> None:
        self.secret = 4711
        self.greetings: list[bytes] = []
        self.answer = b'<Subscription Answer="ok"></Subscription>'
        self._lines: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def say(self, text: str) -> None:
        """Tell all subscribers."""
        for line in self._lines:
            line.sendall(text.encode() + b"\0")

    def drop(self) -> None:
        """Cut the lines of all subscribers."""
        while self._lines:
            self._lines.pop().close()

    def close(self) -> None:
        self._listener.close()
        self.drop()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.greetings.append(line.recv(4096))
            line.sendall(self.answer + b"\0")
            self._lines.append(line)


def http_error(status: int) -> Fault:
    """Answer with an error."""
    return lambda handler: handler.answer(status, "<html>an error</html>")


def wrong(text: str) -> Fault:
    """Answer with something else."""
    return lambda handler: handler.answer(200, text)


def cut_short(share: float = 0.5) -> Fault:
    """Answer with a part of the page, as a whole HTTP reply."""

    def answer(handler: Handler) -> None:
        page = handler.card.page(handler.path) or ""
        handler.answer(200, page[: int(len(page) * share)])

    return answer


def broken_off(handler: Handler) -> None:
    """Drop the line in the midst of a reply."""
    page = handler.card.page(handler.path) or ""
    handler.answer(200, page[: len(page) // 2], length=len(page))
    handler.close_connection = True


def hang_up(handler: Handler) -> None:
    """Drop the line without a reply."""
    handler.close_connection = True


def slow(seconds: float) -> Fault:
    """Answer late."""

    def answer(handler: Handler) -> None:
        time.sleep(seconds)
        handler.answer(200, handler.card.page(handler.path) or "")

    return answer


def dripping(handler: Handler) -> None:
    """Answer byte by byte, as if never to end."""
    page = handler.card.page(handler.path) or ""
    handler.answer(200, "", length=len(page))
    for letter in page[:100]:
        handler.wfile.write(letter.encode())
        handler.wfile.flush()
        time.sleep(0.1)
    handler.close_connection = True


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
