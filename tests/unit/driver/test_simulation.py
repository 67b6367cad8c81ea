"""The simulated UPS and PDU, driven through their NUT variables and commands only."""

from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.driver.protocols.simulation.battery import Battery
from services.driver.protocols.simulation.device import Design, SimulatedDevice
from services.driver.protocols.simulation.pdu import Pdu
from services.driver.protocols.simulation.ups import Ups
from shared.commands import command as catalogued
from shared.errors import RefusedError, ResultStatus
from shared.status import Status
from shared.variables import variable

HOUR = 3600.0
UPS_DESIGN = Design(model="Simulated UPS")
PDU_DESIGN = Design(model="Simulated PDU", power=3680.0, realpower=3496.0, outlets=8)
KINDS = {"ups": (Ups, UPS_DESIGN), "pdu": (Pdu, PDU_DESIGN)}


def ups(**changes: object) -> Ups:
    return Ups(replace(UPS_DESIGN, **changes))  # type: ignore[arg-type]


def device(kind: str, **changes: object) -> SimulatedDevice:
    make, design = KINDS[kind]
    return make(replace(design, **changes))  # type: ignore[arg-type]


def words(device: SimulatedDevice) -> set[str]:
    return set(device.status().split())


def shown(device: SimulatedDevice, name: str) -> float:
    return float(device.variables()[name])


def seconds_until(device: SimulatedDevice, *wanted: str, limit: float = 48 * HOUR) -> float:
    """Let time pass second by second until all these words are in the status."""
    start = device.age
    while not set(wanted) <= words(device):
        device.advance(1.0)
        assert device.age - start < limit, f"{wanted} never came: {device.status()}"
    return device.age - start


def refusal(device: SimulatedDevice, name: str, value: str | None = None) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        device.command(name, value)
    return refused.value


# Names and texts.


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


# Commands.


D = TypeVar("D", bound=SimulatedDevice)


def after(device: D, *commands: str) -> D:
    for each in commands:
        device.command(each)
    return device


# What must have been done before a command has anything to do.
PREPARED = {
    "beeper.enable": ["beeper.disable"],
    "bypass.stop": ["bypass.start"],
    "calibrate.stop": ["calibrate.start"],
    "load.on": ["load.off"],
    "shutdown.stop": ["shutdown.return"],
    "test.battery.stop": ["test.battery.start"],
    "test.failure.stop": ["test.failure.start"],
}
ONCE_ONLY = {  # a second one while the first runs is refused
    "calibrate.start",
    "test.battery.start",
    "test.battery.start.deep",
    "test.battery.start.low",
    "test.battery.start.quick",
}


def prepared(kind: str, name: str) -> SimulatedDevice:
    made = device(kind)
    if kind == "ups":
        made.set("input.voltage", "200")  # so that there is an extreme to forget
        made.set("input.voltage", "230")
    rest = name.split(".", 2)[2] if name.startswith("outlet.") else ""
    if rest in ("load.on", "load.on.delay"):
        made.command(name.replace(rest, "load.off"))
    return after(made, *PREPARED.get(name, []))


EVERY_COMMAND = [(kind, name) for kind in KINDS for name in device(kind).actions]


@pytest.mark.parametrize(("kind", "name"), EVERY_COMMAND)
def test_every_command_does_something_that_can_be_seen(kind, name):
    if (kind, name) == ("pdu", "load.on"):
        made = after(device("pdu"), "load.off")
    else:
        made = prepared(kind, name)
    before = made.reading()
    made.command(name)
    assert made.reading() != before


@pytest.mark.parametrize(("kind", "name"), EVERY_COMMAND)
def test_a_command_given_twice_does_what_it_does_once(kind, name):
    once, twice = prepared(kind, name), prepared(kind, name)
    once.command(name)
    twice.command(name)
    if name in ONCE_ONLY:
        assert refusal(twice, name).status is ResultStatus.FAILED
    elif name != "beeper.toggle":
        twice.command(name)
    assert once.reading() == twice.reading()


def test_an_unknown_command_is_refused():
    refused = refusal(ups(), "make.coffee")
    assert refused.status is ResultStatus.UNKNOWN
    assert "make.coffee" in str(refused)


def test_the_beeper_obeys():
    device = ups()

    def beeper() -> str:
        return device.variables()["ups.beeper.status"]

    for order, state in [
        ("beeper.mute", "muted"),
        ("beeper.toggle", "disabled"),
        ("beeper.mute", "disabled"),
        ("beeper.toggle", "enabled"),
        ("beeper.disable", "disabled"),
        ("beeper.enable", "enabled"),
    ]:
        device.command(order)
        assert beeper() == state
    device.set("input.voltage", "0")
    device.command("beeper.mute")
    device.set("input.voltage", "230")
    assert beeper() == "enabled"


