"""How a service starts, reloads its settings and stops."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from shared import supervisor
from shared.errors import PowerError, SettingsError, first_error
from shared.latest import Latest
from shared.settings import ServiceSettings, find_file
from shared.supervisor import Supervisor

Loop = Callable[[], asyncio.AbstractEventLoop]
FAST: Loop = uvloop.new_event_loop
# Starts programs without a copy of the process, in which uvloop would run Python code before they
# begin: where there are threads, that code may wait for a lock for ever.
FOR_PROGRAMS: Loop = asyncio.new_event_loop

# A service whose broker is away does its part nevertheless, and must not hold up a start for ever.
PATIENCE = 20.0

# The states of thousands of devices come and go, and hold no circles: searched for these as often
# as Python does by itself, a service stands still for a tenth of a second now and then.
GARBAGE = (20_000, 20, 20)

S = TypeVar("S")
K = TypeVar("K", bound=ServiceSettings)

logger = logging.getLogger(__name__)


def start(
    kind: type[K],
    main: Callable[["Reloadable[K]"], Coroutine[Any, Any, None]],
    config: Path | None,
    nut_config: Path | None,
    log_level: str,
    awaited: Iterable[str] = (),
    narrow: Callable[[K], K] | None = None,
    loop: Loop = FAST,
) -> None:
    """Run one service as a process of its own; what ends it is one line and exit code 1.

    It is ready for systemd when all the parts that are `awaited` serve (`Supervisor.serves`).
    `narrow` makes of the settings those of a part, each time that they are read.
    """
    try:
        log_to_stderr(log_level)
        file = find_file(config, nut_config)

        def load() -> K:
            settings = kind.load(file, nut_config)
            return narrow(settings) if narrow else settings

        run(load, main, awaited, loop)
    except PowerError as error:
        sys.exit(f"nutbus: {error}")


class Reloadable(Latest[S]):
    """Settings that can be read again where they came from."""

    def __init__(self, load: Callable[[], S]) -> None:
        super().__init__(load())
        self._load = load

    def reload(self) -> None:
        """Read the settings again and hand them on; SettingsError leaves the old ones."""
        self.set(self._load())


def run(
    load: Callable[[], S],
    main: Callable[[Reloadable[S]], Coroutine[Any, Any, None]],
    awaited: Iterable[str] = (),
    loop: Loop = FAST,
) -> None:
    """Run `main` with the loaded settings until it ends; SIGINT and SIGTERM cancel it.

    SIGHUP loads the settings again and hands them on; settings that are wrong are refused with one
    line and the old ones stay. Raises the first PowerError that ended `main`.
    """
    gc.set_threshold(*GARBAGE)
    settings = Reloadable(load)
    told = Supervisor.from_environment(os.environ, awaited)

    async def cancellable() -> None:
        task = asyncio.current_task()
        assert task is not None
        running = asyncio.get_running_loop()
        running.add_signal_handler(signal.SIGTERM, _stop, running, task, told)
        running.add_signal_handler(signal.SIGHUP, _reload, settings, told)
        supervisor.enter(told)
        # Beside the service, not in a group with it: its errors and its end stay its own.
        keeping = asyncio.create_task(told.keep(PATIENCE))
        try:
            await main(settings)
        finally:
            told.stopping()
            keeping.cancel()

    ended_by: PowerError | None = None
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        try:
            with asyncio.Runner(loop_factory=loop) as runner:
                runner.run(cancellable())
        except* PowerError as group:
            ended_by = first_error(group)
    if ended_by:  # not inside except*: Python before 3.11.4 would wrap it in a group again
        raise ended_by from None


def log_to_stderr(level: str) -> None:
    """Write log lines to standard error; SettingsError if there is no such level."""
    if level.upper() not in logging.getLevelNamesMapping():
        raise SettingsError(f"no log level {level!r}; there are DEBUG, INFO, WARNING and ERROR")
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=level.upper(), format=form)


def _stop(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None], told: Supervisor) -> None:
    """End the service; a second SIGTERM must not cut its goodbye short."""
    loop.add_signal_handler(signal.SIGTERM, lambda: None)
    told.stopping()
    task.cancel()


def _reload(settings: Reloadable[S], told: Supervisor) -> None:
    told.reloading()
    try:
        settings.reload()
    except SettingsError as error:
        logger.error("settings not reloaded, the old ones stay: %s", error)
        told.reloaded("serving with the old settings: the new ones are wrong, see the log")
    else:
        logger.info("settings reloaded")
        told.reloaded("serving")
