"""The bounded tables of the gateway: ready replies, tracked requests, logins."""

import pytest

from services.gateway.logins import Logins
from services.gateway.replies import ENTRY, Replies
from services.gateway.tracking import LIMIT, WORDS, Tracking
from shared.errors import ResultStatus
from shared.messages import Availability


def test_a_reply_is_ready_until_its_subject_changes():
    replies = Replies()
    get = replies.get
    replies.keep(b"GET VAR a x", b"1\n", "a")
    replies.keep(b"GET VAR b x", b"2\n", "b")
    replies.forget("a")
    assert get(b"GET VAR a x") is None
    assert get(b"GET VAR b x") == b"2\n"
    replies.forget("nobody")
    replies.keep(b"GET VAR a x", b"3\n", "a")
    assert get(b"GET VAR a x") == b"3\n"


def test_replies_take_no_more_room_than_they_may():
    replies = Replies(limit=3 * (ENTRY + 20))
    for number in range(1000):
        replies.keep(b"%010d" % number, b"x" * 10, "a")
        assert replies.get(b"%010d" % number) == b"x" * 10
        assert sum(replies.get(b"%010d" % before) is not None for before in range(number + 1)) <= 3
    replies.forget("a")
    assert replies.get(b"%010d" % 999) is None


def test_every_result_has_a_word():
    assert set(WORDS) == set(ResultStatus)
    assert set(WORDS.values()) == {"SUCCESS", "ERR UNKNOWN", "ERR INVALID-ARGUMENT", "ERR FAILED"}


@pytest.mark.parametrize("status", ResultStatus)
def test_a_tracked_request_is_pending_until_its_result(status: ResultStatus):
    tracking = Tracking()
    tracking.add("ABCD", now=0.0)
    assert tracking.result("abcd") == "PENDING"
    tracking.conclude("abcD", status)
    assert tracking.result("ABCD") == WORDS[status]
    assert tracking.result("other") == "ERR UNKNOWN"


def test_results_of_requests_that_others_made_are_passed_over():
    tracking = Tracking()
    tracking.conclude("foreign", ResultStatus.OK)
    assert tracking.result("foreign") == "ERR UNKNOWN"


def test_tracked_requests_live_for_their_delay():
    tracking = Tracking()
    tracking.add("old", now=0.0)
    tracking.add("new", now=50.0)
    tracking.expire(now=60.0, delay=60.0)
    assert tracking.result("old") == "PENDING"
    tracking.expire(now=61.0, delay=60.0)
    assert tracking.result("old") == "ERR UNKNOWN"
    assert tracking.result("new") == "PENDING"


def test_there_are_never_too_many_tracked_requests():
    tracking = Tracking(limit=10)
    for number in range(1000):
        tracking.add(str(number), now=0.0)
    assert [tracking.result(str(number)) for number in (989, 990)] == ["ERR UNKNOWN", "PENDING"]
    assert LIMIT > 1000


def test_the_newest_connection_is_listed_first_and_other_gateways_follow():
    logins = Logins()
    logins.enter(2, "ups", "10.0.0.2")
    logins.enter(1, "ups", "10.0.0.1")
    logins.enter(3, "pdu", "10.0.0.3")
    logins.take_others("east", {"ups": ["10.9.9.9"], "far": ["10.9.9.8"]})
    assert logins.clients("ups") == ["10.0.0.2", "10.0.0.1"], "who is not online does not count"
    logins.take_availability("east", Availability.ONLINE)
    assert logins.clients("ups") == ["10.0.0.2", "10.0.0.1", "10.9.9.9"]
    assert logins.clients("far") == ["10.9.9.8"]
    assert logins.own.value == {"ups": ["10.0.0.2", "10.0.0.1"], "pdu": ["10.0.0.3"]}
    logins.leave(2)
    logins.leave(99)
    logins.take_availability("east", Availability.OFFLINE)
    assert logins.clients("ups") == ["10.0.0.1"]
