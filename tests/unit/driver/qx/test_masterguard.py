"""The dialect masterguard: values that follow from the model, requests with an address."""

import pytest

from services.driver.protocols.qx.detection import is_spoken
from services.driver.protocols.qx.masterguard import MASTERGUARD
from services.driver.protocols.qx.masterguard_values import MODELS
from services.driver.protocols.qx.orders import check_limits, setting_requests
from services.driver.protocols.qx.picture import Walk
from services.driver.protocols.qx.table import Knowledge, Setting
from shared.errors import DeviceError, RefusedError
from tests.unit.driver.qx.walks import examples, told, walk_again, walked, written

EXAMPLES = examples(MASTERGUARD)
IDENTITY, STATUS, ADDRESS = "WH\r", "Q3\r", "GS,XX\r"


def identity(model="A  700", rack=True, address="00"):
    text = EXAMPLES[IDENTITY].decode()
    name = f"{model}  + 0 Bat Pack{'-19' if rack else ''}".ljust(30)
    return f"({address}{text[3:16]}{name}{text[46:]}".encode()


def status(first="00000000", second="00000000", load="043"):
    reply = f"(00 225.9 225.9 229.3 {load} 50.0 02.27 23.4 017.03 100 {first} {second}\r"
    return {STATUS: reply.encode()}


def reading(changes=None):
    return walked(MASTERGUARD, EXAMPLES | (changes or {})).reading(0.0)


def test_the_examples_give_what_a_ups_is():
    read = reading()
    wanted = {
        "device.mfr": "Masterguard",
        "device.model": "A700-19",
        "ups.id": "00",
        "ups.power.nominal": "700",
        "battery.voltage.nominal": "27.60",
        "battery.voltage": "27.24",
        "ups.power": "301",
        "output.current": "1.31",
        "battery.runtime": "1023",
        "device.part": "6A1212",
        "device.serial": "2782",
        "device.uptime": "161550397",
        "ups.beeper.status": "enabled",
        "ups.test.result": "no test in progress",
        "output.current.nominal": "3.05",
    }
    assert wanted.items() <= read.variables.items()
    assert read.status == "OL"
    assert read.alarms == ()


def test_the_record_of_faults_is_read():
    private = walked(MASTERGUARD, EXAMPLES).known.private
    assert private["experimental.fault_1"] == "60486: inverter mode outpt short-circuit fault (43V)"
    assert private["experimental.fault_5"] == "0: none"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
