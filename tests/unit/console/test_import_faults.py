"""`nutbus import` of files with faults: what NUT would run is kept, and each fault is said once."""

import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.console import up
from services.console.importing.carrying import BY_NUMBER, BY_TEXT, NOT_HERE, WIRES
from services.console.importing.reading import read
from services.console.importing.report import report
from services.driver.drivers import DRIVERS
from services.monitor.settings import MonitorSection
from shared.errors import SettingsError

UPS = "[a]\ndriver = usbhid-ups\nport = auto\n"
UPSMON = "MONITOR a@localhost 1 u p primary\nSHUTDOWNCMD /sbin/off\n{}\n"


@pytest.fixture(autouse=True)
def hushed():
    logger = logging.getLogger("shared.nutconfig")
    level = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(level)


@pytest.fixture
def taken(tmp_path: Path):
    def tables_and_report(**files: str) -> tuple[dict[str, Any], list[str]]:
        """Import files, given by their names with _ for the dot; every line must have its fate."""
        for name, text in {"ups_conf": UPS, **files}.items():
            (tmp_path / name.replace("_", ".")).write_text(text)
        reading = read(tmp_path)
        assert all(line.fates for line in reading.statements)
        return reading.tables, list(report(reading.statements))

    return tables_and_report


def about(told: list[str], place: str) -> str:
    return "\n".join(line for line in told if line.startswith(f"{place}: "))


def device(driver: str, *lines: str) -> str:
    return "\n".join(["[d]", f"driver = {driver}", "port = /dev/ttyS0", *lines, ""])


@pytest.mark.parametrize(
    ("driver", "line", "kept", "words"),
    [
        ("usbhid-ups", "offdelay = 120s", {"offdelay": "120"}, "only the number in front counts"),
        ("usbhid-ups", "lowbatt = 30%", {"lowbatt": "30"}, "COUNTS IN PART"),
        ("usbhid-ups", "lowbatt = 150", {}, "IT CONCERNS WHEN POWER GOES"),
        ("usbhid-ups", "ondelay = soon", {}, "NUT counts it as 0; the driver goes on without it"),
        ("usbhid-ups", "offdelay", {}, "it has no value"),
        ("usbhid-ups", "interruptsize = 4096", {}, "the driver goes on without it"),
        ("usbhid-ups", "pollonly = no", {"pollonly": True}, "it is on, as for NUT"),
        ("usbhid-ups", "vendorID = 051d", {"vendorid": "051d"}, "-> devices.d.vendorid"),
        ("usbhid-ups", "sdorder = -7", {"sdorder": -1}, "-> devices.d.sdorder"),
        ("usbhid-ups", "sdorder = first", {}, "powered off with the first"),
        ("usbhid-ups", "pollinterval = fast", {}, "here the default counts"),
        ("usbhid-ups", "pollinterval = 3s", {"poll_interval": 3.0}, "only the number in front"),
        ("usbhid-ups", "allow_killpower = maybe", {}, "not cut by driver.killpower"),
        ("usbhid-ups", "override.a+b = 1", {}, "no name of a variable"),
        ("nutdrv_qx", "fault_1 = 4", {}, "the driver qx has no such option"),
        ("blazer_ser", "langid_fix = 0409", {}, "the driver goes on without it"),
        ("snmp-ups", "snmp_retries = 50", {}, "the driver goes on without it"),
        ("dummy-ups", "mode = wrong", {}, "the driver goes on without it"),
        ("usbhid-ups", "community =", {}, "is not needed: it has no value"),
        ("netxml-ups", "password = hush", {}, "of no use without login"),
        (
            "bcmxcp_usb",
            "shutdown_delay = any",
            {"shutdown_delay": "any"},
            "-> devices.d.shutdown_d",
        ),
    ],
)
def test_a_device_that_nut_would_run_is_kept(taken, driver, line, kept, words):
    tables, told = taken(ups_conf=device(driver, line))
    rest = {"driver": driver, "port": "/dev/ttyS0", **kept}
    assert tables["devices"]["d"] == rest
    assert words in about(told, "ups.conf:4")
    assert "hush" not in "\n".join(told)
    assert "IS NOT TAKEN" not in "".join(told[:3])


