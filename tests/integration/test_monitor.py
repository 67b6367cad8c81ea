"""The monitor with a real broker: the bus, the driver, the broker and the mains go and come."""

import asyncio
import contextlib
import os
import signal
import socket
import time

import pytest

from services.monitor.privileged import MAGIC
from services.monitor.supplies import others
from shared.messages import Availability, ForcedShutdown, clearing
from shared.topics import DeviceTopic, ServiceTopic
from tests.integration.power import (
    TIMEOUT,
    TOPICS,
    bystander,
    gateway,
    host,
    monitor_settings,
    nobody_went_down,
    plant,
    stubborn_secondary,
    went_down,
)

PRIMARY = [{"device": "ups", "role": "primary"}]
SECONDARY = [{"device": "ups", "role": "secondary"}]
LONG = 60.0  # a delay that no test waits for


@pytest.fixture(autouse=True)
def everything_is_logged(caplog):
    caplog.set_level("INFO")


@pytest.fixture
async def mains(broker):
    async with plant(broker.url, ups="OL") as mains:
        yield mains


@pytest.fixture
async def watching(broker):
    async with bystander(broker.url) as watching:
        yield watching


@contextlib.asynccontextmanager
async def started(broker):
    await broker.start()
    yield


async def until_logged(caplog, text: str, times: int = 1) -> None:
    async with asyncio.timeout(TIMEOUT):
        while caplog.text.count(text) < times:
            await asyncio.sleep(0.01)


async def test_a_host_goes_down_when_its_battery_is_low_and_leaves_the_flag(
    broker, mains, watching, tmp_path
):
    async with host(broker.url, tmp_path, PRIMARY) as monitor:
        await watching.online()
        assert watching.power().roles == {"ups": "primary"}
        mains.say("ups", "OB DISCHRG")
        await watching.until(lambda: nobody_went_down(tmp_path), "yet")
        mains.say("ups", "OB DISCHRG LB")
        await went_down(tmp_path, "tested")
        await watching.phase("down")
        assert watching.fsd("ups").by == "tested"
        async with asyncio.timeout(TIMEOUT):
            await monitor.task
        await watching.until(lambda: not watching.is_online(), "offline")
    assert (tmp_path / "tested.killpower").read_text() == MAGIC


async def test_a_secondary_goes_first_and_its_primary_waits_for_it(
    broker, mains, watching, tmp_path
):
    async with (
        host(broker.url, tmp_path, PRIMARY, id="first", host_sync=LONG),
        host(broker.url, tmp_path, SECONDARY, id="second", host_sync=LONG),
    ):
        await watching.online("first")
        await watching.online("second")
        mains.say("ups", "OB LB")
        await went_down(tmp_path, "second", "first")
    assert not (tmp_path / "second.killpower").exists(), "only a primary asks for the power-off"


async def test_a_secondary_that_never_leaves_is_waited_for_so_long_and_no_longer(
    broker, mains, watching, tmp_path, caplog
):
    async with (
        stubborn_secondary(broker.url, "ups"),
        host(broker.url, tmp_path, PRIMARY, host_sync=0.5),
    ):
        await watching.online()
        mains.say("ups", "OB LB")
        await went_down(tmp_path, "tested")
        assert "secondaries did not all leave" in caplog.text


async def test_a_gateway_that_is_lost_with_clients_is_not_taken_for_clients_that_left(
    broker, mains, watching, tmp_path, monkeypatch
):
    monkeypatch.setattr(others, "RETURN_TIME", 4.0)
    gone = TOPICS.service("gateway", "gate", ServiceTopic.AVAILABILITY)
    async with host(broker.url, tmp_path, PRIMARY, host_sync=LONG):
        async with gateway(broker.url, ups=["192.0.2.1"]):
            await watching.online()
            mains.say("ups", "OB LB")
            await watching.phase("hostsync")
        await watching.until(lambda: watching.now.get(gone) == b"offline", "offline")
        await watching.states("ups", 4)
        assert nobody_went_down(tmp_path), "its clients may be up still"
        async with gateway(broker.url):
            await watching.states("ups", 4)
            assert nobody_went_down(tmp_path), "they may log in again"
            await went_down(tmp_path, "tested")


