"""The driver snmp beside Debian's snmp-ups 2.8.0: the walk of one real agent, the same report."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import pytest

from services.driver.protocols.snmp.finding import model
from services.driver.protocols.snmpwire.values import Kind, Value
from shared.errors import DeviceError, RefusedError, ResultStatus
from tests.likenut import OurDriver, RealDriver, Report, differences, record
from tests.ports import free_port
from tests.simulators.snmp import Objects, SnmpSimulator
from tests.unit.driver.snmp import walks

pytestmark = pytest.mark.integration

LIST = Path(__file__).parents[2] / "docs" / "differences" / "snmp.md"
START_TIMEOUT = 30.0
LANES = 8
SETTLE_TIMEOUT = 30.0
WHOLLY = {"synchronous": "yes"}  # else NUT hangs up when it has much to say at once
LONGEST = 127  # characters of a value of NUT's driver
PHASES = ("phases-unknown", "variable:input.phases", "variable:output.phases")
BYPASS_PHASES = ("phases-unknown", "variable:input.bypass.phases")
NO_STATUS = ("no-status", "variable:ups.status")
NEWER_WORDS = ("newer-tables", "variable:ups.status")
BY_DELAY = ("absent-delays", "command:load.off", "command:load.on")
COMPOSED = ("composed", "command:shutdown.return", "command:shutdown.stayoff")
MAKER = ("newer-tables", "variable:device.mfr", "variable:ups.mfr")
DATE = ("dummy-date", "writable:battery.date")
L1_OF_BYPASS = (
    "bypass-phases",
    "variable:input.bypass.L1-N.voltage",
    "variable:input.bypass.L1.current",
    "variable:input.bypass.L1.realpower",
)
CURRENT = ("newer-tables", "variable:battery.current")
MAC = ("text", "variable:device.macaddr")
# Walks that both know, with the differences to be expected.
CASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "apc_ap8959eu3": (NO_STATUS,),
    "apc_apdu9959eu3": (NO_STATUS,),
    "apc_powerchute": (),
    "apc_smt750x-nmc2": (),
    "apc_smx750": (),
    "apc_smx750i": (),
    "apc_sua1500rmi2u": (),
    "apc_surt3000xl": (),
    "apc_symmetralx": (),
    "apc-mgeups_galaxy7000": (MAKER, PHASES, BY_DELAY, COMPOSED),
    "cyberpower_cp1000pfclcd": (NEWER_WORDS,),
    "cyberpower_pr2200rt2uc": (NEWER_WORDS,),
    "deltaups": (NO_STATUS,),
    "eaton-mgeups_93ps": (MAKER, PHASES, BY_DELAY, COMPOSED),
    "eaton-mgeups_9px": (MAKER, PHASES, BY_DELAY, COMPOSED),
    "eaton-mgeups_9pxle": (MAKER, COMPOSED),
    "eatonpdu_dbq": (NO_STATUS, ("no-number", "variable:outlet.-1.id")),
    "eatonups_eaton-connectups": (PHASES[:2], BY_DELAY, COMPOSED, DATE),
    "eatonupsm2_9px+empg2": (COMPOSED, DATE, ("tenths", "variable:ambient.1.temperature")),
    "eatonupsm2_9px": (NO_STATUS, PHASES, BY_DELAY, COMPOSED),
    "generex-ups_cs121": (PHASES, BYPASS_PHASES),
    "generex-ups_cs141-v22036": (PHASES, BYPASS_PHASES),
    "generex-ups_cs141": (
        PHASES,
        BYPASS_PHASES,
        ("newer-tables", "variable:output.realpower"),
    ),
    "huaweiups_ups2000": (
        PHASES,
        BYPASS_PHASES,
        ("no-number", "variable:battery.runtime"),
        ("bypass-phases", "variable:input.bypass.L1-N.voltage"),
    ),
    "poweralert_2": (BYPASS_PHASES,),
    "poweralert_ups": (PHASES, BYPASS_PHASES),
    "powerwalker-vfi_500r1u": (PHASES, BYPASS_PHASES),
    "webpower-smart2": (NO_STATUS, PHASES, BYPASS_PHASES),
}


# Walks that lack the model by which NUT knows the device; they are given one.
WHOLE: dict[str, tuple[tuple[str, ...], ...]] = {
    "abbups_abbups": (PHASES, BYPASS_PHASES),
    "apc_smart1500": (),
    "cxc_ups": (PHASES, BYPASS_PHASES, CURRENT),
    "dell-ups_tower1000w": (PHASES, BYPASS_PHASES, L1_OF_BYPASS),
    "deltaups_rfc1628string": (PHASES, BYPASS_PHASES, L1_OF_BYPASS),
    "eatonpdu_2": (NO_STATUS, MAC),
    "hpe-mapdu_pdu2": (NO_STATUS, MAC, ("phases-unknown", "variable:device.count")),
    "liebert_apm": (PHASES, BYPASS_PHASES),
    "netmanplus_204": (
        PHASES,
        BYPASS_PHASES,
        CURRENT,
        ("newer-tables", "variable:input.current"),
    ),
    "netmanplus_mct20": (PHASES, BYPASS_PHASES),
    "netvision-rfc": (PHASES, BYPASS_PHASES, L1_OF_BYPASS),
    "orvaldi-ups": (PHASES, BYPASS_PHASES, L1_OF_BYPASS),
    "raritan-pdu_px2": (NO_STATUS,),
    "ups-apc-battery-low": (),
    "ups-apc-battery-ok": (),
    "ups-standard": (NO_STATUS, PHASES, BYPASS_PHASES),
}
CASES |= WHOLE


def find(name: str) -> Path:
    walks.need()
    return next(each for each in walks.files() if each.stem == name)


def write(folder: Path) -> None:
    """Write the walks as snmpsim wants them: sorted, and in hexadecimal digits."""
    for name in CASES:
        walk = walks.read(find(name))
        if name in WHOLE and (mapping := walks.Player(walk).find()):
            walk[model(mapping, "0")] = Value(Kind.OCTETS, b"model")
        lines = [line(oid, walk[oid]) for oid in sorted(walk, key=numbers)]
        (folder / f"{community(name)}.snmprec").write_text("\n".join(lines) + "\n")


def numbers(oid: str) -> list[int]:
    return [int(each) for each in oid.split(".")]


def line(oid: str, value: Value) -> str:
    if isinstance(value.content, bytes):
        return f"{oid}|{value.kind.value}x|{value.content.hex()}"
    return f"{oid}|{value.kind.value}|{value.content}"


def community(name: str) -> str:
    return re.sub(r"\W", "_", name)


@contextmanager
def snmpsim(folder: Path, port: int) -> Iterator[None]:
    """Play all walks, each under a community of its own."""
    (folder / "data").mkdir()
    (folder / "cache").mkdir()
    write(folder / "data")
    program = Path(sys.executable).with_name("snmpsim-command-responder")
    assert program.exists(), "snmpsim is missing: pip install snmpsim"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            (
                str(program),
                f"--data-dir={folder / 'data'}",
                f"--cache-dir={folder / 'cache'}",
                f"--agent-udpv4-endpoint=127.0.0.1:{port}",
                f"--logging-method=file:{folder / 'messages'}",
                "--process-user=root",
                "--process-group=root",
            ),
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def options(name: str) -> dict[str, str]:
    return {"community": community(name)}


async def ours(name: str, port: int) -> Report:
    given = {**options(name), "snmp_version": "v2c", "snmp_retries": "1"}
    async with OurDriver("snmp", f"127.0.0.1:{port}", given) as driver:
        return await driver.report()


def theirs(folder: Path, name: str, port: int, mine: Report) -> Report:
    """Give NUT's driver time to read everything."""
    settings = {"port": f"127.0.0.1:{port}", "pollfreq": "1", **WHOLLY, **options(name)}

    def settled(report: Report) -> bool:
        is_whole = "ups.status" in report.variables  # comes last; some of these stay stale
        return is_whole and not differences(report, mine, known(name, report, mine))

    with RealDriver(folder, "snmp-ups", settings) as real:
        try:
            return real.wait_for(settled, SETTLE_TIMEOUT)
        except AssertionError:
            return real.wait_for(lambda report: bool(report.variables))


