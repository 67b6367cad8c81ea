"""Debian's nutdrv_qx on simulated USB bridges, beside ours, both through libusb itself."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.likenut import RealDriver, Report, record
from tests.realusb import Machine
from tests.realusb_ours import OurUsbDrivers
from tests.simulators.qx import MEGATEC
from tests.simulators.usb_bridges import MODELS, NewArmac, SimulatedBridge

pytestmark = pytest.mark.integration

LIST = Path(__file__).parents[2] / "docs/differences/qx-usb.md"
NEWER: dict[str, type[SimulatedBridge]] = {
    "armac, newer": NewArmac,
    "gtec": MODELS["gtec"],
    "omron": MODELS["omron"],
}
ALL = {**MODELS, **NEWER}
SERVED = [name for name in MODELS if name not in NEWER]  # by Debian's release
BY_NAME = ("snr", "hunnox", "gtec")  # bridges that must be asked for
ORDERS = ("shutdown.return", "beeper.toggle", "test.battery.start.quick")
SLOW = ("phoenix", "sgs", "snr")  # NUT waits a second or two for each request: one order will do


@dataclass
class Seen:
    """What a driver reported, and of each order: was it carried out, and what was sent."""

    report: Report
    orders: dict[str, tuple[bool, list[bytes]]] = field(default_factory=dict)


def options(name: str) -> dict[str, str]:
    chosen = {"protocol": "megatec"}
    if name in BY_NAME:
        vendor, product = (f"{number:04x}" for number in MODELS[name].ids)
        chosen |= {"subdriver": name, "vendorid": vendor, "productid": product}
        chosen["langid_fix"] = "0x0409"
    return chosen


def orders_for(name: str) -> tuple[str, ...]:
    return ORDERS[:1] if name in SLOW else ORDERS


def sent(device: SimulatedBridge, before: int) -> list[bytes]:
    """List what was asked of the device since then, without what only reads."""
    return [request for request in device.requests[before:] if request not in MEGATEC]


def seen_by_nut(folder: Path, name: str) -> Seen:
    device = ALL[name](MEGATEC, unknown=None)
    settings = {"port": "auto", "pollinterval": "60", **options(name)}
    with Machine() as machine:
        machine.plug("1-2", device)
        with RealDriver(folder / name, "nutdrv_qx", settings, machine.environment) as driver:
            seen = Seen(driver.report())
            for order in orders_for(name):
                before = len(device.requests)
                is_done = driver.command(order) == 0
                seen.orders[order] = is_done, sent(device, before)
            return seen


async def seen_by_us(
    name: str, port: str, device: SimulatedBridge, drivers: OurUsbDrivers
) -> tuple[str, Seen]:
    seen = Seen(await drivers.open(name, "qx", {"busport": port, **options(name)}))
    for order in orders_for(name):
        before = len(device.requests)
        is_done = not await drivers.command(name, order)
        seen.orders[order] = is_done, sent(device, before)
    return name, seen


async def all_seen_by_us() -> dict[str, Seen]:
    """Plug all models into one machine and serve them in one process."""
    with Machine() as machine:
        plugged = []
        for number, (name, model) in enumerate(ALL.items(), 1):
            device = model(MEGATEC, unknown=None)
            machine.plug(f"1-{number}", device)
            plugged.append((name, f"1-{number}", device))
        async with OurUsbDrivers(machine.environment) as drivers:
            return dict(await asyncio.gather(*(seen_by_us(*each, drivers) for each in plugged)))


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("qx-usb")

    async def run() -> tuple[dict[str, Seen], dict[str, Seen]]:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(len(SERVED)) as pool:
            theirs = [loop.run_in_executor(pool, seen_by_nut, folder, name) for name in SERVED]
            ours = await all_seen_by_us()
            return dict(zip(SERVED, await asyncio.gather(*theirs), strict=True)), ours

    return asyncio.run(run())


def listed(name: str) -> dict[str, str]:
    rows = re.findall(r"^\| `(\S+) (\S+)` \|", LIST.read_text(), re.MULTILINE)
    assert rows
    return {id: "listed" for pattern, id in rows if fnmatch(name, pattern)}


def order_differences(theirs: Seen, ours: Seen, ignored: dict[str, str]) -> list[str]:
    found = []
    for order, (their_success, their_requests) in theirs.orders.items():
        our_success, our_requests = ours.orders[order]
        if their_requests != our_requests:
            found.append(f"{order} sends {their_requests} for NUT and {our_requests} for us")
        is_listed = any(fnmatch(f"order:{order}", id) for id in ignored)
        if their_success != our_success and not is_listed:
            found.append(f"{order} succeeds: {their_success} for NUT and {our_success} for us")
    return found


@pytest.mark.parametrize("name", SERVED)
def test_a_bridge_shows_and_carries_what_it_does_with_nutdrv_qx(name, both):
    theirs, ours = both[0][name], both[1][name]
    ignored = listed(name)
    found = record("qx-usb", name, theirs.report, ours.report, ignored)
    assert not found + order_differences(theirs, ours, ignored)


@pytest.mark.parametrize("name", NEWER)
def test_a_newer_bridge_shows_the_same_as_an_older_one(name, both):
    variables = dict(both[1][name].report.variables)
    older = dict(both[1]["cypress"].report.variables)
    for each in (variables, older):
        del each["ups.vendorid"], each["ups.productid"]
    assert variables == older
    assert both[1][name].orders == both[1]["cypress"].orders
