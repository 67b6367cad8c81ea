"""The driver usbhid on the bus: news, orders, plugs that are pulled and devices that err."""

import asyncio
import itertools

import pytest

from services.driver.drivers import usbhid_device
from services.driver.drivers.usbhid import UsbHidDriver
from services.driver.protocols.hid.descriptor import Report
from services.driver.transports import usb as usbline
from services.driver.transports import usbfinding, usblistener
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError
from shared.messages import DeviceState, read
from shared.topics import DeviceTopic
from tests.integration.watcher import TIMEOUT, driver_settings, driving, watching
from tests.likenut import OurDriver
from tests.simulators.usb import UsbBus
from tests.simulators.usbups import (
    BEEPER,
    CHARGE,
    LOW_BATTERY,
    ON_BATTERY,
    SHUTDOWN,
    START,
    STATUS,
    small_ups,
)

pytestmark = pytest.mark.integration

COMMAND, SET = DeviceTopic.COMMAND, DeviceTopic.SET
FEATURE = Report.FEATURE


@pytest.fixture
def usb(monkeypatch):
    bus = UsbBus()
    monkeypatch.setattr(usbfinding, "backend", lambda: bus)
    monkeypatch.setattr(usblistener, "LISTEN_STEP", 0.02)
    monkeypatch.setattr(usbline, "LOOK_INTERVAL", 0.05)
    monkeypatch.setattr(usbline, "SETTLE", 0.5)
    yield bus
    assert all(plug.claimed_by is None for plug in bus.plugs)
    assert all(plug.has_kernel_driver for plug in bus.plugs)  # it was given back
    assert not bus.handles


@pytest.fixture
async def watcher(broker):
    async with watching(broker.url) as watcher:
        yield watcher


def settings(broker, folder, *names, **options):
    devices = {name: {"driver": "usbhid-ups", "port": "auto", **options} for name in names}
    return driver_settings(broker.url, folder, devices)


def shown(watcher, device="ups"):
    """List every status and charge that the device was shown with."""
    topic = watcher.topic(device, DeviceTopic.STATE)
    states = [read(DeviceState, m) for m in watcher.messages if m.topic == topic]
    known = [state.vars for state in states]
    return {(each["ups.status"], each.get("battery.charge")) for each in known}


async def until(condition):
    async with asyncio.timeout(TIMEOUT):
        while not condition():
            await asyncio.sleep(0.01)


async def test_news_are_on_the_bus_without_a_poll(broker, tmp_path, watcher, usb):
    ups = small_ups()
    usb.plug(ups, "1-2")
    slow = driver_settings(
        broker.url, tmp_path, {"ups": {"driver": "usbhid", "port": "auto"}}, poll_interval=600
    )
    async with driving(slow):
        await watcher.variable("ups", "ups.status", "OL")
        ups.say(ON_BATTERY)
        await watcher.variable("ups", "ups.status", "OB DISCHRG")
        ups.say(bytes((CHARGE, 42, 60, 0)))
        await watcher.variable("ups", "battery.charge", "42")
        assert watcher.variables("ups")["battery.runtime"] == "60"
        assert watcher.variables("ups")["ups.vendorid"] == "0463"


async def test_a_plug_that_is_pulled_makes_the_device_stale_and_back_it_is_found(
    broker, tmp_path, watcher, usb
):
    ups = small_ups()
    plug = usb.plug(ups, "1-2")
    async with driving(settings(broker, tmp_path, "ups")):
        await watcher.available("ups")
        usb.unplug(plug)
        await watcher.available("ups", "stale")
        usb.plug(ups, "1-2")
        await watcher.available("ups")
        assert shown(watcher) == {("OL", "100")}


async def test_a_plug_may_be_pulled_in_any_state(usb, monkeypatch):
    """Pull it at the first transfer, the second and so on, until a whole life has passed."""
    for count in itertools.count(1):
        ups, transfers = small_ups(), itertools.count(1)
        plug = usb.plug(ups, "1-2")
        control = ups.control

        def answer(*setup, control=control, plug=plug, count=count, transfers=transfers):
            if next(transfers) == count:
                usb.unplug(plug)
            return control(*setup)

        monkeypatch.setattr(ups, "control", answer)
        try:
            async with OurDriver("usbhid", "auto") as driver:
                assert (await driver.report()).variables["ups.status"] == "OL"
                await driver.command("shutdown.return")
                assert (await driver.report()).variables["battery.charge"] == "100"
                usb.unplug(plug)
                with pytest.raises(DeviceError, match="gone"):
                    await driver.driver.wait()
        except DeviceError:
            assert plug.is_gone
        if next(transfers) <= count:
            break
    assert count > 20


