"""The driver qx on the bus: detection, orders and lines that fail, with simulated devices."""

import asyncio
import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.driver.drivers import KINDS, qx
from services.driver.tables import read_tables
from shared.errors import ResultStatus
from shared.messages import DeviceState, read
from shared.topics import DeviceTopic
from tests.integration.watcher import TIMEOUT, driver_settings, driving, watching
from tests.simulators.qx import END, MEGATEC, STATUS, SimulatedQx, SimulatedQxServer, examples

pytestmark = pytest.mark.integration

GUIDE = Path(__file__).parents[2] / "docs/new-device.md"
TOML = re.compile(r"```toml\n(.*?)```", re.S)
COMMAND, SET = DeviceTopic.COMMAND, DeviceTopic.SET
PATIENCE = 1.5  # seconds for a reply in these tests
# What the device of these tests may ever be seen with on the bus.
TRUE_VOLTAGES = {"226.0", "231.0"}
TRUE_STATES = {"OL", "OB", "OB LB"}
ON_BATTERY = STATUS.replace(b"226.0 195.0", b"231.0 195.0").replace(b"00001000", b"10001000")

OTHER = {
    b"Q1\r": ON_BATTERY,
    b"F\r": b"#110.0 000 048.0 60.0\r",
    b"I\r": b"#OTHER            OTHER      V2        \r",
}


def device_settings(port, **options):
    return {"driver": "qx", "port": port, "protocol": "megatec", "pollfreq": 0, **options}


def settings(broker, folder, port, **options):
    devices = {"ups1": device_settings(port, **options)}
    return driver_settings(broker.url, folder, devices, poll_interval=0.05)


@pytest.fixture(autouse=True)
def short_patience(monkeypatch):
    monkeypatch.setattr(qx, "REPLY_TIMEOUT", PATIENCE)
    monkeypatch.setattr(qx, "ORDER_TIMEOUT", 0.5)


@pytest.fixture
async def watcher(broker):
    async with watching(broker.url) as watcher:
        yield watcher


@pytest.fixture
def ups():
    with SimulatedQx(MEGATEC, unknown=None) as ups:
        yield ups


async def polls(ups, count=2):
    """Wait until the device was asked for its status so often again."""
    asked = ups.requests.count(b"Q1\r")
    async with asyncio.timeout(TIMEOUT):
        while ups.requests.count(b"Q1\r") < asked + count:
            await asyncio.sleep(0.01)


async def test_a_megatec_device_is_found_and_shown_on_the_bus(broker, tmp_path, watcher):
    with SimulatedQx(MEGATEC) as ups:
        async with driving(settings(broker, tmp_path, ups.port)):
            await watcher.available("ups1")
            await watcher.variable("ups1", "ups.status", "OL")
            variables = watcher.variables("ups1")
            assert variables["battery.voltage"] == "27.50"
            assert variables["battery.charge"] == "100"
            assert variables["ups.firmware"] == "VT12046Q"
            assert "test.battery.start" in watcher.meta("ups1").commands
            ups.replies[b"Q1\r"] = ON_BATTERY
            await watcher.variable("ups1", "ups.status", "OB")
            assert watcher.variables("ups1")["input.voltage"] == "231.0"


async def test_a_device_behind_a_terminal_server_is_read_and_obeys(broker, tmp_path, watcher):
    with SimulatedQxServer(MEGATEC, unknown=None) as ups:
        async with driving(settings(broker, tmp_path, ups.port)):
            await watcher.available("ups1")
            result = await watcher.ask("ups1", COMMAND, "test.battery.start", value="120")
            assert result.status is ResultStatus.OK
            assert b"T02\r" in ups.requests


async def test_a_device_of_the_guide_is_read_and_obeys(broker, tmp_path, watcher):
    table = next(block for block in TOML.findall(GUIDE.read_text()) if block.startswith("driver ="))
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/acme.toml").write_text(table)
    acme = read_tables(tmp_path / "tables", KINDS)["qx"]["acme"]
    with SimulatedQx({**examples(acme), b"TEST\r": b"OK\r"}, unknown=None) as ups:
        device = {"driver": "qx", "port": ups.port, "protocol": "Acme"}
        async with driving(
            driver_settings(broker.url, tmp_path, {"ups1": device}, tables="tables")
        ):
            await watcher.variable("ups1", "ups.status", "OB LB")
            result = await watcher.ask("ups1", COMMAND, "test.battery.start.quick")
            assert result.status is ResultStatus.OK
            result = await watcher.ask("ups1", COMMAND, "shutdown.return")
            assert result.status is ResultStatus.OK
    assert [each for each in ups.requests if each not in ups.replies] == [b"OFF .5R0003\r"]


