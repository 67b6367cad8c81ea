"""Logging in on the web and giving orders there: real bus, real driver, a client like a browser."""

import asyncio
import contextlib
import html
import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.driver.app import run as run_driver
from services.driver.settings import DriverSettings
from services.gateway.app import run as run_gateway
from services.gateway.settings import GatewaySettings
from services.web.app import run
from services.web.attempts import MOST
from services.web.settings import WebSettings
from shared.latest import Latest
from tests.integration.power import background
from tests.ports import free_port

pytestmark = pytest.mark.integration

TIMEOUT = 20.0
PASSWORD = "correct horse"
USERS = {
    "admin": {"password": PASSWORD, "actions": ["SET", "FSD"], "instcmds": ["ALL"]},
    "operator": {"password": PASSWORD, "instcmds": ["beeper.mute"]},
    "far": {"password": PASSWORD, "instcmds": ["ALL"], "allow_from": ["192.0.2.0/24"]},
}


class Browser:
    """Keeps cookies, and sends forms as a page of the site would."""

    def __init__(self, url: str) -> None:
        self.client = httpx.AsyncClient(base_url=url, trust_env=False, timeout=TIMEOUT)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.get(path, **options)

    async def log_in(
        self, user: str, password: str = PASSWORD, target: str = "/"
    ) -> httpx.Response:
        form = {"user": user, "password": password, "next": target}
        return await self.client.post("/login", data=form)

    async def form_key(self, path: str = "/device/rack1") -> str:
        found = re.search(r'name="form_key" value="([0-9a-f]+)"', (await self.get(path)).text)
        assert found
        return found[1]

    async def order(self, action: str, device: str = "rack1", **fields: str) -> httpx.Response:
        form = {"form_key": await self.form_key(), "action": action, **fields}
        return await self.client.post(f"/device/{device}/order", data=form)

    async def shown(self, path: str, text: str) -> str:
        """Wait until a page shows a text."""
        async with asyncio.timeout(TIMEOUT):
            while True:
                found = html.unescape((await self.get(path)).text)
                if text in found:
                    return found
                await asyncio.sleep(0.05)


class Stack:
    """A driver with two simulated devices and a web service on one broker."""

    def __init__(self, broker: str, folder: Path, **web: Any) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.audit = folder / "audit.jsonl"
        section: dict[str, Any] = {
            "id": "web",
            "listen": [f"127.0.0.1:{port}"],
            "history": {"enabled": False},
        }
        self.tables: dict[str, Any] = {
            "bus": {"broker": broker, "keepalive": 10},
            "audit": {"file": str(self.audit)},
            "driver": {"id": "driver", "poll_interval": 0.2},
            "devices": {
                "rack1": {"driver": "simulated"},
                "pdu1": {"driver": "simulated", "kind": "pdu"},
            },
            "gateway": {"users": USERS},
            "web": section | web,
        }
        self.settings = Latest(WebSettings.from_tables(self.tables, "test"))

    def change(self, users: dict[str, Any]) -> None:
        tables = self.tables | {"gateway": {"users": users}}
        self.settings.set(WebSettings.from_tables(tables, "test"))

    def gateway(self) -> Latest[GatewaySettings]:
        """Give the settings of a gateway on the same bus, with the same audit log."""
        section = {"id": "hub", "listen": [f"127.0.0.1:{free_port()}"]}
        tables = {"bus": self.tables["bus"], "audit": self.tables["audit"], "gateway": section}
        return Latest(GatewaySettings.from_tables(tables, "test"))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.audit.read_text().splitlines()]

    def deeds(self) -> list[dict[str, Any]]:
        return [deed for deed in self.lines() if deed["service"] == "web@web"]

    async def seen(self, action: str) -> None:
        """Wait until the gateway has noted what it saw."""
        async with asyncio.timeout(TIMEOUT):
            while ("seen", action) not in [
                (each["outcome"], each["action"]) for each in self.lines()
            ]:
                await asyncio.sleep(0.05)

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncGenerator[Browser]:
        driver = Latest(DriverSettings.from_tables(self.tables, "test"))
        async with background(run_driver(driver, lambda: None)), background(run(self.settings)):
            browser = Browser(self.url)
            async with asyncio.timeout(TIMEOUT):
                while True:
                    with contextlib.suppress(httpx.TransportError):
                        if (await browser.get("/healthz")).json().get("online") == 2:
                            break
                    await asyncio.sleep(0.05)
            yield browser
            await browser.client.aclose()


