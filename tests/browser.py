"""A real Chromium for the tests of the pages, and a witness of all that it says and asks for."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    async_playwright,
)

from tests.brokers import find_program

ROOT = Path(__file__).parent.parent
SCREENSHOTS = ROOT / "build" / "screenshots"
AXE_VERSION = "4.10.3"
TIMEOUT = 60_000.0  # milliseconds
PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 900}
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Window:
    """One page in a browser of its own session; `complaints` is all that should not have been."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    forgiven: tuple[str, ...] = ()

    def watch(self) -> None:
        """Note errors of the page, and requests that leave the site."""
        self.page.set_default_timeout(TIMEOUT)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._follow)
        self.page.on("dialog", self._dismiss)

    def _hear(self, message: ConsoleMessage) -> None:
        text = f"{message.text} at {message.location.get('url')}"
        is_bad = message.type in ("error", "warning")
        if is_bad and not any(each in text for each in self.forgiven):
            self.complaints.append(f"console: {text}")

    def _follow(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.complaints.append(f"left the site: {request.url}")

    async def _dismiss(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def forgive(self, *texts: str) -> None:
        """Take no offence at console messages with these texts from now on."""
        self.forgiven += texts

    async def open(self, path: str = "/", live: bool = True) -> Page:
        """Go to a page and wait until it is live."""
        await self.page.goto(f"{self.url}{path}")
        if live:
            await self.page.wait_for_selector("#pulse:not([hidden])")
        return self.page

    async def log_in(self, user: str, password: str) -> None:
        """Log in by the form."""
        await self.page.goto(f"{self.url}/login")
        await self.page.get_by_label("User").fill(user)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Log in").click()
        await self.page.get_by_role("button", name="Log out").wait_for()

    async def shoot(self, name: str) -> None:
        """Keep a picture of the whole page as a result of the build."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    async def overflow(self) -> list[str]:
        """Name what is wider than the window."""
        found: list[str] = await self.page.evaluate(
            """() => {
              const width = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= width) return [];
              return [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > width + 1)
                .map((each) => `${each.tagName}.${each.className?.baseVal ?? each.className}`);
            }"""
        )
        return found

    async def barriers(self, *rules: str) -> list[str]:
        """List what axe-core calls a serious or critical barrier; by all its rules, or these."""
        if not await self.page.evaluate("() => 'axe' in window"):
            await self.page.evaluate(await asyncio.to_thread(axe_source))
        # Fading in, a text has less contrast for a moment than it has for good.
        await self.page.evaluate("() => document.getAnimations().forEach((each) => each.finish())")
        results = await self.page.evaluate(
            "(only) => axe.run({resultTypes: ['violations'], ...only})",
            {"runOnly": {"type": "rule", "values": rules}} if rules else {},
        )
        return [
            f"{found['id']} ({found['impact']}): {node['html'][:160]} {node['failureSummary']}"
            for found in results["violations"]
            if found["impact"] in ("serious", "critical")
            for node in found["nodes"]
        ]


@contextlib.asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """Run Debian's Chromium inside the block."""
    program = find_program("chromium", "chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def window(browser: Browser, url: str, **options: Any) -> AsyncGenerator[Window]:
    """Open a window of its own session inside the block; at the end nothing was to complain of."""
    context = await browser.new_context(**{"viewport": DESK, "locale": "en-GB", **options})
    try:
        opened = Window(await context.new_page(), url)
        opened.watch()
        yield opened
    finally:
        await context.close()
    assert not opened.complaints, "\n".join(opened.complaints)


def axe_source() -> str:
    """Give the program text of axe-core, installed where npm's packages for tests are."""
    answer = subprocess.run(
        [ROOT / "tools" / "npm-package", "axe-core", AXE_VERSION],
        stdout=subprocess.PIPE, text=True, check=True, env=os.environ,
    )  # fmt: skip
    folder = Path(answer.stdout.strip())
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()
