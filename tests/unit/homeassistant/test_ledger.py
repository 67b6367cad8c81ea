"""When Home Assistant is told, and of what."""

import json

import pytest

from services.homeassistant.discovery import encoded
from services.homeassistant.ledger import Ledger

ORIGIN = "nutbus nut/ha"
A, B = "nutbus_a", "nutbus_b"


def message(*keys, origin=ORIGIN, name="x"):
    cmps = {key: {"p": "sensor", "uniq_id": key} for key in keys}
    return {"dev": {"name": name}, "o": {"name": origin}, "cmps": cmps}


@pytest.fixture
def ledger():
    ledger = Ledger(ORIGIN, quiet_time=10.0)
    ledger.begin_session(0.0)
    return ledger


def told(ledger, now):
    """Take all that is due, as the broker would echo it."""
    found = []
    while due := ledger.take_due(now):
        ledger.hear(*due)
        found.append(due)
    return found


def test_nothing_is_told_before_the_broker_had_its_say(ledger):
    ledger.want(A, message("x"), 0.0)
    assert told(ledger, 9.9) == []
    assert told(ledger, 10.0) == [(A, encoded(message("x")))]
    assert ledger.next_due is None


def test_what_the_broker_holds_already_is_not_told_again(ledger):
    ledger.hear(A, encoded(message("x")))
    ledger.want(A, message("x"), 1.0)
    assert told(ledger, 100.0) == []


def test_a_change_waits_until_there_is_no_other(ledger):
    for now in (20.0, 25.0, 30.0):
        ledger.want(A, message("x", name=str(now)), now)
    assert told(ledger, 39.9) == []
    assert told(ledger, 40.0) == [(A, encoded(message("x", name="30.0")))]


def test_a_restless_device_is_told_of_in_the_end(ledger):
    for second in range(100):
        ledger.want(A, message("x", name=str(second)), 20.0 + second)
        if ledger.take_due(20.0 + second):
            break
    assert second == 60


def test_a_change_that_is_undone_is_not_told(ledger):
    ledger.want(A, message("x"), 0.0)
    told(ledger, 10.0)
    ledger.want(A, message("y"), 20.0)
    ledger.want(A, message("x"), 25.0)
    assert told(ledger, 100.0) == []


def test_what_vanishes_is_named_as_removed_once_and_then_left_out(ledger):
    ledger.hear(A, encoded(message("x", "y")))
    ledger.want(A, message("x"), 0.0)
    [(id, payload)] = told(ledger, 10.0)
    assert (id, json.loads(payload)["cmps"]["y"]) == (A, {"p": "sensor"})
    assert told(ledger, 15.0) == []
    assert told(ledger, 20.0) == [(A, encoded(message("x")))]
    assert told(ledger, 100.0) == []


def test_a_device_that_goes_is_removed(ledger):
    ledger.want(A, message("x"), 0.0)
    told(ledger, 10.0)
    ledger.want(A, None, 20.0)
    assert told(ledger, 30.0) == [(A, b"")]
    assert told(ledger, 100.0) == []


def test_what_is_left_of_an_earlier_run_is_removed(ledger):
    assert ledger.hear(A, encoded(message("x")))
    ledger.want(A, None, 5.0)
    assert told(ledger, 15.0) == [(A, b"")]


@pytest.mark.parametrize(
    "payload",
    [
        encoded(message("x", origin="nutbus nut/other")),
        encoded(message("x", origin="zigbee2mqtt")),
        b"{}",
        b"[]",
        b'{"o":1}',
        b'{"o":{"name":"nutbus nut/ha"},"cmps":[]}',
        b"\xff",
        b"[" * 100_000,
        b"",
    ],
)
def test_what_is_not_ours_is_left_alone(ledger, payload):
    assert ledger.hear(A, payload) is None
    ledger.want(A, None, 0.0)
    assert told(ledger, 100.0) == []


def test_a_new_session_tells_what_the_broker_lost(ledger):
    ledger.want(A, message("x"), 0.0)
    ledger.want(B, message("x"), 0.0)
    told(ledger, 10.0)
    ledger.begin_session(50.0)
    ledger.hear(A, encoded(message("x")))
    assert told(ledger, 59.9) == []
    assert told(ledger, 60.0) == [(B, encoded(message("x")))]


def test_at_a_birth_everything_is_told_again_at_different_times(ledger):
    ledger.want(A, message("x"), 0.0)
    ledger.want(B, message("x"), 0.0)
    told(ledger, 10.0)
    delays = iter([3.0, 7.0])
    ledger.want_all_again(lambda: next(delays), 20.0)
    assert [id for id, _ in told(ledger, 23.0)] == [A]
    assert [id for id, _ in told(ledger, 27.0)] == [B]
    assert told(ledger, 100.0) == []
