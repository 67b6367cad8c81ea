"""Each row of docs/differences/cgi.md, shown: what Debian's CGI programs do, and what ours do."""

import json
import re
import subprocess
from collections.abc import Callable, Generator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.nutcgi import CrashError
from tests.system.cgi_pair import DEVICES, Pair, both_sides, dumps, made_up, pixels, read, rows

pytestmark = pytest.mark.system

DOCUMENT = Path(__file__).parents[2] / "docs/differences/cgi.md"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Generator[Pair]:
    with both_sides(tmp_path_factory) as pair:
        yield pair


@pytest.fixture(autouse=True)
def all_listed(pair: Pair) -> Generator[None]:
    file = pair.folder / "hosts.conf"
    before = file.read_text()
    yield
    file.write_text(before)


def differs_version(pair: Pair) -> None:
    theirs, ours = pair.both("@VERSION@", "plain")
    assert theirs == "2.8.0"
    assert ours == version("nutbus")


def differs_escape(pair: Pair) -> None:
    template = "@VAR ups.model@|@HOSTDESC@|@IMG ups.load@"
    (pair.folder / "upsstats-single.html").write_text(template)
    query = f"host={pair.systems['quoted']}"
    theirs, ours = (side.ask("upsstats.cgi", query).text for side in (pair.theirs, pair.ours))
    assert "<script>" in theirs
    assert re.findall(r"<\w+", ours) == ["<IMG"]
    assert read(ours) == read(theirs)
    denied = "host=%3Cscript%3Ealert(1)%3C/script%3E"
    assert "<script>" in pair.theirs.ask("upsstats.cgi", denied).text
    assert "<script" not in pair.ours.ask("upsstats.cgi", denied).text


def differs_letters(pair: Pair) -> None:
    theirs, ours = pair.both("@VAR ups.model@", "letters")
    assert "ö" not in theirs
    assert ours == "Größe"


def differs_status_words(pair: Pair) -> None:
    theirs, ours = pair.both("@STATUS@@STATUSCOLOR@", "words")
    assert theirs == "ONLINE<br>#00FF00"
    assert ours == "ALARM<br>ECO<br>ONLINE<br>#FF0000"


def differs_forced_shutdown(pair: Pair) -> None:
    theirs, ours = pair.both("@STATUS@@STATUSCOLOR@", "forced")
    assert theirs == "ONLINE<br>#00FF00"
    assert ours == "FORCED SHUTDOWN<br>ONLINE<br>#FF0000"


def differs_newer_commands(pair: Pair) -> None:
    template = (
        "[@STATUS , @|@TREELINK a b@|@TREELINK_JSON@|@TREELINK_JSON c@|@NUT_UPSSTATS_TEMPLATE@"
        "|@TEMPF@@IFEQ upsstats.use_celsius 0@F@ELSE@C@ENDIF@]"
    )
    theirs, ours = pair.both(template, "battery")
    assert theirs == "[|||||C]"
    link = f'<a href="upsstats.cgi?host={pair.systems["battery"]}&'
    links = f'{link}treemode">a b</a>|{link}json">JSON</a>|{link}json">c</a>'
    assert ours == f"[ON BATTERY, LOW BATTERY|{links}||F]"


def differs_refresh_links(pair: Pair) -> None:
    theirs, ours = pair.both("@TREELINK@", "plain", "&refresh=9")
    assert ours == theirs.replace("&treemode", "&treemode&refresh=9")


def differs_json(pair: Pair) -> None:
    query = f"host={pair.systems['battery']}&json"
    assert pair.theirs.ask("upsstats.cgi", query).kind == "text/html"
    answer = pair.ours.ask("upsstats.cgi", query)
    assert answer.kind.startswith("application/json")
    found = json.loads(answer.text)
    assert list(found) == ["host", "desc", "status_raw", "status_parsed", "vars"]
    assert found["status_parsed"] == ["ON BATTERY", "LOW BATTERY"]
    tree = pair.theirs.ask("upsstats.cgi", f"host={pair.systems['battery']}&treemode").text
    told = {name: value for name, value in found["vars"].items() if not name.startswith("driver.")}
    assert list(told.items()) == rows(tree)
    devices = json.loads(pair.ours.ask("upsstats.cgi", "json").text)["devices"]
    assert [device["host"] for device in devices] == list(pair.systems.values())


