"""How long `nutbus up` waits before it starts a service again."""

from services.console.up import MAX_DELAY, longest_delay


def test_a_service_is_started_later_each_time_and_without_end():
    assert [longest_delay(attempt) for attempt in (1, 2, 3)] == [2.0, 4.0, 8.0]
    assert longest_delay(100_000) == MAX_DELAY
