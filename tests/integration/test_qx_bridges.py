"""The driver qx over USB: each bridge played by a simulated device, well and faulty."""

import asyncio

import pytest

from services.driver.drivers import qx_usb
from services.driver.drivers.qx_options import QxOptions
from services.driver.protocols.qx.bridges import BRIDGES
from services.driver.protocols.qx.registry import DIALECTS
from services.driver.transports import usbfinding
from shared.errors import DeviceError, RefusedError, ResultStatus, SettingsError
from shared.topics import DeviceTopic
from tests.integration.watcher import driver_settings, driving, watching
from tests.likenut import OurDriver
from tests.simulators.qx import MEGATEC, STATUS, SimulatedQx, examples
from tests.simulators.usb_bridges import (
    MODELS,
    Bus,
    Cypress,
    Krauler,
    NewArmac,
    Texts,
    described,
)

pytestmark = pytest.mark.integration

ALL = {**MODELS, "armac, newer": NewArmac}
OWN = [("ablerex", "ablerex"), ("hunnox", "hunnox"), ("gtec", "gtec"), ("omron", "omron")]
OWN += [("phoenixtec", "masterguard"), ("sgs", "megatec"), ("ippon", "mustek")]
STALLING = [name for name in ALL if name != "ablerex" and not issubclass(ALL[name], Texts)]
ON_BATTERY = STATUS.replace(b"226.0 195.0", b"231.0 195.0").replace(b"00001000", b"10001000")
TRUE_STATES = {("226.0", "OL"), ("231.0", "OB")}
PLACE = {"ups.vendorid", "ups.productid"}
QUICK, RETURN, TOGGLE = "test.battery.start.quick", "shutdown.return", "beeper.toggle"
# What reaches the device of three commands; None where the bridge cannot carry one.
USUAL = {QUICK: b"T\r", RETURN: b"S.5R0003\r", TOGGLE: b"Q\r"}
OTHERWISE: dict[str, dict[str, bytes | None]] = {
    "krauler": {RETURN: None},
    "fabula": {QUICK: None, RETURN: b"<24>\r"},
    "hunnox": {QUICK: None, RETURN: b"<24>\r"},
    "snr": {QUICK: None, RETURN: None, TOGGLE: None},
    "fuji": {RETURN: b"S.5\r"},
}


@pytest.fixture(autouse=True)
def bus(monkeypatch):
    bus = Bus()
    monkeypatch.setattr(usbfinding, "backend", lambda: bus)
    return bus


@pytest.fixture(autouse=True)
def no_pauses():
    """Do not wait for what simulated devices do at once."""
    pauses = [(bridge, bridge.pause) for bridge in BRIDGES]
    for bridge, _ in pauses:
        object.__setattr__(bridge, "pause", 0.0)
    yield
    for bridge, pause in pauses:
        object.__setattr__(bridge, "pause", pause)


def options(name, **more):
    """Say which bridge is meant where the ids do not, and speak megatec."""
    chosen = {"protocol": "megatec", "pollfreq": 0, **more}
    if name in ("snr", "gtec"):
        vendor, product = (f"{number:04x}" for number in MODELS[name].ids)
        chosen |= {"subdriver": name, "vendorid": vendor, "productid": product}
    return chosen


async def report(port, chosen):
    async with OurDriver("qx", port, chosen) as driver:
        return await driver.report()


@pytest.fixture(scope="module")
def serial():
    with SimulatedQx(MEGATEC) as ups:
        return asyncio.run(report(ups.port, {"protocol": "megatec"}))


@pytest.mark.parametrize("name", ALL)
async def test_a_device_behind_a_bridge_says_what_it_says_on_a_serial_line(name, bus, serial):
    device = ALL[name](MEGATEC, unknown=None)
    bus.plug("1-2", device)
    found = await report("auto", options(name))
    assert {key: found.variables[key] for key in serial.variables} == serial.variables
    assert set(found.variables) - set(serial.variables) == PLACE
    assert found.variables["ups.vendorid"] == f"{device.ids[0]:04x}"
    assert (found.commands, found.writable) == (serial.commands, serial.writable)


@pytest.mark.parametrize("name", ALL)
async def test_commands_reach_the_device_behind_a_bridge(name, bus):
    device = ALL[name](MEGATEC, unknown=None)
    bus.plug("1-2", device)
    expected: dict[str, bytes | None] = {**USUAL, **OTHERWISE.get(name, {})}
    async with OurDriver("qx", "auto", options(name)) as driver:
        for command, request in expected.items():
            device.requests.clear()
            if request is None:
                with pytest.raises(RefusedError):
                    await driver.command(command)
                assert not set(device.requests) - set(MEGATEC)
            else:
                await driver.command(command)
                assert [each for each in device.requests if each not in MEGATEC] == [request]


