import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.status import MEANING, Status, in_words, with_fsd, words


def test_every_word_has_a_meaning():
    assert set(MEANING) == set(Status)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("", ()),
        ("  ", ()),
        ("OL", ("OL",)),
        ("ol chrg", ("OL", "CHRG")),
        (" OB  LB\tOB ", ("OB", "LB")),
        ("ALARM vendor-word OL", ("ALARM", "VENDOR-WORD", "OL")),
    ],
)
def test_words_are_split_upper_case_each_once(status, expected):
    assert words(status) == expected


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("", "FSD"),
        ("OL", "FSD OL"),
        ("OB LB", "FSD OB LB"),
        ("FSD OB", "FSD OB"),
        ("OB fsd LB", "FSD OB LB"),
    ],
)
def test_fsd_is_shown_first_and_once(status, shown):
    assert with_fsd(status) == shown


@given(st.text(max_size=30))
def test_fsd_takes_no_other_word_away(status):
    assert words(with_fsd(status))[0] == "FSD"
    assert set(words(with_fsd(status))) == {"FSD", *words(status)}


def test_a_status_is_said_in_words_and_foreign_words_stay():
    assert in_words("OB LB") == "on battery, battery low"
    assert in_words("OL MAGIC") == "on line power, MAGIC"
    assert in_words("") == ""
