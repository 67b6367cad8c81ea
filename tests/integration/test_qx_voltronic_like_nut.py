"""NUT's nutdrv_qx and ours on the same simulated UPSes of Voltronic and Masterguard."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from shared.errors import RefusedError
from shared.nutwire import WireError, split
from tests import likenut
from tests.likenut import OurDriver, RealDriver, Report, differences, record
from tests.realnut import find_nut_program
from tests.simulators.masterguard import SimulatedMasterguard
from tests.simulators.qx import SimulatedQx
from tests.simulators.voltronic import SimulatedVoltronic

pytestmark = pytest.mark.integration

DOCUMENT = Path(__file__).parents[2] / "docs/differences/qx-dialects.md"
AT_ONCE = 14  # drivers of NUT that run at the same time
NUT_OK = 0
PATIENCE = 30.0  # seconds for NUT's driver to report what ours does
OPTIONS = {"pollfreq": "0", "pollinterval": "1"}
# How often NUT has asked for the status when it has read everything twice.
WALKS = {"voltronic": (b"QWS\r", 3), "masterguard": (b"Q3\r", 4)}
Make = Callable[[], SimulatedQx]
Result = TypeVar("Result")

STATUS = b"(%s 50.0 %s 50.0 003.1 042 369.1 ---.- 026.5 ---.- 018.8 %s\r"
CALM = b"(" + 64 * b"0" + b"\r"


def listed(case: str) -> dict[str, str]:
    """Read the ids and reasons of the document for a case."""
    rows = re.findall(r"^\| (\w+:\S+) \| (.+?) \| (.+?) \| (.+) \|$", DOCUMENT.read_text(), re.M)
    return {name: f"{what}: {why}" for name, cases, what, why in rows if case in cases.split(", ")}


def status(bits: bytes, went: bytes = b"229.8", came: bytes = b"234.9") -> dict[bytes, bytes]:
    """Say the status and nothing else."""
    return {b"QGS\r": STATUS % (came, went, bits), b"QWS\r": CALM, b"QMOD\r": b"(L\r"}


VOLTRONICS: dict[str, tuple[str, dict[bytes, bytes]]] = {
    **{f"P{number}": (number, {}) for number in ("00", "01", "02", "03", "08", "10", "13", "14")},
    "P09": ("09", {b"Q3YV\r": b"(125.4 225.4 325.4\r"}),
    "P31": ("31", {b"QBT\r": b"(02\r"}),
    "P99": ("99", {}),
    "low voltage": (
        "01",
        {
            b"QRI\r": b"(120.0 012 024.0 60.0\r",
            b"QMD\r": b"(       OLHVT1K0    1000 80 1/1 120 120 02 12.0\r",
        },
    ),
    "low voltage P99": (
        "99",
        {
            b"QRI\r": b"(120.0 012 024.0 60.0\r",
            b"QMD\r": b"(       OLHVT1K0    1000 80 1/1 120 120 02 12.0\r",
        },
    ),
    "some capabilities": ("02", {b"QFLAG\r": b"(EpbrashcDoegfl\r"}),
    "no letters": ("02", {b"QFLAG\r": b"(EpbDo\r"}),
    "long runtime": ("01", {b"QBV\r": b"(041.0 03 01 100 037\r"}),
    "zeros": ("01", {b"QID\r": b"(0000000000000000000\r"}),
    "on battery": ("01", {**status(b"101000000001"), b"QMOD\r": b"(B\r"}),
    "low battery": ("01", {**status(b"101100000001"), b"QMOD\r": b"(B\r"}),
    "bypass": ("01", status(b"100010000001")),
    "trim": ("01", status(b"100010000001", b"200.0")),
    "test": ("01", status(b"100000010001")),
    "shutting down": ("01", status(b"100000001001")),
    "line-interactive": ("01", status(b"010000000001")),
    "offline": ("01", status(b"000000000101")),
    "mode P": ("01", {b"QMOD\r": b"(P\r", b"QWS\r": CALM}),
    "mode Y": ("01", {b"QMOD\r": b"(Y\r", b"QWS\r": CALM}),
    "mode B": ("01", {b"QMOD\r": b"(B\r", b"QWS\r": CALM}),
    "mode T": ("01", {b"QMOD\r": b"(T\r", b"QWS\r": CALM}),
    "mode F": ("01", {b"QMOD\r": b"(F\r", b"QWS\r": CALM}),
    "mode D": ("01", {b"QMOD\r": b"(D\r", b"QWS\r": CALM}),
    "warnings": ("01", {b"QWS\r": b"(1" + 6 * b"0" + b"11" + 46 * b"0" + b"100000001\r"}),
}


MASTERGUARDS: dict[str, Make] = {
    "A700": partial(SimulatedMasterguard, "A  700", "-19"),
    "A1000": partial(SimulatedMasterguard, "A 1000"),
    "A2000 rack": partial(SimulatedMasterguard, "A 2000", "-19"),
    "A3000 address 17": partial(SimulatedMasterguard, "A 3000", address="17"),
    "E60": partial(SimulatedMasterguard, "E 60  "),
    "E200 on battery": partial(SimulatedMasterguard, "E200  ", bits="11000000 00000010"),
    "A1000 bypass": partial(SimulatedMasterguard, "A 1000", bits="00101000 00010011"),
    "A1000 ill": partial(SimulatedMasterguard, "A 1000", bits="00010110 01001100"),
}


async def in_thread(work: Callable[[], Result]) -> Result:
    """Do what blocks in a thread of its own: the loop's own pool has few."""
    with ThreadPoolExecutor(1) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


