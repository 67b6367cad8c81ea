"""Each recorded APC UPS gives the variables that were recorded with it."""

import asyncio
import os
from collections.abc import Mapping

import pytest

from services.driver.contract import Site
from services.driver.drivers.apcsmart import ApcSmartDriver, ApcSmartOptions, read_table
from services.driver.protocols.apcsmart.tables import VARIABLES
from services.driver.protocols.apcsmart.values import fits, values
from tests.likenut import OurDriver, Report
from tests.simulators.apcsmart import Device, SimulatedUps, old_ups, recorded, smart_ups

pytestmark = pytest.mark.integration

# What older versions of NUT called or said otherwise, by variable.
REASONS = {
    "driver": "what a driver says of itself is no variable of the device",
    "ambient.humidity.alarm.maximum": "NUT calls it ambient.1.humidity.high today",
    "ambient.humidity.alarm.minimum": "NUT calls it ambient.1.humidity.low today",
    "ambient.temperature.alarm.maximum": "NUT calls it ambient.1.temperature.high today",
    "ambient.temperature.alarm.minimum": "NUT calls it ambient.1.temperature.low today",
    "input.transfer.reason": "NUT says it in words today, not by its letter",
    "output.voltage.target.battery": "NUT calls it output.voltage.nominal today",
    "ups.display.language": "the recording has no reply for it",
    "ups.firmware.old": "NUT does not report it any more where the UPS has another firmware",
    "ups.serial": "it was made illegible where the recording has no reply for it",
}
AT_ONCE = 12


async def read(device: Device) -> Report:
    """Return what our driver tells of a device."""
    with SimulatedUps(device) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            return await driver.report()


async def read_all(devices: list[Device]) -> list[Report]:
    """Read many devices, some at a time."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(device: Device) -> Report:
        async with room:
            return await read(device)

    return await asyncio.gather(*(one(device) for device in devices))


def differing(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """List what is otherwise without a reason."""
    return [
        f"{name} was {value!r} and is {found.get(name)!r}"
        for name, value in expected.items()
        if found.get(name) != value and name not in REASONS and not name.startswith("driver.")
    ]


async def test_devices_recorded_with_upsc_give_the_same_variables():
    devices = recorded("reconstructed_from_upsc.json")
    reports = await read_all(devices)
    problems, compared, explained = [], 0, 0
    for device, report in zip(devices, reports, strict=True):
        expected = {k: v for k, v in device.expected.items() if not k.startswith("driver.")}
        found = differing(expected, report.variables)
        problems += [f"{device.name}: {text}" for text in found]
        compared += len(expected)
        explained += sum(report.variables.get(k) != v for k, v in expected.items())
    print(f"{len(devices)} devices, {compared} variables, {explained} with a reason")  # noqa: T201 -- the count is asked for
    assert problems == []
    assert len(devices) >= 25
    assert compared - explained > 600


@pytest.mark.parametrize(
    "file", ["reconstructed_from_apcupsd.json", "reconstructed_from_upsc.json", "recorded.json"]
)
async def test_every_recorded_reply_becomes_its_variable(file):
    devices = [device for device in recorded(file) if len(device.replies) > 1]
    reports = await read_all(devices)
    compared = 0
    for device, report in zip(devices, reports, strict=True):
        for row in VARIABLES:
            reply = device.replies.get(row.code)
            if reply is None or row.is_rival or not fits(row, reply):
                continue
            if not device.codes and row.variable not in report.variables:
                continue  # an old device has the codes of its table, whatever it could reply
            if not device.codes and row.variable == "ups.model":
                continue
            for name, value in values(row, reply).items():
                assert report.variables.get(name) == value, device.name
                compared += 1
    print(f"{file}: {len(devices)} devices, {compared} replies")  # noqa: T201 -- the count is asked for
    assert compared


async def test_a_terminal_server_carries_the_line_and_the_alerts():
    with SimulatedUps(smart_ups()) as ups:
        server = await asyncio.start_server(lambda r, w: bridge(ups.port, r, w), "127.0.0.1", 0)
        async with server:
            host, port = server.sockets[0].getsockname()
            async with OurDriver("apcsmart", f"socket://{host}:{port}") as driver:
                assert (await driver.report()).status == {"OL"}
                ups.alert("!")
                async with asyncio.timeout(10):
                    await driver.driver.wait()
                assert (await driver.report()).status == {"OB"}


async def bridge(path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes between a connection and a port, as a terminal server does."""
    loop = asyncio.get_running_loop()
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    loop.add_reader(port, lambda: writer.write(os.read(port, 256)))
    try:
        while data := await reader.read(256):
            os.write(port, data)
    finally:
        loop.remove_reader(port)
        os.close(port)
        writer.close()


async def test_a_table_of_the_user_serves_a_model_that_ours_do_not_know():
    table = read_table("mine", {"model": [{"firmware": "9ZZ", "codes": "@LQS"}]})
    known = old_ups("8II")
    device = Device("9ZZ", {**known.replies, b"V": "9ZZ"}, is_mute=True)
    with SimulatedUps(device) as ups:
        driver = ApcSmartDriver(Site("dut", ups.port, {"mine": table}), ApcSmartOptions())
        try:
            await driver.open()
            reading = await driver.poll()
        finally:
            await driver.close()
    assert reading.variables["input.voltage"] == "231.8"
    assert "battery.charge" not in reading.variables
    assert "shutdown.return" in reading.commands