@pytest.mark.parametrize("name", ALL)
async def test_a_device_behind_a_bridge_is_found_without_saying_what_it_speaks(name, bus):
    device = ALL[name](MEGATEC, unknown=None)
    bus.plug("1-2", device)
    chosen = options(name)
    del chosen["protocol"]
    found = await report("auto", chosen)
    assert found.variables["ups.status"] == "OL"
    assert found.variables["input.voltage"] == "226.0"


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
async def test_every_dialect_says_the_same_over_usb(dialect, bus):
    replies = examples(dialect)
    chosen = {"protocol": dialect.name}
    with SimulatedQx(replies, unknown=None) as ups:
        serial = await report(ups.port, chosen)
    bus.plug("1-2", Cypress(replies, unknown=None))
    found = await report("auto", chosen)
    for name in PLACE:
        found.variables.pop(name)
    assert found == serial


@pytest.mark.parametrize(("name", "dialect"), OWN)
async def test_a_bridge_carries_the_dialect_of_its_maker(name, dialect, bus):
    replies = examples(next(each for each in DIALECTS if each.name == dialect))
    # The bridge of a hunnox has no text for the question that its dialect asks for the vendor.
    chosen = options(name, protocol=dialect, novendor=name == "hunnox")
    usb = {
        each: chosen.pop(each) for each in ("subdriver", "vendorid", "productid") if each in chosen
    }
    with SimulatedQx(replies, unknown=None) as ups:
        serial = await report(ups.port, chosen)
    bus.plug("1-2", MODELS[name](replies, unknown=None))
    found = await report("auto", {**chosen, **usb})
    for each in PLACE:
        found.variables.pop(each)
    assert found == serial


def halved(packets):
    return packets[: len(packets) // 2] or [packets[0][: len(packets[0]) // 2]]


def without_first(packets):
    return packets[1:]


def backwards(packets):
    return [packet[::-1] for packet in packets[::-1]]


def doubled(packets):
    return [packets[0], *packets]


def garbled(packets):
    return [bytes(byte ^ 0x80 if byte else 0 for byte in packet) for packet in packets]


def noisy(packets):
    return [bytes([0x07]) + b"\xff\x00\x55(999" for _ in packets]


def endless(packets):
    return [packets[0].replace(b"\r", b"0")] * 1000


def silent(_packets):
    return []


def empty(packets):
    return [bytes(len(packet)) for packet in packets]


FAULTS = (halved, without_first, backwards, doubled, garbled, noisy, endless, silent, empty)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("name", ALL)
async def test_a_faulty_bridge_never_gives_a_wrong_value(name, fault, bus):
    device = ALL[name](MEGATEC, unknown=None)
    bus.plug("1-2", device)
    async with OurDriver("qx", "auto", options(name)) as driver:
        device.replies[b"Q1\r"] = ON_BATTERY
        device.fault = fault
        try:
            found = await driver.report()
        except DeviceError:
            pass
        else:
            assert (found.variables["input.voltage"], found.variables["ups.status"]) in TRUE_STATES
    device.fault = None
    device.waiting = []
    found = await report("auto", options(name))
    assert found.variables["ups.status"] == "OB"


@pytest.mark.parametrize("name", STALLING)
async def test_a_stall_is_ended_and_the_value_read_again(name, bus):
    device = ALL[name](MEGATEC, unknown=None)
    bus.plug("1-2", device)
    async with OurDriver("qx", "auto", options(name)) as driver:
        device.replies[b"Q1\r"] = ON_BATTERY
        device.stalls = 1
        found = await driver.report()
        assert found.variables["ups.status"] == "OB"
        assert not device.is_halted


async def test_a_late_reply_is_not_taken_for_that_to_the_next_request(bus):
    device = Cypress(MEGATEC, unknown=None)
    bus.plug("1-2", device)
    line = qx_usb.QxUsbLine(QxOptions(), {})
    await line.open()
    held: list[bytes] = []

    def late(packets):
        held.extend(packets)
        return []

    device.fault = late
    assert await line.ask(b"Q1\r", 1.0) is None
    device.fault = None
    device.waiting.extend(held)
    assert await line.ask(b"F\r", 1.0) == MEGATEC[b"F\r"]
    await line.close()


async def test_what_makes_no_sense_is_an_error_of_the_line(bus):
    fabula = MODELS["fabula"](MEGATEC, unknown=None)
    bus.plug("1-2", fabula)
    line = qx_usb.QxUsbLine(QxOptions(), {})
    await line.open()
    fabula.fault = lambda texts: [texts[0][:-4]]
    with pytest.raises(DeviceError, match="the text was cut short"):
        await line.ask(b"Q1\r", 1.0)
    await line.close()
    bus.unplug("1-2")
    sgs = MODELS["sgs"](MEGATEC, unknown=None)
    bus.plug("1-2", sgs)
    line = qx_usb.QxUsbLine(QxOptions(), {})
    await line.open()
    sgs.fault = endless
    with pytest.raises(DeviceError, match="has no end"):
        await line.ask(b"Q1\r", 1.0)
    with pytest.raises(DeviceError, match="never falls silent"):
        await line.drain()
    await line.close()


async def test_a_refusal_is_asked_again_and_then_taken_for_silence(bus):
    device = Krauler(MEGATEC, unknown=None)
    bus.plug("1-2", device)
    refusals = iter([described(b"UPS No Ack")] * 4)
    device.fault = lambda texts: [next(refusals, texts[0])]
    assert (await report("auto", options("krauler"))).variables["ups.status"] == "OL"
    device.replies = {b"Q1\r": b"UPS No Ack\r"}
    with pytest.raises(DeviceError, match="no device answers"):
        await report("auto", options("krauler"))


@pytest.mark.parametrize("name", ["fabula", "krauler"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-4],
        lambda text: bytes([text[0] + 2]) + text[1:],
        lambda text: bytes([text[0] - 1]) + text[1:],
        lambda text: text[:1] + b"\x02" + text[2:],
        lambda text: text[:5] + b"\x01" + text[6:],
    ],
)
async def test_a_damaged_text_is_an_error(name, damage, bus):
    device = MODELS[name](MEGATEC, unknown=None)
    bus.plug("1-2", device)
    async with OurDriver("qx", "auto", options(name, langid_fix="0x0409")) as driver:
        device.fault = lambda texts: [damage(texts[0])]
        with pytest.raises(DeviceError):
            await driver.report()


