"""Ask many addresses at once, but not too many."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from services.console.scan import serialports
from services.console.scan.exchange import Target
from services.console.scan.found import Found
from services.console.scan.scanners import Scanner, Scope
from shared.errors import PowerError

# What somebody who is no power device may do: refuse, hang up, stay silent, talk nonsense.
_NOTHING_THERE: Final = (OSError, EOFError, PowerError)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One question: what it is about, and whether the user named the very place."""

    about: str
    ask: Callable[[], Awaitable[list[Found]]]
    is_named: bool = False


@dataclass(slots=True)
class Progress:
    """How far a sweep is; `tell` is called after every step."""

    total: int
    tell: Callable[["Progress"], None]
    done: int = 0
    found: int = 0

    def step(self, found: int) -> None:
        """Count a job that is done."""
        self.done += 1
        self.found += found
        self.tell(self)


async def sweep(
    scanners: Sequence[Scanner],
    scope: Scope,
    tell: Callable[[Progress], None],
    complain: Callable[[str], None],
) -> list[Found]:
    """Run the scanners; returns what they found, in their order and that of the addresses.

    `complain` gets why a named serial port could not be asked.
    """
    jobs = [*_jobs(scanners, scope)]
    jobs += [Job(port, partial(_ask_port, port), is_named=True) for port in scope.serial_ports]
    found: dict[int, list[Found]] = {}
    progress = Progress(len(jobs), tell)
    waiting = iter(enumerate(jobs))

    async def work() -> None:
        for number, job in waiting:
            try:
                found[number] = await job.ask()
            except _NOTHING_THERE as error:
                logger.debug("%s: %r", job.about, error)
                found[number] = []
                if job.is_named:
                    complain(str(error))
            progress.step(len(found[number]))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(scope.limit, len(jobs))):
            tasks.create_task(work())
    return [device for number in sorted(found) for device in found[number]]


def _jobs(scanners: Sequence[Scanner], scope: Scope) -> Iterator[Job]:
    for scanner in scanners:
        if scanner.search and (not scope.spans or not scanner.probe):
            yield Job(scanner.what, partial(scanner.search, scope.timeout))
        elif scanner.probe:
            port = scope.ports.get(scanner.name, scanner.port)
            for host in scope.hosts:
                target = Target(host, port, scope.timeout, scope.community)
                yield Job(f"{scanner.name} {host} {port}", partial(scanner.probe, target))


async def _ask_port(port: str) -> list[Found]:
    return await asyncio.to_thread(serialports.probe, port)
