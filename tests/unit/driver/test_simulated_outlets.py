"""The outlets of simulated devices, and the PDU that is made of them."""

import pytest

from tests.unit.driver.simulated_devices import HOUR, KINDS, after, device, ups


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
