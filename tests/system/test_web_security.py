"""Attacks on the web service: by devices through a browser, by clients over HTTP and below it."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncGenerator
from html.parser import HTMLParser

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from shared.reconnecting import stay_connected
from shared.settings import BusSettings
from tests.brokers import Mosquitto
from tests.browser import Window, chromium, window
from tests.integration.power import background
from tests.system.hostile_fleet import ATTACKS, IDENTITY, NAME, HostileFleet
from tests.system.web_stack import PASSWORD, WebStack

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]
TIMEOUT = 20.0
PAGES = (
    "/",
    f"/device/{NAME}",
    "/events",
    f"/history?device={NAME}",
    "/topology",
    "/timers",
    "/services",
    "/cgi-bin/nut/upsstats.cgi",
    f"/cgi-bin/nut/upsstats.cgi?host={NAME}",
    f"/cgi-bin/nut/upsimage.cgi?host={NAME}&display=input.voltage&format=svg",
    f"/device/{NAME}/order?action=command&name=load.off",
    f"/device/{NAME}/order?action=set&name=x.y",
)
# Scripts that run, elements that only an attack can have made, and handlers of events.
INTRUDERS = """() => [
  window.hit !== undefined ? `script ${window.hit} ran` : "",
  ...[...document.querySelectorAll("script:not([src]), iframe, object, embed, [srcdoc]")]
    .map((each) => each.outerHTML),
  ...[...document.querySelectorAll("main [style]")].map((each) => each.outerHTML),
  ...[...document.querySelectorAll("img, base, link, meta, form, a, button, svg use")]
    .filter((each) => ["src", "href", "action", "formaction", "content"].some((name) =>
      /^\\s*(javascript:|https?:|\\/\\/)/i.test(each.getAttribute(name) ?? "")))
    .map((each) => each.outerHTML),
  ...[...document.querySelectorAll("*")]
    .filter((each) => [...each.attributes].some(({name}) => name.startsWith("on")))
    .map((each) => each.outerHTML),
].filter(Boolean)"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet() -> HostileFleet:
    return HostileFleet()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(fleet: HostileFleet, tmp_path_factory) -> AsyncGenerator[WebStack]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "broker").mkdir()
    broker = Mosquitto(folder / "broker")
    await broker.start()
    try:
        stack = WebStack(broker.url, folder)
        work = stay_connected(BusSettings(**stack.bus), IDENTITY, fleet.session)
        async with background(work), stack.web():
            await stack.until(lambda health: health["online"] == 1)
            yield stack
    finally:
        await broker.stop()


async def intruders(reader: Window) -> list[str]:
    found: list[str] = await reader.page.evaluate(INTRUDERS)
    return found


async def test_nothing_that_a_device_says_is_ever_more_than_text(stack, fleet):
    async with chromium() as browser, window(browser, stack.url) as reader:
        reader.forgive("status of 40")
        await reader.log_in("admin", PASSWORD)
        for path in PAGES:
            await reader.open(path, live=False)
            assert not await intruders(reader), path
        await attacks_over_the_stream(reader, fleet)
        await attack_with_a_result(reader)


async def attacks_over_the_stream(reader: Window, fleet: HostileFleet) -> None:
    """Each attack in each place, put into open pages."""
    for path in PAGES[:7]:
        page = await reader.open(path)
        for round_ in range(len(ATTACKS) if path.startswith("/device") else 2):
            await fleet.say_all(round_)
            await expect(page.locator("#announcement")).to_contain_text(fleet.mark)
            assert not await intruders(reader), path


async def attack_with_a_result(reader: Window) -> None:
    page = await reader.open(f"/device/{NAME}")
    await page.locator("details.orders summary").click()
    await page.get_by_role("button", name="beeper.mute", exact=True).click()
    await expect(page.locator(".told")).to_contain_text("beeper.mute for evil: failed")
    assert not await intruders(reader)


