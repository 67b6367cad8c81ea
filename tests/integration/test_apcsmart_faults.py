"""A bad line to an APC UPS: nothing wrong is published, and all is well again soon after."""

import asyncio
import random
import threading
import time
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from services.driver.drivers import apcsmart
from services.driver.drivers.apcsmart_talk import REPLY_TIMEOUT
from shared.errors import DeviceError
from tests.integration.apcsmart_lines import SMALL, TIMEOUT, garbage, only, owned, playing
from tests.likenut import OurDriver
from tests.simulators.apcsmart import (
    CODES,
    Fault,
    SimulatedUps,
    device,
    smart_ups,
)

pytestmark = pytest.mark.integration

STALL = 0.3
NOISE = 0.02  # of the replies are spoilt
SEEDS = 10
ROUNDS = 2
POLLS = 6


def doubled(_code: bytes, line: bytes) -> bytes:
    return line * 2


# With these only what is polled each time is spoilt, so that nothing else shows it.
POLLED = ("one doubled", "last doubled")
FAULTS: dict[str, Fault] = {
    "garbage": garbage,
    "garbage in measurements": only(b"LMNOf", garbage),
    "echo": lambda code, line: code + line,
    "echo of measurements": only(b"LMNOf", lambda code, line: code + line),
    "first character lost": lambda _, line: line[1:],
    "first digit lost": only(b"LMNOf", lambda _, line: line[1:]),
    "last digit lost": only(b"LMNOf", lambda _, line: line[:-3] + b"\r\n"),
    "a text cut short": only(b"\x01c", lambda _, line: line[:4] + b"\r\n"),
    "end lost": only(b"L", lambda _, line: line[:-2]),
    "half": only(b"M", lambda _, line: line[:3]),
    "nothing": lambda _code, _line: b"",
    "nothing for one": only(b"f", lambda _code, _line: b""),
    "doubled": doubled,
    "one doubled": only(b"L", doubled),
    "last doubled": only(b"f", doubled),
    "reply of another": only(b"M", lambda _code, _line: b"50.00\r\n"),
    "bit 7 set": only(b"LM", lambda _, line: bytes(byte | 0x80 for byte in line[:-2]) + b"\r\n"),
}


async def no_fault_of_the_line_makes_a_wrong_value_and_all_is_well_two_polls_after_it() -> None:
    expected = {
        "input.voltage": "231.8",
        "input.voltage.maximum": "237.9",
        "input.voltage.minimum": "230.1",
        "output.voltage": "229.4",
        "battery.charge": "099.0",
        "ups.status": "OL",
        "ups.model": "SMART-UPS 700",
        "ups.serial": "WS9643050926",
        "ups.id": "UPS_IDEN",
        "ups.firmware": "50.9.I",
    }

    async def suffer(name: str, fault: Fault) -> None:
        async with owned(device(name, SMALL)) as line:
            line.ups.fault = fault
            if name not in POLLED:
                line.ups.say(b"|")  # so that settings are read too
            await line.is_stale()
            line.ups.fault = None
            await line.is_online()
            for variable, value in expected.items():
                assert line.record.shown[variable] == {value}, f"{name}: {variable}"

    async with asyncio.TaskGroup() as tasks:
        for name, fault in FAULTS.items():
            tasks.create_task(suffer(name, fault))


async def after_a_fault_the_first_poll_of_the_next_line_is_right() -> None:
    with SimulatedUps(device("small", SMALL)) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            await driver.report()
            ups.fault = garbage
            with pytest.raises(DeviceError):
                await driver.report()
        ups.fault = None
        async with OurDriver("apcsmart", ups.port) as driver:
            assert (await driver.report()).variables["input.voltage"] == "231.8"


def noisy(seed: int) -> Fault:
    """Lose, add or double characters of some replies; a changed digit could not be told."""
    dice = random.Random(seed)

    def spoil(_code: bytes, line: bytes) -> bytes:
        at = dice.randrange(len(line))
        return dice.choice(
            [
                line[:at] + line[at + 1 :],
                line[:at] + bytes([dice.randrange(256)]) + line[at:],
                line[: at + 1] + line[at:],
                line[:at],
                line[at:],
                line + line,
            ]
        )

    return lambda code, line: spoil(code, line) if dice.random() < NOISE else line


