"""Debian's upsstats.cgi and upsimage.cgi beside ours: the same devices, hosts.conf and templates.

Pages are equal as a browser reads them, pictures pixel by pixel but for the letters. What differs
on purpose is listed in docs/differences/cgi.md and shown in test_nut_cgi_differences.
"""

import random
import re
from collections.abc import Generator
from importlib.metadata import version

import pytest

from services.web.compatibility.commands import COMMANDS
from services.web.compatibility.scales import DISPLAYS
from tests.nutcgi import CrashError, OurCgi
from tests.system.cgi_pair import (
    ALIKE,
    DEVICES,
    LETTERING,
    Pair,
    assert_alike,
    both_sides,
    dumps,
    made_up,
    only,
    read,
    rows,
)

pytestmark = pytest.mark.system

TEMPLATES = 150

LIST_TEMPLATE = """\
@NUT_UPSSTATS_TEMPLATE list@@TEMPC@before @HOST@ @HOSTDESC@ @VAR ups.status@@STATUSCOLOR@
@STATUS@ @RUNTIME@ @IFSUPP ups.status@ supported @ELSE@ not @ENDIF@@HOSTLINK@ @TREELINK@
@UPSSTATSPATH other.cgi@@UPSIMAGEPATH picture.cgi@@UPSSTATSPATH @@REFRESH@
outside @ENDFOR@ of a loop
x @FOREACHUPS@ rest of the line @HOST@
[@HOST@|@HOSTDESC@|@VAR ups.status@|@VAR no.such@|@STATUS@|@STATUSCOLOR@|@RUNTIME@]
@TEMPF@[@UPSTEMP@|@BATTTEMP@|@AMBTEMP@|@DEGREES@]@TEMPC@[@UPSTEMP@|@DEGREES@]
[@HOSTLINK@|@TREELINK@|@IMG ups.load@|@IMG battery.charge width=60 x=1 bar_col=0xff00ff@]
[@IMG input.voltage a@|@IMG nothing@|@IMG output.L3-L1.voltage height=99@|@IMG ups.temperature @]
@IFEQ ups.status OL@ is OL @ELSE@ is not OL @ENDIF@[@IFEQ ups.model Trimming@trims@ENDIF@]
[@IFEQ ups.status@|@IFEQ a b c@|@IFBETWEEN a b@|@IFEQ ups.status OL @same@ENDIF@]
[@IFBETWEEN input.transfer.low input.transfer.high input.voltage@between@ELSE@outside@ENDIF@]
[@IFBETWEEN 0 1 ups.load@numbers@ENDIF@|@IFSUPP ups.load@a@IFSUPP no.such@b@ELSE@c@ENDIF@d]
[@IFSUPP no.such@@VAR ups.status@@ELSE@@IFSUPP ups.load@load@ELSE@@HOST@@ENDIF@|@ELSE@e@ENDIF@]
[@NOTHING@|@@|@VAR@|@HOST x@|@STATUSCOLOR @|a lone @ swallows the rest
[@DATE %Y %j %B@|@DATE @|@UTILITYCOLOR@|@VERSION x@] nut@@@VAR ups.status@ @VAR ups.status @
@ENDFOR@ rest of the last line
after @HOSTLINK@@TREELINK@|@VAR ups.status@|@STATUSCOLOR@|@IFSUPP ups.status@x@ELSE@no host@ENDIF@
@FOREACHUPS@
again @HOST@
@ENDFOR@
the end without a new line @DATE %%@"""
SINGLE_TEMPLATE = """\
@REFRESH@ @HOST@ @HOSTDESC@ @VAR ups.status@ @STATUS@ @STATUSCOLOR@ @HOSTLINK@ @TREELINK@
@IMG battery.charge@ @IFSUPP ups.load@load@ENDIF@
@FOREACHUPS@
only @HOST@ @VAR ups.model@
@ENDFOR@
gone @HOSTLINK@ @STATUSCOLOR@ @VAR ups.status@
"""


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


def without_version(text: str) -> str:
    return re.sub(rf"(upsstats\s+)(?:2\.8\.0|{re.escape(version('nutbus'))})", r"\1", text)


def said_at(text: str) -> list[str]:
    return re.findall(r"\d\d:\d\d:\d\d UTC \d{4}", text)


def test_nuts_own_list_is_the_same_page(pair):
    only(pair, *ALIKE, *dumps())
    theirs, ours = pair.pages()
    assert "Three Phases" in theirs
    assert "#FF0000" in theirs
    assert without_version(ours) == without_version(theirs)


@pytest.mark.parametrize("name", ALIKE)
def test_nuts_own_page_of_one_device_is_the_same(pair, name):
    theirs, ours = pair.pages(f"host={pair.systems[name]}&refresh=30")
    assert 'CONTENT="30"' in theirs
    assert without_version(ours) == without_version(theirs)


def test_nuts_own_page_of_a_real_device_is_the_same(pair):
    if not dumps():
        pytest.skip("the dumps are not here: ../shared/ddl beside the checkout")
    for name in dumps():
        theirs, ours = pair.pages(f"host={pair.systems[name]}")
        assert without_version(ours) == without_version(theirs), name


def test_every_command_does_the_same(pair):
    only(pair, *ALIKE)
    theirs, ours = pair.pages("refresh=7", all=LIST_TEMPLATE)
    assert ours.replace("&refresh=7", "") == theirs.replace("&refresh=7", "")
    for name in ALIKE:
        theirs, ours = pair.both(SINGLE_TEMPLATE, name)
        assert ours == theirs, name


