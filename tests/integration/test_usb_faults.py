"""The driver usbhid and devices that refuse, garble and come back in a bad moment."""

import asyncio
import contextlib
import errno

import pytest
import usb.core

from services.driver.contract import Site
from services.driver.drivers.usbhid import UsbHidDriver
from services.driver.drivers.usbhid_options import UsbHidOptions
from services.driver.protocols.hid.descriptor import Report
from services.driver.transports import usb as usbline
from services.driver.transports import usbfinding, usblistener
from services.driver.transports.reports import NoReportError
from shared.errors import DeviceError
from tests.integration.watcher import TIMEOUT
from tests.likenut import OurDriver
from tests.simulators.usb import UsbBus
from tests.simulators.usbups import BEEPER, CHARGE, ON_BATTERY, ONLINE, STATUS, small_ups

pytestmark = pytest.mark.integration

FEATURE = Report.FEATURE


@pytest.fixture
def bus(monkeypatch):
    bus = UsbBus()
    monkeypatch.setattr(usbfinding, "backend", lambda: bus)
    monkeypatch.setattr(usbline, "LOOK_INTERVAL", 0.02)
    monkeypatch.setattr(usblistener, "LISTEN_STEP", 0.02)
    yield bus
    assert all(plug.has_kernel_driver for plug in bus.plugs)
    assert not bus.handles


async def until(condition):
    async with asyncio.timeout(TIMEOUT):
        while not condition():
            await asyncio.sleep(0.01)


async def soon(awaitable):
    async with asyncio.timeout(TIMEOUT):
        return await awaitable


def refused_endpoint(bus, monkeypatch):
    tries = []

    def refuse(*_call):
        tries.append(1)
        raise usb.core.USBError("pipe", None, errno.EPIPE)

    monkeypatch.setattr(bus, "intr_read", refuse)
    return tries


async def test_a_device_whose_endpoint_is_refused_is_polled_all_the_same(bus, monkeypatch):
    ups = small_ups()
    bus.plug(ups, "1-2")
    tries = refused_endpoint(bus, monkeypatch)
    async with OurDriver("usbhid", "auto") as driver:
        await until(lambda: len(tries) > usblistener.MOST_STALLS + 2)
        assert (await driver.report()).variables["ups.status"] == "OL"
        ups.reports[FEATURE, STATUS] = ON_BATTERY
        assert (await driver.report()).variables["ups.status"] == "OB DISCHRG"


async def test_a_device_that_can_only_be_listened_to_is_lost_with_its_endpoint(bus, monkeypatch):
    bus.plug(small_ups(), "1-2")
    refused_endpoint(bus, monkeypatch)
    async with OurDriver("usbhid", "auto", {"interruptonly": True}) as driver:
        with pytest.raises(NoReportError, match="refused"):
            await soon(driver.driver.wait())


async def test_the_same_news_a_second_time_are_news(bus):
    ups = small_ups()
    bus.plug(ups, "1-2")
    async with OurDriver("usbhid", "auto") as driver:
        await driver.report()
        for _ in range(3):
            ups.outage()
            await soon(driver.driver.wait())
            assert (await driver.report()).variables["ups.status"] == "OB DISCHRG"
            ups.reports[FEATURE, STATUS] = ONLINE  # it does not say so
            async with asyncio.timeout(TIMEOUT):
                while (await driver.report()).variables["ups.status"] != "OL":
                    await asyncio.sleep(0.05)


async def test_a_report_with_another_id_is_left_out_and_the_rest_is_shown(bus):
    ups = small_ups()
    bus.plug(ups, "1-2")
    ups.reports[FEATURE, BEEPER] = bytes((BEEPER + 1, 2))
    async with OurDriver("usbhid", "auto", {"pollfreq": 0}) as driver:
        variables = (await driver.report()).variables
        assert (variables["ups.status"], variables["battery.charge"]) == ("OL", "100")
        assert "ups.beeper.status" not in variables
        ups.reports[FEATURE, STATUS] = bytes((STATUS + 1, *ON_BATTERY[1:]))
        with pytest.raises(DeviceError, match="does not tell"):
            await driver.report()