async def noise_while_the_ups_is_found_and_read_shows_nothing_wrong() -> None:
    ups_of = device("noise", SMALL)
    with SimulatedUps(ups_of) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            right = (await driver.report()).variables

    async def suffer(seed: int) -> int:
        polls = 0
        with SimulatedUps(ups_of) as ups:
            ups.fault = noisy(seed)
            for _ in range(ROUNDS):
                driver = OurDriver("apcsmart", ups.port)
                try:
                    async with driver:
                        for _ in range(POLLS):
                            report = await driver.report()
                            wrong = set(report.variables.items()) - set(right.items())
                            assert not wrong, seed
                            polls += 1
                except DeviceError:
                    continue
        return polls

    assert sum(await asyncio.gather(*(suffer(seed) for seed in range(SEEDS)))) > SEEDS


async def a_late_reply_is_not_taken_for_the_next_one() -> None:
    async with owned(device("late", SMALL)) as line:
        late: list[threading.Timer] = []

        def come_late(code: bytes, reply: bytes) -> bytes:
            if code == b"M" and not late:
                late.append(threading.Timer(REPLY_TIMEOUT + 0.2, line.ups.say, [reply]))
                late[0].start()
                return b""
            return reply

        line.ups.fault = come_late
        await line.is_stale()
        await line.is_online()
        await asyncio.to_thread(late[0].join)
        line.ups.replies[b"f"] = "098.0"
        await line.shows("battery.charge", "098.0")
        assert line.record.shown["input.voltage.minimum"] == {"230.1"}
        assert line.record.shown["output.voltage"] == {"229.4"}


async def stalls_of_300_ms_do_no_harm() -> None:
    def stall(code: bytes, reply: bytes) -> bytes:
        time.sleep(STALL)
        return reply

    async with owned(device("slow", SMALL)) as line:
        line.ups.fault = only(b"QLf", stall)
        line.ups.replies[b"f"] = "098.0"
        await line.shows("battery.charge", "098.0")
        line.ups.replies[b"f"] = "097.0"
        await line.shows("battery.charge", "097.0")
        assert line.record.shown["input.voltage"] == {"231.8"}
        assert not any("COMMBAD" in str(message) for message in line.record.messages)


async def a_cable_pulled_in_the_middle_of_a_reply_is_noticed_and_its_return_too() -> None:
    async with owned(device("pulled", SMALL)) as line:

        def pull(code: bytes, reply: bytes) -> bytes:
            line.ups.is_pulled = True
            return reply[:3]

        line.ups.fault = only(b"O", pull)
        await line.is_stale()
        line.ups.fault = None
        line.ups.is_pulled = False
        await line.is_online()
        assert line.record.shown["output.voltage"] == {"229.4"}


async def another_ups_on_the_cable_is_read_afresh() -> None:
    async with owned(device("first", SMALL)) as line:
        other = {**SMALL, "n": "QS0000000000", "\x01": "SMART-UPS 1400", "L": "118.3"}
        del other["f"]
        line.ups.swap(device("second", other))
        await line.shows("ups.serial", "QS0000000000")
        view = line.owner.view
        assert view is not None
        assert view.variables["ups.model"] == "SMART-UPS 1400"
        assert view.variables["input.voltage"] == "118.3"
        assert "battery.charge" not in view.variables


async def what_comes_unasked_between_polls_is_no_reply() -> None:
    async with owned(device("noisy", SMALL), poll_interval=0.05) as line:
        for noise in (b"000.0\r\n", b"\xff\x00\x13", b"SM\r\n", b"08\r\n000.0\r\n"):
            line.ups.asked.clear()
            line.ups.say(noise)
            await line.until(lambda: line.ups.asked.count(b"L") > 1)
        await line.is_online()
        assert line.record.shown["input.voltage"] == {"231.8"}
        assert line.record.shown["ups.status"] == {"OL"}


async def a_ups_that_forgets_smart_mode_is_told_again_and_stays_online() -> None:
    async with owned(device("forgetful", SMALL)) as line:
        line.ups.is_smart = False
        line.ups.replies[b"f"] = "098.0"
        await line.shows("battery.charge", "098.0")
        assert line.ups.is_smart
        assert not any("COMMBAD" in str(message) for message in line.record.messages)


