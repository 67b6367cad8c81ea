"""A bad line to an APC UPS: nothing wrong is published, and all is well again soon after."""

import asyncio
import random
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from services.driver.contract import Site
from services.driver.device import Device as Owner
from services.driver.drivers import apcsmart
from services.driver.drivers.apcsmart_talk import REPLY_TIMEOUT
from services.driver.outbox import Outbox
from services.driver.settings import DeviceSettings
from shared.errors import DeviceError, RefusedError, ResultStatus
from shared.messages import Availability
from tests.likenut import OurDriver
from tests.simulators.apcsmart import (
    CODES,
    SMART_UPS,
    Device,
    Fault,
    SimulatedUps,
    device,
    smart_ups,
)

pytestmark = pytest.mark.integration

TIMEOUT = 30.0
STALL = 0.3
SMALL = {
    "Q": "08",
    "b": "50.9.I",
    "n": "WS9643050926",
    "\x01": "SMART-UPS 700",
    "L": "231.8",
    "M": "237.9",
    "N": "230.1",
    "O": "229.4",
    "f": "099.0",
    "c": "UPS_IDEN",
}


class Record(Outbox):
    """Keeps all values that were ever shown while the device was online."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, set[str]] = {}
        self.owner: Owner | None = None

    def mark(self, device: str) -> None:
        super().mark(device)
        if self.owner and self.owner.view:
            for name, value in self.owner.view.variables.items():
                self.shown.setdefault(name, set()).add(value)


class Line:
    """A simulated UPS and the owner of our line to it."""

    def __init__(self, ups: SimulatedUps, owner: Owner, record: Record) -> None:
        self.ups, self.owner, self.record = ups, owner, record

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(TIMEOUT):
            while not holds():
                await asyncio.sleep(0.01)

    async def is_online(self) -> None:
        """Wait until values are shown."""
        await self.until(lambda: self.owner.availability is Availability.ONLINE)

    async def is_stale(self) -> None:
        """Wait until the line is lost."""
        await self.until(lambda: self.owner.availability is Availability.STALE)

    async def shows(self, name: str, value: str) -> None:
        """Wait until a variable has a value."""
        await self.until(
            lambda: self.owner.view is not None and self.owner.view.variables.get(name) == value
        )


@asynccontextmanager
async def owned(simulated: Device, poll_interval: float = 0.3) -> AsyncGenerator[Line]:
    """Keep a line to a simulated UPS."""
    with SimulatedUps(simulated) as ups:
        settings = DeviceSettings.model_validate({"driver": "apcsmart", "port": ups.port})
        record = Record()
        owner = Owner(Site("ups1", ups.port), settings, poll_interval, record)
        record.owner = owner
        task = asyncio.create_task(owner.keep())
        try:
            line = Line(ups, owner, record)
            await line.is_online()
            yield line
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def only(codes: bytes, spoil: Fault) -> Fault:
    """Spoil the replies to some codes."""
    return lambda code, line: spoil(code, line) if code in codes else line


def garbage(_code: bytes, line: bytes) -> bytes:
    return random.Random(line).randbytes(len(line)) + b"\r\n"


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


async def on_battery_is_shown_long_before_the_next_poll() -> None:
    async with owned(smart_ups(), poll_interval=60.0) as line:
        line.ups.alert("!")
        await line.shows("ups.status", "OB")
        line.ups.replies[CODES["battery.charge"]] = "050.0"
        line.ups.alert("%")
        await line.shows("battery.charge", "050.0")
        await line.shows("ups.status", "OB LB DISCHRG")
        line.ups.alert("+")
        line.ups.alert("$")
        await line.until(lambda: line.owner.view is not None and "OL" in line.owner.view.status)


async def hears_an_alert_inside_a_reply(place: int) -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            await driver.report()
            left = iter([b"!"])

            def interrupt(code: bytes, line: bytes) -> bytes:
                alert = next(left, b"")
                if alert:
                    ups.status = {"OB"}
                return line[:place] + alert + line[place:]

            ups.fault = only(b"L", interrupt)
            report = await driver.report()
            if "OB" not in report.status:  # the alert came behind the end of the reply
                async with asyncio.timeout(TIMEOUT):
                    await driver.driver.wait()
                report = await driver.report()
            assert "OB" in report.status
            assert report.variables["input.voltage"] == "231.8"
            report = await driver.report()
            assert report.variables["input.voltage"] == "231.8"


async def an_alert_inside_a_reply_is_heard_and_the_reply_is_whole() -> None:
    async with asyncio.TaskGroup() as tasks:
        for place in range(len("231.8\r\n") + 1):
            tasks.create_task(hears_an_alert_inside_a_reply(place))


async def keeps_an_alert_out_of_a_text(place: int) -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            await driver.report()
            left = iter([b"#"])
            ups.fault = only(
                CODES["ups.serial"], lambda _, line: line[:place] + next(left, b"") + line[place:]
            )
            report = await driver.report()
            assert report.variables["ups.serial"] == SMART_UPS["ups.serial"]


async def an_alert_inside_a_text_does_not_become_part_of_it() -> None:
    async with asyncio.TaskGroup() as tasks:
        for place in (0, 3, 12):
            tasks.create_task(keeps_an_alert_out_of_a_text(place))


async def a_name_may_hold_an_alert_character() -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            await driver.report()
            await driver.set("ups.id", "ups#1!")
            report = await driver.report()
            assert report.variables["ups.id"] == "ups#1!"
            assert report.status == {"OL"}


async def a_change_at_the_front_panel_is_read_at_once() -> None:
    async with owned(smart_ups(), poll_interval=60.0) as line:
        line.ups.replies[CODES["input.transfer.high"]] = "280"
        line.ups.say(b"|")
        await line.shows("input.transfer.high", "280")


async def a_refused_write_is_told() -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            await driver.report()
            ups.fault = only(b"-", lambda _code, _line: b"NO\r\n")
            for name, value in (("input.sensitivity", "L"), ("battery.date", "12/31/24")):
                with pytest.raises(RefusedError) as refused:
                    await driver.set(name, value)
                assert refused.value.status is ResultStatus.FAILED
            report = await driver.report()
            assert report.variables["input.sensitivity"] == ups.replies[b"s"]


async def a_text_that_cannot_be_typed_is_refused() -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            await driver.report()
            for value in ("", "  ", "ümlaut", "a\rb"):
                with pytest.raises(RefusedError):
                    await driver.set("ups.id", value)
            assert b"-" not in ups.asked


async def test_a_dead_port_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(apcsmart, "SMART_TRIES", 1)
    with SimulatedUps(device("mute", SMALL)) as ups:
        ups.is_pulled = True
        driver = OurDriver("apcsmart", ups.port)
        with pytest.raises(DeviceError, match="no APC UPS"):
            async with asyncio.timeout(TIMEOUT):
                await driver.__aenter__()


async def shutdown_default_tries_the_next_way_when_one_is_not_confirmed() -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port, {"advorder": "02", "sdtype": "5"}) as driver:
            await driver.report()
            await driver.command("shutdown.default")
            assert ups.orders == ["KK"], "S is not obeyed on mains"


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


async def what_was_written_is_remembered() -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            await driver.report()
            await driver.set("ups.id", "office")
            await driver.report()
            site = driver.site
        again = apcsmart.ApcSmartDriver(site, apcsmart.ApcSmartOptions())
        ups.asked.clear()
        await again.open()
        assert (await again.poll()).variables["ups.id"] == "office"
        assert b"a" not in ups.asked
        await again.close()


async def the_bypass_is_confirmed_in_its_own_words() -> None:
    bypassed = smart_ups()
    bypassed.codes += b"^"
    with SimulatedUps(bypassed) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            await driver.command("bypass.start")
            await driver.command("bypass.stop")
            assert ups.orders == ["^", "^"]
            with pytest.raises(RefusedError):
                await driver.command("bypass.stop")


async def a_refused_calibration_is_told() -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            ups.fault = only(b"D", lambda _code, _line: b"NO\r\n")
            with pytest.raises(RefusedError):
                await driver.command("calibrate.start")


async def two_digits_that_are_refused_do_not_leave_the_ups_waiting_for_a_third() -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port, {"awd": "12", "sdtype": 5}) as driver:
            with pytest.raises(RefusedError):
                await driver.command("shutdown.default")
            assert ups.orders == []
            assert (await driver.report()).status == {"OL"}


async def another_dangerous_order_does_not_confirm_the_first() -> None:
    now = 0.0
    with SimulatedUps(smart_ups()) as ups:
        driver = apcsmart.ApcSmartDriver(
            Site("ups1", ups.port), apcsmart.ApcSmartOptions(), clock=lambda: now
        )
        await driver.open()
        for name, value, at in (
            ("load.off", None, 100.0),
            ("shutdown.stayoff", None, 105.0),
            ("shutdown.return", "at:1", 110.0),
            ("shutdown.return", "at:2", 115.0),
            ("shutdown.return", "at:2", 117.0),
            ("shutdown.return", "at:2", 133.0),
        ):
            now = at
            with pytest.raises(RefusedError) as refused:
                await driver.command(name, value)
            assert refused.value.status is ResultStatus.REFUSED
        now = 140.0
        await driver.command("shutdown.return", "at:2")
        assert ups.orders == ["@002"]
        await driver.close()


SCENES = (
    no_fault_of_the_line_makes_a_wrong_value_and_all_is_well_two_polls_after_it,
    after_a_fault_the_first_poll_of_the_next_line_is_right,
    a_late_reply_is_not_taken_for_the_next_one,
    stalls_of_300_ms_do_no_harm,
    a_cable_pulled_in_the_middle_of_a_reply_is_noticed_and_its_return_too,
    another_ups_on_the_cable_is_read_afresh,
    what_comes_unasked_between_polls_is_no_reply,
    a_ups_that_forgets_smart_mode_is_told_again_and_stays_online,
    a_status_of_sm_is_asked_for_again,
    a_status_that_makes_no_sense_is_a_fault,
    a_variable_that_is_not_available_comes_back,
    on_battery_is_shown_long_before_the_next_poll,
    an_alert_inside_a_reply_is_heard_and_the_reply_is_whole,
    an_alert_inside_a_text_does_not_become_part_of_it,
    a_name_may_hold_an_alert_character,
    a_change_at_the_front_panel_is_read_at_once,
    a_refused_write_is_told,
    a_text_that_cannot_be_typed_is_refused,
    shutdown_default_tries_the_next_way_when_one_is_not_confirmed,
    a_ups_is_remembered_by_the_next_line,
    a_ups_with_another_firmware_is_read_afresh,
    a_memory_that_misleads_does_so_once,
    what_was_written_is_remembered,
    the_bypass_is_confirmed_in_its_own_words,
    a_refused_calibration_is_told,
    two_digits_that_are_refused_do_not_leave_the_ups_waiting_for_a_third,
    another_dangerous_order_does_not_confirm_the_first,
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes() -> AsyncGenerator[dict[str, asyncio.Task[None]]]:
    """Play all scenes at once, since most of them wait for timeouts."""
    tasks = {scene.__name__: asyncio.create_task(scene()) for scene in SCENES}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("scene", [scene.__name__ for scene in SCENES])
async def test_scene(scenes, scene):
    await scenes[scene]
