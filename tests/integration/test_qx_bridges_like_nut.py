"""Debian's nutdrv_qx on a simulated USB bridge, beside ours on another of the same model."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path

import pytest

from services.driver.drivers import qx
from services.driver.transports import usbfinding
from shared.errors import RefusedError
from tests.likenut import OurDriver, RealDriver, Report, record
from tests.realusb import Machine
from tests.simulators.qx import MEGATEC
from tests.simulators.usb_bridges import MODELS, Bus

pytestmark = pytest.mark.integration

LIST = Path(__file__).parents[2] / "docs/differences/qx-usb.md"
SINCE = ("gtec", "omron")  # bridges that Debian's release does not have yet
NAMES = [name for name in MODELS if name not in SINCE]
BY_NAME = ("snr", "hunnox")  # of several bridges with the same ids these must be asked for
ORDERS = ("shutdown.return", "beeper.toggle", "test.battery.start.quick")
SLOW = ("phoenix", "sgs", "snr")  # NUT waits a second or two for each request: one order will do


def options(name):
    chosen = {"protocol": "megatec"}
    if name in BY_NAME:
        vendor, product = (f"{number:04x}" for number in MODELS[name].ids)
        chosen |= {"subdriver": name, "vendorid": vendor, "productid": product}
        chosen["langid_fix"] = "0x0409"
    return chosen


def listed(name):
    rows = re.findall(r"^\| `(\S+) (\S+)` \|", LIST.read_text(), re.MULTILINE)
    assert rows
    return {id: "listed" for pattern, id in rows if fnmatch(name, pattern)}


def orders_for(name):
    return ORDERS[:1] if name in SLOW else ORDERS


def sent(device, before):
    """List what was asked of the device since then, without what only reads."""
    return [request for request in device.requests[before:] if request not in MEGATEC]


def seen_by_nut(folder, name) -> tuple[Report, dict[str, tuple[bool, list[bytes]]]]:
    device = MODELS[name](MEGATEC, unknown=None)
    with Machine() as machine:
        machine.plug("1-2", device)
        settings = {"port": "auto", "pollinterval": "60", **options(name)}
        with RealDriver(folder, "nutdrv_qx", settings, machine.environment) as driver:
            report, orders = driver.report(), {}
            for order in orders_for(name):
                before = len(device.requests)
                is_done = driver.command(order) == 0
                orders[order] = is_done, sent(device, before)
            return report, orders


async def seen_by_us(name, monkeypatch) -> tuple[Report, dict[str, tuple[bool, list[bytes]]]]:
    device = MODELS[name](MEGATEC, unknown=None)
    bus = Bus()
    bus.plug("1-2", device)
    monkeypatch.setattr(usbfinding, "backend", lambda: bus)
    orders = {}
    async with OurDriver("qx", "auto", options(name)) as driver:
        report = await driver.report()
        for order in orders_for(name):
            before = len(device.requests)
            try:
                await driver.command(order)
            except RefusedError:
                is_done = False
            else:
                is_done = True
            orders[order] = is_done, sent(device, before)
        return report, orders


def order_differences(theirs, ours, ignored):
    found = []
    for order, (their_success, their_requests) in theirs.items():
        our_success, our_requests = ours[order]
        if their_requests != our_requests:
            found.append(f"{order} sends {their_requests} for NUT and {our_requests} for us")
        is_listed = f"order:{order}" in ignored or "order:*" in ignored
        if their_success != our_success and not is_listed:
            found.append(f"{order} succeeds: {their_success} for NUT and {our_success} for us")
    return found


async def test_every_bridge_shows_what_nutdrv_qx_shows(tmp_path, monkeypatch):
    monkeypatch.setattr(qx, "ORDER_TIMEOUT", 0.2)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(len(NAMES)) as pool:
        theirs = await asyncio.gather(
            *(loop.run_in_executor(pool, seen_by_nut, tmp_path / name, name) for name in NAMES)
        )
    found = {}
    for name, (their_report, their_orders) in zip(NAMES, theirs, strict=True):
        our_report, our_orders = await seen_by_us(name, monkeypatch)
        ignored = listed(name)
        differences = record("qx-usb", name, their_report, our_report, ignored)
        differences += order_differences(their_orders, our_orders, ignored)
        if differences:
            found[name] = differences
    assert not found
