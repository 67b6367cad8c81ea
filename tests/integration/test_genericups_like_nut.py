"""genericups beside Debian's, type by type: what both make of the same modem lines.

NUT's driver has pseudo-terminals with the modem lines of `tests.modemlines`; ours has ports behind
RFC 2217, and once such a pseudo-terminal too.
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.driver.drivers import genericups
from services.driver.protocols.genericups import CABLES, INPUTS, wired
from tests.likenut import NAME, START_TIMEOUT, OurDriver, RealDriver, Report, record
from tests.modemlines import BITS, Terminal, environment, named, terminal
from tests.realnut import CHECK_INTERVAL, find_nut_program
from tests.simulators.rfc2217 import Server, serving

pytestmark = pytest.mark.integration

States = list[tuple[str, ...]]

# Definitions of the user's: what ups.conf says beside a type.
CUSTOM: dict[str, dict[str, str]] = {
    "negated": {"upstype": "7", "OL": "-DCD", "LB": "CTS"},
    "combined": {"upstype": "0", "OL": "CTS+DSR", "LB": "-DCD-RNG", "CP": "RTS", "SD": "DTR"},
    "commas": {"upstype": "1", "OL": "-CTS,-DCD", "RB": "RNG", "BYPASS": "DSR", "SD": "ST"},
    "disabled": {"upstype": "23", "OL": "NULL", "LB": "none", "RB": "NULL", "SD": "none"},
    "powered": {"upstype": "9", "CP": "DTR+RTS", "SD": "-DTR RTS", "serial": "S 1", "mfr": "Us"},
    "unpowered": {"upstype": "13", "CP": "none", "model": "Box", "SD": "DTR", "sdtime": "1"},
}
TYPES = {f"type {number}": {"upstype": str(number)} for number in range(len(CABLES))}


def states(used: frozenset[str]) -> States:
    """List the states of the lines that count, with the others low and with the others high."""
    own = [line for line in INPUTS if line in used]
    idle = tuple(line for line in INPUTS if line not in used)
    chosen = [
        tuple(itertools.compress(own, on)) for on in itertools.product((0, 1), repeat=len(own))
    ]
    return [*chosen, *((*state, *idle) for state in reversed(chosen) if idle)]


def parts(name: str, settings: dict[str, str]) -> Iterator[tuple[str, dict[str, str], States]]:
    """Give the states to several drivers, so that none takes long."""
    used = wired(CABLES[int(settings["upstype"])]).used if name in TYPES else frozenset(INPUTS)
    every = states(used)
    for first in range(0, len(every), 4):
        yield f"{name}, part {first // 4 + 1}", settings, every[first : first + 4]


def theirs(folder: Path, modem: Path, settings: dict[str, str], every: States) -> list[Report]:
    """Let NUT's driver read each state."""
    with terminal(modem) as line:
        port = {"port": line.path, "pollinterval": "1", **settings}
        with RealDriver(folder, "genericups", port) as driver:
            return [_report(driver, line, state) for state in every]


def _report(driver: RealDriver, line: Terminal, state: tuple[str, ...]) -> Report:
    """Wait until the driver has looked twice: what it saw first is told by then."""
    before = len(line.steps())
    line.set(*state)
    looked = ("get", sum(BITS[name] for name in state))
    deadline = time.monotonic() + START_TIMEOUT
    while line.steps()[before:].count(looked) < 2:
        assert time.monotonic() < deadline, driver.log
        time.sleep(CHECK_INTERVAL)
    reads = itertools.count()
    return driver.wait_for(lambda report: report.is_fresh and next(reads) > 1)


async def ours(server: Server, settings: dict[str, str], every: States) -> list[Report]:
    """Let our driver read each state."""
    reports = []
    async with OurDriver("genericups", server.url, settings) as driver:
        for state in every:
            drive(server, state)
            reports.append(await driver.report())
    return reports


def drive(server: Server, state: tuple[str, ...]) -> None:
    server.set_lines(cts="CTS" in state, dsr="DSR" in state, cd="DCD" in state, ri="RNG" in state)


def many_threads() -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(100))


async def test_every_type_and_definition_says_what_nuts_driver_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    many_threads()
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    cases = [case for name, each in (TYPES | CUSTOM).items() for case in parts(name, each)]
    assert len({name.partition(",")[0] for name, *_ in cases}) == 24 + len(CUSTOM)

    async def compared(name: str, settings: dict[str, str], every: States) -> list[str]:
        async with serving() as server:
            mine = await ours(server, settings, every)
        folder = tmp_path / name.replace(" ", "-")
        real = await asyncio.to_thread(theirs, folder, tmp_path, settings, every)
        found = []
        for state, there, here in zip(every, real, mine, strict=True):
            case = f"{name}: {'+'.join(state) or 'no line'}"
            found += [f"{case}: {text}" for text in record("genericups", case, there, here)]
        return found

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(compared(*case)) for case in cases]
    assert [text for task in running for text in task.result()] == []