@pytest.mark.parametrize(
    ("driver", "line", "words"),
    [
        ("usbhid-ups", "serail = 1", "did you mean 'serial'?: NUT's driver does not start"),
        ("usbhid-ups", "poll_interval = 3", "did you mean 'pollinterval'?: NUT's driver"),
        ("nutdrv_qx", "cablepower = up", "NUT's driver does not start with it either"),
        ("nutdrv_qx", "offdelay = -5", "NUT's driver does not start with it either"),
        ("apcsmart", "sdtype = 9", "NUT's driver does not start with it either"),
        ("apcsmart", "cshdelay = 3s", "NUT's driver does not start with it either"),
        ("snmp-ups", "snmp_version = 2c", "NUT's driver does not start with it either"),
        ("snmp-ups", "snmp_version = v3", "secName: snmp_version = v3 needs the name"),
        ("genericups", "SD = BREAK", "nobody should guess at lines that switch power"),
    ],
)
def test_a_device_that_nut_would_not_run_is_left_out_and_that_is_said_once(
    taken, driver, line, words
):
    tables, told = taken(ups_conf=device(driver, "desc = x", line) + UPS)
    assert list(tables["devices"]) == ["a"]
    assert [text for text in told if words in text and "[d] is left out" in text] != []
    pointing = [text for text in told if " IS NOT TAKEN OVER: see ups.conf:" in text]
    assert len(pointing) == 4
    assert told[-1] == "NOBODY LOOKS AFTER d: left out, for the reasons above"


def test_the_line_at_fault_is_the_one_that_says_why(taken):
    lines = ("snmp_version = v3", "secname = n", "seclevel = authNoPriv", "authpassword = short")
    _, told = taken(ups_conf=device("snmp-ups", *lines))
    assert "authPassword: at least 8 characters: NUT's driver" in about(told, "ups.conf:7")
    assert about(told, "ups.conf:1").endswith("see ups.conf:7")


def test_a_monitor_of_a_device_that_is_left_out_is_told(taken):
    _, told = taken(
        ups_conf=device("usbhid-ups", "x = 1"), upsmon_conf=UPSMON.format("").replace("a@", "d@")
    )
    assert "this host does not shut down for it" in about(told, "upsmon.conf:1")


def test_what_cannot_run_is_told_at_the_head_of_the_device(taken):
    tables, told = taken(ups_conf=device("no-such-driver"))
    assert "d" in tables["devices"]
    assert "it cannot run as it stands" in about(told, "ups.conf:1")


def test_options_of_nut_that_ours_have_not_are_no_options_of_ours():
    for kind, names in NOT_HERE.items():
        assert not {each.lower() for each in DRIVERS[kind].options.model_fields} & set(names)
    for table in (BY_NUMBER, BY_TEXT, WIRES):
        for kind, names in table.items():
            assert set(names) <= set(DRIVERS[kind].options.model_fields)


def test_a_name_that_no_device_may_have_is_changed_wherever_this_machine_has_it(taken):
    tables, told = taken(
        ups_conf=UPS.replace("[a]", "[ups.office]") + UPS.replace("[a]", "[ups-office]"),
        upsmon_conf="MONITOR ups.office@localhost 1 u p primary\nSHUTDOWNCMD /sbin/off\n"
        "MONITOR ups.office@192.0.2.1 0 u p secondary\nNOTIFYCMD /bin/tell\n",
        upssched_conf="CMDSCRIPT /bin/x\nAT ONBATT ups.office@localhost EXECUTE x\n",
    )
    assert list(tables["devices"]) == ["ups-office-2", "ups-office"]
    assert [supply["address"] for supply in tables["monitor"]["supplies"]] == [
        "ups-office-2@localhost",
        "ups.office@192.0.2.1",
    ]
    assert tables["scheduler"]["upssched"]["at"][0]["ups"] == "ups-office-2@localhost"
    assert "must ask for ups-office-2" in about(told, "ups.conf:1")


