"""NUT's apcsmart and ours on the same simulated devices."""

import asyncio
import contextlib
import os
import pwd
import re
import subprocess
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from services.driver.protocols.apcsmart.tables import MODELS
from shared.errors import RefusedError
from tests.likenut import NAME, OurDriver, RealDriver, Report, differences, record
from tests.realnut import find_nut_program
from tests.simulators.apcsmart import (
    CODES,
    Device,
    SimulatedUps,
    old_ups,
    recorded,
    smart_ups,
)

pytestmark = pytest.mark.integration

DOCUMENT = Path(__file__).parents[2] / "docs/differences/apcsmart.md"
AT_ONCE = 12  # drivers of NUT that run at the same time
PATIENCE = 30.0  # seconds until both obeyed
CONFIRM_AFTER = 3.2  # seconds, see docs/nut-users.md: dangerous commands are given twice
MATRIX = "##u443253264271280##s441HMLL##e44200155090##q44202050710"
NUT_OK = 0


def listed() -> dict[str, str]:
    """Read the ids and reasons of the document."""
    rows = re.findall(r"^\| (variable:\S+) \| (.+) \| (.+) \|$", DOCUMENT.read_text(), re.M)
    return {name: f"{what}: {why}" for name, what, why in rows}


def made() -> dict[str, Device]:
    """Make devices for what no recording shows."""
    full = smart_ups()
    packed = {"ambient.0.temperature": "24.13", "ambient.0.humidity": "042.4,NO,"}
    ancient = {CODES[name]: full.replies[CODES[name]] for name in ("ups.load", "battery.voltage")}
    devices = {
        "everything": full,
        "sensors": smart_ups(packed),
        "uptime": smart_ups({"device.uptime": "123.4"}),
        "no EEPROM": replace(full, settings=""),
        "another region": smart_ups({"ups.firmware": "50.9.D", "input.transfer.low": "103"}),
        "blanks": smart_ups({"ups.model": "Smart-UPS RT 10000 XL   ", "ups.serial": "B2113  "}),
        "ancient": Device("ancient", {b"Q": "08", **ancient}),
        "ancient Matrix": Device("ancient", {b"Q": "08", **ancient, b"/": "09.31"}),
        "voltage for b": Device("1994", {**old_ups("set\x01").replies, b"V": "NA", b"b": "FF"}),
        "sharp name": smart_ups({"ups.id": "UPS#1"}),
        "Matrix": replace(full, settings=MATRIX),
    }
    statuses = ("09", "0A", "0C", "10", "50", "28", "88", "00", "48", "C8", "51")
    for status in statuses:
        devices[f"status {status}"] = Device(
            f"status {status}", {**full.replies, b"Q": status}, full.codes
        )
    for row in MODELS:
        if not row.firmware.startswith("set"):
            devices[f"old {row.firmware}"] = old_ups(row.firmware, is_mute=False)
    return devices


async def compare(folder: Path, case: str, device: Device) -> tuple[list[str], set[str]]:
    """Return how the reports of both drivers differ on a device, and which listed ids occur."""

    def theirs() -> Report:
        with (
            SimulatedUps(device) as ups,
            RealDriver(folder, "apcsmart", {"port": ups.port}) as driver,
        ):
            return driver.report()

    async def ours() -> Report:
        with SimulatedUps(device) as ups:
            async with OurDriver("apcsmart", ups.port) as driver:
                return await driver.report()

    there, here = await asyncio.gather(asyncio.to_thread(theirs), ours())
    reasons = listed()
    found = record("apcsmart", case, there, here, reasons)
    used = {
        key
        for key in reasons
        if len(differences(there, here, {k: v for k, v in reasons.items() if k != key}))
        > len(found)
    }
    return [f"{case}: {text}" for text in found], used