@pytest.mark.parametrize("rack", [False, True])
def test_a_model_says_its_power_and_its_packs(model, rack):
    read = reading({IDENTITY: identity(model.prefix, rack)})
    assert read.variables["device.model"] == model.name + ("-19" if rack else "")
    assert read.variables["ups.power.nominal"] == str(model.power)
    assert read.variables["ups.power"] == str(model.power * 43 // 100)
    packs = model.rack_packs if rack else model.packs
    assert read.writable["battery.packs"].ranges == [packs]


@pytest.mark.parametrize(
    ("first", "second", "words", "alarm"),
    [
        ("10000000", "00000000", "OB", None),
        ("11000000", "00000000", "OB LB", None),
        ("00100000", "00000000", "OL BYPASS", None),
        ("00010000", "00000000", "OL", "UPS Failed"),
        ("00000100", "00000000", "OL CAL", None),
        ("00000010", "00000000", "OL FSD", "Shutdown imminent!"),
        ("00000000", "01000000", "OL", "problems in parallel operation mode"),
        ("00000000", "00010000", "OL RB", "Replace battery!"),
        ("00000000", "00001000", "OL", "no battery connected"),
    ],
)
def test_status_bits_are_words_or_alarms(first, second, words, alarm):
    read = reading(status(first, second))
    assert read.status == words
    assert read.alarms == ((alarm,) if alarm else ())


@pytest.mark.parametrize(
    ("bits", "result"),
    [("001", "in progress"), ("010", "OK"), ("011", "failed"), ("101", "aborted")],
)
def test_the_test_has_a_result(bits, result):
    read = reading(status(second=f"00000{bits}"))
    assert read.variables["ups.test.result"] == result


def test_the_type_follows_a_bit():
    assert reading().variables["ups.type"] == "online"
    assert reading(status("00001000")).variables["ups.type"] == "offline"


def test_requests_carry_the_address():
    picture = walked(MASTERGUARD, EXAMPLES | {IDENTITY: identity(address="07")})
    query = next(query for query in MASTERGUARD.queries if query.request == ADDRESS)
    assert query.frame is not None
    assert query.frame(b"GS,XX\r", picture.known) == b"GS,07\r"
    with pytest.raises(DeviceError, match="address"):
        query.frame(b"GS,XX\r", Knowledge())


@pytest.mark.parametrize(("wanted", "is_it"), [("7", True), ("07", True), ("8", False)])
def test_only_the_wanted_address_will_do(wanted, is_it):
    heard = {
        b"WH\r": identity(address="07"),
        b"MSO\r": EXAMPLES["MSO\r"],
    }
    assert is_spoken(MASTERGUARD, heard, {"slave_address": wanted}) is is_it
    assert is_spoken(MASTERGUARD, heard, {})


def test_a_new_address_holds_after_it_was_set():
    picture = walked(MASTERGUARD, EXAMPLES)
    setting = picture.setting("ups.id")
    assert setting is not None
    asked = setting_requests(setting, "5", picture.known)
    assert asked.requests == ("SS05--,XX\r",)
    picture.learn(asked.variables, asked.private)
    assert picture.known.variables["ups.id"] == "05"


@pytest.mark.parametrize(
    ("variable", "value", "request_line"),
    [
        ("battery.packs", "2", "SS--2-,XX\r"),
        ("output.voltage.nominal", "240", "PNV=240\r"),
        ("device.uptime", "100000", "SRC0001:03:46:40,XX\r"),
    ],
)
def test_a_setting_is_written(variable, value, request_line):
    picture = walked(MASTERGUARD, EXAMPLES | {IDENTITY: identity("A 1000")})
    assert variable in picture.reading(0.0).writable
    assert written(picture, variable, value) == (request_line,)


def test_only_voltages_that_can_be_had_are_offered():
    picture = walked(MASTERGUARD, EXAMPLES)
    setting = picture.setting("output.voltage.nominal")
    assert setting is not None
    assert picture.reading(0.0).writable["output.voltage.nominal"].enum == ["220", "230", "240"]
    with pytest.raises(RefusedError):
        check_limits(MASTERGUARD, setting, "110", picture.known)


@pytest.mark.parametrize(
    ("command", "value", "request_line"),
    [
        ("shutdown.return", None, "S.5R0003\r"),
        ("shutdown.stayoff", None, "S.5\r"),
        ("shutdown.stop", None, "C\r"),
        ("test.battery.start", "10", "T\r"),
        ("test.battery.start", "600", "T10\r"),
        ("test.battery.start.quick", None, "T\r"),
        ("test.battery.start.low", None, "TL\r"),
        ("test.battery.start.deep", None, "TUD,XX\r"),
        ("test.battery.stop", None, "CT\r"),
        ("clear.fault.record", None, "FCLR,XX\r"),
        ("bypass.start", None, "FOFF\r"),
        ("bypass.stop", None, "FON\r"),
        ("beeper.enable", None, "SS---1,XX\r"),
        ("beeper.disable", None, "SS---0,XX\r"),
    ],
)
def test_a_command_is_said(command, value, request_line):
    assert told(walked(MASTERGUARD, EXAMPLES), command, value) == (request_line,)


def test_the_delays_of_a_shutdown_are_minutes():
    picture = walked(MASTERGUARD, EXAMPLES)
    for name, value in (("ups.delay.shutdown", "5940"), ("ups.delay.start", "599940")):
        setting = picture.setting(name)
        assert isinstance(setting, Setting)
        picture.keep(setting, value)
    assert told(picture, "shutdown.return") == ("S99R9999\r",)


@pytest.mark.parametrize("value", [None, "", "11", "59", "5941", "x"])
def test_a_battery_test_of_no_possible_length_is_refused(value):
    with pytest.raises(RefusedError):
        told(walked(MASTERGUARD, EXAMPLES), "test.battery.start", value)


@pytest.mark.parametrize(
    "changes",
    [
        status("0000000x"),
        status("x0000000"),
        status(load="0a3"),
        {STATUS: b"(00 225.9\r"},
        {"GBS,XX\r": b"(00,1x0 0017 0000 0708 0712 0994 115 02.28\r"},
        {"FLT,XX\r": EXAMPLES["FLT,XX\r"].replace(b"(00,7", b"(00,Z")},
    ],
)
def test_noise_is_an_error(changes):
    picture = walked(MASTERGUARD, EXAMPLES)
    if b"0000000x" in changes.get(STATUS, b""):
        walk_again(picture, EXAMPLES | changes)  # a bit that nobody reads
        return
    with pytest.raises(DeviceError):
        walk_again(picture, EXAMPLES | changes, Walk.CHANGED)


@pytest.mark.parametrize("model", ["B 1000", "A  701", "      "])
def test_an_unknown_model_is_no_masterguard(model):
    heard = {b"WH\r": identity(model), b"MSO\r": EXAMPLES["MSO\r"]}
    assert not is_spoken(MASTERGUARD, heard, {})
