"""Runs a soak: the set, what is done to it, what happens to its devices, and who watches it all."""

import asyncio
import contextlib
import random
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak.acts import GROUPS, Company
from tests.soak.checker import STRICT, Checker, Limits
from tests.soak.faults import Vandal
from tests.soak.hook import Hook
from tests.soak.observer import Observer
from tests.soak.plant import Plant, running
from tests.soak.truth import Faults, Findings, now

VANDALS = 2
VIEWS = ("gateway", "web", "homeassistant")
SETTLED_WITHIN = 120.0
SETTLED_FOR = 10.0
AFTERWARDS = 20.0  # seconds for messages that were refused to come after all
SAMPLE_EVERY, PROGRESS_EVERY = 5.0, 30.0
WARM = 40.0  # seconds of a process's life in which its memory may grow
CLOSING = 0.2  # seconds for connections that were aborted to be gone
GROWTH = 25.0  # megabytes that it may grow after that
BAD_LINES = re.compile(
    r"Traceback \(most recent|never retrieved|was never awaited|CRITICAL asyncio"
)
CONTEXT = 12

Say = Callable[[str], None]


@dataclass(slots=True)
class _Life:
    """The memory of one process: when it was first seen, and its least and most once warm."""

    pid: int
    born: float
    least: float = 0.0
    most: float = 0.0


@dataclass(slots=True)
class Outcome:
    """What a soak has found, and how much it did."""

    wrong: list[str]
    counts: dict[str, int]
    faults: dict[str, int]
    acts: dict[str, int]
    looks: int
    memory: dict[str, tuple[float, float]] = field(default_factory=dict)


class Stage:
    """The set, and all that watch it; `findings` are complete when it is no more."""

    def __init__(self, plant: Plant, seed: int, say: Say, limits: Limits) -> None:
        self.plant = plant
        self.faults = Faults()
        self.findings = findings = Findings(self.faults, say)
        self.hook = Hook(plant.ports["hook"], random.Random(f"{seed} hook"))
        self.observer = Observer(plant.broker.url, self.faults, findings)
        chance = random.Random(f"{seed} orders")
        self.checker = Checker(plant, self.observer, self.faults, findings, chance, limits)
        self.memory = _Memory(plant, findings)


@contextlib.asynccontextmanager
async def staged(
    folder: Path, seed: int, say: Say, limits: Limits = STRICT
) -> AsyncGenerator[Stage]:
    """Let the whole set run and be watched inside the block; then judge what is left to judge."""
    async with running(folder) as plant:
        stage = Stage(plant, seed, say, limits)
        checker = stage.checker
        first = (stage.hook.work(), stage.observer.work(), stage.memory.work())
        async with asyncio.TaskGroup() as tasks:
            watching = [tasks.create_task(work) for work in first]
            say("starting")
            with stage.faults.noted("start"):
                await _settled(plant, stage.observer)
            views = (checker.watch_views(view) for view in VIEWS)
            later = (*views, checker.watch_hosts(), checker.order())
            watching += [tasks.create_task(work) for work in later]
            say("the set runs")
            yield stage
            for task in watching:
                task.cancel()
        checker.conclude(stage.hook)
    await asyncio.sleep(CLOSING)
    _judge_logs(plant, stage.findings)


async def soak(folder: Path, seed: int, seconds: float, say: Say) -> Outcome:
    """Soak the whole set for so many seconds; the seed decides what is done when."""
    async with staged(folder, seed, say) as stage:
        plant, faults, findings = stage.plant, stage.faults, stage.findings
        with faults.noted("start"):
            await asyncio.sleep(SETTLED_FOR)
        vandals = [Vandal(plant, faults, random.Random(f"{seed} {n}")) for n in range(VANDALS)]
        companies = [
            Company(
                name,
                plant,
                stage.observer,
                vandals,
                faults,
                findings,
                random.Random(f"{seed}{name}"),
            )
            for name in GROUPS
        ]
        works = [*(each.work() for each in vandals), *(each.work() for each in companies)]
        works.append(_progress(findings, faults, say))
        async with asyncio.TaskGroup() as tasks:
            done = [tasks.create_task(work) for work in works]
            await asyncio.sleep(seconds)
            say("it is left alone")
            for task in done:
                task.cancel()
        with faults.noted("end"):
            await _afterwards(plant)
    return Outcome(
        findings.wrong,
        findings.counts,
        _sum(vandal.done for vandal in vandals),
        _sum(company.done for company in companies),
        stage.checker.looks,
        stage.memory.seen,
    )


async def _settled(plant: Plant, observer: Observer) -> None:
    async with asyncio.timeout(SETTLED_WITHIN):
        while not all(map(observer.is_available, plant.devices)):
            await asyncio.sleep(0.1)


async def _afterwards(plant: Plant) -> None:
    """Let everything be well again, and wait until it shows."""
    for device in plant.devices.values():
        device.say("OL", 100)
    await plant.mend()
    await asyncio.sleep(AFTERWARDS)


async def _progress(findings: Findings, faults: Faults, say: Say) -> None:
    while True:
        await asyncio.sleep(PROGRESS_EVERY)
        say(f"{len(faults.all)} faults, {len(findings.wrong)} wrong, {findings.counts}")


class _Memory:
    """Notes how much memory each process takes, and whether it grows without end."""

    def __init__(self, plant: Plant, findings: Findings) -> None:
        self._plant, self._findings = plant, findings
        self._lives: dict[str, _Life] = {}
        self.seen: dict[str, tuple[float, float]] = {}

    async def work(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_EVERY)
            for name, program in self._plant.programs.items():
                if program.process and program.runs:
                    self._note(name, program.process.pid, program.megabytes())

    def _note(self, name: str, pid: int, size: float) -> None:
        life = self._lives.get(name)
        if life is None or life.pid != pid:
            life = self._lives[name] = _Life(pid, now())
        if now() - life.born < WARM:
            return
        life.least = min(life.least or size, size)
        life.most = max(life.most, size)
        least, most = self.seen.get(name, (size, size))
        self.seen[name] = min(least, size), max(most, size)
        if life.most - life.least > GROWTH:
            self._findings.add(f"{name} grew from {life.least:.0f} to {life.most:.0f} MB")
            life.least = size


def _judge_logs(plant: Plant, findings: Findings) -> None:
    for name, program in plant.programs.items():
        lines = program.log.read_text(errors="replace").splitlines()
        for number, line in enumerate(lines):
            if BAD_LINES.search(line):
                rest = "\n    ".join(lines[max(0, number - 2) : number + CONTEXT])
                findings.add(f"{name} said:\n    {rest}\n")


def _sum(tables: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for table in tables:
        total.update(table)
    return dict(total)
