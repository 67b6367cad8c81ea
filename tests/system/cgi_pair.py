"""Debian's CGI programs and ours side by side: the devices, the pages, how they are compared."""

import contextlib
import html
import io
import random
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from services.web.compatibility.scales import DISPLAYS
from tests.nutcgi import OurCgi, RealCgi, nut_template
from tests.realnut import RealNut

DUMPS = Path(__file__).parents[2] / "../shared/ddl"
TRIES = 20
LETTERS = 0x123456  # a colour that nothing else in a picture has
LETTERING = f"&scale_num_col={LETTERS}&summary_col={LETTERS}"

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
                return read(before.text), read(ours.text)
        raise AssertionError("their page is never twice the same")

    def both(self, template: str, device: str, more: str = "") -> tuple[str, str]:
        """Have both fill a template in for one device."""
        return self.pages(f"host={self.systems[device]}{more}", single=template)

    def pictures(self, query: str) -> tuple[Image.Image, Image.Image]:
        """Have both draw the same picture."""
        theirs = self.theirs.ask("upsimage.cgi", query)
        ours = self.ours.ask("upsimage.cgi", query)
        assert ours.kind == theirs.kind == "image/png"
        return image_of(theirs.body), image_of(ours.body)


def read(text: str) -> str:
    return html.unescape(text)


def image_of(content: bytes) -> Image.Image:
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


@contextlib.contextmanager
def both_sides(factory: pytest.TempPathFactory) -> Generator[Pair]:
    """Run both with all devices; hosts.conf lists each, one that is not there and one far away."""
    nut, programs, folder = (factory.mktemp(name) for name in ("nut", "cgi", "pages"))
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


def rows(text: str) -> list[tuple[str, str]]:
    """Find the variables of a data tree, but for those of the driver itself."""
    found = re.findall(r"<TD>(.*?)</TD>\s*<TD>:</TD>\s*<TD>(.*?)(?:<br>)?</TD>", text, re.I)
    return [(name, read(value)) for name, value in found if not name.startswith("driver.")]


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


def pixels(image: Image.Image) -> list[tuple[int, ...]]:
    """List the colours of all pixels."""
    data = image.tobytes()
    return [tuple(data[place : place + 4]) for place in range(0, len(data), 4)]