@pytest.fixture
async def stack(broker, tmp_path: Path) -> Stack:
    return Stack(broker.url, tmp_path)


async def test_nobody_controls_anything_without_a_login(stack):
    async with stack.up() as browser:
        page = (await browser.get("/device/rack1")).text
        assert "form_key" not in page
        assert "beeper" in page
        order = {"action": "command", "name": "beeper.mute", "form_key": "x"}
        refused = await browser.client.post("/device/rack1/order", data=order)
        assert (refused.status_code, refused.headers["location"]) == (
            303,
            "/login?next=%2Fdevice%2Frack1",
        )
        assert not stack.audit.exists()


async def test_a_command_is_carried_out_and_its_result_shown_and_noted(stack):
    async with stack.up() as browser:
        entered = await browser.log_in("admin", target="/device/rack1")
        assert (entered.status_code, entered.headers["location"]) == (303, "/device/rack1")
        done = await browser.order("command", name="test.battery.start.quick")
        assert (done.status_code, done.headers["location"]) == (303, "/device/rack1")
        page = (await browser.get("/device/rack1")).text
        assert "Command test.battery.start.quick for rack1: ok" in page
        assert (
            "test.battery.start.quick for rack1: ok"
            not in (await browser.get("/device/rack1")).text
        )
        await browser.shown("/api/v1/devices/rack1", '"value":"In progress"')
        login, command = stack.deeds()
        assert (login["action"], login["outcome"], login["user"]) == ("login", "ok", "admin")
        assert login["address"] == "127.0.0.1"
        assert command["device"] == "rack1"
        assert command["name"] == "test.battery.start.quick"
        assert command["outcome"] == "ok"
        assert command["service"] == "web@web"
        assert PASSWORD not in stack.audit.read_text()


async def test_what_cuts_the_power_is_asked_about_first(stack):
    async with stack.up() as browser:
        await browser.log_in("admin")
        asked = await browser.order("command", "pdu1", name="outlet.1.load.off")
        assert asked.status_code == 200
        assert "This can cut the power." in asked.text
        assert "Cut the power of outlet 1 at once" in asked.text
        assert (await browser.get("/api/v1/devices/pdu1")).json()["variables"]["outlet.1.status"][
            "value"
        ] == "on"
        fields = {"name": "outlet.1.load.off", "confirmed": "yes"}
        assert (await browser.order("command", "pdu1", **fields)).status_code == 303
        await browser.shown("/device/pdu1", "Command outlet.1.load.off for pdu1: ok")
        async with asyncio.timeout(TIMEOUT):
            while True:
                device = (await browser.get("/api/v1/devices/pdu1")).json()
                if device["variables"]["outlet.1.status"]["value"] == "off":
                    break
                await asyncio.sleep(0.05)


async def test_a_variable_is_written_and_a_bad_value_is_not(stack):
    async with stack.up() as browser:
        await browser.log_in("admin")
        refused = await browser.order("set", name="battery.charge.low", value="eleventy")
        assert refused.status_code == 409
        assert "battery.charge.low" in refused.text
        assert (await browser.order("set", name="ups.status", value="OL")).status_code == 409
        assert (await browser.order("set", name="battery.charge.low")).status_code == 409
        assert (
            await browser.order("set", name="battery.charge.low", value="33")
        ).status_code == 303
        await browser.shown("/device/rack1", "Set battery.charge.low of rack1: ok")
        assert stack.deeds()[-1]["value"] == "33"
        of_driver = [line for line in stack.lines() if line["service"] == "driver@driver"]
        assert of_driver[-1]["id"] == stack.deeds()[-1]["id"]


