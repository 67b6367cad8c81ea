"""The monitor: sees the supplies of its host, asks the policy, and does what it says."""

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from typing import Final

from services.monitor.acting import Means, PowerSwitch, carry_out
from services.monitor.actions import Action
from services.monitor.clocks import Sleep, since_boot
from services.monitor.deeds import Deeds
from services.monitor.notify import Notifier
from services.monitor.policy import Policy
from services.monitor.privileged import Orders
from services.monitor.settings import MonitorSettings
from services.monitor.shutdown import ByParent, Ourselves, ShutDownError
from services.monitor.supplies.bus import BusLink, Interests
from services.monitor.supplies.nut import NutSupply
from shared import supervisor
from shared.errors import PowerError
from shared.latest import Latest
from shared.presence import Identity
from shared.reconnecting import stay_connected
from shared.service_messages import Phase
from shared.topics import ServiceKind, Topics

TICK: Final = 1.0
PATIENCE: Final = 10.0  # with a gateway of this process that does not serve
COUNTING_INTERVAL: Final = 0.25  # seconds between two counts of those that are waited for

logger = logging.getLogger(__name__)


class ParentLostError(PowerError):
    """The privileged parent is dead, so this host could not be shut down."""


async def run(settings: Latest[MonitorSettings], orders: Orders | None = None) -> None:
    """Watch over this host until cancelled, or until it has been shut down.

    `orders` leads to the privileged parent; without one, this process shuts the host down itself.
    """
    first = settings.value
    power = ByParent(orders) if orders else Ourselves(first.monitor.power_down)
    notifier, deeds = Notifier(), Deeds(first.audit.log(), first.monitor.id)
    async with deeds.running(), notifier.running(), asyncio.TaskGroup() as tasks:
        monitor = Monitor(first, power, notifier, deeds, tasks)
        with (
            _listening_to_signals(monitor.force),
            power.watching(monitor.lose_parent),
            _failure_noted(deeds),
        ):
            identity = Identity(ServiceKind.MONITOR, monitor.link.id)
            beside = [
                tasks.create_task(stay_connected(first.bus, identity, monitor.link.session)),
                tasks.create_task(monitor.tick()),
                tasks.create_task(monitor.follow(settings)),
            ]
            try:
                await monitor.decide()
            finally:
                for task in beside:
                    task.cancel()
                monitor.leave()
            await power.ended()