async def test_a_device_without_a_serial_number_is_found_on_another_port(
    broker, tmp_path, watcher, usb
):
    ups = small_ups()
    plug = usb.plug(ups, "1-2")
    async with driving(settings(broker, tmp_path, "ups")):
        await watcher.available("ups")
        usb.unplug(plug)
        await watcher.available("ups", "stale")
        usb.plug(ups, "2-1.4")
        await watcher.available("ups")


async def test_twins_take_one_device_each_and_keep_their_names_by_their_ports(
    broker, tmp_path, watcher, usb
):
    left, right = small_ups(charge=11), small_ups(charge=22)
    plugs = [usb.plug(left, "1-1"), usb.plug(right, "1-2")]
    async with driving(settings(broker, tmp_path, "a", "b")):
        await watcher.available("a")
        await watcher.available("b")
        charges = [watcher.variables(name)["battery.charge"] for name in "ab"]
        assert sorted(charges) == ["11", "22"]
        for plug in plugs:
            usb.unplug(plug)
        await watcher.available("a", "stale")
        await watcher.available("b", "stale")
        for ups, port in ((right, "1-2"), (left, "1-1")):
            usb.plug(ups, port)
        await watcher.available("a")
        await watcher.available("b")
        assert charges == [watcher.variables(name)["battery.charge"] for name in "ab"]


async def test_twins_with_serial_numbers_keep_their_names_when_they_are_swapped(
    broker, tmp_path, watcher, usb
):
    left, right = small_ups("A1", charge=11), small_ups("B2", charge=22)
    plugs = [usb.plug(left, "1-1"), usb.plug(right, "1-2")]
    async with driving(settings(broker, tmp_path, "a", "b")):
        await watcher.available("a")
        await watcher.available("b")
        charges = [watcher.variables(name)["battery.charge"] for name in "ab"]
        for plug in plugs:
            usb.unplug(plug)
        await watcher.available("a", "stale")
        await watcher.available("b", "stale")
        usb.plug(right, "1-1")
        usb.plug(left, "1-2")
        await watcher.available("a")
        await watcher.available("b")
        assert charges == [watcher.variables(name)["battery.charge"] for name in "ab"]
        for name, charge in zip("ab", charges, strict=True):
            assert shown(watcher, name) == {("OL", charge)}


async def test_options_choose_a_device_by_its_port_its_texts_or_its_ids(usb):
    for number in (1, 2):
        usb.plug(small_ups(f"S{number}", charge=number), f"1-1.{number}")
    for options in (
        {"busport": "1-1\\.2"},
        {"busport": "002"},
        {"serial": "s[[:digit:]]", "busport": "1-1.2"},
        {"serial": "S2", "vendor": "EAT.*", "product": "small.*", "vendorid": "046."},
    ):
        async with OurDriver("usbhid", "auto", options) as driver:
            assert (await driver.report()).variables["battery.charge"] == "2"
    for options in ({"serial": "S"}, {"productid": "fff"}, {"bus": "1"}):
        with pytest.raises(DeviceError, match="no such USB device"):
            async with OurDriver("usbhid", "auto", options):
                pass


def test_options_that_cannot_work_are_refused():
    for options in ({"serial": "("}, {"subdriver": "mge"}):
        with pytest.raises(SettingsError):
            OurDriver("usbhid", "auto", options)
    ids = {"vendorid": "0463", "productid": "ffff"}
    with pytest.raises(SettingsError, match="no table is called"):
        OurDriver("usbhid", "auto", {"subdriver": "nobody", **ids})


async def test_a_stranger_is_not_opened_unless_it_is_asked_for(usb):
    usb.plug(small_ups(vendor=0x1234), "1-2")
    with pytest.raises(DeviceError, match="no such USB device"):
        async with OurDriver("usbhid", "auto"):
            pass
    async with OurDriver("usbhid", "auto", {"vendorid": "1234"}) as driver:
        report = await driver.report()
        assert (report.variables["ups.status"], report.variables["battery.charge"]) == ("OL", "100")
        assert "load.off.delay" in report.commands


async def test_a_device_that_may_not_be_opened_is_named_with_the_cure(usb):
    usb.plug(small_ups(), "1-2")
    usb.is_permitted = False
    with pytest.raises(DeviceError, match=r"USB 1-2 \(0463:ffff\): not permitted.*udev"):
        async with OurDriver("usbhid", "auto"):
            pass