async def test_what_a_report_holds_beside_is_not_lost_when_it_cannot_be_read(bus):
    ups = small_ups()
    bus.plug(ups, "1-2")
    async with OurDriver("usbhid", "auto") as driver:
        device = driver.driver
        assert isinstance(device, UsbHidDriver)
        fields = device.picture.descriptor.fields
        place = next(each for each in fields if (each.report, each.id) == (FEATURE, CHARGE))
        told = ups.reports.pop((FEATURE, CHARGE))
        for charge in ("20", "30"):
            await device._write(None, place, charge)
            assert ups.written[-1] == (FEATURE, CHARGE, bytes((CHARGE, int(charge), *told[2:])))
            del ups.reports[FEATURE, CHARGE]


async def test_a_line_that_nobody_waits_for_is_given_back(bus):
    plug = bus.plug(small_ups(), "1-2")
    driver = UsbHidDriver(Site("ups", "auto"), UsbHidOptions())
    await driver.open()
    closing = asyncio.create_task(driver.close())
    await asyncio.sleep(0)
    closing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await closing
    await until(lambda: plug.has_kernel_driver and not bus.handles)


async def test_rights_that_come_a_moment_after_the_device_are_waited_for(bus):
    hints: dict[str, str] = {}
    driver = UsbHidDriver(Site("ups", "auto", hints=hints), UsbHidOptions())
    with pytest.raises(DeviceError, match="no such USB device"):
        await driver.open()
    await driver.close()
    bus.is_permitted = False
    refused = asyncio.Event()
    loop = asyncio.get_running_loop()
    open_device = bus.open_device

    def opened(plug):
        if not bus.is_permitted:
            loop.call_soon_threadsafe(refused.set)
        return open_device(plug)

    bus.open_device = opened
    driver = UsbHidDriver(Site("ups", "auto", hints=hints), UsbHidOptions())
    bus.plug(small_ups(), "1-2")
    opening = asyncio.create_task(driver.open())
    await soon(refused.wait())
    bus.is_permitted = True
    await soon(opening)
    await driver.close()


async def test_rights_that_never_come_are_told(bus, monkeypatch):
    monkeypatch.setattr(usbline, "FLEETING", 0.1)
    hints: dict[str, str] = {}
    for reason in ("no such USB device", "udev rules"):
        driver = UsbHidDriver(Site("ups", "auto", hints=hints), UsbHidOptions())
        with pytest.raises(DeviceError, match=reason):
            await driver.open()
        await driver.close()
        bus.is_permitted = False
        if not bus.plugs:
            bus.plug(small_ups(), "1-2")


async def test_others_are_not_asked_for_their_texts_again_and_again(bus):
    hints: dict[str, str] = {}
    options = UsbHidOptions(serial="A1")
    driver = UsbHidDriver(Site("ups", "auto", hints=hints), options)
    bus.plug(small_ups("B2"), "1-1")
    with pytest.raises(DeviceError, match="no such USB device"):
        await driver.open()
    await driver.close()
    asked: list[int] = []
    looks: list[int] = []
    control, enumerated = bus.ctrl_transfer, bus.enumerate_devices

    def controlled(*call):
        asked.append(looks[-1])
        return control(*call)

    def looked():
        looks.append(len(looks))
        return enumerated()

    bus.ctrl_transfer, bus.enumerate_devices = controlled, looked
    driver = UsbHidDriver(Site("ups", "auto", hints=hints), options)
    opening = asyncio.create_task(driver.open())
    await until(lambda: len(looks) > 5)
    assert set(asked) == {0}
    bus.plug(small_ups("A1"), "1-2")
    await soon(opening)
    await driver.close()
