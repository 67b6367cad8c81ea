"""What the programs answer over HTTP, and what they refuse."""

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from services.web import compatibility
from services.web.compatibility import choice
from services.web.settings import WebSettings
from services.web.site import Site
from shared.latest import Latest
from tests.unit.web.compatibility_bus import Bus

NOT_ALLOWED = "Not authorized"


class Asking:
    """The programs without a network."""

    def __init__(self, **settings: Any) -> None:
        self.bus = Bus()
        self.bus.add("ups1")
        self.bus.add("ups2")
        tables = {"web": {"compatibility": settings}}
        site = Site(self.bus.link, Latest(WebSettings.from_tables(tables, "test")))
        application = Starlette(routes=compatibility.routes(site))
        transport = httpx.ASGITransport(application)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def get(self, path: str) -> httpx.Response:
        return await self._client.get(path if path[0] == "/" else f"/cgi-bin/nut/{path}")


async def test_without_a_folder_there_are_pages_of_our_own():
    asking = Asking()
    every = await asking.get("upsstats.cgi")
    assert every.status_code == 200
    assert every.headers["content-type"] == "text/html; charset=utf-8"
    assert every.text.count('class="status" style="background: #00FF00">ONLINE<') == 2
    single = await asking.get("upsstats.cgi?host=ups1&refresh=5")
    assert "display=ups.load" in single.text
    assert 'CONTENT="5"' in single.text
    assert "@" not in every.text + single.text