async def test_orders_are_written_as_nut_composes_them(usb):
    ups = small_ups()
    usb.plug(ups, "1-2")
    async with OurDriver("usbhid", "auto", {"offdelay": "25", "ondelay": "70"}) as driver:
        report = await driver.report()
        assert {"load.off", "load.on", "shutdown.return", "shutdown.stayoff", "shutdown.stop"} <= (
            set(report.commands)
        )
        assert report.variables["ups.delay.shutdown"] == "25"
        await driver.command("shutdown.return")
        assert ups.written == [
            (FEATURE, START, bytes((START, 70, 0))),
            (FEATURE, SHUTDOWN, bytes((SHUTDOWN, 25, 0))),
        ]
        await driver.command("shutdown.stop")
        assert ups.written[-1][2] == bytes((SHUTDOWN, 0xFF, 0xFF))
        await driver.command("load.off")
        assert ups.written[-1][2] == bytes((SHUTDOWN, 0, 0))
        await driver.command("load.off.delay", "300")
        assert ups.written[-1][2] == bytes((SHUTDOWN, 0x2C, 0x01))
        await driver.command("beeper.off")
        assert ups.written[-1][2] == bytes((BEEPER, 1))
        assert (await driver.report()).variables["ups.beeper.status"] == "disabled"
        await driver.set("ups.delay.shutdown", "40")
        await driver.command("shutdown.stayoff")
        assert [data for _, _, data in ups.written[-2:]] == [
            bytes((START, 0xFF, 0xFF)),
            bytes((SHUTDOWN, 40, 0)),
        ]
        with pytest.raises(RefusedError):
            await driver.command("load.off.delay", "a while")
        with pytest.raises(RefusedError):
            await driver.command("no.such.command")


async def test_a_variable_is_written_over_the_bus(broker, tmp_path, watcher, usb):
    ups = small_ups()
    usb.plug(ups, "1-2")
    async with driving(settings(broker, tmp_path, "ups")):
        await watcher.available("ups")
        result = await watcher.ask("ups", SET, "battery.charge.low", value="35")
        assert result.status is ResultStatus.OK
        assert watcher.variables("ups")["battery.charge.low"] == "35"


async def test_each_report_is_fetched_once_a_poll(usb):
    ups = small_ups()
    usb.plug(ups, "1-2")
    async with OurDriver("usbhid", "auto", {"pollfreq": 0}) as driver:
        for _ in range(3):
            ups.asked.clear()
            await driver.report()
            assert len(ups.asked) == len(set(ups.asked))
            assert (FEATURE, STATUS) in ups.asked


@pytest.mark.parametrize("change", [-1, -2, -3, 1, 60])
@pytest.mark.parametrize("id", [STATUS, CHARGE])
async def test_reports_of_another_length_never_give_a_wrong_value(usb, id, change):
    ups = small_ups()
    usb.plug(ups, "1-2")
    async with OurDriver("usbhid", "auto", {"pollfreq": 0}) as driver:
        before = (await driver.report()).variables
        ups.cut[FEATURE, id] = change
        try:
            after = (await driver.report()).variables
        except DeviceError:
            assert id == STATUS
            assert change < 0
        else:
            assert {k: v for k, v in after.items() if before.get(k) != v} == {}


async def test_input_reports_of_another_length_never_give_a_wrong_value(usb):
    ups = small_ups()
    usb.plug(ups, "1-2")
    async with OurDriver("usbhid", "auto") as driver:
        before = (await driver.report()).variables
        ups.say(b"\x00", bytes((CHARGE,)), bytes((CHARGE, 77, 1)), bytes((0xEE, 1, 2, 3)))
        await driver.driver.wait()
        after = (await driver.report()).variables
        assert after["battery.charge"] == "77"
        assert after["battery.runtime"] == before["battery.runtime"]
        assert "OL" in after["ups.status"]


@pytest.mark.parametrize("length", [0, 1, 40, 100, 200])
async def test_a_descriptor_that_is_cut_short_gives_less_and_nothing_wrong(usb, length):
    whole, cut = small_ups(), small_ups()
    cut.told_length = length
    plug = usb.plug(whole, "1-2")
    async with OurDriver("usbhid", "auto") as driver:
        right = (await driver.report()).variables
    usb.unplug(plug)
    usb.plug(cut, "1-2")
    if length <= 40:
        with pytest.raises(DeviceError, match="descriptor"):
            async with OurDriver("usbhid", "auto"):
                pass
        return
    async with OurDriver("usbhid", "auto") as driver:
        found = dict((await driver.report()).variables)
        assert found.pop("ups.status", "") in ("OL", "")
        assert {k: v for k, v in found.items() if right.get(k) != v} == {}


@pytest.mark.parametrize("trouble", ["stalled", "silent"])
async def test_a_status_that_is_not_told_any_more_makes_the_device_stale(
    broker, tmp_path, watcher, usb, trouble
):
    ups = small_ups()
    usb.plug(ups, "1-2")
    async with driving(settings(broker, tmp_path, "ups", pollonly=True)):
        await watcher.available("ups")
        getattr(ups, trouble).add((FEATURE, STATUS))
        await watcher.available("ups", "stale")
        getattr(ups, trouble).clear()
        await watcher.available("ups")