def test_wrong_lines_of_upsd_conf_leave_out_what_they_say_and_nothing_gets_wider(taken):
    tables, told = taken(
        upsd_conf="MAXAGE soon\nMAXAGE 20s\nLISTEN 0.0.0.0:3493\nLISTEN 0.0.0.0 99999\n"
        'LISTEN ""\nMAXCONN\nLISTEN 127.0.0.1 nut\n'
    )
    assert tables["gateway"] == {"max_age": 20.0, "listen": ["127.0.0.1:3493"], "users": {}}
    assert "the default counts" in about(told, "upsd.conf:1")
    assert "only the number in front counts, as for NUT: 20" in about(told, "upsd.conf:2")
    for number in (3, 4, 5):
        assert "nobody can connect there" in about(told, f"upsd.conf:{number}")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("CERTPATH /x\nCERTREQUEST maybe\n", "require"),
        ("CERTPATH /x\nCERTREQUEST 1\n", "request"),
        ("CERTREQUEST maybe\n", None),
        ("CERTREQUEST 2\n", None),
    ],
)
def test_clients_are_asked_for_certificates_rather_too_often(taken, text, asked):
    tables, told = taken(upsd_conf=text)
    assert tables["gateway"].get("client_certificates") == asked
    assert asked or "there is no CERTPATH" in about(told, f"upsd.conf:{text.count(chr(10))}")


def test_lines_after_a_header_that_is_none_give_nobody_a_right(taken):
    tables, _ = taken(upsd_users="[a]\npassword = p\n[b c]\nactions = SET\npassword = q\n")
    assert tables["gateway"]["users"] == {"a": {"password": "p"}}


@pytest.mark.parametrize(
    ("line", "kept", "words"),
    [
        ("MINSUPPLIES one", {}, "the default counts"),
        ("DEADTIME 25s", {"dead_time": 25.0}, "only the number in front"),
        ("DEADTIME soon", {}, "the default counts"),
        ("FINALDELAY -5", {}, "the default counts"),
        ("POWERDOWNFLAG = /x", {}, "no UPS is told to switch off"),
        ("NOTIFYFLAG ONBATT", {}, "the usual flags count"),
        ("MONITOR b@host 1 u p", {}, "this host does not shut down for it"),
        ("MONITOR @host 1 u p primary", {}, "this host does not shut down for it"),
        ("SHUTDOWNEXIT later", {}, "the default counts"),
        ('NOTIFYCMD "/bin/x', {}, "nothing from here to the end of the file counts"),
    ],
)
def test_a_wrong_line_of_upsmon_conf_is_passed_over(taken, line, kept, words):
    tables, told = taken(upsmon_conf=UPSMON.format(line))
    monitor = {key: each for key, each in tables["monitor"].items() if key != "supplies"}
    assert monitor == {"shutdown_command": "/sbin/off", **kept}
    assert [supply["address"] for supply in tables["monitor"]["supplies"]] == ["a@localhost"]
    assert words in about(told, "upsmon.conf:3")
    MonitorSection.model_validate(tables["monitor"])


@pytest.mark.parametrize(
    ("line", "supply"),
    [
        ("CERTVERIFY maybe", {"verify_certificate": True, "tls": "try"}),
        ("FORCESSL = 1", {"verify_certificate": False, "tls": "require"}),
        ("CERTHOST localhost", {"verify_certificate": True, "tls": "require"}),
        (
            "CERTHOST localhost name x 0",
            {"verify_certificate": True, "tls": "require", "certificate_name": "name"},
        ),
    ],
)
def test_tls_gets_no_looser_by_a_line_that_cannot_be_read(taken, line, supply):
    tables, told = taken(upsmon_conf=UPSMON.format(line))
    (found,) = tables["monitor"]["supplies"]
    known = ("address", "power_value", "username", "password", "role")
    assert {key: value for key, value in found.items() if key not in known} == supply
    assert "the stricter" in about(told, "upsmon.conf:3")


