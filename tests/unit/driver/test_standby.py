"""One candidate for a device, word by word; and the fence that it stands behind."""

import asyncio
import itertools

import pytest

from services.driver import fence
from services.driver.drivers import NUT_DRIVER
from services.driver.fence import FencedError
from services.driver.settings import DeviceSettings
from services.driver.standby import (
    BEAT,
    GUARD,
    LEASE,
    LEFT_OVER,
    LISTENING,
    SETTLE,
    SILENCE,
    STRAYS,
    Candidate,
)
from shared.messages import Claim


def claim(service="other", term="t", beat=1, **more):
    return Claim(service=service, term=term, beat=beat, **more)


@pytest.fixture
def us():
    numbers = itertools.count(1)
    candidate = Candidate("us", 1, preempts=False, new_term=lambda: f"us{next(numbers)}")
    candidate.connect(0.0)
    return candidate


def claimed(us, at):
    """Let it claim at this moment, and read that back."""
    (said,) = us.advance(at)
    assert said.beat == 0
    us.hear(said, at, retained=False)
    return said


def kept_alive(us, begin, end):
    """Let it say its beats and read them back at once."""
    now = begin
    while now < end:
        now += BEAT
        for said in us.advance(now):
            us.hear(said, now, retained=False)
    return now


def test_a_free_device_is_claimed_when_what_is_retained_has_come(us):
    assert us.advance(SETTLE - 0.01) == ()
    assert us.due(0.1) == SETTLE
    assert us.advance(SETTLE)[0] == Claim(service="us", term="us1", beat=0)


def test_work_begins_after_the_guard_and_ends_with_the_lease(us):
    claimed(us, 1.0)
    now = kept_alive(us, 1.0, 4.0)
    assert not us.may_work(1.0 + GUARD - 0.01)
    assert us.may_work(1.0 + GUARD)
    assert us.may_work(now + LEASE - 0.01)
    assert not us.may_work(now + LEASE)


def test_the_lease_counts_from_the_sending_and_not_from_the_return(us):
    claimed(us, 1.0)
    now = kept_alive(us, 1.0, 4.0)
    (late,) = us.advance(now + BEAT)
    us.hear(late, now + BEAT + 1.2, retained=False)
    assert us.may_work(now + BEAT + LEASE - 0.01)
    assert not us.may_work(now + BEAT + LEASE)


def test_a_claim_without_an_answer_is_made_anew(us):
    assert us.advance(1.0)[0].term == "us1"
    assert [said.beat for said in us.advance(1.6)] == [1]
    assert us.advance(3.0) == ()
    assert us.is_deaf
    assert us.due(3.0) is None
    us.settle(30.0)  # the broker answered
    assert us.advance(30.0 + LISTENING - 0.01) == ()
    assert us.is_claiming
    assert us.advance(30.0 + LISTENING)[0] == Claim(service="us", term="us2", beat=0)


def test_one_whose_words_were_held_back_leaves_it_to_who_took_over(us):
    claimed(us, 1.0)
    now = kept_alive(us, 1.0, 4.0)
    words = [word for step in range(1, 40) for word in us.advance(now + step * BEAT)]
    assert us.is_deaf
    assert len(words) < LEFT_OVER
    assert not any(us.stands_by(word) for word in words)
    us.settle(now + 40)
    us.hear(claim(), now + 40 + BEAT, retained=False)
    assert us.advance(now + 40 + LISTENING) == ()
    assert not us.is_claiming


def test_all_that_was_held_back_of_the_one_before_changes_nothing(us):
    us.hear(claim("before", "t", 9), 0.1, retained=False)
    us.hear_service("before", 0.2, online=False)
    claimed(us, SETTLE)
    for beat in range(10, 19):
        us.hear(claim("before", "t", beat), 4.0, retained=False)
    assert us.holds


def test_it_counts_on_from_the_highest_number_though_the_broker_forgot_it(us):
    us.hear(claim(seq=500), 0.1, retained=False)
    us.connect(10.0)
    claimed(us, 11.0)
    assert us.begins_with
    assert us.begins_with.seq == 500


