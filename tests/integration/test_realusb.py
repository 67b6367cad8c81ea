"""Our driver service and libusb itself: recorded devices that come, speak and go."""

import asyncio
import contextlib
import os
import sys

import pytest

from shared.topics import DeviceTopic
from tests.integration.watcher import TIMEOUT, watching
from tests.realusb import Machine
from tests.realusb_ours import OurUsbDrivers
from tests.realusb_recorded import FOLDER, PluggedModel, model_of
from tests.simulators.qx import MEGATEC
from tests.simulators.usb_bridges import MODELS

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there are no recordings in {FOLDER}"),
]

EATON = "eaton_0463-ffff_3s-700"  # it has no serial number
ASKED_FOR = ("snr", "hunnox", "gtec")  # several bridges have the same ids
CHARGE = "UPS.PowerSummary.RemainingCapacity"
MAINS = "UPS.PowerSummary.PresentStatus.ACPresent"


def eaton(charge):
    peer = PluggedModel(model_of(EATON))
    peer.put(CHARGE, charge)
    return peer


@pytest.fixture
def machine():
    with Machine() as machine:
        yield machine


@pytest.fixture
async def watcher(broker):
    async with watching(broker.url) as watcher:
        yield watcher


@contextlib.asynccontextmanager
async def serving(machine, broker, folder, devices, poll_interval=0.2):
    """Run a driver service of its own process for devices, by their busports."""
    text = f'[bus]\nbroker = "{broker.url}"\n'
    text += f'[driver]\nid = "test"\npoll_interval = {poll_interval}\n'
    for name, busport in devices.items():
        text += f'[devices.{name}]\ndriver = "usbhid"\nport = "auto"\nbusport = "{busport}"\n'
    file = folder / "nutbus.toml"
    file.write_text(text)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.driver", "--config", str(file)),
        env={**os.environ, **machine.environment},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield
    finally:
        process.terminate()
        async with asyncio.timeout(TIMEOUT):
            _, log = await process.communicate()
    assert process.returncode == 0, log
    assert b"Traceback" not in log


async def test_a_device_that_is_plugged_in_again_is_served_and_its_twin_all_the_time(
    machine, broker, watcher, tmp_path
):
    first, second = eaton(81), eaton(64)
    machine.plug("1-1", first)
    machine.plug("1-2", second)
    async with serving(machine, broker, tmp_path, {"left": "1-1", "right": "1-2"}):
        for _ in range(2):
            await watcher.variable("left", "battery.charge", "81")
            await watcher.variable("right", "battery.charge", "64")
            await watcher.available("left")
            machine.unplug("1-1")
            await watcher.available("left", "stale")
            machine.plug("1-1", first)
            await watcher.available("left")
        await watcher.variable("left", "battery.charge", "81")
        assert watcher.variables("right")["battery.charge"] == "64"
        topic = watcher.topic("right", DeviceTopic.AVAILABILITY)
        told = [message.payload for message in watcher.messages if message.topic == topic]
        assert b"stale" not in told[told.index(b"online") :]


async def test_what_a_device_says_unasked_is_on_the_bus(machine, broker, watcher, tmp_path):
    peer = eaton(90)
    machine.plug("1-1", peer)
    async with serving(machine, broker, tmp_path, {"ups": "1-1"}, poll_interval=60):
        await watcher.variable("ups", "ups.status", "OL CHRG")
        peer.model.say(*peer.put(MAINS, 0))
        machine.look("1-1")
        await watcher.until(lambda: "OB" in watcher.variables("ups")["ups.status"], "on battery")


async def test_the_interface_is_given_back_when_the_service_ends(
    machine, broker, watcher, tmp_path
):
    machine.plug("1-1", eaton(90))
    async with serving(machine, broker, tmp_path, {"ups": "1-1"}):
        await watcher.available("ups")
        assert machine.is_claimed("1-1")
    assert not machine.is_claimed("1-1")


def bridge_options(name, number):
    found = {"protocol": "megatec", "busport": f"1-{number}"}
    if name in ASKED_FOR:
        vendor, product = (f"{each:04x}" for each in MODELS[name].ids)
        found |= {"subdriver": name, "vendorid": vendor, "productid": product}
    return found


async def test_each_bridge_of_a_q1_device_is_served_through_libusb(machine):
    names = list(MODELS)
    for number, name in enumerate(names, 1):
        machine.plug(f"1-{number}", MODELS[name](MEGATEC, unknown=None))
    async with OurUsbDrivers(machine.environment) as drivers:
        reports = await asyncio.gather(
            *(
                drivers.open(name, "qx", bridge_options(name, number))
                for number, name in enumerate(names, 1)
            )
        )
    for report in reports:
        assert report.variables["input.voltage"] == "226.0"
        assert report.status == {"OL"}
