"""The file of the history: what is written comes back, summed up as a plain sum over it says."""

import random
import sqlite3
from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from services.web.history import reader
from services.web.history.outages import How, Outage
from services.web.history.recorder import Noted
from services.web.history.samples import HOLD
from services.web.history.schema import (
    MIGRATIONS,
    UnusableError,
    alone,
    open_for_reading,
    seen,
)
from services.web.history.tiers import HOURLY, MINUTE, QUARTER, RAW, TIERS
from services.web.history.writer import Batch, Limits, Writer

BEGIN = 1_700_000_000 // 604_800 * 604_800
DAY = 86400
KEEP = Limits({RAW.name: 7, MINUTE.name: 60, QUARTER.name: 365, HOURLY.name: 3650})


@pytest.fixture(autouse=True)
def without_waiting_for_the_disk(monkeypatch):
    """What survives is the business of the integration tests."""
    monkeypatch.setattr("services.web.history.schema.SYNCHRONOUS", "OFF")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.sqlite"


def note(writer, values, *, device="ups1", variable="ups.load"):
    """Write values by seconds after BEGIN."""
    samples = [
        Noted(device, variable, round((BEGIN + at) * 1000), value) for at, value in values.items()
    ]
    writer.append(Batch(samples))


def sort_all(writer):
    writer.begin_sorting()
    while writer.sort_some():
        pass


def ask(path, question, *values):
    connection = open_for_reading(path)
    try:
        with seen(connection):
            return question(connection, *values)
    finally:
        connection.close()


def series(path, begin, end, points=600, *, device="ups1", variable="ups.load"):
    return ask(path, reader.series, device, variable, BEGIN + begin, BEGIN + end, points)


def truth(times, values, begin, end):
    """Say by brute force what held in [begin, end) ms: least, mean, greatest, ms known."""
    total, weight, known = 0.0, 0, []
    for place in range(bisect_left(times, begin - HOLD), bisect_left(times, end)):
        at = times[place]
        following = times[place + 1] if place + 1 < len(times) else at + HOLD
        start, stop = max(at, begin), min(following, at + HOLD, end)
        if values[at] is not None and start < stop:
            known.append(values[at])
            total += values[at] * (stop - start)
            weight += stop - start
    return (min(known), total / weight, max(known), weight) if known else None


def shown(found):
    return [point for run in found.runs for point in run]


def check(found, values):
    """Hold every point against the truth, and what is between the runs against it as well."""
    ms = {round((BEGIN + at) * 1000): value for at, value in values.items()}
    times = sorted(ms)
    edge = found.begin
    for run in found.runs:
        for point in run:
            low, mean, high, _ = truth(times, ms, round(point.at * 1000), round(point.until * 1000))
            assert (point.low, point.high) == (low, high)
            assert point.mean == pytest.approx(mean, rel=2e-4, abs=1e-9)
        if edge < run[0].at:
            assert truth(times, ms, round(edge * 1000), round(run[0].at * 1000)) is None
        edge = run[-1].until
    if edge < found.end:
        assert truth(times, ms, round(edge * 1000), round(found.end * 1000)) is None


seconds = some.integers(0, 3 * 3600 * 10).map(lambda tenths: tenths / 10)
numbers = some.one_of(
    some.none(),
    some.integers(-50, 500).map(lambda tenths: tenths / 10),
    some.floats(-1e9, 1e9, allow_nan=False),
)
samples = some.dictionaries(seconds, numbers, min_size=1, max_size=60)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    batches=some.lists(samples, min_size=1, max_size=3),
    is_sorted=some.lists(some.booleans(), min_size=3, max_size=3),
    begin=some.integers(-3600, 3 * 3600),
    length=some.integers(1, 20 * 3600),
    points=some.integers(10, 700),
)
def test_every_chart_says_what_a_plain_sum_over_the_samples_says(
    tmp_path_factory, batches, is_sorted, begin, length, points
):
    path = tmp_path_factory.mktemp("history") / "history.sqlite"
    writer = Writer(path)
    values: dict[float, float | None] = {}
    for batch, is_last in zip(batches, is_sorted, strict=False):
        note(writer, batch)
        values |= batch
        if is_last:
            sort_all(writer)
    found = series(path, begin, begin + length, points)
    check(found, values)
    assert len(shown(found)) <= points
    writer.close()


def noisy(length, step=7, gap=(0, 0)):
    chance = random.Random(7)
    return {
        at: None if gap[0] <= at < gap[1] else round(40 + 8 * chance.random(), 1)
        for at in range(0, length, step)
    }