async def reports(
    folder: Path, make: Make, protocol: str, ignored: Mapping[str, str]
) -> tuple[Report, Report]:
    """Return what NUT's driver and ours report of such a device.

    NUT's driver reads only a part in every other round, and then shows the rest as it was or not at
    all: it gets some rounds in which to show what ours does.
    """
    with make() as ups:
        async with OurDriver("qx", ups.port, {"protocol": protocol, "pollfreq": 0}) as ours:
            await ours.report()
            mine = await ours.report()

    def theirs() -> Report:
        request, times = WALKS[protocol]

        def has_read_all(report: Report) -> bool:
            return report.is_fresh and ups.requests.count(request) >= times

        with make() as ups:
            options = {"port": ups.port, "protocol": protocol, **OPTIONS}
            with RealDriver(folder, "nutdrv_qx", options) as driver:
                with suppress(AssertionError):
                    return driver.wait_for(
                        lambda report: (
                            has_read_all(report) and not differences(report, mine, ignored)
                        ),
                        PATIENCE,
                    )
                return driver.report()

    return await in_thread(theirs), mine


async def compare(folder: Path, protocol: str, cases: Mapping[str, Make]) -> None:
    """Compare the reports of all cases; every difference that is listed must occur."""
    slots, wrong = asyncio.Semaphore(AT_ONCE), dict[str, list[str]]()

    async def one(number: int, case: str, make: Make) -> None:
        async with slots:
            ignored = listed(case)
            theirs, ours = await reports(folder / str(number), make, protocol, ignored)
        found = record("nutdrv_qx", f"{protocol} {case}", theirs, ours, ignored)
        for key in ignored:
            others = {name: why for name, why in ignored.items() if name != key}
            if len(differences(theirs, ours, others)) == len(found):
                found.append(f"{key} is listed for {case} and is equal")
        if found:
            wrong[case] = found

    async with asyncio.TaskGroup() as tasks:
        for number, (case, make) in enumerate(cases.items()):
            tasks.create_task(one(number, case, make))
    assert not wrong, "\n".join(f"{case}: {found}" for case, found in sorted(wrong.items()))


async def test_voltronics_are_reported_alike(tmp_path):
    cases = {
        case: partial(SimulatedVoltronic, protocol, replies)
        for case, (protocol, replies) in VOLTRONICS.items()
    }
    await compare(tmp_path, "voltronic", cases)


def split_or_drop(line: str) -> list[str]:
    """Drop a line that cannot be read: 2.8.0 offers bytes of memory that it has given back."""
    try:
        return split(line)
    except WireError:
        return []


@pytest.fixture
def claiming(tmp_path, monkeypatch):
    """Let NUT's driver find its own rows: 2.8.0 looks for them by names they have no more."""
    code = bytearray(Path(find_nut_program("nutdrv_qx")).read_bytes())
    prefix = b"experimental."
    for name, short in ((b"series", b"mg1"), (b"output_voltages", b"mg2")):
        start = code.find(prefix + name + b"\0")
        for place in (start, start + len(prefix)) if start >= 0 else ():
            code[place : place + len(short) + 1] = short + b"\0"
    mended = tmp_path / "nutdrv_qx"
    mended.write_bytes(code)
    mended.chmod(0o755)
    monkeypatch.setattr(likenut, "find_nut_program", lambda _: str(mended))
    monkeypatch.setattr(likenut, "split", split_or_drop)


