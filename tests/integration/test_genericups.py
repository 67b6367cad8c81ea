"""genericups behind RFC 2217: glitches, faults of the line, and one of them seen by upsc."""

import asyncio
import subprocess

import pytest

from services.driver.contract import Site
from services.driver.drivers import genericups
from services.driver.drivers.genericups import GenericUps, GenericUpsOptions
from services.driver.transports import socketport
from shared.errors import DeviceError, RefusedError
from shared.topics import DeviceTopic
from tests.integration import gateways
from tests.integration.watcher import driver_settings, driving, watching
from tests.realnut import find_nut_program
from tests.simulators.rfc2217 import serving

pytestmark = pytest.mark.integration
TIMEOUT = 30.0


@pytest.fixture
async def server():
    async with serving() as server:
        yield server


@pytest.fixture
async def driver(server):
    async with asyncio.timeout(TIMEOUT):
        driver = made(server, upstype=7)
        server.set_lines(cts=True, cd=True)
        await driver.open()
    yield driver
    await driver.close()


def made(server, **options):
    return GenericUps(Site("ups", server.url), GenericUpsOptions.model_validate(options))


async def has_asked(server, before):
    """Wait until the driver has looked at the lines more often than before."""
    async with asyncio.timeout(TIMEOUT):
        while server.requests <= before:
            await asyncio.sleep(0)


async def test_a_glitch_is_never_published(server, driver):
    assert (await driver.poll()).status == "OL"
    for lines in ({"cts": False}, {"cd": False}, {"cts": False, "cd": False}):
        before = server.requests
        server.set_lines(**lines)
        polling = asyncio.create_task(driver.poll())
        await has_asked(server, before + 1)  # so that it has seen the first look's answer
        server.set_lines(cts=True, cd=True)
        assert (await polling).status == "OL"


async def test_the_first_reading_has_to_rest_too(server, driver):
    before = server.requests
    server.set_lines(cts=False)
    polling = asyncio.create_task(driver.poll())
    await has_asked(server, before + 1)
    server.set_lines(cts=True)
    assert (await polling).status == "OL"


async def test_lines_that_never_rest_lose_the_device(server, driver, monkeypatch):
    monkeypatch.setattr(genericups, "SETTLE_TIMEOUT", 0.5)
    await driver.poll()

    async def bounce():
        while True:
            before = server.requests
            server.set_lines(cts=not server.port.cts)
            await has_asked(server, before)

    server.set_lines(cts=False)
    bouncing = asyncio.create_task(bounce())
    with pytest.raises(DeviceError, match="the modem lines do not come to rest"):
        await driver.poll()
    bouncing.cancel()


async def test_lines_that_mean_nothing_may_float(server, driver):
    reading = await driver.poll()
    for on in (True, False):
        server.set_lines(ri=on, dsr=on)
        assert await driver.poll() is reading


async def test_a_change_ends_the_rest_between_two_polls(server, driver):
    await driver.poll()
    waiting = asyncio.create_task(driver.wait())
    await asyncio.sleep(0)
    server.set_lines(cts=False)
    async with asyncio.timeout(TIMEOUT):
        await waiting
    assert (await driver.poll()).status == "OB"


async def test_a_lost_server_is_told_at_once_and_no_old_state(server, driver):
    await driver.poll()
    waiting = asyncio.create_task(driver.wait())
    await asyncio.sleep(0)
    await server.stop()
    async with asyncio.timeout(TIMEOUT):
        with pytest.raises(DeviceError, match="the device is gone"):
            await waiting
    with pytest.raises(DeviceError, match="the device is gone"):
        await driver.poll()


async def test_a_server_that_hangs_is_told(server, driver, monkeypatch):
    await driver.poll()
    monkeypatch.setattr(socketport, "ANSWER_TIMEOUT", 0.1)
    server.freeze()
    with pytest.raises(DeviceError, match="does not answer"):
        await driver.poll()


