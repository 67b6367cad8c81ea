import os
import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.nut.logformat import DEFAULT_FORMAT, Subject, compile_format, render

VALUES = {"ups.status": "OL", "ups.load": "12"}
SUBJECT = Subject("rack@host:1", VALUES.get)


@pytest.mark.parametrize(
    ("layout", "line"),
    [
        ("", ""),
        ("plain text", "plain text"),
        ("100%%", "100%"),
        ("%%VAR ups.load%%", "%VAR ups.load%"),
        ("a%tb", "a\tb"),
        ("%VAR ups.load%%t%VAR ups.status%", "12\tOL"),
        ("%var ups.load%", "12"),
        ("%VAR no.such%", "NA"),
        ("%VAR load%%VAR%%VAR %", "INVALIDINVALIDINVALID"),
        ("%UPSHOST%|%upshost%", "rack@host:1|rack@host:1"),
        ("%HOST%|%HOSTNAME%", f"{socket.gethostname()}|{socket.gethostname()}"),
        pytest.param("%PID%", str(os.getpid()), id="the process"),
        ("%TIME @@%%time x@@%", "%x%"),
        ("%TIME%%TIME %", "INVALIDINVALID"),
        ("%NONSENSE%%N X%", "INVALIDINVALID"),
        ("50% of", "50INVALID of"),
        ("%", "INVALID"),
    ],
)
def test_a_format_becomes_a_line(layout: str, line: str) -> None:
    assert render(compile_format(layout), SUBJECT) == line


def test_the_default_has_the_time_and_six_variables() -> None:
    line = render(compile_format(DEFAULT_FORMAT), SUBJECT)
    assert re.fullmatch(r"\d{8} \d{6} NA NA 12 \[OL\] NA NA", line)


def test_seconds_since_1970_are_whole() -> None:
    assert re.fullmatch(r"\d{10,}", render(compile_format("%ETIME%"), SUBJECT))


@given(st.text(st.sampled_from("%t VARTIME.@x")))
def test_any_format_makes_a_line(layout: str) -> None:
    assert isinstance(render(compile_format(layout), SUBJECT), str)


@given(st.text().filter(lambda text: "%" not in text))
def test_text_without_escapes_stays_as_it_is(layout: str) -> None:
    assert render(compile_format(layout), SUBJECT) == layout
