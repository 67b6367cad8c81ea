"""Debian's usbhid-ups beside ours: the same recorded device, both through libusb itself."""

import asyncio
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pytest

from services.driver.protocols.hid import registry
from services.driver.protocols.hid.table import Identity, UsbId
from tests.likenut import RealDriver, Report, differences, record
from tests.realusb import Machine
from tests.realusb_ours import OurUsbDrivers
from tests.realusb_recorded import FOLDER, PluggedModel, model_of, names

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there are no recordings in {FOLDER}"),
]

LIST = Path(__file__).parents[2] / "docs/differences/usbhid-ups-2.8.0.md"
SETTINGS = {"port": "auto", "pollinterval": "1", "pollfreq": "1"}
MAINS, DISCHARGING = "PresentStatus.ACPresent", "PresentStatus.Discharging"
UNLISTED = {"productid": "...."}  # asks for a device that 2.8.0 does not list


@dataclass(frozen=True)
class Variant:
    """A state of a device, and options for both drivers; None is a flag.

    With `is_cut` the mains goes off under way, which the device tells unasked.
    """

    is_ill: bool = False
    values: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, str | None] = field(default_factory=dict)
    is_cut: bool = False


VARIANTS = {  # by what stands behind the name of a recording
    "": Variant(),
    "ill": Variant(is_ill=True),
    "delays": Variant(options={"offdelay": "90", "ondelay": "180", "lowbatt": "33"}),
    "discharging": Variant(values={DISCHARGING: 1}),
    "onlinedischarge": Variant(values={DISCHARGING: 1}, options={"onlinedischarge": None}),
    "cut": Variant(is_cut=True),
}
EVERYWHERE = ("", "ill")
TELLING = (  # of SOME: whose status has the mains and the battery in one input report alone
    "cps_0764-0501_cp1500avrlcda",
    "eaton_0463-ffff_3s-700",
    "powercom_0d9f-0004_bnt-800ap-996",
    "tripplite_09ae-4003",
)
SOME = (
    "apc_051d-0002_back-ups-rs-1000g",
    "cps_0764-0501_cp1500avrlcda",
    "eaton_0463-ffff_3s-700",
    "goldenmate_075d-0300_smart-battery",
    "legrand_1cb0-0038_keor-pdu-800",
    "powercom_0d9f-0004_bnt-800ap-996",
    "tripplite_09ae-4003",
)
CASES = [
    f"{name}/{variant}".rstrip("/")
    for variant in VARIANTS
    for name in names()
    if variant in EVERYWHERE or name in (TELLING if variant == "cut" else SOME)
]
# 2.8.0 has no table for these, and those it takes only if they are asked for.
NEWER = [case for case in CASES if case.startswith(("arduino_2341-8036", "unknown_5131-2007"))]
ASKED_FOR = ("liebert_10af", "minuteman_05dd-a0a0")
SERVED = [case for case in CASES if case not in NEWER]
MOST = 40  # cases for one process of ours: umockdev has room for some 50 devices
FULL = re.compile(r"Full update\.\.\..*upsdrv_updateinfo\.\.\.", re.DOTALL)
FIRST = ("shutdown.return", "shutdown.stayoff")
TEXTS = ("45", "200")  # what is written to a variable that lists no values
WORDS = {
    "battery.mfr.date": ("2019/04/05",),
    "input.sensitivity": ("low", "medium", "high"),
    "outlet.2.switchable": ("yes", "no"),
}


@dataclass
class Seen:
    """What a driver reported, and of each order: was it carried out, and what was written."""

    report: Report
    orders: dict[str, tuple[bool, tuple[str, ...]]] = field(default_factory=dict)


@dataclass
class Both:
    """What both drivers did with a device; 2.8.0 does not serve some."""

    theirs: Seen | None
    ours: Seen


def parted(case: str) -> tuple[str, Variant]:
    name, _, variant = case.partition("/")
    return name, VARIANTS[variant]