def known(name: str, nut: Report, mine: Report) -> dict[str, str]:
    """Say which differences are written down for a walk, and under which id."""
    cut = {
        f"variable:{each}": "whole-text"
        for each, value in nut.variables.items()
        if len(value) == LONGEST and mine.variables.get(each, "").startswith(value)
    }
    listed = set(re.findall(r"^\| `([^`]+)` \|", LIST.read_text(), re.MULTILINE))
    found = {key: id for id, *keys in CASES[name] for key in keys}
    assert {*found.values(), *cut.values()} <= listed
    return {**found, **cut}


Pairs = dict[str, tuple[Future[Report], Report]]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairs]:
    """Read every walk with both drivers, many at once."""
    walks.need()
    port = free_port()
    with snmpsim(tmp_path_factory.mktemp("snmpsim"), port), ThreadPoolExecutor(LANES) as lanes:
        found: Pairs = {}
        for name, mine in asyncio.run(all_of_ours(port)).items():
            folder = tmp_path_factory.mktemp("nut")
            found[name] = (lanes.submit(theirs, folder, name, port, mine), mine)
        yield found


async def all_of_ours(port: int) -> dict[str, Report]:
    await until_answered(next(iter(CASES)), port)
    return {name: await ours(name, port) for name in CASES}


async def until_answered(name: str, port: int) -> None:
    async with asyncio.timeout(START_TIMEOUT):
        while True:
            try:
                await ours(name, port)
            except DeviceError:
                await asyncio.sleep(0.1)
            else:
                return