@pytest.mark.parametrize("table", [PRIMARY, SECONDARY])
async def test_a_second_monitor_with_our_id_is_warned_of_once(
    broker, mains, watching, tmp_path, caplog, table
):
    async with host(broker.url, tmp_path, table, host_sync=LONG):
        await watching.online()
        mains.say("ups", "OB")
        await watching.states("ups", 2)
        async with host(broker.url, tmp_path, table, min_supplies=0, host_sync=LONG):
            await until_logged(caplog, "is called 'tested' too")
            await watching.states("ups", 4)
    assert caplog.text.count("give each its own id in [monitor]") == 1, (
        "the second hears only itself"
    )


# The broker dies in each phase.


async def test_the_loss_of_the_broker_on_line_power_is_no_power_event(
    broker, mains, watching, tmp_path, caplog
):
    async with host(broker.url, tmp_path, PRIMARY, dead_time=0.1, no_comm_warn_time=0.3):
        await watching.online()
        await broker.kill()
        # Ten times as long as DEADTIME and more.
        await until_logged(caplog, "NOCOMM", 3)
        assert nobody_went_down(tmp_path)
        watching.now.clear()
        await broker.start()
        await watching.online()
        await until_logged(caplog, "COMMOK")
        assert nobody_went_down(tmp_path)
        mains.say("ups", "OB LB")
        await went_down(tmp_path, "tested")


async def test_the_loss_of_the_broker_on_battery_counts_down_to_the_shutdown(
    broker, mains, watching, tmp_path
):
    async with host(broker.url, tmp_path, PRIMARY, dead_time=0.5) as monitor:
        await watching.online()
        mains.say("ups", "OB")
        await watching.until(lambda: b"OB" in watching.now.get("nut/device/ups/state", b""), "OB")
        await broker.kill()
        await went_down(tmp_path, "tested")
        async with asyncio.timeout(TIMEOUT):
            await monitor.task


async def test_on_battery_the_last_known_runtime_may_count_instead(
    broker, mains, watching, tmp_path, caplog
):
    section = {"lost_on_battery": "runtime", "runtime_margin": 10.0, "dead_time": 0.1}
    async with host(broker.url, tmp_path, PRIMARY, no_comm_warn_time=0.3, **section):
        await watching.online()
        mains.say("ups", "OB", battery_runtime="14.5")
        await watching.until(lambda: b"14.5" in watching.now.get("nut/device/ups/state", b""), "OB")
        await broker.kill()
        await until_logged(caplog, "NOCOMM", 1)
        assert nobody_went_down(tmp_path), "DEADTIME is over, but not the runtime"
        await went_down(tmp_path, "tested")


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_the_loss_of_the_broker_while_waiting_for_secondaries_stops_nothing(
    broker, mains, watching, tmp_path, how
):
    async with (
        stubborn_secondary(broker.url, "ups"),
        host(broker.url, tmp_path, PRIMARY, host_sync=4.0),
    ):
        await watching.online()
        mains.say("ups", "OB LB")
        await watching.phase("hostsync")
        await getattr(broker, how)()
        assert nobody_went_down(tmp_path), "it is too soon"
        await went_down(tmp_path, "tested")


async def test_the_loss_of_the_broker_in_the_last_seconds_stops_nothing(
    broker, mains, watching, tmp_path
):
    async with host(broker.url, tmp_path, PRIMARY, final_delay=1.0):
        await watching.online()
        mains.say("ups", "OB LB")
        await watching.phase("final")
        await broker.kill()
        await went_down(tmp_path, "tested")


