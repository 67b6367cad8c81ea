"""The dialect omron: strict values, and a shutdown of two requests."""

import pytest

from services.driver.protocols.qx.omron import OMRON
from services.driver.protocols.qx.orders import check_answer, command_requests
from services.driver.protocols.qx.table import Reading, Setting
from shared.errors import DeviceError, RefusedError
from tests.unit.driver.qx.walks import examples, told, walk_again, walked

EXAMPLES = examples(OMRON)


def test_the_examples_give_what_a_ups_is():
    read = walked(OMRON, EXAMPLES).reading(0.0)
    wanted = {
        "battery.charge": "100.0",
        "battery.runtime": "41940",
        "battery.temperature": "22.5",
        "output.frequency": "49.9",
        "ups.serial": "A0Z25110005109G",
        "ups.firmware": "0.17",
        "ups.firmware.aux": "2.00",
        "battery.date": "2026-07-30",
        "ups.realpower.nominal": "1125",
        "ups.power.nominal": "1125",
        "battery.voltage.nominal": "48",
    }
    assert wanted.items() <= read.variables.items()
    assert read.status == "OL"
    assert read.alarms == ()
    assert read.commands == (
        "shutdown.default",
        "shutdown.return",
        "shutdown.stayoff",
        "shutdown.stop",
    )


def test_a_sign_is_read():
    read = walked(OMRON, EXAMPLES | {"TPb\r": b"-05.5\r"}).reading(0.0)
    assert read.variables["battery.temperature"] == "-5.5"


@pytest.mark.parametrize(
    ("seconds", "written"), [("12", ".2"), ("30", ".5"), ("60", "01"), ("600", "10")]
)
@pytest.mark.parametrize(
    ("command", "starts", "request_line", "auto"),
    [
        ("shutdown.return", "An\r", "S{}\r", "yes"),
        ("shutdown.stayoff", "Af\r", "Sf{}\r", "no"),
    ],
)
def test_a_shutdown_says_first_whether_to_start_again(
    seconds, written, command, starts, request_line, auto
):
    picture = walked(OMRON, EXAMPLES)
    delay = picture.setting("ups.delay.shutdown")
    assert isinstance(delay, Setting)
    picture.keep(delay, seconds)
    row = picture.command(command)
    assert row is not None
    asked = command_requests(row, None, picture.known)
    assert asked.requests == (starts, request_line.format(written))
    assert asked.variables == {"ups.start.auto": auto}


def test_a_shutdown_is_called_off():
    assert told(walked(OMRON, EXAMPLES), "shutdown.stop") == ("C\r",)


@pytest.mark.parametrize("reply", [b"OK\r", b"OKn\r"])
def test_what_begins_with_ok_was_carried_out(reply):
    check_answer(OMRON, OMRON.commands[0].answer, "An\r", reply)


@pytest.mark.parametrize(
    ("reply", "error"),
    [(b"NAK\r", RefusedError), (b"NO\r", RefusedError), (b"ok\r", None), (None, DeviceError)],
)
def test_what_does_not_begin_with_ok_was_not(reply, error):
    answer = OMRON.commands[0].answer
    if error is None:
        check_answer(OMRON, answer, "C\r", reply)
        return
    with pytest.raises(error):
        check_answer(OMRON, answer, "C\r", reply)


@pytest.mark.parametrize(
    ("request_line", "reply"),
    [
        ("Bl ?\r", b"101\r"),
        ("Bl ?\r", b"1.0\r"),
        ("RTS\r", b"06x9\r"),
        ("TPb\r", b"+-2.5\r"),
        ("TPb\r", b"+ 22.5\r"),
        ("Lf ?\r", b"-49.9\r"),
        ("FWV\r", b"S:0.17(M:2.00)\r"),
        ("FWV\r", b"M:0.17(S:2.00)x\r"),
        ("BRR\r", b"20260732\r"),
        ("BRR\r", b"202607300\r"),
        ("UN\r", b"1125W/1125VA/048V/160W/020X\r"),
        ("UN\r", b"1125W/1125VA/048V/160W/020W1\r"),
    ],
)
def test_noise_is_no_value(request_line, reply):
    noisy = EXAMPLES | {request_line: reply}
    fields = [
        field for query in OMRON.queries if query.request == request_line for field in query.fields
    ]
    assert not {field.variable for field in fields} & set(walked(OMRON, noisy).known.variables)
    picture = walked(OMRON, EXAMPLES)
    if any(field.reading is Reading.EACH for field in fields):
        with pytest.raises(DeviceError):
            walk_again(picture, noisy)


def test_a_refusal_is_no_serial_number():
    read = walked(OMRON, EXAMPLES | {"PSNR\r": b"NAK              \r"}).reading(0.0)
    assert "ups.serial" not in read.variables


def test_nothing_is_taken_for_omron_unless_it_is_named():
    assert OMRON.by_name
