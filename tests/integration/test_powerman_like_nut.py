"""NUT's powerman-pdu and ours beside each other, at the same powermand."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared.errors import RefusedError
from tests.likenut import OurDriver, RealDriver, Report, record
from tests.powermands import Powermand, pdu

pytestmark = pytest.mark.integration

DRIVER = "powerman-pdu"
# Names that a range would not sort as they stand, a faulty plug, and one that does not switch.
LINES = [
    f'device "one" "pdu" "{pdu("--faulty", "3", "--deaf", "2")}"',
    f'device "two" "pdu" "{pdu()}"',
    'node "n[0-3]" "one" "[0-3]"',
    'node "web,db" "two" "[0-1]"',
    'node "n[10-12]" "two" "[2-4]"',
]
COUNT = 9


@asynccontextmanager
async def both(folder: Path, lines: list[str]) -> AsyncGenerator[tuple[RealDriver, OurDriver]]:
    """Run both drivers at one powermand."""
    async with Powermand(folder, lines) as powermand:
        settings = {"port": powermand.address, "pollinterval": "1"}
        theirs = RealDriver(folder / "nut", DRIVER, settings)
        try:
            await asyncio.to_thread(theirs.start)
            async with OurDriver("powerman", powermand.address) as ours:
                yield theirs, ours
        finally:
            await asyncio.to_thread(theirs.stop)


def status(report: Report, number: int) -> str:
    return report.variables.get(f"outlet.{number}.status", "")


def numbered(report: Report, name: str) -> int:
    found = [key for key, value in report.variables.items() if value == name]
    return int(found[0].split(".")[1])


async def test_outlets_and_commands_are_those_of_nut(tmp_path):
    async with both(tmp_path, LINES) as (theirs, ours):
        report = await asyncio.to_thread(theirs.report)
        mine = await ours.report()
        assert record(DRIVER, "at rest", report, mine) == []
        assert len(report.commands) == 3 * COUNT
        assert mine.variables["outlet.count"] == str(COUNT)
        await switch(theirs, ours, mine)


async def switch(theirs: RealDriver, ours: OurDriver, report: Report) -> None:
    """Let each switch what the other sees."""
    web, faulty, deaf = (numbered(report, name) for name in ("web", "n3", "n2"))

    assert await asyncio.to_thread(theirs.command, f"outlet.{web}.load.on") == 0
    await ours.wait_for(lambda seen: status(seen, web) == "on")
    seen = await asyncio.to_thread(theirs.wait_for, lambda seen: status(seen, web) == "on")
    assert record(DRIVER, "one on", seen, await ours.report()) == []

    await ours.command(f"outlet.{web}.load.off")
    await asyncio.to_thread(theirs.wait_for, lambda seen: status(seen, web) == "off")
    await ours.command(f"outlet.{web}.load.cycle")
    await asyncio.to_thread(theirs.wait_for, lambda seen: status(seen, web) == "on")

    assert status(report, faulty) == "unknown"
    assert await asyncio.to_thread(theirs.command, f"outlet.{faulty}.load.on") == 0
    await ours.command(f"outlet.{faulty}.load.on")

    assert await asyncio.to_thread(theirs.command, f"outlet.{deaf}.load.on") != 0
    with pytest.raises(RefusedError, match="on n2: one: action timed out"):
        await ours.command(f"outlet.{deaf}.load.on")


async def test_nut_shows_nothing_behind_a_pdu_that_is_away_and_ours_does(tmp_path, free_port):
    lines = [
        f'device "away" "pdu" "127.0.0.1:{free_port}"',
        f'device "here" "pdu" "{pdu()}"',
        'node "a[0-1]" "away" "[0-1]"',
        'node "b[0-1]" "here" "[0-1]"',
    ]
    async with both(tmp_path, lines) as (theirs, ours):
        seen = await ours.wait_for(lambda seen: status(seen, 3) == "off")
        assert [status(seen, number) for number in (1, 2, 3, 4)] == [
            "unknown",
            "unknown",
            "off",
            "off",
        ]
        told = await asyncio.to_thread(
            theirs.wait_for, lambda report: "ups.mfr" in report.variables
        )
        assert not told.is_fresh
        assert not [name for name in told.variables if name.startswith("outlet")]
