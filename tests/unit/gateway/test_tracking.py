"""What clients are told of the requests that they track."""

from services.gateway.tracking import LIMIT, UNANSWERED, Tracking
from shared.errors import ResultStatus


def test_a_request_that_nobody_answers_is_told_to_have_failed_but_a_late_result_counts():
    tracking = Tracking()
    tracking.add("a", 100.0)
    tracking.add("b", 100.0)
    tracking.conclude("b", ResultStatus.OK)
    tracking.expire(100.0 + UNANSWERED, 3600.0)
    assert tracking.result("a") == "PENDING"
    tracking.expire(101.0 + UNANSWERED, 3600.0)
    assert [tracking.result(id) for id in "ab"] == ["ERR FAILED", "SUCCESS"]
    tracking.conclude("a", ResultStatus.OK)
    assert tracking.result("a") == "SUCCESS"
    tracking.expire(5000.0, 3600.0)
    assert [tracking.result(id) for id in "ab"] == ["ERR UNKNOWN"] * 2


def test_the_oldest_of_too_many_is_forgotten_even_if_it_was_not_answered():
    tracking = Tracking(limit=2)
    for number, id in enumerate("abc"):
        tracking.add(id, float(number))
    assert [tracking.result(id) for id in "abc"] == ["ERR UNKNOWN", "PENDING", "PENDING"]
    tracking.expire(10.0 + UNANSWERED, 5.0)
    assert tracking.result("c") == "ERR UNKNOWN"
    assert LIMIT > 2
