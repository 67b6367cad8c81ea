"""How people are told: the system log, every terminal, and a program of the user's choice.

What is told is never waited for: a program that hangs or a full system log delays no shutdown.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

SYSLOG_PATH: Final = "/dev/log"
SYSLOG_NOTICE: Final = 3 * 8 + 5  # facility daemon, severity notice
AT_ONCE: Final = 8  # programs that run at one time
WAITING: Final = 200  # programs that wait for their turn
PATIENCE: Final = 60.0  # seconds that a program may take
PARTING_TIME: Final = 5.0  # seconds that programs are given when the monitor leaves

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A program to run: what it gets as input and what is added to its environment."""

    command: str | Sequence[str]
    environment: dict[str, str]
    text: str | None = None


class Notifier:
    """Tells people what happened; `running` is what makes it work."""

    def __init__(self, syslog_path: str = SYSLOG_PATH) -> None:
        self._syslog_path = syslog_path
        self._waiting: deque[Job] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._tasks: asyncio.TaskGroup | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Run programs inside the block; those under way at its end get a little time."""
        async with asyncio.TaskGroup() as self._tasks:
            try:
                yield
            finally:
                await self._part()

    def syslog(self, text: str) -> bool:
        """Write to the system log; False if there is none."""
        line = f"<{SYSLOG_NOTICE}>nutbus-monitor[{os.getpid()}]: {text}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.setblocking(False)
            try:
                log.sendto(line.encode(errors="replace"), self._syslog_path)
            except OSError:
                return False
        return True

    def wall(self, text: str) -> None:
        """Write to every terminal, where there is the program for it."""
        program = shutil.which("wall")
        if program:
            self._put(Job([program], {}, text + "\n"))

    def execute(self, command: str | Sequence[str], text: str, kind: str, device: str) -> None:
        """Run the user's program with the message as its last argument.

        A list is run as it is; a string is a line for the shell, as NUT has it.
        """
        text = text.replace("\0", " ")  # a device may say it, and no program can be told it
        environment = {"UPSNAME": device, "NOTIFYTYPE": kind}
        if isinstance(command, str):
            self._put(Job(["/bin/sh", "-c", f'{command} "$1"', "sh", text], environment))
        else:
            self._put(Job([*command, text], environment))

    def _put(self, job: Job) -> None:
        if len(self._waiting) >= WAITING:
            logger.warning("too many notifications at one time: one is dropped")
            return
        self._waiting.append(job)
        self._start()

    def _start(self) -> None:
        while self._tasks and self._waiting and len(self._running) < AT_ONCE:
            task = self._tasks.create_task(_run(self._waiting.popleft()))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start()

    async def _part(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PARTING_TIME):
                while self._running:
                    await asyncio.wait(self._running)
        self._waiting.clear()
        for task in self._running:
            task.cancel()


async def _run(job: Job) -> None:
    name = job.command[0]
    try:
        process = await asyncio.create_subprocess_exec(
            *job.command,
            stdin=subprocess.DEVNULL if job.text is None else subprocess.PIPE,
            env={**os.environ, **job.environment},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        logger.error("cannot run the notification program %s: %s", name, why)
        return
    try:
        async with asyncio.timeout(PATIENCE):
            await process.communicate(job.text.encode() if job.text is not None else None)
    except TimeoutError:
        logger.warning("%s took more than %g s and was ended", name, PATIENCE)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # a shell and what it started
            await process.wait()
    if process.returncode:
        logger.warning("the notification program %s failed: exit code %s", name, process.returncode)
