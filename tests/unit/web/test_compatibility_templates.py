"""Templates of upsstats: whatever is in them and in the devices, the page stays one."""

import html
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.web.compatibility import page as pages
from services.web.compatibility.commands import COMMANDS
from services.web.compatibility.directory import STALE, Host
from services.web.compatibility.markup import escape
from services.web.compatibility.page import TemplateError
from tests.unit.web.compatibility_bus import host, page

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "x onload=alert(1)",
    "@VAR ups.status@ @FOREACHUPS@",
    "</title></style><svg/onload=alert(1)>",
    "\\u003cscript\\u003e \\",
    "a\r\nb\x00c\x1b[0m",
    "\udcff \u202e",
)
TELLING = (
    "VAR ups.model",
    "HOST",
    "HOSTDESC",
    "HOSTLINK",
    "IMG ups.load",
    "RUNTIME",
    "UPSTEMP",
    "STATUS",
    "TREELINK",
)


class Tags(HTMLParser):
    """Collects the elements of a page, their attributes and which of these have a value."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, bool]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value is not None for name, value in attrs}))


def hosts(text: str) -> tuple[Host, Host]:
    """Make a host of which everything is this text, and one without guile."""
    names = ("ups.model", "ups.load", "battery.runtime", "ups.temperature", "ups.status")
    return Host(text, text, dict.fromkeys(names, text)), Host("a", "b", dict.fromkeys(names, "1"))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("command", TELLING)
def test_a_hostile_text_adds_no_element_and_no_attribute(text, command):
    hostile, plain = hosts(text)
    places = ["<p>@{}@</p>"]
    if "LINK" not in command and "IMG" not in command:  # those write elements themselves
        places += ['<p title="@{}@">', "<p title='@{}@'>", "<style>p {{ width: @{}@ }}</style>"]
    for place in places:
        template = place.format(command)
        assert Tags(page(template, hostile)).found == Tags(page(template, plain)).found


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_does_nothing_where_a_template_forgot_the_quotes(text):
    hostile, _ = hosts(text)
    ((tag, attributes),) = Tags(page("<p title=@VAR ups.model@>", hostile)).found
    assert tag == "p"
    assert [name for name, has_value in attributes.items() if has_value] == ["title"]


@given(some.text(some.characters(exclude_categories=["Cc", "Cs", "Cn"])))
def test_an_escaped_text_is_ascii_and_reads_as_it_was(text):
    written = escape(text)
    assert written.isascii()
    assert not set(written) & set("<>\"'`=\\")
    assert html.unescape(written) == text


@given(some.text())
def test_whatever_is_escaped_has_no_line_and_no_markup(text):
    assert not set(escape(text)) & set("<>\"'`=\\\r\n\0")


@given(some.text(some.sampled_from("@ \n") | some.characters()))
def test_any_text_is_a_template(text):
    page(text)


LOOPS = ("@FOREACHUPS@", "@ENDFOR@", "\n", "@HOST@", "@IFSUPP no@", "@ELSE@", "@ENDIF@")


@given(some.lists(some.sampled_from([*(f"@{each}@" for each in COMMANDS), *LOOPS * 3])))
def test_any_commands_in_any_order_come_to_an_end(words):
    page("".join(words), *[host()] * 5, single=False)


@given(some.lists(some.sampled_from(["@FOREACHUPS@", "@ENDFOR@", "@HOST@", "\n"])))
def test_a_line_is_run_through_once_for_each_host_and_loop_at_most(words):
    hosts = 3
    text = page("".join(words), *[host()] * hosts, single=False)
    assert text.count("ups") <= words.count("@HOST@") * (1 + hosts * words.count("@FOREACHUPS@"))


def test_loops_in_loops_come_to_an_end():
    template = "@FOREACHUPS@\n" * 20 + "@HOST@ \n" + "@ENDFOR@\n" * 20
    assert page(template, host(), host(), single=False).count("ups@localhost") == 2


def test_what_gets_too_long_is_an_error(monkeypatch):
    monkeypatch.setattr(pages, "MOST_OUTPUT", 1000)
    with pytest.raises(TemplateError, match="larger than 1000"):
        page("@FOREACHUPS@\n" + "x" * 100 + "\n@ENDFOR@", *[host()] * 20, single=False)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("@IFSUPP ups.load@yes@ENDIF@", "yes"),
        ("@IFSUPP no@yes@ELSE@no@ENDIF@!", "no!"),
        ("@IFEQ ups.model Plain@@ELSE@a blank is no value@ENDIF@", "a blank is no value"),
        ("@TEMPF@@UPSTEMP@ @DEGREES@", "88.2 &deg;F"),
        ("@RUNTIME@", "100:00:01"),
        ("@DATE %Y-%m-%d %H:%M@", "2026-01-02 03:04"),
        ("@STATUS@", "ONLINE<br>"),
        ("@STATUS @", "ONLINE"),
        ("@IFBETWEEN low high ups.load@in@ELSE@out@ENDIF@", "in"),
        ("@VAR battery.date@", "Not supported\n"),
        ("nut@example.org", "nut"),
        ("@IMG ups.load width=60 bad=1 format=svg@", None),
    ],
)
def test_commands_write_what_the_manual_says(template, text):
    one = host({"ups.temperature": "31.2", "battery.runtime": "360001"})
    image = (
        '<IMG SRC="upsimage.cgi?host=ups@localhost&amp;display=ups.load&amp;width=60'
        '&amp;format=svg" ALT="UPS load: 42">'
    )
    assert page(template, one) == (image if text is None else text)


def test_a_stale_host_says_so_and_is_yellow():
    stale = Host("ups", "UPS", error=STALE)
    text = page("@VAR ups.status@@STATUSCOLOR@@IFSUPP ups.status@x@ENDIF@", stale)
    assert text == "[error: Data stale]\n#FFFF00"


def test_bytes_that_are_no_utf8_come_out_as_they_went_in():
    content = b"caf\xe9 @HOST@ \xff\n"
    text = page(content.decode("utf-8", "surrogateescape"))
    assert text.encode("utf-8", "surrogateescape") == b"caf\xe9 ups@localhost \xff\n"


def test_links_hand_on_what_was_chosen():
    text = page("@HOSTLINK@", ending="&amp;refresh=5")
    assert text == '<a href="upsstats.cgi?host=ups@localhost&amp;refresh=5">My UPS</a>'