@pytest.mark.parametrize("name", CASES)
def test_it_reports_what_nut_reports(reports: Pairs, name: str) -> None:
    future, mine = reports[name]
    nut = future.result()
    ignored = known(name, nut, mine)
    assert record("snmp-ups", name, nut, mine, ignored) == []
    unused = set(ignored) - {key for key in ignored if differs(key, nut, mine)}
    assert not unused, "no difference any more: take it from the list"


def differs(key: str, nut: Report, mine: Report) -> bool:
    kind, _, name = key.partition(":")
    texts = differences(nut, mine)
    form = {"variable": f"{name} is *", "command": f"command {name} *", "writable": f"{name}*"}
    return any(fnmatch(text, form[kind]) for text in texts)


# Walks of devices that can be ordered about.
ORDERED = (
    "apc_smx750",
    "eaton-mgeups_9pxle",
    "eatonpdu_dbq",
    "eatonupsm2_9px+empg2",
    "poweralert_2",
)
Changes = dict[str, Value] | None  # None: refused
Order = Callable[[], Awaitable[None]]


async def ordered(agent: SnmpSimulator, walk: dict[str, Value], order: Order) -> Changes:
    """Give an order; tell what it changed in the agent, and change it back."""
    try:
        await order()
    except RefusedError:
        return None
    changed = {oid: each for oid, each in agent.objects.values.items() if walk[oid] != each}
    for oid in changed:
        agent.objects.put(oid, walk[oid])
    return changed


@pytest.mark.parametrize("name", ORDERED)
async def test_orders_write_what_those_of_nut_write(name: str, tmp_path: Path) -> None:
    walk = walks.read(find(name))
    async with SnmpSimulator(Objects(walk), writable=set(walk), keeps=False) as agent:
        port = f"127.0.0.1:{agent.port}"
        real = RealDriver(
            tmp_path / "nut", "snmp-ups", {"port": port, "pollfreq": "3600", **WHOLLY}
        )
        try:
            await asyncio.to_thread(real.start)
            nut = await asyncio.to_thread(
                real.wait_for, lambda each: "ups.status" in each.variables
            )
            async with OurDriver("snmp", port) as driver:
                mine = await driver.report()
                found = {}
                for key, (their_order, our_order) in orders(nut, mine, real, driver).items():
                    changed = await ordered(agent, walk, our_order)
                    if changed != {}:  # NUT crashes where the driver itself keeps the value
                        found[key] = (await ordered(agent, walk, their_order), changed)
        finally:
            await asyncio.to_thread(real.stop)
    # What NUT refuses, because it writes text to a number or does not find the row, is beyond.
    taken = {key: pair for key, pair in found.items() if pair[0] is not None}
    assert taken
    assert {key: pair for key, pair in taken.items() if pair[0] != pair[1]} == {}


def orders(
    nut: Report, mine: Report, real: RealDriver, driver: OurDriver
) -> dict[str, tuple[Order, Order]]:
    """List the orders that both take, each as it is given to either."""
    found: dict[str, tuple[Order, Order]] = {}
    for name in sorted({*nut.commands} & {*mine.commands}):
        value = "5" if name.endswith("delay") else None
        found[name] = (
            partial(checked, real.command, name, value),
            partial(driver.command, name, value),
        )
    for name in sorted(nut.writable.keys() & mine.writable.keys()):
        value = (mine.writable[name].enum or ["7"])[-1]
        found[name] = (partial(checked, real.set, name, value), partial(driver.set, name, value))
    return {key: each for key, each in found.items() if not key.startswith("driver.")}


async def checked(order: Callable[..., int], name: str, value: str | None) -> None:
    if await asyncio.to_thread(order, name, value):
        raise RefusedError(ResultStatus.FAILED, name)


def test_a_value_is_written_as_snmpsim_reads_it() -> None:
    assert line("1.3.6", Value(Kind.OCTETS, b"\x00|")) == "1.3.6|4x|007c"
    assert line("1.3.6", Value(Kind.TICKS, 7)) == "1.3.6|67|7"