async def test_a_broker_that_lost_its_memory_is_not_taken_for_secondaries_that_left(
    broker, mains, watching, tmp_path, monkeypatch
):
    monkeypatch.setattr(others, "SETTLE_TIME", 3.0)
    async with host(broker.url, tmp_path, PRIMARY, host_sync=LONG):
        async with stubborn_secondary(broker.url, "ups"):
            await watching.online()
            mains.say("ups", "OB LB")
            await watching.phase("hostsync")
            await broker.kill()
        for left in (tmp_path / "broker").glob("*.db"):
            left.unlink()
        watching.now.clear()
        await broker.start()
        await watching.online()
        await watching.states("ups", 4)
        assert nobody_went_down(tmp_path), "it may come back still"
        await went_down(tmp_path, "tested")


async def test_fsd_that_is_back_with_a_killed_broker_does_not_count_and_is_cleared_again(
    broker, watching, tmp_path, caplog
):
    both = [{"device": name, "role": "primary"} for name in ("ups", "spare")]
    topic = TOPICS.device("ups", DeviceTopic.FSD)

    def is_lost() -> bool:
        return bool(watching.has_power() and watching.power().critical == ["ups"])

    async with plant(broker.url, ups="OL", spare="OL"), host(broker.url, tmp_path, both):
        await watching.online()
        order = ForcedShutdown(by="somebody", at=time.time())
        await watching.bus.publish(order.publication(TOPICS, "ups"))
        await watching.until(is_lost, "lost by FSD")
        os.kill(broker.pid, signal.SIGUSR1)  # it saves what is retained
        saved = broker.directory / "mosquitto.db"
        async with asyncio.timeout(TIMEOUT):
            while not (saved.exists() and order.encode() in saved.read_bytes()):
                await asyncio.sleep(0.01)
        await watching.bus.publish(clearing(topic))
        await watching.until(lambda: not is_lost(), "well again")
        await broker.kill()
        watching.now.clear()
        await broker.start()
        await until_logged(caplog, "the broker has an FSD again that was cleared")
        await watching.online()
        await watching.states("ups", 3)  # by now all that was retained has come
        await watching.until(lambda: not watching.fsd("ups"), "cleared again")
        assert not is_lost()
        assert nobody_went_down(tmp_path)


async def test_a_monitor_that_starts_before_the_broker_waits_and_then_works(
    broker, mains, watching, tmp_path
):
    await broker.stop()
    async with (
        host(broker.url, tmp_path, PRIMARY),
        started(broker),
    ):
        await watching.online()
        assert nobody_went_down(tmp_path)
        mains.say("ups", "OB LB")
        await went_down(tmp_path, "tested")


# The driver dies, or its device does.


@pytest.mark.parametrize("availability", [Availability.STALE, Availability.OFFLINE])
async def test_a_device_that_falls_silent_on_line_power_is_no_power_event(
    broker, mains, watching, tmp_path, caplog, availability
):
    async with host(broker.url, tmp_path, PRIMARY, dead_time=0.1, no_comm_warn_time=0.3):
        await watching.online()
        mains.be("ups", availability)
        await until_logged(caplog, "NOCOMM", 3)
        assert nobody_went_down(tmp_path)
        mains.be("ups", Availability.ONLINE)
        await until_logged(caplog, "COMMOK")
        mains.say("ups", "OB LB")
        await went_down(tmp_path, "tested")


@pytest.mark.parametrize("availability", [Availability.STALE, Availability.OFFLINE])
async def test_a_device_that_falls_silent_on_battery_is_lost_after_dead_time(
    broker, mains, watching, tmp_path, availability
):
    async with host(broker.url, tmp_path, PRIMARY, dead_time=0.5):
        await watching.online()
        mains.say("ups", "OB")
        await watching.until(lambda: b"OB" in watching.now.get("nut/device/ups/state", b""), "OB")
        mains.be("ups", availability)
        await went_down(tmp_path, "tested")


async def test_a_driver_service_that_dies_on_battery_is_as_a_device_that_falls_silent(
    broker, watching, tmp_path
):
    async with host(broker.url, tmp_path, PRIMARY, dead_time=0.5):
        async with plant(broker.url, ups="OB"):
            await watching.online()
            await watching.until(
                lambda: b"OB" in watching.now.get("nut/device/ups/state", b""), "OB"
            )
            assert nobody_went_down(tmp_path)
        await went_down(tmp_path, "tested")


