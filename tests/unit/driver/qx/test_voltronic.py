"""The dialect voltronic: what a UPS says, by the protocol it speaks."""

import json
from pathlib import Path

import pytest

from services.driver.protocols.qx import voltronic_values, voltronic_words
from services.driver.protocols.qx.detection import is_spoken
from services.driver.protocols.qx.picture import Walk
from services.driver.protocols.qx.voltronic import VOLTRONIC
from shared.errors import DeviceError
from tests.unit.driver.qx.voltronics import reading, replies, status, ups
from tests.unit.driver.qx.walks import walk_again, walked, written

FACTS = Path(__file__).resolve().parents[5] / "shared" / "facts" / "qx.json"


def test_the_examples_give_what_a_ups_is():
    read = reading()
    assert read.status == "OL LB OFF"
    assert read.alarms == ("UPS warnings: Low battery.",)
    wanted = {
        "ups.firmware.aux": "P00",
        "device.mfr": "BOH",
        "device.model": "OLHVT1K0",
        "device.serial": "12345679012345",
        "output.powerfactor": "0.8",
        "battery.runtime": "15300",
        "ups.type": "online",
        "ups.start.auto": "no",
        "battery.protection": "yes",
    }
    assert wanted.items() <= read.variables.items()
    assert "device.serial" not in reading(QID=b"(00000000000000\r").variables


@pytest.mark.parametrize(
    ("bits", "output", "words"),
    [
        ("100000000001", "229.8", {"OL"}),
        ("101000000001", "229.8", {"OB"}),
        ("101100000001", "229.8", {"OB", "LB"}),
        ("100010000001", "229.8", {"OL", "BYPASS"}),
        ("100010000001", "250.0", {"OL", "BOOST"}),
        ("100010000001", "200.0", {"OL", "TRIM"}),
        ("100000010001", "229.8", {"OL", "CAL"}),
        ("100000001001", "229.8", {"OL", "FSD"}),
    ],
)
def test_the_bits_of_the_status_are_words(bits, output, words):
    read = reading(
        QGS=status(bits, output), QMOD=b"(P\r", QWS=b"(" + 64 * b"0" + b"\r", QPI=b"(PI01\r"
    )
    assert set(read.status.split()) == words


@pytest.mark.parametrize("protocol", ["00", "08"])
def test_old_models_have_no_bypass_but_a_regulator(protocol):
    read = reading(QPI=f"(PI{protocol}\r".encode(), QGS=status("100010000001"), QMOD=b"(L\r")
    assert "BYPASS" not in read.status
    assert "UPS is in AVR Mode." in read.alarms


@pytest.mark.parametrize(
    ("letter", "status_words", "alarm"),
    [
        ("P", "OL", "UPS is going ON."),
        ("S", "OL OFF", None),
        ("Y", "OL BYPASS", None),
        ("L", "OL", None),
        ("B", "OB", None),
        ("T", "OL CAL", None),
        ("F", "OL", "Fault reported by UPS."),
        ("E", "OL", None),
        ("C", "OL", None),
        ("D", "OL FSD", "UPS is shutting down!"),
    ],
)
def test_the_working_mode_is_a_word_or_an_alarm(letter, status_words, alarm):
    read = reading(QMOD=f"({letter}\r".encode(), QWS=b"(" + 64 * b"0" + b"\r")
    assert read.status == status_words
    assert (alarm in read.alarms) is (alarm is not None)


def test_the_economic_modes_are_named_and_forgotten_again():
    picture = walked(VOLTRONIC, replies(QMOD=b"(E\r"))
    assert picture.known.variables[voltronic_values.BUZZWORDS] == "vendor:voltronic:ECO-inverter-on"
    walk_again(picture, replies(QMOD=b"(L\r"))
    assert not picture.known.variables.get(voltronic_values.BUZZWORDS)


