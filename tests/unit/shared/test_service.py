"""How a service runs: a real process, real signals."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from shared.latest import Latest

TIMEOUT = 20.0

# What every script begins with: settings read from the file that is its argument, a main that says
# each value that it is given, and what becomes of it.
HEAD = """
import asyncio, sys
from pathlib import Path
from shared.errors import BusError, DeviceError, SettingsError
from shared.service import log_to_stderr, run

log_to_stderr("info")

def say(text):
    print(text, flush=True)

def load():
    text = Path(sys.argv[1]).read_text()
    if text == "wrong":
        raise SettingsError("file: key: cure")
    return text

async def main(settings):
    try:
        async for value in settings.follow():
            say(value)
    finally:
        say("left")
"""


class Script:
    """A service in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, settings: Path) -> None:
        self.process = process
        self.settings = settings

    async def line(self) -> str:
        assert self.process.stdout
        async with asyncio.timeout(TIMEOUT):
            return (await self.process.stdout.readline()).decode().rstrip("\n")

    async def error_line(self) -> str:
        assert self.process.stderr
        async with asyncio.timeout(TIMEOUT):
            return (await self.process.stderr.readline()).decode().rstrip("\n")

    async def ended(self) -> tuple[int, str, str]:
        """Return the exit code and the rest of both outputs."""
        async with asyncio.timeout(TIMEOUT):
            out, error = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), error.decode()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@contextlib.asynccontextmanager
async def running(folder: Path, script: str, settings: str = "first") -> AsyncGenerator[Script]:
    file = folder / "settings"
    file.write_text(settings)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-c",
        HEAD + script,
        str(file),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    try:
        yield Script(process, file)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


RUN = "run(load, main)\nsay('end of program')"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_cancels_main_which_leaves_in_order_and_exits_with_0(tmp_path, number):
    async with running(tmp_path, RUN) as service:
        assert await service.line() == "first"
        service.send(number)
        assert await service.ended() == (0, "left\nend of program\n", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_tasks_of_a_group_too(tmp_path, number):
    script = """
async def group(settings):
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(main(settings))
        tasks.create_task(asyncio.sleep(3600))
run(load, group)
"""
    async with running(tmp_path, script) as service:
        assert await service.line() == "first"
        service.send(number)
        assert await service.ended() == (0, "left\n", "")


async def test_a_signal_under_load_ends_the_service(tmp_path):
    script = """
async def busy(settings):
    say("busy")
    while True:
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
run(load, busy)
"""
    async with running(tmp_path, script) as service:
        assert await service.line() == "busy"
        service.send(signal.SIGTERM)
        assert await service.ended() == (0, "", "")


async def test_sighup_hands_new_settings_on(tmp_path):
    async with running(tmp_path, RUN) as service:
        assert await service.line() == "first"
        for value in ("second", "third"):
            service.settings.write_text(value)
            service.send(signal.SIGHUP)
            assert await service.line() == value
            assert (await service.error_line()).endswith("INFO shared.service: settings reloaded")
        service.send(signal.SIGTERM)
        assert (await service.ended())[:2] == (0, "left\nend of program\n")


async def test_wrong_settings_are_refused_in_one_line_and_the_old_ones_stay(tmp_path):
    async with running(tmp_path, RUN) as service:
        assert await service.line() == "first"
        service.settings.write_text("wrong")
        service.send(signal.SIGHUP)
        refused = "settings not reloaded, the old ones stay: file: key: cure"
        assert (await service.error_line()).endswith(f"ERROR shared.service: {refused}")
        service.settings.write_text("right")
        service.send(signal.SIGHUP)
        assert await service.line() == "right"
        service.send(signal.SIGTERM)
        assert (await service.ended())[0] == 0


async def test_wrong_settings_at_the_start_are_raised_before_anything_runs(tmp_path):
    script = """
try:
    run(load, main)
except SettingsError as error:
    say(f"refused: {error}")
"""
    async with running(tmp_path, script, "wrong") as service:
        assert await service.ended() == (0, "refused: file: key: cure\n", "")


ENDINGS = {
    "bare": "raise BusError('gone')",
    "in a group": "raise ExceptionGroup('x', [BusError('gone')])",
    "in groups": "raise ExceptionGroup('x', [ExceptionGroup('y', [BusError('gone')])])",
    "one of many": "raise ExceptionGroup('x', [BusError('gone'), DeviceError('silent')])",
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
async def test_the_error_that_ended_main_is_raised_bare(tmp_path, ending):
    script = f"""
async def failing(settings):
    {ending}
try:
    run(load, failing)
except BusError as error:
    say(f"ended: {{error}}, {{error.__cause__}}, {{error.__suppress_context__}}")
"""
    async with running(tmp_path, script) as service:
        assert await service.ended() == (0, "ended: gone, None, True\n", "")


async def test_a_bug_ends_the_process_with_a_traceback(tmp_path):
    script = """
async def failing(settings):
    raise ZeroDivisionError("a bug")
run(load, failing)
"""
    async with running(tmp_path, script) as service:
        code, _, error = await service.ended()
        assert code == 1
        assert error.startswith("Traceback")
        assert "ZeroDivisionError: a bug" in error


async def test_a_bug_beside_an_expected_error_is_not_hidden(tmp_path):
    script = """
async def failing(settings):
    raise ExceptionGroup("x", [BusError("gone"), ZeroDivisionError("a bug")])
run(load, failing)
"""
    async with running(tmp_path, script) as service:
        code, _, error = await service.ended()
        assert code == 1
        assert "ZeroDivisionError: a bug" in error


async def test_a_main_that_returns_ends_the_service(tmp_path):
    script = """
async def short(settings):
    say(settings.value)
run(load, short)
"""
    async with running(tmp_path, script) as service:
        assert await service.ended() == (0, "first\n", "")


async def test_a_slow_follower_sees_the_newest_value_and_misses_no_change():
    latest = Latest(0)
    following = latest.follow()
    assert await anext(following) == 0
    latest.set(1)
    latest.set(2)
    async with asyncio.timeout(TIMEOUT):
        assert await anext(following) == 2
    waiting = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)
    assert not waiting.done()
    latest.set(3)
    async with asyncio.timeout(TIMEOUT):
        assert await waiting == 3
    await following.aclose()


async def test_every_follower_is_told():
    latest = Latest("a")
    followers = [latest.follow() for _ in range(3)]
    for follower in followers:
        assert await anext(follower) == "a"
    latest.set("b")
    async with asyncio.timeout(TIMEOUT):
        assert [await anext(follower) for follower in followers] == ["b"] * 3
    for follower in followers:
        await follower.aclose()
