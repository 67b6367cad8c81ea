"""Keeps a driver from a device that another service may work with; asked before each exchange.

A timer alone would come too late in a process that was frozen and goes on in the middle of a poll.
"""

from collections.abc import Callable
from contextvars import ContextVar

from shared.errors import DeviceError

Permit = Callable[[], bool]
"""Tells whether the device may be touched at this moment."""

_permit: ContextVar[Permit | None] = ContextVar("permit", default=None)


class FencedError(DeviceError):
    """The device is not ours to touch at this moment; nothing was sent."""


def put_up(permit: Permit | None) -> None:
    """Have this task, and the tasks it starts, ask for the permit from now on."""
    _permit.set(permit)


def check() -> None:
    """Pass, or raise FencedError."""
    permit = _permit.get()
    if permit is not None and not permit():
        raise FencedError("another driver service may be at work with the device")