async def test_a_language_is_asked_for_as_the_settings_say(bus):
    device = Krauler(MEGATEC, unknown=None)
    bus.plug("1-2", device)
    with pytest.raises(DeviceError):  # the simulated device has no such language
        await report("auto", options("krauler", langid_fix="0x4095"))
    assert (await report("auto", options("krauler", langid_fix="0x409"))).variables


async def test_a_device_that_is_pulled_out_is_stale_and_found_again_in_its_port(
    bus, broker, tmp_path
):
    twins = {port: Cypress(MEGATEC, unknown=None) for port in ("1-1.2", "1-1.3")}
    for port, twin in twins.items():
        bus.plug(port, twin)
    twins["1-1.3"].replies[b"Q1\r"] = STATUS.replace(b"226.0 195", b"230.0 195")
    devices = {
        name: {"driver": "qx", "port": "auto", "busport": port, "protocol": "megatec"}
        for name, port in (("left", "1-1.2"), ("right", "1-1.3"))
    }
    settings = driver_settings(broker.url, tmp_path, devices, poll_interval=0.05)
    async with watching(broker.url) as watcher, driving(settings):
        await watcher.variable("left", "input.voltage", "226.0")
        await watcher.variable("right", "input.voltage", "230.0")
        bus.unplug("1-1.2")
        await watcher.available("left", "stale")
        twins["1-1.2"].replies[b"Q1\r"] = ON_BATTERY
        bus.plug("1-1.2", twins["1-1.2"])
        await watcher.available("left")
        await watcher.variable("left", "ups.status", "OB")
        assert watcher.variables("right")["input.voltage"] == "230.0"
        result = await watcher.ask("left", DeviceTopic.COMMAND, TOGGLE)
        assert result.status is ResultStatus.OK
        assert b"Q\r" in twins["1-1.2"].requests
        assert b"Q\r" not in twins["1-1.3"].requests


async def test_a_device_is_chosen_by_ids_texts_and_place(bus):
    bus.plug("1-1", Cypress(MEGATEC, unknown=None))
    mec = MODELS["fabula"]({**MEGATEC, b"Q1\r": ON_BATTERY}, unknown=None)
    bus.plug("2-4.1", mec)
    for chosen in ({"vendor": "mec"}, {"vendorid": "0001"}, {"busport": "2-4.1"}, {"bus": "002"}):
        found = await report("auto", {"protocol": "megatec", **chosen})
        assert found.variables["ups.status"] == "OB", chosen
    with pytest.raises(DeviceError, match="no such USB device"):
        await report("auto", {"protocol": "megatec", "serial": "S1"})


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"subdriver": "cypress"}, "vendorid and productid"),
        ({"subdriver": "acme", "vendorid": "1", "productid": "2"}, "there are cypress"),
        ({"vendor": "("}, "no regular expression"),
    ],
)
def test_settings_that_cannot_work_are_refused(chosen, complaint):
    with pytest.raises(SettingsError, match=complaint):
        qx_usb.QxUsbLine(QxOptions.model_validate(chosen), {})


def test_a_port_or_an_option_means_usb():
    assert qx_usb.is_usb("auto", {})
    assert qx_usb.is_usb("/dev/ttyS0", {"busport": "1-2"})
    assert not qx_usb.is_usb("/dev/ttyS0", {"protocol": "megatec"})
