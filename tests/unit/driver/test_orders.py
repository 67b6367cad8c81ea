"""Whether a request may be carried out."""

import pytest

from services.driver.features import View
from services.driver.orders import Order, check
from shared.errors import RefusedError, ResultStatus
from shared.messages import Request, Writable
from shared.topics import DeviceTopic

VIEW = View(
    {"ups.load": "5", "ups.mfr": "A", "device.type": "ups", "beeper": "on"},
    {
        "ups.load": Writable(type="number", ranges=[(0.0, 10.5), (20.0, 30.0)]),
        "ups.mfr": Writable(max_length=3),
        "beeper": Writable(enum=["on", "off"]),
        "hidden.code": Writable(),
    },
    ("load.off",),
)


def status(part, name, now=100.0, **request):
    try:
        check(Order(part, name, Request(**request)), VIEW, now)
    except RefusedError as refused:
        return refused.status
    return ResultStatus.OK


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ups.load", "10.5", ResultStatus.OK),
        ("ups.load", "+007", ResultStatus.OK),
        ("ups.load", ".5", ResultStatus.OK),
        ("ups.load", "10.6", ResultStatus.INVALID),
        ("ups.load", "20", ResultStatus.OK),
        ("ups.load", "5x", ResultStatus.INVALID),
        ("ups.load", "1e1", ResultStatus.INVALID),
        ("ups.load", "5.", ResultStatus.INVALID),
        ("ups.load", "\u0665", ResultStatus.INVALID),
        ("ups.load", "nan", ResultStatus.INVALID),
        ("ups.load", "", ResultStatus.INVALID),
        ("ups.load", None, ResultStatus.INVALID),
        ("ups.mfr", "abc", ResultStatus.OK),
        ("ups.mfr", "", ResultStatus.OK),
        ("ups.mfr", "abcd", ResultStatus.TOO_LONG),
        ("beeper", "off", ResultStatus.OK),
        ("beeper", "OFF", ResultStatus.INVALID),
        ("device.type", "pdu", ResultStatus.READ_ONLY),
        ("no.such", "1", ResultStatus.UNKNOWN),
        ("hidden.code", "1", ResultStatus.OK),
    ],
)
def test_a_value_must_fit_the_variable(name, value, expected):
    assert status(DeviceTopic.SET, name, value=value) is expected


def test_a_command_must_be_one_of_the_device():
    assert status(DeviceTopic.COMMAND, "load.off") is ResultStatus.OK
    assert status(DeviceTopic.COMMAND, "load.on") is ResultStatus.UNKNOWN


def test_a_request_is_good_until_it_expires():
    assert status(DeviceTopic.COMMAND, "load.off", expires=100.0) is ResultStatus.OK
    assert status(DeviceTopic.COMMAND, "load.off", expires=99.9) is ResultStatus.EXPIRED


def test_a_result_says_whose_request_it_answers():
    order = Order(DeviceTopic.SET, "ups.load", Request(value="5", id="7", by="me"))
    result = order.result(ResultStatus.OK, "", 12.0)
    assert (result.id, result.by, result.request, result.name) == ("7", "me", "set", "ups.load")
