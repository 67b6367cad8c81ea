"""Debian's real upssched and our scheduler, with the same upssched.conf and the same events."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from services.scheduler import upssched
from services.scheduler.book import Book, Cause
from services.scheduler.jobs import Program
from services.scheduler.plan import plan
from services.scheduler.settings import SchedulerSettings
from shared.nutconfig import nut_settings
from tests.brokers import find_program

pytestmark = pytest.mark.integration

# What Debian's upssched and ours do with the same file and the same events: the seconds at which
# an event comes, its type and UPS. Timers differ by two seconds or more, as upssched looks at them
# once a second.
LOCAL = "a@localhost"
SCENARIOS = {
    "a timer": (["AT ONBATT * START-TIMER out 1"], [(0, "ONBATT", LOCAL)]),
    "a timer for another ups": (
        ["AT ONBATT b@localhost START-TIMER out 1"],
        [(0, "ONBATT", LOCAL)],
    ),
    "a cancelled timer": (
        ["AT ONBATT * START-TIMER out 4", "AT ONLINE * CANCEL-TIMER out"],
        [(0, "ONBATT", LOCAL), (1, "ONLINE", LOCAL)],
    ),
    "a timer cancelled by another ups": (
        ["AT ONBATT * START-TIMER out 4", "AT ONLINE * CANCEL-TIMER out"],
        [(0, "ONBATT", LOCAL), (1, "ONLINE", "b@localhost")],
    ),
    "a timer that passed before it was cancelled": (
        ["AT ONBATT * START-TIMER out 1", "AT ONLINE * CANCEL-TIMER out late"],
        [(0, "ONBATT", LOCAL), (4, "ONLINE", LOCAL)],
    ),
    "a cancel with a command, in time": (
        ["AT ONBATT * START-TIMER out 5", "AT ONLINE * CANCEL-TIMER out late"],
        [(0, "ONBATT", LOCAL), (1, "ONLINE", LOCAL)],
    ),
    "a cancel with nothing there": (
        ["AT ONLINE * CANCEL-TIMER out", "AT ONLINE * EXECUTE on"],
        [(0, "ONLINE", LOCAL)],
    ),
    "the same timer twice": (
        ["AT ONBATT * START-TIMER out 2"],
        [(0, "ONBATT", LOCAL), (1, "ONBATT", "b@localhost")],
    ),
    "timers end in the order of their times": (
        ["AT ONBATT * START-TIMER long 5", "AT ONBATT * START-TIMER short 1"],
        [(0, "ONBATT", LOCAL)],
    ),
    "all lines that match, in the order of the file": (
        [
            "AT ONBATT * EXECUTE one",
            f"AT onbatt {LOCAL} EXECUTE two",
            "AT ONBATT b@localhost EXECUTE three",
            "AT ONLINE * EXECUTE four",
            'AT OnBatt * EXECUTE "five"',
        ],
        [(0, "ONBATT", LOCAL)],
    ),
    "commands that are none": (
        ["AT ONBATT * ONBATT x", "AT ONBATT * start-timer x 1", "AT ONBATT * EXECUTE on"],
        [(0, "ONBATT", LOCAL)],
    ),
    "a time that is negative or ends in letters": (
        ["AT ONBATT * START-TIMER never -3", "AT ONBATT * START-TIMER out 1s"],
        [(0, "ONBATT", LOCAL)],
    ),
    "a storm": (
        [
            "AT ONBATT * START-TIMER out 3",
            "AT ONLINE * CANCEL-TIMER out",
            "AT ONLINE * EXECUTE on",
        ],
        [(second / 2, ("ONBATT", "ONLINE")[second % 2], LOCAL) for second in range(7)],
    ),
}
# Where ours does what the manual says, and 2.8.0 does not; what 2.8.0 does first.
DIFFERENT = {
    "cancel takes all timers of the name (NUT: since 2.8.5)": (
        ["AT ONBATT * START-TIMER out 4", "AT ONLINE * CANCEL-TIMER out"],
        [(0, "ONBATT", LOCAL), (0.3, "ONBATT", "b@localhost"), (0.6, "ONLINE", LOCAL)],
        ["out"],
        [],
    ),
    "a command of two words is one argument (NUT: since 2.8.6)": (
        ['AT ONBATT * EXECUTE "two words"'],
        [(0, "ONBATT", LOCAL)],
        ["two|words"],
        ["two words"],
    ),
    "timers are shared (NUT: since 2.8.5)": (
        ["AT ONBATT * START-TIMER-SHARED out 1"],
        [(0, "ONBATT", LOCAL), (0.2, "ONBATT", "b@localhost")],
        [],
        ["out"],
    ),
    "cancel-timer-matched is known (NUT: never)": (
        ["AT ONBATT * START-TIMER out 3", "AT ONLINE * CANCEL-TIMER-MATCHED out"],
        [(0, "ONBATT", LOCAL), (0.5, "ONLINE", LOCAL)],
        ["out"],
        [],
    ),
}


async def of_upssched(folder: Path, lines: list[str], events, seconds: float) -> list[str]:
    """Tell what the real upssched runs: arguments set apart by |, then the environment."""
    script, out = folder / "script", folder / "out"
    script.write_text(f'#!/bin/sh\nIFS="|"; echo "$* $UPSNAME $NOTIFYTYPE" >> {out}\n')
    script.chmod(0o755)
    out.touch()
    head = [f"CMDSCRIPT {script}", f"PIPEFN {folder}/pipe", f"LOCKFN {folder}/lock"]
    (folder / "upssched.conf").write_text("\n".join([*head, *lines, ""]))
    program = find_program("upssched", "nut-client")
    began, groups = time.monotonic(), []
    try:
        for moment, type_, ups in events:
            await asyncio.sleep(began + moment - time.monotonic())
            told = {"NUT_CONFPATH": str(folder), "UPSNAME": ups, "NOTIFYTYPE": type_}
            process = await asyncio.create_subprocess_exec(
                program,
                env={**os.environ, **told},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # the timers' process stays behind in it
            )
            groups.append(process.pid)
            await process.wait()
        await asyncio.sleep(began + seconds - time.monotonic())
    finally:
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
    return out.read_text().splitlines()


def of_ours(folder: Path, events, seconds: float) -> list[str]:
    """Tell what our scheduler would run with the same file."""
    (folder / "ups.conf").write_text("")
    section = nut_settings(folder)["scheduler"]
    script = plan(SchedulerSettings.from_tables({"scheduler": section}, "x").scheduler).script
    assert script is not None
    book, done = Book({}), []

    def take():
        for job in book.changes.jobs:
            assert isinstance(job, Program)
            told = job.environment
            done.append(f"{'|'.join(job.argv[1:])} {told['UPSNAME']} {told['NOTIFYTYPE']}")
        book.changes.jobs.clear()

    def turn(now):
        while due := book.due(now):
            upssched.fire(book, script, due[0])
        take()

    for moment, type_, ups in events:
        turn(moment)
        # The name of the device has no host; the line's spelling is told, or none.
        upssched.happen(book, script, Cause(ups.partition("@")[0], type_, "", moment), moment)
        take()
    turn(seconds)
    return done


def commands(lines: list[str]) -> list[str]:
    return [line.rsplit(" ", 2)[0] for line in lines]


async def test_upssched_and_ours_run_the_same_in_the_same_order(tmp_path):
    seconds = 8.0
    alike = [(name, *scenario) for name, scenario in SCENARIOS.items()]
    other = [(name, lines, events) for name, (lines, events, _, _) in DIFFERENT.items()]
    folders = [tmp_path / str(number) for number in range(len(alike + other))]
    for folder in folders:
        folder.mkdir()
    async with asyncio.TaskGroup() as tasks:
        theirs = [
            tasks.create_task(of_upssched(folder, lines, events, seconds))
            for folder, (_, lines, events) in zip(folders, alike + other, strict=True)
        ]
    results = {
        name: (their.result(), of_ours(folder, events, seconds))
        for their, folder, (name, _, events) in zip(theirs, folders, alike + other, strict=True)
    }
    for name, _, _ in alike:
        their, ours = results[name]
        assert commands(ours) == commands(their), name
    for name, (_, _, expected_theirs, expected_ours) in DIFFERENT.items():
        their, ours = results[name]
        assert (commands(their), commands(ours)) == (expected_theirs, expected_ours), name
    # What a timer runs is told, by 2.8.0, of the event that started the first timer: not compared.
    # What runs at once is told the same of its event, but for the host that we do not know.
    their, ours = results["all lines that match, in the order of the file"]
    assert [line.replace("@localhost", "") for line in their] == [
        line.replace("@localhost", "") for line in ours
    ]
    assert [line.split()[0] for line in their] == ["one", "two", "five"]
