"""Events against the table of NUT's notify types (inventory 3.2, those that follow from states)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import Condition, EventType, between
from shared.status import Status, words


def types(old: Condition | None, new: Condition) -> list[str]:
    return [event.type for event in between("ups1", old, new)]


def of(old: str | None, new: str) -> list[str]:
    return types(None if old is None else Condition(old), Condition(new))


# Status before (None: nothing is known yet), status after, the types in their order.
CASES = [
    # the line: silent for the very first OL, told for the very first OB
    (None, "OL", []),
    (None, "OL CHRG", []),
    (None, "OB", ["ONBATT"]),
    (None, "OB LB", ["ONBATT", "LOWBATT"]),
    ("", "OL", []),
    ("WAIT", "OL", []),
    ("", "OB", ["ONBATT"]),
    ("OL", "OL", []),
    ("OL", "OB", ["ONBATT"]),
    ("OB", "OL", ["ONLINE"]),
    ("OB", "OB", []),
    ("OB DISCHRG LB", "OL CHRG LB", ["ONLINE"]),
    ("OFF", "OL", ["ONLINE", "NOTOFF"]),
    ("ol", "OL", []),
    # the battery
    ("OB", "OB LB", ["LOWBATT"]),
    ("OB LB", "OB", []),
    ("OL", "OB LB", ["ONBATT", "LOWBATT"]),
    ("OL", "OL RB", ["REPLBATT"]),
    ("OL RB", "OL RB", []),
    ("OL RB", "OL", []),
    (None, "OL RB", ["REPLBATT"]),
    # forced shutdown
    ("OB LB", "FSD OB LB", ["FSD"]),
    ("FSD OB LB", "FSD OB LB", []),
    ("FSD OB LB", "OB LB", []),
    (None, "FSD OL", ["FSD"]),
    # words that are told when they come and when they go
    ("OL", "OL CAL", ["CAL"]),
    ("OL CAL", "OL", ["NOTCAL"]),
    ("OL", "OL OFF", ["OFF"]),
    ("OL OFF", "OL", ["NOTOFF"]),
    ("OL", "OL BYPASS", ["BYPASS"]),
    ("OL BYPASS", "OL", ["NOTBYPASS"]),
    ("OL", "OL ECO", ["ECO"]),
    ("OL ECO", "OL", ["NOTECO"]),
    ("OL", "OL OVER", ["OVER"]),
    ("OL OVER", "OL", ["NOTOVER"]),
    ("OL", "OL TRIM", ["TRIM"]),
    ("OL TRIM", "OL", ["NOTTRIM"]),
    ("OL", "OL BOOST", ["BOOST"]),
    ("OL BOOST", "OL", ["NOTBOOST"]),
    ("OL TRIM", "OL BOOST", ["NOTTRIM", "BOOST"]),
    (None, "OL CAL", ["CAL"]),
    # known and silent
    ("OL", "OL HB CHRG DISCHRG", []),
    ("OL HB CHRG DISCHRG", "OL", []),
    (None, "WAIT", []),
    # alarms
    ("OL", "ALARM OL", ["ALARM"]),
    ("ALARM OL", "OL", ["NOTALARM"]),
    ("ALARM OL", "ALARM OL", []),
    # words that NUT does not know
    ("OL", "OL MAGIC", ["OTHER"]),
    ("OL MAGIC", "OL MAGIC", []),
    ("OL MAGIC", "OL MAGIC MORE", ["OTHER"]),
    ("OL MAGIC MORE", "OL MORE", ["OTHER"]),
    ("OL MAGIC", "OL", ["NOTOTHER"]),
    ("OL", "OL TEST", ["OTHER"]),
    (None, "OL MAGIC", ["OTHER"]),
    # words that contain others are others
    ("OL", "OL OVERHEAT", ["OTHER"]),
    ("OL", "OL FSDX", ["OTHER"]),
]


@pytest.mark.parametrize(("old", "new", "expected"), CASES)
def test_what_happens_from_one_status_to_the_next(old, new, expected):
    assert of(old, new) == expected


def test_the_cases_cover_every_type():
    told = {type_ for _, _, expected in CASES for type_ in expected}
    assert told | {"COMMOK", "COMMBAD"} == set(EventType)


SILENT_ON_LINE = Condition("OL", communicating=False)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, Condition(communicating=False), ["COMMBAD"]),
        (None, Condition("OL"), []),
        (Condition("OL"), SILENT_ON_LINE, ["COMMBAD"]),
        (SILENT_ON_LINE, SILENT_ON_LINE, []),
        (SILENT_ON_LINE, Condition("OL"), ["COMMOK"]),
        (Condition(communicating=False), Condition("OL"), ["COMMOK"]),
        (SILENT_ON_LINE, Condition("OB LB"), ["COMMOK", "ONBATT", "LOWBATT"]),
        (Condition("OB", communicating=False), Condition("OL"), ["COMMOK", "ONLINE"]),
        (SILENT_ON_LINE, Condition("OB", communicating=False), []),
        (Condition("OL"), Condition("OB LB", communicating=False), ["COMMBAD"]),
    ],
)
def test_a_silent_device_is_told_once_and_its_changes_when_it_answers_again(old, new, expected):
    assert types(old, new) == expected


def alarm(text: str, status: str = "ALARM OL") -> Condition:
    return Condition(status, text)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (Condition("OL"), alarm("hot"), ["ALARM"]),
        (alarm("hot"), alarm("hot"), []),
        (alarm("hot"), alarm("hot, fan"), ["ALARM"]),
        (alarm("hot"), alarm(""), ["ALARM"]),
        (alarm("hot"), Condition("OL"), ["NOTALARM"]),
        (None, alarm("hot"), ["ALARM"]),
        (Condition("OL", "hot"), Condition("OL", "fan"), []),
    ],
)
def test_an_alarm_is_told_again_when_its_text_changes(old, new, expected):
    assert types(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("OB", "OL", "UPS ups1 on line power"),
        ("OL", "OB", "UPS ups1 on battery"),
        ("OB", "OB LB", "UPS ups1 battery is low"),
        ("OL", "OL RB", "UPS ups1 battery needs to be replaced"),
        ("OL", "FSD OL", "UPS ups1: forced shutdown in progress"),
        ("OL", "OL CAL", "UPS ups1: calibration in progress"),
        ("OL", "ALARM OL", "UPS ups1: one or more active alarms: [n/a]"),
        ("OL", "OL b A", "UPS ups1: has at least one unclassified status token: [A B]"),
    ],
)
def test_messages_are_those_that_nut_documents(old, new, text):
    (event,) = between("ups1", Condition(old), Condition(new))
    assert event.text == text


def test_braces_from_a_device_are_text():
    (event,) = between("ups1", Condition("OL"), Condition("ALARM OL", "{device} {0} {"))
    assert event.text == "UPS ups1: one or more active alarms: [{device} {0} {]"


statuses = st.lists(st.sampled_from([*Status, "MAGIC", "x"]), max_size=6).map(" ".join)
conditions = st.builds(Condition, statuses, st.sampled_from(["", "hot"]), st.booleans())


@given(conditions)
def test_nothing_happens_while_nothing_changes(condition):
    assert between("ups1", condition, condition) == ()


@given(st.none() | conditions, conditions)
def test_no_type_is_told_twice_and_what_goes_is_not_what_came(old, new):
    told = types(old, new)
    assert len(told) == len(set(told))
    assert not {"NOT" + type_ for type_ in told} & set(told)


@given(statuses, st.randoms(use_true_random=False))
def test_the_order_of_the_words_does_not_matter(status, random):
    shuffled = list(words(status))
    random.shuffle(shuffled)
    assert of(status, " ".join(shuffled)) == []
    assert of(None, " ".join(shuffled)) == of(None, status)
