"""Debian's nutdrv_qx and blazer_ser beside ours: the same simulated device, the same report."""

import asyncio
import re
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pytest

from services.driver.contract import Site
from services.driver.drivers import DRIVERS, qx
from services.driver.protocols.qx.registry import DIALECTS
from shared.errors import RefusedError
from tests.likenut import OurDriver, RealDriver, Report, record
from tests.simulators.qx import MEGATEC, SimulatedQx, examples

pytestmark = pytest.mark.integration

LIST = Path(__file__).parents[2] / "docs/differences/qx.md"
BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
ON_BATTERY = {**MEGATEC, b"Q1\r": b"(000.0 195.0 226.0 014 49.0 02.1 30.0 11000001\r"}
BOOSTED = {**MEGATEC, b"Q1\r": b"(200.0 195.0 226.0 114 49.0 27.5 --.- 00110111\r"}
CALIBRATED = {"runtimecal": "240,100,720,50", "chargetime": "7200", "idleload": "15"}
PACKS = {"default.battery.voltage.low": "20", "override.battery.voltage.high": "26.5"}
DELAYS = {"ondelay": "240", "offdelay": "48"}
ACK, BRACKET_ACK = b"ACK\r", b"(ACK\r"


@dataclass(frozen=True)
class Case:
    """A device and how both drivers are set up for it; `unknown` is its answer to all else."""

    protocol: str
    replies: dict[bytes, bytes]
    unknown: bytes | None = ACK
    options: dict[str, str] = field(default_factory=dict)
    driver: str = "nutdrv_qx"
    kind: str = "qx"


def shown(protocol, *without):
    replies = examples(BY_NAME[protocol])
    return {request: reply for request, reply in replies.items() if request not in without}


def case(protocol, unknown=ACK, *without):
    return Case(protocol, shown(protocol, *without), unknown)


# voltronic and masterguard are in test_qx_voltronic_like_nut.
CASES = {
    "voltronic-qs": case("voltronic-qs", None, b"QI\r"),
    "voltronic-qs-hex": case("voltronic-qs-hex", None),
    "mustek": case("mustek"),
    "megatec/old": case("megatec/old"),
    "bestups": case("bestups", None),
    "mecer": case("mecer", BRACKET_ACK),
    "megatec": Case("megatec", MEGATEC),
    "zinto": case("zinto"),
    "hunnox": case("hunnox", b"UPS No Ack\r"),
    "ablerex": case("ablerex"),
    "q1": case("q1"),
    "on-battery": Case("megatec", ON_BATTERY),
    "boosted": Case("megatec", BOOSTED),
    "calibrated": Case("megatec", MEGATEC, options=CALIBRATED),
    "voltages": Case("megatec", MEGATEC, options=PACKS | DELAYS),
    "blazer": Case("megatec", MEGATEC, driver="blazer_ser", kind="blazer_ser"),
    "blazer-on-battery": Case("megatec", ON_BATTERY, driver="blazer_ser", kind="blazer_ser"),
    "blazer-delays": Case(
        "megatec", MEGATEC, options={"ondelay": "4"}, driver="blazer_ser", kind="blazer_ser"
    ),
}
ORDERS = (
    ("beeper.toggle", None),
    ("load.off", None),
    ("load.on", None),
    ("shutdown.return", None),
    ("shutdown.stayoff", None),
    ("shutdown.stop", None),
    ("test.battery.start", "120"),
    ("test.battery.start.deep", None),
    ("test.battery.start.quick", None),
    ("test.battery.stop", None),
    ("beeper.enable", None),
    ("bypass.start", None),
)
SETTINGS = (("ups.delay.shutdown", "42"), ("ups.delay.start", "300"), ("ups.delay.shutdown", "1"))


@dataclass
class Seen:
    """What a driver reported, and what came of each order: done or not, and what was sent."""

    report: Report
    orders: dict[str, tuple[bool, tuple[bytes, ...]]] = field(default_factory=dict)


def listed(case):
    """Return the known differences of a case: the reasons by what differs."""
    rows = re.findall(r"^\| `(\S+) (\S+)` \|[^|]*\| ([^|]+) \|$", LIST.read_text(), re.M)
    return {key: why for name, key, why in rows if fnmatch(case, name)}


def orders_of(report):
    """Name the orders that a driver with this report takes, in turn."""
    orders = [(name, value) for name, value in ORDERS if name in report.commands]
    settings = [(name, value) for name, value in SETTINGS if name in report.writable]
    return [*orders, *settings, *[order for order in orders if order[0] == "shutdown.return"]]


def has_read_all(driver):
    """Tell whether the driver has ended a full update: its first report is not whole."""
    _, full, rest = driver.log.partition("Full update...")
    return driver.driver == "blazer_ser" or bool(full and "Quick update..." in rest)


