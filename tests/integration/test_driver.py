"""The driver service against a real broker, with dummy devices."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time

import pytest

from services.driver import app, device, drivers, publisher
from services.driver.app import run
from services.driver.claims import Claims
from services.driver.complaints import AT_ONCE
from services.driver.contract import Kind, Parts, Reading
from services.driver.outbox import Outbox
from services.driver.publisher import Publisher
from services.driver.settings import DriverSection
from shared import presence
from shared.bus import connect
from shared.errors import DeviceError, ResultStatus, SettingsError
from shared.latest import Latest
from shared.messages import Availability, DeviceEvent, DeviceMeta, DeviceState, Writable
from shared.service_messages import service_availability
from shared.settings import BusSettings, Section
from shared.topics import DeviceTopic
from tests.integration.watcher import TIMEOUT, driver_settings, driving, watching
from tests.simulators.mqtt_peer import Peer

pytestmark = pytest.mark.integration

COMMAND, SET = DeviceTopic.COMMAND, DeviceTopic.SET
FILE = """\
battery.charge: 90
battery.charge.low: 20
ups.load: 12
ups.beeper.status: enabled
ups.status: OL
"""
DUMMY = {"driver": "dummy", "port": "ups.dev", "desc": "Rack 1"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ups.dev").write_text(FILE)
    return tmp_path


@pytest.fixture
def settings(broker, folder):
    return driver_settings(broker.url, folder, {"ups1": DUMMY})


@pytest.fixture
async def watcher(broker):
    async with watching(broker.url) as watcher:
        yield watcher


def rewrite(file, text):
    """Replace a file so that its time of change differs for certain."""
    before = file.stat().st_mtime_ns
    file.write_text(text)
    os.utime(file, ns=(before, before + 1_000_000_000))


class ScriptedOptions(Section):
    """No options."""


class ScriptedDriver:
    """A driver whose answers the test decides."""

    poll_delay = 0.0
    made = 0
    silent = asyncio.Event()

    def __init__(self, _port, _options):
        type(self).made += 1

    async def open(self):
        if type(self).poll_delay < 0:
            raise DeviceError("nobody there")

    async def close(self):
        pass

    async def poll(self):
        await asyncio.sleep(type(self).poll_delay)
        return Reading({"ups.mfr": "scripted"}, "OL", commands=("load.off", "beeper.mute"))

    async def wait(self):
        await asyncio.Event().wait()

    async def command(self, name, _value):
        if name == "load.off":
            await type(self).silent.wait()
            raise DeviceError("the device went silent")

    async def set(self, name, _value):
        raise AssertionError(name)


@pytest.fixture
def scripted(monkeypatch):
    driver = type("ScriptedDriver", (ScriptedDriver,), {"silent": asyncio.Event()})
    kind = Kind("scripted", "for this test", lambda: Parts(ScriptedOptions, driver))
    monkeypatch.setitem(drivers.DRIVERS, "scripted", kind)
    return driver


async def test_everything_is_retained_for_who_comes_later(any_broker, folder):
    settings = driver_settings(any_broker.url, folder, {"ups1": DUMMY})
    async with driving(settings):
        async with watching(any_broker.url) as first:
            await first.online()
            await first.available("ups1")
            await first.payload("nut/device/ups1/var/battery/charge", b"90")
        async with watching(any_broker.url) as watcher:
            await watcher.available("ups1")
            await watcher.payload("nut/device/ups1/var/ups/beeper/status", b"enabled")
            state = await watcher.until(lambda: watcher.state("ups1"))
            meta = await watcher.until(lambda: watcher.meta("ups1"))
    assert (
        state.vars.items()
        >= {
            "battery.charge": "90",
            "ups.status": "OL",
            "device.type": "ups",
            "device.mfr": "Dummy Manufacturer",
            "driver.name": "dummy",
        }.items()
    )
    assert abs(state.at - time.time()) < 60
    assert (meta.desc, meta.driver, meta.service, meta.heartbeat) == (
        "Rack 1",
        "dummy",
        "test",
        0.5,
    )
    assert meta.writable["ups.load"].type == "number"
    assert meta.writable["ups.mfr"].max_length == 32
    assert {"load.off", "beeper.mute", "shutdown.default"} <= set(meta.commands)


async def test_set_and_command_change_the_device_and_are_answered(any_broker, folder):
    settings = driver_settings(any_broker.url, folder, {"ups1": DUMMY})
    async with driving(settings), watching(any_broker.url) as watcher:
        await watcher.available("ups1")
        result = await watcher.ask("ups1", SET, "ups.load", value="55", by="me")
        assert (result.status, result.request, result.name, result.by) == (
            ResultStatus.OK,
            "set",
            "ups.load",
            "me",
        )
        assert watcher.variables("ups1")["ups.load"] == "55"
        result = await watcher.ask("ups1", COMMAND, "load.off")
        assert result.status is ResultStatus.OK
        assert watcher.variables("ups1")["ups.status"] == "OL OFF"
        await watcher.payload("nut/device/ups1/var/ups/load", b"55")
        await watcher.until(lambda: watcher.events("ups1") == ["OFF"])


async def test_a_service_with_many_devices_is_served_by_every_broker(any_broker, folder):
    names = [f"ups{number}" for number in range(60)]
    settings = driver_settings(any_broker.url, folder, dict.fromkeys(names, DUMMY))
    async with driving(settings), watching(any_broker.url) as watcher:
        await watcher.online()
        for name in (names[0], names[-1]):
            await watcher.available(name)
            assert (await watcher.ask(name, SET, "ups.load", value="55")).status is ResultStatus.OK
        await watcher.online()


async def test_a_bare_payload_is_the_value(settings, watcher):
    async with driving(settings):
        await watcher.available("ups1")
        await watcher.say("nut/device/ups1/set/battery/charge/low", b"33")
        await watcher.variable("ups1", "battery.charge.low", "33")
        await watcher.say("nut/device/ups1/command/beeper/mute", b"")
        await watcher.variable("ups1", "ups.beeper.status", "muted")


@pytest.mark.parametrize(
    ("part", "name", "value", "status"),
    [
        (COMMAND, "test.panel.start", None, ResultStatus.UNKNOWN),
        (SET, "no.such", "1", ResultStatus.UNKNOWN),
        (SET, "device.type", "pdu", ResultStatus.READ_ONLY),
        (SET, "ups.mfr", "x" * 33, ResultStatus.TOO_LONG),
        (SET, "ups.load", "much", ResultStatus.INVALID),
        (SET, "driver.flag.allow_killpower", "7", ResultStatus.INVALID),
        (COMMAND, "driver.killpower", None, ResultStatus.UNKNOWN),
        (COMMAND, "driver.reload", None, ResultStatus.UNKNOWN),
    ],
)
async def test_what_cannot_be_done_is_refused(settings, watcher, part, name, value, status):
    async with driving(settings):
        await watcher.available("ups1")
        assert (await watcher.ask("ups1", part, name, value=value)).status is status


async def test_an_expired_request_is_not_carried_out(settings, watcher):
    async with driving(settings):
        await watcher.available("ups1")
        late = await watcher.ask("ups1", COMMAND, "load.off", expires=time.time() - 1)
        in_time = await watcher.ask("ups1", COMMAND, "beeper.mute", expires=time.time() + 60)
    assert late.status is ResultStatus.EXPIRED
    assert in_time.status is ResultStatus.OK
    assert watcher.variables("ups1")["ups.status"] == "OL"


async def test_a_retained_request_is_never_carried_out(any_broker, folder, caplog):
    settings = driver_settings(any_broker.url, folder, {"ups1": DUMMY})
    topic = "nut/device/ups1/command/load/off"
    async with watching(any_broker.url) as watcher:
        await watcher.say(topic, b'{"id": "old"}', retain=True)
        async with driving(settings):
            await watcher.available("ups1")
            assert (await watcher.result("ups1", "old")).status is ResultStatus.REFUSED
            await watcher.say(topic, b"", retain=True)  # clearing it looks like the command itself
            await watcher.ask("ups1", COMMAND, "beeper.mute")
        assert watcher.variables("ups1")["ups.status"] == "OL"
    assert "load/off: a retained request is never carried out" in caplog.text


async def test_a_malformed_request_gets_a_result_and_one_warning(settings, watcher, caplog):
    async with driving(settings):
        await watcher.available("ups1")
        for count, payload in enumerate((b'{"value": ', b"\xff\xfe"), start=1):
            await watcher.say("nut/device/ups1/set/ups/load", payload)
            results = await watcher.until(
                lambda count=count: watcher.results("ups1", None)[count - 1 :]
            )
            assert results[0].status is ResultStatus.INVALID
        assert watcher.variables("ups1")["ups.load"] == "12"
    warnings = [r for r in caplog.records if "dropped a bad payload" in r.message]
    assert len(warnings) == 2


async def test_exactly_one_result_for_each_of_many_requests(settings, watcher):
    count = 80
    async with driving(settings):
        await watcher.available("ups1")
        async with asyncio.TaskGroup() as tasks:
            for number in range(count):
                tasks.create_task(
                    watcher.ask("ups1", SET, "ups.load", value=str(number), id=f"n{number}")
                )
        assert all(len(watcher.results("ups1", f"n{n}")) == 1 for n in range(count))
        assert watcher.variables("ups1")["ups.load"] == str(count - 1)


async def test_state_is_repeated_at_each_heartbeat(settings, watcher):
    async with driving(settings):
        state = await watcher.until(lambda: watcher.state("ups1"))
        later = await watcher.until(
            lambda: (now := watcher.state("ups1")) and now.seq >= state.seq + 3 and now
        )
    assert later.vars == state.vars
    assert later.at > state.at


async def test_a_changed_file_is_shown_at_once_and_what_vanished_is_cleared(
    settings, watcher, folder
):
    async with driving(settings):
        await watcher.payload("nut/device/ups1/var/battery/charge", b"90")
        rewrite(folder / "ups.dev", "ups.status: OB\nALARM on fire\n")
        await watcher.variable("ups1", "ups.status", "ALARM OB")
        await watcher.payload("nut/device/ups1/var/battery/charge", b"")
        await watcher.until(lambda: watcher.events("ups1") == ["ONBATT", "ALARM"])
        assert watcher.variables("ups1")["ups.alarm"] == "on fire"
        assert "battery.charge" not in watcher.variables("ups1")
        meta = await watcher.until(lambda: watcher.meta("ups1"))
    assert "beeper.mute" not in meta.commands


async def test_a_device_whose_file_goes_bad_is_stale_until_it_is_good(
    settings, watcher, folder, caplog
):
    file = folder / "ups.dev"
    async with driving(settings):
        await watcher.available("ups1")
        rewrite(file, "ups.status: OL\nTIMER soon\n")
        await watcher.available("ups1", "stale")
        await watcher.until(lambda: "COMMBAD" in watcher.events("ups1"))
        stale = await watcher.ask("ups1", COMMAND, "load.off")
        assert stale.status is ResultStatus.STALE
        assert "ups.dev, line 2: TIMER takes a number of seconds" in caplog.text
        file.unlink()
        await asyncio.to_thread(file.write_text, FILE)
        await watcher.available("ups1")
        await watcher.until(lambda: watcher.events("ups1") == ["COMMBAD", "COMMOK"])


async def test_a_missing_file_is_named(broker, watcher, folder, caplog):
    settings = driver_settings(broker.url, folder, {"ups1": {**DUMMY, "port": "none.dev"}})
    async with driving(settings):
        await watcher.online()
        await watcher.available("ups1", "stale")
        await watcher.until(lambda: "COMMBAD" in watcher.events("ups1"))
        assert f"{folder / 'none.dev'}: No such file" in caplog.text
        (folder / "none.dev").write_text(FILE)
        await watcher.available("ups1")


async def test_an_unknown_driver_hurts_nobody_else(broker, watcher, folder, caplog):
    devices = {"ups1": DUMMY, "odd": {"driver": "dumy", "port": "/dev/x", "any": "thing"}}
    async with driving(driver_settings(broker.url, folder, devices)):
        await watcher.available("ups1")
        await watcher.available("odd", "offline")
        meta = await watcher.until(lambda: watcher.meta("odd"))
        assert meta.driver == "dumy"
        assert (await watcher.ask("odd", COMMAND, "load.off")).status is ResultStatus.STALE
    lines = [r.message for r in caplog.records if "dumy" in r.message]
    assert len(lines) == 1
    assert lines[0].startswith("odd: unknown driver 'dumy'; did you mean 'dummy'?; there are ")


async def test_settings_that_cannot_work_are_refused_with_one_line(broker, watcher, folder, caplog):
    devices = {"ups1": DUMMY, "far": {"driver": "dummy-ups", "port": "ups@nowhere:0"}}
    async with driving(driver_settings(broker.url, folder, devices)):
        await watcher.available("ups1")
        await watcher.available("far", "offline")
    assert caplog.text.count("port: 'nowhere:0': the port after") == 1


async def test_it_says_offline_when_it_ends_in_order(any_broker, folder):
    settings = driver_settings(any_broker.url, folder, {"ups1": DUMMY})
    async with watching(any_broker.url) as watcher:
        async with driving(settings):
            await watcher.online()
            await watcher.available("ups1")
        await watcher.available("ups1", "offline")
        await watcher.payload("nut/service/driver/test/availability", b"offline")
    order = [m.topic for m in watcher.messages if m.payload == b"offline"]
    assert order.index("nut/device/ups1/availability") < order.index(
        "nut/service/driver/test/availability"
    )


async def test_devices_are_announced_before_the_service(settings, watcher):
    async with driving(settings):
        await watcher.online()
    topics = [message.topic for message in watcher.messages]
    service = topics.index("nut/service/driver/test/availability")
    assert topics.index("nut/device/ups1/meta") < service
    assert topics.index("nut/device/ups1/availability") < service


async def test_it_comes_back_after_the_broker_does(any_broker, folder):
    settings = driver_settings(any_broker.url, folder, {"ups1": DUMMY})
    async with driving(settings):
        async with watching(any_broker.url) as watcher:
            await watcher.available("ups1")
        await any_broker.stop()
        rewrite(folder / "ups.dev", "ups.status: OB\n")
        await any_broker.start()
        async with watching(any_broker.url) as watcher:
            await watcher.variable("ups1", "ups.status", "OB")
            await watcher.available("ups1")
            await watcher.online()
            # What the old life left behind goes too.
            await watcher.payload("nut/device/ups1/var/ups/status", b"OB")
            topic = "nut/device/ups1/var/battery/charge"
            await watcher.until(lambda: not watcher.now.get(topic))
            assert (await watcher.ask("ups1", COMMAND, "load.off")).status is ResultStatus.OK


async def test_events_while_the_broker_was_away_are_told_later(broker, watcher):
    outbox = Outbox()
    outbox.say("ups1", DeviceEvent(type="ONBATT", at=1.0, status="OB", text="on battery"))
    async with connect(BusSettings(broker=broker.url)) as bus:
        claims = Claims("test", bus.topics, lambda _device, _works: None)
        publisher = Publisher(bus, lambda: DriverSection(id="test"), {}, outbox, claims)
        task = asyncio.create_task(publisher.publish_changes())
        await watcher.until(lambda: watcher.events("ups1") == ["ONBATT"])
        task.cancel()


async def test_variables_of_an_earlier_life_are_cleared(settings, watcher):
    await watcher.say("nut/device/ups1/var/old/news", b"1", retain=True)
    await watcher.say("nut/device/other/var/old/news", b"1", retain=True)
    async with driving(settings):
        await watcher.payload("nut/device/ups1/var/old/news", b"")
    assert watcher.now["nut/device/other/var/old/news"] == b"1"


async def test_plain_variables_can_be_turned_off(broker, watcher, folder):
    await watcher.say("nut/device/ups1/var/ups/load", b"1", retain=True)
    settings = driver_settings(broker.url, folder, {"ups1": DUMMY}, publish_variables=False)
    async with driving(settings):
        await watcher.available("ups1")
        await watcher.payload("nut/device/ups1/var/ups/load", b"")
    assert not [topic for topic in watcher.below("ups1") if "/var/" in topic]


async def test_what_somebody_wiped_from_the_bus_comes_back(settings, watcher, monkeypatch):
    monkeypatch.setattr(publisher, "RESTATE_INTERVAL", 0.2)
    monkeypatch.setattr(presence, "INTERVAL", 0.2)
    async with driving(settings):
        await watcher.online()
        await watcher.available("ups1")
        wiped = {"nut/device/ups1/meta", "nut/device/ups1/availability"}
        wiped.add("nut/service/driver/test/availability")
        for topic in wiped:
            watcher.now[topic] = b""
            await watcher.say(topic, b"", retain=True)
        await watcher.online()
        await watcher.available("ups1")
        await watcher.until(lambda: watcher.meta("ups1"), "described again")


async def test_a_device_that_leaves_the_settings_leaves_the_bus(settings, broker, watcher, folder):
    both = driver_settings(broker.url, folder, {"ups1": DUMMY, "ups2": DUMMY})
    await watcher.say("nut/device/ups2/fsd", b'{"by": "me", "at": 1}', retain=True)
    async with driving(both) as latest:
        await watcher.payload("nut/device/ups2/var/ups/load", b"12")
        await watcher.available("ups1")
        latest.set(settings)
        fsd = {"nut/device/ups2/fsd"}  # not a driver's to write
        await watcher.until(lambda: watcher.below("ups2") == fsd, "ups2 was cleared")
        await watcher.until(lambda: watcher.variables("ups1"))
        assert "nut/device/ups1/state" in watcher.below("ups1")


async def test_a_device_that_left_while_the_service_was_down_is_cleared(
    settings, broker, watcher, folder, caplog
):
    caplog.set_level(logging.INFO)
    both = driver_settings(broker.url, folder, {"ups1": DUMMY, "ups2": DUMMY})
    async with driving(both):
        await watcher.payload("nut/device/ups2/var/ups/load", b"12")
    topics, others = watcher.bus.topics, ("a1", "ups3", "z9")
    for name, service in *((name, "another") for name in others), ("ups8", "test"):
        meta = DeviceMeta(driver="dummy", service=service, heartbeat=0.1)
        await watcher.bus.publish(meta.publication(topics, name))
    async with driving(settings):
        await watcher.until(lambda: not watcher.below("ups2"), "ups2 was cleared")
        await watcher.until(lambda: not watcher.below("ups8"), "ups8 was cleared")
    assert all(watcher.below(name) for name in others)
    assert "ups2 is no longer in the settings" in caplog.text


async def test_an_orphan_that_is_alive_stays(settings, watcher, caplog):
    topics = watcher.bus.topics
    await watcher.bus.publish(
        DeviceMeta(driver="dummy", service="test", heartbeat=1.0).publication(topics, "ups2")
    )
    async with driving(settings):
        await watcher.available("ups1")
        async with asyncio.timeout(TIMEOUT):
            sequence = 0
            while "another driver service" not in caplog.text:
                sequence += 1
                state = DeviceState(seq=sequence, at=0, vars={})
                await watcher.bus.publish(state.publication(topics, "ups2", urgent=True))
                await asyncio.sleep(0.05)
    assert watcher.below("ups2")


async def test_two_services_with_one_device_give_one_warning_each(
    settings, broker, watcher, folder, caplog
):
    rival = driver_settings(broker.url, folder, {"ups1": DUMMY}, id="rival")
    async with driving(settings):
        await watcher.online()
        async with driving(rival):
            await watcher.online("rival")
            await watcher.until(lambda: "by the driver service 'rival'" in caplog.text)
    warnings = [
        r.message for r in caplog.records if "is claimed by the driver service" in r.message
    ]
    assert len(set(warnings)) == len(warnings) <= 2


async def test_the_claim_of_a_service_that_is_gone_is_no_warning(settings, watcher, caplog):
    topics = watcher.bus.topics
    await watcher.bus.publish(
        DeviceMeta(driver="dummy", service="gone").publication(topics, "ups1")
    )
    await watcher.bus.publish(service_availability(topics, "driver", "gone", Availability.OFFLINE))
    async with driving(settings):
        await watcher.online()
        await watcher.available("ups1")
        await watcher.ask("ups1", COMMAND, "beeper.mute")
    assert "is claimed" not in caplog.text


async def test_reloadable_settings_count_without_a_new_line(broker, watcher, folder, scripted):
    def with_(**more):
        devices = {"s": {"driver": "scripted", "port": "x", **more}, "ups1": DUMMY}
        return driver_settings(broker.url, folder, devices)

    async with driving(with_(desc="old")) as latest:
        await watcher.available("s")
        changed = with_(desc="new", override={"input": {"voltage": 230}}, poll_interval=0.2)
        latest.set(changed)
        await watcher.variable("s", "input.voltage", "230")
        await watcher.until(lambda: (meta := watcher.meta("s")) and meta.desc == "new")
        assert scripted.made == 1
        latest.set(with_(port="y"))
        await watcher.variable("s", "driver.parameter.port", "y")
        assert scripted.made == 2
    await watcher.available("ups1", "offline")
    said = [m.payload for m in watcher.messages if m.topic.endswith("ups1/availability")]
    assert said[said.index(b"online") :] == [b"online", b"offline"]


class PartingDriver(ScriptedDriver):
    """A driver that lets go of its device when two others do so as well."""

    together = asyncio.Barrier(3)

    async def close(self) -> None:
        await self.together.wait()


async def test_devices_that_take_their_time_to_go_keep_none_waiting(
    broker, watcher, folder, monkeypatch
):
    monkeypatch.setattr(app, "RELEASE_TIME", 3600.0)
    driver = type("PartingDriver", (PartingDriver,), {"together": asyncio.Barrier(3)})
    kind = Kind("parting", "for this test", lambda: Parts(ScriptedOptions, driver))
    monkeypatch.setitem(drivers.DRIVERS, "parting", kind)
    old = {name: {"driver": "parting"} for name in ("a", "b", "c")}
    async with driving(driver_settings(broker.url, folder, old)) as latest:
        for name in old:
            await watcher.available(name)
        changed = {"c": {"driver": "dummy", "port": "ups.dev"}, "ups1": DUMMY}
        latest.set(driver_settings(broker.url, folder, changed))
        await watcher.available("ups1")


async def test_a_new_device_is_announced_and_takes_orders(settings, broker, watcher, folder):
    async with driving(settings) as latest:
        await watcher.online()
        latest.set(driver_settings(broker.url, folder, {"new": DUMMY, "ups1": DUMMY}))
        await watcher.available("new")
        assert (await watcher.ask("new", COMMAND, "beeper.mute")).status is ResultStatus.OK


async def test_the_settings_can_be_read_again_over_the_bus(settings, broker, watcher, folder):
    latest = Latest(settings)
    calls = []

    def reload():
        calls.append(1)
        if len(calls) > 1:
            raise SettingsError("nutbus.toml: unknown key 'x'")
        latest.set(driver_settings(broker.url, folder, {"ups1": {**DUMMY, "desc": "Other"}}))

    task = asyncio.create_task(run(latest, reload))
    await watcher.available("ups1")
    assert (await watcher.ask("ups1", COMMAND, "driver.reload")).status is ResultStatus.OK
    await watcher.until(lambda: (meta := watcher.meta("ups1")) and meta.desc == "Other")
    failed = await watcher.ask("ups1", COMMAND, "driver.reload-or-error")
    assert (failed.status, failed.detail) == (ResultStatus.FAILED, "nutbus.toml: unknown key 'x'")
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_killpower_tries_the_commands_in_turn(broker, watcher, folder):
    device = {
        **DUMMY,
        "allow_killpower": True,
        "sdcommands": ["no.such", "beeper.mute", "load.off"],
    }
    async with driving(driver_settings(broker.url, folder, {"ups1": device})):
        await watcher.available("ups1")
        assert (await watcher.ask("ups1", COMMAND, "driver.killpower")).status is ResultStatus.OK
        assert watcher.variables("ups1")["ups.beeper.status"] == "muted"
        assert watcher.variables("ups1")["ups.status"] == "OL"
        forbidden = await watcher.ask("ups1", SET, "driver.flag.allow_killpower", value="0")
        assert forbidden.status is ResultStatus.OK
        result = await watcher.ask("ups1", COMMAND, "driver.killpower")
        assert result.status is ResultStatus.UNKNOWN


async def test_a_slow_device_does_not_delay_another(broker, watcher, folder, scripted):
    scripted.poll_delay = 3600.0
    devices = {"slow": {"driver": "scripted", "port": "x"}, "ups1": DUMMY}
    async with driving(driver_settings(broker.url, folder, devices)):
        await watcher.available("ups1")
        await watcher.available("slow", "stale")
        assert (await watcher.ask("ups1", COMMAND, "beeper.mute")).status is ResultStatus.OK
        result = await watcher.ask("slow", COMMAND, "beeper.mute")
        assert result.status is ResultStatus.STALE


async def test_a_device_lost_in_an_order_is_reopened(broker, watcher, folder, scripted):
    devices = {"s": {"driver": "scripted", "port": "x"}}
    async with driving(driver_settings(broker.url, folder, devices)):
        await watcher.available("s")
        async with asyncio.TaskGroup() as tasks:
            lost = tasks.create_task(watcher.ask("s", COMMAND, "load.off", id="lost"))
            behind = tasks.create_task(watcher.ask("s", COMMAND, "beeper.mute", id="behind"))
            await watcher.ask("s", COMMAND, "beeper.mute", expires=1.0)  # so the two have arrived
            scripted.silent.set()
        told = (lost.result().status, lost.result().detail)
        assert told == (ResultStatus.FAILED, "the device went silent")
        assert behind.result().status is ResultStatus.STALE
        await watcher.until(lambda: watcher.events("s") == ["COMMBAD", "COMMOK"])
    assert scripted.made == 2


async def test_a_device_with_too_much_to_say_hurts_nobody_else(broker, watcher, folder, caplog):
    (folder / "big.dev").write_text("".join(f"x.{n}: {'y' * 99}\n" for n in range(900)))
    devices = {"big": {**DUMMY, "port": "big.dev"}, "ups1": DUMMY}
    async with driving(driver_settings(broker.url, folder, devices)):
        await watcher.available("ups1")
        await watcher.until(lambda: "COMMBAD" in watcher.events("big"))
        await watcher.available("big", "stale")
        assert "variables do not fit into a message" in caplog.text
        rewrite(folder / "big.dev", FILE)
        await watcher.available("big")


async def test_settings_that_need_a_restart_are_told_and_the_rest_counts(
    settings, broker, watcher, folder, caplog
):
    async with driving(settings) as latest:
        await watcher.available("ups1")
        other = {**DUMMY, "override": {"ups.load": 99}}
        latest.set(driver_settings(broker.url, folder, {"ups1": other}, id="other", heartbeat=7))
        await watcher.variable("ups1", "ups.load", "99")
        meta = await watcher.until(lambda: (m := watcher.meta("ups1")) and m.heartbeat == 7 and m)
        assert meta.service == "test"
        assert "ups.load" not in meta.writable
    assert "count only after a restart" in caplog.text


async def test_a_file_that_is_reloaded_may_not_tell_again_of_an_unknown_driver(
    broker, watcher, folder, caplog
):
    odd = {"driver": "nobody", "port": "x"}
    async with driving(driver_settings(broker.url, folder, {"odd": odd, "ups1": DUMMY})) as latest:
        await watcher.available("ups1")
        other = {**DUMMY, "desc": "new"}
        latest.set(driver_settings(broker.url, folder, {"odd": odd, "ups1": other}))
        await watcher.until(lambda: (m := watcher.meta("ups1")) and m.desc == "new")
        latest.set(driver_settings(broker.url, folder, {"odd": DUMMY, "ups1": other}))
        await watcher.available("odd")
    assert caplog.text.count("unknown driver 'nobody'") == 1


async def test_requests_that_wait_when_the_service_ends_are_answered(
    broker, watcher, folder, scripted
):
    devices = {"s": {"driver": "scripted", "port": "x"}}
    async with driving(driver_settings(broker.url, folder, devices)):
        await watcher.available("s")
        for id in ("first", "second"):
            await watcher.say("nut/device/s/command/load/off", f'{{"id": "{id}"}}'.encode())
        await watcher.ask("s", COMMAND, "beeper.mute", expires=1.0)
    for id in ("first", "second"):
        assert (await watcher.result("s", id)).status is ResultStatus.FAILED


async def test_an_order_or_a_setting_does_not_wait_for_the_next_poll(
    broker, watcher, folder, scripted
):
    def with_(**more):
        devices = {"s": {"driver": "scripted", "port": "x", "poll_interval": 3600, **more}}
        return driver_settings(broker.url, folder, devices)

    async with driving(with_()) as latest:
        await watcher.available("s")
        assert (await watcher.ask("s", COMMAND, "beeper.mute")).status is ResultStatus.OK
        latest.set(with_(override={"a.b": "1"}))
        await watcher.variable("s", "a.b", "1")


async def test_only_a_state_with_another_status_is_acknowledged(broker, folder):
    states = "nut/device/ups1/state"
    settings = driver_settings(broker.url, folder, {"ups1": DUMMY}, heartbeat=60)
    async with Peer.connected(broker.port, "peer") as peer, watching(broker.url) as watcher:
        await peer.subscribe(states)
        async with driving(settings):
            await watcher.available("ups1")
            await watcher.ask("ups1", SET, "ups.load", value="1")
            await watcher.ask("ups1", COMMAND, "load.off")
        said = [message for message in await peer.synchronise() if message.topic == states]
    assert [message.qos for message in said] == [1, 0, 1]


async def test_a_broker_that_is_not_there_yet_is_waited_for(broker, folder):
    await broker.stop()
    settings = driver_settings(broker.url, folder, {"ups1": DUMMY})
    async with driving(settings):
        await asyncio.sleep(0)
        await broker.start()
        async with watching(broker.url) as watcher:
            await watcher.available("ups1")


async def test_sigterm_under_load_says_goodbye(broker, watcher, folder):
    names = [f"ups{number}" for number in range(30)]
    file = folder / "nutbus.toml"
    tables = [f'[bus]\nbroker = "{broker.url}"', '[driver]\nid = "test"\npoll_interval = 0.01']
    tables += [f'[devices.{name}]\ndriver = "dummy"\nport = "ups.dev"' for name in names]
    file.write_text("\n".join(tables) + "\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.driver",
        "--config",
        str(file),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await watcher.online()
        for name in names:
            await watcher.available(name)
        for number in range(20):
            for name in names:
                await watcher.say(f"nut/device/{name}/set/ups/load", str(number).encode())
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(TIMEOUT):
            _, log = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, log
    assert b"Traceback" not in log
    async with connect(BusSettings(broker=broker.url)):
        for name in names:
            await watcher.available(name, "offline")
        await watcher.payload("nut/service/driver/test/availability", b"offline")


class OddDriver(ScriptedDriver):
    """A driver of a device that calls things as no topic can be called."""

    async def poll(self) -> Reading:
        names = ("ups.+", "#", "a/b", "x" * 70_000, "", "ups.load")
        variables = dict.fromkeys(names, "1")
        return Reading(variables, "OL", writable=dict.fromkeys(names, Writable()), commands=names)


async def test_odd_names_of_one_device_end_nothing(broker, folder, watcher, monkeypatch):
    kind = Kind("odd", "for this test", lambda: Parts(ScriptedOptions, OddDriver))
    monkeypatch.setitem(drivers.DRIVERS, "odd", kind)
    async with driving(
        driver_settings(broker.url, folder, {"ups1": DUMMY, "odd": {"driver": "odd"}})
    ):
        await watcher.available("odd")
        await watcher.payload("nut/device/odd/var/ups/load", b"1")
        await watcher.available("ups1")


class GarbledDriver(ScriptedDriver):
    """A driver of a device that says other nonsense each time."""

    tried_often = asyncio.Event()

    async def open(self) -> None:
        if self.made > 20:
            self.tried_often.set()
        raise DeviceError(f"nonsense {self.made}")


async def test_a_device_that_fails_otherwise_each_time_does_not_fill_the_log(
    broker, folder, watcher, monkeypatch, caplog
):
    tried_often = asyncio.Event()
    driver = type("GarbledDriver", (GarbledDriver,), {"tried_often": tried_often})
    kind = Kind("garbled", "for this test", lambda: Parts(ScriptedOptions, driver))
    monkeypatch.setitem(drivers.DRIVERS, "garbled", kind)
    monkeypatch.setattr(device, "FIRST_DELAY", 0.01)
    settings = {"bad": {"driver": "garbled", "poll_interval": 0.005}}
    async with driving(driver_settings(broker.url, folder, settings)):
        await watcher.available("bad", "stale")
        async with asyncio.timeout(TIMEOUT):
            await tried_often.wait()
    lines = [message for message in caplog.messages if "nonsense" in message]
    assert len(lines) == AT_ONCE


class MistakenDriver(ScriptedDriver):
    """A driver whose program fails at every poll."""

    async def poll(self) -> Reading:
        raise KeyError("the programmer did not think of this")


async def test_a_mistake_in_a_driver_stays_with_its_device(
    broker, folder, watcher, monkeypatch, caplog
):
    kind = Kind("mistaken", "for this test", lambda: Parts(ScriptedOptions, MistakenDriver))
    monkeypatch.setitem(drivers.DRIVERS, "mistaken", kind)
    devices = {"ups1": DUMMY, "bad": {"driver": "mistaken"}}
    async with driving(driver_settings(broker.url, folder, devices)):
        await watcher.available("bad", "stale")
        await watcher.available("ups1")
        assert (await watcher.ask("ups1", COMMAND, "load.off")).status is ResultStatus.OK
        assert (await watcher.ask("bad", COMMAND, "load.off")).status is ResultStatus.STALE
    assert "bad: a mistake in the driver mistaken: KeyError(" in caplog.text
    assert caplog.text.count("Traceback") == 1


async def test_why_a_device_is_away_is_on_the_topic_of_driver_state(broker, folder, watcher):
    topic = "nut/device/ups1/var/driver/state"
    async with driving(driver_settings(broker.url, folder, {"ups1": DUMMY})):
        await watcher.payload(topic, b"quiet")
        (folder / "ups.dev").rename(folder / "away")
        await watcher.until(lambda: b"No such file" in watcher.now[topic], "the reason")
        assert watcher.now[topic].startswith(b"reconnect.trying: ")
        (folder / "away").rename(folder / "ups.dev")
        await watcher.payload(topic, b"quiet")