async def test_masterguards_are_reported_alike(tmp_path, claiming):
    await compare(tmp_path, "masterguard", MASTERGUARDS)


# What is ordered: a command with its value, or a variable that is written.
COMMANDS: tuple[tuple[str, str | None], ...] = (
    ("load.on", None),
    ("shutdown.return", None),
    ("shutdown.stop", None),
    ("shutdown.stayoff", None),
    ("test.battery.start", "18"),
    ("test.battery.start", "5"),
    ("test.battery.start", "120"),
    ("test.battery.start.deep", None),
    ("test.battery.start.quick", None),
    ("test.battery.stop", None),
    ("beeper.toggle", None),
    ("beeper.disable", None),
    ("bypass.start", None),
    ("bypass.stop", None),
    ("outlet.1.load.off", None),
    ("outlet.3.load.on", None),
    ("load.off", None),
)
SETTINGS = (
    ("ups.delay.shutdown", "100"),
    ("ups.delay.start", "0"),
    ("ups.delay.shutdown", "6000"),
    ("input.transfer.high", "240"),
    ("input.transfer.high", "300"),
    ("input.transfer.low", "220"),
    ("input.frequency.high", "54.5"),
    ("input.frequency.low", "41"),
    ("input.frequency.low", "60"),
    ("battery.packs", "4"),
    ("battery.packs", "100"),
    ("battery.voltage.low", "22"),
    ("battery.voltage.low", "26"),
    ("ups.start.auto", "no"),
    ("ups.start.auto", "maybe"),
    ("battery.protection", "no"),
    ("battery.energysave", "no"),
    ("ups.start.battery", "no"),
    ("outlet.2.delay.shutdown", "600"),
    ("outlet.4.delay.shutdown", "60000"),
)
SAFE_OPTIONS = {
    "max_bypass_volt": "260",
    "min_bypass_volt": "180",
    "max_bypass_freq": "52",
    "min_bypass_freq": "48",
    "battery_number": "3",
    "bypass_alarm": "disabled",
    "limited_runtime_on_battery": "disabled",
    "advanced_eco_mode": "enabled",
}


async def obeyed(
    folder: Path,
    make: Make,
    options: Mapping[str, str],
    commands: tuple[tuple[str, str | None], ...] = (),
    settings: tuple[tuple[str, str], ...] = (),
) -> tuple[list[bool], list[bool], SimulatedQx, SimulatedQx]:
    """Order the same of both drivers; return what came of it, and both devices."""
    nut, bus = make(), make()

    def theirs() -> list[bool]:
        with (
            nut,
            RealDriver(folder, "nutdrv_qx", {"port": nut.port, **OPTIONS, **options}) as driver,
        ):
            driver.report()
            return [driver.set(*each) == NUT_OK for each in settings] + [
                driver.command(*each) == NUT_OK for each in commands
            ]

    async def ours() -> list[bool]:
        with bus:
            given = {name: value or True for name, value in options.items()}
            async with OurDriver("qx", bus.port, {**given, "pollfreq": 0}) as driver:
                await driver.report()
                return [await does(driver, driver.set, *each) for each in settings] + [
                    await does(driver, driver.command, *each) for each in commands
                ]

    done = await asyncio.gather(in_thread(theirs), ours())
    return *done, nut, bus


async def does(driver: OurDriver, order: Callable[..., Awaitable[None]], *words: object) -> bool:
    """Tell whether an order is carried out, and look at the device again."""
    try:
        await order(*words)
    except RefusedError:
        return False
    await driver.report()
    return True


async def test_a_voltronic_is_told_the_same(tmp_path):
    options = {"protocol": "voltronic"}
    make = partial(SimulatedVoltronic, "01")
    theirs, ours, nut, bus = await obeyed(tmp_path, make, options, COMMANDS, SETTINGS)
    assert isinstance(nut, SimulatedVoltronic)
    assert isinstance(bus, SimulatedVoltronic)
    assert ours == theirs
    assert bus.orders == nut.orders
    assert len(nut.orders) > 25


