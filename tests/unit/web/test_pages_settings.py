"""What the settings say of where the pages are."""

import pytest

from services.console import up
from services.web.settings import WebSettings
from shared.errors import SettingsError


def web(**section):
    return WebSettings.from_tables({"web": section}, "test").web


@pytest.mark.parametrize(
    ("given", "path"), [("", ""), ("/", ""), ("/ups", "/ups"), ("/a/b-c.d_e~f/", "/a/b-c.d_e~f")]
)
def test_a_base_path_has_no_slash_at_its_end(given, path):
    assert web(base_path=given).base_path == path


@pytest.mark.parametrize(
    "path", ["ups", "//evil.example", "/a b", "/../x", "/.", "/a//b", '/"', "/<x>", "/ü", "/a?b"]
)
def test_a_base_path_that_could_mislead_a_browser_is_refused(path):
    with pytest.raises(SettingsError, match=r"web\.base_path"):
        web(base_path=path)


def test_proxies_are_networks():
    with pytest.raises(SettingsError, match="trusted_proxies"):
        web(trusted_proxies=["example.org"])


def test_people_are_told_where_the_pages_are():
    tables = {
        "bus": {"broker": "mqtt://127.0.0.1"},
        "web": {"listen": ["127.0.0.1:8000", "[::1]"], "base_path": "/ups"},
    }
    said = up.summary(up.household(tables, "test"))
    assert "web: http://127.0.0.1:8000/ups/, http://[::1]:8493/ups/" in said