async def test_a_forced_shutdown_is_confirmed_set_and_called_off(stack):
    async with stack.up() as browser:
        await browser.log_in("admin")
        asked = await browser.order("fsd")
        assert "Every computer that this device feeds is told to shut down now" in asked.text
        assert (await browser.order("fsd", confirmed="yes")).status_code == 303
        async with asyncio.timeout(TIMEOUT):
            while "FSD" not in (await browser.get("/api/v1/devices/rack1")).json()["status"]:
                await asyncio.sleep(0.05)
        assert (await browser.order("clear-fsd")).status_code == 303
        async with asyncio.timeout(TIMEOUT):
            while "FSD" in (await browser.get("/api/v1/devices/rack1")).json()["status"]:
                await asyncio.sleep(0.05)
        deeds = [(deed["action"], deed["outcome"]) for deed in stack.deeds()[1:]]
        assert deeds == [("fsd", "ok"), ("clear-fsd", "ok")]


async def test_the_line_of_a_forced_shutdown_leads_to_the_message_on_the_bus(stack):
    async with background(run_gateway(stack.gateway())), stack.up() as browser:
        await browser.log_in("admin")
        assert (await browser.order("fsd", confirmed="yes")).status_code == 303
        await stack.seen("fsd")
        await browser.shown("/api/v1/devices/rack1", "FSD")
        assert (await browser.order("clear-fsd")).status_code == 303
        await stack.seen("clear-fsd")
    lines = [line for line in stack.lines() if line["action"] in ("fsd", "clear-fsd")]
    of_web, of_gateway = (
        [line for line in lines if line["service"] == service]
        for service in ("web@web", "gateway@hub")
    )
    assert [line["user"] for line in of_web] == ["admin", "admin"]
    (id,) = {line["id"] for line in of_web}
    assert [(line["action"], line["id"]) for line in of_gateway] == [("fsd", id), ("clear-fsd", id)]
    assert of_gateway[0]["user"] == "admin@127.0.0.1 via web@web"


async def test_who_may_not_is_refused_and_noted(stack):
    async with stack.up() as browser:
        await browser.log_in("operator")
        page = (await browser.get("/device/rack1")).text
        assert "beeper.mute" in page
        assert 'value="load.off"' not in page
        for action, fields in (
            ("command", {"name": "load.off", "confirmed": "yes"}),
            ("set", {"name": "battery.charge.low", "value": "30"}),
            ("fsd", {"confirmed": "yes"}),
        ):
            refused = await browser.order(action, **fields)
            assert refused.status_code == 403, action
        assert [deed["outcome"] for deed in stack.deeds()] == ["ok", "denied", "denied", "denied"]


@pytest.mark.parametrize(
    ("user", "password"),
    [("admin", "wrong"), ("nobody", PASSWORD), ("far", PASSWORD), ("", ""), ("admin", "x" * 5000)],
)
async def test_a_wrong_login_opens_nothing(stack, user, password):
    async with stack.up() as browser:
        refused = await browser.log_in(user, password)
        assert refused.status_code == 401
        assert "wrong" in refused.text
        assert "set-cookie" not in refused.headers
        assert stack.deeds()[0]["outcome"] == "denied"


async def test_who_guesses_is_kept_waiting(stack):
    async with stack.up() as browser:
        tries = [browser.log_in("admin", f"wrong {n}") for n in range(MOST)]
        assert {answer.status_code for answer in await asyncio.gather(*tries)} == {401}
        refused = await browser.log_in("admin")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0


async def test_a_session_cannot_be_given_to_somebody(stack):
    """Session fixation: the secret that was there before the login is worth nothing after it."""
    async with stack.up() as browser:
        browser.client.cookies.set("nutbus_session", "known-to-the-attacker")
        await browser.log_in("admin")
        cookies = [c.value for c in browser.client.cookies.jar if c.name == "nutbus_session"]
        assert any(value != "known-to-the-attacker" for value in cookies)
        other = Browser(stack.url)
        other.client.cookies.set("nutbus_session", "known-to-the-attacker")
        assert "form_key" not in (await other.get("/device/rack1")).text
        await other.client.aclose()


