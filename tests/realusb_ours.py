"""Our drivers in a process of their own, where libusb sees the USB devices of a test.

`OurUsbDrivers` is the test's end. For each order the process reads a line of JSON, and it writes
one with what came of it.
"""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from shared.errors import PowerError
from shared.messages import Writable
from tests.likenut import OurDriver, Report

ROOT = Path(__file__).parents[1]
TIMEOUT = 60.0
LIMIT = 1 << 20  # of a line; a report has some kilobytes


class OurUsbDrivers:
    """The process; use it as an async context manager. Orders may be given at once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._answers: dict[int, asyncio.Future[Any]] = {}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.realusb_ours"),
            env={**os.environ, **self._environment, "PYTHONPATH": str(ROOT)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LIMIT,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()
        await self._reader

    async def open(self, name: str, kind: str, options: Mapping[str, Any]) -> Report:
        """Open a device and return its first report."""
        return _report(await self._order("open", name, kind, dict(options)))

    async def report(self, name: str) -> Report:
        """Poll once."""
        return _report(await self._order("report", name))

    async def news(self, name: str) -> Report:
        """Wait until the device has told something unasked, and report."""
        return _report(await self._order("news", name))

    async def command(self, name: str, command: str, value: str | None = None) -> str:
        """Give an instant command; return "" or why it was not carried out."""
        return str(await self._order("command", name, command, value))

    async def set(self, name: str, variable: str, value: str) -> str:
        """Write a variable; return "" or why it was not written."""
        return str(await self._order("set", name, variable, value))

    async def _order(self, *words: Any) -> Any:
        assert self._process.stdin
        number = len(self._answers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps([number, *words]).encode() + b"\n")
        async with asyncio.timeout(TIMEOUT):
            found, problem = await answer
        if problem:
            raise AssertionError(f"{words}: {problem}")
        return found

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            number, *answer = json.loads(line)
            self._answers[number].set_result(answer)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result((None, "the process with our drivers has ended"))


def _report(found: dict[str, Any]) -> Report:
    """Read what `Worker` made of a report."""
    report = Report(**found)
    writable = {name: Writable.model_validate(each) for name, each in report.writable.items()}
    return replace(report, writable=writable, commands=tuple(report.commands))


class Worker:
    """The drivers of the process by the names of their devices."""

    def __init__(self) -> None:
        self._drivers: dict[str, OurDriver] = {}

    async def carry_out(self, what: str, name: str, *words: Any) -> Any:
        """Do as `OurUsbDrivers` wants it."""
        if what == "open":
            kind, options = words
            self._drivers[name] = await OurDriver(kind, "auto", options).__aenter__()
        driver = self._drivers[name]
        if what == "news":
            await driver.driver.wait()
        if what in ("open", "report", "news"):
            report = await driver.report()
            writable = {name: each.model_dump() for name, each in report.writable.items()}
            return {
                "variables": dict(report.variables),
                "writable": writable,
                "commands": report.commands,
                "is_fresh": report.is_fresh,
            }
        try:
            await (driver.command(*words) if what == "command" else driver.set(*words))
        except PowerError as error:
            return str(error)
        return ""

    async def close(self) -> None:
        """Let all devices go."""
        for driver in self._drivers.values():
            await driver.__aexit__()


async def _answer(worker: Worker, line: str) -> None:
    number, *words = json.loads(line)
    found, problem = None, ""
    try:
        found = await worker.carry_out(*words)
    except PowerError as error:
        problem = str(error)
    except Exception:  # a driver's mistake is the test's to tell
        problem = traceback.format_exc()
    sys.stdout.write(json.dumps([number, found, problem]) + "\n")
    sys.stdout.flush()


async def _serve() -> None:
    worker = Worker()
    orders = []
    async with asyncio.TaskGroup() as tasks:
        while line := await asyncio.to_thread(sys.stdin.readline):
            orders.append(tasks.create_task(_answer(worker, line)))
        for order in orders:
            order.cancel()
    await worker.close()


if __name__ == "__main__":
    asyncio.run(_serve())
