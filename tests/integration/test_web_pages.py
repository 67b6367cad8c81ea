"""The pages over HTTP, with a real broker: live, behind proxies, in trouble."""

import asyncio
import contextlib
import gzip
import re
import socket
from collections.abc import AsyncGenerator

import httpx
import pytest

from services.web.headers import HEADERS
from services.web.pages import book, live
from shared.bus import connect
from shared.messages import Availability, DeviceEvent, DeviceMeta
from tests.integration.schedulers import Ups, running, until
from tests.integration.webs import TIMEOUT, Web, shown, streamed

pytestmark = pytest.mark.integration


@pytest.fixture
async def ups(broker) -> AsyncGenerator[Ups]:
    ups = Ups(broker.url, variables={"ups.status": "OL", "battery.charge": "100"})
    async with running(ups.play()):
        await until(lambda: ups.bus)
        yield ups


async def test_a_page_follows_the_bus_without_being_asked_again(any_broker):
    ups = Ups(any_broker.url, variables={"ups.status": "OL", "battery.charge": "100"})
    async with running(ups.play()), Web(any_broker.url).up() as client:
        await shown(client, "/", "rack1")
        async with (
            streamed(client, "page=fleet") as fleet,
            streamed(client, "page=device&name=rack1") as device,
        ):
            await fleet.until("fleet", "on line power")
            await device.until("variables", "battery.charge")
            await ups.says("OB DISCHRG", battery_charge="42")
            await fleet.until("fleet", "on battery")
            await fleet.until("banner", "42 % left")
            await device.until("v-battery.charge", "<b>42</b>")
            await device.until("announcement", "rack1: on battery")
            await ups.says("OL")
            await fleet.until("banner", "hidden")


async def test_while_the_order_stays_only_rows_are_sent(broker, ups):
    async with Web(broker.url).up() as client:
        await shown(client, "/", "rack1")
        async with streamed(client, "page=fleet") as fleet:
            await fleet.until("fleet", "100 %")
            await ups.says("OL", battery_charge="77")
            await fleet.until("d-rack1", "77 %")
            assert "100 %" in fleet.page["fleet"]


async def test_events_come_to_their_page(broker, ups):
    async with Web(broker.url).up() as client:
        async with streamed(client, "page=events") as stream:
            await stream.until("events", "Nothing has happened")
            event = DeviceEvent(type="ONBATT", at=1.0, status="OB", text="UPS rack1 <on> battery")
            assert ups.bus
            await ups.bus.publish(event.publication(ups.bus.topics, "rack1"))
            await stream.until("events", "UPS rack1 &lt;on&gt; battery")
        await shown(client, "/events", "ONBATT")


async def test_pages_say_when_the_bus_is_lost_and_go_on_when_it_is_back(broker, ups):
    async with Web(broker.url).up() as client:
        await shown(client, "/", "rack1")
        async with streamed(client, "page=fleet") as fleet:
            await fleet.until("fleet", "rack1")
            await broker.stop()
            await fleet.until("notice", "No connection to the bus")
            assert "No connection to the bus" in (await client.get("/topology")).text
            await broker.start()
            await fleet.until("notice", '<div id="notice">')
            await until(lambda: ups.bus)
            await ups.says("OB")
            await fleet.until("banner", "rack1")


async def test_without_a_bus_pages_say_what_to_do(free_port):
    async with Web(f"mqtt://127.0.0.1:{free_port}").up() as client:
        page = (await client.get("/")).text
        assert "No connection to the bus yet" in page
        assert "Nothing to show yet" in page