def device(case: str, *, is_ours: bool) -> PluggedModel:
    """Make the device; its HID interface is where the driver looks for it."""
    name, variant = parted(case)
    model = model_of(name, is_ill=variant.is_ill)
    identity = Identity(UsbId(f"{model.vendor:04x}", f"{model.product:04x}"))
    vendor = registry.choose(identity, is_asked_for=True)
    if vendor and is_ours:
        model.interface = vendor.quirks_of(identity.id).interface or 0
    peer = PluggedModel(model)
    for path, value in variant.values.items():
        peer.put(path, value)
    return peer


def options_of(case: str) -> dict[str, str | None]:
    name, variant = parted(case)
    asked = UNLISTED if name.startswith(ASKED_FOR) else {}
    silent = {} if variant.is_cut else {"pollonly": None}
    return {**asked, **silent, **variant.options}


def cut(machine: Machine, port: str, peer: PluggedModel) -> None:
    """Let the mains go off; the device tells it."""
    peer.put(DISCHARGING, 1)
    peer.model.say(*peer.put(MAINS, 0))
    machine.look(port)


def orders_of(report: Report) -> list[tuple[str, str, str | None]]:
    """List the orders for a driver with this report: what, name and value.

    First are those that write what the driver has read: nobody knows when NUT reads again what
    other orders have changed.
    """
    names = [name for name in report.commands if "driver." not in name]
    commands = sorted(names, key=lambda name: (name not in FIRST, name))
    sets = [
        ("set", name, value)
        for name, writable in sorted(report.writable.items())
        if "driver." not in name
        for value in (sorted(writable.enum)[:2] or (*WORDS.get(name, ()), *TEXTS))
    ]
    return [*(("command", name, None) for name in commands), *sets]


def written(peer: PluggedModel, before: int) -> tuple[str, ...]:
    return tuple(f"{kind.name} {data.hex()}" for kind, _, data in peer.model.written[before:])


def whole(driver: RealDriver) -> Report:
    """Wait until the driver has ended a full update, where it sums up the alarms, and told it."""
    driver.wait_for(lambda report: report.is_fresh and FULL.search(driver.log) is not None)
    driver.command("no.such.command")  # what it answers comes after all that it told before
    return driver.report()


def of_theirs(case: str, folder: Path) -> Seen:
    peer = device(case, is_ours=False)
    settings = {**SETTINGS, **options_of(case)}
    place = folder / case.replace("/", "-")
    with Machine() as machine:
        machine.plug("1-1", peer)
        with RealDriver(place, "usbhid-ups", settings, machine.environment) as driver:
            seen = Seen(whole(driver))
            if parted(case)[1].is_cut:
                cut(machine, "1-1", peer)
                return Seen(driver.wait_for(lambda report: "OB" in report.status))
            for what, order, value in orders_of(seen.report):
                before = len(peer.model.written)
                done = (
                    driver.set(order, value or "") if what == "set" else driver.command(order)
                ) == 0
                seen.orders[f"{what} {order} {value}"] = (done, written(peer, before))
            return seen


async def of_ours(
    machine: Machine, drivers: OurUsbDrivers, case: str, port: str, theirs: Seen | None
) -> Seen:
    peer = device(case, is_ours=True)
    machine.plug(port, peer)
    options = {name: value or True for name, value in options_of(case).items()}
    seen = Seen(await drivers.open(case, "usbhid", {"busport": port, **options}))
    if parted(case)[1].is_cut:
        cut(machine, port, peer)
        return Seen(await drivers.news(case))
    for what, order, value in orders_of(theirs.report) if theirs else ():
        before = len(peer.model.written)
        if what == "set":
            problem = await drivers.set(case, order, value or "")
        else:
            problem = await drivers.command(case, order)
        seen.orders[f"{what} {order} {value}"] = (not problem, written(peer, before))
    return seen