PIECES = [
    *("VAR ups.model", "VAR no.such", "HOST", "HOSTDESC", "STATUS", "STATUSCOLOR", "RUNTIME"),
    *("UPSTEMP", "BATTTEMP", "AMBTEMP", "DEGREES", "TEMPF", "TEMPC", "HOSTLINK", "TREELINK"),
    *("IMG ups.load width=70", "IMG input.voltage", "NOTHING", "", "IMG", "REFRESH"),
    *("UPSSTATSPATH a.cgi", "UPSIMAGEPATH b.cgi"),
    *("IFSUPP ups.load", "IFSUPP no.such", "IFSUPP ups.temperature", "IFEQ ups.load 42") * 2,
    *("IFEQ battery.charge 9", "IFBETWEEN battery.charge.low ups.load battery.charge") * 2,
    *("ELSE", "ENDIF") * 6,
    *("FOREACHUPS", "ENDFOR") * 3,
]


def test_commands_in_any_order_do_the_same(pair):
    only(pair, *ALIKE)
    chance = random.Random(8)
    compared = 0
    for _ in range(TEMPLATES):
        pieces = (f"@{each}@" for each in chance.choices(PIECES, k=30))
        text = "".join(f"{piece}{chance.choice(('', ' x ', chr(10)))}" for piece in pieces)
        text = text.replace("@ENDFOR@", "@ENDFOR@\n")
        query = chance.choice(("", f"host={pair.systems['battery']}"))
        try:
            theirs, ours = pair.pages(query, all=text, single=text)
        except CrashError:  # the difference `after-loop`
            continue
        assert ours == theirs, text
        compared += 1
    assert compared > TEMPLATES / 2


def test_every_command_is_in_the_template_that_is_compared():
    text = LIST_TEMPLATE + SINGLE_TEMPLATE
    newer = {"STATUS ", "TREELINK ", "TREELINK_JSON", "TREELINK_JSON ", "NUT_UPSSTATS_TEMPLATE"}
    missing = {command for command in COMMANDS if f"@{command}" not in text}
    assert missing <= newer | {"VERSION"}


def test_the_data_tree_has_the_same_rows_in_the_same_order(pair):
    for name in (*ALIKE, "odd", "words", *dumps()):
        theirs, ours = pair.pages(f"host={pair.systems[name]}&treemode")
        assert len(rows(theirs)) > 3
        assert rows(ours) == rows(theirs), name


def test_a_server_elsewhere_is_shown_through_the_nut_driver(pair, tmp_path):
    elsewhere = {"rack": {"driver": "nut", "port": pair.systems["battery"]}}
    only(pair, "battery", "trim")
    with OurCgi(tmp_path, pair.folder, {}, elsewhere) as ours:
        theirs = text = ""
        while not (theirs and said_at(theirs) == said_at(text)):  # in the same second
            theirs, _ = pair.pages()
            text = read(ours.ask("upsstats.cgi").text)
    of_battery, of_trim = text.split("The trim")
    assert without_version(of_battery) == without_version(theirs.split("The trim")[0])
    assert "[error: Connection failure: not on the bus]" in of_trim


ARGUMENTS = (
    "",
    "&width=200&height=100&scale_height=80",
    "&width=10&height=9999&scale_height=500",
    "&back_col=0x102030&bar_col=0xaabbcc&ok_zone_maj_col=0x111111&warn_zone_min_col=0xeeeeee",
    "&tempmin=-20&tempmax=80&back_col=16777216&neutral_zone_min_col=0xzz&nom_in_freq=60",
)


def drawn() -> list[tuple[str, str]]:
    """List what can be drawn; a nominal value of zero has a difference of its own."""
    found = []
    for name, text in {**DEVICES, **dumps(), **made_up()}.items():
        if name in ALIKE or name in dumps() or name.startswith("chance"):
            told = dict(re.findall(r"(?m)^(\S+): (.*)$", text))
            drawable = (each for each in told if each in DISPLAYS)
            found += [
                (name, each) for each in drawable if not is_zero(told.get(DISPLAYS[each].nominal))
            ]
    return found


def is_zero(limit: str | None) -> bool:
    return limit is not None and float(limit) == 0


def test_every_picture_has_the_same_bar_on_the_same_scale(pair):
    compared = set()
    for number, (name, variable) in enumerate(drawn()):
        arguments = ARGUMENTS if name in ALIKE[:2] else (ARGUMENTS[number % len(ARGUMENTS)],)
        for each in arguments:
            query = f"host={pair.systems[name]}&display={variable}{each}"
            theirs, ours = pair.pictures(query + LETTERING)
            assert_alike(theirs, ours, query)
        compared.add(variable)
    assert compared == set(DISPLAYS)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "host={plain}",
        "display=ups.load",
        "host=nobody@nowhere&display=ups.load",
        "host={plain}&display=ups.nothing",
        "host={little}&display=ups.load&width=200&height=150",
        "host={trim}&display=input.frequency",
    ],
)
def test_a_picture_of_nothing_says_why_in_the_same_place(pair, query):
    query = query.format(**pair.systems) + LETTERING + "&back_col=0x332211"
    theirs, ours = pair.pictures(query)
    assert_alike(theirs, ours, query)
