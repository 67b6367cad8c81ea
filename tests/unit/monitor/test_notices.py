import pytest

from services.monitor.actions import Notify
from services.monitor.notices import filled, of_host, of_supply
from services.monitor.policy import Policy
from services.monitor.rules import Flag, Notice, Rules, Supply
from services.monitor.sights import Reach, Sight, View
from shared.events import NOTIFY_TYPES, Condition, HostEvent, between


def rules(**notices: Notice) -> Rules:
    return Rules(id="me", host="me", supplies=(Supply("ups"),), notices=notices)


def alarm():
    (event,) = between("ups", None, Condition("ALARM", "too hot"))
    return event


def test_there_are_the_32_types_of_nut():
    assert len(set(NOTIFY_TYPES)) == 32


@pytest.mark.parametrize("type_", list(HostEvent))
def test_every_type_of_the_host_has_a_message(type_: HostEvent):
    (notify,) = of_host(rules(), type_, detail="90 s")
    assert notify.text
    assert "%s" not in notify.text
    assert notify.flags == {Flag.SYSLOG, Flag.WALL}


def test_a_message_of_ones_own_has_the_supply_and_then_the_detail():
    own = rules(ALARM=Notice("%s sagt: %s", frozenset({Flag.EXEC})))
    (notify,) = of_supply(own, "ups", alarm())
    assert notify.text == "ups sagt: too hot"
    assert notify.detail == "too hot"
    assert notify.flags == {Flag.EXEC}


def test_a_message_may_leave_everything_out():
    (notify,) = of_supply(rules(ALARM=Notice("help")), "ups", alarm())
    assert notify.text == "help"


def test_what_is_to_be_ignored_is_not_told():
    assert of_supply(rules(ALARM=Notice(flags=frozenset())), "ups", alarm()) == ()
    assert of_host(rules(NOCOMM=Notice(flags=frozenset())), HostEvent.NOCOMM, supply="ups") == ()


def test_a_leap_of_the_clock_is_told_with_its_length():
    """Defect 5: upsmon puts the empty name of no UPS there."""
    (notify,) = Policy(rules(), 0.0).jump(10.0, 93.4)
    assert isinstance(notify, Notify)
    assert notify.text == "Unexpected clock change by 93 s, treating as wake up from sleep"


def test_a_supply_is_called_as_it_is_configured():
    seen = View(sights={"ups": Sight(Reach.SILENT)})
    actions = Policy(rules(), 0.0).advance(0.0, seen)
    texts = [action.text for action in actions if isinstance(action, Notify)]
    assert texts == ["Communications with UPS ups lost"]


@pytest.mark.parametrize(
    ("message", "words", "text"),
    [("%s and %s", ("a", "b"), "a and b"), ("%s %s", ("a",), "a "), ("100 %", ("a",), "100 %"),
     ("%s", ("100 %s",), "100 %s")],
)  # fmt: skip
def test_each_mark_takes_the_next_word(message: str, words: tuple[str, ...], text: str):
    assert filled(message, *words) == text
