"""Carries out what the policy says, each action in its order."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from services.monitor import wake
from services.monitor.actions import (
    Action,
    Announce,
    ClearFsd,
    Decide,
    Exit,
    Log,
    Notify,
    OrderStage,
    SetFsd,
    ShutDown,
    WakeHost,
)
from services.monitor.deeds import Deeds
from services.monitor.notify import Notifier
from services.monitor.rules import Flag
from services.monitor.supplies.bus import BusLink

LAST_WORD_TIME: Final = 1.0  # seconds for what is to be said and noted before this host goes down
REHEARSED: Final = "rehearsed"

logger = logging.getLogger(__name__)


class PowerSwitch(Protocol):
    """What shuts this host down."""

    async def shut_down(self, *, writes_flag: bool) -> None:
        """Shut down; ShutDownError if it is known already that it failed."""

    def check(self) -> None:
        """Raise ShutDownError if it has turned out since that it failed."""

    async def ended(self) -> None:
        """Wait until the shutdown command has ended; ShutDownError if it failed."""


class Asked(Protocol):
    """A supply that is asked, and can be told."""

    def force_shutdown(self) -> None:
        """Send FSD, as soon as that is possible."""

    async def flushed(self) -> None:
        """Wait until that is done, or cannot be."""


@dataclass(frozen=True, slots=True)
class Means:
    """With what things are done; `hosts` has the target of each host that can be woken.

    `flag` is the file that asks for the power to be cut, if there is one.
    """

    notifier: Notifier
    power: PowerSwitch
    flag: Path | None
    deeds: Deeds
    link: BusLink
    asked: Mapping[str, Asked]
    notify_command: str | Sequence[str] | None
    hosts: Mapping[str, wake.Target]


async def carry_out(actions: Iterable[Action], means: Means) -> bool:
    """Do all that is said; tell whether the monitor is to end."""
    ends = False
    for action in actions:
        if isinstance(action, ShutDown):
            await _shut_down(action, means)
        elif isinstance(action, Exit):
            ends = True
        else:
            _ACTS[type(action)](action, means)
    if ends:
        await _said(means)
    return ends


async def _shut_down(action: ShutDown, means: Means) -> None:
    outcome = REHEARSED if action.dry_run else "sent"
    if action.writes_flag and means.flag:
        means.deeds.note("killpower", outcome, value=str(means.flag))
    means.deeds.note("shutdown", outcome)
    if action.dry_run:
        logger.warning("dry run: this host would be shut down now")
        return
    await _said(means)
    logger.critical("running the shutdown command")
    await means.power.shut_down(writes_flag=action.writes_flag)


async def _said(means: Means) -> None:
    """Let FSD, our last words and the audit log out first, but wait for nobody for long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORD_TIME):
            await means.deeds.written()
            await means.link.flushed()
            for supply in means.asked.values():
                await supply.flushed()


def _notify(action: Notify, means: Means) -> None:
    sent = Flag.SYSLOG in action.flags and means.notifier.syslog(action.text)
    # Standard error of a service of systemd ends in the same log.
    level = logging.DEBUG if sent and "JOURNAL_STREAM" in os.environ else logging.INFO
    logger.log(level, "%s: %s", action.type, action.text)
    if Flag.WALL in action.flags:
        means.notifier.wall(action.text)
    if Flag.EXEC in action.flags and means.notify_command:
        means.notifier.execute(means.notify_command, action.text, str(action.type), action.supply)


def _decide(action: Decide, means: Means) -> None:
    outcome = "decided" if action.goes else "taken back"
    if action.goes:
        logger.critical("this host has to shut down: %s", action.why)
    else:
        logger.warning("%s: the shutdown of this host is taken back", action.why)
    means.deeds.note(
        "shutdown",
        REHEARSED if action.dry_run else outcome,
        detail="; ".join((action.why, *action.causes)),
        id=action.order,
    )


def _set_fsd(action: SetFsd, means: Means) -> None:
    outcome, id = "sent", ""
    if action.dry_run:
        outcome = REHEARSED
        logger.warning("dry run: FSD would be set on %s: %s", action.supply, action.reason)
    elif action.supply in means.asked:
        means.asked[action.supply].force_shutdown()
    else:
        id = means.link.force_shutdown(action.supply, action.reason)
    means.deeds.note("fsd", outcome, device=action.supply, detail=action.reason, id=id)


def _clear_fsd(action: ClearFsd, means: Means) -> None:
    outcome, id = "sent", ""
    if action.dry_run:
        outcome = REHEARSED
        logger.warning("dry run: FSD would be cleared on %s", action.supply)
    else:
        id = means.link.clear_shutdown(action.supply)
    means.deeds.note("clear-fsd", outcome, device=action.supply, id=id)


def _wake(action: WakeHost, means: Means) -> None:
    target = means.hosts.get(action.host)
    outcome, detail = "sent", ""
    if target is None:
        outcome, detail = "failed", "its MAC address is not known"
        logger.error("cannot wake %s: its MAC address is not known", action.host)
    elif action.dry_run:
        outcome = REHEARSED
        logger.warning("dry run: %s would be woken", action.host)
    else:
        try:
            wake.send(target)
        except OSError as error:
            outcome, detail = "failed", str(error.strerror)
            logger.error("cannot wake %s: %s", action.host, error.strerror)
        else:
            logger.info("woke %s (attempt %s)", action.host, action.attempt)
    means.deeds.note("wake", outcome, name=action.host, detail=detail)


def _announce(action: Announce, means: Means) -> None:
    means.link.announce(action.power)


def _order_stage(action: OrderStage, means: Means) -> None:
    order = action.order
    means.link.order_stage(order)
    if order is None:
        means.deeds.note("stage", "taken back")
        return
    outcome, hosts = REHEARSED if order.dry_run else "sent", ", ".join(order.hosts)
    means.deeds.note(
        "stage", outcome, name=order.stage, value=hosts, detail=order.reason, id=order.id
    )


def _log(action: Log, _means: Means) -> None:
    logger.log(action.level, "%s", action.text)


_ACTS: dict[type[Any], Callable[[Any, Means], None]] = {
    Notify: _notify,
    Decide: _decide,
    SetFsd: _set_fsd,
    ClearFsd: _clear_fsd,
    WakeHost: _wake,
    Announce: _announce,
    OrderStage: _order_stage,
    Log: _log,
}
