"""Debian's upsstats.cgi and upsimage.cgi beside ours: the same devices, hosts.conf and templates.

Pages are equal as a browser reads them, pictures pixel by pixel but for the letters. What differs
on purpose is listed in docs/differences/cgi.md, and each row of it is shown here.
"""

import html
import io
import json
import random
import re
import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from services.web.compatibility.commands import COMMANDS
from services.web.compatibility.scales import DISPLAYS
from tests.nutcgi import CrashError, OurCgi, RealCgi, nut_template
from tests.realnut import RealNut

pytestmark = pytest.mark.system

DUMPS = Path(__file__).parents[2] / "../shared/ddl"
DOCUMENT = Path(__file__).parents[2] / "docs/differences/cgi.md"
TRIES = 20
TEMPLATES = 150
LETTERS = 0x123456  # a colour that nothing else in a picture has

DEVICES = {
    "plain": (
        "ups.status: OL CHRG\nups.model: Plain 1000\nups.mfr: Maker\nups.load: 42\n"
        "battery.charge: 88.5\nbattery.charge.low: 20\nbattery.runtime: 3725\n"
        "battery.voltage: 27.1\nbattery.voltage.nominal: 24\nbattery.temperature: 21.5\n"
        "input.voltage: 231.4\ninput.voltage.nominal: 230\ninput.transfer.low: 196\n"
        "input.transfer.high: 253\noutput.voltage: 230.0\ninput.frequency: 50.1\n"
        "input.frequency.nominal: 50\noutput.frequency: 49.9\nups.temperature: 31.2\n"
        "ambient.temperature: 24.0\nambient.temperature.low: 5\nambient.temperature.high: 35\n"
        "ambient.humidity: 40\nambient.humidity.low: 10\nambient.humidity.high: 90\n"
        "ups.id: a = b\n"
    ),
    "battery": (
        "ups.status: OB LB DISCHRG\nups.model: On Battery\nups.load: 130\nbattery.charge: 9\n"
        "battery.runtime: 59\nbattery.voltage: 9.8\nbattery.voltage.low: 10\n"
        "battery.voltage.high: 14\ninput.voltage: 0\noutput.voltage: 118\n"
        "input.transfer.low: 90\ninput.transfer.high: 140\n"
    ),
    "trim": (
        "ups.status: OL TRIM\nups.model: Trimming\ninput.voltage: 402\nbattery.voltage: 219.3\n"
        "output.voltage: 250.9\noutput.frequency: 61\noutput.frequency.nominal: 60\n"
        "battery.charge: 100\nbattery.charge.low: 35\nups.temperature: 77\nups.load: 0.4\n"
    ),
    "three": (
        "ups.status: OL BYPASS RB\nups.model: Three Phases\ninput.L1-N.voltage: 229\n"
        "input.L2-N.voltage: 232\ninput.L3-N.voltage: 238\ninput.L1-L2.voltage: 399\n"
        "input.L2-L3.voltage: 402\ninput.L3-L1.voltage: 411\noutput.L1-N.voltage: 230\n"
        "output.L2-N.voltage: 230\noutput.L3-N.voltage: 230\noutput.L1-L2.voltage: 400\n"
        "output.L2-L3.voltage: 400\noutput.L3-L1.voltage: 400\noutput.L1.power.percent: 20\n"
        "output.L2.power.percent: 60\noutput.L3.power.percent: 101\n"
        "output.L1.realpower.percent: 18\noutput.L2.realpower.percent: 55\n"
        "output.L3.realpower.percent: 99\ninput.L1.current: 1\ninput.L2.current: 2\n"
        "input.L3.current: 3\ninput.transfer.low: 340\ninput.transfer.high: 440\n"
        "battery.voltage: 480\nbattery.voltage.nominal: 480\nbattery.current: -1.5\n"
    ),
    "little": "ups.status: CAL BOOST OVER OFF\n",
    "quoted": "ups.status: OL\nups.model: <script>alert(\"x\")</script> & 'co'\nups.load: 5\n",
    "odd": (
        "ups.status: OL\nbattery.runtime: soon\nups.temperature: warm\nups.load: much\n"
        "battery.charge: 50\ninput.voltage: 230\ninput.transfer.low: low\n"
    ),
    "words": "ups.status: ALARM ECO OL\nups.alarm: Fan!\n",
    "forced": "ups.status: FSD OL\n",
    "letters": "ups.status: OL\nups.model: Größe\n",
    "flat": "ups.status: OL\nbattery.voltage: 431\nbattery.voltage.nominal: 0\n",
    "wide": "ups.status: OL\ninput.voltage: 230\ninput.transfer.high: 900000\n",
}
CHANCE = 4  # devices of any numbers


