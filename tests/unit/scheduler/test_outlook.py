"""What the scheduler says it will do and when."""

from services.scheduler.book import Cause, Timer, TimerKind
from services.scheduler.calendar import Entry
from services.scheduler.outlook import LONGEST, in_words, outlook
from services.scheduler.rules import Ask, Emit, Notify, Occurs, Report, Rule, Run


def timer(kind, name, due, device="rack1", **more):
    cause = Cause(device, "ONBATT", "UPS on battery", 0.0)
    return Timer(f"{kind}:{name}", kind, name, 1, due, (cause,), **more)


def rule(id, *actions):
    return Rule(id, f"rule {id}", Occurs("ONBATT"), "*", 0.0, None, 0.0, actions)


def told(timers=(), rules=(), calendar=(), dates=None):
    return [(each.name, each.device, each.due, each.action) for each in
            outlook(timers, rules, calendar, dates or {})]  # fmt: skip


def test_what_is_due_first_comes_first_and_is_said_in_words():
    timers = [
        timer(TimerKind.HELD, "a", 300.0),
        timer(TimerKind.STARTED, "shutdown-late", 200.0, "rack2"),
    ]
    assert told(timers, [rule("a", Notify("text", "title", ("ops",)))]) == [
        ("shutdown-late", "rack2", 200.0, "run the script for shutdown-late"),
        ("rule a", "rack1", 300.0, "notify ops"),
    ]


def test_a_timer_that_waits_for_no_time_is_not_told():
    assert told([timer(TimerKind.HELD, "a", None, fired=True)], [rule("a")]) == []


def test_a_rule_that_has_acted_acts_again():
    repeated = timer(TimerKind.HELD, "a", 9.0, fired=True)
    assert told([repeated], [rule("a", Emit("OTHER", "x"))])[0][3] == "let OTHER happen again"


def test_a_quiet_rule_may_speak_again():
    assert "speak again" in told([timer(TimerKind.QUIET, "a", 9.0)], [rule("a")])[0][3]


def test_a_calendar_entry_is_told_with_its_next_date():
    entry = Entry("e", "monday test", "0 3 * * 1", "rack1", None, (Report("t", ("boss",)),))
    assert told(calendar=[entry], dates={"e": 77.0}) == [
        ("monday test", "rack1", 77.0, "send the report to boss")
    ]


def test_all_devices_of_a_shared_timer_are_named():
    causes = tuple(Cause(device, "ONBATT", "", 0.0) for device in ("a", "b", "a"))
    shared = Timer("started:1", TimerKind.STARTED, "x", 1, 5.0, causes)
    assert told([shared])[0][1] == "a, b"


def test_arguments_of_programs_are_nobodys_business():
    said = in_words([Run(("/opt/bin/tell", "hunter2")), Ask("set", "a.b", "hunter2", "rack2")])
    assert said == "run tell, set a.b of rack2"


def test_long_and_hostile_names_are_cut_to_one_line():
    [(name, *_)] = told([timer(TimerKind.STARTED, "x\ny" * 500, 1.0)])
    assert len(name) == LONGEST
    assert "\n" not in name