async def test_what_else_is_refused_is_absent_and_the_rest_is_shown(usb):
    ups = small_ups()
    usb.plug(ups, "1-2")
    async with OurDriver("usbhid", "auto", {"pollfreq": 0}) as driver:
        assert "battery.charge" in (await driver.report()).variables
        ups.stalled.add((FEATURE, CHARGE))
        report = await driver.report()
        assert "battery.charge" not in report.variables
        assert report.variables["ups.status"] == "OL"
        ups.stalled.clear()
        assert (await driver.report()).variables["battery.charge"] == "100"


async def test_an_endless_stream_of_input_reports_holds_nobody_up(
    broker, tmp_path, watcher, usb, monkeypatch
):
    monkeypatch.setattr(usbhid_device, "QUICK_INTERVAL", 0.2)
    ups = small_ups()
    usb.plug(ups, "1-2")
    devices = {"ups": {"driver": "usbhid", "port": "auto", "pollfreq": 0}}
    seldom = driver_settings(broker.url, tmp_path, devices, poll_interval=600)
    async with driving(seldom):
        await watcher.available("ups")
        ups.asked.clear()
        ups.stream = (bytes((CHARGE, 100, count % 256, 0x0E)) for count in itertools.count())
        await until(lambda: ups.asked.count((FEATURE, STATUS)) > 5)  # it is still polled
        ups.reports[FEATURE, STATUS] = LOW_BATTERY
        await watcher.until(lambda: "LB" in watcher.variables("ups")["ups.status"])
        assert {status for status, _ in shown(watcher)} == {"OL", "OB DISCHRG LB"}


async def test_news_break_off_a_poll_that_is_under_way(usb):
    ups = small_ups()
    usb.plug(ups, "1-2")
    async with OurDriver("usbhid", "auto", {"pollfreq": 0}) as driver:
        await driver.report()
        ups.outage()
        assert isinstance(driver.driver, UsbHidDriver)
        await until(lambda: driver.driver._reports.has_inputs)
        ups.asked.clear()
        assert (await driver.report()).variables["ups.status"] == "OB DISCHRG"
        assert len(ups.asked) < 2
        await driver.driver.wait()  # at once: a walk is owed
        await driver.report()
        assert (FEATURE, CHARGE) in ups.asked


async def waited_for(driver, holds):
    """Wait for news until the condition holds for the report."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            await driver.driver.wait()
            report = await driver.report()
            if holds(report):
                return report


async def test_a_device_that_only_tells_what_it_wants_is_shown_by_that(usb):
    ups = small_ups()
    usb.plug(ups, "1-2")
    async with OurDriver("usbhid", "auto", {"interruptonly": True}) as driver:
        assert "ups.status" not in (await driver.report()).variables
        ups.say(ON_BATTERY, bytes((CHARGE, 50, 60, 0)))
        report = await waited_for(driver, lambda report: "battery.charge" in report.variables)
        assert report.variables["ups.status"] == "OB DISCHRG"
        assert report.variables["battery.charge"] == "50"
        assert (await driver.report()).variables == report.variables  # a walk forgets nothing
        assert ups.asked == []
        await driver.command("load.off")
        assert ups.written[-1] == (FEATURE, SHUTDOWN, bytes((SHUTDOWN, 0, 0)))


async def test_a_device_that_is_away_for_long_is_found_as_soon_as_it_comes(
    broker, tmp_path, watcher, usb, monkeypatch
):
    monkeypatch.setattr(usbline, "PATIENCE", 0.1)
    looks = 0
    enumerate_devices = usb.enumerate_devices

    def counted():
        nonlocal looks
        looks += 1
        return enumerate_devices()

    monkeypatch.setattr(usb, "enumerate_devices", counted)
    async with driving(settings(broker, tmp_path, "ups")):
        await watcher.available("ups", "stale")
        await until(lambda: looks > 10)
        usb.plug(small_ups(), "1-2")
        await watcher.available("ups")


async def test_reports_that_are_never_answered_are_done_without(usb):
    ups = small_ups()
    usb.plug(ups, "1-2")
    ups.silent |= {(FEATURE, BEEPER), (FEATURE, START), (FEATURE, SHUTDOWN)}
    async with OurDriver("usbhid", "auto", {"pollfreq": 0}) as driver:
        report = await driver.report()
        assert (report.variables["ups.status"], report.variables["battery.charge"]) == ("OL", "100")
        assert "ups.beeper.status" not in report.variables
        ups.asked.clear()
        await driver.report()
        assert not ups.silent & set(ups.asked)