async def test_delays_are_kept_and_go_into_the_shutdown(broker, tmp_path, watcher, ups):
    async with driving(settings(broker, tmp_path, ups.port, offdelay="40", ondelay="240")):
        await watcher.variable("ups1", "ups.delay.shutdown", "36")
        result = await watcher.ask("ups1", SET, "ups.delay.shutdown", value="100")
        assert result.status is ResultStatus.OK
        await watcher.variable("ups1", "ups.delay.shutdown", "60")
        too_long = await watcher.ask("ups1", SET, "ups.delay.shutdown", value="601")
        assert too_long.status is ResultStatus.INVALID
        assert (await watcher.ask("ups1", COMMAND, "shutdown.default")).status is ResultStatus.OK
        assert {b"C\r", b"S01R0004\r"} <= set(ups.requests)


async def test_a_delay_that_was_set_outlives_the_line(broker, tmp_path, watcher, ups):
    async with driving(settings(broker, tmp_path, ups.port, offdelay="40")):
        await watcher.variable("ups1", "ups.delay.shutdown", "36")
        await watcher.ask("ups1", SET, "ups.delay.shutdown", value="120")
        ups.fault = truncated
        await watcher.available("ups1", "stale")
        ups.fault = None
        await watcher.available("ups1")
        assert watcher.variables("ups1")["ups.delay.shutdown"] == "120"


async def test_an_echoed_command_has_failed(broker, tmp_path, watcher, monkeypatch):
    monkeypatch.setattr(qx, "ORDER_TIMEOUT", TIMEOUT)  # each one is answered
    with SimulatedQx(MEGATEC, unknown="echo") as ups:
        async with driving(settings(broker, tmp_path, ups.port)):
            await watcher.available("ups1")
            result = await watcher.ask("ups1", COMMAND, "beeper.toggle")
            assert result.status is ResultStatus.FAILED
            ups.unknown = b"ACK\r"
            assert (await watcher.ask("ups1", COMMAND, "beeper.toggle")).status is ResultStatus.OK


async def test_an_impossible_delay_is_told_and_the_device_stays_offline(
    broker, tmp_path, watcher, ups, caplog
):
    async with driving(settings(broker, tmp_path, ups.port, offdelay="700")):
        await watcher.available("ups1", "offline")
    assert "offdelay: 700 does not do, from 12 to 600" in caplog.text