async def a_status_of_sm_is_asked_for_again() -> None:
    with SimulatedUps(device("slow to know", SMALL)) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            await driver.report()
            left = iter([b"SM\r\n", b"SM\r\n"])
            ups.fault = only(b"Q", lambda _, line: next(left, line))
            assert (await driver.report()).variables["ups.status"] == "OL"


async def a_status_that_makes_no_sense_is_a_fault() -> None:
    for nonsense in ("18", "FF", "zz", "8", "NA"):
        with SimulatedUps(device("confused", SMALL)) as ups:
            async with OurDriver("apcsmart", ups.port) as driver:
                await driver.report()
                ups.replies[b"Q"] = nonsense
                with pytest.raises(DeviceError):
                    await driver.report()


async def a_variable_that_is_not_available_comes_back() -> None:
    with SimulatedUps(device("asleep", SMALL)) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            await driver.report()
            ups.replies[b"L"] = "NA"
            assert "input.voltage" not in (await driver.report()).variables
            ups.replies[b"L"] = "231.8"
            assert (await driver.report()).variables["input.voltage"] == "231.8"


async def test_a_dead_port_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(apcsmart, "SMART_TRIES", 1)
    with SimulatedUps(device("mute", SMALL)) as ups:
        ups.is_pulled = True
        driver = OurDriver("apcsmart", ups.port)
        with pytest.raises(DeviceError, match="no APC UPS"):
            async with asyncio.timeout(TIMEOUT):
                await driver.__aenter__()


async def a_ups_is_remembered_by_the_next_line() -> None:
    async with owned(smart_ups()) as line:
        line.ups.fault = only(b"Q", garbage)
        await line.is_stale()
        line.ups.fault = None
        line.ups.asked.clear()
        await line.is_online()
        assert b"a" not in line.ups.asked
        assert b"\x1a" not in line.ups.asked
        view = line.owner.view
        assert view is not None
        assert "input.transfer.high" in view.writable
        assert "load.on" in view.commands


async def a_ups_with_another_firmware_is_read_afresh() -> None:
    async with owned(smart_ups()) as line:
        line.ups.is_pulled = True
        await line.is_stale()
        line.ups.swap(smart_ups({"ups.firmware": "50.9.D", "input.transfer.low": "103"}))
        line.ups.is_pulled = False
        await line.is_online()
        assert b"a" in line.ups.asked
        view = line.owner.view
        assert view is not None
        assert view.writable["input.transfer.low"].enum == ["103", "100", "097", "106"]


async def a_memory_that_misleads_does_so_once() -> None:
    async with owned(smart_ups()) as line:
        line.ups.is_pulled = True
        await line.is_stale()
        line.ups.replies[CODES["ups.id"]] = "longer"
        line.ups.is_pulled = False
        await line.shows("ups.id", "longer")
        await line.is_online()


SCENES = (
    no_fault_of_the_line_makes_a_wrong_value_and_all_is_well_two_polls_after_it,
    after_a_fault_the_first_poll_of_the_next_line_is_right,
    noise_while_the_ups_is_found_and_read_shows_nothing_wrong,
    a_late_reply_is_not_taken_for_the_next_one,
    stalls_of_300_ms_do_no_harm,
    a_cable_pulled_in_the_middle_of_a_reply_is_noticed_and_its_return_too,
    another_ups_on_the_cable_is_read_afresh,
    what_comes_unasked_between_polls_is_no_reply,
    a_ups_that_forgets_smart_mode_is_told_again_and_stays_online,
    a_status_of_sm_is_asked_for_again,
    a_status_that_makes_no_sense_is_a_fault,
    a_variable_that_is_not_available_comes_back,
    a_ups_is_remembered_by_the_next_line,
    a_ups_with_another_firmware_is_read_afresh,
    a_memory_that_misleads_does_so_once,
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes() -> AsyncGenerator[dict[str, asyncio.Future[None]]]:
    async with playing(SCENES) as tasks:
        yield tasks


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("scene", [scene.__name__ for scene in SCENES])
async def test_scene(scenes, scene):
    await scenes[scene]
