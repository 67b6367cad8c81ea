import logging
from pathlib import Path
from typing import Any

import pytest

from services.monitor.settings import MonitorSettings
from shared.errors import SettingsError
from shared.nutconfig import nut_settings
from shared.nutconfig.statements import statements
from shared.nutconfig.upsmon import monitor_table

UPSMON = """\
# As Debian ships it, and a little more
RUN_AS_USER nut
MONITOR rack1@localhost 1 upsmon "se cret" primary
MONITOR rack2@ups.example.org:3494 1 slave hush slave
MONITOR "rack3@[2001:db8::1]" 0 u p SECONDARY
MINSUPPLIES 1
SHUTDOWNCMD "/sbin/shutdown -h +0"
NOTIFYCMD /usr/sbin/upssched
POLLFREQ 2
POLLFREQALERT 1
HOSTSYNC 20
DEADTIME 25
POWERDOWNFLAG "/etc/killpower"
NOTIFYMSG ONLINE "UPS %s is fine \\"again\\""
NOTIFYFLAG ONLINE SYSLOG+EXEC
NOTIFYFLAG onbatt IGNORE
OFFDURATION -1
OVERDURATION 5
OBLBDURATION -1
ALARMCRITICAL 0
RBWARNTIME 100
NOCOMMWARNTIME 200
FINALDELAY 0
SHUTDOWNEXIT no
POLLFAIL_LOG_THROTTLE_MAX 3
DEBUG_MIN 2
"""

MONITOR = "MONITOR ups@host 1 u p primary\n"


@pytest.fixture
def read(tmp_path: Path):
    def table(text: str) -> dict[str, Any]:
        """Read the text, and leave out the supply that every file needs."""
        file = tmp_path / "upsmon.conf"
        file.write_text(text if "MONITOR" in text else f"{text}\n{MONITOR}")
        read = monitor_table(statements(file))
        return read if "MONITOR" in text else {key: read[key] for key in read if key != "supplies"}

    return table


def test_every_directive_is_read(read):
    supply = {"username": "upsmon", "password": "se cret", "role": "primary"}
    assert read(UPSMON) == {
        "run_as_user": "nut",
        "supplies": [
            {"address": "rack1@localhost", "power_value": 1, **supply},
            {
                "address": "rack2@ups.example.org:3494",
                "power_value": 1,
                "username": "slave",
                "password": "hush",
                "role": "secondary",
            },
            {
                "address": "rack3@[2001:db8::1]",
                "power_value": 0,
                "username": "u",
                "password": "p",
                "role": "secondary",
            },
        ],
        "min_supplies": 1,
        "shutdown_command": "/sbin/shutdown -h +0",
        "notify_command": "/usr/sbin/upssched",
        "poll_interval": 2.0,
        "poll_interval_alert": 1.0,
        "host_sync": 20.0,
        "dead_time": 25.0,
        "power_down_flag": "/etc/killpower",
        "notify": {
            "ONLINE": {"message": 'UPS %s is fine "again"', "flags": ["SYSLOG", "EXEC"]},
            "ONBATT": {"flags": ["IGNORE"]},
        },
        "off_duration": -1.0,
        "over_duration": 5.0,
        "oblb_duration": 0.0,
        "alarm_critical": False,
        "rb_warn_time": 100.0,
        "no_comm_warn_time": 200.0,
        "final_delay": 0.0,
        "shutdown_exit": False,
    }


def test_the_monitor_takes_what_is_read(tmp_path: Path):
    """A machine with upsmon.conf alone, fed by the UPS of another, runs on that file."""
    (tmp_path / "upsmon.conf").write_text(UPSMON)
    section = MonitorSettings.load(nut_config=tmp_path).monitor
    assert [supply.name for supply in section.supplies] == [
        "rack1@localhost",
        "rack2@ups.example.org:3494",
        "rack3@[2001:db8::1]",
    ]
    assert section.servers()["rack3@[2001:db8::1]"].host == "2001:db8::1"
    assert section.rules().shutdown_exit is None
    assert section.rules().is_primary


def test_a_file_that_watches_over_nothing_is_no_monitor(tmp_path: Path, caplog):
    (tmp_path / "ups.conf").write_text("[ups]\ndriver = dummy-ups\nport = x\n")
    (tmp_path / "upsmon.conf").write_text("MINSUPPLIES 1\nSHUTDOWNCMD /sbin/off\n")
    with caplog.at_level(logging.WARNING):
        assert "monitor" not in nut_settings(tmp_path)
    assert "no MONITOR" in caplog.text


def test_beside_the_other_files_it_is_one_table_more(tmp_path: Path):
    (tmp_path / "ups.conf").write_text("[ups]\ndriver = dummy-ups\nport = x\n")
    assert "monitor" not in nut_settings(tmp_path)
    (tmp_path / "upsmon.conf").write_text(UPSMON)
    assert set(nut_settings(tmp_path)) == {"driver", "devices", "gateway", "monitor"}


