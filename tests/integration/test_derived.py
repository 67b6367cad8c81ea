"""clone, clone-outlet and failover on a real bus, on dummy devices that the test changes."""

import pytest

from services.driver.drivers.clone import CloneOptions
from services.driver.drivers.failover import FailoverOptions
from services.driver.settings import DriverSettings
from shared.errors import ResultStatus
from shared.nutconfig import nut_settings
from shared.topics import DeviceTopic
from tests.integration.watcher import driver_settings, driving, watching

pytestmark = pytest.mark.integration

COMMAND, SET = DeviceTopic.COMMAND, DeviceTopic.SET
UPS = """\
battery.charge: 90
battery.runtime: 900
outlet.1.status: on
outlet.1.delay.shutdown: 20
outlet.1.timer.shutdown: -1
ups.status: OL
"""


@pytest.fixture
async def watcher(broker):
    async with watching(broker.url) as watcher:
        yield watcher


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ups1.dev").write_text(UPS)
    (tmp_path / "ups2.dev").write_text(UPS.replace("90", "80"))
    return tmp_path


def dummy(name):
    return {"driver": "dummy", "port": f"{name}.dev"}


def fleet(broker, folder, **devices):
    return driver_settings(
        broker.url, folder, {"ups1": dummy("ups1"), "ups2": dummy("ups2"), **devices}
    )


async def test_a_clone_follows_its_original_and_switches_its_outlet_off(broker, folder, watcher):
    load = {"off": "load.off", "on": "load.on"}
    out = {"driver": "clone", "port": "ups1", "offdelay": 0, "load": load}
    async with driving(fleet(broker, folder, out=out)):
        await watcher.variable("out", "battery.charge", "90")
        assert (await watcher.ask("ups1", SET, "battery.charge", value="70")).status == "ok"
        await watcher.variable("out", "battery.charge", "70")
        result = await watcher.ask("out", COMMAND, "shutdown.stayoff")
        assert result.status is ResultStatus.OK
        await watcher.until(lambda: "OFF" in watcher.variables("ups1")["ups.status"], "OFF of ups1")
        await watcher.until(lambda: "OFF" in watcher.variables("out")["ups.status"], "OFF of out")


async def test_a_limit_of_a_clone_shuts_it_down_and_can_be_written(broker, folder, watcher):
    out = {"driver": "clone", "port": "ups1", "mincharge": 50}
    async with driving(fleet(broker, folder, out=out)):
        await watcher.variable("out", "battery.charge.low", "50")
        assert (await watcher.ask("out", SET, "battery.charge.low", value="95")).status == "ok"
        await watcher.variable("out", "battery.charge.low", "95")
        await watcher.ask("ups1", SET, "ups.status", value="OB")
        await watcher.until(lambda: "FSD" in watcher.variables("out")["ups.status"], "FSD of out")


async def test_a_clone_of_a_lost_device_is_stale_and_comes_back(broker, folder, watcher):
    out = {"driver": "clone-outlet", "port": "ups1", "prefix": "outlet.1"}
    async with driving(fleet(broker, folder, out=out)):
        await watcher.available("out")
        (folder / "ups1.dev").rename(folder / "away")
        await watcher.available("out", "stale")
        (folder / "away").rename(folder / "ups1.dev")
        await watcher.available("out")
        await watcher.ask("ups1", SET, "outlet.1.timer.shutdown", value="15")
        await watcher.variable("out", "ups.status", "FSD OL")
        refused = await watcher.ask("out", COMMAND, "load.off")
        assert refused.status is ResultStatus.UNKNOWN


async def test_a_shutdown_goes_on_after_its_original_was_lost(broker, folder, watcher):
    out = {"driver": "clone", "port": "ups1", "offdelay": 600}
    async with driving(fleet(broker, folder, out=out)):
        await watcher.available("out")
        await watcher.ask("out", COMMAND, "shutdown.return")
        (folder / "ups1.dev").rename(folder / "away")
        await watcher.available("out", "stale")
        (folder / "away").rename(folder / "ups1.dev")
        await watcher.available("out")
        assert "FSD" in watcher.variables("out")["ups.status"].split()


