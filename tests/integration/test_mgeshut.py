"""The driver mge-shut on the bus, with devices and lines that fail."""

import asyncio

import pytest

from services.driver.drivers.mgeshut import MgeShutOptions
from services.driver.protocols.hid.descriptor import Report
from services.driver.transports import shut
from services.driver.transports.reports import NoReportError
from services.driver.transports.shut import ShutReports
from shared.errors import DeviceError, ResultStatus, SettingsError
from shared.topics import DeviceTopic
from tests.integration.watcher import TIMEOUT, driver_settings, driving, watching
from tests.likenut import OurDriver
from tests.realusb_recorded import FOLDER, PluggedModel, model_of
from tests.simulators.shut import SimulatedShut

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there are no recordings in {FOLDER}"),
]

NAME = "eaton_0463-ffff_3s-700"
PRESENT = "UPS.PowerSummary.PresentStatus.ACPresent"
CHARGE = "UPS.PowerSummary.RemainingCapacity"
LEVELS = (b"\x16", b"\x18")
TRUE_STATES = {("OL CHRG", "92"), ("OB", "50"), ("OB CHRG", "50"), ("OB DISCHRG", "50")}


@pytest.fixture(autouse=True)
def short_patience(monkeypatch):
    for name, value in (
        ("SYNC_TIMEOUT", 0.5),
        ("REPLY_TIMEOUT", 1.0),
        ("BYTE_TIMEOUT", 0.3),
        ("QUIET", 0.02),
        ("TRIES", 2),
    ):
        monkeypatch.setattr(shut, name, value)


@pytest.fixture
def ups():
    with SimulatedShut(model_of(NAME)) as ups:
        yield ups


def cut_mains(ups):
    """Let the device be on battery; return the input report that says so."""
    plugged = PluggedModel(ups.model)
    plugged.put(CHARGE, 50)
    plugged.put(PRESENT, 0)
    return ups.model.reports[Report.INPUT, 1]


def settings(broker, folder, ups, **more):
    devices = {"ups1": {"driver": "mge-shut", "port": ups.port, **more}}
    return driver_settings(broker.url, folder, devices, poll_interval=0.1)


async def test_a_device_is_shown_on_the_bus_and_obeys(broker, tmp_path, ups):
    async with watching(broker.url) as watcher, driving(settings(broker, tmp_path, ups)):
        await watcher.variable("ups1", "ups.status", "OL CHRG")
        variables = watcher.variables("ups1")
        assert variables["battery.charge"] == "92"
        assert variables["ups.mfr"] == "EATON"
        assert variables["ups.vendorid"] == "0463"
        result = await watcher.ask("ups1", DeviceTopic.SET, "battery.charge.low", value="35")
        assert result.status is ResultStatus.OK
        await watcher.variable("ups1", "battery.charge.low", "35")
        result = await watcher.ask("ups1", DeviceTopic.COMMAND, "shutdown.return")
        assert result.status is ResultStatus.OK
        ups.is_deaf = True
        await watcher.available("ups1", "stale")
        ups.is_deaf = False
        await watcher.available("ups1")


async def test_what_comes_unasked_counts_at_once(broker, tmp_path, ups):
    devices = {"ups1": {"driver": "mge-shut", "port": ups.port, "poll_interval": 600}}
    chosen = driver_settings(broker.url, tmp_path, devices)
    async with watching(broker.url) as watcher, driving(chosen):
        await watcher.variable("ups1", "ups.status", "OL CHRG")
        report = cut_mains(ups)
        ups.notify(report[:-1])  # too short: it must not count
        ups.notify(report)
        await watcher.until(lambda: watcher.variables("ups1")["ups.status"].startswith("OB"))


async def test_an_input_report_comes_whole_and_in_order(ups):
    reports = await opened(ups)
    report = cut_mains(ups)
    ups.notify(report)
    async with asyncio.timeout(TIMEOUT):
        assert await reports.inputs() == [report]
    waiting = asyncio.create_task(reports.inputs())
    await asyncio.sleep(0)
    waiting.cancel()
    ups.notify(report)
    assert await reports.string(1) == "EATON"  # the report comes in between
    assert reports.has_inputs
    async with asyncio.timeout(TIMEOUT):
        assert await reports.inputs() == [report]
    await reports.close()


async def opened(ups, levels=LEVELS):
    reports = ShutReports(ups.port, levels)
    await reports.open()
    await reports.descriptor()
    return reports


@pytest.mark.parametrize(
    ("notification", "known", "level"),
    [
        (1, (0x18,), 0x18),
        (2, (0x17,), 0x17),
        (3, (0x16, 0x18), 0x16),
        (3, (0x18,), 0x18),
        (1, (0x16,), 0x16),
    ],
)
async def test_notifications_are_agreed_on(notification, known, level):
    with SimulatedShut(model_of(NAME), known) as ups:
        async with OurDriver("mge-shut", ups.port, {"notification": str(notification)}) as driver:
            assert (await driver.report()).variables["ups.status"] == "OL CHRG"
        assert ups.level == level


async def test_a_line_without_a_device_is_told():
    with SimulatedShut(model_of(NAME)) as ups:
        ups.is_deaf = True
        with pytest.raises(DeviceError, match="no device answers"):
            await opened(ups)