def test_a_later_claim_ends_the_work_at_once(us):
    claimed(us, 1.0)
    now = kept_alive(us, 1.0, 4.0)
    us.hear(claim(term="later", beat=0), now, retained=False)
    assert not us.may_work(now)
    assert (us.holds, us.holder) == (False, "other")


def test_the_last_words_of_the_one_before_change_nothing(us):
    us.hear(claim(beat=7), 0.1, retained=True)
    us.hear_service("other", 0.2, online=False)
    claimed(us, SETTLE)
    us.hear(claim(beat=8), 0.6, retained=False)
    us.hear(claim(beat=9), 0.7, retained=False)
    assert us.holds
    assert us.begins_with == claim(beat=7)


def test_words_of_somebody_whose_claim_was_lost_end_the_work(us):
    claimed(us, 1.0)
    now = kept_alive(us, 1.0, 4.0)
    for beat in range(1, STRAYS + 1):
        assert us.holds
        us.hear(claim(term="unheard of", beat=beat), now, retained=False)
    assert not us.holds


@pytest.mark.parametrize("beat", [0, 5])
def test_a_live_claim_of_another_is_left_alone_until_it_is_silent(us, beat):
    us.hear(claim(beat=beat), 0.1, retained=True)
    assert us.advance(SETTLE) == ()
    assert us.advance(0.1 + SILENCE - 0.9) == ()
    us.hear(claim(beat=beat + 1), 3.0, retained=False)
    assert us.advance(3.1) == ()
    assert us.due(3.1) == 3.0 + SILENCE - SETTLE


def test_after_silence_it_is_free_if_the_broker_has_no_later_word(us):
    us.hear(claim(), 0.1, retained=False)
    doubted = us.due(0.1)
    assert doubted == 0.1 + SILENCE - SETTLE
    assert us.is_in_doubt(doubted)
    assert us.due(doubted) is None
    assert us.advance(0.1 + SILENCE) == ()  # the broker did not answer yet
    us.look(doubted)
    us.hear(claim(), doubted, retained=True)
    assert us.due(doubted) == 0.1 + SILENCE
    assert us.advance(0.1 + SILENCE)


def test_who_is_silent_here_and_heard_elsewhere_is_alive(us):
    us.hear(claim(beat=1), 0.1, retained=False)
    us.look(0.1 + SILENCE - SETTLE)
    us.hear(claim(beat=6), 2.7, retained=True)
    assert us.advance(0.1 + SILENCE) == ()
    assert us.due(0.1 + SILENCE) == 2.7 + SILENCE - SETTLE
    us.hear(claim("third", "later", 3), 2.8, retained=True)
    assert us.due(0.1 + SILENCE) == 2.8 + SILENCE - SETTLE


def test_a_broker_that_answers_late_is_waited_for(us):
    us.hear(claim(), 0.1, retained=False)
    assert us.advance(2.6) == ()
    us.look(9.0)
    assert us.advance(9.0 + SETTLE - 0.01) == ()
    assert us.advance(9.0 + SETTLE)


@pytest.mark.parametrize(
    "kept", [claim(beat=2), claim("us", "before", 9)], ids=["an earlier word", "one of ours"]
)
def test_what_a_broker_kept_of_before_makes_nobody_alive_or_dead(us, kept):
    us.hear(claim(beat=3), 0.1, retained=False)
    us.hear(kept, 0.7, retained=True)
    assert us.advance(0.8) == ()
    us.look(0.1 + SILENCE - SETTLE)
    us.hear(kept, 2.7, retained=True)
    assert us.advance(0.1 + SILENCE - 0.01) == ()
    assert us.advance(0.1 + SILENCE)


def test_who_was_frozen_takes_nobody_for_silent(us):
    us.hear(claim(), 0.1, retained=False)
    assert us.advance(0.1) == ()
    assert us.advance(30.0) == ()
    assert us.advance(30.5) == ()
    assert us.due(30.5) == 30.0 + SILENCE - SETTLE