def of_theirs(case, ups, folder):
    settings = {"port": ups.port, "protocol": case.protocol, "pollinterval": "1", **case.options}
    if case.driver == "nutdrv_qx":
        settings["pollfreq"] = "1"
    with RealDriver(folder, case.driver, settings) as driver:
        seen = Seen(driver.wait_for(lambda report: report.is_fresh and has_read_all(driver)))
        asked = set(ups.requests)
        for number, (order, value) in enumerate(orders_of(seen.report)):
            before = len(ups.requests)
            carry_out = driver.set if order.startswith("ups.") else driver.command
            done = carry_out(order, value) == 0
            new = tuple(each for each in ups.requests[before:] if each not in asked)
            seen.orders[f"{number} {order}"] = (done, new)
        return seen


async def of_ours(case, ups, theirs):
    presets = {name: value for name, value in case.options.items() if "." in name}
    options = {name: value for name, value in case.options.items() if "." not in name}
    defaults = {n.removeprefix("default."): v for n, v in presets.items() if n[0] == "d"}
    overrides = {n.removeprefix("override."): v for n, v in presets.items() if n[0] == "o"}
    given = {"protocol": case.protocol, **options}
    ours = OurDriver(case.kind, ups.port, given)
    ours.site = Site("dut", ups.port, defaults=defaults, overrides=overrides)
    known = DRIVERS[case.kind]
    ours.driver = known.create(ours.site, known.options.model_validate(given))
    async with ours:
        seen = Seen(await ours.report())
        asked = set(ups.requests)
        for number, (order, value) in enumerate(orders_of(theirs.report)):
            before = len(ups.requests)
            carry_out = ours.set if order.startswith("ups.") else ours.command
            try:
                await carry_out(order, value)
            except RefusedError:
                done = False
            else:
                done = True
            new = tuple(each for each in ups.requests[before:] if each not in asked)
            seen.orders[f"{number} {order}"] = (done, new)
        return seen


async def both(name, case, folder):
    with SimulatedQx(case.replies, case.unknown) as ups:
        theirs = await asyncio.to_thread(of_theirs, case, ups, folder / name.replace("/", "-"))
    with SimulatedQx(case.replies, case.unknown) as ups:
        return theirs, await of_ours(case, ups, theirs)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drivers")

    async def everything():
        found = await asyncio.gather(*(both(name, case, folder) for name, case in CASES.items()))
        return dict(zip(CASES, found, strict=True))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(qx, "ORDER_TIMEOUT", 0.6)
        return asyncio.run(everything())


@pytest.mark.parametrize("name", CASES)
def test_our_report_is_that_of_nut(seen, name):
    theirs, ours = seen[name]
    assert record(CASES[name].driver, name, theirs.report, ours.report, listed(name)) == []


@pytest.mark.parametrize("name", CASES)
def test_orders_send_the_same_and_end_the_same(seen, name):
    theirs, ours = seen[name]
    ignored = listed(name)
    different = {
        order: (result, ours.orders[order])
        for order, result in theirs.orders.items()
        if ours.orders[order] != result and f"order:{order.split()[1]}" not in ignored
    }
    assert different == {}
    assert len(theirs.orders) >= 3


async def found_by_both(name, folder):
    """Return the protocols that the two drivers find when none is named."""
    answer = b"(NAK\r" if name == "voltronic" else "echo"
    replies = CASES[name].replies if name in CASES else examples(BY_NAME[name])
    with SimulatedQx(replies, answer) as ups:

        def theirs():
            with RealDriver(folder / name.replace("/", "-"), "nutdrv_qx", {"port": ups.port}) as it:
                return it.report().variables["driver.version.data"]

        version = await asyncio.to_thread(theirs)
        async with OurDriver("qx", ups.port) as ours:
            return version.split()[0].lower(), ours.site.hints["protocol"]


async def test_both_find_the_same_protocols(tmp_path):
    names = ["voltronic", *(name for name in BY_NAME if name in CASES)]
    found = await asyncio.gather(*(found_by_both(name, tmp_path) for name in names))
    assert [ours for _, ours in found] == [theirs for theirs, _ in found]


def test_every_listed_difference_is_one(seen):
    needed = set()
    for name in CASES:
        theirs, ours = seen[name]
        texts = " ".join(record("", name, theirs.report, ours.report))
        needed |= {
            key for key in listed(name) if key.split(":", 1)[1] in texts or key.startswith("order:")
        }
    rows = re.findall(r"^\| `(\S+) (\S+)` \|", LIST.read_text(), re.M)
    assert [key for _, key in rows if key not in needed] == []
