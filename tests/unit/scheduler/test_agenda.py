"""What is due when: dampening, repeats, storms, restarts, jumps of the clock, calendars."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from services.scheduler.agenda import Agenda
from services.scheduler.book import Saved
from services.scheduler.jobs import Notification, Program, ReportDue
from services.scheduler.plan import plan
from tests.unit.scheduler.stage import BEGIN, Stage, settings

NOTIFY = {"notify": "{device} {type}"}


def rule(when, **more):
    return {"when": when, "do": [NOTIFY], "quiet": 0, **more}


def test_an_event_is_told_once_and_only_when_it_happens():
    stage = Stage(rules=[rule("ONBATT")]).says("OL").at(5).says("OB").at(6).says("OB DISCHRG")
    assert stage.at(1000).done() == [(5, "rack1 ONBATT")]


def test_what_is_well_is_not_told_at_first_sight():
    stage = Stage(rules=[rule(["ONLINE", "COMMOK", "ONBATT", "COMMBAD"])]).says("OL")
    assert stage.says("OB", "rack2").says("", "rack3").texts() == ["rack2 ONBATT", "rack3 COMMBAD"]


def test_a_condition_is_told_when_it_becomes_true_and_again_after_it_was_false():
    stage = Stage(rules=[rule("battery.charge < 50")])
    for second, charge in enumerate(["60", "49", "40", "51", "49.5", "x", "30"]):
        stage.at(second).says("OB", variables={"battery.charge": charge})
    assert stage.done() == [(1, "rack1 CONDITION"), (4, "rack1 CONDITION")]


def test_all_parts_of_a_condition_have_to_hold():
    stage = Stage(rules=[rule("ups.status has OB and battery.charge <= 50")])
    stage.says("OL", variables={"battery.charge": "20"})
    stage.says("OB", variables={"battery.charge": "51"})
    assert stage.texts() == []
    assert stage.says("OB", variables={"battery.charge": "50"}).texts() == ["rack1 CONDITION"]


def test_the_pattern_chooses_the_devices():
    stage = Stage(rules=[rule("ONBATT", device="rack*")])
    assert stage.says("OB", "rack7").says("OB", "desk").texts() == ["rack7 ONBATT"]


@pytest.mark.parametrize("when", ["ONBATT", "ups.status has OB"])
def test_a_dampened_rule_waits_until_it_has_held_long_enough(when):
    stage = Stage(rules=[rule(when, **{"for": 30})]).says("OL")
    stage.at(10).says("OB").at(39.9)
    assert stage.texts() == []
    assert [second for second, _ in stage.at(500).done()] == [40]


@pytest.mark.parametrize("when", ["ONBATT", "ups.status has OB"])
def test_a_dampened_rule_cancels_itself(when):
    stage = Stage(rules=[rule(when, **{"for": 30})]).says("OL")
    stage.at(10).says("OB").at(39).says("OL").at(45).says("OB")
    assert [second for second, _ in stage.at(500).done()] == [75]


@pytest.mark.parametrize("when", ["ONBATT", "ups.status has OB"])
def test_silence_does_not_end_what_held_before(when):
    stage = Stage(rules=[rule(when, **{"for": 30})]).says("OL")
    stage.at(10).says("OB").at(20).says("")
    assert [second for second, _ in stage.at(500).done()] == [40]


def test_a_rule_repeats_while_it_holds():
    stage = Stage(rules=[rule("ONBATT", repeat=60, quiet=600)]).says("OL").at(10).says("OB")
    stage.at(135).says("OL")
    assert [second for second, _ in stage.at(999).done()] == [10, 70, 130]


def test_a_late_repeat_is_not_made_up_for_in_a_burst():
    stage = Stage(rules=[rule("ONBATT", repeat=60)]).says("OL").says("OB")
    stage.now = 1000
    stage.fire()
    assert [second for second, _ in stage.at(1100).done()] == [0, 1000, 1060]


class TestStorm:
    """Mains that flap every second for a minute."""

    @staticmethod
    def storm(stage, last):
        stage.says("OL")
        for second in range(1, 61):
            stage.at(second).says("OB" if second % 2 else "OL")
        return stage.at(61).says(last).at(1000)

    @pytest.mark.parametrize("last", ["OL", "OB"])
    def test_it_gives_one_notification(self, last):
        stage = self.storm(Stage(rules=[rule("ONBATT", quiet=60)]), last)
        assert stage.texts() == ["rack1 ONBATT"]

    def test_of_two_rules_each_speaks_once_when_the_last_word_is_true(self):
        rules = [rule("ONBATT", quiet=60), rule("ONLINE", quiet=60)]
        stage = self.storm(Stage(rules=rules), "OL")
        assert stage.done() == [(1, "rack1 ONBATT"), (2, "rack1 ONLINE")]

    def test_it_ends_with_the_truth_if_the_last_word_is_wrong(self):
        told = {"do": [{"notify": "{type} {count}"}], "quiet": 60}
        rules = [{"when": "ONBATT", **told}, {"when": "ONLINE", **told}]
        stage = self.storm(Stage(rules=rules), "OB")
        assert stage.done() == [(1, "ONBATT 1"), (2, "ONLINE 1"), (121, "ONBATT 30")]

    def test_quiet_zero_tells_each(self):
        stage = self.storm(Stage(rules=[rule("ONBATT", quiet=0)]), "OL")
        assert len(stage.texts()) == 30

    def test_a_dampened_rule_says_nothing_at_all(self):
        stage = self.storm(Stage(rules=[rule("ONBATT", **{"for": 5})]), "OL")
        assert stage.texts() == []

    def test_devices_do_not_silence_each_other(self):
        stage = Stage(rules=[rule("ONBATT", quiet=60)])
        assert len(stage.says("OB", "rack1").says("OB", "rack2").texts()) == 2


def test_no_comm_is_told_as_upsmon_does():
    stage = Stage(rules=[rule("NOCOMM")], no_comm_warn_time=300).says("OL").at(10).says("")
    stage.at(915).says("OL")
    assert [second for second, _ in stage.at(5000).done()] == [310, 610, 910]


def test_a_battery_to_replace_is_told_again_and_again():
    stage = Stage(rules=[rule("REPLBATT")], replace_battery_warn_time=100).says("OL RB")
    assert [second for second, _ in stage.at(250).done()] == [0, 100, 200]


def test_all_kinds_of_actions_are_done_in_their_order():
    do = [
        {"run": ["/bin/x", "{device}", "{ups.load} {{}}"]},
        {"command": "beeper.mute"},
        {"set": "ups.delay.shutdown", "value": 20, "device": "desk"},
        {"notify": "{text} at {time}, {status}, {battery.charge}"},
    ]
    stage = Stage(rules=[{"when": "ONBATT", "do": do}]).says("OB", variables={"ups.load": "7"})
    assert stage.texts() == [
        "/bin/x rack1 7 {} [rack1 ONBATT]",
        "command beeper.mute  rack1",
        "set ups.delay.shutdown 20 desk",
        "UPS rack1 on battery at 2024-01-01 00:00:00, on battery, n/a",
    ]


def test_what_a_device_says_breaks_neither_title_nor_argument():
    do = [{"notify": "{ups.mfr}", "title": "{ups.mfr}"}, {"run": "/bin/x {ups.mfr}"}]
    stage = Stage(rules=[{"when": "ONBATT", "do": do}])
    stage.says("OB", variables={"ups.mfr": "a\r\nBcc: b\x00c"})
    (_, message), (_, program) = stage.jobs
    assert isinstance(message, Notification)
    assert message.title == "a Bcc: b c"
    assert isinstance(program, Program)
    assert "\x00" not in program.argv[1]


class TestRestart:
    """The agenda begins again with what it stored."""

    def test_a_timer_goes_on(self):
        stage = Stage(rules=[rule("ONBATT", **{"for": 30})]).says("OL").says("OB").at(10)
        assert [second for second, _ in stage.restart(5).says("OB").at(99).done()] == [30]

    def test_a_timer_that_fired_does_not_fire_again(self):
        stage = Stage(rules=[rule("ONBATT", **{"for": 30})]).says("OB").at(40).restart()
        assert len(stage.says("OB").at(500).restart().says("OB").at(999).texts()) == 1

    def test_a_timer_that_was_due_meanwhile_fires_if_it_still_holds(self):
        stage = Stage(rules=[rule("ONBATT", **{"for": 30})]).says("OB").restart(100).says("OB")
        assert [second for second, _ in stage.at(200).done()] == [100]

    def test_a_timer_that_was_due_meanwhile_is_cancelled_if_it_holds_no_more(self):
        stage = Stage(rules=[rule("ONBATT", **{"for": 30})]).says("OB").restart(100).says("OL")
        assert stage.at(200).texts() == []

    def test_what_happened_meanwhile_is_told(self):
        stage = Stage(rules=[rule(["ONBATT", "ONLINE"])]).says("OL").restart(60).says("OB")
        assert stage.restart(60).says("OL").texts() == ["rack1 ONBATT", "rack1 ONLINE"]

    def test_what_is_known_is_not_told_again(self):
        rules = [rule(["ONBATT", "ups.status has OB"])]
        stage = Stage(rules=rules).says("OB").restart(60).says("OB").restart().says("OB")
        assert stage.texts() == ["rack1 ONBATT", "rack1 CONDITION"]

    def test_it_tells_which_devices_it_has_not_heard_of_yet(self):
        stage = Stage().says("OL", "a").says("OL", "b").restart()
        assert stage.agenda.unheard == {"a", "b"}
        assert stage.says("OL", "b").agenda.unheard == {"a"}


def test_reloaded_settings_keep_the_timers_of_rules_that_stay():
    stage = Stage(rules=[rule("ONBATT", **{"for": 30})]).says("OL").says("OB").at(10)
    changed = {**rule("ONBATT", **{"for": 30}), "do": [{"notify": "new"}]}
    stage.change(rules=[rule("LOWBATT"), changed])
    assert stage.at(99).done() == [(30, "new")]


def test_reloaded_settings_drop_the_timers_of_rules_that_go():
    stage = Stage(rules=[rule("ONBATT", **{"for": 30})]).says("OL").says("OB").at(10)
    assert stage.change(rules=[rule("LOWBATT")]).at(99).texts() == []


def test_a_removed_device_takes_its_timers_along():
    stage = Stage(rules=[rule("ONBATT", **{"for": 30})]).says("OB")
    stage.forget("rack1")
    assert stage.at(99).texts() == []
    assert not stage.saved.devices


@pytest.mark.parametrize("jump", [-86400.0, -5.0, 7.0, 3600.0, 1e8])
def test_a_jump_of_the_clock_leaves_what_is_left_of_a_timer(jump):
    stage = Stage(rules=[rule("ONBATT", **{"for": 30})]).says("OB").at(10)
    stage.jump(jump)
    assert [second - jump for second, _ in stage.at(99 + jump).done()] == [30]


class TestCalendar:
    """Entries at times of day."""

    def stage(self, cron="0 3 * * *", **more):
        return Stage(calendar=[{"cron": cron, "do": [NOTIFY], **more}]).says("OL")

    def hours(self, stage):
        return [second / 3600 for second, _ in stage.done()]

    def test_it_comes_at_its_time_each_day(self):
        assert self.hours(self.stage().at(3 * 86400)) == [3, 27, 51]

    def test_a_date_missed_by_less_than_three_hours_is_made_up_for_once(self):
        stage = self.stage().at(2 * 3600).restart(3 * 3600).says("OL")
        assert self.hours(stage.at(20 * 3600)) == [5]

    def test_a_date_missed_by_more_is_passed_over(self):
        stage = self.stage().at(2 * 3600).restart(5 * 3600).says("OL")
        assert self.hours(stage.at(28 * 3600)) == [27]

    def test_many_missed_dates_are_one(self):
        stage = self.stage("*/5 * * * *").at(60).restart(6000).says("OL")
        stage.fire()
        assert len(stage.texts()) == 1

    def test_a_clock_set_back_does_not_repeat_a_date(self):
        stage = self.stage().at(3.5 * 3600)
        stage.jump(-3600.0)
        assert len(stage.at(20 * 3600).texts()) == 1

    def test_a_clock_that_was_far_ahead_does_not_stop_the_calendar(self):
        stage = self.stage().at(3600)
        stage.jump(10 * 365 * 86400.0).fire().jump(-10 * 365 * 86400.0)
        assert self.hours(stage.at(4 * 3600)) == [3]

    def test_a_clock_set_forward_over_a_date_makes_up_for_it(self):
        stage = self.stage().at(2.5 * 3600)
        stage.jump(3600.0)
        assert self.hours(stage.at(20 * 3600)) == [3.5]

    def test_it_is_done_for_each_device_that_fits(self):
        do = [{"command": "test.battery.start.quick"}]
        entry = {"cron": "0 3 * * *", "device": "r*", "when": "ups.status has OL", "do": do}
        stage = Stage(calendar=[entry]).says("OL", "r2").says("OL", "r1").says("OL", "desk")
        stage.says("OB", "r3").says("OL", "r4").says("", "r4").at(86400)
        assert [text.split()[-1] for text in stage.texts()] == ["r1", "r2"]

    def test_an_entry_may_be_about_no_device(self):
        stage = self.stage(device="", do=[{"notify": "change the filter"}]).at(86400)
        assert stage.texts() == ["change the filter"]

    def test_the_age_of_a_battery_can_be_asked_for(self):
        when = {"when": "battery.age > 1000", "do": [{"notify": "{device} {battery.age}"}]}
        stage = self.stage(**when).says("OL", variables={"battery.age": "1001"}).at(86400)
        assert stage.texts() == ["rack1 1001"]

    def test_a_report_covers_the_time_since_the_one_before(self):
        stage = self.stage("0 6 * * 1", do=[{"report": "weekly"}]).at(15 * 86400)
        periods = [
            ((job.since - BEGIN) / 3600, (job.until - BEGIN) / 3600)
            for _, job in stage.jobs
            if isinstance(job, ReportDue)
        ]
        assert periods == [(0, 6), (6, 174), (174, 342)]

    def test_summer_time_neither_loses_nor_repeats_a_date(self):
        entry = {"cron": "30 2 * * *", "do": [NOTIFY]}
        section = settings(calendar=[entry], timezone="Europe/Berlin").scheduler
        for day in ((2024, 3, 30), (2024, 10, 26)):
            begin = datetime(*day, 20, tzinfo=UTC).timestamp()
            agenda = Agenda(plan(section), Saved(), begin)
            dues = []
            while agenda.next_due is not None and agenda.next_due < begin + 2 * 86400:
                dues.append(agenda.next_due)
                agenda.fire_due(agenda.next_due)
            assert len(dues) == 2


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 400)),
        st.tuples(st.just("says"), st.sampled_from(["OL", "OB", "OB LB", ""])),
        st.tuples(st.just("jump"), st.integers(-100_000, 100_000)),
        st.tuples(st.just("restart"), st.integers(0, 300)),
    ),
    max_size=40,
)


@given(steps=STEPS, lasting=st.integers(1, 300), seconds=st.integers(0, 300))
@hypothesis_settings(max_examples=300, deadline=None)
def test_no_timer_fires_twice_or_before_its_time(steps, lasting, seconds):
    """Each ONBATT starts one timer of upssched.conf and, if none runs, one of a rule."""
    at = [{"type": "ONBATT", "ups": "*", "verb": "START-TIMER", "name": "t", "seconds": seconds}]
    stage = Stage(
        rules=[{"when": "ONBATT", "for": lasting, "quiet": 0, "do": [{"notify": "rule"}]}],
        upssched={"script": ["/bin/x"], "at": at},
    ).says("OL")
    elapsed = 0.0  # as a stop-watch shows it, whatever the clock does
    offset = 0.0
    started: list[float] = []
    since: float | None = None
    spells: list[float] = []
    last = "OL"
    for step, value in [*steps, ("wait", 1000)]:
        if step == "wait":
            stage.at(stage.now + value)
        elif step == "restart":
            stage.restart(value)
        elif step == "jump":
            stage.jump(value)
            stage.jobs = [(when + value, job) for when, job in stage.jobs]
            offset += value
        else:
            elapsed = stage.now - offset
            if value and "OB" in value and "OB" not in last:
                started.append(elapsed)
                since = elapsed
                spells.append(elapsed)
            last = value or last
            stage.says(value)
    fired = sorted(when - offset for when, job in stage.jobs if not isinstance(job, Notification))
    assert len(fired) == len(started)
    for began, ended in zip(started, fired, strict=True):
        assert ended >= began + seconds - 1e-3
    told = sorted(when - offset for when, job in stage.jobs if isinstance(job, Notification))
    assert len(told) <= len(spells)
    assert since is None or "OB" not in last or told
    for moment in told:
        assert any(began + lasting - 1e-3 <= moment for began in spells)
