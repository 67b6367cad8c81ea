"""NUT's apcupsd-ups and ours beside each other, at the same apcupsd."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.driver.protocols.apcupsd import ITEMS
from shared.errors import DeviceError
from tests.likenut import OurDriver, RealDriver, Report, record
from tests.simulators.nis import SMART_UPS, nis_server, recordings, report

pytestmark = pytest.mark.integration

DRIVER = "apcupsd-ups"
LISTED = Path(__file__).parents[2] / "docs/differences/apcupsd.md"
CUT_AFTER = {"ups.id": 16, "ups.mfr.date": 16, "ups.test.result": 16}
STATUSES = {
    "on-battery": "ONBATT LOWBATT",
    "calibrating": "CAL ONBATT",
    "overload": "TRIM ONLINE OVERLOAD REPLACEBATT ",
    "slave": "BOOST ONLINE SLAVE SLAVEDOWN",
    "no-battery": "ONLINE NOBATT",
    "self-test": "SELFTEST",
    "shutting-down": "SHUTTING DOWN",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A report that is played to both drivers."""

    name: str
    text: str

    @property
    def told(self) -> dict[str, str]:
        lines = [line.encode() for line in self.text.splitlines()]
        return {line.decode()[:9].strip(): line.decode()[10:].lstrip() for line in lines}

    def listed(self) -> dict[str, str]:
        """List what may differ, with the id of the reason."""
        found = {}
        for item in ITEMS:
            reason = _reason(item.key, item.variable, self.told.get(item.key, ""))
            if item.key in self.told and reason:
                found[f"variable:{item.variable}"] = reason
                if item.variable in ("ups.model", "ups.serial"):
                    found[f"variable:{item.variable.replace('ups', 'device')}"] = reason
        if self.name in ("no-battery", "shutting-down"):
            found["variable:ups.status"] = self.name
        return found


def _reason(key: str, variable: str, text: str) -> str:
    if text.strip() in ("", "N/A", "Unknown"):
        return "untold"
    if variable in ("ups.date", "ups.time") and text[0].isalpha():
        return "old-date"
    if text.startswith("-1 "):
        return "no-limit"
    if key == "STESTI":
        return "test-interval"
    if text != text.rstrip() or len(text) > CUT_AFTER.get(variable, 32):
        return "whole-text"
    return ""


def cases() -> list[Case]:
    made = [Case("smart-ups", SMART_UPS)]
    limitless = report(MBATTCHG="-1 Percent", MINTIMEL="-1 Minutes", SENSE="Unknown")
    made.append(Case("limitless", limitless))
    made += [Case(name, report(STATUS=status)) for name, status in STATUSES.items()]
    for path in recordings():
        lines = [line for line in path.read_text().splitlines() if line[9:11] in (":", ": ")]
        made.append(Case(path.stem, "\n".join(lines)))
    return made


async def compared(case: Case, folder: Path) -> tuple[Report, Report]:
    async with nis_server(case.text) as server:
        theirs = await asyncio.to_thread(reported, folder / case.name, server.address)
        async with OurDriver("apcupsd", server.address) as ours:
            return theirs, await ours.report()


def reported(folder: Path, port: str) -> Report:
    with RealDriver(folder, DRIVER, {"port": port}) as driver:
        return driver.report()


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> dict[str, tuple[Report, Report]]:
    """Return what both drivers report in each case; a few drivers of NUT run at a time."""
    folder = tmp_path_factory.mktemp("apcupsd")
    few = asyncio.Semaphore(4)

    async def one(case: Case) -> tuple[Report, Report]:
        async with few:
            return await compared(case, folder)

    async def every() -> dict[str, tuple[Report, Report]]:
        async with asyncio.TaskGroup() as tasks:
            running = {case.name: tasks.create_task(one(case)) for case in cases()}
        return {name: task.result() for name, task in running.items()}

    return asyncio.run(every())


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_report_is_read_as_nut_does(case, pairs):
    theirs, ours = pairs[case.name]
    listed = case.listed()
    assert set(listed.values()) <= reasons()
    assert record(DRIVER, case.name, theirs, ours, listed) == []


def test_the_values_differ_only_as_the_reasons_say(pairs):
    for case in cases():
        theirs, ours = pairs[case.name]
        for key, reason in case.listed().items():
            check(reason, theirs.variables.get(key[9:], ""), ours.variables.get(key[9:]), case)


def test_each_listed_reason_is_seen():
    seen = {reason for case in cases() for reason in case.listed().values()}
    if recordings():
        assert reasons() - seen == {"lost", "unread"}  # which the last test shows


def check(reason: str, theirs: str, ours: str | None, case: Case) -> None:
    wording = f"{case.name}: {theirs!r} and {ours!r}"
    if reason == "untold":
        assert ours is None, wording
        assert re.fullmatch(r"0(\.0+)?|N/A|N|A|U|", theirs), wording
    elif reason == "no-limit":
        assert (theirs in ("-1", "-60"), ours) == (True, None), wording
    elif reason == "whole-text":
        assert ours is not None
        assert ours.startswith(theirs.rstrip()), wording
    elif reason == "test-interval":
        assert ours is None or int(ours) == int(theirs) * 3600, wording
    elif reason == "old-date":
        assert ours is not None
        assert re.fullmatch(r"\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d", ours), wording


def reasons() -> set[str]:
    return set(re.findall(r"^\| ([a-z-]+) \|", LISTED.read_text(), re.MULTILINE)) - {"id"}


@pytest.mark.parametrize(
    ("status", "reason"), [("COMMLOST ", "has lost its UPS: COMMLOST"), ("", "no status")]
)
async def test_nut_takes_an_unread_ups_for_well_and_ours_does_not(status, reason, tmp_path):
    async with nis_server(report(STATUS=status)) as server:
        theirs = await asyncio.to_thread(reported, tmp_path, server.address)
        async with OurDriver("apcupsd", server.address) as ours:
            with pytest.raises(DeviceError, match=reason):
                await ours.report()
    assert theirs.is_fresh
    assert theirs.variables["input.voltage"] == "231.8"