def test_shutdown_return_on_battery_waits_for_the_mains():
    device = ups()
    device.set("input.voltage", "0")
    device.command("shutdown.return")
    assert device.variables()["ups.timer.shutdown"] == "20"
    device.advance(19)
    assert "OFF" not in words(device)
    device.advance(1)
    assert device.status() == "OB OFF"
    charge = device.battery.charge
    device.advance(HOUR)
    assert device.battery.charge == charge
    device.set("input.voltage", "230")
    device.advance(30)
    assert "OFF" not in words(device)


def test_shutdown_return_on_line_power_comes_back_by_itself():
    device = after(ups(), "shutdown.return")
    device.advance(20)
    assert device.status() == "OL OFF"
    device.advance(30)
    assert device.status() == "OL"


def test_shutdown_stayoff_stays_off_until_it_is_switched_on():
    device = after(ups(), "shutdown.stayoff")
    device.advance(24 * HOUR)
    assert device.status() == "OL OFF"
    device.command("load.on")
    assert device.status() == "OL"


def test_a_shutdown_can_be_called_off():
    device = after(ups(), "shutdown.return")
    device.advance(10)
    device.command("shutdown.stop")
    assert device.variables()["ups.timer.shutdown"] == "-1"
    device.advance(HOUR)
    assert device.status() == "OL"


def test_a_reboot_is_short():
    device = after(ups(), "shutdown.reboot")
    assert device.status() == "OL OFF"
    assert device.variables()["ups.timer.reboot"] == "10"
    device.advance(10)
    assert device.status() == "OL"
    device.command("shutdown.reboot.graceful")
    device.advance(19)
    assert device.status() == "OL"
    device.advance(1)
    assert device.status() == "OL OFF"
    device.advance(10)
    assert device.status() == "OL"


def test_delays_may_be_given_with_the_command():
    device = ups()
    device.command("load.off.delay", "5")
    device.advance(5)
    assert device.status() == "OL OFF"
    device.command("load.on.delay", "7")
    assert device.variables()["ups.timer.start"] == "7"
    device.advance(7)
    assert device.status() == "OL"
    assert refusal(device, "load.off.delay", "soon").status is ResultStatus.INVALID
    assert refusal(device, "load.off.delay", "-1").status is ResultStatus.INVALID


def test_a_cold_start_needs_permission_and_charge():
    device = ups()
    device.set("input.voltage", "0")
    device.command("load.off")
    device.set("ups.start.battery", "no")
    assert "ups.start.battery" in str(refusal(device, "load.on"))
    device.set("ups.start.battery", "yes")
    device.command("load.on")
    assert device.status() == "OB DISCHRG"
    device.advance(24 * HOUR)
    assert "empty" in str(refusal(device, "load.on"))


def test_on_bypass_the_load_hangs_on_the_mains_alone():
    device = after(ups(), "bypass.start")
    assert device.status() == "OL BYPASS"
    assert device.variables()["ups.mode"] == "bypass"
    device.set("input.voltage", "190")
    assert shown(device, "output.voltage") == 190
    device.set("input.voltage", "0")
    assert device.status() == "OB BYPASS"
    assert shown(device, "output.voltage") == 0
    device.command("bypass.stop")
    assert device.status() == "OB DISCHRG"
    assert refusal(device, "bypass.start").status is ResultStatus.FAILED


def test_switching_off_ends_bypass():
    device = after(ups(), "bypass.start", "load.off", "load.on")
    assert device.status() == "OL"


# Tests of the battery.


def test_a_quick_test_lasts_ten_seconds_and_passes():
    device = after(ups(), "test.battery.start.quick")
    assert device.status() == "OL DISCHRG TEST"
    assert device.variables()["ups.test.result"] == "In progress"
    device.advance(10)
    assert "TEST" not in words(device)
    assert device.variables()["ups.test.result"] == "Done and passed"


def test_the_length_of_a_test_may_be_given():
    device = ups()
    device.command("test.battery.start", "60")
    device.advance(59)
    assert "TEST" in words(device)
    device.advance(1)
    assert "TEST" not in words(device)


def test_a_bad_battery_fails_its_test_until_a_new_one_is_put_in():
    device = after(ups(health=50), "test.battery.start.quick")
    device.advance(10)
    assert device.variables()["ups.test.result"] == "Done and error"
    assert "RB" in words(device)
    assert device.alarms() == ("Replace battery!",)
    device.set("battery.date", "2025-06-01")
    assert device.status() == "OL"
    device.command("test.battery.start.quick")
    device.advance(10)
    assert device.variables()["ups.test.result"] == "Done and passed"


def test_a_deep_test_ends_before_the_battery_is_empty():
    device = after(ups(load=80), "test.battery.start.deep")
    while "TEST" in words(device):
        device.advance(1)
    assert device.battery.charge == pytest.approx(10, abs=0.1)
    assert device.status() == "OL CHRG LB"


