"""Chromium on the pages of everything running: each page, each action, all kinds of readers."""

import asyncio
import re
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.brokers import Mosquitto
from tests.browser import PHONE, Window, chromium, window
from tests.system.web_stack import PASSWORD, WebStack

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

PAGES = {
    "fleet": "/",
    "ups": "/device/rack1",
    "pdu": "/device/pdu1",
    "away": "/device/away",
    "events": "/events",
    "history": "/history?device=rack1",
    "topology": "/topology",
    "timers": "/timers",
    "services": "/services",
    "login": "/login",
    "order": "/device/rack1/order?action=command&name=load.off",
}
expect.set_options(timeout=60_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory) -> AsyncGenerator[WebStack]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "broker").mkdir()
    broker = Mosquitto(folder / "broker")
    await broker.start()
    try:
        async with WebStack(broker.url, folder).up() as stack:
            yield stack
    finally:
        await broker.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def reader(browser: Browser, stack: WebStack) -> AsyncGenerator[Window]:
    async with window(browser, stack.url) as reader:
        yield reader


@pytest_asyncio.fixture(loop_scope="module")
async def admin(browser: Browser, stack: WebStack) -> AsyncGenerator[Window]:
    async with window(browser, stack.url) as reader:
        await reader.log_in("admin", PASSWORD)
        yield reader


async def everything_open(reader: Window, path: str) -> Page:
    page = await reader.open(path)
    if await page.locator("details.orders").count():
        await page.locator("details.orders summary").click()
    return page


async def test_every_page_is_usable_by_everybody(admin):
    faults: list[str] = []
    for name, path in PAGES.items():
        await everything_open(admin, path)
        faults += [f"{name}: {each}" for each in await admin.barriers()]
        await admin.shoot(f"{name}-light")
    assert not faults


async def test_every_page_is_readable_in_the_dark(browser, stack):
    faults: list[str] = []
    async with window(browser, stack.url, color_scheme="dark") as reader:
        await reader.log_in("admin", PASSWORD)
        for name, path in PAGES.items():
            await everything_open(reader, path)
            faults += [f"{name}: {each}" for each in await reader.barriers("color-contrast")]
            await reader.shoot(f"{name}-dark")
    assert not faults


async def test_every_page_fits_a_phone(browser, stack):
    faults: list[str] = []
    async with window(browser, stack.url, viewport=PHONE, has_touch=True) as reader:
        await reader.log_in("admin", PASSWORD)
        for name, path in PAGES.items():
            await everything_open(reader, path)
            faults += [f"{name}: {each} is too wide" for each in await reader.overflow()]
            await reader.shoot(f"{name}-phone")
    assert not faults


async def test_the_check_for_barriers_finds_one(reader):
    page = await reader.open()
    await page.evaluate("() => { document.querySelector('#q').labels[0].remove(); }")
    await page.evaluate("() => { document.querySelector('#q').placeholder = ''; }")
    assert [each for each in await reader.barriers() if each.startswith("label")]


async def test_a_page_changes_with_the_bus_and_is_not_loaded_again(reader, stack):
    page = await reader.open("/device/rack1")
    await page.evaluate("() => { window.same = true; }")
    value = page.locator('[id="v-ambient.temperature"]')
    for written in ("31", "22"):
        await stack.write("rack1", "ambient.temperature", written)
        await expect(value).to_contain_text(f"{written}.0")
    assert await page.evaluate("() => window.same")


async def test_what_is_typed_filters_the_fleet_and_survives_a_reload(reader):
    page = await reader.open()
    rows = page.locator("#fleet tbody tr")
    await expect(rows).to_have_count(4)
    await page.keyboard.press("/")
    await page.keyboard.type("ups")
    await expect(rows).to_have_count(2)
    await expect(page).to_have_url(re.compile(r"\?q=ups$"))
    await expect(page.locator("#q")).to_be_focused()
    await page.reload()
    await expect(rows).to_have_count(2)
    await page.locator("#q").focus()
    await page.keyboard.press("Escape")
    await expect(rows).to_have_count(4)
    await page.get_by_role("link", name="1 not reachable").click()
    await expect(rows).to_have_count(1)