@pytest.mark.parametrize("length", [600, 7200, DAY, 4 * DAY])
def test_what_is_not_sorted_in_and_what_is_give_the_same_chart(path, length):
    values = noisy(length, step=30, gap=(length // 3, length // 2))
    writer = Writer(path)
    note(writer, values)
    before = series(path, 0, length)
    sort_all(writer)
    after = series(path, 0, length)
    writer.close()
    assert before.step == after.step
    check(before, values)
    check(after, values)
    assert len(shown(before)) == len(shown(after)) <= 600
    assert len(after.runs) == 2


def test_a_sorting_that_is_broken_off_is_done_again_and_nothing_is_counted_twice(path):
    values = noisy(6 * 3600, step=20)
    writer = Writer(path)
    for number in range(8):
        note(writer, values, variable=f"outlet.{number}.power")
    writer.begin_sorting()
    assert writer.sort_some()
    writer.close()
    writer = Writer(path)
    sort_all(writer)
    for number in range(8):
        check(series(path, 0, 6 * 3600, 5000, variable=f"outlet.{number}.power"), values)
    (left,) = ask(path, lambda c: c.execute("SELECT count(*) FROM recent").fetchone())
    assert left == 0
    writer.close()


def test_a_clock_that_is_set_back_puts_samples_in_order_and_replaces_doubles(path):
    writer = Writer(path)
    note(writer, {1000.0: 50.0, 1010.0: 51.0, 5000.0: 60.0})
    sort_all(writer)
    note(writer, {1005.0: 7.0, 1010.0: 8.0})
    sort_all(writer)
    note(writer, {1000.0: 9.0})
    values = {1000.0: 9.0, 1005.0: 7.0, 1010.0: 8.0, 5000.0: 60.0}
    check(series(path, 0, 6000), values)
    check(series(path, 0, 3 * DAY), values)
    writer.close()


def test_old_rows_go_tier_by_tier_and_what_is_left_is_still_drawn(path):
    writer = Writer(path)
    values = noisy(2 * DAY, step=60)
    note(writer, values)
    sort_all(writer)
    writer.forget_some(KEEP, BEGIN, 0)
    now = BEGIN + 30 * DAY
    while writer.forget_some(KEEP, now, 30 * DAY):
        pass
    (raw,) = ask(path, lambda c: c.execute("SELECT count(*) FROM raw").fetchone())
    assert raw == 0
    found = series(path, 0, 3600)
    assert {point.until - point.at for point in shown(found)} == {60}
    check(found, values)
    while writer.forget_some(KEEP, BEGIN + 100 * DAY, 100 * DAY):
        pass
    assert {point.until - point.at for point in shown(series(path, 0, 3600))} == {900}
    # The tail of a time of which the finer tier is still kept is shown as finely as it is.
    check(series(path, 0, DAY), values)
    writer.close()


def test_a_time_of_day_that_leaps_does_not_make_it_forget_everything(path):
    writer = Writer(path)
    note(writer, noisy(7200))
    sort_all(writer)
    writer.forget_some(KEEP, BEGIN + 7200, 0)
    for _ in range(100):
        writer.forget_some(KEEP, BEGIN + 20 * 366 * DAY, 300.0)
    (raw,) = ask(path, lambda c: c.execute("SELECT count(*) FROM raw").fetchone())
    assert raw == 2
    writer.forget_some(KEEP, BEGIN + 9000, 300.0)
    note(writer, {9000: 5.0})
    assert shown(series(path, 8990, 9100))
    writer.close()


def test_outages_are_forgotten_with_the_hours_but_not_while_they_last(path):
    writer = Writer(path)
    old = {str(n): Outage("rack1", BEGIN + n, BEGIN + n, BEGIN + n + 1, How.LINE) for n in range(3)}
    writer.append(Batch(outages=old | {"lasting": Outage("rack2", BEGIN, BEGIN)}))
    later = BEGIN + 3651 * DAY
    new = Outage("rack1", later - DAY, later - DAY, later - DAY + 1, How.LINE)
    writer.append(Batch(outages={"new": new}))
    writer.forget_some(KEEP, BEGIN, 0)
    while writer.forget_some(KEEP, later, 3651 * DAY):
        pass
    kept = ask(path, lambda c: [row[0] for row in c.execute("SELECT id FROM outages ORDER BY id")])
    assert kept == ["lasting", "new"]
    writer.close()


def test_a_first_start_with_a_clock_in_the_future_hides_nothing_afterwards(path):
    writer = Writer(path)
    writer.forget_some(KEEP, BEGIN + 50 * 366 * DAY, 0)
    writer.forget_some(KEEP, BEGIN, 300)
    note(writer, noisy(7200))
    sort_all(writer)
    assert shown(series(path, 0, 7200))
    assert shown(series(path, 0, 30 * DAY, 10))
    writer.close()


def test_a_file_that_may_be_only_so_large_loses_the_oldest_of_the_finest_first(path):
    writer = Writer(path)
    note(writer, noisy(3 * DAY, step=60) | {3 * DAY - 1: None})
    sort_all(writer)
    limits = Limits(KEEP.days, 1)
    while writer.forget_some(limits, BEGIN + 3 * DAY, 0):
        pass

    def count(tier):
        return ask(path, lambda c: c.execute(tier.sql("SELECT count(*) FROM TIER")).fetchone()[0])

    assert count(RAW) == 24
    assert count(MINUTE) == 72
    assert len(shown(series(path, 0, 7200))) == 120
    writer.close()


def test_what_was_forgotten_is_given_back_to_the_disk(path):
    writer = Writer(path)
    for number in range(20):
        note(writer, noisy(DAY, step=10), variable=f"outlet.{number}.power")
    sort_all(writer)
    (before,) = ask(path, lambda c: c.execute("PRAGMA page_count").fetchone())
    for _ in range(20):
        writer.forget_some(KEEP, BEGIN + 300 * DAY, 300 * DAY)
    (after,) = ask(path, lambda c: c.execute("PRAGMA page_count").fetchone())
    assert after < before / 2
    writer.close()


def test_a_row_that_is_spoilt_is_passed_over_with_a_warning(path, caplog):
    writer = Writer(path)
    note(writer, noisy(7200))
    sort_all(writer)
    writer.close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE raw SET body = x'03ff' WHERE id = (SELECT min(id) FROM raw)")
    connection.close()
    assert series(path, 0, 7200).runs[0][0].at - BEGIN >= 3600
    assert "passed over" in caplog.text


def test_the_tables_of_another_version_are_brought_up_to_date(path, monkeypatch):
    Writer(path).close()

    def second(connection):
        connection.execute("CREATE TABLE notes (text TEXT)")

    monkeypatch.setattr("services.web.history.schema.MIGRATIONS", (*MIGRATIONS, second))
    Writer(path).close()
    assert ask(path, lambda c: c.execute("PRAGMA user_version").fetchone()) == (2,)
    monkeypatch.undo()
    with pytest.raises(UnusableError, match="later nutbus"):
        Writer(path)


def test_only_one_service_at_a_time_has_the_file(path):
    with alone(path), pytest.raises(UnusableError, match="another web service"), alone(path):
        pass


@pytest.mark.parametrize("left", [0, 20])
def test_a_file_that_is_none_is_set_aside_and_never_deleted(path, left, caplog):
    for number in range(1, 3):
        path.write_bytes(b"this is no database at all" * 400)
        for rest in ("-wal", "-shm"):
            path.with_name(path.name + rest).unlink(missing_ok=True)
        writer = Writer(path)
        note(writer, {0: 1.0})
        writer.close()
        assert path.with_name(f"{path.name}.spoilt-{number}").read_bytes().startswith(b"this is")
    assert "begins anew" in caplog.text


def test_every_tier_is_a_multiple_of_the_finer_one():
    for finer, coarser in pairwise(TIERS[1:]):
        assert coarser.step % finer.step == 0
    for tier in TIERS[1:]:
        assert tier.span % tier.step == 0
        assert tier.span % 3600 == 0


@pytest.mark.parametrize("second_is_sorted", [False, True])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({3590: 5.0}, {3595: None}),  # what was thought to hold into the next hour does not
        ({3590: 5.0}, {3650: 6.0}),
        ({}, {3590: 5.0, 3650: 6.0}),
        ({3590: 5.0, 3700: 7.0}, {3610: None}),
        ({3599.5: 5.0}, {3595: 4.0, 7190: 3.0}),
    ],
)
def test_what_holds_over_the_end_of_an_hour_counts_in_the_next(
    path, first, second, second_is_sorted
):
    writer = Writer(path)
    if first:
        note(writer, first)
        sort_all(writer)
    note(writer, second)
    if second_is_sorted:
        sort_all(writer)
    for length in (10_000, 12 * 3600, 20 * DAY):
        check(series(path, 0, length), first | second)
    assert series(path, 0, 12 * 3600).step == 120
    writer.close()
