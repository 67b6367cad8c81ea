"""upssched.conf: how it is read, and what its lines do."""

import logging

import pytest

from shared.errors import SettingsError
from shared.nutconfig import nut_settings
from tests.unit.scheduler.stage import Stage

HEAD = "CMDSCRIPT /bin/x\nPIPEFN /run/p\nLOCKFN /run/l\n"


@pytest.fixture
def read(tmp_path):
    (tmp_path / "ups.conf").write_text("")

    def reader(lines, head=HEAD):
        (tmp_path / "upssched.conf").write_text(head + lines)
        return nut_settings(tmp_path).get("scheduler", {}).get("upssched", {})

    return reader


@pytest.fixture
def stage(read):
    def begin(lines):
        return Stage(upssched=read(lines)).says("OL", "a").says("OL", "b")

    return begin


def test_the_file_is_read_as_it_is(read):
    lines = """
AT COMMBAD * START-TIMER upsgone 10
at x y z   # no directive in lower case
AT commok myups@localhost:3493 CANCEL-TIMER upsgone "it was gone"
AT ONBATT * EXECUTE "two words"
DEBUG_MIN 3
"""
    assert read(lines, 'CMDSCRIPT /bin/x "a b" -c\nPIPEFN /p\n') == {
        "script": ["/bin/x", "a b", "-c"],
        "at": [
            {
                "type": "COMMBAD",
                "ups": "*",
                "verb": "START-TIMER",
                "name": "upsgone",
                "seconds": 10,
            },
            {
                "type": "commok",
                "ups": "myups@localhost:3493",
                "verb": "CANCEL-TIMER",
                "name": "upsgone",
                "otherwise": "it was gone",
            },
            {"type": "ONBATT", "ups": "*", "verb": "EXECUTE", "name": "two words"},
        ],
    }


def test_arguments_within_the_quotes_of_the_script_are_taken_apart(read):
    table = read("AT ONBATT * EXECUTE a", 'CMDSCRIPT "/bin/x -v"\n')
    assert table["script"] == ["/bin/x", "-v"]


def test_without_a_file_or_at_line_there_is_no_section(read, tmp_path):
    assert read("") == {}
    (tmp_path / "upssched.conf").unlink()
    assert "scheduler" not in nut_settings(tmp_path)


