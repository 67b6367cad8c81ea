"""How the monitor starts as a process of its own, and how a running one is told something."""

import contextlib
import os
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path

from services.monitor import instance
from services.monitor.app import run
from services.monitor.privileged import (
    Orders,
    account_of,
    clear_flag,
    default_user,
    has_flag,
    separate,
)
from services.monitor.settings import MonitorSettings
from shared import service
from shared.audit import entrust
from shared.errors import PowerError
from shared.folders import state_folder
from shared.settings import find_file
from shared.topics import ServiceKind


@dataclass(frozen=True, slots=True)
class Places:
    """Where the settings are."""

    config: Path | None
    nut_config: Path | None

    def load(self) -> MonitorSettings:
        """Read the settings; SettingsError says what is wrong."""
        return MonitorSettings.load(find_file(self.config, self.nut_config), self.nut_config)


def monitor(places: Places, log_level: str, user: str | None, *, one_process: bool) -> None:
    """Run the monitor; started by root, all but the shutdown itself runs as another user.

    What ends it is one line and exit code 1.
    """
    with _one_line_errors():
        service.log_to_stderr(log_level)
        first = places.load()
        with instance.held_pid_file(first.monitor.pid_file):
            clear_flag(first.monitor.power_down_flag)
            is_split = os.geteuid() == 0 and not one_process
            orders = separated(first, user) if is_split else None
            _run(first, places.load, orders)


def tell(places: Places, order: str) -> None:
    """Tell the running monitor fsd, reload or stop."""
    with _one_line_errors():
        file = instance.pid_file(places.load().monitor.pid_file)
        if file is None:
            raise instance.InstanceError("there is no pid file: set pid_file in [monitor]")
        instance.tell(file, order)


def kill_power(places: Places) -> int:
    """Return 0 if a primary was shut down and the power is to be cut, else 1."""
    with _one_line_errors():
        return 0 if has_flag(places.load().monitor.power_down_flag) else 1


def separated(settings: MonitorSettings, user: str | None = None) -> Orders:
    """Leave the shutdown to a root parent, and go on as the user (see `privileged.separate`)."""
    section = settings.monitor
    power_down = section.power_down
    if not section.rules().is_primary:
        power_down = replace(power_down, flag=None)
    name = user or section.run_as_user or default_user()
    # Where state is kept by default must not change with the user.
    os.environ.setdefault("STATE_DIRECTORY", str(state_folder()))
    if settings.audit.file is not None:
        account = account_of(name)
        entrust(settings.audit.file, account.pw_uid, account.pw_gid)
    return separate(power_down, name)


def _run(
    first: MonitorSettings, load: Callable[[], MonitorSettings], orders: Orders | None
) -> None:
    """Run with the settings that root has read; later ones are read as whom we run as."""
    read = [first]

    service.run(
        lambda: read.pop() if read else load(),
        lambda settings: run(settings, orders),
        [ServiceKind.MONITOR],
        service.FOR_PROGRAMS,
    )


@contextlib.contextmanager
def _one_line_errors() -> Generator[None]:
    try:
        yield
    except PowerError as error:
        sys.exit(f"nutbus: {error}")