async def test_an_idle_stream_beats(broker, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT", 0.05)
    async with Web(broker.url).up() as client, streamed(client, "page=frame") as stream:
        async with asyncio.timeout(TIMEOUT):
            while stream.beats < 3:
                await stream.read()
        assert stream.hello["now"] > 0


async def test_the_service_ends_while_pages_are_open(broker, caplog):
    async with contextlib.AsyncExitStack() as stack, Web(broker.url).up() as client:
        stream = await stack.enter_async_context(streamed(client, "page=fleet"))
        await stream.until("fleet", "No device")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_there_is_an_end_to_open_pages(broker, monkeypatch):
    monkeypatch.setattr(book, "MOST_STREAMS", 1)
    async with Web(broker.url).up() as client, streamed(client, "page=frame") as stream:
        await stream.until("notice", "<div")
        refused = await client.get("/live?page=frame")
        assert refused.status_code == 503


async def test_who_goes_is_forgotten(broker, ups, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT", 0.05)
    seen: list[live.Live] = []
    kept = live.Live.__init__

    def noted(self, *values):
        kept(self, *values)
        seen.append(self)

    monkeypatch.setattr(live.Live, "__init__", noted)
    async with Web(broker.url).up() as client:
        async with streamed(client, "page=fleet"):
            await until(lambda: seen[0].watchers)
        await until(lambda: not seen[0].watchers)
        assert not seen[0]._shown


async def test_a_browser_that_does_not_read_holds_nobody_up_and_fills_no_memory(broker, ups):
    web, size, times = Web(broker.url), 50_000, 60
    async with web.up() as client:
        await ups.says("OL", big="x")
        await shown(client, "/device/rack1", "v-big")
        with contextlib.closing(socket.socket()) as stalled:
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stalled.connect(("127.0.0.1", web.port))
            asked = f"GET /live?page=device&name=rack1 HTTP/1.1\r\nHost: 127.0.0.1:{web.port}"
            stalled.sendall(f"{asked}\r\n\r\n".encode())
            async with streamed(client, "page=device&name=rack1") as reader:
                await reader.until("variables", "v-big")
                for number in range(times):
                    await ups.says("OL", big=f"{number}-{'x' * size}")
                    await reader.until("v-big", f"<b>{number}-")
            stalled.setblocking(False)
            received = 0
            with contextlib.suppress(BlockingIOError):
                while chunk := stalled.recv(1 << 20):
                    received += len(chunk)
        assert received < times * size / 2


@pytest.mark.parametrize(
    "path", ["/", "/events", "/history", "/topology", "/timers", "/services", "/no", "/device/no"]
)
async def test_every_answer_tells_browsers_to_be_careful(broker, path):
    async with Web(broker.url).up() as client:
        answer = await client.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert answer.headers["Cache-Control"] == "no-store"
        assert "server" not in answer.headers
        inline = re.findall(r"<script(?![^>]*src=)| style=| on[a-z]+=|<style", answer.text)
        assert not inline
        assert not re.findall(r"https?://", answer.text)


async def test_what_is_not_there_is_answered_with_a_page_of_ours(broker):
    async with Web(broker.url).up() as client:
        for path in ("/no", "/device/no", "/live?page=no", "/live?page=device&name=no",
                     "/history?device=..%2f", "/assets/x/nothing.js", "/device/%00"):  # fmt: skip
            answer = await client.get(path)
            assert answer.status_code == 404, path
            assert "There is no such page" in answer.text


async def test_a_mistake_of_ours_reveals_nothing(broker, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("secret path /etc/shadow")

    monkeypatch.setattr(book, "_view", fail)
    async with Web(broker.url).up() as client:
        answer = await client.get("/")
        assert answer.status_code == 500
        assert "The log of nutbus web says why" in answer.text
        assert "secret" not in answer.text
        assert answer.headers["Content-Security-Policy"]
    assert "secret path" in caplog.text


async def test_assets_are_kept_for_ever_under_their_hash_and_packed(broker):
    async with Web(broker.url).up() as client:
        page = (await client.get("/")).text
        names = re.findall(r'(?:href|src)="(assets/[^"]*)"', page)
        assert len(names) == 4
        for name in names:
            answer = await client.get(f"/{name}")
            assert answer.status_code == 200
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["Content-Encoding"] == "gzip"
        plain = await client.get(f"/{names[0]}", headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        old = await client.get("/assets/older/style.css")
        assert old.headers["Cache-Control"] == "no-cache"
        async with client.stream("GET", "/", headers={"Accept-Encoding": "gzip"}) as packed:
            raw = b"".join([chunk async for chunk in packed.aiter_raw()])
        assert b"</html>" in gzip.decompress(raw)


@pytest.mark.parametrize(
    "path",
    ["/assets/x/..%2f..%2fbook.py", "/assets/x/../../book.py", "/assets/..%2f/x", "/assets/x/%2e"],
)
async def test_no_path_leads_out_of_the_assets(broker, path):
    web = Web(broker.url)
    async with web.up():
        reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
        host = f"Host: 127.0.0.1:{web.port}"
        writer.write(f"GET {path} HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert answer.startswith(b"HTTP/1.1 404")


async def test_behind_a_proxy_all_links_have_its_path(broker, ups):
    """Whether the proxy takes the path away or leaves it."""
    async with Web(broker.url, base_path="/ups/").up() as client:
        page = await shown(client, "/ups/", "rack1")
        assert '<base href="/ups/">' in await shown(client, "/", "rack1")
        assert '<base href="/ups/">' in page
        assert not re.findall(r'(?:href|src|action)="/', page.replace('<base href="/ups/">', ""))
        assert (await client.get("/ups/device/rack1")).status_code == 200
        assert (await client.get("/device/rack1")).status_code == 200
        assert (await client.get("/ups/assets/x/page.js")).status_code == 200
        async with client.stream("GET", "/ups/live?page=fleet") as answer:
            assert answer.status_code == 200


async def test_what_a_request_says_of_itself_counts_from_trusted_proxies_only(broker):
    said = {"X-Forwarded-Prefix": "/deep/ups/", "X-Forwarded-Proto": "https"}
    async with Web(broker.url).up() as client:
        assert '<base href="/">' in (await client.get("/", headers=said)).text
    async with Web(broker.url, trusted_proxies=["127.0.0.0/8"]).up() as client:
        assert '<base href="/deep/ups/">' in (await client.get("/", headers=said)).text
        for evil in ('//evil.example"', "/../x", "https://evil.example", '/"><script>', "/a b"):
            page = (await client.get("/", headers={"X-Forwarded-Prefix": evil})).text
            assert '<base href="/">' in page


async def test_a_filter_finds_and_a_page_has_no_more_rows_than_it_should(broker):
    async with connect(Ups(broker.url).settings) as bus, Web(broker.url).up() as client:
        many = Ups(broker.url)
        many.bus = bus
        for number in range(120):
            many.name = f"unit{number}"
            await announce(many)
        page = await shown(client, "/", "120 devices")
        assert page.count("<tr id=") == 50
        assert "page 1 of 3" in page
        found = (await client.get("/", params={"q": "unit11"})).text
        assert sorted(re.findall(r'<tr id="d-(\w+)"', found)) == sorted(
            ["unit11", *(f"unit{number}" for number in range(110, 120))]
        )
        assert "No device has" in (await client.get("/", params={"q": "<b>"})).text


async def announce(ups: Ups) -> None:
    """Say all that there is to say of a device."""
    assert ups.bus
    meta = DeviceMeta(driver="played", service="played", heartbeat=3600.0)
    await ups.bus.publish(meta.publication(ups.bus.topics, ups.name))
    await ups.publish()
    await ups.declare(Availability.ONLINE)


@pytest.mark.parametrize("query", ["p=0", "p=-1", "p=999999999999", "p=x", "size=9999", "p=%D9%A3"])
async def test_pages_that_make_no_sense_are_the_first_or_the_last(broker, query):
    async with Web(broker.url).up() as client:
        answer: httpx.Response = await client.get(f"/?{query}")
        assert answer.status_code == 200
