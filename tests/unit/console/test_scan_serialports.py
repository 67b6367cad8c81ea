"""Which serial ports are asked, and what they have to answer."""

import pytest

from services.console.scan.found import Line
from services.console.scan.serialports import PortsError, named


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", ["/dev/ttyS4", "/dev/ttyACM0"]),
        ("0", ["/dev/ttyS0", "/dev/ttyUSB0"]),
        ("1-2", ["/dev/ttyS1", "/dev/ttyS2", "/dev/ttyUSB1", "/dev/ttyUSB2"]),
        ("/dev/ttyUSB7", ["/dev/ttyUSB7"]),
        ("/dev/ttyS1, /dev/ttyS4", ["/dev/ttyS1", "/dev/ttyS4"]),
        ("socket://192.0.2.1:4001", ["socket://192.0.2.1:4001"]),
    ],
)
def test_ports_are_named_as_in_nut_scanner(text, expected):
    assert named(text, lambda: [Line("/dev/ttyS4"), Line("/dev/ttyACM0")]) == expected


@pytest.mark.parametrize("text", ["", "ttyS0", "0-", "10", "/dev/ttyS0,,", "COM1"])
def test_other_words_are_refused(text):
    with pytest.raises(PortsError, match="write auto"):
        named(text, list)