async def test_the_search_for_intruders_finds_them(stack):
    async with chromium() as browser, window(browser, stack.url) as reader:
        page = await reader.open("/", live=False)
        reader.forgive("Content Security Policy")
        for html in ("<script>1</script>", "<a href='javascript:1'>", "<b onclick='1'>"):
            assert not await intruders(reader)
            added = "(html) => document.body.insertAdjacentHTML('beforeend', html)"
            await page.evaluate(added, html)
            assert await intruders(reader)
            await page.evaluate("() => document.body.lastElementChild.remove()")


@contextlib.asynccontextmanager
async def client(stack: WebStack, **options) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=stack.url, trust_env=False, timeout=TIMEOUT, **options
    ) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "/////evil.example/",
        "/https://evil.example/x",
        "/javascript:alert(1)//",
        "/%2f%2fevil.example",
        "/%2e%2e/%2e%2e/",
        "/\\evil.example",
        '/x?q="><script>alert(1)</script>',
        "/login?next=//evil.example",
        "/login?next=https:evil.example",
        "/login?next=/%09/evil.example",
        "/login?next=javascript:alert(1)",
    ],
)
async def test_no_link_of_any_page_leads_out_of_the_site(stack, path):
    status, _, page = await raw(stack, f"GET {path} HTTP/1.1")
    assert status in (200, 400, 404)
    assert "<script>alert" not in page
    found = Links()
    found.feed(page)
    assert not [each for each in found.all if re.match(r"(?i)[\s\\]*(//|/\\|[a-z]+:)", each)]
    assert found.all or status == 400


class Links(HTMLParser):
    """Collects where the links and forms of a page lead, and what its forms send as `next`."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.all += [said[name] for name in ("href", "src", "action", "formaction") if name in said]
        if said.get("name") == "next":
            self.all.append(said["value"])


async def raw(stack: WebStack, first: str, *fields: str, body: bytes = b"") -> tuple[int, str, str]:
    """Ask as no well-behaved client does; give the status, the head and the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    try:
        host = (
            [] if any(each.lower().startswith("host:") for each in fields) else ["Host: localhost"]
        )
        lines = "\r\n".join([first, *host, *fields, "Connection: close", "", ""])
        writer.write(lines.encode("utf-8", "surrogateescape") + body)
        async with asyncio.timeout(TIMEOUT):
            answer = await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    head, _, rest = answer.decode("utf-8", "replace").partition("\r\n\r\n")
    return int(head.split(" ")[1]) if head else 0, head, rest


