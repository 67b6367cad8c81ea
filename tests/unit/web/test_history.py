"""What of the devices is noted, outages, energy and the health of batteries."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.web.history import energy, health
from services.web.history.energy import Span
from services.web.history.outages import How, Outage, Outages, body_of, outage_of
from services.web.history.recorder import (
    ESTIMATED,
    MEASURED,
    SERIES_LIMIT,
    Choice,
    Recorder,
)
from services.web.history.samples import Bucket
from shared.fleet import Device
from shared.messages import Availability, DeviceMeta, DeviceState, ForcedShutdown

NOW = 1_700_000_000.0
DAY = 86400.0


def device(status="OL", *, online=True, fsd=False, **variables):
    found = {name.replace("_", "."): text for name, text in variables.items()}
    return Device(
        "ups1",
        meta=DeviceMeta(driver="played", service="played"),
        state=DeviceState(seq=0, at=0.0, vars={"ups.status": status, **found}),
        availability=Availability.ONLINE if online else Availability.STALE,
        service_online=True,
        fsd=ForcedShutdown(by="test", at=0.0) if fsd else None,
    )


def noted(recorder):
    found = [(each.variable, each.at / 1000 - NOW, each.value) for each in recorder.waiting(9999)]
    recorder.written(len(found))
    return sorted(found)


def test_a_value_is_noted_when_it_changes_and_once_a_minute_while_it_is_true():
    recorder = Recorder(Choice())
    for at in range(0, 130, 5):
        recorder.take("ups1", device(ups_load="40" if at < 100 else "41"), NOW + at)
    assert noted(recorder) == [
        ("ups.load", 0, 40.0),
        ("ups.load", 60, 40.0),
        ("ups.load", 100, 41.0),
    ]


def test_what_changes_by_no_more_than_its_deadband_waits_for_its_minute():
    recorder = Recorder(Choice(deadbands={"input.*": 0.5}))
    for at, volts in enumerate(("230.0", "230.5", "230.6", "230.1", "229.9")):
        recorder.take("ups1", device(input_voltage=volts), NOW + at)
    assert [value for _, _, value in noted(recorder)] == [230.0, 230.6, 229.9]


@pytest.mark.parametrize(
    "away",
    [
        device(online=False, ups_load="40"),
        None,
        device(ups_load="n/a"),
        device(),
        device(ups_load="1e9"),
        device(ups_load="9" * 60),
    ],
)
def test_what_is_away_or_no_number_is_noted_as_nothing_known_once(away):
    recorder = Recorder(Choice())
    recorder.take("ups1", device(ups_load="40"), NOW)
    for at in range(1, 4):
        recorder.take("ups1", away, NOW + at)
    assert noted(recorder) == [("ups.load", 0, 40.0), ("ups.load", 1, None)]
    recorder.take("ups1", device(ups_load="40"), NOW + 9)
    assert noted(recorder) == [("ups.load", 9, 40.0)]


def test_when_the_bus_is_away_nothing_is_known_of_any_device():
    recorder = Recorder(Choice())
    recorder.take("ups1", device(ups_load="40"), NOW)
    recorder.take("ups2", device(ups_load="50"), NOW)
    recorder.lose_all(NOW + 20)
    recorder.lose_all(NOW + 24)
    assert [value for _, _, value in noted(recorder)] == [40.0, 50.0, None, None]


def test_after_the_clock_was_set_back_values_are_noted_at_once():
    recorder = Recorder(Choice())
    recorder.take("ups1", device(ups_load="40"), NOW)
    recorder.take("ups1", device(ups_load="40"), NOW - 3600)
    assert noted(recorder) == [("ups.load", -3600, 40.0), ("ups.load", 0, 40.0)]


def test_power_is_noted_as_measured_or_as_estimated():
    recorder = Recorder(Choice(variables=()))
    recorder.take("ups1", device(ups_realpower="123.4"), NOW)
    recorder.take("ups2", device(ups_load="40", ups_realpower_nominal="900"), NOW)
    assert noted(recorder) == [(MEASURED, 0, 123.4), (ESTIMATED, 0, 360.0)]


def test_a_device_that_makes_up_names_is_stopped_with_one_warning(caplog):
    recorder = Recorder(Choice(variables=("*",)))
    for at in range(5):
        names = {f"x{at}.{each}": "1" for each in range(100)}
        recorder.take("ups1", device(**names), NOW + at)
    assert len({name for name, _, _ in noted(recorder)}) == SERIES_LIMIT
    assert len(caplog.records) == 1


def take(outages, *steps):
    for at, found in steps:
        outages.take("ups1", found, NOW + at)


def the_one(outages):
    (outage,) = outages.changed.values()
    return outage


def test_an_outage_has_its_length_and_what_it_took():
    outages = Outages()
    take(
        outages,
        (0, device(battery_charge="98")),
        (10, device("OB", battery_charge="97", ups_load="20", input_transfer_reason="no input")),
        (20, device("OB", battery_charge="80", ups_load="40", battery_runtime="300")),
        (30, device("OB LB", battery_charge="20", ups_load="40", fsd=True)),
        (35, device("OL CHRG", battery_charge="21")),
    )
    outage = the_one(outages)
    assert (outage.began, outage.ended, outage.how) == (NOW + 10, NOW + 35, How.LINE)
    assert (outage.charge_before, outage.lowest_charge) == (98, 20)
    assert (outage.lowest_runtime, outage.reason) == (300, "no input")
    assert outage.had_low_battery
    assert outage.had_forced_shutdown
    assert not outage.is_test
    assert outage.load == pytest.approx(40, abs=1)
    assert outage_of(body_of(outage)) == outage


def test_while_nothing_can_be_written_only_so_many_outages_wait(monkeypatch):
    monkeypatch.setattr("services.web.history.outages.WAITING_LIMIT", 5)
    outages = Outages()
    outages.take("lasting", replace(device("OB"), name="lasting"), NOW)
    for at in range(20):
        take(outages, (at, device("OB" if at % 2 else "OL")))
    assert len(outages.changed) == 5
    began = {outage.device: outage.began - NOW for outage in outages.changed.values()}
    assert began == {"lasting": 0, "ups1": 19}


def test_a_test_of_the_battery_is_told_apart():
    outages = Outages()
    take(outages, (0, device("OB CAL")), (9, device()))
    assert the_one(outages).is_test


def test_an_outage_of_a_device_that_fell_silent_ends_where_it_was_last_seen():
    outages = Outages()
    take(outages, (0, device("OB")), (50, device("OB")), (60, device("OB", online=False)))
    assert the_one(outages).ended is None
    take(outages, (900, device("OL")))
    assert (the_one(outages).ended, the_one(outages).how) == (NOW + 50, How.UNSEEN)


def test_an_outage_that_nobody_sees_any_more_is_not_open_for_ever():
    outages = Outages()
    take(outages, (0, device("OB")), (50, device("OB")))
    outages.tick({}, NOW + 3000)
    assert the_one(outages).ended is None
    outages.tick({}, NOW + 4000)
    assert (the_one(outages).ended, the_one(outages).how) == (NOW + 50, How.UNSEEN)


def test_an_outage_goes_on_after_a_restart_if_it_is_near_enough():
    before = Outages()
    take(before, (0, device("OB", battery_charge="90")))
    stored = dict(before.open)
    for later, count in ((600, 1), (7200, 2)):
        after = Outages()
        take(after, (later, device("OB", battery_charge="70")))
        after.resume(stored)
        take(after, (later + 1, device("OB", battery_charge="69")), (later + 5, device("OL")))
        assert len(after.changed) == count
        first = min(after.changed.values(), key=lambda each: each.began)
        assert first.began == NOW
        assert first.lowest_charge == (69 if count == 1 else 90)
        assert first.how is (How.LINE if count == 1 else How.UNSEEN)


def test_a_device_that_is_taken_away_ends_its_outage():
    outages = Outages()
    take(outages, (0, device("OB")), (5, None))
    assert the_one(outages).how is How.GONE


def test_a_clock_that_is_set_back_never_makes_an_outage_of_less_than_no_time():
    outages = Outages()
    take(outages, (0, device("OB")), (-500, device("OB")), (-490, device("OL")))
    assert the_one(outages).seconds == 10
    assert the_one(outages).ended >= the_one(outages).began


def quarter(at, watts, seconds=900.0):
    return Bucket(int(at) // 900 * 900, 900, watts, watts, watts, seconds)


def test_energy_is_power_times_known_time_by_days_of_the_zone():
    zone = ZoneInfo("Europe/Berlin")
    begin = datetime(2026, 3, 28, tzinfo=zone).timestamp()
    end = datetime(2026, 3, 31, tzinfo=zone).timestamp()
    whole = [quarter(at, 1000.0) for at in range(int(begin), int(end), 900)]
    days = energy.totals(whole, [], Span.DAY, begin, end, zone)
    assert [round(day.kilowatt_hours, 6) for day in days] == [24, 23, 24]
    assert [day.share for day in days] == [1, 1, 1]
    half = [each for each in whole if each.begin % 1800 == 0]
    (month,) = energy.totals(half, [], Span.MONTH, begin, end, zone)
    assert month.kilowatt_hours == pytest.approx(35.5)
    assert month.end - month.begin == 31 * DAY - 3600
    (year,) = energy.totals(half, [], Span.YEAR, begin, end, zone)
    assert year.kilowatt_hours == pytest.approx(35.5)
    assert not year.estimated


def test_an_estimate_counts_only_where_nothing_was_measured():
    begin = NOW // DAY * DAY
    estimated = [quarter(begin + at, 100.0) for at in range(0, 3600, 900)]
    measured = [quarter(begin, 400.0)]
    (day,) = energy.totals(measured, estimated, Span.DAY, begin, begin + DAY, UTC)
    assert day.kilowatt_hours == pytest.approx((400 + 3 * 100) / 4000)
    assert day.estimated


def hourly(at, value):
    return Bucket(int(at), 3600, value, value, value, 3600.0)


def past(weeks, runtime, load=40.0, noise=0.03):
    """Make hours of full batteries, one a day: runtime, charge, load."""
    chance = random.Random(3)
    found: list[list[Bucket]] = [[], [], []]
    begin = NOW // health.WEEK * health.WEEK
    for day in range(weeks * 7):
        at = begin + day * DAY
        percent = load * (1 + 0.1 * math.sin(day))
        seconds = runtime(day / 7) * 40 / percent * (1 + chance.gauss(0, noise))
        for column, value in zip(found, (seconds, 100.0, percent), strict=True):
            column.append(hourly(at, value))
    return (*found, [])


def test_a_battery_that_wears_evenly_has_a_date_by_which_it_is_worn():
    found = health.health(*past(40, lambda week: 3000 * (1 - 0.004 * week)))
    assert found.trend
    assert found.trend.due
    assert found.trend.yearly == pytest.approx(-0.004 * 52.18, rel=0.15)
    weeks = (found.trend.due - NOW) / health.WEEK
    assert weeks == pytest.approx(0.2 / 0.004, rel=0.15)


@pytest.mark.parametrize(
    "runtime",
    [
        lambda _: 3000.0,
        lambda week: 3000 + 5 * week,
        lambda week: 3000 * (1 + 0.3 * math.sin(week)),
    ],
)
def test_a_battery_that_does_not_wear_gets_no_date(runtime):
    assert health.health(*past(40, runtime)).trend is None


def test_nothing_is_said_from_a_few_weeks():
    assert health.health(*past(10, lambda week: 3000 * (1 - 0.03 * week))).trend is None


def test_what_is_too_far_off_has_a_slope_and_no_date():
    trend = health.health(*past(20, lambda week: 3000 * (1 - 0.001 * week), noise=0.001)).trend
    assert trend
    assert trend.due is None


def test_a_new_battery_begins_anew():
    runtime = lambda week: 3000 * (1 - 0.01 * week) if week < 30 else 3000.0  # noqa: E731 -- short
    assert health.health(*past(50, runtime)).trend is None


def test_hours_in_which_the_battery_was_not_full_or_the_load_was_another_do_not_count():
    runtime, charge, load, _ = past(30, lambda _: 3000.0, noise=0)
    charge = [each._replace(low=90.0) for each in charge[:100]] + charge[100:]
    load = load[:170] + [each._replace(mean=90.0) for each in load[170:]]
    found = health.promised(runtime, charge, load)
    assert len(found) == len({day // 7 for day in range(100, 170)})


def test_an_outage_proves_what_a_whole_charge_lasts():
    outage = Outage("ups1", NOW, NOW + 600, NOW + 600, How.LINE, 100.0, 80.0, load=50.0)
    assert [level.value for level in health.proved([outage])] == [600 * 5 * 50]
    for useless in (
        replace(outage, how=How.UNSEEN),
        replace(outage, lowest_charge=95.0),
        replace(outage, charge_before=None),
        replace(outage, load=None),
        replace(outage, ended=NOW + 30),
    ):
        assert health.proved([useless]) == []