async def test_nothing_is_kept_and_no_script_runs():
    asking = Asking()
    for path in ("upsstats.cgi", "upsstats.cgi?json", "upsimage.cgi", "upsimage.cgi?format=svg"):
        headers = (await asking.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["pragma"] == "no-cache"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "script-src" not in headers["content-security-policy"]


async def test_the_policy_can_be_loosened_and_the_path_changed():
    asking = Asking(path="/nut", content_security_policy="default-src 'self'")
    answer = await asking.get("/nut/upsstats.cgi")
    assert answer.headers["content-security-policy"] == "default-src 'self'"
    assert (await asking.get("/cgi-bin/nut/upsstats.cgi")).status_code == 404
    assert (await asking.get("/nut/upsset.cgi")).headers["location"] == "../"


@pytest.mark.parametrize("path", ["", "/", "nut", "/nut/", "/a b", "/nut\n", "/{path}"])
def test_an_odd_path_is_refused(path):
    with pytest.raises(Exception, match="path"):
        Asking(path=path)


async def test_json_is_json_whatever_a_device_says():
    asking = Asking()
    asking.bus.add("hostile", {"ups.status": 'OB"}', "ups.model": "</script>\u2028\x00\\"})
    answer = await asking.get("upsstats.cgi?host=hostile&json")
    assert answer.json()["vars"]["ups.model"] == "</script>\u2028\x00\\"
    assert answer.json()["status_parsed"] == []
    every = (await asking.get("upsstats.cgi?json")).json()
    assert [device["host"] for device in every["devices"]] == ["hostile", "ups1", "ups2"]
    denied = await asking.get('upsstats.cgi?json&host="%7D')
    assert denied.status_code == 403
    assert json.loads(denied.text) == {"error": 'Access to that host ["}] is not authorized.'}


async def test_a_host_that_is_not_listed_is_refused_everywhere(tmp_path):
    (tmp_path / "hosts.conf").write_text('MONITOR ups1@localhost "One"\n')
    asking = Asking(folder=tmp_path)
    assert (await asking.get("upsstats.cgi?host=ups1@localhost")).status_code == 200
    for more in ("", "&treemode", "&json"):
        answer = await asking.get(f"upsstats.cgi?host=ups2{more}")
        assert answer.status_code == 403
        assert "is not authorized." in answer.text
    picture = await asking.get("upsimage.cgi?host=ups2&display=ups.load&format=svg")
    assert "<title>Access denied</title>" in picture.text


async def test_a_hosts_conf_that_is_wrong_shows_nobody(tmp_path):
    (tmp_path / "hosts.conf").write_text('MONITOR ups1 "One\n')
    asking = Asking(folder=tmp_path)
    for path in ("upsstats.cgi", "upsstats.cgi?host=ups1", "upsstats.cgi?json"):
        answer = await asking.get(path)
        assert answer.status_code == 500
        assert "can't open hosts.conf" in answer.text.replace("&#39;", "'")
    picture = await asking.get("upsimage.cgi?host=ups1&display=ups.load&format=svg")
    assert "Access denied" in picture.text


async def test_nobody_listed_is_said(tmp_path):
    (tmp_path / "hosts.conf").write_text("# nobody\n")
    answer = await Asking(folder=tmp_path).get("upsstats.cgi")
    assert answer.status_code == 503
    assert "no hosts to monitor" in answer.text


SECRETS = (
    "../secret.html",
    "..%2fsecret.html",
    "%2e%2e%2fsecret.html",
    "/etc/passwd",
    "%2fetc%2fpasswd.html",
    "..\\secret.html",
    "secret",
    "hosts.conf",
    "upsstats.html",
    "one.html%00",
    "",
    ".",
    "sub%2fone.html",
    "one.html/../../secret.html",
)


@pytest.mark.parametrize("name", SECRETS)
async def test_no_other_file_is_shown(tmp_path, name):
    folder = tmp_path / "pages"
    (folder / "sub").mkdir(parents=True)
    for file in (tmp_path / "secret.html", folder / "secret", folder / "sub/one.html"):
        file.write_text("a secret")
    allowed = ("one.html", "secret", "../secret.html", "sub/one.html", "..\\secret.html")
    lines = "".join(f"CUSTOM_TEMPLATE_SINGLE '{name}'\n".replace("'", '"') for name in allowed)
    (folder / "hosts.conf").write_text(f'MONITOR ups1 "One"\n{lines}')
    answer = await Asking(folder=folder).get(f"upsstats.cgi?host=ups1&template_single={name}")
    assert answer.status_code == 403
    assert NOT_ALLOWED in answer.text


async def test_templates_count_where_hosts_conf_allows_them(tmp_path):
    (tmp_path / "mine.html").write_text("mine @HOSTLINK@")
    (tmp_path / "all.htm").write_text("all @FOREACHUPS@@HOSTLINK@")
    (tmp_path / "hosts.conf").write_text(
        'MONITOR ups1 "One"\nCUSTOM_TEMPLATE_SINGLE mine.html\nCUSTOM_TEMPLATE_LIST all.htm\n'
        "CUSTOM_TEMPLATE_LIST gone.html\n"
    )
    asking = Asking(folder=tmp_path)
    both = "template_single=mine.html&template_list=all.htm"
    links = 'host=ups1&amp;template_single=mine.html&amp;template_list=all.htm">One</a>'
    for path, word in ((f"upsstats.cgi?{both}", "all"), (f"upsstats.cgi?host=ups1&{both}", "mine")):
        text = (await asking.get(path)).text
        assert text.startswith(word)
        assert links in text
    for path in ("upsstats.cgi?host=ups1&template_single=all.htm", "upsstats.cgi?template_list=x"):
        assert (await asking.get(path)).status_code == 403
    assert (await asking.get("upsstats.cgi?template_list=gone.html")).status_code == 404
    answer = await asking.get("upsstats.cgi?host=ups1&template_list=evil%22.html&treemode")
    assert "evil" not in answer.text


async def test_a_template_that_is_no_file_or_too_large_is_not_read(tmp_path, monkeypatch):
    asking = Asking(folder=tmp_path)
    os.mkfifo(tmp_path / "upsstats.html")  # reading it would wait for ever
    assert "Power supplies" in (await asking.get("upsstats.cgi")).text
    monkeypatch.setattr(choice, "LONGEST", 10)
    (tmp_path / "upsstats-single.html").write_text("x" * 11)
    assert (await asking.get("upsstats.cgi?host=ups1")).status_code == 404


async def test_a_template_keeps_its_own_encoding(tmp_path):
    (tmp_path / "upsstats-single.html").write_bytes(b"<meta charset=latin1>caf\xe9 @VAR ups.model@")
    asking = Asking(folder=tmp_path)
    asking.bus.add("ups3", {"ups.status": "OL", "ups.model": "Größe"})
    answer = await asking.get("upsstats.cgi?host=ups3")
    assert answer.headers["content-type"] == "text/html"
    assert answer.content == b"<meta charset=latin1>caf\xe9 Gr&#246;&#223;e"


@pytest.mark.parametrize("query", ["x" * 50_000, "&" * 10_000, "host=" + "%F0" * 42, "host=%00"])
async def test_huge_and_odd_queries_are_answered(query):
    asking = Asking()
    assert (await asking.get(f"upsstats.cgi?{query}")).status_code in (200, 403)
    answer = await asking.get(f"upsimage.cgi?{query}")
    assert answer.headers["content-type"] == "image/png"


async def test_a_page_that_gets_too_large_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("services.web.compatibility.page.MOST_OUTPUT", 100)
    (tmp_path / "upsstats.html").write_text("x" * 101)
    assert (await Asking(folder=tmp_path).get("upsstats.cgi")).status_code == 500


def test_our_own_templates_are_in_the_package():
    assert {file.name for file in choice.BUILT_IN.iterdir()} == {choice.LIST, choice.SINGLE}
    for file in choice.BUILT_IN.iterdir():
        text = Path(file).read_text()
        assert "<script" not in text
        assert "http" not in text
