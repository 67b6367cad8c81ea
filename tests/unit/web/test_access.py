"""Who may see the site, and which requests are another site's."""

import pytest
from pydantic import ValidationError

from services.web.access import Refusal, has_token, is_known_host, refusal, safe_target
from services.web.settings import WebSection

TOKEN = "a-long-secret-for-a-program"
LOOPBACK = WebSection(listen=["127.0.0.1:8493"])
OPEN = WebSection(listen=["0.0.0.0:8493"])
CLOSED = WebSection(login_to_read=True, tokens={"board": {"token": TOKEN}})


def refused(
    method: str, path: str, headers: dict[str, str], web: WebSection, *, is_logged_in: bool = False
) -> int | None:
    headers = {"host": "localhost:8493", **headers}
    found = refusal(method, path, headers, web, is_logged_in=is_logged_in)
    return found.status if isinstance(found, Refusal) else None


@pytest.mark.parametrize(
    ("host", "web", "is_known"),
    [
        ("localhost:8493", LOOPBACK, True),
        ("LOCALHOST", LOOPBACK, True),
        ("127.0.0.1:8493", LOOPBACK, True),
        ("[::1]:8493", LOOPBACK, True),
        ("[::1]", LOOPBACK, True),
        ("evil.example.org:8493", LOOPBACK, False),
        ("127.0.0.1.evil.example.org", LOOPBACK, False),
        ("", LOOPBACK, False),
        ("evil.example.org", OPEN, True),
        ("ups.example.org", WebSection(hosts=["*.example.org"]), True),
        ("example.com", WebSection(hosts=["*.example.org"]), False),
    ],
)
def test_a_site_on_loopback_answers_under_its_own_names_only(
    host: str, web: WebSection, is_known: bool
) -> None:
    assert is_known_host(host, web) == is_known


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, None),
        ({"origin": "http://localhost:8493"}, None),
        ({"origin": "http://localhost:8494"}, 403),
        ({"origin": "https://evil.example.org"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "http://localhost:8493@evil.example.org"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "http://localhost:8493"}, None),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_a_form_of_another_site_is_refused(headers: dict[str, str], status: int | None) -> None:
    assert refused("POST", "/device/ups1/order", headers, LOOPBACK) == status


def test_reading_is_open_unless_the_settings_ask_for_a_login() -> None:
    assert refused("GET", "/device/ups1", {}, LOOPBACK) is None
    assert refused("GET", "/device/ups1", {}, CLOSED) == 401
    assert refused("GET", "/device/ups1", {}, CLOSED, is_logged_in=True) is None
    assert refused("GET", "/device/ups1", {"authorization": f"Bearer {TOKEN}"}, CLOSED) is None
    assert refused("GET", "/device/ups1", {"authorization": f"Bearer {TOKEN}x"}, CLOSED) == 401
    assert refused("GET", "/device/ups1", {"authorization": f"Basic {TOKEN}"}, CLOSED) == 401


@pytest.mark.parametrize("path", ["/login", "/assets/site.css", "/healthz", "/metrics"])
def test_what_a_login_needs_is_always_open(path: str) -> None:
    assert refused("GET", path, {}, CLOSED) is None


def test_an_empty_token_opens_nothing() -> None:
    assert not has_token({"authorization": "Bearer "}, CLOSED)
    with pytest.raises(ValidationError, match="20 or more"):
        WebSection(tokens={"board": {"token": ""}})


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("/device/ups1", "/device/ups1"),
        ("/device/ups1?tab=1", "/device/ups1?tab=1"),
        ("", "/"),
        ("device/ups1", "/"),
        ("//evil.example.org/", "/"),
        ("/\\evil.example.org/", "/"),
        ("/a\\b", "/"),
        ("https://evil.example.org/", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example.org", "/"),
    ],
)
def test_after_a_login_nobody_is_sent_to_another_site(given: str, target: str) -> None:
    assert safe_target(given) == target
