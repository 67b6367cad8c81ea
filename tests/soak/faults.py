"""What is done to the set of a soak, at random: kills, freezes, cuts, a full disk, clock jumps."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from tests.soak.plant import HOSTS, Plant
from tests.soak.truth import Faults

LONGEST_PAUSE, LONGEST_AWAY, LONGEST_FREEZE = 12.0, 3.0, 8.0
FULL_FOR = (3.0, 8.0)
JUMPS = (-86400.0, -3600.0, -30.0, 0.0, 30.0, 3600.0, 86400.0)
BALLAST_PIECE = 64 * 1024

Chance = random.Random


class Vandal:
    """Does one thing after the other to the set while it is allowed to."""

    def __init__(self, plant: Plant, faults: Faults, chance: Chance) -> None:
        self._plant, self._faults, self._chance = plant, faults, chance
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
        """Kill a service; it is started again, unless it is a host that went down meanwhile."""
        name = self._program()
        with self._faults.noted(f"kill {name}"):
            number = len(self._plant.diary.lines())
            await self._plant.programs[name].kill()
            await self._pause(LONGEST_AWAY)
            went = any(line.who == name for line in self._plant.diary.lines()[number:])
            if not (name in HOSTS and went):
                self._plant.programs[name].start()

    async def freeze(self) -> None:
        """Let a service stand still for a while."""
        name = self._program()
        with self._faults.noted(f"freeze {name}"):
            program = self._plant.programs[name]
            program.send(signal.SIGSTOP)
            try:
                await self._pause(LONGEST_FREEZE)
            finally:
                program.send(signal.SIGCONT)

    async def cut(self) -> None:
        """Let nothing through between a service and the broker for a while."""
        name = self._program()
        with self._faults.noted(f"cut {name}"):
            line = self._plant.lines[name]
            line.cut()
            try:
                await self._pause(LONGEST_FREEZE)
            finally:
                line.mend()

    async def reset(self) -> None:
        """Break the connection of a service to the broker."""
        name = self._program()
        with self._faults.noted(f"reset {name}"):
            self._plant.lines[name].reset()

    async def kill_broker(self) -> None:
        """Kill the broker."""
        with self._faults.noted("kill broker"):
            await self._plant.broker.kill()
            await self._pause(LONGEST_AWAY)
            await self._plant.broker.start()

    async def restart_broker(self) -> None:
        """End the broker in good order."""
        with self._faults.noted("restart broker"):
            await self._plant.broker.stop()
            await self._pause(LONGEST_AWAY)
            await self._plant.broker.start()

    async def freeze_broker(self) -> None:
        """Let the broker stand still for a while."""
        with self._faults.noted("freeze broker"):
            pid = self._plant.broker.pid
            os.kill(pid, signal.SIGSTOP)
            try:
                await self._pause(LONGEST_FREEZE)
            finally:
                os.kill(pid, signal.SIGCONT)

    async def fill_disk(self) -> None:
        """Leave no room where the services keep their state."""
        if not self._plant.has_small_disk:
            return
        ballast = self._plant.state / "ballast"
        with self._faults.noted("disk full"):
            try:
                await asyncio.to_thread(_fill, ballast)
                await asyncio.sleep(self._chance.uniform(*FULL_FOR))
            finally:
                ballast.unlink(missing_ok=True)

    async def turn_clock(self) -> None:
        """Let the clock of all services leap."""
        offset = self._chance.choice(JUMPS)
        with self._faults.noted(f"clock {offset:+.0f} s"):
            self._plant.set_clock(offset)

    async def _pause(self, longest: float) -> None:
        await asyncio.sleep(self._chance.uniform(0.0, longest))


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