@pytest.mark.parametrize(
    ("lines", "head", "said"),
    [
        ("AT ONBATT * EXECUTE a", "PIPEFN /p\n", "line 2: CMDSCRIPT must stand above"),
        ("AT ONBATT * START-TIMER a", HEAD, "line 4: START-TIMER needs a number of seconds"),
        ("AT ONBATT * START-TIMER a soon", HEAD, "line 4: START-TIMER needs a number of seconds"),
        ("", "CMDSCRIPT\n", "line 1: CMDSCRIPT needs the path"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_line(read, lines, head, said):
    with pytest.raises(SettingsError, match=f"upssched.conf {said}"):
        read(lines, head)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("AT REPLBATT * ONBATT * EXECUTE x", "line 4: 'ONBATT' is passed over: the commands are"),
        ("AT ONBATT * start-timer x 5", "line 4: 'start-timer' is passed over"),
        ("AT ONBATT * START-TIMER x -5", "line 4: passed over: a timer cannot run backwards"),
        ("AT ONBATT *", "line 4: passed over: write it as AT type ups command name"),
        ('AT ONBATT * EXECUTE ""', "line 4: EXECUTE without a name"),
        ("CMDSCRPT /bin/y", "line 4: unknown 'CMDSCRPT' is passed over; did you mean CMDSCRIPT?"),
    ],
)
def test_what_nut_passes_over_is_passed_over_with_a_warning(read, caplog, line, said):
    with caplog.at_level(logging.WARNING):
        assert read(line) == {}
    assert said in caplog.text


def test_seconds_with_a_unit_count_as_nut_counts_them(read):
    assert read("AT ONBATT * START-TIMER x 5s")["at"][0]["seconds"] == 5


def test_a_timer_calls_the_script_with_its_name(stage):
    stage = stage("AT ONBATT * START-TIMER out 30").at(5).says("OB", "a")
    assert stage.at(99).done() == [(35, "/bin/x out [a ONBATT]")]


def test_each_start_is_a_timer_of_its_own(stage):
    stage = stage("AT ONBATT * START-TIMER out 30").says("OB", "a").at(10).says("OB", "b")
    assert stage.at(99).done() == [(30, "/bin/x out [a ONBATT]"), (40, "/bin/x out [b ONBATT]")]


def test_cancel_ends_all_timers_of_the_name_whoever_started_them(stage):
    lines = "AT ONBATT * START-TIMER out 30\nAT ONBATT * START-TIMER other 30\n"
    stage = stage(lines + "AT ONLINE * CANCEL-TIMER out").says("OB", "a").says("OB", "b")
    assert set(stage.at(10).says("OL", "b").at(99).texts()) == {
        "/bin/x other [a ONBATT]",
        "/bin/x other [b ONBATT]",
    }


def test_cancel_runs_its_command_only_if_there_is_nothing_to_cancel(stage):
    lines = "AT ONBATT * START-TIMER out 30\nAT ONLINE * CANCEL-TIMER out back"
    stage = stage(lines).says("OB", "a").at(10).says("OL", "a").at(50)
    assert stage.texts() == []
    stage.says("OB", "a").at(90).says("OL", "a")
    assert stage.texts() == ["/bin/x out [a ONBATT]", "/bin/x back [a ONLINE]"]


def test_a_shared_timer_collects_who_joined(stage):
    lines = "AT ONBATT * START-TIMER-SHARED out 30\nAT LOWBATT * START-TIMER-SHARED out 5"
    stage = stage(lines).says("OB", "a").at(10).says("OB", "b").at(20).says("OB LB", "b")
    assert stage.at(99).done() == [(30, "/bin/x out [a,b ONBATT,LOWBATT]")]
    message = stage.jobs[0][1].environment["NOTIFYMSG"]
    assert message == "UPS a on battery.\tUPS b on battery.\tUPS b battery is low"


def test_cancel_matched_takes_out_the_ups_that_came_back(stage):
    lines = "AT ONBATT * START-TIMER-SHARED out 30\nAT ONLINE * CANCEL-TIMER-MATCHED out none"
    stage = stage(lines).says("OB", "a").says("OB", "b").at(10).says("OL", "a")
    assert stage.at(99).texts() == ["/bin/x out [b ONBATT]"]
    assert stage.says("OL", "b").texts()[1:] == ["/bin/x none [b ONLINE]"]


def test_cancel_matched_cancels_a_timer_nobody_is_left_in(stage):
    lines = "AT ONBATT * START-TIMER out 30\nAT ONLINE * CANCEL-TIMER-MATCHED out none"
    stage = stage(lines).says("OB", "a").says("OB", "b").at(10).says("OL", "a")
    assert stage.at(99).texts() == ["/bin/x out [b ONBATT]"]


@pytest.mark.parametrize("ups", ["a", "a@localhost", "a@[::1]:3493"])
def test_a_ups_may_be_spelt_with_its_host(stage, ups):
    stage = stage(f"AT onBatt {ups} EXECUTE now").says("OB", "a").says("OB", "b")
    assert stage.texts() == [f"/bin/x now [{ups} ONBATT]"]


def test_all_lines_that_match_run_in_the_order_of_the_file(stage):
    lines = "AT ONBATT a EXECUTE 1\nAT ONBATT * EXECUTE 2\nAT ONLINE * EXECUTE 3\n"
    assert stage(lines + "AT ONBATT * EXECUTE 4").says("OB", "a").texts() == [
        "/bin/x 1 [a ONBATT]",
        "/bin/x 2 [a ONBATT]",
        "/bin/x 4 [a ONBATT]",
    ]


def test_timers_survive_a_restart_in_the_order_of_their_starts(stage):
    lines = "AT ONBATT * START-TIMER-SHARED s 30\nAT ONBATT * START-TIMER t 30"
    stage = stage(lines).says("OB", "a").restart(5).says("OB", "a").says("OB", "b").restart(60)
    assert stage.says("OB", "a").says("OB", "b").at(99).done() == [
        (65, "/bin/x s [a,b ONBATT]"),
        (65, "/bin/x t [a ONBATT]"),
        (65, "/bin/x t [b ONBATT]"),
    ]


def test_lines_for_events_that_never_come_are_told(stage, caplog):
    stage("AT SHUTDOWN * EXECUTE x\nAT ONBAT * EXECUTE y")
    assert "unknown event type 'SHUTDOWN'" in caplog.text
    assert "unknown event type 'ONBAT'; did you mean 'ONBATT'?" in caplog.text


def test_no_comm_comes_as_upsmon_makes_it(stage):
    stage = stage("AT NOCOMM * EXECUTE lost").says("", "a")
    assert stage.at(400).done() == [(300, "/bin/x lost [a NOCOMM]")]