def test_other_notifications_and_ports_are_refused():
    with pytest.raises(ValueError, match="notification"):
        MgeShutOptions.model_validate({"notification": "4"})
    with pytest.raises(SettingsError, match="name the serial port"):
        OurDriver("mge-shut", "auto", {})


class Every:
    """Does something to each packet of the device, or only to every so many."""

    def __init__(self, change, every=1):
        self.change, self.every, self.count = change, every, 0

    def __call__(self, data):
        self.count += 1
        yield from self.change(data) if self.count % self.every == 0 else (data,)


def with_noise(data):
    yield b"\x00\xff\x5a" + data


def with_wrong_sum(data):
    yield data[:-1] + bytes([data[-1] ^ 0x40]) if len(data) > 1 else data


def with_wrong_byte(data):
    yield data[:2] + bytes([data[2] ^ 0x01]) + data[3:] if len(data) > 3 else data


def cut_short(data):
    yield data[: len(data) // 2]


def twice(data):
    yield data
    if len(data) > 1:
        yield data


def without_confirmation(data):
    if data != b"\x06":
        yield data


def refusing(data):
    yield b"\x15" if data == b"\x06" else data


def lost(_data):
    return iter(())


def with_stranger(data):
    """Let the answer to another request come first."""
    yield b"\x84\x22\x01\x63\x62" + data if len(data) > 1 else data


CHANGES = (
    *(with_noise, with_wrong_sum, with_wrong_byte, cut_short, twice),
    *(without_confirmation, refusing, lost, with_stranger),
)


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
async def test_a_faulty_line_never_gives_a_wrong_value(change, every, ups):
    async with OurDriver("mge-shut", ups.port, {"pollfreq": 0}) as driver:
        true = (await driver.report()).variables
        cut_mains(ups)
        after = dict(true) | {"battery.charge": "50"}
        ups.fault = Every(change, every)
        try:
            found = (await driver.report()).variables
        except DeviceError:
            pass
        else:
            for name in ("battery.runtime", "ups.load", "battery.charge.low", "outlet.1.desc"):
                assert found.get(name) in (None, true.get(name)), name
            assert found.get("battery.charge") in (None, "92", after["battery.charge"])
            assert (found["ups.status"], found.get("battery.charge")) in TRUE_STATES
    ups.fault = None
    async with OurDriver("mge-shut", ups.port, {}) as driver:
        assert (await driver.report()).variables["battery.charge"] == "50"


@pytest.mark.parametrize(
    "change", [with_noise, with_wrong_sum, cut_short, without_confirmation, refusing]
)
async def test_a_fault_now_and_then_is_got_over(change, ups):
    async with OurDriver("mge-shut", ups.port, {"pollfreq": 0}) as driver:
        cut_mains(ups)
        ups.fault = Every(change, 9)
        found = (await driver.report()).variables
        assert found["ups.status"].startswith("OB")
        assert found["battery.charge"] == "50"


async def test_a_report_that_the_device_refuses_is_no_end_of_the_line(ups):
    reports = await opened(ups)
    with pytest.raises(NoReportError):
        await reports.get(Report.FEATURE, 0xEE, 4)
    assert await reports.string(200) == ""
    assert await reports.string(1) == "EATON"
    await reports.close()


async def test_a_long_report_is_written_in_packets(ups):
    reports = await opened(ups)
    data = bytes(range(1, 20))
    await reports.set(Report.FEATURE, 1, data)
    assert ups.model.written[-1] == (Report.FEATURE, 1, data)
    await reports.close()


async def test_a_late_response_does_not_answer_the_next_request(ups):
    reports = await opened(ups)
    ups.say(b"\x84\x44\x04\x03\x41\x00\x46")
    assert await reports.string(1) == "EATON"
    ups.fault = Every(with_stranger)
    with pytest.raises(DeviceError, match="asked for the report"):
        await reports.get(Report.FEATURE, 6, 6)
    await reports.close()


async def test_noise_without_end_is_an_error(ups):
    reports = await opened(ups)
    ups.fault = Every(lambda _data: (b"\x00" * 3000,))
    with pytest.raises(DeviceError):
        await reports.get(Report.FEATURE, 6, 6)
    await reports.close()


@pytest.mark.parametrize(("release", "option"), [(0x0202, None), (0x0100, 1)])
async def test_a_device_with_a_second_descriptor_is_asked_for_that_one(release, option):
    model = model_of(NAME)
    model.release = release
    plain, asked = model.control, []

    def control(kind, request, value, index, data):
        if (kind, request) == (0x81, 0x06):
            asked.append(value & 0xFF)
            value &= 0xFF00
        return plain(kind, request, value, index, data)

    with SimulatedShut(model) as ups:
        object.__setattr__(model, "control", control)
        reports = ShutReports(ups.port, LEVELS, option)
        await reports.open()
        assert await reports.descriptor() == model.descriptor
        await reports.close()
    assert asked == [1, 1]


async def test_a_line_that_is_lost_ends_the_waiting(ups):
    reports = await opened(ups)
    waiting = asyncio.create_task(reports.inputs())
    await asyncio.sleep(0)
    await reports.close()
    with pytest.raises(DeviceError):
        async with asyncio.timeout(TIMEOUT):
            await waiting