def truncated(request, reply):
    yield reply[: len(reply) // 2]


def headless(request, reply):
    yield reply[3:]


def garbled(request, reply):
    yield bytes(byte ^ 0x80 if place % 7 == 3 else byte for place, byte in enumerate(reply[:-1]))
    yield END


def doubled(request, reply):
    yield reply[:2] + reply[1:]


def echoed(request, reply):
    yield request
    yield reply


def late(request, reply):
    yield PATIENCE + 0.2
    yield reply


def pulled(request, reply):
    yield reply[:20]


def noisy(request, reply):
    yield b"\xff\x00\x55\r(999.9 999.9 999.9 999\r"


FAULTS = (truncated, headless, garbled, doubled, echoed, late, pulled, noisy)


async def test_faulty_lines_never_show_a_wrong_value_and_come_back(broker, tmp_path, watcher):
    with ExitStack() as lines:
        fleet = {fault: lines.enter_context(SimulatedQx(MEGATEC, unknown=None)) for fault in FAULTS}
        devices = {
            fault.__name__: device_settings(ups.port, poll_interval=0.2)
            for fault, ups in fleet.items()
        }
        async with driving(driver_settings(broker.url, tmp_path, devices)):
            for fault, ups in fleet.items():
                await watcher.available(fault.__name__)
                ups.fault = fault
            for fault, ups in fleet.items():
                await watcher.available(fault.__name__, "stale")
                ups.fault = None
                ups.replies[b"Q1\r"] = ON_BATTERY
            for fault in fleet:
                await watcher.available(fault.__name__)
                await watcher.variable(fault.__name__, "ups.status", "OB")
                check_states(watcher, fault.__name__)


async def test_a_line_that_works_again_is_read_within_two_polls(broker, tmp_path, watcher, ups):
    async with driving(settings(broker, tmp_path, ups.port)):
        await watcher.available("ups1")
        ups.fault = truncated
        await watcher.available("ups1", "stale")
        ups.fault = None
        asked = ups.requests.count(b"Q1\r")
        await watcher.available("ups1")
        # The search asks once, the first walk once, and the poll that is shown.
        assert ups.requests.count(b"Q1\r") - asked <= 5


async def test_a_stall_of_300_ms_within_a_reply_is_waited_for(broker, tmp_path, watcher, ups):
    async with driving(settings(broker, tmp_path, ups.port)):
        await watcher.available("ups1")

        def stalled(request, reply):
            yield reply[:20]
            yield 0.3
            yield reply[20:]

        before = len(watcher.messages)
        ups.fault = stalled
        await polls(ups, 3)
        ups.replies[b"Q1\r"] = ON_BATTERY
        await watcher.variable("ups1", "ups.status", "OB")
        assert "ups.comm-lost" not in watcher.events("ups1")
    check_states(watcher)
    assert b"stale" not in [each.payload for each in watcher.messages[before:]]


async def test_a_device_that_says_nothing_for_a_while_comes_back(broker, tmp_path, watcher, ups):
    async with driving(settings(broker, tmp_path, ups.port)):
        await watcher.available("ups1")
        ups.connected = False
        await watcher.available("ups1", "stale")
        ups.connected = True
        await watcher.available("ups1")
    check_states(watcher)


async def test_what_comes_behind_a_reply_is_not_taken_for_the_next(broker, tmp_path, watcher, ups):
    def talkative(request, reply):
        yield reply + b"(999.0 999.0 999.0 099 50.0 27.5 30.0 01001000\r"

    async with driving(settings(broker, tmp_path, ups.port)):
        await watcher.available("ups1")
        ups.fault = talkative
        await polls(ups, 10)
        await watcher.available("ups1")
    assert {state["ups.load"] for state in published(watcher)} == {"14"}


async def test_two_devices_swapped_between_polls_are_not_mixed(broker, tmp_path, watcher, ups):
    async with driving(settings(broker, tmp_path, ups.port)):
        await watcher.available("ups1")
        ups.replies = OTHER
        await watcher.variable("ups1", "ups.firmware", "V2")
        variables = watcher.variables("ups1")
        assert variables["battery.voltage.nominal"] == "48.0"
        assert variables["device.mfr"] == "OTHER"
    for state in published(watcher):
        pair = state.get("ups.firmware"), state.get("battery.voltage.nominal")
        assert pair in {("VT12046Q", "24.0"), ("V2", "48.0")}


async def test_a_device_swapped_during_a_short_silence_is_noticed_in_the_same_poll(
    broker, tmp_path, watcher, ups
):
    async with driving(settings(broker, tmp_path, ups.port, pollfreq=3600)):
        await watcher.variable("ups1", "ups.firmware", "VT12046Q")

        def swapped(request, reply):
            ups.fault = None  # this one reply is lost with the old device
            ups.replies |= OTHER
            yield b""

        ups.fault = swapped
        await watcher.variable("ups1", "ups.firmware", "V2")
    for state in published(watcher):
        pair = state["input.voltage"], state["ups.firmware"]
        assert pair in {("226.0", "VT12046Q"), ("231.0", "V2")}


def published(watcher, name="ups1"):
    """All states of the device that were ever on the bus."""
    topic = watcher.topic(name, DeviceTopic.STATE)
    return [read(DeviceState, each).vars for each in watcher.messages if each.topic == topic]


def check_states(watcher, name="ups1"):
    for state in published(watcher, name):
        assert state["input.voltage"] in TRUE_VOLTAGES
        assert state["ups.status"] in TRUE_STATES
        assert state["battery.voltage.nominal"] == "24.0"
        assert state["ups.firmware"] == "VT12046Q"
