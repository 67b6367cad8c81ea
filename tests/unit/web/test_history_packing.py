"""Numbers as few bytes: they come back as they were, and any other bytes give one kind of error."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.web.history.packing import SpoiltError, pack, unpack
from services.web.history.samples import Bucket
from services.web.history.tiers import (
    HOURLY,
    MINUTE,
    QUARTER,
    RAW,
    TIERS,
    body_of_buckets,
    body_of_samples,
    buckets_of_body,
    samples_of_body,
    step_for,
    suited,
)

numbers = some.one_of(
    some.floats(allow_nan=False, allow_infinity=False),
    some.integers(-(10**15), 10**15).map(float),
    some.integers(-(10**6), 10**6).map(lambda tenths: tenths / 10),
)


@given(some.lists(some.lists(numbers, max_size=50), max_size=5))
def test_what_was_packed_comes_back_exactly(columns):
    assert unpack(pack(*columns)) == columns


@given(some.binary(max_size=200))
def test_any_bytes_are_numbers_or_an_error_of_ours(body):
    for read in (unpack, lambda each: samples_of_body(each, 0)):
        try:
            read(body)
        except SpoiltError:
            pass


@given(some.integers(0, 200), some.integers(0, 255))
def test_a_wrong_byte_is_found_out_or_does_no_harm(place, byte):
    body = bytearray(body_of_samples({at * 1000: at / 10 for at in range(100)}, 0))
    body[place % len(body)] = byte
    try:
        samples_of_body(bytes(body), 0)
    except SpoiltError:
        pass


@given(
    some.dictionaries(some.integers(0, 3_599_999), some.one_of(some.none(), numbers), max_size=60)
)
def test_samples_come_back_with_their_gaps(samples):
    begin = 1_700_000_000 // 3600 * 3600
    samples = {begin * 1000 + at: value for at, value in samples.items()}
    assert samples_of_body(body_of_samples(samples, begin), begin) == samples


def test_an_hour_of_a_noisy_voltage_takes_little_room():
    values = {at * 5000: 230 + (at * 7919 % 23) / 10 for at in range(720)}
    assert len(body_of_samples(values, 0)) < 1500


def test_the_mean_of_a_bucket_keeps_five_digits_and_its_ends_are_exact():
    before = [Bucket(3600 + 60 * at, 60, 229.9, 230.123456, 230.4, 60.0) for at in range(60)]
    after = buckets_of_body(body_of_buckets(before, 3600), 3600, 60)
    assert after == [each._replace(mean=230.12) for each in before]


@pytest.mark.parametrize(
    ("seconds", "tier"),
    [(0.5, RAW), (59, RAW), (60, MINUTE), (900, QUARTER), (3599, QUARTER), (90000, HOURLY)],
)
def test_the_coarsest_tier_that_is_fine_enough_is_chosen(seconds, tier):
    assert suited(seconds)[0] is tier


@given(some.floats(0, 2e9), some.floats(1, 1e9), some.integers(10, 5000), some.sampled_from(TIERS))
def test_steps_are_multiples_and_never_give_more_points_than_asked_for(begin, length, points, tier):
    end = begin + length
    step = step_for(begin, end, points, tier)
    assert step % max(tier.step, 1) == 0
    assert int((end - 0.001) // step) - int(begin // step) + 1 <= points