async def test_the_cable_has_power_before_the_first_reading(server):
    driver = made(server, upstype=0)
    await driver.open()
    assert (server.port.dtr, server.port.rts) == (True, True)
    await driver.close()


async def test_a_cable_that_needs_a_moment_after_its_power_shows_no_outage(server):
    async def show_mains_when_powered():
        while not server.port.rts:
            await asyncio.sleep(0)
        await asyncio.sleep(0.15)
        server.set_lines(cts=True, cd=True)

    showing = asyncio.create_task(show_mains_when_powered())
    driver = made(server, upstype=7)
    await driver.open()
    assert (await driver.poll()).status == "OL"
    await showing
    await driver.close()


async def test_the_signal_to_switch_off_ends_and_the_lines_are_read_again(server, monkeypatch):
    monkeypatch.setattr(genericups, "HOLD", 1.0)
    driver = made(server, upstype=1)  # powered by DTR, switched off by RTS alone
    await driver.open()
    reading = await driver.poll()
    assert reading.commands == ("shutdown.default",)
    await driver.command("shutdown.default", None)
    assert (server.port.dtr, server.port.rts) == (False, True)
    server.set_lines(cd=True)  # what the cable shows without power is no news
    polling = asyncio.create_task(driver.poll())
    await asyncio.sleep(0)
    assert (server.port.dtr, server.port.rts) == (False, True)
    server.set_lines(cd=False)
    assert await polling is reading
    assert (server.port.dtr, server.port.rts) == (True, False)
    await driver.close()


async def test_a_long_hold_shows_what_was_known(server, monkeypatch):
    monkeypatch.setattr(genericups, "LONGEST_CALL", 0.05)
    driver = made(server, upstype=1, sdtime="1")
    await driver.open()
    reading = await driver.poll()
    await driver.command("shutdown.default", None)
    server.set_lines(cd=True)
    assert await driver.poll() is reading
    assert (server.port.dtr, server.port.rts) == (False, True)
    async with asyncio.timeout(TIMEOUT):
        while (await driver.poll()).status != "LB OL":
            pass
    assert (server.port.dtr, server.port.rts) == (True, False)
    await driver.close()


@pytest.mark.parametrize("upstype", [8, 16, 17, 18])
async def test_what_nobody_knows_how_to_switch_off_takes_no_command(server, upstype):
    driver = made(server, upstype=upstype)
    await driver.open()
    assert (await driver.poll()).commands == ()
    with pytest.raises(RefusedError):
        await driver.command("shutdown.default", None)
    with pytest.raises(RefusedError):
        await driver.set("ups.id", "x")
    await driver.close()


async def test_upsc_sees_the_device_and_it_comes_back_after_its_server(broker, tmp_path, server):
    server.set_lines(cts=True, cd=True)
    device = {"driver": "genericups", "port": server.url, "upstype": 22}
    settings = driver_settings(broker.url, tmp_path, {"closure": device})
    async with (
        watching(broker.url) as watcher,
        gateways.serving(broker) as gateway,
        driving(settings),
    ):
        await watcher.available("closure")

        async def upsc():
            command = (find_nut_program("upsc"), f"closure@127.0.0.1:{gateway.port}")
            ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
            return ran.stdout.splitlines() or ran.stderr.splitlines()[-1:]

        async def until_upsc_says(line):
            async with asyncio.timeout(TIMEOUT):
                while line not in await upsc():
                    pass

        await until_upsc_says("ups.status: OL")
        assert {"ups.model: Generic Alarm UPS", "device.type: ups"} <= set(await upsc())
        server.set_lines(cts=False)
        await watcher.variable("closure", "ups.status", "OB")
        server.set_lines(cd=False)
        await until_upsc_says("ups.status: LB OB")
        await server.stop()
        await watcher.available("closure", "stale")
        await until_upsc_says("Error: Data stale")
        server.set_lines(cts=True, cd=True)
        await server.start()
        await until_upsc_says("ups.status: OL")
        result = await watcher.ask("closure", DeviceTopic.COMMAND, "load.off")
        assert result.status == "unknown"