async def test_every_type_powers_the_cable_and_switches_off_as_nuts_driver_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    many_threads()
    monkeypatch.setattr(genericups, "BREAK_SECONDS", 0.05)
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)

    async def compared(name: str, settings: dict[str, str]) -> None:
        real = await asyncio.to_thread(their_end, tmp_path / name.replace(" ", "-"), settings)
        assert await our_end(settings) == real, name

    async with asyncio.TaskGroup() as tasks:
        for name, settings in (TYPES | CUSTOM).items():
            tasks.create_task(compared(name, settings))


def their_end(folder: Path, settings: dict[str, str]) -> list[str]:
    """Say what NUT's driver does with its lines from its start until it has switched off."""
    folder.mkdir()
    with terminal(folder.parent) as line:
        lines = {"driver": "genericups", "port": line.path, **settings}
        text = "".join(f'{key} = "{value}"\n' for key, value in lines.items())
        (folder / "ups.conf").write_text(f"[{NAME}]\n{text}")
        places = ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")
        command = (find_nut_program("genericups"), "-a", NAME, "-k", "-u", "root")
        variables = {**os.environ, **dict.fromkeys(places, str(folder))}
        ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        steps = [
            f"lines {'+'.join(sorted(named(value)))}" if step == "lines" else "break"
            for step, value in line.steps()
        ]
        return steps if ended.returncode == 0 else [*steps, "unknown"]


async def our_end(settings: dict[str, str]) -> list[str]:
    """Say what ours does, as `nutbus upsdrvctl shutdown` lets it: open, poll, order and close."""
    async with serving() as server:
        async with OurDriver("genericups", server.url, settings) as driver:
            steps = [_driven(server)]
            if "shutdown.default" not in (await driver.report()).commands:
                return [*steps, "unknown"]
            before = len(server.port.driven)
            await driver.command("shutdown.default")
            broken = [on for name, on in server.port.driven[before:] if name == "break_condition"]
        assert broken in ([], [True, False])
        # Closing must not end the signal.
        return [*steps, "break" if broken else _driven(server)]


def _driven(server: Server) -> str:
    high = {"DTR": server.port.dtr, "RTS": server.port.rts}
    return f"lines {'+'.join(name for name, on in high.items() if on)}"


OWN_PROGRAM = """\
import asyncio, json, sys
from pathlib import Path
from services.driver.drivers import genericups
from tests.likenut import OurDriver
from tests.modemlines import Terminal

genericups.BREAK_SECONDS = 0.1

async def run(folder, path):
    line, said = Terminal(Path(folder), path), []
    async with OurDriver("genericups", path, {"upstype": 23, "SD": "DTR", "sdtime": 0.1}) as driver:
        for state in json.loads(sys.argv[3]):
            line.set(*state)
            await driver.driver.wait() if said else None
            said.append((await driver.report()).variables["ups.status"])
        await driver.command("shutdown.default")
        said.append("+".join(line.driven()[-1]))
        await driver.report()
        said.append("+".join(line.driven()[-1]))
    async with OurDriver("genericups", path, {"upstype": 11}) as driver:
        await driver.report()
        await driver.command("shutdown.default")
        said += [f"break {value}" for step, value in line.steps() if step == "break"]
    print(json.dumps(said))

asyncio.run(run(*sys.argv[1:3]))
"""


async def test_a_port_of_this_machine_is_read_and_driven_too(tmp_path: Path):
    states = [["CTS", "DCD", "RNG", "DSR"], ["DCD", "RNG", "DSR"], ["RNG", "DSR"], ["CTS"]]
    with terminal(tmp_path) as line:
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "error",
            "-c",
            OWN_PROGRAM,
            str(tmp_path),
            line.path,
            json.dumps(states),
            env={
                **os.environ,
                **environment(tmp_path),
                "PYTHONPATH": str(Path(__file__).parents[2]),
            },
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await program.communicate()
    assert json.loads(said) == [
        "OL",
        "OB",
        "LB OB",
        "LB OL RB BYPASS",
        "DTR",
        "RTS",
        "break 1",
        "break 0",
    ]
