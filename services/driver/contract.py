"""What a driver is to the driver service: the line to one device, and what it reads there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.messages import Writable


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a driver knows of its device after a poll, as the device says it.

    The features common to all drivers (defaults, overrides, ignorelb, charging words) come on top, in
    `services.driver.features`. `status` holds the words of ups.status without ALARM; `alarms` the
    texts of ups.alarm; neither is in `variables`.
    """

    variables: Mapping[str, str]
    status: str = ""
    alarms: tuple[str, ...] = ()
    writable: Mapping[str, Writable] = field(default_factory=dict)
    commands: tuple[str, ...] = ()


class Driver(Protocol):
    """The line to one device; one task owns it and calls one method at a time.

    A DeviceError from any method means that the line is of no more use: the owner closes it and opens a
    fresh one later. A RefusedError means that the request was declined and the line is well.
    """

    async def open(self) -> None:
        """Reach the device."""

    async def close(self) -> None:
        """Give the line back; never fails."""

    async def poll(self) -> Reading:
        """Read the device."""

    async def wait(self) -> None:
        """Return when the device has something new to be polled; drivers that only poll never do."""

    async def command(self, name: str, value: str | None) -> None:
        """Carry out an instant command."""

    async def set(self, name: str, value: str) -> None:
        """Write a variable; the value has passed the checks of `Writable`."""
