"""The driver apcupsd at servers that are well, broken, gone and back; and at Debian's apcupsd."""

import asyncio

import pytest

from services.driver.contract import Site
from services.driver.drivers.apcupsd import ApcupsdDriver, ApcupsdOptions
from shared.errors import DeviceError, RefusedError, ResultStatus
from shared.topics import DeviceTopic
from tests.apcupsds import RealApcupsd
from tests.integration.watcher import driver_settings, driving, watching
from tests.likenut import OurDriver, RealDriver, differences, record
from tests.simulators.apcsmart import SimulatedUps, smart_ups
from tests.simulators.nis import nis_server, report

pytestmark = pytest.mark.integration

LOOKS, PAUSE = 60, 0.5  # until both drivers have seen the same

SPOILT = {
    "cut in a length": (lambda data: data[:1], "hung up"),
    "cut in a line": (lambda data: data[:40], "hung up in the midst of"),
    "cut between lines": (lambda data: data[:-2], "hung up"),
    "not framed": (lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n", "this is no apcupsd"),
    "empty": (lambda _: b"\0\0", "nothing of the UPS's status"),
    "without end": (lambda data: data[:-2] * 6, "this is no apcupsd"),
    "garbage in a line": (
        lambda data: data.replace(b"231.8 Volts", b"2\xff1.8 V\0lts"),
        "unexpected LINEV",
    ),
}


async def soon(call, *args):
    """Do it again until it does not fail; return what it returns."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await call(*args)
            except DeviceError:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(("spoil", "reason"), SPOILT.values(), ids=SPOILT)
async def test_a_spoilt_answer_is_never_shown_and_the_next_whole_one_is(spoil, reason):
    async with nis_server() as server, OurDriver("apcupsd", server.address) as ours:
        whole = await ours.report()
        server.spoil = spoil
        with pytest.raises(DeviceError, match=reason):
            await ours.report()
        server.spoil = bytes
        assert await ours.report() == whole


async def test_a_server_that_ends_and_comes_back_is_read_again():
    async with nis_server() as server, OurDriver("apcupsd", server.address) as ours:
        await ours.report()
        await server.stop()
        with pytest.raises(DeviceError, match=f"{server.address}: Connection refused"):
            await ours.report()
        await server.start()
        assert (await ours.report()).status == {"OL"}


async def test_a_server_that_falls_silent_is_given_up(monkeypatch):
    async with nis_server() as server, OurDriver("apcupsd", server.address) as ours:
        server.hangs.set()
        with monkeypatch.context() as short:
            short.setattr("services.driver.drivers.apcupsd.ANSWER_TIMEOUT", 0.2)
            with pytest.raises(DeviceError, match=r"no whole reply in 0\.2 s"):
                await ours.report()
        server.hangs.clear()
        assert (await ours.report()).status == {"OL"}


async def test_a_lost_ups_is_stale_on_the_bus_for_as_long_as_it_is_lost(broker, tmp_path):
    async with nis_server() as server, watching(broker.url) as watcher:
        devices = {"rack": {"driver": "apcupsd-ups", "port": server.address}}
        async with driving(driver_settings(broker.url, tmp_path, devices)):
            await watcher.variable("rack", "ups.status", "OL")
            server.report = report(STATUS="COMMLOST ")
            await watcher.available("rack", "stale")
            refused = await watcher.ask("rack", DeviceTopic.COMMAND, "load.off")
            assert refused.status is ResultStatus.STALE
            assert refused.detail == "apcupsd has lost its UPS: COMMLOST"
            server.report = report(STATUS="ONBATT")
            await watcher.available("rack")
            await watcher.variable("rack", "ups.status", "OB")


async def test_a_frozen_apcupsd_is_stale_on_the_bus(broker, tmp_path):
    async with nis_server() as server, watching(broker.url) as watcher:
        devices = {"rack": {"driver": "apcupsd", "port": server.address, "max_age": "30"}}
        async with driving(driver_settings(broker.url, tmp_path, devices)):
            await watcher.available("rack")
            server.report = report(END_APC="2026-03-01 12:00:31 +0100")
            await watcher.available("rack", "stale")
            server.report = report(END_APC="2026-03-01 12:00:29 +0100")
            await watcher.available("rack")


async def test_the_same_report_is_the_same_reading():
    async with nis_server() as server:
        driver = ApcupsdDriver(Site("ups", server.address), ApcupsdOptions())
        first = await driver.poll()
        assert await driver.poll() is first
        server.report = report(STATUS="ONBATT")
        assert (await driver.poll()).status == "OB"


async def test_orders_are_refused():
    async with nis_server() as server, OurDriver("apcupsd", server.address) as ours:
        with pytest.raises(RefusedError) as refused:
            await ours.command("load.off")
        assert refused.value.status is ResultStatus.UNKNOWN
        with pytest.raises(RefusedError) as refused:
            await ours.set("ups.id", "new")
        assert refused.value.status is ResultStatus.READ_ONLY


async def test_it_reads_debian_s_apcupsd_through_its_states(tmp_path):
    async with (
        nis_server() as first,
        RealApcupsd(tmp_path, first.address) as second,
        OurDriver("apcupsd", second.address) as ours,
    ):
        report_ = await soon(ours.report)
        assert report_.variables["ups.serial"] == "AS2118123456"
        assert report_.variables["ups.firmware.aux"] == "MCU 14.0"
        assert report_.status == {"OL"}

        first.report = report(STATUS="ONBATT", STATFLAG="0x05000010")
        await ours.wait_for(lambda seen: seen.status == {"OB"})

        await first.stop()
        with pytest.raises(DeviceError, match="apcupsd has lost its UPS: COMMLOST"):
            await ours.wait_for(lambda _: False)
        await first.start()
        assert (await soon(ours.report)).status == {"OB"}

        first.report = report(STATUS="ONBATT LOWBATT", STATFLAG="0x05000050")
        await ours.wait_for(lambda seen: seen.status == {"OB", "LB", "FSD"})

        await second.stop()
        with pytest.raises(DeviceError, match="Connection refused"):
            await ours.report()
        first.report = report()
        await second.start()
        assert (await soon(ours.report)).status == {"OL"}


async def test_nut_and_ours_read_the_same_of_an_apcupsd_at_another(tmp_path):
    async with nis_server() as first, RealApcupsd(tmp_path, first.address) as second:
        assert await compared("debian-apcupsd", second, tmp_path, CLOCK) > 40


async def test_nut_and_ours_read_the_same_of_an_apcupsd_at_a_serial_ups(tmp_path):
    with SimulatedUps(smart_ups()) as ups:
        daemon = RealApcupsd(tmp_path, ups.port, cable="smart", type="apcsmart")
        async with daemon:
            listed = {**CLOCK, "variable:ups.test.interval": "test-interval"}
            assert await compared("debian-apcupsd-smart", daemon, tmp_path, listed) > 40


async def compared(case, daemon, folder, listed):
    """Compare both drivers; return how many variables NUT's reports."""

    def report_of_nut():
        with RealDriver(folder / "nut", "apcupsd-ups", {"port": daemon.address}) as nut:
            return nut.report()

    async def reports():
        # Afresh, as a daemon that has just begun has not asked for all: its charge seems to rise.
        async with OurDriver("apcupsd", daemon.address) as ours:
            mine = await soon(ours.report)
        return await asyncio.to_thread(report_of_nut), mine

    theirs, mine = await reports()
    for _ in range(LOOKS):
        if not differences(theirs, mine, listed):
            break
        await asyncio.sleep(PAUSE)
        theirs, mine = await reports()
    assert record("apcupsd-ups", case, theirs, mine, listed) == []
    return len(theirs.variables)


CLOCK = {
    "variable:ups.time": "they asked at different times",
    "variable:ups.date": "they asked at different times",
}