async def test_who_logs_in_goes_where_he_wanted_and_out_again(reader):
    page = await reader.open("/device/rack1")
    await expect(page.locator("#orders")).to_have_count(0)
    await page.get_by_role("link", name="Log in").click()
    reader.forgive("status of 401")
    await page.get_by_label("User").fill("admin")
    await page.get_by_label("Password").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    await page.get_by_label("User").fill("admin")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#orders")).to_have_count(1)
    await expect(page).to_have_url(f"{reader.url}/device/rack1")
    cookies = await page.context.cookies()
    assert [(each["httpOnly"], each["sameSite"]) for each in cookies] == [(True, "Strict")]
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("link", name="Log in")).to_be_visible()
    assert not await page.context.cookies()


async def opened(reader: Window, device: str) -> Page:
    page = await reader.open(f"/device/{device}")
    await page.locator("details.orders summary").click()
    return page


async def test_a_command_goes_out_and_its_result_is_told(admin):
    page = await opened(admin, "rack1")
    await page.get_by_role("button", name="test.battery.start.quick", exact=True).click()
    told = page.get_by_role("status").filter(has_text="test.battery.start.quick for rack1: ok")
    await expect(told).to_be_visible()
    await expect(page.locator('[id="v-ups.test.result"]')).to_contain_text("In progress")


async def test_what_cuts_power_names_the_consequence_and_can_be_left(admin):
    page = await opened(admin, "rack1")
    await page.get_by_role("button", name="load.off …", exact=True).click()
    risk = page.get_by_role("alert").filter(has_text="This can cut the power")
    await expect(risk).to_contain_text("hosts with a monitor")
    await admin.shoot("confirmation-light")
    await page.get_by_role("link", name="Leave it").click()
    await expect(page.locator("#head h1")).to_have_text("rack1")
    await expect(page.locator('[id="v-ups.status"]')).to_contain_text("OL")


async def test_an_outlet_is_switched_off_and_on(admin):
    page = await opened(admin, "pdu1")
    await page.get_by_role("button", name="outlet.3.load.off …").click()
    box = page.get_by_label("I know what this does")
    await page.get_by_role("button", name="Do it").click()
    assert not await box.is_checked()  # the browser asks for it first
    await box.check()
    await page.get_by_role("button", name="Do it").click()
    row = page.locator("#outlets tbody tr").nth(2)
    await expect(row).to_contain_text("off")
    await page.locator("details.orders summary").click()
    await page.get_by_role("button", name="outlet.3.load.on", exact=True).click()
    await expect(row.locator(".badge")).to_have_text("on")


async def test_a_variable_is_written_and_one_out_of_range_is_not_sent(admin):
    page = await opened(admin, "rack1")
    entry = page.get_by_label("battery.charge.low", exact=True)
    await entry.fill("999")
    await entry.press("Enter")
    assert page.url.endswith("/device/rack1")
    assert await entry.evaluate("(each) => !each.checkValidity()")
    await entry.fill("33")
    await entry.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="rack1: ok")).to_be_visible()
    await expect(page.locator('[id="v-battery.charge.low"]')).to_contain_text("33")


async def test_a_forced_shutdown_is_ordered_and_called_off(admin):
    page = await opened(admin, "pdu1")
    await page.get_by_role("button", name="Force a shutdown …").click()
    await expect(page.get_by_role("alert").filter(has_text="shut down now")).to_be_visible()
    await page.get_by_label("I know what this does").check()
    await page.get_by_role("button", name="Do it").click()
    await expect(page.locator("#head")).to_contain_text("Forced shutdown ordered by admin@")
    await page.reload()
    await page.locator("details.orders summary").click()
    await page.get_by_role("button", name="Call off").click()
    await expect(page.locator("#head")).not_to_contain_text("Forced shutdown")


async def test_who_may_not_is_not_offered_it_and_is_refused(browser, stack):
    async with window(browser, stack.url) as reader:
        await reader.log_in("operator", PASSWORD)
        page = await opened(reader, "rack1")
        names = await page.locator("#orders button").all_inner_texts()
        assert names == ["beeper.mute"]
        reader.forgive("status of 403")
        await reader.open(PAGES["order"])
        await expect(page.locator("main")).to_contain_text("operator may not do this")