async def test_failover_takes_the_best_and_passes_requests_on(broker, folder, watcher):
    best = {"driver": "failover", "port": "ups1,ups2", "noprimarytime": 0}
    async with driving(fleet(broker, folder, best=best)):
        await watcher.variable("best", "driver.primary.socketname", "ups1")
        (folder / "ups1.dev").rename(folder / "away")
        await watcher.variable("best", "driver.primary.socketname", "ups2")
        await watcher.variable("best", "battery.charge", "80")
        assert (await watcher.ask("best", SET, "battery.charge", value="33")).status == "ok"
        await watcher.variable("ups2", "battery.charge", "33")
        assert (await watcher.ask("best", COMMAND, "ups2.force.ignore", value="-1")).status == "ok"
        await watcher.available("best", "stale")
        (folder / "away").rename(folder / "ups1.dev")
        await watcher.variable("best", "driver.primary.socketname", "ups1")
        await watcher.available("best")


async def test_failover_without_a_primary_orders_a_shutdown_if_asked(broker, folder, watcher):
    best = {"driver": "failover", "port": "ups1,ups2", "noprimarytime": 0, "fsdmode": 2}
    async with driving(fleet(broker, folder, best=best)):
        await watcher.variable("best", "driver.primary.socketname", "ups1")
        for name in ("ups1", "ups2"):
            await watcher.ask("best", COMMAND, f"{name}.force.ignore", value="-1")
        await watcher.variable("best", "ups.status", "ALARM FSD")


async def test_a_broker_that_comes_back_brings_the_derived_devices_back(broker, folder):
    out = {"driver": "clone", "port": "ups1"}
    async with driving(fleet(broker, folder, out=out)):
        async with watching(broker.url) as watcher:
            await watcher.variable("out", "battery.charge", "90")
        await broker.stop()
        await broker.start()
        async with watching(broker.url) as again:
            await again.online()
            await again.available("out")
            await again.ask("ups1", SET, "battery.charge", value="12")
            await again.variable("out", "battery.charge", "12")


@pytest.mark.parametrize(
    ("driver", "port", "reason"),
    [
        ("clone", "out", "a device cannot stand on itself"),
        ("clone", "ups1,ups2", "names 2 devices"),
        ("failover", "ups1,,ups2", "'' is no device on the bus"),
    ],
)
async def test_a_wrong_port_is_told(broker, folder, watcher, caplog, driver, port, reason):
    async with driving(fleet(broker, folder, out={"driver": driver, "port": port})):
        await watcher.available("out", "offline")
        await watcher.available("ups1")
    assert reason in caplog.text


def test_ups_conf_names_sockets_and_nested_options(tmp_path):
    (tmp_path / "ups.conf").write_text(
        "[real]\ndriver = dummy-ups\nport = x.dev\n"
        "[out]\ndriver = clone\nport = dummy-ups-real\nload.off = outlet.1.load.off\n"
        "load.on = outlet.1.load.on\n"
        "[best]\ndriver = failover\nport = dummy-ups-real,/run/nut/dummy-ups-other\n"
        "status_have_any = OL,CHRG\nfsdmode = 1\n"
    )
    settings = DriverSettings.from_tables(nut_settings(tmp_path), str(tmp_path))
    out, best = settings.devices["out"], settings.devices["best"]
    assert isinstance(out.options, CloneOptions)
    assert isinstance(best.options, FailoverOptions)
    assert (out.port, out.options.load.off) == ("real", "outlet.1.load.off")
    assert best.port == "real,dummy-ups-other"
    assert best.options.status_have_any == ("OL", "CHRG")
    assert best.options.fsdmode == 1
