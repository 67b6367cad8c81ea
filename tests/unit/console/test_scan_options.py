"""What the command line of `nutbus scan` asks for."""

import pytest

from services.console.scan import options
from services.console.scan.command import DONE, MISUSED, available, main
from services.console.scan.scanners import SCANNERS

COMPLETE = [each.name for each in SCANNERS if each.is_there]


def names(*arguments: str) -> list[str]:
    return [each.name for each in options.read(arguments).scanners]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), COMPLETE),
        (("-C",), COMPLETE),
        (("--complete_scan", "-O"), COMPLETE),
        (("-O",), ["OLDNUT"]),
        (("--oldnut_scan",), ["OLDNUT"]),
        (("--oldnut-scan",), ["OLDNUT"]),
        (("-AOM",), ["XML", "OLDNUT", "AVAHI"]),
        (("-UUU",), ["USB"]),
        (("--nis_scan", "--powerman-scan"), ["NIS", "POWERMAN"]),
        (("-E", "/dev/ttyS0"), []),
        (("-C", "-E", "0"), COMPLETE),
    ],
)
def test_letters_and_words_choose_what_is_looked_for(arguments, expected):
    assert names(*arguments) == expected


def test_serial_lines_are_listed_in_a_complete_scan_only():
    assert options.read(()).lists_lines
    assert not options.read(("-O",)).lists_lines
    assert not options.read(("-E", "auto")).lists_lines


def test_values_are_read():
    wanted = options.read(
        ("-q", "-t", "0.5", "-T7", "-p", "13493", "--nis_port=13551", "--serial", "0-3", "-P")
    )
    assert (wanted.timeout, wanted.limit, wanted.form) == (0.5, 7, "-P")
    assert wanted.ports == {"OLDNUT": 13493, "NIS": 13551}
    assert wanted.serial_ports == "0-3"
    assert wanted.has("-q")


def test_ranges_keep_their_order():
    wanted = options.read(("-e", "b", "-s", "a", "--mask_cidr", "c/24", "--start_ip=d"))
    assert wanted.ranges == (("-e", "b"), ("-s", "a"), ("-m", "c/24"), ("-s", "d"))


def test_the_last_form_counts():
    assert options.read(("-P", "--json", "-N")).form == "-N"
    assert options.read(()).form == ""


def test_options_of_snmp_are_taken():
    words = "-c public -l authPriv -u me -w SHA -W x -x AES -X y -O"
    assert names(*words.split()) == ["OLDNUT"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("-Z",),
        ("--nothing",),
        ("-t",),
        ("-t", "0"),
        ("-t", "x"),
        ("-t", "nan"),
        ("-T", "0"),
        ("-p", "0"),
        ("-p", "65536"),
        ("-p", "1.5"),
        ("-m", "10.0.0.0/8"),
        ("-s", "a b"),
        ("-E", "what"),
    ],
)
def test_a_wrong_command_line_says_so(arguments, capsys):
    assert main(["-O", "-q", *arguments]) == MISUSED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("nutbus scan: ")
    assert printed.err.endswith("; see nutbus scan -h\n")


def test_what_can_be_scanned_is_listed(capsys):
    assert main(["-a"]) == DONE
    assert capsys.readouterr().out.split() == available()
    assert available()[0] == "OLDNUT"
    assert "USB" in available()


def test_the_help_names_every_option(capsys):
    assert main(["-h"]) == DONE
    shown = capsys.readouterr().out
    for word in options._WORDS:
        name = f"--{word.rstrip('=')}"
        taken_only = options._SHORT.get(name) in ("-c", "-l", "-u", "-w", "-W", "-x", "-X", "-D")
        assert taken_only or name in shown, name
    assert main(["-V"]) == DONE
    assert capsys.readouterr().out.startswith("Network UPS Tools ")