async def test_charts_are_read_by_keys_and_zoomed_by_dragging(reader):
    page = await charted(reader, "/history?device=rack1&range=1h")
    chart = page.locator("figure.chart").first
    await chart.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(chart.locator("output")).to_be_visible()
    await page.get_by_role("link", name="6 hours").click()
    await page.wait_for_url("**range=6h*")
    await expect(page.get_by_role("link", name="6 hours")).to_have_attribute("aria-current", "true")
    box = await chart.locator("svg").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    await page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.995, middle, steps=3)
    await page.mouse.up()
    await page.wait_for_url(re.compile("begin=.*end="))
    await expect(page.locator("figure.chart").first).to_be_visible()


async def charted(reader: Window, path: str) -> Page:
    """Load a page until it has a chart: the history is written in batches."""
    page = await reader.open(path)
    async with asyncio.timeout(30):
        while not await page.locator("figure.chart").count():
            await asyncio.sleep(0.5)
            await page.reload()
    return page


FOCUS = """() => {
  const at = document.activeElement;
  const box = at.getBoundingClientRect();
  const style = getComputedStyle(at);
  const all = [...document.querySelectorAll("*")];
  return {
    place: all.indexOf(at), name: at.outerHTML.slice(0, 90), tag: at.tagName,
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0,
    marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
  };
}"""


@pytest.mark.parametrize("name", ["fleet", "ups", "topology", "order"])
async def test_all_there_is_to_do_is_reached_with_the_tab_key_in_order(admin, name):
    page = await admin.open(PAGES[name])
    await page.evaluate("() => document.activeElement.blur()")
    reached = []
    for _ in range(200):
        await page.keyboard.press("Tab")
        at = await page.evaluate(FOCUS)
        if at["tag"] == "BODY":
            break
        reached.append(at)
    places = [each["place"] for each in reached]
    assert places == sorted(places), "the order is that of the page"
    assert not [each["name"] for each in reached if not (each["seen"] and each["marked"])]
    there = await page.locator("a[href]:visible, button:visible, input:visible, summary").count()
    assert len(reached) >= there


async def test_the_skip_link_leads_past_the_menu(reader):
    page = await reader.open("/?q=rack")
    await page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to the content")
    await expect(link).to_be_focused()
    await expect(link).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    await expect(page).to_have_url(re.compile(r"/\?q=rack#main$"))


async def test_power_is_cut_with_the_keyboard_alone(admin):
    page = await admin.open("/device/pdu1")
    await page.locator("details.orders summary").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="outlet.5.load.off …").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/order?*")
    await page.get_by_label("I know what this does").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Do it")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#outlets tbody tr").nth(4)).to_contain_text("off")


async def test_focus_stays_while_what_it_is_in_is_replaced(reader, stack):
    page = await reader.open()
    link = page.locator("#a-rack1")
    await link.focus()
    await stack.write("rack1", "input.voltage", "231")
    await expect(page.locator("#d-rack1")).to_contain_text("231 V")
    await expect(link).to_be_focused()
    await stack.write("rack1", "input.voltage", "230")


async def test_the_theme_is_chosen_and_kept(reader):
    page = await reader.open()
    light = await page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
    await page.get_by_role("button", name="Theme").click()
    dark = await page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
    assert dark != light
    await page.reload()
    assert dark == await page.evaluate(
        "() => getComputedStyle(document.documentElement).backgroundColor"
    )
    await expect(page.get_by_role("button", name="Theme")).to_have_text("Theme: dark")


async def test_without_scripts_all_can_be_read_and_done(browser, stack):
    async with window(browser, stack.url, java_script_enabled=False) as reader:
        page = reader.page
        for name, path in PAGES.items():
            if name != "order":
                await reader.open(path, live=False)
                await expect(page.locator("h1").first).to_be_visible()
                empty = [
                    each for each in await page.locator("main time").all_inner_texts() if not each
                ]
                assert not empty, name
        await reader.open(live=False)
        await page.locator("#q").fill("ups")
        await page.keyboard.press("Enter")
        await expect(page.locator("#fleet tbody tr")).to_have_count(2)
        await reader.log_in("admin", PASSWORD)
        await reader.open("/device/pdu1", live=False)
        await page.locator("details.orders summary").click()
        await page.get_by_role("button", name="outlet.7.load.off …").click()
        await page.get_by_label("I know what this does").check()
        await page.get_by_role("button", name="Do it").click()
        await expect(page.locator("main")).to_contain_text("outlet.7.load.off for pdu1: ok")
