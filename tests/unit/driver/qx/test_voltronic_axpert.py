"""The dialect voltronic_axpert: inverters, whose every line has a checksum."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.qx import crc, voltronic_axpert_values, voltronic_words
from services.driver.protocols.qx.decoding import DeclinedError, repaired
from services.driver.protocols.qx.orders import check_answer
from services.driver.protocols.qx.picture import Walk
from services.driver.protocols.qx.table import Knowledge
from services.driver.protocols.qx.voltronic_axpert import VOLTRONIC_AXPERT
from shared.errors import DeviceError, RefusedError
from tests.unit.driver.qx.walks import examples, told, walk_again, walked, written

LOGS = Path(__file__).resolve().parents[5] / "shared" / "fixtures" / "qx" / "device_logs.json"
OLDER = {  # of an Axpert of 3 kW at 24 V
    "QMOD\r": "(L",
    "QPIGS\r": "(238.0 49.9 238.0 49.9 0382 0263 013 476 26.98 000 100 0620 0000 000.0 00.00 00000"
    " 10011101 00 04 00000 101",
    "QPIRI\r": "(230.0 13.0 230.0 50.0 13.0 3000 3000 24.0 23.0 21.0 28.2 27.0 0 30 60 1 0 0 - 01 1"
    " 0 27.0 0 0",
}


def line(text):
    return crc.with_checksum(f"{text}\r".encode())


def replies(**changes):
    """Change the examples: `QMOD="(B"`."""
    ours = {f"{name}\r": line(text) for name, text in changes.items()}
    return examples(VOLTRONIC_AXPERT) | ours


def reading(**changes):
    return walked(VOLTRONIC_AXPERT, replies(**changes)).reading(0.0)


@pytest.mark.parametrize(
    ("request_line", "check"),
    [(b"QPI", "beac"), (b"QMOD", "49c1"), (b"QPIGS", "b7a9"), (b"QPIRI", "f854")],
)
def test_the_checksum_is_that_of_known_requests(request_line, check):
    assert crc.checksum(request_line).hex() == check


@given(st.binary(min_size=1).filter(lambda text: b"\r" not in text))
def test_a_checksum_comes_off_as_it_went_on(text):
    sealed = crc.with_checksum(text + b"\r")
    assert sealed.count(b"\r") == 1
    assert not set(sealed[-3:-1]) & set(b"\r\n(")
    assert crc.without_checksum(sealed) == text + b"\r"


@given(st.binary())
def test_noise_has_no_checksum(noise):
    try:
        crc.without_checksum(noise)
    except DeviceError:
        return
    assert crc.with_checksum(noise[:-3] + b"\r") == noise


@pytest.mark.parametrize("place", range(5))
def test_one_wrong_byte_is_an_error(place):
    sealed = bytearray(line("(L"))
    sealed[place] ^= 0x01
    with pytest.raises(DeviceError):
        crc.without_checksum(bytes(sealed))


def test_the_examples_give_what_an_inverter_is():
    read = reading(QMOD="(L")
    wanted = {
        "device.type": "scd",
        "device.firmware.aux": "P30",
        "device.firmware": "0X00074.50",
        "battery.type": "AGM",
        "device.model": "INVERTEX5K",
        "device.model.type": "Off-grid",
        "output.realpower": "382.0",
        "battery.voltage": "54.0",
        "input.voltage.nominal": "230.0",
    }
    assert wanted.items() <= read.variables.items()
    assert read.status == "OL CHRG"
    assert read.alarms == ()


def test_the_older_form_of_the_ratings_is_read_too():
    read = reading(**{name.strip(): text for name, text in OLDER.items()})
    wanted = {
        "battery.voltage.nominal": "24.0",
        "battery.charging.current.high": "60.0",
        "device.model.type": "Off-grid",
        "device.description": "With transformer",
        "battery.voltage": "27.0",
        "ups.load": "13",
    }
    assert wanted.items() <= read.variables.items()
    assert read.status == "OL CHRG"
    newer = (
        "(230.0 21.7 230.0 50.0 21.7 5000 5000 48.0 46.0 42.0 56.4 54.0 0 30 060 0 0 2 9 10 0 1"
        " 54.0 0 1 000"
    )
    assert reading(QPIRI=newer).variables["device.model.type"] == "Hybrid"


def test_the_recorded_inverter_is_the_one_of_this_test():
    if not LOGS.exists():
        pytest.skip("the recordings lie beside the checkout only where the project is made")
    entries = json.loads(LOGS.read_text())
    log = next(entry for entry in entries if "Axpert" in entry["device"])
    assert {request: f"{text}\r" for request, text in OLDER.items()} == dict(log["pairs"])


def test_what_goes_out_is_read_each_time():
    picture = walked(VOLTRONIC_AXPERT, replies())
    other = (
        examples(VOLTRONIC_AXPERT)["QPIGS\r"][1:-3]
        .decode()
        .replace("235.2 50.1 0446", "199.9 49.8 0447")
    )
    walk_again(picture, replies(QPIGS=f"({other}"))
    variables = picture.reading(0.0).variables
    assert variables["output.voltage"] == "199.9"
    assert variables["output.power"] == "447.0"


@pytest.mark.parametrize(
    ("letter", "status", "alarms"),
    [
        ("P", "OB CHRG", ("Device is going ON.",)),
        ("S", "OB CHRG OFF", ()),
        ("L", "OL CHRG", ()),
        ("B", "OB CHRG", ()),
        ("F", "OB CHRG", ("Fault reported by device.",)),
        ("H", "OB CHRG", ()),
    ],
)
def test_the_working_mode_is_a_word_or_an_alarm(letter, status, alarms):
    read = reading(QMOD=f"({letter}")
    assert read.status == status
    assert read.alarms == alarms


def test_status_bits_are_words():
    bits = examples(VOLTRONIC_AXPERT)["QPIGS\r"][1:-3].decode()
    idle = bits.replace("00010101", "00000000")
    assert reading(QMOD="(L", QPIGS=f"({idle}").status == "OL OFF"
    unsupported = bits.replace("00010101", "000-0-01")
    assert reading(QMOD="(L", QPIGS=f"({unsupported}").status == "OL"


@pytest.mark.parametrize("place", range(32))
def test_every_warning_of_pi30_is_told(place):
    read = reading(QMOD="(L", QPIWS="(" + ("0" * place + "1").ljust(32, "0"))
    unknown = f"Unknown warnings [bit: #{place + 1:02d}]"
    text = voltronic_words.INVERTER_WARNINGS.get(place, unknown)
    assert read.alarms == (f"Device warnings: {text}",)
    words = {12: "OL CHRG LB", 14: "OL CHRG LB", 16: "OL CHRG OVER"}
    assert read.status == words.get(place, "OL CHRG")


def test_warnings_that_the_device_has_not_are_none():
    assert reading(QPIWS="(--0000000000--00000---00000----").alarms == ()


@pytest.mark.parametrize(("text", "name"), [("0", "AGM"), ("1", "Flooded"), ("2", "User")])
def test_all_types_of_batteries_are_read(text, name):
    default = (
        f"(230.0 50.0 0030 42.0 54.0 56.4 46.0 60 0 0 2 0 0 {text} 0 0 1 1 0 0 1 0 54.0 0 1 000"
    )
    picked = default[:46] + text + default[47:]
    assert reading(QDI=picked).variables["experimental.battery.type.default"] == name


def test_saving_energy_and_beeping_can_be_switched():
    picture = walked(VOLTRONIC_AXPERT, replies())
    assert written(picture, "battery.energysave", "yes") == ("PEJ\r",)
    assert told(picture, "beeper.disable") == ("PDA\r",)
    setting = picture.setting("battery.energysave")
    assert setting is not None
    assert setting.answer.frame is not None
    assert setting.answer.frame(b"PEJ\r", Knowledge()) == line("PEJ")
    without = walked(VOLTRONIC_AXPERT, replies(QFLAG="(EkxyDbuvz")).reading(0.0)
    assert without.commands == ()
    assert without.writable == {}


def test_the_verdict_has_a_checksum_too():
    answer = VOLTRONIC_AXPERT.commands[0].answer
    check_answer(VOLTRONIC_AXPERT, answer, "PEA\r", line("(ACK"))
    with pytest.raises(RefusedError):
        check_answer(VOLTRONIC_AXPERT, answer, "PEA\r", line("(NAK"))
    with pytest.raises(DeviceError):
        check_answer(VOLTRONIC_AXPERT, answer, "PEA\r", b"(ACK\r")


@pytest.mark.parametrize("refusal", [line("(NAK"), b"(NAK\r"])
def test_a_refusal_is_known_with_and_without_a_checksum(refusal):
    with pytest.raises(DeclinedError):
        repaired(VOLTRONIC_AXPERT.queries[0], VOLTRONIC_AXPERT, refusal)


@pytest.mark.parametrize("protocol", ["PI00", "PI15", "PI31", "PJ30", "PI3x"])
def test_another_protocol_is_no_axpert(protocol):
    picture = walked(VOLTRONIC_AXPERT, replies(QPI=f"({protocol}"))
    assert "device.firmware.aux" not in picture.known.variables


@pytest.mark.parametrize(
    "changes",
    [
        {"QMOD": "(Q"},
        {"QPIWS": "(" + "0" * 31 + "x"},
        {"QPIGS": "(235.2 50.1"},
        {"QFLAG": "(akxyDbjuvz"},
        {"QFLAG": "(EakxybjuvZ"},
    ],
)
def test_noise_is_an_error(changes):
    picture = walked(VOLTRONIC_AXPERT, replies())
    with pytest.raises(DeviceError):
        walk_again(picture, replies(**changes), Walk.CHANGED)


def test_a_line_without_a_checksum_is_an_error():
    picture = walked(VOLTRONIC_AXPERT, replies())
    with pytest.raises(DeviceError, match="checksum"):
        walk_again(picture, replies() | {"QMOD\r": b"(L\r"})


def test_zeros_are_no_serial_number():
    assert "device.serial" not in reading(QID="(00000000").variables
    assert voltronic_axpert_values.WHEN