def test_a_supply_counts_as_nut_counts_it(taken):
    tables, told = taken(upsmon_conf=UPSMON.format("MONITOR b@host many u p boss"))
    supply = tables["monitor"]["supplies"][1]
    assert (supply["power_value"], supply["role"]) == (0, "secondary")
    assert "COUNTS IN PART: the power value is no number" in about(told, "upsmon.conf:3")


def test_without_a_command_nothing_is_shut_down_and_that_is_told(taken, tmp_path):
    tables, told = taken(upsmon_conf="MONITOR a@localhost 1 u p primary\nSHUTDOWNCMD\n")
    assert tables["monitor"]["dry_run"] is True
    assert "THIS HOST IS NOT SHUT DOWN" in about(told, "upsmon.conf:2")
    assert "monitor" in up.household(tables, str(tmp_path)).services


def test_a_monitor_with_too_little_power_is_left_out_as_nuts_does_not_start(taken):
    tables, told = taken(upsmon_conf=UPSMON.format("MINSUPPLIES 2\nDEADTIME 20"))
    assert "monitor" not in tables
    assert "add up to 1, less than MINSUPPLIES 2" in about(told, "upsmon.conf:3")
    assert about(told, "upsmon.conf:4").endswith("see upsmon.conf:3")


def test_without_a_monitor_that_counts_the_reason_stands_at_its_line(taken):
    tables, told = taken(upsmon_conf="DEADTIME 5\nMONITOR a@localhost 1 u p\nHOSTSYNC 5\n")
    assert "monitor" not in tables
    assert "there is no MONITOR that counts" in about(told, "upsmon.conf:1")
    (why,) = about(told, "upsmon.conf:2").splitlines()
    assert "MONITOR needs five words" in why
    assert about(told, "upsmon.conf:3").endswith("see upsmon.conf:1")


def test_a_script_too_late_is_no_script_and_upssched_stays_nuts(taken):
    tables, told = taken(
        upsmon_conf=UPSMON.format("NOTIFYCMD /sbin/upssched"),
        upssched_conf="AT ONBATT * EXECUTE a\nCMDSCRIPT /bin/x\nAT ONLINE * EXECUTE b\n",
    )
    assert "scheduler" not in tables
    assert tables["monitor"]["notify_command"] == "/sbin/upssched"
    assert "NUT's upssched does nothing either" in about(told, "upssched.conf:1")


def test_a_wrong_line_of_upssched_conf_is_passed_over(taken):
    tables, told = taken(
        upssched_conf="CMDSCRIPT /bin/x\nAT ONBATT * START-TIMER a soon\nAT ONLINE * EXECUTE b\n"
    )
    assert [at["name"] for at in tables["scheduler"]["upssched"]["at"]] == ["b"]
    assert "it is not done" in about(told, "upssched.conf:2")


SCHEDULE = "CMDSCRIPT /bin/x\nAT ONBATT * EXECUTE a\nAT ONLINE * EXECUTE b\n"


def test_it_is_told_where_the_scheduler_does_what_upssched_was_never_started_for(taken):
    flags = "NOTIFYCMD /sbin/upssched\nNOTIFYFLAG ONBATT SYSLOG+EXEC"
    _, told = taken(upsmon_conf=UPSMON.format(flags), upssched_conf=SCHEDULE)
    assert "OUR SCHEDULER DOES IT" in about(told, "upssched.conf:3")
    assert "OUR SCHEDULER DOES" not in about(told, "upssched.conf:1") + about(
        told, "upssched.conf:2"
    )