STRANGE = {
    "no host": ("GET / HTTP/1.1", "Host:"),
    "two hosts": ("GET / HTTP/1.1", "Host: localhost", "Host: evil.example"),
    "foreign host": ("GET / HTTP/1.1", "Host: evil.example"),
    "whole address": ("GET http://evil.example/ HTTP/1.1",),
    "long line": (f"GET /{'a' * 100_000} HTTP/1.1",),
    "long head": ("GET / HTTP/1.1", f"X: {'a' * 100_000}"),
    "many fields": ("GET / HTTP/1.1", *(f"X{number}: y" for number in range(3000))),
    "no method": ("/ HTTP/1.1",),
    "odd method": ("BREW / HTTP/1.1",),
    "trace": ("TRACE / HTTP/1.1",),
    "zero byte": ("GET /\0 HTTP/1.1",),
    "bad escapes": ("GET /device/%zz%ff%00?q=%ff%fe HTTP/1.1",),
    "bad cookie": ("GET / HTTP/1.1", "Cookie: nutbus_session=\udcff\udcfe;;;=;a"),
    "long cookie": ("GET / HTTP/1.1", f"Cookie: nutbus_session={'x' * 30_000}"),
    "bad length": ("POST /login HTTP/1.1", "Content-Length: -1"),
    "two lengths": ("POST /login HTTP/1.1", "Content-Length: 0", "Content-Length: 5"),
    "great length": ("POST /login HTTP/1.1", "Content-Length: 99999999999999999999"),
    "length and chunks": (
        "POST /login HTTP/1.1", "Content-Length: 3", "Transfer-Encoding: chunked",
    ),
    "chunks": ("POST /login HTTP/1.1", "Transfer-Encoding: chunked"),
    "bad prefix": ("GET / HTTP/1.1", "X-Forwarded-Prefix: //evil.example\"><script>"),
    "bad authorization": ("GET / HTTP/1.1", "Authorization: Bearer \udcff"),
    "bad origin": ("POST /login HTTP/1.1", "Origin: http://[", "Content-Length: 0"),
    "bad form type": ("POST /login HTTP/1.1", "Content-Type: multipart/form-data; boundary=",
                      "Content-Length: 0"),
    "bad charset": ("POST /login HTTP/1.1",
                    "Content-Type: application/x-www-form-urlencoded; charset=nonsense",
                    "Content-Length: 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", STRANGE)
async def test_no_strange_request_is_a_mistake_of_ours(stack, caplog, name):
    first, *fields = STRANGE[name]
    status, head, body = await raw(stack, first, *fields)
    assert status < 500, head
    assert "evil.example" not in head
    assert "Traceback" not in body
    async with client(stack) as other:
        assert (await other.get("/healthz")).json()["devices"] == 1
    assert not [record for record in caplog.records if record.exc_info]


async def test_the_stream_is_one_for_who_wants_a_web_socket_too(stack):
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
    writer.write(f"GET /live HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n\r\n".encode())
    async with asyncio.timeout(TIMEOUT):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert int(head.split(b" ")[1]) < 500


FORMS = {
    "multipart": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="user"; filename="a"\r\n\r\nb\r\n--x--\r\n',
    ),
    "broken multipart": ("multipart/form-data; boundary=x", b"--x\r\nContent-Disp"),
    "multipart without boundary": ("multipart/form-data", b"--x\r\n"),
    "many fields": ("application/x-www-form-urlencoded", b"a=b&" * 5000),
    "bad escapes": ("application/x-www-form-urlencoded", b"user=%ff%00%zz&password=%f0%28"),
    "lone surrogates": ("application/x-www-form-urlencoded", b"user=%ed%a0%80&password=x"),
    "json": ("application/json", b'{"user":"admin"}'),
    "nothing": ("application/x-www-form-urlencoded", b""),
    "field twice": ("application/x-www-form-urlencoded", b"user=admin&user=x&password=y"),
    "zeros": ("application/x-www-form-urlencoded", b"\0" * 5000),
    "next out": (
        "application/x-www-form-urlencoded",
        b"user=admin&password=correct+horse&next=%0d%0aSet-Cookie:+a=b",
    ),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("path", ["/login", "/logout", "/device/evil/order"])
async def test_no_strange_form_is_a_mistake_of_ours(stack, caplog, name, path):
    kind, body = FORMS[name]
    async with client(stack) as sender:
        answer = await sender.post(path, content=body, headers={"Content-Type": kind})
        assert answer.status_code < 500
        assert "a" not in answer.cookies
        assert urls_stay(answer.headers.get("location", "/"))
    assert not [record for record in caplog.records if record.exc_info]


def urls_stay(location: str) -> bool:
    return location.startswith("/") and not location.startswith(("//", "/\\"))


async def test_who_is_logged_in_sends_strange_forms_in_vain(stack, caplog):
    async with client(stack) as sender:
        await sender.post("/login", data={"user": "admin", "password": PASSWORD})
        page = (await sender.get(f"/device/{NAME}")).text
        found = re.search(r'name="form_key" value="([0-9a-f]+)"', page)
        assert found
        for fields in (
            {"action": "command", "name": "x" * 5000},
            {"action": "command", "name": "load/off", "confirmed": "yes"},
            {"action": "command", "name": "../../x", "confirmed": "yes"},
            {"action": "command", "name": "#", "confirmed": "yes"},
            {"action": "set", "name": "x.y", "value": "y" * 5000},
            {"action": "set", "name": "x.y", "value": "\0\r\n"},
            {"action": "set", "name": "+/#", "value": "1"},
            {"action": "nonsense"},
            {},
        ):
            form = {"form_key": found[1], **fields}
            answer = await sender.post(f"/device/{NAME}/order", data=form)
            assert 400 <= answer.status_code < 500, fields
        for form_key in ("é", "0", "z" * 200_0, "0" * 60_000):
            form = {"form_key": form_key, "action": "command", "name": "beeper.mute"}
            answer = await sender.post(f"/device/{NAME}/order", data=form)
            assert answer.status_code == 403
    assert not [record for record in caplog.records if record.exc_info]


async def test_orders_with_hostile_names_reach_no_other_topic(stack, fleet):
    """A command that a lying device offers is refused, or sent to a topic of its own."""
    async with client(stack) as sender:
        await sender.post("/login", data={"user": "admin", "password": PASSWORD})
        page = (await sender.get(f"/device/{NAME}")).text
        found = re.search(r'name="form_key" value="([0-9a-f]+)"', page)
        assert found
        named = (await sender.get(f"/api/v1/devices/{NAME}")).json()["commands"]
        strange = [each for each in named if not re.fullmatch(r"[a-z0-9.]+", each)]
        assert strange
        fleet.orders.clear()
        for name in strange:
            form = {"form_key": found[1], "action": "command", "name": name, "confirmed": "yes"}
            answer = await sender.post(f"/device/{NAME}/order", data=form)
            assert answer.status_code == 409
        assert not fleet.orders


async def test_many_who_say_nothing_keep_nobody_out(stack):
    """Slow loris: connections that begin a request and never end it."""
    with contextlib.ExitStack() as idle:
        for number in range(300):
            each = idle.enter_context(socket.create_connection(("127.0.0.1", stack.port)))
            each.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX" if number % 2 else b"")
        async with client(stack) as other:
            for path in ("/", "/healthz", "/api/v1/devices"):
                assert (await other.get(path)).status_code == 200


async def test_the_cookie_is_for_this_site_over_https_only_and_not_for_scripts(stack, tmp_path):
    other = WebStack(stack.broker, tmp_path)
    async with other.web(id="other", trusted_proxies=["127.0.0.0/8"]), client(other) as sender:
        form = {"user": "admin", "password": PASSWORD}
        said = {"X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/ups"}
        answer = await sender.post("/login", data=form, headers=said)
        flags = {each.strip().lower() for each in answer.headers["set-cookie"].split(";")[1:]}
        assert {"httponly", "secure", "samesite=strict", "path=/ups"} <= flags
        plain = (await sender.post("/login", data=form)).headers["set-cookie"].lower()
        assert "secure" not in plain
        assert "httponly" in plain


async def test_the_key_of_a_form_looks_different_each_time(stack):
    """What is compressed with it cannot be found out by the length of answers (BREACH)."""
    async with client(stack) as sender:
        await sender.post("/login", data={"user": "admin", "password": PASSWORD})
        keys: set[str] = set()
        for _ in range(3):
            answer = await sender.get(f"/device/{NAME}", headers={"Accept-Encoding": "gzip"})
            assert answer.headers["content-encoding"] == "gzip"
            keys |= set(re.findall(r'name="form_key" value="([0-9a-f]+)"', answer.text))
        assert len(keys) > 3


@pytest.mark.parametrize("path", ["/", "/login", "/api/v1/devices", "/healthz", "/events", "/no"])
async def test_no_cache_keeps_what_is_true_only_now(stack, path):
    async with client(stack) as sender:
        assert (await sender.get(path)).headers["cache-control"] == "no-store"
