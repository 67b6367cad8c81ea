"""What holds for the simulated UPS and PDU alike: names, settings, jitter, and bad treatment."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.driver.protocols.simulation.device import SimulatedDevice
from services.driver.protocols.simulation.ups import Ups
from shared.commands import command as catalogued
from shared.errors import RefusedError, ResultStatus
from shared.status import Status
from shared.variables import variable
from tests.unit.driver.simulated_devices import KINDS, device, shown, ups, words


@pytest.mark.parametrize("kind", KINDS)
def test_every_variable_and_command_is_in_the_catalogue(kind):
    reading = device(kind).reading()
    assert [name for name in reading.variables if variable(name) is None] == []
    assert [name for name in reading.commands if catalogued(name) is None] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_fits_its_kind_in_the_catalogue(kind):
    for name, value in device(kind).reading().variables.items():
        row = variable(name)
        assert row is not None
        if row.unit:
            float(value)
        if row.values:
            assert value in row.values, name


@pytest.mark.parametrize("kind", KINDS)
def test_every_writable_variable_is_shown(kind):
    reading = device(kind).reading()
    assert reading.writable.keys() <= reading.variables.keys()


def test_the_ups_says_what_it_is():
    found = ups(mfr="ACME", model="M", serial="S1").variables()
    assert found["ups.mfr"] == found["device.mfr"] == "ACME"
    assert found["device.model"] == "M"
    assert found["ups.serial"] == "S1"
    assert found["device.type"] == "ups"
    assert found["input.voltage"] == "230.0"
    assert found["battery.charge"] == "100"


# Writing.


@pytest.mark.parametrize("kind", KINDS)
def test_every_writable_variable_takes_its_bounds_and_nothing_beyond(kind):
    for name, takes in device(kind).reading().writable.items():
        fresh = device(kind)
        for low, high in takes.ranges:
            for bound in (low, high):
                fresh.set(name, f"{bound:g}")
                assert float(fresh.panel.values[name]) == bound
            for value in (low - 1, high + 1, "x", ""):
                with pytest.raises(RefusedError) as refused:
                    fresh.set(name, str(value))
                assert refused.value.status is ResultStatus.INVALID
        for word in takes.enum:
            fresh.set(name, word)
            assert fresh.variables()[name] == word
        if takes.enum:
            with pytest.raises(RefusedError):
                fresh.set(name, "sideways")
        if takes.max_length is not None:
            fresh.set(name, "x" * takes.max_length)
            with pytest.raises(RefusedError) as refused:
                fresh.set(name, "x" * (takes.max_length + 1))
            assert refused.value.status is ResultStatus.TOO_LONG


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("ups.nonsense", "1", ResultStatus.UNKNOWN),
        ("battery.charge", "50", ResultStatus.READ_ONLY),
        ("ups.id", "B\u00fcro", ResultStatus.INVALID),
        ("ups.id", "a\nb", ResultStatus.INVALID),
        ("ups.load", "nan", ResultStatus.INVALID),
        ("ups.load", "1e1", ResultStatus.INVALID),
        ("ups.load", "\u0663", ResultStatus.INVALID),
    ],
)
def test_a_wrong_setting_is_refused_in_the_words_of_the_bus(name, value, status):
    before = ups().variables()
    fresh = ups()
    with pytest.raises(RefusedError) as refused:
        fresh.set(name, value)
    assert refused.value.status is status
    assert name in str(refused.value)
    assert fresh.variables() == before


def test_minus_zero_is_zero():
    fresh = ups()
    for value in ("-0", "-0.04", "-.0"):
        fresh.set("ambient.temperature", value)
        assert fresh.variables()["ambient.temperature"] == "0.0"


@pytest.mark.parametrize("voltage", [100.0, 120.0, 208.0, 230.0, 240.0])
def test_rated_voltage_is_plain_line_power_with_the_strictest_settings(voltage):
    for bounds in (0, 1):
        fresh = ups(voltage=voltage)
        for name, takes in fresh.reading().writable.items():
            if name.startswith("input.transfer."):
                fresh.set(name, str(takes.ranges[0][bounds]))
        fresh.set("input.voltage", "0")
        fresh.set("input.voltage", str(voltage))
        assert fresh.status().split()[0] == "OL"
        assert not words(fresh) & {"TRIM", "BOOST"}


# Jitter.


@pytest.mark.parametrize("kind", KINDS)
def test_without_jitter_nothing_moves_and_with_it_the_same_each_time(kind):
    still, first, second, other = (
        device(kind),
        device(kind, jitter=0.5),
        device(kind, jitter=0.5),
        device(kind, jitter=0.5, serial="OTHER"),
    )
    exact = still.variables()
    seen = set()
    for _ in range(50):
        for each in (still, first, second, other):
            each.advance(2)
        assert still.variables() == exact
        assert first.variables() == second.variables()
        seen.add(first.variables()["input.voltage"])
        assert shown(first, "input.voltage") == pytest.approx(230, rel=0.006)
        if kind == "ups":
            highest, lowest = (f"input.voltage.{end}" for end in ("maximum", "minimum"))
            assert shown(first, lowest) <= shown(first, "input.voltage") <= shown(first, highest)
    assert len(seen) > 3
    assert other.variables()["input.voltage"] != first.variables()["input.voltage"]


# Anything at all.

NUMBERS = st.one_of(
    st.sampled_from(["0", "1", "50", "150", "230", "-1", "1e3", "nan", "inf", "", "-0", "5.55"]),
    st.integers(-10, 400).map(str),
)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.floats(0, 20000), st.none()),
        st.tuples(
            st.just("set"),
            st.integers(0, 999),
            st.one_of(NUMBERS, st.integers(0, 9), st.text(max_size=12)),
        ),
        st.tuples(st.just("command"), st.integers(0, 999), st.none() | NUMBERS),
    ),
    max_size=25,
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=100, deadline=None)
@given(
    actions=ACTIONS,
    load=st.floats(0, 150),
    health=st.floats(5, 100),
    charge=st.floats(0, 100),
    jitter=st.floats(0, 5),
)
def test_whatever_is_done_it_stays_a_sound_device(kind, actions, load, health, charge, jitter):
    made = device(kind, load=load, health=health, charge=charge, jitter=jitter)
    for action, what, value in actions:
        try:
            act(made, action, what, value)
        except RefusedError:
            pass  # the one thing that may happen
        check_sound(made)


def act(made: SimulatedDevice, action: str, what: float, value: object) -> None:
    if action == "advance":
        made.advance(what)
        return
    if action == "command":
        name = list(made.actions)[int(what) % len(made.actions)]
        made.command(name, value if isinstance(value, str) else None)
        return
    writable = made.reading().writable
    name = list(writable)[int(what) % len(writable)]
    if isinstance(value, int) and writable[name].enum:
        value = writable[name].enum[value % len(writable[name].enum)]
    made.set(name, str(value))


def check_sound(made: SimulatedDevice) -> None:
    reading = made.reading()
    assert set((reading.status or "").split()) <= set(Status)
    for name, value in reading.variables.items():
        row = variable(name)
        assert row is not None, name
        assert type(value) is str, name  # the owner interns them
        assert value.isascii(), name
        if row.unit or row.values:
            assert value.isprintable(), name
        if row.unit:
            assert abs(float(value)) < 1e7, (name, value)
            assert not value.startswith("-0.0") or float(value), (name, value)
    if isinstance(made, Ups):
        assert 0.0 <= made.battery.charge <= 100.0
        assert {"OL", "OB"} & words(made) != {"OL", "OB"}
        assert made.source.name != "BATTERY" or not made.battery.is_empty
