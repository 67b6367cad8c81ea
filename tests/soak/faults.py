"""What is done to the set of a soak, at random: kills, freezes, cuts, a full disk, clock jumps."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path

from tests.soak.plant import HOSTS, Broker, Plant
from tests.soak.truth import KILL_BROKER, Faults

LONGEST_PAUSE, LONGEST_AWAY, LONGEST_FREEZE = 12.0, 3.0, 8.0
FULL_FOR = (3.0, 8.0)
JUMPS = (-86400.0, -3600.0, -30.0, 0.0, 30.0, 3600.0, 86400.0)
BALLAST_PIECE = 64 * 1024

Chance = random.Random
Pause = Callable[[], Awaitable[None]]


class Deeds:
    """What can be done to the set; what was begun is always undone."""

    def __init__(self, plant: Plant, faults: Faults) -> None:
        self._plant, self._faults = plant, faults

    async def kill(self, name: str, away: Pause) -> None:
        """Kill a service; it is started again, unless it is a host that went down meanwhile."""
        with self._faults.noted(f"kill {name}"):
            number = len(self._plant.diary.lines())
            await self._plant.programs[name].kill()
            await away()
            went = any(line.who == name for line in self._plant.diary.lines()[number:])
            if not (name in HOSTS and went):
                self._plant.programs[name].start()

    async def freeze(self, name: str, pause: Pause) -> None:
        """Let a service stand still for a while."""
        with self._faults.noted(f"freeze {name}"):
            program = self._plant.programs[name]
            program.send(signal.SIGSTOP)
            try:
                await pause()
            finally:
                program.send(signal.SIGCONT)

    async def cut(self, name: str, pause: Pause) -> None:
        """Let nothing through between a service and the broker for a while."""
        with self._faults.noted(f"cut {name}"):
            line = self._plant.lines[name]
            line.cut()
            try:
                await pause()
            finally:
                line.mend()

    def reset(self, name: str) -> None:
        """Break the connection of a service to the broker."""
        with self._faults.noted(f"reset {name}"):
            self._plant.lines[name].reset()

    async def kill_broker(self, away: Pause) -> None:
        """Kill the broker."""
        async with self._broker(KILL_BROKER) as broker:
            await broker.kill()
            await away()
            await broker.start()

    async def restart_broker(self, away: Pause) -> None:
        """End the broker in good order."""
        async with self._broker("restart broker") as broker:
            await broker.stop()
            await away()
            await broker.start()

    async def freeze_broker(self, pause: Pause) -> None:
        """Let the broker stand still for a while."""
        async with self._broker("freeze broker") as broker:
            os.kill(broker.pid, signal.SIGSTOP)
            try:
                await pause()
            finally:
                os.kill(broker.pid, signal.SIGCONT)

    @contextlib.asynccontextmanager
    async def _broker(self, what: str) -> AsyncGenerator[Broker]:
        """Do something to the broker while nobody else does."""
        async with self._plant.broker_turn:
            with self._faults.noted(what):
                yield self._plant.broker

    async def fill_disk(self, pause: Pause) -> None:
        """Leave no room where the services keep their state; nothing without a disk for that."""
        if not self._plant.has_small_disk:
            return
        ballast = self._plant.state / "ballast"
        with self._faults.noted("disk full"):
            try:
                await asyncio.to_thread(_fill, ballast)
                await pause()
            finally:
                ballast.unlink(missing_ok=True)

    def turn_clock(self, offset: float) -> None:
        """Let the clock of all services leap."""
        with self._faults.noted(f"clock {offset:+.0f} s"):
            self._plant.set_clock(offset)


class Vandal:
    """Does one thing after the other to the set while it is allowed to."""

    def __init__(self, plant: Plant, faults: Faults, chance: Chance) -> None:
        self._plant, self._chance = plant, chance
        self._deeds = Deeds(plant, faults)
        self.allowed = asyncio.Event()
        self.allowed.set()
        self.done: dict[str, int] = {}

    async def work(self) -> None:
        """Go on until cancelled; what was begun is always undone."""
        while True:
            await asyncio.sleep(self._chance.uniform(1.0, LONGEST_PAUSE))
            await self.allowed.wait()
            weights = [weight for weight, _ in FAULTS.values()]
            (name,) = self._chance.choices(list(FAULTS), weights)
            self.done[name] = self.done.get(name, 0) + 1
            await FAULTS[name][1](self)

    def _program(self) -> str:
        """Choose a part that runs: a host that was shut down stays so."""
        alive = [name for name, program in self._plant.programs.items() if program.runs]
        return self._chance.choice(alive)

    async def kill(self) -> None:
        """Kill a service."""
        await self._deeds.kill(self._program(), self._for(LONGEST_AWAY))

    async def freeze(self) -> None:
        """Let a service stand still."""
        await self._deeds.freeze(self._program(), self._for(LONGEST_FREEZE))

    async def cut(self) -> None:
        """Cut a service off."""
        await self._deeds.cut(self._program(), self._for(LONGEST_FREEZE))

    async def reset(self) -> None:
        """Break the connection of a service."""
        self._deeds.reset(self._program())

    async def kill_broker(self) -> None:
        """Kill the broker."""
        await self._deeds.kill_broker(self._for(LONGEST_AWAY))

    async def restart_broker(self) -> None:
        """End the broker in good order."""
        await self._deeds.restart_broker(self._for(LONGEST_AWAY))

    async def freeze_broker(self) -> None:
        """Let the broker stand still."""
        await self._deeds.freeze_broker(self._for(LONGEST_FREEZE))

    async def fill_disk(self) -> None:
        """Fill the disk."""
        await self._deeds.fill_disk(self._for(FULL_FOR[1], FULL_FOR[0]))

    async def turn_clock(self) -> None:
        """Let the clock leap."""
        self._deeds.turn_clock(self._chance.choice(JUMPS))

    def _for(self, longest: float, least: float = 0.0) -> Pause:
        return lambda: asyncio.sleep(self._chance.uniform(least, longest))


FAULTS: Mapping[str, tuple[float, Callable[[Vandal], Awaitable[None]]]] = {
    "kill": (5, Vandal.kill),
    "freeze": (4, Vandal.freeze),
    "cut": (4, Vandal.cut),
    "reset": (2, Vandal.reset),
    "kill broker": (2, Vandal.kill_broker),
    "restart broker": (1, Vandal.restart_broker),
    "freeze broker": (1, Vandal.freeze_broker),
    "disk full": (1, Vandal.fill_disk),
    "clock": (1, Vandal.turn_clock),
}


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(BALLAST_PIECE)):
                pass
        except OSError:
            return