async def test_options_are_written_to_a_voltronic_alike(tmp_path):
    async def one(protocol: str, options: Mapping[str, str]) -> tuple[set[bytes], set[bytes]]:
        folder = tmp_path / f"{protocol}{len(options)}"
        given = {"protocol": "voltronic", **options}
        _, _, nut, bus = await obeyed(folder, partial(SimulatedVoltronic, protocol), given)
        assert isinstance(nut, SimulatedVoltronic)
        assert isinstance(bus, SimulatedVoltronic)
        return set(nut.orders), set(bus.orders)

    results = await asyncio.gather(
        one("01", SAFE_OPTIONS),
        one("31", {"work_range_type": "Appliance", "max_bypass_volt": "260"}),
        one("02", {"reset_to_default": ""}),
        one("02", {"max_bypass_volt": "264", "bypass_alarm": "enabled", "eco_mode": "off"}),
    )
    assert [theirs for theirs, _ in results] == [ours for _, ours in results]
    assert [len(theirs) for theirs, _ in results] == [7, 1, 1, 0]


# A Masterguard says nothing to orders, so each takes a second; each tuple has its own device.
GUARD_ORDERS: tuple[tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str | None], ...]], ...] = (
    ((("ups.delay.shutdown", "120"), ("ups.delay.start", "0")), (("shutdown.return", None),)),
    ((("ups.delay.shutdown", "6000"),), (("shutdown.stayoff", None), ("shutdown.stop", None))),
    ((("battery.packs", "2"), ("battery.packs", "3")), (("test.battery.start", "10"),)),
    ((("output.voltage.nominal", "230"),), (("test.battery.start", "600"), ("bypass.start", None))),
    ((), (("test.battery.start", "30"), ("test.battery.start.quick", None))),
    ((), (("test.battery.start", None), ("test.battery.stop", None), ("bypass.stop", None))),
    ((("device.uptime", "100000"),), (("beeper.enable", None), ("beeper.disable", None))),
    ((("ups.id", "5"),), (("beeper.disable", None),)),
    ((("ups.id", "100"),), ()),
)


async def test_a_masterguard_is_told_the_same(tmp_path, claiming):
    options = {"protocol": "masterguard"}
    tasks = [
        obeyed(tmp_path / str(number), MASTERGUARDS["A1000"], options, commands, settings)
        for number, (settings, commands) in enumerate(GUARD_ORDERS)
    ]
    for theirs, ours, nut, bus in await asyncio.gather(*tasks):
        assert isinstance(nut, SimulatedMasterguard)
        assert isinstance(bus, SimulatedMasterguard)
        assert ours == theirs
        assert bus.orders == nut.orders


def behaviour(name: str) -> bool:
    """Tell whether the document has a difference in behaviour."""
    return f"| {name} |" in DOCUMENT.read_text()


async def test_a_masterguard_starts_after_minutes(tmp_path, claiming):
    make, options = MASTERGUARDS["A1000"], {"protocol": "masterguard"}
    _, _, nut, bus = await obeyed(tmp_path, make, options, (("shutdown.return", None),))
    assert isinstance(nut, SimulatedMasterguard)
    assert isinstance(bus, SimulatedMasterguard)
    assert behaviour("start-delay")
    assert (nut.orders, bus.orders) == ([b"S.5R0180\r"], [b"S.5R0003\r"])


async def test_a_voltronic_gets_an_angle_in_degrees(tmp_path):
    options = {"protocol": "voltronic", "output_phase_angle": "180"}
    _, _, nut, bus = await obeyed(tmp_path, partial(SimulatedVoltronic, "01"), options)
    assert behaviour("phase-angle")
    assert b"PPD002\r" in nut.requests
    assert b"PPD180\r" in bus.requests


async def test_a_fault_of_a_voltronic_is_told(tmp_path):
    replies = {**status(b"100001000001"), b"QFS\r": b"(14 212.1 50.0 005.6\r"}
    make = partial(SimulatedVoltronic, "01", replies)
    theirs, ours = await reports(
        tmp_path, make, "voltronic", {"variable:ups.alarm": "", "variable:ups.status": ""}
    )
    assert behaviour("fault")
    assert "ups.alarm" not in theirs.variables
    assert ours.variables["ups.alarm"] == "UPS Fault! Inverter short-circuited."


async def test_capabilities_that_are_all_off_are_not_on(tmp_path):
    make = partial(SimulatedVoltronic, "02", {b"QFLAG\r": b"(EDrsgc\r"})
    flags = ("ups.start.auto", "battery.protection", "battery.energysave", "ups.start.battery")
    theirs, ours = await reports(
        tmp_path, make, "voltronic", {f"variable:{name}": "" for name in flags}
    )
    assert behaviour("all-off")
    assert [theirs.variables[name] for name in flags] == ["yes"] * 4
    assert [ours.variables[name] for name in flags] == ["no"] * 4