async def test_an_unknown_device_shuts_nothing_down(broker, watching, tmp_path):
    async with (
        plant(broker.url, other="OB LB"),
        host(broker.url, tmp_path, PRIMARY, no_comm_warn_time=0.3, dead_time=0.1),
    ):
        await watching.online()
        async with plant(broker.url, ups="OL") as mains:
            assert nobody_went_down(tmp_path)
            mains.say("ups", "OB LB")
            await went_down(tmp_path, "tested")


# The mains comes back in each phase.


async def test_mains_that_comes_back_on_battery_is_no_more_than_news(
    broker, mains, watching, tmp_path, caplog
):
    async with host(broker.url, tmp_path, PRIMARY):
        await watching.online()
        mains.say("ups", "OB")
        await until_logged(caplog, "ONBATT")
        mains.say("ups", "OL")
        await until_logged(caplog, "ONLINE")
        assert nobody_went_down(tmp_path)
        assert watching.power().phase == "watching"
        assert watching.fsd("ups") is None


async def test_mains_that_comes_back_in_hostsync_takes_fsd_back_if_the_settings_allow(
    broker, mains, watching, tmp_path
):
    async with (
        stubborn_secondary(broker.url, "ups"),
        host(broker.url, tmp_path, PRIMARY, host_sync=LONG, clear_fsd_on_return=True),
    ):
        await watching.online()
        mains.say("ups", "OB LB")
        await watching.until(lambda: watching.fsd("ups"), "FSD")
        mains.say("ups", "OL")
        await watching.until(lambda: watching.fsd("ups") is None, "FSD cleared")
        await watching.phase("watching")
        assert nobody_went_down(tmp_path)


async def test_mains_that_comes_back_in_hostsync_is_too_late_else(
    broker, mains, watching, tmp_path
):
    async with (
        stubborn_secondary(broker.url, "ups"),
        host(broker.url, tmp_path, PRIMARY, host_sync=1.0),
    ):
        await watching.online()
        mains.say("ups", "OB LB")
        await watching.until(lambda: watching.fsd("ups"), "FSD")
        mains.say("ups", "OL")
        await went_down(tmp_path, "tested")


async def test_mains_that_comes_back_in_the_last_seconds_is_too_late(
    broker, mains, watching, tmp_path
):
    async with host(broker.url, tmp_path, PRIMARY, final_delay=0.7, clear_fsd_on_return=True):
        await watching.online()
        mains.say("ups", "OB LB")
        await watching.phase("final")
        mains.say("ups", "OL")
        await went_down(tmp_path, "tested")


# More than one supply, conditions, stages, waking, rehearsals, reloading.


async def test_one_of_two_supplies_is_enough_until_it_fails_too(broker, watching, tmp_path):
    both = [{"device": "left", "role": "primary"}, {"device": "right", "role": "primary"}]
    async with (
        plant(broker.url, left="OL", right="OL") as mains,
        host(broker.url, tmp_path, both),
    ):
        await watching.online()
        mains.say("left", "OB LB")
        await watching.until(lambda: watching.power().present == 1, "one left")
        assert nobody_went_down(tmp_path)
        mains.say("right", "OB LB")
        await went_down(tmp_path, "tested")


async def test_a_condition_comes_before_the_low_battery(broker, mains, watching, tmp_path):
    async with host(broker.url, tmp_path, PRIMARY, conditions={"charge_below": 30}):
        await watching.online()
        mains.say("ups", "OB", battery_charge="30")
        await watching.until(lambda: b"30" in watching.now.get("nut/device/ups/state", b""), "30 %")
        assert nobody_went_down(tmp_path)
        mains.say("ups", "OB", battery_charge="29.5")
        await went_down(tmp_path, "tested")


async def test_stages_go_one_after_the_other_and_the_coordinator_last(
    broker, mains, watching, tmp_path
):
    stages = [{"name": "early", "hosts": ["one"]}, {"name": "late", "hosts": ["two"]}]
    async with (
        host(broker.url, tmp_path, [], id="one", obey=["boss"]),
        host(broker.url, tmp_path, [], id="two", obey=["boss"]),
        host(broker.url, tmp_path, PRIMARY, id="boss", stages=stages),
    ):
        for name in ("one", "two", "boss"):
            await watching.online(name)
        mains.say("ups", "OB LB")
        await went_down(tmp_path, "one", "two", "boss")


