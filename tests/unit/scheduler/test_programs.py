"""Programs: real ones, run for a short time."""

import asyncio
import contextlib
import logging
import os
from pathlib import Path

import pytest

from services.scheduler.book import Changes
from services.scheduler.jobs import Program
from services.scheduler.programs import TOO_LATE, Programs, run_program
from services.scheduler.store import Database, Store

TIMEOUT = 20.0


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def script(tmp_path):
    def write(body):
        file = tmp_path / f"script{len(list(tmp_path.iterdir()))}"
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)
        return str(file)

    return write


async def test_arguments_arrive_as_they_are_and_no_shell_reads_them(script, out):
    path = script(f'printf "%s\\n" "$#" "$@" "$UPSNAME" > {out}')
    words = ("$(id)", "; rm x", "a b", "*", "")
    await run_program(Program((path, *words), {"UPSNAME": "r 1"}), 10)
    assert out.read_text().split("\n") == ["5", *words, "r 1", ""]


async def test_our_own_settings_are_not_passed_on(script, out, monkeypatch):
    monkeypatch.setenv("NUTBUS_BUS__PASSWORD", "hunter2")
    monkeypatch.setenv("OTHER", "kept")
    await run_program(Program((script(f"env > {out}"),)), 10)
    assert "OTHER=kept" in out.read_text()
    assert "hunter2" not in out.read_text()


async def test_what_a_program_says_is_logged_for_debugging(script, caplog):
    with caplog.at_level(logging.DEBUG):
        await run_program(Program((script("echo hello; echo there >&2; exit 3"),)), 10)
    assert "says: hello\nthere" in caplog.text
    assert "ended with 3" in caplog.text


@pytest.mark.parametrize("path", ["/nonexistent", "/dev/null", "/bin/x\0y"])
async def test_a_program_that_cannot_be_run_is_logged(path, caplog):
    await run_program(Program((path,)), 10)
    assert "cannot run" in caplog.text


async def test_a_program_that_takes_too_long_is_ended_with_its_children(script, out, caplog):
    path = script(f"sleep 1000 & echo $! > {out}; wait")
    await run_program(Program((path,)), 2.0)
    assert "runs for more than 2 s and is ended" in caplog.text
    await until_gone(int(out.read_text()))


async def test_a_child_that_stays_in_the_background_holds_nobody_up(script, out):
    path = script(f"sleep 1000 & echo $! > {out}")
    async with asyncio.timeout(TIMEOUT):
        await run_program(Program((path,)), 1000)
    os.kill(int(out.read_text()), 9)


async def test_cancelling_ends_the_program(script, out):
    path = script(f"echo $$ > {out}; exec sleep 1000")
    task = asyncio.create_task(run_program(Program((path,)), 1000))
    async with asyncio.timeout(TIMEOUT):
        while not (out.exists() and out.read_text().strip()):
            await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await until_gone(int(out.read_text()))


async def test_those_of_one_lane_run_one_after_another_the_rest_side_by_side(script, out, tmp_path):
    meet = tmp_path / "meet"
    lane = script(f"echo begin $1 >> {out}; sleep 0.05; echo end $1 >> {out}")
    # Each of the two waits until the other has begun.
    side = script(f"touch {meet}$1; while [ ! -e {meet}$2 ]; do sleep 0.01; done")
    jobs = [Program((lane, str(number)), lane="x") for number in range(3)]
    jobs += [Program((side, "1", "2")), Program((side, "2", "1"))]
    async with running(tmp_path, jobs) as (store, _):
        await until_empty(store)
        await until(lambda: out.read_text().count("end") == 3)
    assert out.read_text().split() == [
        word for number in range(3) for word in ("begin", str(number), "end", str(number))
    ]


async def test_no_more_than_the_limit_run_at_the_same_time(script, out, tmp_path):
    path = script(f"echo 1 >> {out}; sleep 0.4; echo 0 >> {out}")
    async with running(tmp_path, [Program((path,))] * 5, most=2):
        await until(lambda: out.exists() and out.read_text().count("0") == 5)
    level = most = 0
    for word in out.read_text().split():
        level += 1 if word == "1" else -1
        most = max(most, level)
    assert most == 2


async def test_a_program_that_comes_too_late_is_not_run(script, out, tmp_path, caplog):
    job = Program((script(f"touch {out}"),))
    async with running(tmp_path, [job], later=TOO_LATE + 1) as (store, _):
        await until_empty(store)
        await until(lambda: "s late" in caplog.text)
    assert not out.exists()


@contextlib.asynccontextmanager
async def running(folder, jobs, most=4, later=0.0):
    with Store(folder / "store.sqlite3") as store:
        programs = Programs(store, lambda: 1000.0 + later, most)
        for stored in await store.call(Database.commit, Changes(), jobs, 1000.0):
            programs.submit(stored, stored.job)  # type: ignore[arg-type] # these are programs
        task = asyncio.create_task(programs.run())
        try:
            yield store, programs
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def until_empty(store):
    async with asyncio.timeout(TIMEOUT):
        while await store.call(Database.tasks):
            await asyncio.sleep(0.01)


async def until(condition):
    async with asyncio.timeout(TIMEOUT):
        while not condition():
            await asyncio.sleep(0.01)


async def until_gone(pid):
    def is_gone():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            return True
        return stat.rpartition(")")[2].split()[0] == "Z"

    await until(is_gone)
