"""What happens to the devices of a soak: power cuts, silence, orders; and who has to go for it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

from tests.soak.faults import Vandal
from tests.soak.observer import Observer
from tests.soak.plant import HOSTS, Plant
from tests.soak.settings import DEAD_TIME
from tests.soak.truth import LOW, ON_BATTERY, ON_LINE, SILENT, Faults, Findings, now

GROUPS: Mapping[str, tuple[str, ...]] = {"one": ("rack1",), "two": ("rack2", "twin")}
CALM_AFTER = 20.0  # seconds of an outage after which nothing more is done to the set
DEADLINE = 30.0  # undisturbed seconds in which every host that has to go must be down
GIVE_UP = 150.0
LOOK = 0.2
FULL, DRAINED, EMPTY = 100, 60, 15


class Company:
    """The devices of one group, the hosts that they feed, and what happens to them."""

    def __init__(
        self,
        name: str,
        plant: Plant,
        observer: Observer,
        vandals: list[Vandal],
        faults: Faults,
        findings: Findings,
        chance: random.Random,
        deadline: float = DEADLINE,
    ) -> None:
        self._deadline = deadline
        self._plant, self._observer, self._vandals = plant, observer, vandals
        self._faults, self._findings, self._chance = faults, findings, chance
        self._devices = [plant.devices[device] for device in GROUPS[name]]
        self._hosts = [host for host, fed in HOSTS.items() if {*fed} <= {*GROUPS[name]}]
        self._alive_since = dict.fromkeys(self._hosts, 0)
        self.done: dict[str, int] = {}

    async def work(self) -> None:
        """Let one thing after the other happen until cancelled."""
        while True:
            await asyncio.sleep(self._chance.uniform(3.0, 9.0))
            name = self._chance.choice([*ACTS])
            self.done[name] = self.done.get(name, 0) + 1
            await ACTS[name](self)
            await self.restore()

    async def dip(self) -> None:
        """Mains is away for a moment."""
        self._say(ON_BATTERY, DRAINED)
        await asyncio.sleep(self._chance.uniform(0.5, 8.0))

    async def flap(self) -> None:
        """Mains comes and goes."""
        for _ in range(self._chance.randint(2, 6)):
            self._say(ON_BATTERY, DRAINED)
            await asyncio.sleep(self._chance.uniform(0.1, 1.5))
            self._say(ON_LINE, FULL)
            await asyncio.sleep(self._chance.uniform(0.1, 1.5))

    async def silence(self) -> None:
        """Devices do not answer for a while; mains is there."""
        self._say(SILENT, 0)
        await asyncio.sleep(self._chance.uniform(1.0, 2 * DEAD_TIME))

    async def outage(self) -> None:
        """Mains is away until the batteries are low: every host has to go."""
        self._say(ON_BATTERY, DRAINED)
        await asyncio.sleep(self._chance.uniform(0.5, 6.0))
        self._say(LOW, EMPTY)
        await self._all_down("the battery is low")

    async def lost_on_battery(self) -> None:
        """Devices fall silent on battery: every host has to go."""
        self._say(ON_BATTERY, DRAINED)
        await asyncio.sleep(self._chance.uniform(3.0, 6.0))
        # Only who heard OB before knows that it is on battery; a part that is new does not.
        for vandal in self._vandals:
            vandal.allowed.clear()
        while self._faults.calm_for() < DEADLINE / 2:
            await asyncio.sleep(LOOK)
        self._say(SILENT, 0)
        await self._all_down("silent on battery")

    async def one_of_two(self) -> None:
        """One device fails; who has another stays."""
        device = self._chance.choice(self._devices)
        if len(self._devices) > 1:
            device.say(ON_BATTERY, DRAINED)
            await asyncio.sleep(1.0)
            device.say(LOW, EMPTY)
            await asyncio.sleep(self._chance.uniform(5.0, 15.0))

    def _say(self, status: str, charge: int) -> None:
        for device in self._devices:
            device.say(status, charge)

    def _up(self) -> list[str]:
        """Name the hosts that did not go down since they were booted."""
        gone = self._plant.diary.who
        return [host for host in self._hosts if gone.count(host) == self._alive_since[host]]

    async def _all_down(self, why: str) -> None:
        """Wait until all hosts went down; a finding if they do not in time."""
        began = now()
        while missing := self._up():
            if now() - began > CALM_AFTER:
                for vandal in self._vandals:
                    vandal.allowed.clear()
            calm = min(now() - began, self._faults.calm_for())
            if calm > self._deadline or now() - began > GIVE_UP:
                self._findings.add(f"missed: {', '.join(missing)} did not go down: {why}")
                return
            await asyncio.sleep(LOOK)

    async def restore(self) -> None:
        """Let mains be back; who began to go goes, and then all are booted."""
        self._say(ON_LINE, FULL)
        await asyncio.sleep(2.0)
        names = [device.name for device in self._devices]
        ordered = [name for name in names if self._observer.is_ordered(name)]
        if ordered and {*ordered} == {*names}:
            await self._all_down(f"FSD is set on {', '.join(ordered)}")
        await self._boot(names)
        for vandal in self._vandals:
            vandal.allowed.set()

    async def _boot(self, names: list[str]) -> None:
        for device in names:
            await self._observer.clear(device)
        gone = [host for host in self._hosts if host not in self._up()]
        for host in gone:
            self._alive_since[host] = self._plant.diary.who.count(host)
            with self._faults.noted(f"boot of {host}"):
                await self._plant.boot(host)


ACTS: Mapping[str, Callable[[Company], Awaitable[None]]] = {
    "dip": Company.dip,
    "flapping mains": Company.flap,
    "silence": Company.silence,
    "outage": Company.outage,
    "silence on battery": Company.lost_on_battery,
    "one of two": Company.one_of_two,
}