async def test_who_is_not_told_to_obey_does_not(broker, mains, watching, tmp_path):
    stages = [{"name": "early", "hosts": ["one"], "deadline": 0.3}]
    async with (
        host(broker.url, tmp_path, [], id="one", obey=["somebody"]),
        host(broker.url, tmp_path, PRIMARY, id="boss", stages=stages),
    ):
        await watching.online("one")
        await watching.online("boss")
        mains.say("ups", "OB LB")
        await went_down(tmp_path, "boss")
        assert watching.power("one").phase == "watching"


async def test_a_host_that_went_down_is_woken_when_mains_is_back(broker, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sleeper:
        sleeper.setblocking(False)
        sleeper.bind(("127.0.0.1", 0))
        target = {
            "mac": "52:54:00:12:34:56",
            "address": "127.0.0.1",
            "port": sleeper.getsockname()[1],
        }
        wake = {"hosts": {"one": target}, "delay": 0.1, "retry": 0.2, "charge": 50}
        stages = [{"name": "early", "hosts": ["one"], "conditions": {"on_battery": 0}}]
        async with (
            plant(broker.url, ups="OL") as mains,
            bystander(broker.url) as watching,
            host(broker.url, tmp_path, PRIMARY, id="boss", stages=stages, wake=wake),
        ):
            async with host(broker.url, tmp_path, [], id="one", obey=["boss"]):
                await watching.online("one")
                await watching.online("boss")
                mains.say("ups", "OB", battery_charge="80")
                await went_down(tmp_path, "one")
                await watching.until(lambda: not watching.is_online("one"), "one offline")
            mains.say("ups", "OL", battery_charge="80")
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(TIMEOUT):
                packets = [await loop.sock_recv(sleeper, 200) for _ in range(2)]
    assert packets == [b"\xff" * 6 + bytes.fromhex("525400123456") * 16] * 2


async def test_a_rehearsal_shows_every_step_and_switches_nothing(
    broker, mains, watching, tmp_path, caplog
):
    async with host(broker.url, tmp_path, PRIMARY, dry_run=True):
        await watching.online()
        mains.say("ups", "OB LB")
        await until_logged(caplog, "dry run: FSD would be set on ups")
        await until_logged(caplog, "dry run: this host would be shut down now")
        mains.say("ups", "OL")
        await until_logged(caplog, "the rehearsal is over")
        assert nobody_went_down(tmp_path)
        assert watching.fsd("ups") is None
        assert not (tmp_path / "tested.killpower").exists()


async def test_new_settings_count_at_once(broker, tmp_path):
    async with plant(broker.url, left="OL", right="OB LB"), bystander(broker.url) as watching:
        left = [{"device": "left", "role": "primary"}]
        async with host(broker.url, tmp_path, left) as monitor:
            await watching.online()
            right = [{"device": "right", "role": "primary"}]
            monitor.settings.set(monitor_settings(broker.url, tmp_path, right))
            await went_down(tmp_path, "tested")


async def test_a_restarted_monitor_knows_what_the_broker_kept(broker, tmp_path):
    """FSD was ordered while it was away: no message but the retained one tells of that."""
    async with plant(broker.url, ups="OB"), bystander(broker.url) as watching:
        section = {"id": "second"}
        async with host(broker.url, tmp_path, SECONDARY, **section):
            await watching.online("second")
        async with host(broker.url, tmp_path, PRIMARY, id="first") as first:
            await watching.online("first")
            first.settings.set(
                monitor_settings(
                    broker.url, tmp_path, PRIMARY, id="first", conditions={"on_battery": 0}
                )
            )
            await went_down(tmp_path, "first")
        async with host(broker.url, tmp_path, SECONDARY, **section):
            await went_down(tmp_path, "first", "second")