class Monitor:
    """One host: its supplies, its policy, and the means to act."""

    def __init__(
        self,
        settings: MonitorSettings,
        power: PowerSwitch,
        notifier: Notifier,
        deeds: Deeds,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._settings = settings
        self._tasks = tasks
        self._power = power
        self._flag = settings.monitor.power_down_flag
        self._notifier = notifier
        self._deeds = deeds
        self._awake = asyncio.Event()
        self._supplies: dict[str, NutSupply] = {}
        self._lines: dict[str, asyncio.Task[None]] = {}
        self._sleep = Sleep()
        self._is_parent_lost = False
        rules = settings.monitor.rules()
        self.policy = Policy(rules, time.monotonic())
        topics = Topics(settings.bus.prefix)
        self.link = BusLink(rules.id, topics, _interests(settings), self._awake.set)
        self._take_supplies()

    async def decide(self) -> None:
        """Ask the policy whenever something changed or is due; return when the end has come."""
        while True:
            self._awake.clear()
            if self._is_parent_lost:
                await carry_out(self.policy.lost_parent(), self._means)
                raise ParentLostError("the privileged parent died: this host cannot be shut down")
            self._power.check()
            if await carry_out(self._actions(), self._means):
                return
            self._pace()
            await self._until_due()

    def force(self) -> None:
        """Shut this host down, whatever its supplies say."""
        logger.warning("told to shut down (fsd)")
        self.policy.force()
        self._awake.set()

    def lose_parent(self) -> None:
        """Note that the privileged parent is dead."""
        self._is_parent_lost = True
        self._awake.set()

    def leave(self) -> None:
        """Take leave of all servers."""
        for line in self._lines.values():
            line.cancel()

    async def tick(self) -> None:
        """Let the clock run."""
        while True:
            await asyncio.sleep(TICK)
            self.link.tick(time.monotonic())
            self._awake.set()  # the policy sees at each tick whether the time leapt

    async def follow(self, settings: Latest[MonitorSettings]) -> None:
        """Keep to the settings as they change."""
        first = settings.value
        async for new in settings.follow():
            if new is not first:
                self._apply(new)

    @property
    def _means(self) -> Means:
        section = self._settings.monitor
        return Means(
            notifier=self._notifier,
            power=self._power,
            flag=self._flag,
            deeds=self._deeds,
            link=self.link,
            asked=self._supplies,
            notify_command=section.notify_command,
            hosts=section.wake_targets(),
        )

    def _actions(self) -> Iterable[Action]:
        now = time.monotonic()
        leap = self._sleep.leap(since_boot(), TICK)
        sudden = self.policy.jump(now, leap) if leap else ()
        sights = {name: supply.sight for name, supply in self._supplies.items()}
        return (*sudden, *self.policy.advance(now, self.link.view(sights), time.time()))

    async def _until_due(self) -> None:
        due = self.policy.due(time.monotonic())
        patience = None if due is None else max(0.0, due - time.monotonic())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._awake.wait()

    def _pace(self) -> None:
        counts = self.policy.phase is Phase.HOSTSYNC
        for name, supply in self._supplies.items():
            if self.policy.phase is Phase.WATCHING:
                supply.relent()
            counting = counts and supply.server.is_primary
            interval = COUNTING_INTERVAL if counting else self.policy.poll_interval(name)
            supply.pace(interval, counts_logins=counting)

    def _apply(self, new: MonitorSettings) -> None:
        old, self._settings = self._settings, new
        if (new.bus, new.audit, new.monitor.id) != (old.bus, old.audit, old.monitor.id):
            logger.warning("[bus], [audit] and the id of the monitor change with a restart only")
        if new.monitor.power_down != old.monitor.power_down:
            logger.warning("the shutdown command and the flag file change with a restart only")
        # The others go on to know us by our old id: who is last is decided by it.
        rules = replace(new.monitor.rules(), id=self.link.id)
        self.policy.reload(rules, time.monotonic())
        self.link.change(_interests(new))
        self._take_supplies()
        self._awake.set()

    def _take_supplies(self) -> None:
        """Keep a line to each supply that is asked; one that did not change is left alone."""
        servers = self._settings.monitor.servers()
        kept = {name: supply.server for name, supply in self._supplies.items()}
        for name in [name for name, server in kept.items() if servers.get(name) != server]:
            self._lines.pop(name).cancel()
            del self._supplies[name]
        for name, server in servers.items():
            if name not in self._supplies:
                interval = self.policy.poll_interval(name)
                supply = NutSupply(name, server, interval, self._awake.set)
                self._supplies[name] = supply
                self._lines[name] = self._tasks.create_task(_kept(supply), name=f"supply {name}")


async def _kept(supply: NutSupply) -> None:
    """Ask the server once the gateway of this process, which may be it, lets clients in."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await supervisor.current().until_serves(supervisor.GATEWAY_CLIENTS)
    await supply.keep()


def _interests(settings: MonitorSettings) -> Interests:
    rules = settings.monitor.rules()
    return Interests(
        devices=tuple(supply.name for supply in rules.supplies if supply.on_bus),
        has_followers=rules.is_primary or bool(rules.stages) or bool(rules.wake.hosts),
        obeys=bool(rules.obey),
    )


@contextlib.contextmanager
def _failure_noted(deeds: Deeds) -> Generator[None]:
    try:
        yield
    except ShutDownError as error:
        deeds.note("shutdown", "failed", detail=str(error))
        raise


@contextlib.contextmanager
def _listening_to_signals(force: Callable[[], None]) -> Generator[None]:
    loop = asyncio.get_running_loop()
    # Only the main thread gets signals.
    is_main = threading.current_thread() is threading.main_thread()
    if is_main:
        loop.add_signal_handler(signal.SIGUSR1, force)
    try:
        yield
    finally:
        if is_main:
            loop.remove_signal_handler(signal.SIGUSR1)