async def test_a_new_login_ends_the_session_before(stack):
    async with stack.up() as browser:
        await browser.log_in("admin")
        old = browser.client.cookies["nutbus_session"]
        await browser.log_in("operator")
        other = Browser(stack.url)
        other.client.cookies.set("nutbus_session", old)
        assert "form_key" not in (await other.get("/device/rack1")).text
        await other.client.aclose()


async def test_a_form_of_another_page_is_not_taken(stack):
    async with stack.up() as browser:
        await browser.log_in("admin")
        form = {"action": "command", "name": "beeper.mute", "form_key": await browser.form_key()}
        path = "/device/rack1/order"
        for headers in (
            {"origin": "https://evil.example.org"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
        ):
            refused = await browser.client.post(path, data=form, headers=headers)
            assert refused.status_code == 403, headers
        for key in ("", "00" * 64, form["form_key"][:-2], "zz"):
            refused = await browser.client.post(path, data=form | {"form_key": key})
            assert refused.status_code == 403, key
        assert (await browser.get(path, params=form)).status_code == 200
        assert len(stack.deeds()) == 1


async def test_a_logout_ends_the_session(stack):
    async with stack.up() as browser:
        await browser.log_in("admin")
        secret = browser.client.cookies["nutbus_session"]
        left = await browser.client.post("/logout", data={"form_key": await browser.form_key()})
        assert left.status_code == 303
        browser.client.cookies.set("nutbus_session", secret)
        assert "form_key" not in (await browser.get("/device/rack1")).text


async def test_a_change_of_the_users_logs_everybody_out(stack):
    async with stack.up() as browser:
        await browser.log_in("admin")
        stack.change({"admin": USERS["admin"] | {"instcmds": []}})
        async with asyncio.timeout(TIMEOUT):
            while "form_key" in (await browser.get("/device/rack1")).text:
                await asyncio.sleep(0.05)


async def test_a_site_for_users_only_shows_nothing_to_others(broker, tmp_path):
    token = "a-token-of-twenty-characters"
    stack = Stack(broker.url, tmp_path, login_to_read=True, tokens={"board": {"token": token}})
    async with stack.up() as browser:
        page = await browser.get("/device/rack1")
        assert (page.status_code, page.headers["location"]) == (
            303,
            "/login?next=%2Fdevice%2Frack1",
        )
        assert (await browser.get("/api/v1/devices")).status_code == 401
        assert (await browser.get("/healthz")).status_code == 200
        named = {"authorization": f"Bearer {token}"}
        assert (await browser.get("/api/v1/devices", headers=named)).status_code == 200
        for path in ("/", "/events", "/topology", "/history", "/timers", "/services"):
            assert (await browser.get(path)).status_code == 303, path
        await browser.log_in("operator")
        assert (await browser.get("/device/rack1")).status_code == 200


async def test_another_name_for_our_address_shows_nothing(stack):
    async with stack.up() as browser:
        rebound = await browser.get("/device/rack1", headers={"host": "evil.example.org"})
        assert rebound.status_code == 421
        assert "rack1" not in rebound.text


async def test_a_form_without_end_is_not_read(stack):
    async with stack.up() as browser:
        long = await browser.client.post("/login", content=b"x" * 100_000)
        assert long.status_code == 413

        async def drip() -> AsyncGenerator[bytes]:
            yield b"user=x"

        assert (await browser.client.post("/login", content=drip())).status_code == 411


async def test_a_bus_that_is_away_is_said(stack, broker):
    async with stack.up() as browser:
        await browser.log_in("admin")
        key = await browser.form_key()
        await broker.kill()
        async with asyncio.timeout(TIMEOUT):
            while (await browser.get("/healthz")).status_code == 200:
                await asyncio.sleep(0.05)
        form = {"form_key": key, "action": "command", "name": "beeper.mute"}
        await browser.client.post("/device/rack1/order", data=form)
        page = (await browser.get("/device/rack1")).text
        assert "beeper.mute for rack1: not sent (there is no connection to the bus)" in page
        assert stack.deeds()[-1]["outcome"] == "not sent"
        await broker.start()