def test_a_test_that_ends_early_leaves_nothing_behind():
    device = ups(load=100, charge=12)
    device.command("test.battery.start", str(24 * 3600))
    seconds_until(device, "CHRG")
    device.set("ups.load", "0")
    device.advance(22 * HOUR)
    device.command("test.battery.start.deep")
    device.advance(3 * HOUR)
    assert "TEST" in words(device)


def test_a_calibration_drains_and_refills_the_battery():
    device = after(ups(load=80), "calibrate.start")
    assert device.status() == "OL DISCHRG CAL"
    seconds_until(device, "CHRG")
    assert device.status() == "OL CHRG CAL"
    assert device.battery.charge == pytest.approx(25, abs=1)
    device.advance(8 * HOUR)
    assert device.status() == "OL"
    assert device.variables()["ups.test.result"] == "Done and passed"


@pytest.mark.parametrize("trial", ["calibrate", "test.battery"])
def test_a_test_can_be_given_up(trial):
    device = after(ups(), f"{trial}.start", f"{trial}.stop")
    assert not words(device) & {"TEST", "CAL", "DISCHRG"}
    assert device.variables()["ups.test.result"] == "Aborted"


@pytest.mark.parametrize("trial", ["calibrate.start", "test.battery.start.deep"])
def test_a_power_cut_ends_a_test(trial):
    device = after(ups(), trial)
    device.set("input.voltage", "0")
    assert device.status() == "OB DISCHRG"
    assert device.variables()["ups.test.result"] == "Aborted"


@pytest.mark.parametrize("trial", sorted(ONCE_ONLY))
def test_a_test_is_refused_when_it_would_be_wrong(trial):
    on_battery = ups()
    on_battery.set("input.voltage", "0")
    assert "line power" in str(refusal(on_battery, trial))
    assert refusal(after(ups(), "load.off"), trial).status is ResultStatus.FAILED
    assert refusal(after(ups(), "bypass.start"), trial).status is ResultStatus.FAILED
    assert "charge" in str(refusal(ups(charge=3), trial))


# Outlets and the PDU.


@pytest.mark.parametrize("kind", KINDS)
def test_outlets_switch_at_once_later_and_back(kind):
    made = device(kind)

    def state() -> str:
        return made.variables()["outlet.2.status"]

    made.command("outlet.2.load.cycle")
    assert state() == "off"
    made.advance(3)
    assert state() == "on"
    made.command("outlet.2.load.off.delay", "4")
    assert made.variables()["outlet.2.timer.shutdown"] == "4"
    made.advance(4)
    assert state() == "off"
    made.command("outlet.2.load.on.delay")
    made.advance(3)
    assert state() == "on"
    made.command("outlet.2.shutdown.return")
    made.advance(10)
    assert state() == "off"
    made.advance(3)
    assert state() == "on"
    made.set("outlet.2.switch", "off")
    assert state() == "off"
    assert made.variables()["outlet.1.status"] == "on"


def test_turning_a_switch_forgets_what_was_to_come():
    made = device("pdu")
    made.command("outlet.1.load.off.delay")
    made.set("outlet.1.switch", "on")
    made.advance(HOUR)
    assert made.variables()["outlet.1.status"] == "on"


def test_the_latest_order_to_an_outlet_counts():
    made = device("pdu")
    made.command("outlet.1.shutdown.return")
    made.command("outlet.1.load.off.delay")
    made.advance(HOUR)
    assert made.variables()["outlet.1.status"] == "off"


def test_outlets_have_no_power_when_the_ups_is_off():
    device = after(ups(), "load.off")
    assert device.variables()["outlet.1.status"] == "off"
    device.command("load.on")
    assert device.variables()["outlet.1.status"] == "on"


def test_the_pdu_adds_up():
    found = device("pdu", load=50).variables()
    outlets = [float(found[f"outlet.{n}.realpower"]) for n in range(1, 9)]
    assert len(set(outlets)) > 4
    assert sum(outlets) == pytest.approx(float(found["input.realpower"]), abs=5)
    assert found["input.realpower"] == "1748"
    assert found["device.type"] == "pdu"
    assert not any(name.startswith("battery.") for name in found)


def test_a_pdu_without_its_feed_is_off():
    made = device("pdu")
    assert made.status() == "OL"
    made.set("input.voltage", "0")
    found = made.variables()
    assert made.status() == "OFF"
    assert found["outlet.1.status"] == "off"
    assert found["input.current"] == "0.00"


def test_a_pdu_warns_and_then_raises_the_alarm():
    made = device("pdu")
    for load, level in [("30", "good"), ("90", "warning-high"), ("110", "critical-high")]:
        made.set("input.load", load)
        assert made.variables()["input.current.status"] == level
    assert made.status() == "OL OVER"
    assert made.alarms() == ("Overload!",)


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