async def compare_all(folder: Path, devices: dict[str, Device]) -> tuple[list[str], set[str]]:
    """Compare many devices, some at a time."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, case: str, device: Device) -> tuple[list[str], set[str]]:
        async with room:
            return await compare(folder / str(number), case, device)

    found = await asyncio.gather(
        *(one(number, *each) for number, each in enumerate(devices.items()))
    )
    texts = [text for texts, _ in found for text in texts]
    return texts, {key for _, used in found for key in used}


@pytest.mark.parametrize(
    "file", ["reconstructed_from_apcupsd.json", "reconstructed_from_upsc.json"]
)
async def test_recorded_devices_look_the_same_to_both_drivers(file, tmp_path):
    devices = {f"{number} {each.name}": each for number, each in enumerate(recorded(file))}
    texts, _ = await compare_all(tmp_path, devices)
    assert texts == []


async def test_devices_that_nobody_recorded_look_the_same_to_both_drivers(tmp_path):
    texts, used = await compare_all(tmp_path, made())
    assert texts == []
    # Whether NUT says RB because of the name depends on when it is asked.
    assert used | {"variable:ups.status"} == set(listed())


class Pair:
    """Both drivers, each on a simulated UPS of its own of the same kind."""

    def __init__(self, folder: Path, device: Device, options: dict[str, str]) -> None:
        self._stack = AsyncExitStack()
        self._folder, self._device, self._options = folder, device, options

    async def __aenter__(self):
        try:
            await self._begin()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _begin(self) -> None:
        enter = self._stack.enter_context
        self.their_ups = enter(SimulatedUps(self._device))
        self.our_ups = enter(SimulatedUps(self._device))
        settings = {"port": self.their_ups.port, "pollinterval": "1", **self._options}
        self.theirs = RealDriver(self._folder, "apcsmart", settings)
        self.ours = OurDriver("apcsmart", self.our_ups.port, self._options)
        self._stack.callback(self.theirs.stop)
        await asyncio.to_thread(self.theirs.start)
        await self._stack.enter_async_context(self.ours)
        await asyncio.to_thread(self.theirs.report)
        await self.ours.report()

    async def __aexit__(self, *_):
        await self._stack.aclose()

    async def see(self, words: set[str]) -> None:
        """Wait until both drivers report these status words."""

        def holds(report: Report) -> bool:
            return report.status == words

        await asyncio.gather(
            asyncio.to_thread(self.theirs.wait_for, holds), self.ours.wait_for(holds)
        )

    async def command(self, name: str, value: str | None = None) -> tuple[bool, bool]:
        """Give a command to both; tell whether they say that it was carried out."""

        async def ours() -> bool:
            try:
                await self.ours.command(name, value)
            except RefusedError:
                return False
            return True

        code, done = await asyncio.gather(
            asyncio.to_thread(self.theirs.command, name, value), ours()
        )
        return code == NUT_OK, done

    async def set(self, name: str, value: str) -> tuple[bool, bool]:
        """Write a variable in both."""

        async def ours() -> bool:
            try:
                await self.ours.set(name, value)
            except RefusedError:
                return False
            return True

        code, done = await asyncio.gather(asyncio.to_thread(self.theirs.set, name, value), ours())
        return code == NUT_OK, done

    @property
    def orders(self) -> tuple[list[str], list[str]]:
        """What the two UPSes obeyed."""
        return self.their_ups.orders, self.our_ups.orders

    async def obeyed(self, *orders: str) -> None:
        """Wait until both UPSes obeyed just these: NUT does not wait for the last."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while self.orders != (list(orders), list(orders)):
            assert asyncio.get_running_loop().time() < end, self.orders
            await asyncio.sleep(0.02)


async def alerts_change_the_status(folder: Path) -> None:
    changes = [
        ("!", {"OB"}),
        ("%", {"OB", "LB"}),
        ("+", {"OB"}),
        ("$", {"OL"}),
        ("?", {"OL", "OVER"}),
        ("=", {"OL"}),
        ("#", {"OL", "RB"}),
    ]
    async with Pair(folder, smart_ups({"battery.charge": "100.0"}), {}) as pair:
        for character, words in changes:
            pair.their_ups.alert(character)
            pair.our_ups.alert(character)
            await pair.see(words)


async def settings_are_written(folder: Path) -> None:
    wanted = {
        "ups.id": "office",
        "battery.date": "12/31/24",
        "input.transfer.low": "204",
        "input.transfer.high": "280",
        "input.sensitivity": "L",
        "ups.delay.shutdown": "180",
        "ups.delay.start": "300",
        "battery.runtime.low": "420",
        "battery.charge.restart": "90",
        "battery.alarm.threshold": "N",
        "output.voltage.nominal": "225",
        "ups.test.interval": "0",
    }
    async with Pair(folder, smart_ups(), {}) as pair:
        writable = (await pair.ours.report()).writable
        assert set(wanted) == {name for name in writable if not name.startswith("driver.")}
        for name, value in wanted.items():
            assert await pair.set(name, value) == (True, True), name
            assert pair.our_ups.replies == pair.their_ups.replies, name
        report = await pair.ours.report()
        assert {name: report.variables[name] for name in wanted} == wanted
        assert await pair.set("ups.id", "nine char") == (False, False)
        assert await pair.set("input.sensitivity", "X") == (False, False)
        assert pair.our_ups.replies[b"s"] == pair.their_ups.replies[b"s"]


