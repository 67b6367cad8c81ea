"""The dialects q2, q6 and those of Innova: mostly rows, many of them for three phases."""

import pytest

from services.driver.protocols.qx.detection import is_spoken
from services.driver.protocols.qx.innovart31 import INNOVART31
from services.driver.protocols.qx.innovart33 import INNOVART33
from services.driver.protocols.qx.innovatae import INNOVATAE
from services.driver.protocols.qx.picture import Walk
from services.driver.protocols.qx.q2 import Q2
from services.driver.protocols.qx.q6 import Q6
from shared.errors import DeviceError
from tests.unit.driver.qx.walks import examples, told, walk_again, walked

DIALECTS = (Q2, Q6, INNOVART31, INNOVART33, INNOVATAE)
WANTED = {
    "q2": {
        "input.L2-N.voltage": "224.3",
        "battery.runtime": "59954",
        "output.L1.realpower": "1400.00",
        "experimental.input.topology": "star",
        "input.phases": "3",
        "output.phases": "3",
    },
    "q6": {
        "input.L3-N.voltage": "230.0",
        "output.frequency": "49.9",
        "battery.runtime": "6932",
        "experimental.battery.voltage.negative": "0.0",
        "experimental.output.topology": "star",
        "ups.power": "1400.00",
    },
    "innovart31": {
        "output.voltage": "229.9",
        "input.bypass.voltage": "230.4",
        "ups.serial": "N05K10KB100004",
        "output.phases": "1",
        "input.bypass.phases": "1",
    },
    "innovart33": {
        "output.L1-N.voltage": "229.9",
        "input.bypass.L1-N.voltage": "230.4",
        "output.L1.current": "6.5",
        "output.phases": "3",
        "input.bypass.phases": "3",
    },
    "innovatae": {"device.mfr": "Ippon", "ups.firmware": "R1.00.48", "battery.voltage": "27.50"},
}
ALL = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
STATUS = "(215.0 195.0 230.0 014 49.0 22.7 30.0 {}\r"


@ALL
def test_the_examples_give_what_a_ups_is(dialect):
    read = walked(dialect, examples(dialect)).reading(0.0)
    assert WANTED[dialect.name].items() <= read.variables.items()
    assert read.status == "OL"


@ALL
@pytest.mark.parametrize(
    ("bits", "words"),
    [
        ("10000000", "OB"),
        ("11000000", "OB LB"),
        ("00000100", "OL CAL"),
        ("00000010", "OL FSD"),
    ],
)
def test_status_bits_are_words(dialect, bits, words):
    replies = examples(dialect) | {"Q1\r": STATUS.format(bits).encode()}
    assert walked(dialect, replies).reading(0.0).status == words


@ALL
def test_a_regulator_is_judged_by_the_voltages_that_there_are(dialect):
    replies = examples(dialect) | {"Q1\r": STATUS.format("00100000").encode()}
    word = "BOOST" if dialect is INNOVATAE else "BYPASS"
    assert walked(dialect, replies).reading(0.0).status == f"OL {word}"


@pytest.mark.parametrize("dialect", [Q2, Q6], ids=lambda dialect: dialect.name)
def test_the_load_is_left_out_on_request(dialect):
    replies = examples(dialect)
    without = {name: reply for name, reply in replies.items() if name != "WA\r"}
    heard = {name.encode(): reply for name, reply in without.items()}
    assert not is_spoken(dialect, heard, {})
    assert is_spoken(dialect, heard, {"nooutstats": ""})
    read = walked(dialect, replies, {"nooutstats": ""}).reading(0.0)
    assert "output.L1.current" not in read.variables


@ALL
def test_a_device_that_gives_the_examples_speaks_the_dialect(dialect):
    heard = {name.encode(): reply for name, reply in examples(dialect).items()}
    assert is_spoken(dialect, heard, {})
    assert not is_spoken(dialect, {b"Q1\r": b"(NAK\r"}, {})


@ALL
@pytest.mark.parametrize(
    ("command", "value", "request_line"),
    [
        ("load.off", None, "S00R0000\r"),
        ("load.on", None, "C\r"),
        ("shutdown.return", None, "S.5R0003\r"),
        ("shutdown.stayoff", None, "S.5R0000\r"),
        ("shutdown.stop", None, "C\r"),
        ("test.battery.start", "240", "T04\r"),
        ("test.battery.start.deep", None, "TL\r"),
        ("test.battery.start.quick", None, "T\r"),
        ("test.battery.stop", None, "CT\r"),
    ],
)
def test_a_command_is_said(dialect, command, value, request_line):
    assert told(walked(dialect, examples(dialect)), command, value) == (request_line,)


@ALL
def test_noise_is_an_error(dialect):
    picture = walked(dialect, examples(dialect))
    for query in dialect.queries:
        if all(field.reading.name == "ONCE" for field in query.fields):
            continue
        noisy = bytes(0x23 if 0x30 <= byte <= 0x39 else byte for byte in query.example)
        changed = noisy.replace(b"#", b"x")
        with pytest.raises(DeviceError):
            walk_again(picture, examples(dialect) | {query.request: changed}, Walk.FULL)


@pytest.mark.parametrize("dialect", [Q2, Q6], ids=lambda dialect: dialect.name)
def test_a_topology_is_one_of_two(dialect):
    request = dialect.queries[0].request
    whole = examples(dialect)[request]
    deltas = whole.removesuffix(b"11\r") + b"01\r"
    read = walked(dialect, examples(dialect) | {request: deltas}).reading(0.0)
    assert read.variables["experimental.input.topology"] == "delta"
    assert read.variables["experimental.output.topology"] == "star"
    odd = whole.removesuffix(b"11\r") + b"21\r"
    read = walked(dialect, examples(dialect) | {request: odd}).reading(0.0)
    assert "experimental.input.topology" not in read.variables