def by_chance(number: int) -> str:
    """Make up a device with every variable that can be drawn, and some of their limits."""
    chance = random.Random(number)
    told = {"ups.status": "OL"}
    for name, display in DISPLAYS.items():
        usual = chance.choice((12, 48, 120, 230, 400)) if "V" in display.unit else 60
        told[name] = f"{chance.uniform(-5, 1.4 * usual):.2f}"
        limits = {display.low: 0.85, display.nominal: 1.0, display.high: 1.15}
        for limit, share in limits.items():
            if limit and chance.random() < 0.6:
                told[limit] = str(round(usual * share * chance.uniform(0.98, 1.02)))
    return "".join(f"{name}: {value}\n" for name, value in told.items())


def made_up() -> dict[str, str]:
    return {f"chance{number}": by_chance(number) for number in range(CHANCE)}


DUMPED = (
    "APC/APC__Back-UPS_RS_1000MS*.dev",
    "HP/HP__R12000-3UPS__snmp-ups__2.7.1__01.dev",
    "Riello/Riello__MPT60__riello_ser__2.6.5__01.dev",
    "Eaton/Eaton__BladeUPS_PXGX_UPS__snmp-ups__2.7.4__01.dev",
    "Cyber_Power_Systems/*.dev",
)
# Those with a difference of their own are not among the pairs that must be equal.
ALIKE = ("plain", "battery", "trim", "three", "little")

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


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides, and the systems of hosts.conf by their device."""

    theirs: RealCgi
    ours: OurCgi
    folder: Path
    systems: dict[str, str]

    def pages(self, query: str = "", **templates: str) -> tuple[str, str]:
        """Have both make the same page within the same second; as a browser reads it."""
        names = {"all": "upsstats.html", "single": "upsstats-single.html"}
        for kind, name in names.items():
            (self.folder / name).write_text(templates.get(kind, nut_template(name)))
        for _ in range(TRIES):
            before = self.theirs.ask("upsstats.cgi", query)
            ours = self.ours.ask("upsstats.cgi", query)
            if before == self.theirs.ask("upsstats.cgi", query):
                return _read(before.text), _read(ours.text)
        raise AssertionError("their page is never twice the same")

    def both(self, template: str, device: str, more: str = "") -> tuple[str, str]:
        """Have both fill a template in for one device."""
        return self.pages(f"host={self.systems[device]}{more}", single=template)

    def pictures(self, query: str) -> tuple[Image.Image, Image.Image]:
        """Have both draw the same picture."""
        theirs = self.theirs.ask("upsimage.cgi", query)
        ours = self.ours.ask("upsimage.cgi", query)
        assert ours.kind == theirs.kind == "image/png"
        return _image(theirs.body), _image(ours.body)


def _read(text: str) -> str:
    return html.unescape(text)


def _image(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGBA")


def dumps() -> dict[str, str]:
    """Read a few dumps of real devices, if they are here.

    A variable without a value is left out: what becomes of it is between the dummy drivers.
    """
    files = [next(iter(sorted(DUMPS.glob(pattern))), None) for pattern in DUMPED]
    return {
        f"dump{number}": re.sub(r"(?m)^\S+:\s*\n", "", file.read_text(errors="replace"))
        for number, file in enumerate(files)
        if file
    }


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Generator[Pair]:
    nut, programs, folder = (tmp_path_factory.mktemp(name) for name in ("nut", "cgi", "pages"))
    devices = {**DEVICES, **dumps(), **made_up()}
    with RealNut(nut, devices) as real:
        systems = {name: f"{name}@{real.address}" for name in (*devices, "missing")}
        systems["away"] = f"away@127.0.0.2:{real.port}"
        lines = (f'MONITOR {system} "The one \\"{name}\\""' for name, system in systems.items())
        (folder / "hosts.conf").write_text("\n".join(lines) + "\n")
        given = {systems[name]: name for name in devices}
        with OurCgi(nut, folder, {"devices": given}) as ours:
            yield Pair(RealCgi(programs, folder), ours, folder, systems)


def only(pair: Pair, *names: str) -> None:
    """List some devices only."""
    lines = (f'MONITOR {pair.systems[name]} "The {name}"' for name in names)
    (pair.folder / "hosts.conf").write_text("\n".join(lines) + "\n")


@pytest.fixture(autouse=True)
def all_listed(pair: Pair) -> Generator[None]:
    file = pair.folder / "hosts.conf"
    before = file.read_text()
    yield
    file.write_text(before)


def without_version(text: str) -> str:
    return re.sub(rf"(upsstats\s+)(?:2\.8\.0|{re.escape(version('nutbus'))})", r"\1", text)


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


def rows(text: str) -> list[tuple[str, str]]:
    """Find the variables of a data tree, but for those of the driver itself."""
    found = re.findall(r"<TD>(.*?)</TD>\s*<TD>:</TD>\s*<TD>(.*?)(?:<br>)?</TD>", text, re.I)
    return [(name, _read(value)) for name, value in found if not name.startswith("driver.")]


def test_the_data_tree_has_the_same_rows_in_the_same_order(pair):
    for name in (*ALIKE, "odd", "words", *dumps()):
        theirs, ours = pair.pages(f"host={pair.systems[name]}&treemode")
        assert len(rows(theirs)) > 3
        assert rows(ours) == rows(theirs), name


def test_a_server_elsewhere_is_shown_through_the_nut_driver(pair, tmp_path):
    elsewhere = {"rack": {"driver": "nut", "port": pair.systems["battery"]}}
    only(pair, "battery", "trim")
    theirs, _ = pair.pages()
    with OurCgi(tmp_path, pair.folder, {}, elsewhere) as ours:
        text = _read(ours.ask("upsstats.cgi").text)
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
            lettering = f"&scale_num_col={LETTERS}&summary_col={LETTERS}"
            theirs, ours = pair.pictures(query + lettering)
            assert_alike(theirs, ours, query)
        compared.add(variable)
    assert compared == set(DISPLAYS)


def assert_alike(theirs: Image.Image, ours: Image.Image, about: str) -> None:
    """Compare all pixels that are no letters, and where letters are."""
    assert theirs.size == ours.size, about
    of_theirs, of_ours = letters(theirs), letters(ours)
    either = ImageChops.lighter(of_theirs, of_ours)
    for image in (theirs, ours):
        image.paste((0, 0, 0, 0), mask=either)
    differing = ImageChops.difference(theirs, ours).getbbox(alpha_only=False)
    assert differing is None, (about, differing)
    one, other = of_theirs.getbbox(), of_ours.getbbox()
    assert (one is None) == (other is None), about
    if one and other:  # within a letter
        assert all(abs(at - where) <= 13 for at, where in zip(one, other, strict=True)), about


def letters(image: Image.Image) -> Image.Image:
    """Find the letters, as a mask."""
    colour = Image.new("RGBA", image.size, (LETTERS >> 16, LETTERS >> 8 & 0xFF, LETTERS & 0xFF))
    red, green, blue, alpha = ImageChops.difference(image, colour).split()
    other = ImageChops.lighter(ImageChops.lighter(red, green), ImageChops.lighter(blue, alpha))
    return other.point(lambda value: 255 if value == 0 else 0)


def _pixels(image: Image.Image) -> list[tuple[int, ...]]:
    data = image.tobytes()
    return [tuple(data[place : place + 4]) for place in range(0, len(data), 4)]


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
    lettering = f"&scale_num_col={LETTERS}&summary_col={LETTERS}&back_col=0x332211"
    theirs, ours = pair.pictures(query.format(**pair.systems) + lettering)
    assert_alike(theirs, ours, query)


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
    assert _read(ours) == _read(theirs)
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
    assert bar in _pixels(theirs_drawn)
    assert bar not in _pixels(ours_drawn)


def differs_bad_limit(pair: Pair) -> None:
    query = f"host={pair.systems['odd']}&display=input.voltage"
    theirs, ours = pair.pictures(query)
    assert theirs.tobytes() != ours.tobytes()
    plain = f"host={pair.systems['quoted']}&display=ups.load"
    assert_alike(*pair.pictures(plain + f"&scale_num_col={LETTERS}&summary_col={LETTERS}"), plain)


def differs_zero_nominal(pair: Pair) -> None:
    query = f"host={pair.systems['flat']}&display=battery.voltage"
    with pytest.raises(CrashError, match="died of signal 8"):
        pair.theirs.ask("upsimage.cgi", query)
    scale = re.findall(
        r">(-?\d+)</text>", pair.ours.ask("upsimage.cgi", query + "&format=svg").text
    )
    assert (scale[0], scale[-1]) == ("480", "280")


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
