"""Chromium while things go wrong: power cuts, lost connections, proxies, devices that lie."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from services.web.settings import GatewayUsers
from tests.browser import PHONE, chromium, window
from tests.ports import free_port
from tests.system.web_stack import PASSWORD, USERS, WebStack

pytestmark = pytest.mark.system
expect.set_options(timeout=20_000)


@pytest.fixture
async def stack(broker, tmp_path: Path) -> WebStack:
    return WebStack(broker.url, tmp_path)


async def test_a_power_cut_is_told_from_its_beginning_to_its_end(stack):
    async with stack.up(), chromium() as browser, window(browser, stack.url) as reader:
        page = await reader.open()
        banner = page.locator("#banner")
        await expect(banner).to_be_hidden()
        for device in ("rack1", "rack2"):
            await stack.write(device, "input.voltage", "0")
        await expect(banner).to_contain_text("rack1 on battery")
        await expect(banner).to_contain_text(re.compile(r"rack2 on battery.*% left", re.DOTALL))
        await expect(banner).to_contain_text("to go")
        lasted = banner.locator("time[data-since]").first
        before = await lasted.inner_text()
        await expect(lasted).not_to_have_text(before)
        await expect(banner).to_contain_text("Stage storage ordered by db (a rehearsal)")
        await expect(banner).to_contain_text(re.compile("nas (is going|only rehearses)"))
        await expect(banner).to_have_class("critical")
        assert not await reader.barriers()
        await reader.shoot("power-cut-light")
        await pictures_of_a_power_cut(browser, stack)
        for device in ("rack1", "rack2"):
            await stack.write(device, "input.voltage", "230")
        await expect(banner).not_to_contain_text("on battery")
        await expect(page.locator("#d-rack1")).to_contain_text("on line power")
        await reader.open("/events")
        await expect(page.locator("#events")).to_contain_text("ONBATT")
        await expect(page.locator("#events")).to_contain_text("ONLINE")


async def pictures_of_a_power_cut(browser, stack):
    async with window(browser, stack.url, color_scheme="dark") as reader:
        await reader.open("/device/rack1")
        assert not await reader.barriers("color-contrast")
        await reader.shoot("power-cut-dark")
        await reader.page.set_viewport_size(PHONE)
        for name, path in (("", "/"), ("-topology", "/topology")):
            await reader.open(path)
            assert not await reader.overflow()
            await reader.shoot(f"power-cut-phone{name}")


async def test_when_the_broker_dies_pages_say_so_and_go_on_when_it_is_back(stack, broker):
    async with stack.up(), chromium() as browser, window(browser, stack.url) as reader:
        page = await reader.open("/device/rack1")
        await page.evaluate("() => { window.same = true; }")
        await broker.kill()
        notice = page.locator("#notice")
        await expect(notice).to_contain_text("No connection to the bus")
        assert not await reader.barriers()
        await reader.shoot("no-bus-light")
        await broker.start()
        await expect(notice).to_be_empty()
        await expect(page.locator('[id="v-ups.status"]')).to_contain_text("OL")
        await stack.write("rack1", "ambient.temperature", "29")
        await expect(page.locator('[id="v-ambient.temperature"]')).to_contain_text("29.0")
        assert await page.evaluate("() => window.same")


async def test_when_the_web_is_restarted_pages_say_so_and_nobody_is_logged_in(stack):
    async with stack.services(), chromium() as browser, window(browser, stack.url) as reader:
        reader.forgive("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_CONNECTION_RESET")
        async with stack.web():
            await stack.until(lambda health: health["online"] == 3)
            await reader.log_in("admin", PASSWORD)
            page = await reader.open("/device/rack1")
        await expect(page.locator("#broken")).to_be_visible()
        await expect(page.locator("#pulse")).to_be_hidden()
        assert not await reader.barriers()
        await reader.shoot("not-live-light")
        async with stack.web():
            await expect(page.locator("#broken")).to_be_hidden()
            await expect(page.locator("#pulse")).to_be_visible()
            await expect(page.locator('[id="v-ups.status"]')).to_contain_text("OL")
            await press(page, "beeper.mute")
            await page.wait_for_url("**/login?next=*")


async def press(page: Page, command: str) -> None:
    await page.locator("details.orders summary").click()
    await page.get_by_role("button", name=command, exact=True).click()


async def test_who_was_logged_out_meanwhile_logs_in_and_is_where_he_was(stack):
    async with stack.services(), chromium() as browser, stack.web() as settings:
        await stack.until(lambda health: health["online"] == 3)
        async with window(browser, stack.url) as reader:
            await reader.log_in("admin", PASSWORD)
            page = await reader.open("/device/rack1")
            fewer = {"admin": USERS["admin"]}
            settings.set(settings.value.model_copy(update={"gateway": of_users(fewer)}))
            await press(page, "beeper.mute")
            await page.wait_for_url("**/login?next=*")
            await page.get_by_label("User").fill("admin")
            await page.get_by_label("Password").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/device/rack1")
            await press(page, "beeper.mute")
            told = page.get_by_role("status").filter(has_text="beeper.mute for rack1: ok")
            await expect(told).to_be_visible()


def of_users(users):
    return GatewayUsers.model_validate({"users": users})


@contextlib.asynccontextmanager
async def proxy(target: int, prefix: str, *, strips: bool) -> AsyncGenerator[str]:
    """Serve a site below a path, as a web server in front of it does; one request a connection."""
    serving: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *fields = head.rstrip().split("\r\n")
        method, path, version = first.split(" ")
        if not path.startswith(f"{prefix}/"):
            writer.write(b"HTTP/1.1 404 Elsewhere\r\nConnection: close\r\n\r\n")
            return
        fields = [each for each in fields if not each.lower().startswith("connection:")]
        fields += ["X-Forwarded-For: 192.0.2.7", "Connection: close"]
        if strips:
            path = path.removeprefix(prefix)
            fields += [f"X-Forwarded-Prefix: {prefix}", "X-Forwarded-Proto: http"]
        length = re.search(r"(?i)\ncontent-length: *([0-9]+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        lines = "\r\n".join([f"{method} {path} {version}", *fields, "", ""])
        behind, ahead = await asyncio.open_connection("127.0.0.1", target)
        try:
            ahead.write(lines.encode("latin-1") + body)
            while chunk := await behind.read(65536):
                writer.write(chunk)
                await writer.drain()
        finally:
            await ended(ahead)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        serving.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await answer(reader, writer)
            await ended(writer)
        finally:
            serving.discard(task)

    port = free_port()
    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield f"http://127.0.0.1:{port}{prefix}"
        while serving:
            for task in serving:
                task.cancel()
            await asyncio.wait(serving)


async def ended(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@pytest.mark.parametrize("strips", [True, False], ids=["told by the proxy", "told by settings"])
async def test_behind_a_proxy_with_a_path_everything_works(stack, strips):
    section = {"trusted_proxies": ["127.0.0.0/8"]} if strips else {"base_path": "/power/ups"}
    async with (
        stack.up(**section),
        proxy(stack.port, "/power/ups", strips=strips) as url,
        chromium() as browser,
        window(browser, url) as reader,
    ):
        await reader.log_in("admin", PASSWORD)
        page = reader.page
        for name in ("Events", "History", "Topology", "Timers", "Services", "Fleet"):
            await (
                page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
            )
            await expect(page.locator("#pulse")).to_be_visible()
        await page.get_by_role("link", name="pdu1").click()
        await expect(page.locator("#pulse")).to_be_visible()
        await page.locator("details.orders summary").click()
        await page.get_by_role("button", name="outlet.1.load.off …").click()
        await page.get_by_label("I know what this does").check()
        await page.get_by_role("button", name="Do it").click()
        await expect(page.locator("#outlets tbody tr").first).to_contain_text("off")
        assert page.url == f"{url}/device/pdu1"
        cookies = await page.context.cookies()
        assert [each["path"] for each in cookies] == ["/power/ups"]
        await page.get_by_role("button", name="Log out").click()
        await expect(page.get_by_role("link", name="Log in")).to_be_visible()