def differs_custom_templates(pair: Pair) -> None:
    (pair.folder / "mine.html").write_text("mine @HOST@ @HOSTLINK@")
    query = f"host={pair.systems['plain']}&template_single=mine.html"
    template = "theirs @HOST@"
    theirs, ours = pair.both(template, "plain", "&template_single=mine.html")
    assert theirs.startswith("theirs ")
    assert "Not authorized" in ours
    with (pair.folder / "hosts.conf").open("a") as file:
        file.write("CUSTOM_TEMPLATE_SINGLE mine.html\n")
    answer = pair.ours.ask("upsstats.cgi", query).text
    assert answer.startswith("mine plain@")
    assert "template_single=mine.html" in answer


def differs_flag_order(pair: Pair) -> None:
    query = f"treemode&host={pair.systems['plain']}"
    assert len(rows(pair.theirs.ask("upsstats.cgi", query).text)) == 0
    assert len(rows(pair.ours.ask("upsstats.cgi", query).text)) > 3


def differs_bad_escape(pair: Pair) -> None:
    with pytest.raises(KeyError):  # there is not even a header
        pair.theirs.ask("upsstats.cgi", "host=%zz")
    assert "[%zz]" in pair.ours.ask("upsstats.cgi", "host=%zz").text


def differs_bad_number(pair: Pair) -> None:
    theirs, ours = pair.both("@RUNTIME@|@TEMPF@@UPSTEMP@", "odd")
    assert theirs == "00:00:00|32.0"
    assert ours == "soon|warm"
    query = f"host={pair.systems['odd']}&display=ups.load&bar_col=0xabcdef"
    bar = (0xAB, 0xCD, 0xEF, 255)
    theirs_drawn, ours_drawn = pair.pictures(query)
    assert bar in pixels(theirs_drawn)
    assert bar not in pixels(ours_drawn)


def scale(answer: str) -> tuple[str, str]:
    """Find the ends of a scale drawn as SVG."""
    numbers = re.findall(r">(-?\d+)</text>", answer)
    return numbers[0], numbers[-1]


def differs_bad_limit(pair: Pair) -> None:
    query = f"host={pair.systems['odd']}&display=input.voltage"
    theirs, ours = pair.pictures(query)
    assert theirs.tobytes() != ours.tobytes()
    assert scale(pair.ours.ask("upsimage.cgi", query + "&format=svg").text) == ("270", "170")


def differs_zero_nominal(pair: Pair) -> None:
    query = f"host={pair.systems['flat']}&display=battery.voltage"
    with pytest.raises(CrashError, match="died of signal 8"):
        pair.theirs.ask("upsimage.cgi", query)
    assert scale(pair.ours.ask("upsimage.cgi", query + "&format=svg").text) == ("480", "280")


def differs_range(pair: Pair) -> None:
    none = f"host={pair.systems['plain']}&display=ups.temperature&tempmin=30&tempmax=30"
    with pytest.raises(CrashError, match="died of signal 8"):
        pair.theirs.ask("upsimage.cgi", none)
    negative = f"host={pair.systems['plain']}&display=ups.temperature&tempmin=30&tempmax=10"
    wide = f"host={pair.systems['wide']}&display=input.voltage"
    for query in (negative, wide):
        assert pair.theirs.ask("upsimage.cgi", query).kind == "image/png"
    for query in (none, negative, wide):
        answer = pair.ours.ask("upsimage.cgi", query + "&format=svg").text
        assert "<title>Can&#x27;t determine range</title>" in answer