async def run(cases: list[str], folder: Path) -> dict[str, Both]:
    """Run a real driver for each case, all at once, and all of ours in one process."""
    loop = asyncio.get_running_loop()
    found: dict[str, Both] = {}

    async def compare(case: str, port: str) -> None:
        theirs = None
        if case in SERVED:
            theirs = await loop.run_in_executor(pool, of_theirs, case, folder)
        found[case] = Both(theirs, await of_ours(machine, drivers, case, port, theirs))

    with ThreadPoolExecutor(len(cases)) as pool, Machine() as machine:
        async with OurUsbDrivers(machine.environment) as drivers, asyncio.TaskGroup() as tasks:
            for number, case in enumerate(cases, 1):
                tasks.create_task(compare(case, f"1-{number}"))
    return found


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("usbhid")

    async def run_all() -> dict[str, Both]:
        parts = [CASES[at : at + MOST] for at in range(0, len(CASES), MOST)]
        found = await asyncio.gather(*(run(part, folder) for part in parts))
        return {case: seen for part in found for case, seen in part.items()}

    return asyncio.run(run_all())


@dataclass(frozen=True)
class Known:
    """A row of the list: for which devices, what, and why."""

    case: str
    key: str
    why: str

    def fits(self, case: str, key: str) -> bool:
        return fnmatch(case, self.case) and fnmatch(key, self.key)


KNOWN = [
    Known(*row)
    for row in re.findall(r"^\| `(\S+) ([^`]+)` \|[^|]*\| ([^|]+) \|$", LIST.read_text(), re.M)
]


def reported_otherwise(both: Both) -> dict[str, str]:
    """Pair what the reports differ in, as tests/likenut.py names it, with its key in the list."""
    assert both.theirs
    theirs, ours = both.theirs.report, both.ours.report
    keys = [
        *(f"variable:{name}" for name in theirs.variables),
        *(f"command:{name}" for name in theirs.commands),
        *(f"writable:{name}" for name in theirs.writable),
    ]
    everything = len(differences(theirs, ours))
    differing = [key for key in keys if len(differences(theirs, ours, {key: ""})) < everything]
    values = {f"variable:{name}": value for name, value in theirs.variables.items()}
    mine = {f"variable:{name}" for name in ours.variables}
    return {key: "empty" if values.get(key) == "" and key not in mine else key for key in differing}


def ordered_otherwise(both: Both) -> dict[str, object]:
    """List the orders that did not do the same."""
    assert both.theirs
    ours = both.ours.orders
    return {
        f"order:{order}": (done, ours[order])
        for order, done in both.theirs.orders.items()
        if ours[order] != done
    }


@pytest.mark.parametrize("name", SERVED)
def test_what_nut_reports_of_a_recorded_device_is_reported_here(both, name):
    theirs, ours = both[name].theirs.report, both[name].ours.report
    known = {
        key: row.why
        for key, listed in reported_otherwise(both[name]).items()
        for row in KNOWN
        if row.fits(name, listed)
    }
    assert record("usbhid-ups", name, theirs, ours, known) == []


@pytest.mark.parametrize("name", SERVED)
def test_what_nut_writes_to_a_recorded_device_is_written_here(both, name):
    found = ordered_otherwise(both[name])
    assert {k: v for k, v in found.items() if not any(row.fits(name, k) for row in KNOWN)} == {}


@pytest.mark.parametrize("row", KNOWN, ids=lambda row: f"{row.case} {row.key}")
def test_a_known_difference_is_still_one(both, row):
    assert any(
        row.fits(name, key)
        for name in SERVED
        for key in (*reported_otherwise(both[name]).values(), *ordered_otherwise(both[name]))
    )


@pytest.mark.parametrize("name", NEWER)
def test_devices_that_this_release_of_nut_does_not_know_are_served(both, name):
    report = both[name].ours.report
    assert ("OB" if parted(name)[1].is_ill else "OL") in report.status
    assert report.variables["battery.charge"]
