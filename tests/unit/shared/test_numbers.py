"""Which texts are numbers."""

import pytest

from shared.variables import number_of


@pytest.mark.parametrize(
    ("text", "number"),
    [("230", 230.0), ("-3.5", -3.5), (".5", 0.5), ("12.", 12.0), ("+1e3", 1000.0), ("007", 7.0)],
)
def test_what_a_device_writes_as_a_number_is_one(text: str, number: float) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    "text", [None, "", "nan", "inf", "1_000", "0x10", "1e999", "5 V", "٣", "-"]
)
def test_what_is_no_number_is_none(text: str | None) -> None:
    assert number_of(text) is None
