"""What the simulated UPS does by itself: mains, battery and load."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.driver.protocols.simulation.battery import Battery
from tests.unit.driver.simulated_devices import HOUR, seconds_until, shown, ups, words

# Mains.


def test_a_power_cut_runs_the_battery_down_and_the_mains_brings_the_load_back():
    device = ups(load=60)
    assert device.status() == "OL"
    device.set("input.voltage", "0")
    assert device.status() == "OB DISCHRG"
    assert shown(device, "output.voltage") == 230.0
    assert shown(device, "input.realpower") == 0
    until_low = seconds_until(device, "LB")
    assert device.status() == "OB DISCHRG LB"
    until_off = seconds_until(device, "OFF")
    assert 0 < until_off < until_low
    assert device.status() == "OB LB OFF"
    found = device.variables()
    assert [found[name] for name in ("battery.charge", "output.voltage", "ups.load")] == [
        "0",
        "0.0",
        "0",
    ]
    device.set("input.voltage", "230")
    assert device.status() == "OL CHRG LB OFF"
    assert device.variables()["ups.timer.start"] == "30"
    device.advance(29)
    assert "OFF" in words(device)
    device.advance(2)
    assert device.status() == "OL CHRG LB"
    assert shown(device, "ups.load") == 60
    seconds_until(device, "CHRG")
    device.advance(8 * HOUR)
    assert device.status() == "OL"
    assert device.variables()["battery.charge"] == "100"


def test_the_load_stays_off_without_automatic_start():
    device = ups(load=60, charge=1)
    device.set("ups.start.auto", "no")
    device.set("input.voltage", "0")
    device.advance(HOUR)
    device.set("input.voltage", "230")
    device.advance(HOUR)
    assert "OFF" in words(device)
    device.command("load.on")
    assert "OFF" not in words(device)


def test_the_load_waits_for_enough_charge():
    device = ups(load=60, charge=1)
    device.set("battery.charge.restart", "10")
    device.set("input.voltage", "0")
    device.advance(HOUR)
    device.set("input.voltage", "230")
    device.advance(0.09 * 5 * HOUR)
    assert "OFF" in words(device)
    device.advance(0.02 * 5 * HOUR)
    assert "OFF" not in words(device)


def test_a_relapse_of_the_mains_starts_the_wait_anew():
    device = ups(charge=0.1)
    device.set("input.voltage", "0")
    device.advance(HOUR)
    device.set("input.voltage", "230")
    device.advance(20)
    device.set("input.voltage", "0")
    assert device.variables()["ups.timer.start"] == "-1"
    device.advance(20)
    device.set("input.voltage", "230")
    device.advance(20)
    assert "OFF" in words(device)
    device.advance(11)
    assert "OFF" not in words(device)


def test_a_transfer_is_undone_only_beyond_the_hysteresis():
    device = ups()
    low = shown(device, "input.transfer.low")
    slack = shown(device, "input.transfer.hysteresis")
    device.set("input.voltage", str(low))
    assert device.status() == "OL BOOST"
    device.set("input.voltage", str(low - 1))
    assert "OB" in words(device)
    assert device.variables()["input.transfer.reason"] == "input voltage too low"
    device.set("input.voltage", str(low + slack - 1))
    assert "OB" in words(device)
    device.set("input.voltage", str(low + slack))
    assert "OL" in words(device)


def test_voltage_between_the_transfer_points_is_raised_or_reduced():
    device = ups()
    device.set("input.voltage", "190")
    assert device.status() == "OL BOOST"
    assert shown(device, "output.voltage") == pytest.approx(212.8)
    device.set("input.voltage", "255")
    assert device.status() == "OL TRIM"
    assert shown(device, "output.voltage") == pytest.approx(224.4)
    device.set("input.voltage", "270")
    assert device.status() == "OB DISCHRG"
    assert shown(device, "output.voltage") == 230.0
    device.set("input.voltage", "230")
    assert words(device) == {"OL"} | ({"CHRG"} & words(device))
    assert shown(device, "input.voltage.maximum") == 270
    assert shown(device, "input.voltage.minimum") == 190
    device.command("reset.input.minmax")
    assert shown(device, "input.voltage.minimum") == shown(device, "input.voltage.maximum") == 230


def test_sensitivity_decides_which_frequency_is_good():
    device = ups()
    device.set("input.frequency", "47.2")
    assert "OL" in words(device)
    device.set("input.sensitivity", "high")
    assert "OB" in words(device)
    assert device.variables()["input.transfer.reason"] == "input frequency out of range"
    device.set("input.sensitivity", "low")
    assert "OL" in words(device)


def test_a_simulated_failure_is_an_outage_until_it_is_stopped():
    device = ups()
    device.command("test.failure.start")
    assert device.status() == "OB DISCHRG"
    assert device.variables()["input.voltage"] == "230.0"
    device.command("test.failure.stop")
    assert "OL" in words(device)


# Battery.


@pytest.mark.parametrize("load", [0, 10, 30, 60, 100, 150])
@pytest.mark.parametrize("health", [100, 70])
def test_the_runtime_that_is_promised_is_the_runtime_that_comes(load, health):
    device = ups(load=load, health=health, charge=90)
    device.set("battery.runtime.low", "0")
    device.set("input.voltage", "0")
    promised = shown(device, "battery.runtime")
    before = promised
    for _ in range(49):
        device.advance(promised / 50)
        present = shown(device, "battery.runtime")
        assert present < before
        before = present
    seconds_until(device, "OFF")
    assert device.age == pytest.approx(promised, rel=0.15)


def test_a_heavier_load_gets_less_energy_and_a_heavy_load_minutes():
    half, full = ups(load=50), ups(load=100)
    runtimes = [shown(device, "battery.runtime") for device in (half, full)]
    assert runtimes[0] > 2 * runtimes[1]
    assert 240 < runtimes[1] < 600


def test_the_battery_is_low_by_runtime_too():
    device = ups(load=100)
    device.set("battery.charge.low", "0")
    device.set("battery.runtime.low", "200")
    device.set("input.voltage", "0")
    seconds_until(device, "LB")
    assert shown(device, "battery.runtime") == pytest.approx(200, abs=1)


@pytest.mark.parametrize("watts", [5.0, 10.8, 100.0, 1000.0])
def test_a_battery_never_gives_more_than_it_holds(watts):
    battery = Battery(watt_hours=216.0)
    given_out = watts * battery.runtime(watts) / HOUR
    assert given_out <= 216.0 * 1.000001
    assert given_out > 216.0 * 0.4
    if watts <= 10.8:
        assert given_out == pytest.approx(216.0)


def test_charging_takes_more_energy_than_it_stores():
    battery = Battery(watt_hours=216.0, charge=0.0)
    taken = 0.0
    while not battery.is_full:
        taken += battery.charger_watts() * 10.0 / HOUR
        battery.recharge(10.0)
    assert 216.0 / 0.86 < taken < 216.0 / 0.80


@given(
    charge=st.floats(0, 100), level=st.floats(0, 100), watts=st.floats(1, 2000), health=st.just(80)
)
def test_a_battery_reaches_a_charge_when_it_said(charge, level, watts, health):
    battery = Battery(216.0, health=health, charge=charge)
    if level < charge:
        battery.discharge(watts, battery.seconds_down_to(level, watts))
    elif level > charge:
        battery.recharge(battery.seconds_up_to(level))
    assert battery.charge == pytest.approx(level, abs=1e-6)


@given(st.floats(0, 100), st.lists(st.floats(0, 10000), max_size=6), st.booleans())
def test_one_long_span_is_the_sum_of_short_ones(charge, spans, is_charging):
    once, often = Battery(216.0, charge=charge), Battery(216.0, charge=charge)
    for battery, parts in ((once, [sum(spans)]), (often, spans)):
        for seconds in parts:
            if is_charging:
                battery.recharge(seconds)
            else:
                battery.discharge(50.0, seconds)
    assert once.charge == pytest.approx(often.charge, abs=1e-6)


def test_a_battery_ends_at_empty_and_at_full():
    battery = Battery(216.0)
    battery.discharge(100.0, 1000 * HOUR)
    assert battery.charge == 0.0
    battery.recharge(1000 * HOUR)
    assert battery.charge == 100.0


@pytest.mark.parametrize("low", ["battery.charge.low", "battery.runtime.low"])
def test_it_is_known_beforehand_when_the_battery_is_low(low):
    device = ups(load=100)
    device.set("battery.charge.low", "0")
    device.set("battery.runtime.low", "0")
    device.set(low, "60")
    device.set("input.voltage", "0")
    device.advance(device.horizon() - 1)
    assert "LB" not in words(device)
    device.advance(1.01)
    assert "LB" in words(device)


def test_the_battery_voltage_tells_its_state():
    device = ups(load=80)
    floating = shown(device, "battery.voltage")
    device.set("input.voltage", "0")
    full = shown(device, "battery.voltage")
    assert shown(device, "battery.current") < 0
    device.advance(200)
    used = shown(device, "battery.voltage")
    device.set("input.voltage", "230")
    charging = shown(device, "battery.voltage")
    assert shown(device, "battery.current") > 0
    assert used < full < charging < floating
    assert 18 < used < floating < 28


def test_one_long_wait_ends_where_many_short_ones_do():
    devices = ups(load=60), ups(load=60)
    for device, step in zip(devices, (5000.0, 2.5), strict=True):
        device.set("input.voltage", "0")
        for _ in range(int(5000 / step)):
            device.advance(step)
        device.set("input.voltage", "230")
        for _ in range(int(5000 / step)):
            device.advance(step)
    assert devices[0].variables() == devices[1].variables()
    assert devices[0].status() == devices[1].status()


def test_work_warms_the_ups():
    device = ups(load=90)
    cool = shown(device, "ups.temperature")
    device.set("input.voltage", "0")
    device.advance(300)
    assert shown(device, "ups.temperature") > cool
    device.set("ambient.temperature", "60")
    device.set("input.voltage", "230")
    device.advance(2 * HOUR)
    assert "Temperature too high!" in device.alarms()


# Load.


def test_too_much_load_is_an_overload_with_an_alarm():
    device = ups()
    device.set("ups.load", "101")
    assert device.status() == "OL OVER"
    assert device.alarms() == ("Overload!",)
    device.set("ups.load", "100")
    assert device.status() == "OL"
    assert device.alarms() == ()
    device.set("ups.load.high", "80")
    assert device.status() == "OL OVER"


def test_what_goes_in_covers_what_comes_out():
    device = ups(load=50)
    found = device.variables()
    assert found["ups.realpower"] == "450"
    assert found["ups.power"] == "750"
    assert float(found["input.realpower"]) > 450
    assert 80 < float(found["ups.efficiency"]) < 100
    assert float(found["output.current"]) == pytest.approx(750 / 230, abs=0.01)


def test_an_outlet_that_is_off_draws_nothing():
    device = ups(load=50)
    device.command("outlet.1.load.off")
    found = device.variables()
    assert found["outlet.1.status"] == found["outlet.1.switch"] == "off"
    assert found["outlet.1.realpower"] == "0"
    assert found["outlet.2.realpower"] == "225"
    assert found["ups.load"] == "25"