def differs_elsewhere(pair: Pair) -> None:
    template = "@VAR ups.status@|@STATUS@|@STATUSCOLOR@|@IFSUPP ups.status@x@ELSE@y@ENDIF@|@HOST@"
    theirs, ours = pair.both(template, "missing")
    assert theirs.replace("Unknown UPS", "Connection failure: not on the bus") == ours.replace(
        "#FF0000", "#FFFF00"
    )
    assert "#FF0000" in ours
    theirs, ours = pair.both(template, "away")
    assert theirs.replace("Connection refused", "not on the bus") == ours
    query = f"host={pair.systems['missing']}&display=ups.load&format=svg"
    assert "Can&#x27;t connect to server" in pair.ours.ask("upsimage.cgi", query).text


def differs_denied(pair: Pair) -> None:
    theirs, ours = (side.ask("upsstats.cgi", "host=nobody") for side in (pair.theirs, pair.ours))
    assert theirs.text.strip() in ours.text
    assert theirs.text.strip() == "Access to that host [nobody] is not authorized."
    assert ours.status == 403


def differs_after_loop(pair: Pair) -> None:
    (pair.folder / "upsstats.html").write_text("@FOREACHUPS@\n@ENDFOR@\nthe end @HOST@")
    with pytest.raises(CrashError, match="died of signal 11"):
        pair.theirs.ask("upsstats.cgi")
    assert pair.ours.ask("upsstats.cgi").text == "\n" * len(pair.systems) + "\nthe end "


def differs_endless_loop(pair: Pair) -> None:
    (pair.folder / "upsstats.html").write_text("@FOREACHUPS@\n@ENDFOR@@FOREACHUPS@")
    with pytest.raises(subprocess.TimeoutExpired):
        pair.theirs.ask("upsstats.cgi", timeout=1.0)
    assert pair.ours.ask("upsstats.cgi").status == 200


def differs_long_line(pair: Pair) -> None:
    template = "@HOSTDESC@".rjust(1030, "x")
    theirs, ours = pair.both(template, "plain")
    assert not theirs.endswith('plain"')
    assert ours == 'The one "plain"'.rjust(1020 + 15, "x")


def differs_no_hosts_file(pair: Pair) -> None:
    (pair.folder / "upsstats.html").write_text("@FOREACHUPS@\n@HOST@ \n@ENDFOR@")
    file = pair.folder / "hosts.conf"
    text = file.read_text()
    file.unlink()
    try:
        assert "can't open hosts.conf" in pair.theirs.ask("upsstats.cgi").text
        assert pair.ours.ask("upsstats.cgi").text.split() == [*DEVICES, *dumps(), *made_up()]
    finally:
        file.write_text(text)


def differs_svg(pair: Pair) -> None:
    query = f"host={pair.systems['plain']}&display=ups.load&format=svg"
    assert pair.theirs.ask("upsimage.cgi", query).kind == "image/png"
    answer = pair.ours.ask("upsimage.cgi", query)
    assert answer.kind == "image/svg+xml"
    assert answer.text.startswith("<svg ")


def differs_tree_markup(pair: Pair) -> None:
    query = f"host={pair.systems['plain']}&treemode"
    theirs, ours = (side.ask("upsstats.cgi", query).text for side in (pair.theirs, pair.ours))
    assert rows(ours) == rows(theirs)
    assert "BGCOLOR" in theirs
    assert "BGCOLOR" not in ours


def differs_upsset(pair: Pair) -> None:
    answer = pair.ours.ask("upsset.cgi")
    assert (answer.status, answer.headers["location"]) == (303, "../../")


DIFFERENCES: dict[str, Callable[[Pair], None]] = {
    name.removeprefix("differs_").replace("_", "-"): function
    for name, function in list(globals().items())
    if name.startswith("differs_")
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_listed_difference_is_as_it_is_listed(pair, difference):
    DIFFERENCES[difference](pair)


def test_all_differences_are_listed_and_shown():
    listed = re.findall(r"^\| `([\w-]+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(DIFFERENCES)