@pytest.mark.parametrize("place", range(64))
def test_every_warning_is_told(place):
    bits = ("0" * place + "1").ljust(64, "0")
    read = reading(QWS=f"({bits}\r".encode(), QMOD=b"(L\r")
    unknown = f"Unknown warnings [bit: #{place + 1:02d}]"
    text = voltronic_words.WARNINGS.get(place, unknown)
    assert read.alarms[0] == f"UPS warnings: {text}"
    words = {7: "OL LB", 8: "OL OVER", 55: "OL RB"}
    assert read.status == words.get(place, "OL")


def test_several_warnings_are_one_alarm():
    read = reading(QWS=b"(1000000000" + b"0" * 48 + b"110100\r")
    known = "UPS warnings: Battery disconnected. EEPROM operation error."
    assert read.alarms == (f"{known} Unknown warnings [bit: #59, #60]",)


@pytest.mark.parametrize(
    ("protocol", "code", "text"),
    [
        ("01", "14", "Inverter short-circuited."),
        ("01", "01", "Bus voltage not within default setting."),
        ("01", "1B", "L2 inverter negative power out of acceptable range."),
        ("01", "43", "Overload fault."),
        ("01", "99", "Unknown fault [99]"),
        ("31", "07", "Overload fault."),
        ("31", "58", "Battery short."),
        ("31", "1B", "Unknown fault [1B]"),
        ("01", "zz", "Unknown fault [zz]"),
    ],
)
def test_a_fault_is_asked_for_and_told(protocol, code, text):
    picture = ups(
        protocol,
        QGS=status("100001000001"),
        QFS=f"({code} 212.1 50.0 005.6 49.9 006 010.6 343.8 ---.- 026.2 021.8 01101100\r".encode(),
    )
    read = picture.reading(0.0)
    assert "UPS Fault!" in read.alarms
    assert text in read.alarms
    assert ("OVER" in str(read.status)) is (text == "Overload fault.")


def test_a_cut_is_seen_at_once_whatever_the_mode_was():
    picture = walked(VOLTRONIC, replies(QMOD=b"(L\r"))
    walk_again(picture, replies(QMOD=b"(B\r", QGS=status("101000000001")), Walk.QUICK)
    assert str(picture.reading(0.0).status).startswith("OB")


def test_nobody_asks_for_a_fault_that_there_is_not():
    asked = [query.request for query in walked(VOLTRONIC, replies()).due(Walk.FULL)]
    assert "QFS\r" not in asked


def test_a_fault_that_is_over_is_no_alarm():
    faulty = replies(QGS=status("100001000001"), QFS=b"(14 212.1\r", QMOD=b"(L\r")
    picture = walked(VOLTRONIC, faulty)
    walk_again(picture, faulty | {"QFS\r": b"(OK\r"})
    assert picture.reading(0.0).alarms[0] == "UPS Fault!"
    assert "Inverter short-circuited." not in picture.reading(0.0).alarms
    walk_again(picture, faulty)
    walk_again(picture, replies(QMOD=b"(L\r"))
    assert picture.reading(0.0).alarms == ("UPS warnings: Low battery.",)


@pytest.mark.parametrize(
    ("protocol", "inputs", "outputs", "bypasses"),
    [("00", 0, 0, 0), ("03", 3, 0, 0), ("09", 2, 2, 2), ("10", 3, 3, 3)],
)
def test_a_model_has_as_many_phases_as_its_protocol_says(protocol, inputs, outputs, bypasses):
    changes = {"Q3YV": b"(125.4 225.4 325.4\r"} if protocol == "09" else {}
    variables = ups(protocol, **changes).reading(0.0).variables
    for side, count in (("input", inputs), ("output", outputs), ("output.bypass", bypasses)):
        names = [f"{side}.L{phase}-N.voltage" for phase in (1, 2, 3)]
        assert [name in variables for name in names] == [phase <= count for phase in (1, 2, 3)]
    assert ("output.L3.power.percent" in variables) is (outputs == 3)
    assert ("input.L2.current" in variables) is (inputs >= 2)
    assert ("input.L1-L3.voltage" in variables) is (inputs == 3)