def test_without_any_file_the_missing_one_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"ups\.conf"):
        nut_settings(tmp_path)


@pytest.mark.parametrize(
    ("lines", "supply"),
    [
        ("", {}),
        (
            "CERTPATH /etc/ssl/certs\nCERTVERIFY 1\nFORCESSL 1",
            {
                "certificate_authority": "/etc/ssl/certs",
                "verify_certificate": True,
                "tls": "require",
            },
        ),
        (
            "CERTPATH /etc/ssl/ca.pem",
            {
                "certificate_authority": "/etc/ssl/ca.pem",
                "verify_certificate": False,
                "tls": "try",
            },
        ),
        (
            "CERTFILE /etc/nut/me.pem\nCERTHOST host ups.example.org 1 1\nCERTHOST other x 0 0",
            {
                "certificate_file": "/etc/nut/me.pem",
                "certificate_name": "ups.example.org",
                "verify_certificate": True,
                "tls": "require",
            },
        ),
    ],
)
def test_certificates_are_said_for_each_supply(read, lines: str, supply: dict[str, Any]):
    (found,) = read(f"{lines}\nMONITOR ups@host:3493 1 u p primary\n")["supplies"]
    kept = ("address", "power_value", "username", "password", "role")
    assert {key: value for key, value in found.items() if key not in kept} == supply


def test_further_words_of_a_command_are_its_arguments(read):
    table = read('SHUTDOWNCMD "/sbin/off now" "two words" it\'s\nNOTIFYCMD /bin/tell "a b" c\n')
    assert table["shutdown_command"] == "/sbin/off now 'two words' 'it'\\''s'"
    assert table["notify_command"] == ["/bin/tell", "a b", "c"]


@pytest.mark.parametrize(
    ("given", "meant"), [("yes", True), ("No", False), ("0", 0.0), ("30", 30.0), ("-1", False)]
)
def test_shutdownexit_is_read_as_nut_does(read, given: str, meant: bool | float):
    assert read(f"SHUTDOWNEXIT {given}\n")["shutdown_exit"] == meant


def test_root_is_no_user_to_run_as_since_nothing_would_start(read):
    assert "run_as_user" not in read("RUN_AS_USER root\n")


@pytest.mark.parametrize("directive", ["POLLFREQ", "POLLFREQALERT", "NOCOMMWARNTIME", "RBWARNTIME"])
def test_a_rhythm_without_a_pause_becomes_a_second(read, directive: str):
    assert list(read(f"{directive} 0\n").values()) == [1.0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("MONITOR ups@host 1 user secret-pass", "five words"),
        ("MONITOR ups@host 1 user secret-pass boss", "primary or secondary"),
        ("MONITOR ups@host -1 user secret-pass primary", "power value"),
        ("MONITOR ups@host many user secret-pass primary", "power value"),
        ("MINSUPPLIES -1", "MINSUPPLIES must be a whole number, 0 or more"),
        ("DEADTIME soon", "DEADTIME must be a number of seconds"),
        ("FINALDELAY -5", "0 or more"),
        ("HOSTSYNC nan", "HOSTSYNC must be"),
        ("ALARMCRITICAL maybe", "yes or no"),
        ("SHUTDOWNEXIT later", "yes, no or a number of seconds"),
        ("DEADTIME = 15", "after a space and without ="),
        ("SHUTDOWNCMD", "needs a value"),
        ("NOTIFYMSG ONLINE", "a notify type and a text"),
        ("NOTIFYFLAG ONLINE", "a notify type and flags"),
        ("CERTHOST host name 1", "twice 0 or 1"),
        ('MONITOR "ups@host 1', "unterminated quote"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(read, line: str, words: str):
    with pytest.raises(SettingsError) as caught:
        read(f"# first\n{line}\n")
    assert str(caught.value).startswith("upsmon.conf line 2: ")
    assert words in str(caught.value)
    assert "secret-pass" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("DEDTIME 15", "unknown 'DEDTIME' is passed over; did you mean DEADTIME?"),
        ("deadtime 15", "did you mean DEADTIME?"),
        ("NOTIFYFLAG ONLINE SYSLOG+MAIL", "unknown flag is passed over"),
        ("NOTIFYFLAG NONSENSE SYSLOG", "unknown notify type is passed over"),
        ("NOTIFYMSG ONLINE UPS %s is back", "line 1: only the first word of the text counts"),
        ("RUN_AS_USER root", "line 1: root is passed over"),
        ("CERTIDENT name secret-pass", "CERTFILE"),
        ("MONITOR ups@host 1 u p primary\nMONITOR ups@host 2 u p primary", "stands above already"),
    ],
)
def test_what_nut_passes_over_is_passed_over(read, caplog, line: str, words: str):
    with caplog.at_level(logging.WARNING):
        read(f"{line}\n")
    assert words in caplog.text
    assert "secret-pass" not in caplog.text
