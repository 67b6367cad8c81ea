"""The driver of simulated devices: options, its clock, and when it has news."""

import asyncio

import pytest
from pydantic import ValidationError

from services.driver.contract import Driver, Site
from services.driver.drivers.simulated import SimulatedDriver, SimulatedOptions
from shared.errors import RefusedError, ResultStatus


class Clock:
    """A clock that the test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def driver(clock: Clock, **options: object) -> SimulatedDriver:
    return SimulatedDriver(Site("sim", ""), SimulatedOptions.model_validate(options), clock=clock)


async def is_waiting(made: Driver) -> bool:
    """Tell whether the driver waits for something that does not come of itself soon."""
    waiting = asyncio.ensure_future(made.wait())
    done, _ = await asyncio.wait({waiting}, timeout=0.05)
    waiting.cancel()
    await asyncio.wait({waiting})
    return not done


async def test_a_ups_is_read(clock):
    made = driver(clock, jitter=0)
    await made.open()
    reading = await made.poll()
    await made.close()
    assert reading.status == "OL"
    assert reading.variables["device.model"] == "Simulated UPS 1500"
    assert reading.variables["input.voltage"] == "230.0"
    assert "input.voltage" in reading.writable
    assert "shutdown.return" in reading.commands


async def test_a_pdu_has_its_own_defaults(clock):
    reading = await driver(clock, kind="pdu").poll()
    assert reading.variables["device.type"] == "pdu"
    assert reading.variables["outlet.count"] == "8"
    assert reading.variables["input.power.nominal"] == "3680"


@pytest.mark.parametrize("speed", [1, 60])
async def test_time_passes_between_polls_at_the_speed_asked_for(clock, speed):
    made = driver(clock, speed=speed)
    await made.open()
    await made.command("load.off.delay", "600")
    clock.now += 9
    reading = await made.poll()
    assert reading.variables["ups.timer.shutdown"] == str(600 - 9 * speed)
    clock.now += 600 / speed
    assert (await made.poll()).status == "OL OFF"


async def test_time_before_the_line_is_open_does_not_count(clock):
    made = driver(clock)
    await made.command("load.off.delay", "60")
    clock.now += 3600
    await made.open()
    assert (await made.poll()).variables["ups.timer.shutdown"] == "60"


async def test_an_order_is_news_until_it_is_polled(clock):
    made = driver(clock, jitter=0)
    await made.poll()
    assert await is_waiting(made)
    await made.set("ups.load", "55")
    async with asyncio.timeout(30):
        await made.wait()
    assert (await made.poll()).variables["ups.load"] == "55"
    assert await is_waiting(made)


async def test_the_end_of_a_countdown_is_news(clock):
    made = driver(clock, speed=100)
    await made.command("load.off.delay", "1")
    assert (await made.poll()).status == "OL"
    async with asyncio.timeout(30):
        await made.wait()
    clock.now += 0.011
    assert (await made.poll()).status == "OL OFF"


async def test_a_battery_that_becomes_low_is_news(clock):
    made = driver(clock, speed=3600, charge=21, load=100)
    await made.set("battery.runtime.low", "0")
    await made.set("input.voltage", "0")
    assert "LB" not in ((await made.poll()).status or "")
    async with asyncio.timeout(30):
        await made.wait()
    clock.now += 0.05
    assert "LB" in ((await made.poll()).status or "")


async def test_a_refused_order_is_no_news(clock):
    made = driver(clock)
    await made.poll()
    with pytest.raises(RefusedError) as refused:
        await made.command("no.such.command", None)
    assert refused.value.status is ResultStatus.UNKNOWN
    assert await is_waiting(made)


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "toaster"},
        {"laod": 30},
        {"load": 151},
        {"charge": -1},
        {"health": 0},
        {"speed": 0},
        {"frequency": 40},
        {"model": "B\u00fcro"},
        {"power": 500, "realpower": 600},
    ],
)
def test_wrong_options_are_errors(options):
    with pytest.raises(ValidationError):
        SimulatedOptions.model_validate(options)


def test_options_may_be_texts_as_in_nuts_files():
    options = SimulatedOptions.model_validate(
        {"load": "40", "outlets": "3", "frequency": "60", "speed": "10"}
    )
    assert (options.load, options.outlets, options.frequency, options.speed) == (40, 3, 60, 10)


@pytest.mark.parametrize("kind", ["ups", "pdu"])
@pytest.mark.parametrize("extreme", ["least", "greatest"])
async def test_every_bound_of_the_options_makes_a_device(clock, kind, extreme):
    least: dict[str, float] = {
        "voltage": 90,
        "power": 100,
        "realpower": 50,
        "load": 0,
        "outlets": 0,
        "jitter": 0,
    }
    least |= {"battery_wh": 1, "health": 5, "charge": 0, "speed": 0.001}
    greatest = {"voltage": 250, "power": 100_000, "realpower": 100_000, "load": 150}
    greatest |= {"outlets": 64, "battery_wh": 1_000_000, "health": 100, "charge": 100}
    greatest |= {"jitter": 5, "speed": 3600}
    made = driver(clock, kind=kind, **(least if extreme == "least" else greatest))
    await made.open()
    for volts in ("0", "100"):
        await made.set("input.voltage", volts)
        clock.now += 3600
        assert (await made.poll()).variables["device.type"] == kind