@pytest.mark.parametrize("monitor", ["", UPSMON.format("NOTIFYCMD /bin/other"), UPSMON.format("")])
def test_it_is_told_where_nothing_has_started_upssched_at_all(taken, monitor):
    _, told = taken(upsmon_conf=monitor, upssched_conf=SCHEDULE)
    assert "NUT never does what these lines say" in about(told, "upssched.conf:1")
    assert sum("OUR SCHEDULER" in line for line in told) == 1


def test_a_password_that_cannot_be_sent_leaves_out_its_user_only(taken, tmp_path):
    tables, told = taken(upsd_users='[a]\npassword = "x\x7f"\n[b]\npassword = p\n')
    assert list(tables["gateway"]["users"]) == ["b"]
    assert "printable" in about(told, "upsd.users:2")


def test_scripts_that_call_programs_that_run_no_more_are_told(taken, tmp_path):
    script = tmp_path / "notify"
    script.write_text("#!/bin/sh\n# upsmon -c reload\ncase $1 in low) /sbin/upsmon -c fsd;; esac\n")
    _, told = taken(upsmon_conf=UPSMON.format(f"NOTIFYCMD {script}"))
    assert f"{script} CALLS upsmon -c" in about(told, "upsmon.conf:3")
    script.write_text("#!/bin/sh\n# upsmon -c reload\nlogger upsmon says $*\n")
    _, told = taken(upsmon_conf=UPSMON.format(f"NOTIFYCMD {script}"))
    assert "CALLS" not in "\n".join(told)


def test_a_database_of_nss_is_told(taken, tmp_path):
    (tmp_path / "cert9.db").touch()
    _, told = taken(upsmon_conf=UPSMON.format(f"CERTPATH {tmp_path}"))
    assert "COUNTS IN PART: it is a database of NSS" in about(told, "upsmon.conf:3")


def test_who_may_not_read_the_files_is_told_who_may(tmp_path):
    file = tmp_path / "ups.conf"
    file.write_text(UPS)
    file.chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        with pytest.raises(SettingsError, match="Permission denied: it is for root and the group"):
            read(tmp_path)
    finally:
        os.seteuid(user)


def test_a_quote_that_is_never_closed_keeps_what_stands_before_it(taken):
    tables, told = taken(ups_conf=UPS + 'desc = "never closed\n[b]\ndriver = x\nport = y\n')
    assert tables["devices"] == {"a": {"driver": "usbhid-ups", "port": "auto"}}
    assert "unterminated quote; nothing from here" in about(told, "ups.conf:4")


PIECES = (
    '[ ] a = " \\ # driver port dummy-ups usbhid-ups snmp-ups LISTEN MAXAGE password default. 1 '
    "0 -1 5s soon sdorder lowbatt MONITOR a@localhost primary SHUTDOWNCMD CERTHOST FORCESSL AT * "
    "ONBATT EXECUTE CMDSCRIPT START-TIMER MINSUPPLIES [a] [b.c] upsmon"
)
nut_like = some.lists(some.sampled_from([*PIECES.split(), "\n", "\n"])).map(" ".join)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(texts=some.tuples(*[nut_like] * 5))
def test_any_files_are_imported_and_what_comes_of_them_can_be_started(texts):
    names = ("ups.conf", "upsd.conf", "upsd.users", "upsmon.conf", "upssched.conf")
    with TemporaryDirectory() as folder:
        for name, text in zip(names, texts, strict=True):
            (Path(folder) / name).write_text(text)
        reading = read(Path(folder))
        assert all(line.fates for line in reading.statements)
        up.household(reading.tables, folder)


def test_a_file_that_cannot_be_read_is_an_error_since_half_of_it_all_would_be_missing(tmp_path):
    (tmp_path / "ups.conf").write_text(UPS)
    (tmp_path / "upsd.users").mkdir()
    with pytest.raises(SettingsError, match=r"upsd\.users: Is a directory"):
        read(tmp_path)
