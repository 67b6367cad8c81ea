"""The dialect gtec: a status of letters."""

import pytest

from services.driver.protocols.qx.detection import is_spoken
from services.driver.protocols.qx.gtec import GTEC
from shared.errors import DeviceError
from tests.unit.driver.qx.walks import examples, told, walk_again, walked

EXAMPLES = examples(GTEC)
STATUS = "(236.7 243.2 212.1 220.1 230.4 002 001 50.0 371 372 041.3 22.9 {}\r"


def status(letters):
    return EXAMPLES | {"Q4\r": STATUS.format(letters).encode()}


@pytest.mark.parametrize(
    ("letters", "words", "alarms"),
    [
        ("IM", "OL", ()),
        ("A", "OB", ()),
        ("AB", "OB LB", ()),
        ("C", "OL BYPASS", ()),
        ("B", "OL LB OFF", ()),
        ("MN", "OL OVER", ()),
        ("MJ", "OL RB", ("Replace battery!",)),
        ("MF", "OL FSD", ("Shutdown imminent!",)),
        ("MDG", "OL", ("UPS failed", "Site fault")),
        ("MHP", "OL", ("EPROM fail", "Battery disconnected")),
        ("MQ", "OL", ()),
    ],
)
def test_letters_are_words_and_alarms(letters, words, alarms):
    read = walked(GTEC, status(letters)).reading(0.0)
    assert read.status == words
    assert read.alarms == alarms


@pytest.mark.parametrize(
    ("letter", "result"),
    [
        ("E", "Test in progress"),
        ("I", "Test passed - Result: OK"),
        ("J", "Test passed - Result: Failed"),
        ("K", "Battery disconnected"),
        ("L", "Test status unknown"),
    ],
)
def test_a_letter_is_the_result_of_the_test(letter, result):
    read = walked(GTEC, status(f"M{letter}")).reading(0.0)
    assert read.variables["battery.test.status"] == result


def test_a_device_that_gives_the_examples_speaks_gtec():
    heard = {name.encode(): reply for name, reply in EXAMPLES.items()}
    assert is_spoken(GTEC, heard, {})
    assert not is_spoken(GTEC, {b"Q4\r": EXAMPLES["Q4\r"]}, {})
    assert is_spoken(GTEC, {b"Q4\r": EXAMPLES["Q4\r"]}, {"novendor": ""})


@pytest.mark.parametrize("letters", ["!!", "M1", "M M"])
def test_noise_is_an_error(letters):
    with pytest.raises(DeviceError):
        walked(GTEC, status(letters))
    picture = walked(GTEC, EXAMPLES)
    with pytest.raises(DeviceError):
        walk_again(picture, status(letters))


def test_commands_are_those_of_the_relatives():
    picture = walked(GTEC, EXAMPLES)
    assert told(picture, "beeper.toggle") == ("Q\r",)
    assert told(picture, "test.battery.start", "240") == ("T04\r",)