async def orders_are_given(folder: Path) -> None:
    async with Pair(folder, smart_ups(), {}) as pair:
        for name in (
            "test.panel.start",
            "test.battery.start",
            "test.failure.start",
            "calibrate.start",
            "calibrate.start",
            "calibrate.stop",
            "calibrate.stop",
            "load.on",
        ):
            assert await pair.command(name) == (True, True), name
        await pair.obeyed("A", "W", "U", "D", "D", "\x0e\x0e")


DANGEROUS = [
    ("shutdown.return", None, {"OB"}, ["S"]),
    ("shutdown.return", "at:7", {"OL"}, ["@007"]),
    ("shutdown.return", "CS", {"OB"}, ["S"]),
    ("shutdown.stayoff", None, {"OL"}, ["KK"]),
    ("load.off", None, {"OL"}, ["ZZ"]),
]


async def dangerous_orders_come_twice(
    folder: Path, name: str, value: str | None, words: set[str], order: list[str]
) -> None:
    async with Pair(folder, smart_ups(), {"cshdelay": "0.1"}) as pair:
        pair.their_ups.status = pair.our_ups.status = words
        await pair.see(words)
        assert await pair.command(name, value) == (True, False), "NUT says OK all the same"
        assert pair.orders == ([], [])
        await asyncio.sleep(CONFIRM_AFTER)
        assert await pair.command(name, value) == (True, True)
        await pair.obeyed(*order)


async def test_both_drivers_do_the_same_with_alerts_settings_and_orders(tmp_path):
    # All at once, since NUT's driver takes seconds for each.
    async with asyncio.TaskGroup() as tasks:
        for scene in (alerts_change_the_status, settings_are_written, orders_are_given):
            tasks.create_task(scene(tmp_path / scene.__name__))
        for number, case in enumerate(DANGEROUS):
            tasks.create_task(dangerous_orders_come_twice(tmp_path / str(number), *case))


# What `apcsmart -k` and our shutdown.default are told to do.
SHUTDOWNS: list[dict[str, str]] = [
    *({"sdtype": str(number), "cshdelay": "0.1"} for number in range(6)),
    *({"advorder": order, "cshdelay": "0.1"} for order in ("no", "0", "1", "2", "03", "4", "4321")),
    {"sdtype": "5", "awd": "7"},
    {"sdtype": "5", "awd": "123"},
    {"sdtype": "5", "awd": "12"},
]
# NUT reads two digits of status where it looks for one, and so always takes it for on battery.
ON_MAINS_OTHERWISE: dict[str, tuple[list[str], list[str]]] = {
    "sdtype 0": ([], ["@000"]),
    "advorder no": ([], ["@000"]),
    "sdtype 4": ([], ["U", "S"]),
    "advorder 4": ([], ["U", "S"]),
    "advorder 4321": (["ZZ"], ["U", "S"]),
}


async def shut_down(folder: Path, options: dict[str, str], words: set[str]) -> list[str]:
    """Let both drivers switch a UPS off; return how what it obeyed differs."""

    def theirs() -> list[str]:
        with SimulatedUps(smart_ups()) as ups:
            ups.status = words
            RealDriver(folder, "apcsmart", {"port": ups.port, **options})  # writes ups.conf
            user = pwd.getpwuid(os.getuid()).pw_name
            places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
            subprocess.run(
                (find_nut_program("apcsmart"), "-a", NAME, "-k", "-u", user),
                env={**os.environ, **dict.fromkeys(places, str(folder))},
                capture_output=True,
                check=True,
            )
            return ups.orders

    async def ours() -> list[str]:
        with SimulatedUps(smart_ups()) as ups:
            ups.status = words
            async with OurDriver("apcsmart", ups.port, options) as driver:
                with contextlib.suppress(RefusedError):
                    await driver.command("shutdown.default")
                return ups.orders

    there, here = await asyncio.gather(asyncio.to_thread(theirs), ours())
    key = " ".join(next(iter(options.items())))
    same = (there, there)
    expected = ON_MAINS_OTHERWISE.get(key, same) if words == {"OL"} else same
    return [] if (there, here) == expected else [f"{options} {words}: {there} and {here}"]


async def test_both_drivers_switch_a_ups_off_in_the_same_ways(tmp_path):
    cases = [(options, words) for options in SHUTDOWNS for words in ({"OL"}, {"OB"})]
    found = await asyncio.gather(
        *(shut_down(tmp_path / str(number), *case) for number, case in enumerate(cases))
    )
    assert [text for texts in found for text in texts] == []
