"""What the settings refuse, and what they say then."""

import logging

import pytest

from services.scheduler.settings import SchedulerSettings, default_database
from shared.errors import SettingsError
from tests.unit.scheduler.stage import settings

NOTIFY = {"notify": "x"}
SECRET = "hunter2"


def refusal(**section):
    with pytest.raises(SettingsError) as refused:
        settings(**section)
    return str(refused.value)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("ONBAT", "scheduler.rules.0.when: unknown event type 'ONBAT'; did you mean ONBATT?"),
        ("ZZZ", "unknown event type 'ZZZ'; there are ONLINE, ONBATT,"),
        ("battery.charge", "'battery.charge' is neither an event type nor a condition such as"),
        ("battery.charge = 50", "is neither an event type nor a condition"),
        ("battery.charge < low", "< compares with a number"),
        ("ups.status has OB and charge <", "'charge <' is neither"),
        ([], "scheduler.rules.0.when: List should have at least 1 item"),
    ],
)
def test_a_wrong_when_is_refused(when, said):
    assert said in refusal(rules=[{"when": when, "do": NOTIFY}])


@pytest.mark.parametrize(
    ("do", "said"),
    [
        ({"notfy": "x"}, "rules.0.do.0: unknown key 'notfy'; did you mean 'notify'?"),
        ({}, "an action is exactly one of notify, run, command, set, report"),
        ({"notify": "x", "run": "/bin/x"}, "an action is exactly one of"),
        ({"notify": "{devise}"}, "do.0.notify: unknown field 'devise'; did you mean 'device'?"),
        ({"notify": "{0}"}, "rules.0.do.0.notify: unknown field"),
        ({"notify": "50 %}"}, "a single '}': write '}}'"),
        ({"notify": "x", "to": "obs"}, "rules.0.do.0: unknown receiver 'obs'; did you mean 'ops'?"),
        ({"run": "logger x"}, "has to begin with the full path of a program"),
        ({"run": []}, "has to begin with the full path of a program"),
        ({"run": "/bin/x 'y"}, "do.0.run: No closing quotation"),
        ({"run": "/bin/x", "value": "3"}, "value belongs to command and set, not to run"),
        ({"set": "ups.id"}, "set needs a value"),
        ({"command": "test battery"}, "'test battery' is no name of a command"),
        ({"report": "weekly"}, "report belongs to [[scheduler.calendar]]"),
    ],
)
def test_a_wrong_action_is_refused(do, said):
    assert said in refusal(rules=[{"when": "ONBATT", "do": [do]}])


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        (
            "0 0 31 2 *",
            "scheduler.calendar.0.cron: '0 0 31 2 *' is no cron line (Bad day-of-month)",
        ),
        ("0 0 30 2,4 MON#6", "(Bad day-of-week)"),
        ("0 25 * * *", "(Bad hour): it is minute hour day-of-month month day-of-week, as '0 3 "),
        ("daily", "(Wrong number of fields)"),
    ],
)
def test_an_impossible_cron_line_is_refused(cron, said):
    assert said in refusal(calendar=[{"cron": cron, "do": NOTIFY}])


def test_a_cron_line_that_never_comes_true_is_refused():
    assert "'0 0 */31 * 1#5' never comes true" in refusal(
        calendar=[{"cron": "0 0 */31 * 1#5", "do": NOTIFY}]
    )


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (
            {"receivers": {}, "rules": [{"when": "FSD", "do": NOTIFY}]},
            "rules.0.do.0: there is no [",
        ),
        ({"rules": [{"when": "FSD", "do": NOTIFY, "fro": 3}]}, "unknown key 'fro'; did you mean '"),
        ({"rules": [{"when": "FSD", "do": NOTIFY, "for": -1}]}, "scheduler.rules.0.for: "),
        ({"timezone": "Mars/Base"}, "scheduler.timezone: 'Mars/Base' is no time zone"),
        ({"calender": []}, "scheduler: unknown key 'calender'; did you mean 'calendar'?"),
        (
            {"calendar": [{"cron": "* * * * *", "when": "ONBATT", "do": NOTIFY}]},
            "calendar.0.when: 'ONBATT' is no condition",
        ),
        (
            {"calendar": [{"cron": "* * * * *", "device": "", "do": {"command": "x"}}]},
            "calendar.0: do: a command for no device",
        ),
        ({"upssched": {"script": ["/x"], "at": [{"type": "A", "verb": "B", "name": "c"}]}}, "at.0"),
    ],
)
def test_other_wrong_settings_are_refused(section, said):
    assert said in refusal(**section)


@pytest.mark.parametrize(
    "urls",
    [
        f"nosuch://user:{SECRET}@host",
        f"user:{SECRET}@host",
        f"mailto://{SECRET}",
        ["json://127.0.0.1/x", f"nosuch://{SECRET}"],
        f"\n# {SECRET}\n",
        {"x": SECRET},
    ],
)
def test_a_wrong_address_is_refused_and_never_shown(urls, caplog):
    with caplog.at_level(logging.DEBUG):
        said = refusal(receivers={"ops": {"urls": urls}})
    assert said.startswith("nutbus.toml: scheduler.receivers.ops.urls: ")
    assert SECRET not in said + caplog.text


def test_an_address_does_not_show_when_the_settings_are_printed():
    receivers = {"ops": {"urls": f"json://user:{SECRET}@127.0.0.1/"}}
    assert SECRET not in repr(settings(receivers=receivers))


def test_addresses_may_come_from_a_file(tmp_path):
    file = tmp_path / "urls"
    file.write_text("# the duty phone\njson://127.0.0.1/a\n\njson://127.0.0.1/b\n")
    section = settings(receivers={"ops": {"urls_file": str(file)}}).scheduler
    assert section.receivers["ops"].urls.get_secret_value().count("json://") == 2


def test_the_database_is_where_the_system_wants_it(monkeypatch, tmp_path):
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}:/other")
    assert default_database() == tmp_path / "scheduler.sqlite3"


def test_a_whole_file_is_understood():
    tables = {
        "bus": {"broker": "mqtt://127.0.0.1"},
        "scheduler": {
            "receivers": {"ops": {"urls": ["mailto://u:p@example.org", "json://127.0.0.1/"]}},
            "rules": [
                {"when": "ups.status has OB", "for": 60, "repeat": 600, "do": NOTIFY},
                {
                    "when": ["LOWBATT", "fsd"],
                    "device": "rack*",
                    "do": [{"run": "/bin/true {text}"}],
                },
            ],
            "calendar": [{"cron": "0 3 1 * *", "do": {"command": "test.battery.start.deep"}}],
        },
        "devices": {"a": {"driver": "whatever"}},
    }
    section = SchedulerSettings.from_tables(tables, "x").scheduler
    assert section.rules[0].lasting == 60
    assert section.rules[1].do[0].run == ["/bin/true", "{text}"]