def test_only_p31_tells_the_type_of_its_battery():
    assert "battery.type" not in reading().variables
    picture = ups("31", QGR=b"(01\r")
    read = picture.reading(0.0)
    assert read.variables["battery.type"] == "Flooded"
    assert read.writable["battery.type"].enum == ["Li", "Flooded", "AGM"]
    assert written(picture, "battery.type", "AGM") == ("PBT02\r",)
    assert written(picture, "work_range_type", "Appliance", private=True) == ("PGR00\r",)


def test_capabilities_that_are_all_off_are_off():
    read = reading(QFLAG=b"(EDrsgcjpboavedflnqw\r")
    assert read.variables["ups.start.auto"] == "no"
    assert read.variables["ups.beeper.status"] == "disabled"


def test_capabilities_that_a_ups_has_not_are_no_variables():
    read = reading(QFLAG=b"(EpDb\r")
    assert "ups.start.auto" not in read.variables
    assert "ups.start.auto" not in read.writable
    assert "input.transfer.high" not in read.variables
    assert not {"beeper.enable", "bypass.start"} & set(read.commands)


@pytest.mark.parametrize(
    ("flags", "silenced", "state"),
    [
        ("EpDb", "0", "enabled"),
        ("EpDb", "1", "disabled"),
        ("EaDb", "0", "enabled"),
        ("EaDb", "1", "muted"),
        ("EpDa", "0", "disabled"),
        ("EpDa", "1", "disabled"),
    ],
)
def test_the_beeper_is_what_the_status_and_the_capability_say(flags, silenced, state):
    changes = {"QFLAG": f"({flags}\r".encode(), "QGS": status(f"100000000{silenced}01")}
    picture = walked(VOLTRONIC, replies(**changes))
    assert picture.reading(0.0).variables["ups.beeper.status"] == state
    walk_again(picture, replies(**changes))
    assert picture.reading(0.0).variables["ups.beeper.status"] == state


def test_outlets_are_there_where_they_are_under_control():
    controlled = replies(QFLAG=b"(EjDb\r", QSK2=b"(0\r", QSK3=b"(NAK\r")
    read = walked(VOLTRONIC, controlled).reading(0.0)
    assert read.variables["outlet.1.status"] == "on"
    assert read.variables["outlet.2.status"] == "off"
    assert read.variables["outlet.1.delay.shutdown"] == "480"
    assert "outlet.3.status" not in read.variables
    assert "outlet.1.load.off" in read.commands
    assert "outlet.3.load.off" not in read.commands
    assert "outlet.1.status" not in reading().variables


@pytest.mark.parametrize("text", ["PI05", "PI1", "PX01", "PIxx", "P\xb201"])
def test_another_protocol_is_no_voltronic(text):
    heard = {b"QGS\r": status(), b"QPI\r": f"({text}\r".encode("latin-1")}
    assert not is_spoken(VOLTRONIC, heard, {})
    assert is_spoken(VOLTRONIC, heard | {b"QPI\r": b"(PI01\r"}, {})


@pytest.mark.parametrize(
    "changes",
    [
        {"QGS": status("100000000x01")},
        {"QGS": status("1000000000013")},
        {"QGS": status("10200000000")},
        {"QGS": status("110000000001")},
        {"QMOD": b"(Z\r"},
        {"QWS": b"(" + 63 * b"0" + b"2\r"},
        {"QBV": b"(026.5 02 01 068 2x5\r"},
    ],
)
def test_noise_is_an_error(changes):
    picture = walked(VOLTRONIC, replies())
    noisy = replies(**changes)
    with pytest.raises(DeviceError):
        walk_again(picture, noisy, Walk.CHANGED)


def test_the_words_are_those_of_the_facts():
    if not FACTS.exists():
        pytest.skip("the facts lie beside the checkout only where the project is made")
    facts = json.loads(FACTS.read_text())["functions"]
    assert dict(facts["voltronic_warning"]["bits"]) == voltronic_words.WARNINGS
    assert dict(facts["voltronic_fault"]["other"]) == voltronic_words.FAULTS
    assert dict(facts["voltronic_fault"]["P31"]) == voltronic_words.FAULTS_OF_P31
    assert dict(facts["voltronic_fault"]["other_1_suffix"]) == voltronic_words.PHASE_FAULTS
