"""Alerts of an APC UPS, writing its settings, and orders to it."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from services.driver.contract import Site
from services.driver.drivers import apcsmart
from shared.errors import DeviceError, RefusedError, ResultStatus
from tests.integration.apcsmart_lines import TIMEOUT, only, owned, playing
from tests.likenut import OurDriver
from tests.simulators.apcsmart import (
    CODES,
    SMART_UPS,
    SimulatedUps,
    smart_ups,
)

pytestmark = pytest.mark.integration


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


async def shutdown_default_tries_the_next_way_when_one_is_not_confirmed() -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port, {"advorder": "02", "sdtype": "5"}) as driver:
            await driver.report()
            await driver.command("shutdown.default")
            assert ups.orders == ["KK"], "S is not obeyed on mains"


async def a_ups_that_forgot_smart_mode_is_switched_off_all_the_same() -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            await driver.report()
            ups.is_smart = False
            await driver.command("shutdown.default")
            assert ups.orders == ["@000"]


async def a_ups_whose_status_makes_no_sense_is_switched_off_as_if_on_battery() -> None:
    with SimulatedUps(smart_ups()) as ups:
        async with OurDriver("apcsmart", ups.port, {"sdtype": 1}) as driver:
            await driver.report()
            ups.fault = only(b"Q", lambda _code, _line: b"18\r\n")
            await driver.command("shutdown.default")
            assert ups.orders == ["@000"], "S is not obeyed on mains, so @ is tried"
            with pytest.raises(DeviceError):
                await driver.command("calibrate.stop")


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


async def codes_of_two_bytes_are_asked_for() -> None:
    full = smart_ups()
    full.extra = "\x9f:\xd3\xd4"
    full.replies |= {b"\x9f\xd3": "49.9", b"\x9f\xd4": "01.0"}
    with SimulatedUps(full) as ups:
        async with OurDriver("apcsmart", ups.port) as driver:
            variables = (await driver.report()).variables
    assert variables["input.frequency"] == "49.9"
    assert variables["output.frequency"] == "50.00"
    assert variables["battery.current"] == "01.0"


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
    on_battery_is_shown_long_before_the_next_poll,
    an_alert_inside_a_reply_is_heard_and_the_reply_is_whole,
    an_alert_inside_a_text_does_not_become_part_of_it,
    a_name_may_hold_an_alert_character,
    a_change_at_the_front_panel_is_read_at_once,
    a_refused_write_is_told,
    a_text_that_cannot_be_typed_is_refused,
    shutdown_default_tries_the_next_way_when_one_is_not_confirmed,
    a_ups_that_forgot_smart_mode_is_switched_off_all_the_same,
    a_ups_whose_status_makes_no_sense_is_switched_off_as_if_on_battery,
    what_was_written_is_remembered,
    codes_of_two_bytes_are_asked_for,
    the_bypass_is_confirmed_in_its_own_words,
    a_refused_calibration_is_told,
    two_digits_that_are_refused_do_not_leave_the_ups_waiting_for_a_third,
    another_dangerous_order_does_not_confirm_the_first,
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes() -> AsyncGenerator[dict[str, asyncio.Future[None]]]:
    async with playing(SCENES) as tasks:
        yield tasks


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("scene", [scene.__name__ for scene in SCENES])
async def test_scene(scenes, scene):
    await scenes[scene]
