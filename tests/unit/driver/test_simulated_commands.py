"""What the simulated UPS and PDU do when they are told."""

import pytest

from services.driver.protocols.simulation.device import SimulatedDevice
from shared.errors import ResultStatus
from tests.unit.driver.simulated_devices import (
    HOUR,
    KINDS,
    after,
    device,
    refusal,
    seconds_until,
    shown,
    ups,
    words,
)

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