def test_who_is_offline_has_lost_it_at_once(us):
    us.hear(claim(), 0.6, retained=False)
    assert us.advance(0.7) == ()
    us.hear_service("other", 0.8, online=False)
    assert us.advance(0.8)


def test_who_speaks_after_he_was_said_to_be_offline_is_alive(us):
    us.hear_service("other", 0.1, online=False)
    us.hear(claim(), 0.6, retained=False)
    assert us.advance(0.7) == ()


def test_our_own_claim_of_an_earlier_life_is_dead(us):
    us.hear(claim("us", "before", 9), 0.1, retained=True)
    assert us.advance(SETTLE)


@pytest.mark.parametrize(
    ("words", "guard"),
    [
        ([(4.0, claim(beat=8)), (4.1, claim(beat=9, released=True, clean=True))], 0.0),
        ([(4.0, claim(beat=8)), (4.1, claim(beat=9, released=True))], GUARD),
        ([(4.0, claim(term="x")), (4.1, claim(beat=9, released=True, clean=True))], None),
        ([(1.0, claim(beat=8)), (1.1, claim(beat=9, released=True, clean=True))], GUARD),
    ],
    ids=["clean", "not clean", "of one who had lost it", "heard too soon"],
)
def test_only_a_clean_release_of_a_known_holder_spares_the_guard(us, words, guard):
    for moment in (0.4, 1.2, 2.0, 2.8, 3.6):
        if moment < words[0][0]:
            us.hear(claim(term=words[0][1].term, beat=1), moment, retained=False)
            us.advance(moment + 0.01)
    for at, word in words:
        us.hear(word, at, retained=False)
    at = words[-1][0]
    said = us.advance(at)
    if guard is None:
        assert said == ()
        return
    us.hear(said[0], at, retained=False)
    us.advance(at + 0.5)
    assert us.may_work(at) == (guard == 0.0)
    assert us._term.works_from == at + guard


def test_it_gives_up_what_it_has_and_nothing_else(us):
    assert us.release(0.1) is None
    claimed(us, 1.0)
    now = kept_alive(us, 1.0, 4.0)
    released = us.release(now)
    assert (released.released, released.clean) == (True, True)
    assert not us.holds


@pytest.mark.parametrize("at", [1.5, 9.0], ids=["in its guard", "without a lease"])
def test_a_release_is_clean_only_from_one_who_may_work(us, at):
    claimed(us, 1.0)
    assert us.release(at).clean is False


def test_the_loss_of_the_connection_ends_the_work(us):
    claimed(us, 1.0)
    now = kept_alive(us, 1.0, 4.0)
    us.disconnect()
    assert not us.may_work(now)
    assert us.due(now) is None


def test_who_knows_of_no_claims_is_left_alone_until_he_is_gone(us):
    us.hear_rival("plain")
    assert us.advance(1.0) == ()
    us.hear_service("plain", 1.5, online=False)
    assert us.advance(1.6)


def test_the_preferred_one_takes_it_only_if_told_to():
    for preempts, taken in ((True, 1), (False, 0)):
        us = Candidate("us", 1, preempts, lambda: "term")
        us.connect(0.0)
        us.hear(claim(priority=2), 0.1, retained=False)
        assert len(us.advance(SETTLE)) == taken


def test_a_holder_whose_words_come_back_no_more_gives_up(us):
    claimed(us, 1.0)
    now = kept_alive(us, 1.0, 4.0)
    for step in range(1, 12):
        us.advance(now + step * BEAT)
    assert not us.holds


async def test_the_fence_stands_for_one_task_and_its_own():
    may = [True]

    async def inner():
        fence.check()
        may[0] = False
        with pytest.raises(FencedError):
            fence.check()

    async def outer():
        fence.put_up(lambda: may[0])
        await asyncio.create_task(inner())

    await asyncio.create_task(outer())
    fence.check()


def test_a_driver_that_cannot_be_stopped_cannot_stand_by():
    with pytest.raises(ValueError, match="standby needs a driver of our own"):
        DeviceSettings.model_validate(
            {"driver": NUT_DRIVER, "standby": True, "program": "dummy-ups"}
        )
