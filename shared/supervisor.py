"""What whoever started this process is told of it: systemd's sd_notify(3), or nobody."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Iterable, MutableMapping
from contextvars import ContextVar
from typing import Final, Self

GATEWAY_CLIENTS: Final = "clients of the gateway"  # a part beside the gateway: they are let in

_ALIVE_SHARE: Final = 0.5  # of the time after which systemd takes a silent process for dead


class Supervisor:
    """Tells systemd how the service is; without a socket to tell it to, nothing happens.

    It is ready when everything that is `awaited` serves. A word that cannot be sent is lost: no
    service ends because of it.
    """

    def __init__(
        self, address: str = "", alive_within: float | None = None, awaited: Iterable[str] = ()
    ) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._alive_within = alive_within
        self._awaited = set(awaited)
        self._is_ready = False
        self._news = asyncio.Event()  # something more serves

    @classmethod
    def from_environment(
        cls, environment: MutableMapping[str, str], awaited: Iterable[str] = ()
    ) -> Self:
        """Take over what systemd left in the environment, so that no child process finds it."""
        address = environment.pop("NOTIFY_SOCKET", "")
        microseconds = environment.pop("WATCHDOG_USEC", "")
        guarded = environment.pop("WATCHDOG_PID", "")
        # The child of a privileged parent is what can hang, so it answers for both.
        is_ours = guarded in ("", str(os.getpid()), str(os.getppid()))
        is_watched = is_ours and microseconds.isdigit() and int(microseconds) > 0
        return cls(address, int(microseconds) / 1e6 if is_watched else None, awaited)

    @property
    def is_serving(self) -> bool:
        """Tell whether everything that was awaited has begun to serve."""
        return not self._awaited

    def serves(self, part: str) -> None:
        """Note that a part serves now; with the last one that was awaited, say READY."""
        self._awaited.discard(part)
        self._news.set()
        if not self._awaited:
            self.ready("serving")

    async def until_serves(self, part: str) -> None:
        """Wait for a part of this process; return at once if there is no such part to come."""
        while part in self._awaited:
            self._news.clear()
            await self._news.wait()

    def ready(self, status: str) -> None:
        """Say READY, whatever is still awaited."""
        self._is_ready = True
        self._tell("READY=1", f"STATUS={status}")

    def say(self, status: str) -> None:
        """Give the line that `systemctl status` shows."""
        self._tell(f"STATUS={' '.join(status.split())}")

    def reloading(self) -> None:
        """Say that the settings are read again; `reloaded` ends it."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        if self._is_ready:
            self._tell("RELOADING=1", f"MONOTONIC_USEC={now}")

    def reloaded(self, status: str) -> None:
        """Say that the settings were read again, or why not."""
        if self._is_ready:
            self.ready(status)
        else:
            self.say(status)

    def stopping(self) -> None:
        """Say that the service takes its leave."""
        self._tell("STOPPING=1", "STATUS=stopping")

    async def keep(self, patience: float) -> None:
        """Be alive as long as the event loop turns; be ready after `patience` seconds at most."""
        ready_by = asyncio.get_running_loop().time() + patience
        pause = _ALIVE_SHARE * self._alive_within if self._alive_within else None
        while self._address and (pause or not self._is_ready):
            if self._alive_within:
                self._tell("WATCHDOG=1")
            left = ready_by - asyncio.get_running_loop().time()
            if not self._is_ready and left <= 0:
                self.ready(f"still waits for: {', '.join(sorted(self._awaited))}")
            await asyncio.sleep(min(pause or patience, left if left > 0 else pause or patience))

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line,
        ):
            line.sendto("\n".join(lines).encode(), self._address)


_CURRENT: ContextVar[Supervisor] = ContextVar("_CURRENT")
_NOBODY: Final = Supervisor()


def current() -> Supervisor:
    """Return the supervisor of the service that asks; one that nobody hears if there is none."""
    return _CURRENT.get(_NOBODY)


def enter(supervisor: Supervisor) -> None:
    """Make it the supervisor of this task and of those that it starts."""
    _CURRENT.set(supervisor)
