"""Programs: run without a shell, a few at a time, each for a limited time.

A program is taken out of the store before it is started: whatever happens, none runs twice.
"""

import asyncio
import contextlib
import logging
import os
import signal
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import IO, Final

from services.scheduler.jobs import Program
from services.scheduler.store import Database, Store, Task

TOO_LATE: Final = 300.0  # what could not be started for so long is not started any more
GRACE: Final = 5.0  # between asking a program to end and ending it
PARTING_GRACE: Final = 2.0
OUTPUT_SHOWN: Final = 4096

logger = logging.getLogger(__name__)


class Programs:
    """Runs what is submitted: that of one lane one after another, the rest side by side."""

    def __init__(self, store: Store, now: Callable[[], float], most: int) -> None:
        self.timeout = 60.0
        self._store = store
        self._now = now
        self._queue: asyncio.Queue[tuple[Task, Program]] = asyncio.Queue()
        self._room = asyncio.Semaphore(most)
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def submit(self, task: Task, program: Program) -> None:
        """Have a program run as soon as it is its turn."""
        self._queue.put_nowait((task, program))

    async def run(self) -> None:
        """Run the programs until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._in_turn(*await self._queue.get()))

    async def _in_turn(self, task: Task, program: Program) -> None:
        lane = self._lanes[program.lane] if program.lane else contextlib.nullcontext()
        async with lane, self._room:
            is_late = self._now() - task.created > TOO_LATE
            if not await self._store.call(Database.claim, task.id):
                return
            if is_late:
                logger.warning("%s is not run: it is %s s late", program.argv[0], f"{TOO_LATE:g}")
            else:
                await run_program(program, program.timeout or self.timeout)


async def run_program(program: Program, timeout: float) -> None:  # noqa: ASYNC109 -- ends the program, not the call
    """Run a program to its end or to its time's end; what goes wrong is logged."""
    with tempfile.TemporaryFile() as output:
        try:
            process = await asyncio.create_subprocess_exec(
                *program.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**_inherited(os.environ), **program.environment},
                start_new_session=True,  # so that what it has started can be ended with it
            )
        except (OSError, ValueError) as error:
            logger.error("cannot run %s: %s", program.argv[0], error)
            return
        logger.info("run %s as process %s", program.argv[0], process.pid)
        await _see_through(program, process, timeout)
        _tell(program, process.returncode, output)


async def _see_through(
    program: Program,
    process: asyncio.subprocess.Process,
    timeout: float,  # noqa: ASYNC109 -- ends the program, not the call
) -> None:
    try:
        async with asyncio.timeout(timeout):
            await process.wait()
    except TimeoutError:
        logger.warning("%s runs for more than %g s and is ended", program.argv[0], timeout)
        await _end(process, GRACE)
    except asyncio.CancelledError:
        await _end(process, PARTING_GRACE)
        raise


async def _end(process: asyncio.subprocess.Process, grace: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, TimeoutError):
            os.killpg(process.pid, number)
            async with asyncio.timeout(grace):
                await process.wait()
                return


def _tell(program: Program, code: int | None, output: IO[bytes]) -> None:
    if code:
        how = f"ended with {code}" if code > 0 else f"was ended by signal {-code}"
        logger.warning("%s %s", program.argv[0], how)
    output.seek(0)
    said = output.read(OUTPUT_SHOWN).decode(errors="replace").strip()
    if said:
        logger.debug("%s says: %s", program.argv[0], said)


def _inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """Pass our environment on, but no settings of ours: they may be secrets."""
    return {
        name: value for name, value in environment.items() if not name.upper().startswith("NUTBUS_")
    }
