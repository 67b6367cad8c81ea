"""The short form of a soak: each kind of fault once, in one order, each until its effect shows."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from tests.soak.acts import Company
from tests.soak.checker import Limits
from tests.soak.faults import Deeds, Pause
from tests.soak.play import Outcome, Say, Stage, staged
from tests.soak.truth import now

# The machine may do other things too: what must be true comes later then, and is as true.
LIMITS = Limits(longest_age=30.0, back_after=60.0)
PATIENCE = 60.0
LOOK = 0.1
HOUR, DOUBT = 3600.0, 60.0
ORDERS = 2  # that are given while the disk is full


async def drill(folder: Path, seed: int, say: Say) -> Outcome:
    """Do everything to the set once; the seed decides only which messages are refused."""
    done: dict[str, int] = {}
    async with staged(folder, seed, say, LIMITS) as stage:
        drill = Drill(stage, seed)
        await drill.settle()
        for name, step in STEPS.items():
            say(name)
            await step(drill)
            await drill.settle()
            done[name] = done.get(name, 0) + 1
        say("it is left alone")
    found = stage.findings
    return Outcome(found.wrong, found.counts, done, {}, stage.checker.looks)


class Drill:
    """The steps; each goes on when its effect shows, and whatever never shows is a finding."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self._deeds = Deeds(stage.plant, stage.faults)
        self._company = Company(
            "one",
            stage.plant,
            stage.observer,
            [],
            stage.faults,
            stage.findings,
            random.Random(seed),
            PATIENCE,
        )

    async def settle(self) -> None:
        """Wait until every view shows every device anew."""
        since = now()
        await self._until(lambda: self._stage.checker.sees_all(since), "is not all shown again")

    async def kill_broker(self) -> None:
        """Kill the broker until the gateway's clients know it."""
        await self._deeds.kill_broker(self._is_lost("gateway"))

    async def kill_service(self) -> None:
        """Kill a driver service until the web's users know it; start it again."""
        await self._deeds.kill("d1", self._is_lost("web"))

    async def cut(self) -> None:
        """Cut the gateway off from the broker until its clients know it."""
        await self._deeds.cut("gateway", self._is_lost("gateway"))

    async def fill_disk(self) -> None:
        """Leave no room on the disk while orders are given."""
        if not self._stage.plant.has_small_disk:
            self._stage.findings.add("there is no small disk to fill: is this root?")
        await self._deeds.fill_disk(self._orders)

    async def turn_clock(self) -> None:
        """Set the clock of all services an hour ahead, and back."""
        for offset in (HOUR, 0.0):
            self._deeds.turn_clock(offset)
            is_told = partial(self._clock_is, offset)
            await self._until(is_told, f"is no clock {offset:+.0f} s ahead")
            await self.settle()

    async def cut_power(self) -> None:
        """Take mains away until two hosts are down and the receiver knows; boot them again."""
        device = self._stage.plant.devices["rack1"]
        await self._company.outage()
        said = [f"{device.name} {word.number}" for word in device.words if "OB" in word.status]
        messages = self._stage.hook.messages
        await self._until(lambda: {*said} & {*messages}, "is nobody told of it")
        await self._company.restore()

    def _is_lost(self, view: str) -> Pause:
        return lambda: self._until(
            lambda: not self._stage.checker.sees(view, "rack1"), f"does the {view} show rack1"
        )

    async def _orders(self) -> None:
        counts, what = self._stage.findings.counts, "orders accepted"
        enough = counts.get(what, 0) + ORDERS
        await self._until(lambda: counts.get(what, 0) >= enough, "are no orders taken")

    def _clock_is(self, offset: float) -> bool:
        return abs(self._stage.observer.clock_of("rack1") - offset) < DOUBT

    async def _until(self, condition: Callable[[], object], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            self._stage.findings.add(f"even after {PATIENCE:.0f} s {what}")


STEPS: Mapping[str, Callable[[Drill], Awaitable[None]]] = {
    "broker killed": Drill.kill_broker,
    "service killed": Drill.kill_service,
    "network cut": Drill.cut,
    "disk full": Drill.fill_disk,
    "clock": Drill.turn_clock,
    "power cut": Drill.cut_power,
}
