"""Debian's usbhid-ups beside ours: the same recorded device, both through libusb itself."""

import asyncio
import re
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
SETTINGS = {"port": "auto", "pollonly": None, "pollinterval": "1", "pollfreq": "1"}
ILL = "/ill"  # behind the name of a recording
CASES = [*names(), *(name + ILL for name in names())]
UNLISTED = {"productid": "...."}  # asks for a device that 2.8.0 does not list
OPTIONS = {
    "liebert_10af-0000_gxt4": UNLISTED,
    "liebert_10af-0002_psi5": UNLISTED,
    "minuteman_05dd-a0a0": UNLISTED,
}
# 2.8.0 has no table for these.
NEWER = [case for case in CASES if case.startswith(("arduino_2341-8036", "unknown_5131-2007"))]
SERVED = [case for case in CASES if case not in NEWER]
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


def device(name, *, is_ours):
    """Make the device; its HID interface is where the driver looks for it."""
    model = model_of(name.removesuffix(ILL), is_ill=name.endswith(ILL))
    identity = Identity(UsbId(f"{model.vendor:04x}", f"{model.product:04x}"))
    vendor = registry.choose(identity, is_asked_for=True)
    if vendor and is_ours:
        model.interface = vendor.quirks_of(identity.id).interface or 0
    return PluggedModel(model)


def orders_of(report: Report) -> list[tuple[str, str, str | None]]:
    """List the orders for a driver with this report: what, name and value."""
    commands = [("command", name, None) for name in report.commands if "driver." not in name]
    sets = [
        ("set", name, value)
        for name, writable in sorted(report.writable.items())
        if "driver." not in name
        for value in (sorted(writable.enum)[:2] or (*WORDS.get(name, ()), *TEXTS))
    ]
    return [*sets, *commands]


def written(peer: PluggedModel, before: int) -> tuple[str, ...]:
    return tuple(f"{kind.name} {data.hex()}" for kind, _, data in peer.model.written[before:])


def has_read_all(driver: RealDriver) -> bool:
    """Tell whether the driver has ended a full update: alarms are summed up only then."""
    return "upsdrv_updateinfo..." in driver.log.partition("Full update...")[2]


def of_theirs(name: str, folder: Path) -> Seen:
    peer = device(name, is_ours=False)
    settings = {**SETTINGS, **OPTIONS.get(name.removesuffix(ILL), {})}
    with Machine() as machine:
        machine.plug("1-1", peer)
        with RealDriver(
            folder / name.replace("/", "-"), "usbhid-ups", settings, machine.environment
        ) as driver:
            seen = Seen(driver.wait_for(lambda report: report.is_fresh and has_read_all(driver)))
            for what, order, value in orders_of(seen.report):
                before = len(peer.model.written)
                done = (
                    driver.set(order, value or "") if what == "set" else driver.command(order)
                ) == 0
                seen.orders[f"{what} {order} {value}"] = (done, written(peer, before))
            return seen


async def of_ours(
    drivers: OurUsbDrivers, name: str, peer: PluggedModel, port: str, theirs: Seen | None
) -> Seen:
    options = {"busport": port, "pollonly": "true", **OPTIONS.get(name.removesuffix(ILL), {})}
    seen = Seen(await drivers.open(name, "usbhid", options))
    for what, order, value in orders_of(theirs.report) if theirs else ():
        before = len(peer.model.written)
        if what == "set":
            problem = await drivers.set(name, order, value or "")
        else:
            problem = await drivers.command(name, order)
        seen.orders[f"{what} {order} {value}"] = (not problem, written(peer, before))
    return seen


async def run(cases: list[str], folder: Path) -> dict[str, Both]:
    """Run a real driver for each case, all at once, and all of ours in one process."""
    loop = asyncio.get_running_loop()
    found: dict[str, Both] = {}

    async def compare(case: str, drivers: OurUsbDrivers, port: str) -> None:
        peer = device(case, is_ours=True)
        machine.plug(port, peer)
        theirs = None
        if case in SERVED:
            theirs = await loop.run_in_executor(pool, of_theirs, case, folder)
        found[case] = Both(theirs, await of_ours(drivers, case, peer, port, theirs))

    with ThreadPoolExecutor(len(cases)) as pool, Machine() as machine:
        async with OurUsbDrivers(machine.environment) as drivers, asyncio.TaskGroup() as tasks:
            for number, case in enumerate(cases, 1):
                tasks.create_task(compare(case, drivers, f"1-{number}"))
    return found


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("usbhid")

    async def run_all() -> dict[str, Both]:
        halves = (
            [case for case in CASES if ILL in case],
            [case for case in CASES if ILL not in case],
        )
        well, ill = await asyncio.gather(*(run(half, folder) for half in halves))
        return {**well, **ill}

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
    assert ("OB" if name.endswith(ILL) else "OL") in report.status
    assert report.variables["battery.charge"]
