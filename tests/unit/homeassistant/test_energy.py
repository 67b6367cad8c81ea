"""Power from whatever a device tells, and energy from power."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.homeassistant.energy import Meter
from services.homeassistant.metering import Metering, standing
from services.homeassistant.rules import Rules
from shared.messages import Availability, ForcedShutdown
from shared.power import source
from shared.service_messages import EnergyReading
from tests.unit.homeassistant.devices import UPS, device

BATTERY = {"battery.charge": "100"}
HOUR = 3600.0


@pytest.mark.parametrize(
    ("variables", "power", "estimated"),
    [
        ({"ups.realpower": "100", "ups.load": "5", "ups.realpower.nominal": "900"}, 100, False),
        ({"output.realpower": "100"}, 100, False),
        ({f"output.L{n}.realpower": str(n) for n in (1, 2, 3)}, 6, False),
        ({"output.L1.realpower": "7"}, None, False),
        ({"outlet.1.realpower": "60", "outlet.2.realpower": "40"}, 100, False),
        ({"outlet.realpower": "100", "outlet.1.realpower": "60"}, 100, False),
        ({"input.realpower": "100"}, 100, False),
        ({"input.realpower": "100", **BATTERY}, None, False),
        ({"ups.load": "50", "ups.realpower.nominal": "900"}, 450, True),
        ({"ups.load": "50", "ups.power.nominal": "1000"}, 350, True),
        ({"ups.power": "100"}, 70, True),
        ({"ups.power": "100", "output.powerfactor": "0.9"}, 90, True),
        ({"ups.load": "50"}, None, False),
        ({}, None, False),
    ],
)
def test_power_is_worked_out_the_best_way_there_is(variables, power, estimated):
    way = source(variables, power_factor=0.7)
    assert (way.power(variables) if way else None) == (power and pytest.approx(power))
    assert (way is not None and way.estimated) == estimated


@pytest.mark.parametrize(
    "value", ["", "nan", "inf", "-5", "1e30", "1e999", "much", "0x10", "1_000", "\uff12\uff13"]
)
def test_nonsense_is_no_power(value):
    way = source(UPS, power_factor=0.7)
    assert way is not None
    assert way.power({"ups.realpower": value}) is None


def test_a_measurement_that_is_missing_is_not_replaced_by_an_estimate():
    way = source({**UPS, "ups.realpower.nominal": "900"}, power_factor=0.7)
    assert way is not None
    assert way.power({"ups.load": "20", "ups.realpower.nominal": "900"}) is None


def test_a_constant_load_adds_up():
    meter = Meter()
    for second in range(0, 3601, 5):
        meter.take(1000.0, 50.0 + second, longest=15.0)
    assert meter.energy == pytest.approx(1.0)


def test_between_two_readings_the_power_is_taken_to_change_evenly():
    meter = Meter()
    meter.take(0.0, 0.0, longest=HOUR)
    meter.take(1000.0, HOUR, longest=HOUR)
    assert meter.energy == pytest.approx(0.5)


def test_nothing_is_made_up_for_a_gap():
    meter = Meter(energy=5.0)
    meter.take(1000.0, 0.0, longest=15.0)
    meter.take(1000.0, 15.1, longest=15.0)
    assert meter.energy == 5.0
    meter.pause()
    meter.take(1000.0, 16.0, longest=15.0)
    meter.take(None, 17.0, longest=15.0)
    meter.take(1000.0, 18.0, longest=15.0)
    assert meter.energy == 5.0
    meter.take(1000.0, 21.6, longest=15.0)
    assert meter.energy == pytest.approx(5.001)


@given(st.lists(st.tuples(st.none() | st.floats(0, 1e7), st.floats(0, 1e6))))
def test_energy_never_falls(readings):
    meter, last = Meter(), 0.0
    for power, now in readings:
        meter.take(power, now, longest=100.0)
        assert meter.energy >= last
        last = meter.energy


def test_a_reading_says_energy_and_power():
    metering = Metering.resumed(Rules(), {"rack1": 1.0})
    known = frozenset(UPS)
    metering.observe(device({**UPS, "ups.realpower": "720"}, heard=10.0), known)
    reading = metering.observe(device({**UPS, "ups.realpower": "720"}, heard=15.0), known)
    assert reading == EnergyReading(energy=1.001, power=720.0, estimated=False)
    assert metering.energies() == {"rack1": pytest.approx(1.001)}


def test_a_device_that_is_away_has_no_power_but_keeps_its_energy():
    metering = Metering.resumed(Rules(), {"rack1": 1.0})
    metering.observe(device(UPS, heard=10.0), frozenset(UPS))
    away = device(UPS, heard=10.0, standing=Availability.STALE)
    assert metering.observe(away, frozenset(UPS)) == EnergyReading(energy=1.0)
    metering.observe(device(UPS, heard=15.0), frozenset(UPS))
    assert metering.energies() == {"rack1": 1.0}


def test_without_power_there_is_no_reading():
    metering = Metering(Rules())
    assert metering.observe(device({"ups.status": "OL"}), frozenset({"ups.status"})) is None
    assert Metering(Rules(energy=False)).observe(device(UPS), frozenset(UPS)) is None


def test_a_standing_tells_of_a_forced_shutdown():
    ordered = replace(device(UPS), fsd=ForcedShutdown(by="x", at=0.0))
    assert standing(ordered).fsd
    assert not standing(device(UPS)).fsd
    assert standing(device(UPS, standing=Availability.STALE)).availability is Availability.STALE
