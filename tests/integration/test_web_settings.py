"""The web service is given other settings while it runs."""

import asyncio

import pytest

from services.web.app import run
from services.web.settings import WebSettings
from shared.latest import Latest
from tests.integration.schedulers import running
from tests.integration.webs import TIMEOUT, Web

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "change",
    [
        {"base_path": "/ups"},
        {"history": {"enabled": True}},
        {"history": {"enabled": False, "file": "/elsewhere"}},
        {"compatibility": {"path": "/nut"}},
    ],
    ids=["base path", "history", "file", "path"],
)
async def test_a_change_that_needs_a_restart_is_told(broker, caplog, change):
    caplog.set_level("INFO")
    tables = Web(broker.url).tables
    latest = Latest(WebSettings.from_tables(tables, "test"))
    async with running(run(latest)), asyncio.timeout(TIMEOUT):
        while "the pages are at" not in caplog.text:
            await asyncio.sleep(0.02)
        assert "restart" not in caplog.text
        latest.set(WebSettings.from_tables({**tables, "web": tables["web"] | change}, "test"))
        while "of [web] change with a restart only" not in caplog.text:
            await asyncio.sleep(0.02)
