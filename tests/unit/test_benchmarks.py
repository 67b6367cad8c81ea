"""What the benchmarks compute; what they measure is no test."""

import subprocess
import time

import pytest

from benchmarks import mqttframes, report, served
from benchmarks.generator import Tape
from benchmarks.witness import Witness


def test_the_served_device_has_63_variables_and_names_of_one_length():
    assert len(served.VARIABLES) == 63
    assert len({len(name) for name in served.names(1000)}) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(22.72, "22.7"), (0.954, "0.95"), (123.4, "123"), (1_009_165.2, "1 009 165")],
)
def test_a_figure_has_about_three_digits(value, text):
    assert report.figure(value) == text


@pytest.mark.parametrize(("percent", "value"), [(50, 150), (99, 297), (100, 300), (0, 1)])
def test_a_percentile_is_one_of_the_values(percent, value):
    assert report.percentile(range(300, 0, -1), percent) == value


def test_a_ratio_is_reached_from_the_target_on():
    assert report.rate_row("w", 10, 50, 5)[-1] == "yes"
    assert report.rate_row("w", 10, 49.9, 5)[-1] == "NO"


def test_a_limit_is_kept_up_to_the_limit():
    assert report.limit_row("w", 3.0, 20.0, 20)[-1] == "yes"
    assert report.limit_row("w", None, 20.1, 20)[-1] == "NO"
    assert report.limit_row("w", None, 20.1, None)[-1] == report.MISSING


def test_only_the_region_between_the_marks_is_replaced():
    begin, end = report.BEGIN.format("usb"), report.END.format("usb")
    other = f"{report.BEGIN.format('snmp')}\nkept\n{report.END.format('snmp')}\n"
    page = f"before\n{other}{begin}\nold\n{end}\nafter\n"
    once = report.with_region(page, "usb", "new\n")
    assert once == f"before\n{other}{begin}\n\nnew\n\n{end}\nafter\n"
    assert report.with_region(once, "usb", "new\n") == once


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="marks"):
        report.with_region("nothing here", "usb", "new")


def test_the_columns_of_a_table_are_as_wide_as_their_widest_text():
    table = report.Table("Title", ("work", "upsd"), (("something", "1"),), "A note.")
    assert report.markdown([table], "a fact") == (
        "### Title\n\n"
        "| work      | upsd |\n| --------- | ---: |\n| something |    1 |\n\nA note.\n\n*a fact*\n"
    )


def test_the_tape_of_requests_goes_round_without_a_gap():
    tape = Tape.of(("a", "b", "c"), 5)
    taken = b"".join(tape.take(count, 3) for count in (1, 5, 2, 4))
    assert taken == b"a\nb\nc\n" * 4


@pytest.mark.parametrize("size", [0, 100, 200, 70_000])
def test_a_published_packet_tells_its_own_length(size):
    packet = mqttframes.publish("a/b", b"x" * size)
    length, shift, place = 0, 0, 1
    while True:
        byte = packet[place]
        length |= (byte & 127) << shift
        shift, place = shift + 7, place + 1
        if byte < 128:
            break
    assert length == len(packet) - place == 2 + 3 + size


def test_a_witness_tells_whose_command_ran_and_when(tmp_path):
    with Witness(tmp_path / "a pipe") as witness:
        before = time.perf_counter()
        for name in ("ups1", "ups2"):
            subprocess.run(["sh", "-c", witness.command(name)], check=True)
        seen = [witness.await_down(name, 10) for name in ("ups1", "ups2")]
    assert before < seen[0] < seen[1] < time.perf_counter()


def test_a_witness_does_not_wait_without_end(tmp_path):
    with Witness(tmp_path / "pipe") as witness, pytest.raises(RuntimeError, match="ups1"):
        witness.await_down("ups1", 0.01)
