"""What the checker of a soak calls wrong, and what it does not."""

import random

import pytest

from shared.messages import Message
from shared.topics import DeviceTopic
from tests.soak.checker import STRICT, Checker
from tests.soak.hosts import had_to_go
from tests.soak.observer import TOPICS, Observer
from tests.soak.plant import DEVICES, Broker, Plant
from tests.soak.truth import LOW, ON_BATTERY, ON_LINE, SILENT, Device, Fault, Faults, Findings, now
from tests.soak.views import STALE, Shown


@pytest.fixture
def devices(tmp_path):
    """All devices, on line power for a long time."""
    found = {name: Device(name, tmp_path) for name in DEVICES}
    for device in found.values():
        device.last.since -= 1000
    return found


def judge(host, devices, *, faults=None, fsd=()):
    return had_to_go(
        host, now(), devices, faults or Faults(), lambda device, _since, _until: device in fsd
    )


def said(device, status, ago):
    """Let a device have said this since some seconds ago."""
    device.say(status, 50)
    device.words[-2].until = device.last.since = now() - ago


def test_a_host_on_line_power_has_no_reason_to_go(devices):
    assert not judge("boss", devices)


def test_a_host_whose_battery_is_low_has(devices):
    said(devices["rack1"], LOW, 3)
    assert judge("boss", devices)
    assert not judge("big", devices)


def test_on_battery_alone_is_no_reason(devices):
    said(devices["rack1"], ON_BATTERY, 60)
    assert not judge("boss", devices)


def test_on_battery_and_unheard_is_one(devices):
    said(devices["rack1"], ON_BATTERY, 20)
    said(devices["rack1"], SILENT, 7)
    assert judge("boss", devices)


def test_a_fault_while_on_battery_may_be_one(devices):
    said(devices["rack1"], ON_BATTERY, 20)
    faults = Faults()
    faults.all.append(Fault("cut boss", now() - 10, now() - 1))
    assert judge("boss", devices, faults=faults)


def test_a_fault_alone_is_no_reason(devices):
    faults = Faults()
    faults.all.append(Fault("kill broker", now() - 10, now() - 1))
    assert not judge("boss", devices, faults=faults)


def test_one_supply_of_two_is_enough(devices):
    said(devices["rack2"], LOW, 10)
    assert not judge("big", devices)
    said(devices["twin"], LOW, 3)
    assert judge("big", devices)


def test_a_forced_shutdown_is_a_reason(devices):
    assert judge("web1", devices, fsd=("rack1",))


@pytest.fixture
def findings():
    return Findings(Faults(), lambda _: None)


def ordered(observer, payload):
    topic = TOPICS.device("rack1", DeviceTopic.FSD)
    observer.take(Message(topic, payload, False))


def test_an_order_that_was_cleared_and_is_back_is_no_reason_and_nobodys_order(findings):
    observer = Observer("mqtt://127.0.0.1:1", Faults(), findings)
    ordered(observer, b"one")
    assert observer.is_ordered("rack1")
    observer.cleared.add(b"one")
    ordered(observer, b"")
    assert not findings.wrong
    cleared = now()
    ordered(observer, b"one")
    assert findings.wrong, "no broker was killed"
    assert not observer.is_ordered("rack1")
    assert observer.had_fsd("rack1", 0.0, now())
    assert not observer.had_fsd("rack1", cleared + 1e-6, now())


def test_that_somebody_else_cleared_an_order_is_wrong(findings):
    observer = Observer("mqtt://127.0.0.1:1", Faults(), findings)
    ordered(observer, b"one")
    ordered(observer, b"")
    assert "somebody cleared" in findings.wrong[0]


def shown(device, word=None, **other):
    word = word or device.last
    told = {"status": word.status, "id": str(word.number), "charge": str(word.charge), **other}
    return Shown(
        {
            "ups.status": told["status"],
            "ups.id": told["id"],
            "battery.charge": told["charge"],
        }
    )


@pytest.fixture
def wrong(tmp_path):
    """Judge what a view showed."""
    faults = Faults()
    findings = Findings(faults, lambda _: None)
    plant = Plant(tmp_path, Broker(tmp_path))
    observer = Observer("mqtt://127.0.0.1:1", faults, findings)
    checker = Checker(plant, observer, faults, findings, random.Random(1))
    return lambda view, device: checker.wrong(view, device, now())


def test_what_a_device_says_is_right_and_stale_is_never_wrong(devices, wrong):
    device = devices["rack1"]
    assert not wrong(shown(device), device)
    assert not wrong(shown(device, status="FSD OL"), device)
    assert not wrong(STALE, device)


def test_what_it_said_long_ago_is_wrong(devices, wrong):
    device = devices["rack1"]
    said(device, ON_BATTERY, STRICT.longest_age - 1)
    assert not wrong(shown(device, device.words[0]), device)
    said(device, ON_LINE, STRICT.longest_age + 1)
    assert "s ago" in wrong(shown(device, device.words[1]), device)


def test_a_mixture_is_wrong_and_so_is_what_it_never_said(devices, wrong):
    device = devices["rack1"]
    assert "a mixture" in wrong(shown(device, charge="3"), device)
    assert "nothing that it ever said" in wrong(shown(device, id="0"), device)
