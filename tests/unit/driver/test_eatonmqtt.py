"""What Eaton's cards say over MQTT: rows, the state of the supply, nonsense."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.eatonmqtt import MAX_TOPICS, Card
from services.driver.protocols.eatonmqtt_rows import (
    BANK,
    CHANNELS,
    ROWS,
    SENSOR_ROWS,
    SIGNALS,
    UPS,
    UnfitError,
    number,
)
from shared.errors import DeviceError
from shared.status import Status
from shared.variables import variable
from tests.simulators.eaton import topics


def card(**changes: dict[str, object]) -> Card:
    made = Card()
    said = topics()
    for name, values in changes.items():
        topic = PLACES[name]
        said[topic] = {**said.get(topic, {}), **values}
    for name, content in said.items():
        made.take(f"mbdetnrs/1.0/{name}", json.dumps(content).encode())
    return made


PLACES = {
    "bank": f"{BANK}/status",
    "measures": f"{BANK}/measures",
    "first": f"{UPS}/inputs/1/status",
    "second": f"{UPS}/inputs/2/status",
    "output": f"{UPS}/outputs/1/status",
    "outlet": f"{UPS}/outlets/1/status",
    "ups": f"{UPS}/status",
    "avr": f"{UPS}/powerConverters/avr/status",
    "settings": f"{UPS}/settings",
    "charger": f"{BANK}/chargers/1/status",
}
NO_INPUT = {"supply": False, "supplied": False}
IDLE = {"supply": False, "supplied": True}


def test_every_variable_is_in_the_catalogue():
    names = [row.variable.replace("<n>", "1") for row in (*ROWS, *SENSOR_ROWS, *CHANNELS)]
    assert [name for name in names if variable(name) is None] == []


def test_every_status_word_is_known():
    assert {signal.word for signal in SIGNALS if signal.word} <= set(Status)


def test_no_flag_is_both_a_row_and_twice_a_signal():
    places = [signal[:2] for signal in SIGNALS]
    assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "OL"),
        ({"bank": {"supply": True}}, "OB DISCHRG"),
        ({"bank": {"supply": True}, "first": NO_INPUT}, "OB DISCHRG"),
        # The card has told of the input, but not of the battery yet: the load has power.
        ({"first": NO_INPUT}, "OB"),
        ({"first": NO_INPUT, "output": {"supply": False}}, "OFF"),
        ({"first": NO_INPUT, "second": {"supply": True, "supplied": True}}, "OL"),
        # Nothing feeds the load that we know of, though the mains is there: maybe a bypass.
        ({"first": IDLE}, ""),
        ({"output": {"supply": False}}, "OL OFF"),
        ({"output": {"supply": None}, "outlet": {"supply": False}}, "OL OFF"),
        ({"bank": {"lowStateOfCharge": True}}, "OL LB"),
        ({"bank": {"supply": True, "criticalLowStateOfCharge": True}}, "OB DISCHRG LB"),
        ({"output": {"overload": True}}, "OL OVER"),
        ({"avr": {"onBoost": True, "onBuck": False}}, "OL BOOST"),
        ({"avr": {"onBoost": False, "onBuck": True}}, "OL TRIM"),
        ({"ups": {"shutdownImminent": True}}, "OL FSD"),
        ({"bank": {"lcmExpired": True, "testFailed": True}}, "OL RB"),
    ],
)
def test_the_status_follows_from_who_feeds_the_load(changes, status):
    assert card(**changes).reading().status == status


def test_alarms_have_their_texts():
    found = card(ups={"fanFault": True}, bank={"lcmExpired": True, "testFailed": True}).reading()
    assert found.alarms == ("Replace battery!", "Battery test failed!", "Fan failure!")


def test_a_card_that_lost_its_ups_says_nothing_true():
    with pytest.raises(DeviceError, match="no contact with its UPS"):
        card(ups={"communicationFault": True}).reading()


def test_words_that_are_not_known_say_nothing():
    found = card(
        settings={"audibleAlarm": "disabled on battery", "sensitivityMode": "odd"},
        charger={"chargerStatus": "on something new"},
        ups={"mode": "on something new"},
    ).reading()
    names = {"ups.beeper.status", "input.sensitivity", "battery.charger.status", "ups.mode"}
    assert not names & found.variables.keys()


def test_less_than_nothing_is_unknown():
    found = card(measures={"remainingTime": -1}).reading()
    assert "battery.runtime" not in found.variables


@pytest.mark.parametrize(
    ("value", "written"),
    [(231.900009, "231.9"), (50, "50"), (6.5217, "6.522"), (-0.0, "0"), (-1, "-1"), (100, "100")],
)
def test_numbers_are_written_without_their_noise(value, written):
    assert number(value) == written


@pytest.mark.parametrize("value", [True, "1", None, [], float("nan"), float("inf"), 10**400])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(UnfitError):
        number(value)


def test_news_are_changes_of_a_state_and_nothing_else():
    made = card()
    same = json.dumps(topics()[f"{UPS}/status"]).encode()
    assert not made.take(f"mbdetnrs/1.0/{UPS}/status", same)
    assert made.take(f"mbdetnrs/1.0/{UPS}/status", b'{"fanFault": true}')
    assert not made.take(f"mbdetnrs/1.0/{UPS}/outputs/1/measures", b'{"percentLoad": 99}')
    assert not made.take("mbdetnrs/1.0/managers/1/something", b"not even JSON")
    assert not made.take("another/topic", b"")


def test_a_card_cannot_have_topics_without_end():
    made = Card()
    names = [f"mbdetnrs/1.0/sensors/devices/{count}/x" for count in range(MAX_TOPICS + 1)]
    for name in names[:-1]:
        made.take(name, b"{}")
    with pytest.raises(DeviceError, match="more than"):
        made.take(names[-1], b"{}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
PATHS = sorted({(row.topic.replace("<n>", "1"), row.path) for row in ROWS})


@given(st.sampled_from(PATHS), JSON)
def test_any_json_gives_a_reading_or_is_refused(place, value):
    made = card()
    topic, path = place
    content = value
    for step in reversed(path.split(".")):
        content = {step: content}
    try:
        made.take(f"mbdetnrs/1.0/{topic}", json.dumps(content).encode())
        found = made.reading()
    except DeviceError:
        return
    for name, text in found.variables.items():
        known = variable(name)
        if known and known.kind == "number":
            float(text)


@given(
    st.binary(max_size=100), st.sampled_from([place for place, _ in PATHS] + ["sensors/devices"])
)
def test_any_bytes_are_taken_or_refused(payload, topic):
    try:
        made = card()
        made.take(f"mbdetnrs/1.0/{topic}", payload)
        made.reading()
    except DeviceError:
        pass
